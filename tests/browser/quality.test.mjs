// What the page says of quality, without a browser.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PictureWatch, qualityLine, size } from '../../web/quality.js';

const video = { width: 1920, height: 1080, frames_per_second: 30, bitrate: 2_400_000 };
const audio = { bitrate: 128_000 };

test('quality is size and rates', () => {
  assert.equal(qualityLine(video, audio), '1080p · 2.4 Mbit/s · sound 128 kbit/s');
  assert.equal(qualityLine({ ...video, width: 480, height: 854, bitrate: 800_000 }, null), '480p · 800 kbit/s');
  assert.equal(size({ ...video, width: 270, height: 480 }), '270p', 'of an upright picture the width counts');
});

test('what there is none of is left out', () => {
  assert.equal(qualityLine(null, audio), 'sound 128 kbit/s');
  assert.equal(qualityLine({ ...video, frames_per_second: 0 }, audio), 'sound 128 kbit/s', 'no picture comes');
  assert.equal(qualityLine({ ...video, bitrate: null }, { bitrate: null }), '1080p', 'the first reading has no rates');
  assert.equal(qualityLine(null, null), '');
});

function watch(readings) {
  const picture = new PictureWatch();
  return readings.map(([at, frames, bytes]) => picture.see({ at, video_in: { frames_decoded: frames }, audio_in: { bytes } }));
}

test('a picture that stands still while sound goes on is noticed, and so is the next one', () => {
  assert.deepEqual(watch([[0, 10, 100], [1000, 10, 200], [2000, 10, 300], [3000, 11, 400], [4000, 11, 500]]),
    [false, false, true, false, false]);
});

test('a picture that stands still is no pause when nothing comes at all, or nothing ever came', () => {
  assert.deepEqual(watch([[0, 10, 100], [1000, 10, 200], [5000, 10, 200]]), [false, false, false]);
  assert.deepEqual(watch([[0, 0, 100], [5000, 0, 900]]), [false, false]);
  assert.equal(new PictureWatch().see({ at: 9000, video_in: null, audio_in: null }), false);
});
