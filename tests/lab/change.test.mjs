// Calls whose net changes under them. How long no pictures arrive is counted by the kernel on either side.

import assert from 'node:assert/strict';
import { Arrivals } from './lib/arrivals.mjs';
import { nativeCall, reports } from './lib/clients.mjs';
import { urls } from './lib/coturn.mjs';
import { addressOf, portOf } from './lib/plan.mjs';
import { goodCall, story } from './lib/story.mjs';

const kAll = { servers: [urls().stun, urls().udp] };
const kBackWithin = 2000; // ms

// A call; then the event; then pictures again on both sides, in time. The reports of both.
async function survives(lab, t, ice, event) {
  const pair = await nativeCall(lab, { ice });
  const watched = [lab.a, lab.b].map((side) => new Arrivals(lab.ns(side.lab)));
  event();
  const gaps = await Promise.all(watched.map((one) => one.longestGap()));
  t.diagnostic(`no pictures for ${gaps[0]} ms at A, ${gaps[1]} ms at B`);
  for (const gap of gaps) assert.ok(gap <= kBackWithin, `no pictures for ${gaps} ms at A and B`);
  const both = await reports(pair);
  goodCall(both);
  assert.equal(both[0].calls.length, 1, 'it is the same call');
  return both;
}

// What is gone, where the other side is, and what helps to find a way there.
const kNat = 'port-restricted';
const kLosses = [
  { name: 'an interface goes down', b: {}, ice: {}, event: 'takeDown' },
  { name: 'an interface goes down, behind NATs', nat: kNat, b: { nat: kNat }, ice: kAll, event: 'takeDown' },
  { name: 'the client leaves a network, behind NATs', nat: kNat, b: { nat: kNat }, ice: kAll, event: 'leaveNetwork' },
];

for (const { name, nat = 'none', b, ice, event } of kLosses) {
  story(`${name}: the call goes on over the second one`, { a: { nat, second: { nat } }, b }, async (lab, t) => {
    const [a, other] = await survives(lab, t, ice, () => lab[event](lab.a));
    assert.equal(addressOf(a.selected_pair.local.address), lab.a.uplinks[1][a.selected_pair.local.type === 'host' ? 'own' : 'public'].v4);
    assert.equal(addressOf(other.selected_pair.remote.address), lab.a.uplinks[1].public.v4);
  });
}

const kRemaps = [
  { name: 'mappings of UDP', b: {}, ice: {}, tcp: false },
  { name: 'mappings of UDP, the other side behind a NAT too', b: { nat: kNat }, ice: kAll, tcp: false },
  { name: 'all connections, that to the signaling server too', b: {}, ice: kAll, tcp: true },
];

for (const { name, b, ice, tcp } of kRemaps) {
  story(`the NAT forgets its ${name}: the call goes on`, { a: { nat: kNat }, b }, async (lab, t) => {
    let ports;
    const [, other] = await survives(lab, t, ice, () => { ports = lab.remap(lab.a, { tcp }); });
    const { remote } = other.selected_pair;
    if (addressOf(remote.address) !== lab.a.uplinks[0].public.v4) return; // a relay took over: fine as well
    const port = portOf(remote.address);
    assert.ok(port >= ports[0] && port <= ports[1], `B sends to the new mapping: ${remote.address}`);
  });
}
