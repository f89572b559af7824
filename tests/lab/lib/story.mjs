// One test in one lab, and what the tests say about the way a call takes.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Lab } from './lab.mjs';
import { unavailable } from './netns.mjs';
import { PUB, addressOf } from './plan.mjs';

const kTestTimeout = 120_000;
const kLastLines = 12; // of each client
const kMinDecoded = 10; // pictures
const kTun = '/dev/net/tun';

const skip = unavailable();

// Opens the lab, runs the story, closes the lab. When it fails, the message says where all that was printed can be read.
export function story(name, { timeout = kTestTimeout, ...options }, run) {
  const noLine = (options.a?.link || options.b?.link) && !fs.existsSync(kTun) && `there is no ${kTun}`;
  const reason = skip || noLine;
  test(name, { timeout, skip: reason && `no lab: ${reason}` }, async (t) => {
    const lab = await Lab.open(options);
    try {
      await run(lab, t);
    } catch (error) {
      const file = path.join(os.tmpdir(), `tidewire-lab-failed-${process.pid}-${name.replace(/[^A-Za-z0-9]+/g, '-').slice(0, 60)}.txt`);
      fs.writeFileSync(file, `${name}\n\n${lab.said}\n\nThe lab was built by\n\n${lab.script}`);
      error.message += `\n  everything that was printed: ${file}; the end of it:\n${lab.lastSaid(kLastLines)}`;
      throw error;
    } finally {
      await lab.close();
    }
  });
}

const isPub = (address) => [PUB.v4, PUB.v6].includes(addressOf(address));

// The call was one: pictures and sound both ways, DTLS.
export function goodCall(reports) {
  for (const report of reports) {
    const all = JSON.stringify(report);
    assert.equal(report.connected, true, all);
    assert.ok(report.video.frames_decoded >= kMinDecoded, `pictures: ${all}`);
    assert.ok(report.audio.frames_decoded >= kMinDecoded, `sound: ${all}`);
    assert.match(report.dtls.version, /DTLS/, all);
  }
}

// 'relay' if a TURN server was in the way, 'direct' otherwise; by the types and by the addresses, which must agree.
export function pathOf(report) {
  const { local, remote } = report.selected_pair;
  const byAddress = isPub(local.address) || isPub(remote.address);
  const byType = local.type === 'relay' || remote.type === 'relay';
  // The other side's relay may be met before it is announced: it is peer-reflexive then.
  if (byType) assert.ok(byAddress, `a relay that is none: ${JSON.stringify(report.selected_pair)}`);
  return byAddress ? 'relay' : 'direct';
}

// Both reports tell of the same direct way, with these types on either end. `a` and `b` list what the local type may be.
export function direct([a, b], lab, types, family = 'v4') {
  for (const [mine, other, side] of [[a, b, lab.b], [b, a, lab.a]]) {
    const all = JSON.stringify([mine.selected_pair, other.selected_pair]);
    assert.equal(pathOf(mine), 'direct', all);
    assert.equal(mine.selected_pair.local.protocol, 'udp', all);
    assert.ok(types.includes(mine.selected_pair.local.type), `local type: ${all}`);
    assert.ok(types.includes(mine.selected_pair.remote.type), `remote type: ${all}`);
    assert.equal(addressOf(mine.selected_pair.remote.address), side.uplinks[0].public[family], `where the other one is: ${all}`);
  }
}

export function relayed(reports) {
  const all = JSON.stringify(reports.map((report) => report.selected_pair));
  for (const report of reports) assert.equal(pathOf(report), 'relay', all);
  assert.ok(reports.some((report) => report.selected_pair.local.type === 'relay'), `somebody's own relay: ${all}`);
}

// Each of them uses a relay of its own.
export function ownRelays(reports) {
  for (const report of reports) assert.equal(report.selected_pair.local.type, 'relay', JSON.stringify(report.selected_pair));
}
