// Waiting for a condition by asking again and again: no fixed sleeps in tests.

const kTimeout = 30_000; // generous: the first getUserMedia of a busy machine takes seconds
const kEvery = 60;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Resolves to the first truthy value of `ask`. `what` completes the sentence "waited … for".
export async function until(what, ask, { timeout = kTimeout } = {}) {
  const end = Date.now() + timeout;
  let problem = '';
  for (;;) {
    try {
      const value = await ask();
      if (value) return value;
      problem = '';
    } catch (error) {
      problem = `: ${error.message}`;
    }
    if (Date.now() > end) throw new Error(`waited ${timeout / 1000} s for ${what}${problem}`);
    await pause(kEvery);
  }
}

// Waits until `read` gives a number at least `by` above its first value.
export async function untilGrows(what, read, by, options) {
  const first = Number(await read());
  await until(`${what} to grow by ${by} from ${first}`, async () => Number(await read()) >= first + by, options);
}
