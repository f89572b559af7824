#!/usr/bin/env node
// The founding ladder in a real call with Chromium: 5, 1, 0.2, 1 and 5 Mbit/s, 25 ms each way, a queue of 250 ms.
//
//   bench/congestion/chromium_ladder.mjs [--plot FILE.svg] [--seconds 25] [--size 640x360] [--rate 20] [--samples FILE.json]
//
// Either end is in a network namespace of its own, and the line between them is tests/lab's; both send pictures with noise at up
// to 5 Mbit/s and a tone, at the same time, each with the capacity of its direction to itself. Prints a table. Needs root, and the
// programs tidewire, media_peer and lab_link of the release build; and a machine that has nothing else to do. --samples keeps
// what was measured, and --from FILE.json makes table and plot of it once more.

import fs from 'node:fs';
import { parseArgs } from 'node:util';
import { LadderCall, kLine, pause } from '../../tests/lab/lib/ladder.mjs';
import { Lab } from '../../tests/lab/lib/lab.mjs';
import { unavailable } from '../../tests/lab/lib/netns.mjs';
import { plot, table } from './ladder_report.mjs';

const kCapacities = [5, 1, 0.2, 1, 5];
const kLineEvery = 200; // ms
const kCallEvery = 5;   // of these

async function measure({ seconds, size, rate }) {
  const lab = await Lab.open({ a: { link: kLine }, turn: false });
  try {
    const call = await LadderCall.start(lab, { size, rate });
    const run = { browser: await call.page.browser().version(), size, rate, steps: [], line: [], calls: [] };
    const start = performance.now();
    const now = () => (performance.now() - start) / 1000;
    const sample = async (whole) => {
      run.line.push({ at: now(), ...await call.carried() });
      if (whole) run.calls.push({ at: now(), ...await call.look() });
    };
    await sample(true);
    let count = 0;
    for (const capacity of kCapacities) {
      call.setCapacity(capacity);
      const from = now();
      const to = seconds * (run.steps.length + 1);
      run.steps.push({ from, to, capacity });
      process.stderr.write(`${capacity} Mbit/s …\n`);
      while (now() < to) {
        await pause(kLineEvery - ((performance.now() - start) % kLineEvery));
        await sample(++count % kCallEvery === 0);
      }
    }
    if (call.peer.errors.length > 0) throw new Error(call.peer.errors.join('; '));
    return run;
  } finally {
    await lab.close();
  }
}

const { values } = parseArgs({ options: { plot: { type: 'string' }, samples: { type: 'string' }, from: { type: 'string' },
  seconds: { type: 'string', default: '25' }, size: { type: 'string', default: '640x360' }, rate: { type: 'string', default: '20' } } });
const reason = !values.from && unavailable();
if (reason) {
  console.error(reason);
  process.exit(1);
}
const run = values.from ? JSON.parse(fs.readFileSync(values.from, 'utf8'))
  : await measure({ seconds: Number(values.seconds), size: values.size.split('x').map(Number), rate: Number(values.rate) });
if (values.samples) fs.writeFileSync(values.samples, JSON.stringify(run));
console.log(`${run.browser}, pictures of ${run.size.join('x')}, ${run.rate} a second\n\n${table(run)}`);
if (values.plot) fs.writeFileSync(values.plot, plot(run, 'A call between tidewire and Chromium, both ways at once'));
