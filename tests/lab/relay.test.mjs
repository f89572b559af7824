// Calls that need a relay, or want one; and one that needs it and has none.

import assert from 'node:assert/strict';
import { Native, nativeCall, reports } from './lib/clients.mjs';
import { urls } from './lib/coturn.mjs';
import { goodCall, relayed, story } from './lib/story.mjs';

const kUrls = urls();
const kAll = { servers: [kUrls.stun, kUrls.udp, kUrls.tcp, kUrls.tls] };
const kPorts = { udp: [], tcp: [3478], tls: [5349] }; // TCP ports of the TURN server in use

for (const other of ['symmetric', 'port-restricted']) {
  story(`symmetric and ${other}: through the relay`, { a: { nat: 'symmetric' }, b: { nat: other } }, async (lab) => {
    const both = await reports(await nativeCall(lab, { ice: kAll }));
    goodCall(both);
    relayed(both);
  });
}

for (const transport of ['udp', 'tcp', 'tls']) {
  story(`relay to relay, each over ${transport}`, { a: { nat: 'port-restricted' }, b: { nat: 'symmetric' } }, async (lab) => {
    const pair = await nativeCall(lab, { ice: { servers: [kUrls[transport]], policy: 'relay' } });
    const clients = [3478, 5349, 443].filter((port) => new Set(lab.tcpClients(port)).size === 2);
    const both = await reports(pair);
    goodCall(both);
    relayed(both);
    for (const report of both) assert.equal(report.selected_pair.local.type, 'relay', JSON.stringify(report.selected_pair));
    assert.deepEqual(clients, kPorts[transport], 'the TCP ports over which both are connected to the TURN server');
  });
}

story('symmetric on both sides and no relay: the call fails, and both say that a relay is needed',
  { a: { nat: 'symmetric' }, b: { nat: 'symmetric' }, turn: { stunOnly: true } }, async (lab) => {
    const pair = [lab.a, lab.b].map((side) => new Native(lab, side, { servers: [kUrls.stun] }));
    await Promise.all(pair.map((one) => one.failed()));
    for (const report of await reports(pair)) {
      const all = JSON.stringify(report);
      assert.equal(report.connected, false, all);
      assert.equal(report.failure?.cause, 'relay_needed', all);
      assert.match(report.failure.message, /\w+ .*relay/i, all);
      assert.ok(report.failure.evidence, all);
    }
  });
