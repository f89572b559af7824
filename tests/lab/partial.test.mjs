// Partial reliability where packets are really lost: channels that give up lose some messages, and neither stall nor bring any
// twice, out of order, or spoiled; a reliable one beside them brings all.

import assert from 'node:assert/strict';
import { missing } from '../browser/lib/browsers.mjs';
import { until } from '../browser/lib/wait.mjs';
import { announcement, connect, expectedOf, got } from '../interop/datachannel_story.mjs';
import { browserEndIn, ourEndIn } from './lib/channel_ends.mjs';
import { story } from './lib/story.mjs';

const kLine = { delay: 10, loss: 7, reorder: 1, late: 5 };
const kTimes = 250;
const kPerTime = 1; // messages on each channel: less than what congestion control leaves, so that few grow old in the queue
const kEvery = 20; // ms
const kSize = 300;
const kLast = 40; // of the messages: among them some have to arrive, or the channel stalled
const kSeconds = 30;

// A lifetime below the round trip leaves no time for a second attempt.
const CHANNELS = {
  reliable: {},
  unordered: { ordered: false, maxRetransmits: 0 },
  ordered: { maxRetransmits: 0 },
  'short life': { ordered: false, maxPacketLifeTime: 15 },
  'ordered short life': { maxPacketLifeTime: 15 },
};

// Of each message that arrived: which one that was sent it is.
function arrived(to, label, seed) {
  const numbers = new Map(expectedOf(Array(kTimes * kPerTime).fill(kSize), seed, false).map(({ sha256 }, i) => [sha256, i]));
  return got(to, label).map(({ sha256, size, text }) => {
    assert.deepEqual([size, text, numbers.has(sha256)], [kSize, false, true], `spoiled on "${label}"`);
    return numbers.get(sha256);
  });
}

function check(from, to, label, seed, init) {
  const sent = kTimes * kPerTime;
  const numbers = arrived(to, label, seed);
  const told = `"${label}": ${numbers.length} of ${sent}`;
  assert.equal(new Set(numbers).size, numbers.length, `some came twice: ${told}`);
  if (init.ordered !== false) assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b), `out of order: ${told}`);
  if (label === 'reliable') assert.equal(numbers.length, sent, told);
  else if (!from.neverTooOld || init.maxPacketLifeTime === undefined) assert.ok(numbers.length < sent, `none was lost: ${told}`);
  assert.ok(numbers.filter((number) => number >= sent - kLast).length >= kLast / 4, `it stalled: ${told}`);
  return told;
}

async function send(from, labels, seed) {
  for (let i = 0; i < kTimes; ++i) {
    for (const label of labels) await from.tell({ do: 'send', label, sizes: Array(kPerTime).fill(kSize), seed: seed + i * kPerTime });
    await new Promise((resolve) => setTimeout(resolve, kEvery));
  }
}

async function bothWays(t, one, other) {
  const labels = Object.keys(CHANNELS);
  for (const [label, init] of Object.entries(CHANNELS)) await one.tell({ do: 'create', label, init });
  await connect(one, other, kSeconds);
  for (const label of labels) {
    await Promise.all([announcement(one, label, 'open', kSeconds), announcement(other, label, 'channel', kSeconds)]);
  }
  await Promise.all([send(one, labels, 0), send(other, labels, 100_000)]);
  for (const [from, to, seed] of [[one, other, 0], [other, one, 100_000]]) {
    // What is sent on the others last is there, or given up, when the reliable one has brought its last.
    await until(`all of ${from.name}'s on "reliable"`, () => got(to, 'reliable').length >= kTimes * kPerTime);
    const told = labels.map((label) => check(from, to, label, seed, CHANNELS[label]));
    t.diagnostic(`${from.name} to ${to.name}: ${told.join(', ')}`);
    assert.deepEqual(from.errors(), []);
  }
}

story('tidewire and tidewire on a line that loses', { a: { link: kLine }, turn: false }, async (lab, t) => {
  await bothWays(t, ourEndIn(lab, lab.a), ourEndIn(lab, lab.b));
});

for (const name of ['chromium', 'firefox']) {
  story(`tidewire and ${name} on a line that loses`, { a: { link: kLine }, turn: false }, async (lab, t) => {
    if (missing(name)) return t.skip(missing(name));
    const browser = await browserEndIn(lab, lab.b, name);
    browser.neverTooOld = name === 'firefox'; // it sends a message again that has outlived its time
    await bothWays(t, ourEndIn(lab, lab.a), browser);
  });
}
