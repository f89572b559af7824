// Looks at the pictures that a page shows.

import { until } from './wait.mjs';

const kCounterAdvance = 30;

// {counter, isTest} of the picture that is shown now; counter is null when it cannot be read.
export const picture = (page) => page.evaluate(async () => {
  const { readFrameCounter, isTestPicture } = await import('/test_picture.js');
  const frame = window.tidewire.frame();
  return frame && { counter: readFrameCounter(frame), isTest: isTestPicture(frame), width: frame.width, height: frame.height };
});

// It is the test picture, and it moves on.
export async function seesTestPicture(page) {
  const first = await until('the test picture', async () => {
    const seen = await picture(page);
    return seen?.isTest && seen.counter !== null && seen;
  });
  await until(`frame counter ${first.counter} to advance by ${kCounterAdvance}`, async () => {
    const now = await picture(page);
    return now?.isTest && now.counter !== null && now.counter >= first.counter + kCounterAdvance;
  });
}

// What the page shows of the other one has this width.
export const shows = (page, width) => until(`a picture ${width} wide`, async () => (await picture(page))?.width === width);
