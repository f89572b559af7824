// A call between our peer and Chromium goes on while its line slows down to what is enough for sound alone, and comes back to
// pictures by itself. How quickly, and beside Chromium, is measured by bench/congestion/chromium_ladder.mjs.

import assert from 'node:assert/strict';
import { missing } from '../browser/lib/browsers.mjs';
import { missingMediaPeer } from '../browser/lib/media_peer.mjs';
import { until } from '../browser/lib/wait.mjs';
import { LadderCall, kLine } from './lib/ladder.mjs';
import { story } from './lib/story.mjs';

const kSlow = 60_000; // ms: how long it may take on a machine that is busy
const kMuch = 1_200_000; // bits per second of pictures: more than the second step carries
const kPictures = 15;
const kPackets = 100; // of sound: two seconds

const kBoth = ['ours', 'theirs'];

// Both tones go on: packets come, and there is something to hear in them.
async function hearEachOther(call, step) {
  const first = await call.look();
  await until(`sound both ways at ${step}`, async () => {
    const now = await call.look();
    return kBoth.every((from) => now[from].heard.packetsReceived >= first[from].heard.packetsReceived + kPackets
      && now[from].heard.totalAudioEnergy > first[from].heard.totalAudioEnergy);
  }, { timeout: kSlow });
}

async function see(call, whose, step) {
  const first = await call.look();
  await until(`pictures at ${step}, ${whose}`, async () => {
    const now = await call.look();
    return whose.every((from) => now[from].seen.framesDecoded >= first[from].seen.framesDecoded + kPictures);
  }, { timeout: kSlow });
}

const target = (call, what, condition) => until(what, async () => {
  const { targetBitrate } = (await call.look()).ours.sent;
  if (condition(targetBitrate)) return true;
  throw new Error(`pictures of ${targetBitrate} bit/s`);
}, { timeout: kSlow });

story('5, 1, 0.2, 1 and 5 Mbit/s between our peer and Chromium', { a: { link: kLine }, turn: false, timeout: 400_000 }, async (lab, t) => {
  const reason = missing('chromium') || missingMediaPeer();
  if (reason) return t.skip(reason);
  const call = await LadderCall.start(lab);

  await target(call, 'most of 5 Mbit/s', (bitrate) => bitrate > kMuch);
  await see(call, kBoth, '5 Mbit/s');

  call.setCapacity(1);
  await target(call, 'less than 1 Mbit/s', (bitrate) => bitrate < 1e6);
  await hearEachOther(call, '1 Mbit/s');
  await see(call, ['ours'], '1 Mbit/s');

  call.setCapacity(0.2);
  await target(call, 'pictures to be paused', (bitrate) => bitrate === 0);
  await hearEachOther(call, '0.2 Mbit/s');

  call.setCapacity(1);
  await target(call, 'pictures to go on', (bitrate) => bitrate > 200_000);
  await see(call, kBoth, '1 Mbit/s again');
  await hearEachOther(call, '1 Mbit/s again');

  call.setCapacity(5);
  await target(call, 'most of 5 Mbit/s again', (bitrate) => bitrate > kMuch);
  await see(call, kBoth, '5 Mbit/s again');
  await hearEachOther(call, '5 Mbit/s again');
  assert.equal(await call.page.evaluate(() => window.pc.connectionState), 'connected');
  assert.deepEqual(call.peer.errors, []);
});
