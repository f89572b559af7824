// Calls that need no relay: the way must be a direct one, also where a relay could be had.

import assert from 'node:assert/strict';
import { nativeCall, reports } from './lib/clients.mjs';
import { urls } from './lib/coturn.mjs';
import { addressOf } from './lib/plan.mjs';
import { direct, goodCall, story } from './lib/story.mjs';

const kAll = { servers: [urls().stun, urls().udp] };
// Either end may be known by its own address, by what STUN said, or by whence its checks came.
const kBehindNat = ['host', 'srflx', 'prflx'];

async function call(lab, options) {
  const both = await reports(await nativeCall(lab, options));
  goodCall(both);
  return both;
}

story('two public addresses: host to host', {}, async (lab) => {
  direct(await call(lab), lab, ['host', 'prflx']);
});

story('a client behind any NAT calls a public address without a server', { a: { nat: 'symmetric' } }, async (lab) => {
  direct(await call(lab), lab, kBehindNat);
});

for (const [a, b] of [['port-restricted', 'port-restricted'], ['full-cone', 'symmetric'], ['symmetric', 'address-restricted']]) {
  story(`${a} and ${b}: direct, with the help of STUN`, { a: { nat: a }, b: { nat: b } }, async (lab) => {
    direct(await call(lab, { ice: kAll }), lab, kBehindNat);
  });
}

story('behind two NATs each: direct', { a: { nat: 'port-restricted', carrier: true }, b: { nat: 'port-restricted', carrier: true } },
  async (lab) => { direct(await call(lab, { ice: kAll }), lab, kBehindNat); });

story('IPv6 only, and both families on the other side: IPv6 through the firewalls of both',
  { a: { nat: 'port-restricted', family: 'v6' }, b: { nat: 'port-restricted', family: 'both' } },
  async (lab) => { direct(await call(lab), lab, ['host', 'prflx'], 'v6'); });

story('with a range of ports the client sends from one of them', {}, async (lab) => {
  const both = await call(lab, { a: { more: ['--port-range', '40000-40009'] }, b: {} });
  direct(both, lab, ['host', 'prflx']);
  assert.match(both[1].selected_pair.remote.address, /:4000\d$/);
});

// The port is kept by this NAT and anybody may use it: as a machine of a cloud with a public address in front of it.
story('with its public address told, a client behind a 1:1 NAT offers that', { a: { nat: 'full-cone' }, b: { nat: 'symmetric' } },
  async (lab) => {
    const both = await call(lab, { a: { more: ['--public-ip', lab.a.uplinks[0].public.v4] }, b: {} });
    direct(both, lab, kBehindNat);
    assert.equal(addressOf(both[1].selected_pair.remote.address), lab.a.uplinks[0].public.v4);
  });
