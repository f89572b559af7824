// A large file over a bad line: it arrives whole, and neither side's memory grows while it does.
//
// TIDEWIRE_TRANSFER_BYTES=10737418240 node --test transfer.test.mjs   ten gigabytes, some minutes; the disk holds them once

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { BIN } from '../browser/lib/tidewire.mjs';
import { until } from '../browser/lib/wait.mjs';
import { run } from './lib/netns.mjs';
import { story } from './lib/story.mjs';
import { cpuOf, memoryOf } from '../browser/lib/usage.mjs';

const kBytes = Number(process.env.TIDEWIRE_TRANSFER_BYTES ?? 128 << 20);
const kSlowest = 5e6; // bytes per second, on a machine that is busy with other tests
const kSampleEvery = 100; // ms
const kMostGrowth = 16 << 20;
const kMostMemory = 40 << 20; // the program, its libraries, what is on its way; the whole windows would be 21 MiB
const kLine = { delay: 2, rate: 400, queue: 20, loss: 0.5, reorder: 0.5, late: 1 };

const example = (name) => path.join(path.dirname(BIN), '../../examples', name);

// Bytes that look random and are the same each time, on the disk, and their SHA-256.
function makeFile(file, bytes) {
  return run('bash', ['-c', `set +o pipefail; openssl enc -aes-128-ctr -pass pass:tidewire -nosalt -pbkdf2 -in /dev/zero 2>/dev/null |
    head -c ${bytes} | tee '${file}' | sha256sum`]).slice(0, 64);
}

// Memory of the programs until the first of them ends, and the processor's time that each took.
async function watch(programs) {
  const samples = programs.map(() => []);
  const cpu = programs.map(() => 0);
  while (programs.every((program) => program.running)) {
    programs.forEach(({ pid }, i) => {
      const memory = memoryOf(pid);
      if (memory) samples[i].push(memory);
      cpu[i] = cpuOf(pid) ?? cpu[i];
    });
    await new Promise((resolve) => setTimeout(resolve, kSampleEvery));
  }
  return programs.map((_, i) => ({ samples: samples[i], cpu: cpu[i] }));
}

const mebibytes = (bytes) => `${Math.round(bytes / (1 << 20))} MiB`;

// [most in the second quarter of the time, most in the last one, most of all]
function flat(name, samples) {
  const most = (from, to) => Math.max(...samples.slice(samples.length * from, samples.length * to).map(({ now }) => now));
  const [second, last, peak] = [most(0.25, 0.5), most(0.75, 1), samples.at(-1).most];
  const told = `${name}: ${mebibytes(second)} in the second quarter, ${mebibytes(last)} in the last, ${mebibytes(peak)} at most`;
  assert.ok(last <= second + kMostGrowth, `memory grows: ${told}`);
  assert.ok(peak <= kMostMemory, `too much memory: ${told}`);
  return told;
}

story(`a file of ${mebibytes(kBytes)} over a line that loses and reorders`,
  { a: { link: kLine }, turn: false, timeout: 60_000 + (kBytes / kSlowest) * 1000 }, async (lab, t) => {
    const [file, inbox, meeting] = ['file', 'inbox', 'meeting'].map((name) => path.join(lab.folder, name));
    const sha256 = makeFile(file, kBytes);
    fs.mkdirSync(inbox);
    // What arrives goes through a pipe with the file's name: it need not be stored to be known.
    run('mkfifo', [path.join(inbox, 'file')]);
    const digest = lab.start(null, 'sha256sum', [path.join(inbox, 'file')]);
    const sender = lab.start(lab.a.lab, example('file_send'), [meeting, file]);
    const receiver = lab.start(lab.b.lab, example('file_receive'), [meeting, inbox]);
    await until('the first bytes', () => receiver.stdout.includes('%') || !receiver.running);
    const begin = performance.now();
    const used = await watch([sender, receiver]);
    const seconds = (performance.now() - begin) / 1000;

    assert.equal(await receiver.exited, 0, receiver.said.slice(-2000));
    assert.equal(await sender.exited, 0, sender.said.slice(-2000));
    await digest.exited;
    assert.equal(digest.stdout.slice(0, 64), sha256, 'what arrived is not what was sent');
    t.diagnostic(`${seconds.toFixed(1)} s, ${((kBytes * 8) / seconds / 1e6).toFixed(0)} Mbit/s`);
    ['sender', 'receiver'].forEach((name, i) => t.diagnostic(`${flat(name, used[i].samples)}, ${used[i].cpu.toFixed(1)} s of CPU`));
    await lab.a.uplinks[0].line.stop();
    const ways = lab.a.uplinks[0].line.stdout.trim().split('\n').at(-1);
    t.diagnostic(`the line: ${ways}`);
    for (const way of JSON.parse(ways)) assert.ok(way.lost > 0 && way.late > 0, `the line was good: ${ways}`);
  });
