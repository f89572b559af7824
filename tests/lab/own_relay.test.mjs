// Calls of tidewire through `tidewire serve` as STUN and TURN server, in coturn's place: every transport, and what the server's
// operator does in the midst of them.

import assert from 'node:assert/strict';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { until, untilGrows } from '../browser/lib/wait.mjs';
import { Arrivals } from './lib/arrivals.mjs';
import { nativeCall, reports } from './lib/clients.mjs';
import { USER, urls } from './lib/coturn.mjs';
import { runIn } from './lib/netns.mjs';
import { METRICS } from './lib/own_relay.mjs';
import { PUB, addressOf } from './lib/plan.mjs';
import { goodCall, ownRelays, relayed, story } from './lib/story.mjs';

const kUrls = urls();
const kOwn = { relay: 'tidewire' };
const kBoth = { a: { nat: 'port-restricted' }, b: { nat: 'symmetric' } };
const kAllocate = path.join(path.dirname(fileURLToPath(import.meta.url)), 'lib/allocate.mjs');

// ---- tidewire on both sides

const kTransports = [
  { transport: 'udp', a: 'port-restricted', used: [] },
  { transport: 'tcp', a: 'symmetric', used: [3478] },
  { transport: 'tls', a: 'port-restricted', used: [5349] },
  { transport: 'https', a: 'port-restricted', firewall: 'only-443', used: [443] },
];

for (const { transport, a, firewall = 'none', used } of kTransports) {
  const sides = { a: { nat: a, firewall }, b: { nat: 'symmetric', firewall } };
  story(`own relay: relay to relay, each over ${transport}`, { ...sides, ...kOwn }, async (lab) => {
    const pair = await nativeCall(lab, { ice: { servers: [kUrls[transport]], policy: 'relay' } });
    const clients = [3478, 5349, 443].filter((port) => new Set(lab.tcpClients(port)).size === 2);
    const both = await reports(pair);
    goodCall(both);
    relayed(both);
    ownRelays(both);
    assert.deepEqual(clients, used, 'the TCP ports over which both are connected to the TURN server');
  });
}

const kV6 = { nat: 'port-restricted', family: 'v6' };
story('own relay: IPv6 to IPv6', { a: kV6, b: kV6, ...kOwn, turn: { more: { 'relay-ip': [PUB.v6] } } }, async (lab) => {
  const both = await reports(await nativeCall(lab, { ice: { servers: [urls('v6').udp], policy: 'relay' } }));
  goodCall(both);
  ownRelays(both);
  for (const { selected_pair: pair } of both) assert.equal(addressOf(pair.local.address), PUB.v6, JSON.stringify(pair));
});

story('own relay: IPv6 only calls IPv4 only', { a: kV6, b: { nat: 'port-restricted' }, ...kOwn }, async (lab) => {
  const v6 = urls('v6');
  const both = await reports(await nativeCall(lab, { a: { servers: [v6.stun, v6.tls] }, b: { servers: [kUrls.stun, kUrls.udp] } }));
  goodCall(both);
  relayed(both);
});

// ---- the operator at work

const askedFor = (lab, { username, credential }) =>
  Number(runIn(lab.ns('labA'), process.execPath, [kAllocate, PUB.v4, '3478', username, credential]));

story('own relay: reloaded in the midst of a call', { ...kBoth, ...kOwn }, async (lab) => {
  const pair = await nativeCall(lab, { ice: { servers: [kUrls.udp], policy: 'relay' } });
  const arrivals = new Arrivals(lab.ns('labB'));
  const another = { username: 'another', credential: 'of-another' };
  assert.deepEqual([askedFor(lab, USER), askedFor(lab, another)], [200, 401], 'before');
  lab.relay.change({ 'turn-user': [`${another.username}:${another.credential}`] });
  lab.relay.kill('SIGHUP');
  await until('the server to have read its file', () => lab.relay.stderr.includes('reloaded'));
  assert.deepEqual([askedFor(lab, USER), askedFor(lab, another)], [401, 200], 'afterwards');
  await untilGrows('pictures at B', () => arrivals.count(), 30, { timeout: 5000 });
  const both = await reports(pair);
  goodCall(both);
  ownRelays(both);
  assert.equal(both[0].calls.length, 1, 'it is the same call');
});

story('own relay: drained in the midst of a call', { ...kBoth, ...kOwn, turn: { more: { 'drain-timeout': '60s' } } }, async (lab) => {
  const pair = await nativeCall(lab, { ice: { servers: [kUrls.tcp], policy: 'relay' } });
  const ready = () => runIn(lab.ns('pub'), process.execPath,
    ['-e', `fetch('http://${METRICS}/readyz').then((answer) => console.log(answer.status))`]).trim();
  assert.equal(ready(), '200');
  lab.relay.kill('SIGTERM');
  await until('the server to drain', () => lab.relay.stderr.includes('draining'));
  assert.equal(askedFor(lab, USER), 508);
  assert.equal(ready(), '503');
  const seen = pair[0].program.stderr.length;
  await until('more figures of the call', () => /video ↑[^·]*↓ [1-9]\d* fps/.test(pair[0].program.stderr.slice(seen)));
  assert.ok(lab.relay.running, 'the server waits for the call');
  const both = await reports(pair);
  goodCall(both);
  ownRelays(both);
  assert.equal(await Promise.race([lab.relay.exited, new Promise((resolve) => setTimeout(resolve, 5000, 'still there'))]), 0);
});
