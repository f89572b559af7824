// One message as large as a film: each side holds it once.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { test } from 'node:test';
import { memoryOf } from '../browser/lib/usage.mjs';
import { announcement, connect, got } from './datachannel_story.mjs';
import { content } from './datachannel_peer.mjs';
import { ourEnd } from './datachannel_ends.mjs';

const kSize = 256 << 20;
const kSlack = 64 << 20;
const kSeed = 7;

// What content(kSize, …) holds, whose bytes repeat themselves, without making it.
function expected() {
  const period = content(65521, kSeed, false);
  const hash = crypto.createHash('sha256');
  for (let left = kSize; left > 0; left -= period.length) hash.update(period.subarray(0, Math.min(left, period.length)));
  return hash.digest('hex');
}

test('a message of 256 MiB is held once on each side', { timeout: 120_000 }, async (t) => {
  const [sender, receiver] = [ourEnd(kSize), ourEnd(kSize)];
  try {
    await sender.tell({ do: 'create', label: 'large', init: {} });
    await connect(sender, receiver);
    await announcement(receiver, 'large', 'channel');
    const before = [sender, receiver].map((end) => memoryOf(end.process.pid).now);
    const begin = performance.now();
    await sender.tell({ do: 'send', label: 'large', sizes: [kSize], seed: kSeed });
    await receiver.until('the message', () => got(receiver, 'large').length > 0, 60);
    t.diagnostic(`${Math.round(performance.now() - begin)} ms, making and hashing it included`);
    const [message] = got(receiver, 'large');
    assert.deepEqual([message.size, message.sha256], [kSize, expected()]);
    [sender, receiver].forEach((end, i) => {
      const grown = memoryOf(end.process.pid).most - before[i];
      const told = `${['sender', 'receiver'][i]}: ${(grown / (1 << 20)).toFixed(0)} MiB more at most`;
      t.diagnostic(told);
      assert.ok(grown <= kSize + kSlack, told);
    });
    assert.deepEqual([...sender.errors(), ...receiver.errors()], []);
  } finally {
    await Promise.all([sender.stop(), receiver.stop()]);
  }
});
