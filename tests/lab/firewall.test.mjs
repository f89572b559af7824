// Calls out of nets that let out little: no UDP, only TCP to port 443, only IPv6. They find the relay that can be reached.

import assert from 'node:assert/strict';
import { nativeCall, reports } from './lib/clients.mjs';
import { urls } from './lib/coturn.mjs';
import { goodCall, relayed, story } from './lib/story.mjs';

const kUrls = urls();
const kEverything = [kUrls.stun, kUrls.udp, kUrls.tcp, kUrls.tls, kUrls.https];

// RFC 8656 §3.1: the client reaches the server over TCP or TLS, its peers over UDP.
const kWalls = [
  { name: 'UDP is blocked: a relay over TCP', firewall: 'udp-blocked', servers: [kUrls.stun, kUrls.udp, kUrls.tcp], used: 3478 },
  { name: 'UDP is blocked: a relay over TLS', firewall: 'udp-blocked', servers: [kUrls.stun, kUrls.udp, kUrls.tls], used: 5349 },
  { name: 'only TCP to port 443 gets out: a relay over TLS there', firewall: 'only-443', servers: kEverything, used: 443 },
];

for (const { name, firewall, servers, used } of kWalls) {
  story(name, { a: { nat: 'port-restricted', firewall }, b: { nat: 'port-restricted' } }, async (lab) => {
    const pair = await nativeCall(lab, { a: { servers }, b: { servers: [kUrls.stun, kUrls.udp] } });
    const clients = lab.tcpClients(used);
    const both = await reports(pair);
    goodCall(both);
    relayed(both);
    assert.equal(both[0].selected_pair.local.type, 'relay', JSON.stringify(both[0].selected_pair));
    assert.ok(clients.includes(lab.a.uplinks[0].public.v4), `clients at port ${used}: ${clients}`);
  });
}

story('IPv6 only calls IPv4 only: through a relay that has both',
  { a: { nat: 'port-restricted', family: 'v6' }, b: { nat: 'port-restricted' } },
  async (lab) => {
    const v6 = urls('v6');
    const both = await reports(await nativeCall(lab, { a: { servers: [v6.stun, v6.udp] }, b: { servers: [kUrls.stun, kUrls.udp] } }));
    goodCall(both);
    relayed(both);
  });
