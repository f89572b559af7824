// `tidewire doctor` tells the truth about each of the lab's nets.

import assert from 'node:assert/strict';
import { urls } from './lib/coturn.mjs';
import { examine, serverOf } from './lib/examine.mjs';
import { ready, run, runIn } from './lib/netns.mjs';
import { PUB, addressOf } from './lib/plan.mjs';
import { story } from './lib/story.mjs';

const kUrls = urls();
const kDiscovery = { port: 3500, url: `stun:${PUB.v4}:3500` };

// A STUN server with two addresses and two ports: what tells how a NAT filters (RFC 5780 §6).
async function startDiscovery(lab) {
  const program = lab.start('pub', 'turnserver', ['-n', '--no-cli', '--log-file', 'stdout', '--simple-log', '--stun-only',
    '--pidfile', `${lab.folder}/stun.pid`, '--userdb', `${lab.folder}/stun.db`, '--relay-threads', '1',
    '--listening-ip', PUB.v4, '--listening-ip', PUB.other, '--listening-port', `${kDiscovery.port}`, '--no-tls', '--no-dtls', '--no-tcp']);
  const sockets = () => runIn(lab.ns('pub'), 'ss', ['-H', '-lnu', `sport >= :${kDiscovery.port} and sport <= :${kDiscovery.port + 1}`]);
  await ready(program, 'the STUN server to listen',
    () => [PUB.v4, PUB.other].every((ip) => [0, 1].every((n) => sockets().includes(`${ip}:${kDiscovery.port + n}`))));
}

const kKinds = [
  { nat: 'none', kind: 'open', filtering: 'endpoint_independent', symmetricPeers: 'direct' },
  { nat: 'full-cone', kind: 'ordinary', filtering: 'endpoint_independent', symmetricPeers: 'direct' },
  { nat: 'address-restricted', kind: 'ordinary', filtering: 'address_dependent', symmetricPeers: 'direct' },
  { nat: 'port-restricted', kind: 'ordinary', filtering: 'address_and_port_dependent', symmetricPeers: 'relayed' },
  { nat: 'symmetric', kind: 'symmetric', filtering: 'address_and_port_dependent', symmetricPeers: 'relayed' },
];

for (const { nat, kind, filtering, symmetricPeers } of kKinds) {
  story(`the doctor names a NAT of the kind ${nat}`, { a: { nat } }, async (lab) => {
    await startDiscovery(lab);
    const { status, said, report } = await examine(lab, [kDiscovery.url, kUrls.udp]);
    const { ipv4 } = report.nat;
    assert.deepEqual({ kind: ipv4.kind, filtering: ipv4.filtering }, { kind, filtering }, said);
    assert.equal(ipv4.mapping, nat === 'symmetric' ? 'address_and_port_dependent' : 'endpoint_independent', said);
    assert.equal(ipv4.translated, nat !== 'none', said);
    assert.equal(ipv4.port_preserved, nat !== 'symmetric', said);
    assert.equal(addressOf(ipv4.mapped), lab.a.uplinks[0].public.v4, said);
    const { relay } = serverOf(report, kUrls.udp);
    assert.deepEqual([relay.relays, relay.path], [true, 'udp_peer'], said);
    assert.equal(report.verdict.to_ordinary_nat, nat === 'symmetric' ? 'relayed' : 'direct', said);
    assert.equal(report.verdict.to_symmetric_nat, symmetricPeers, said);
    assert.equal(report.mtu.path, 1500, said);
    assert.equal(status, 0, said);
  });
}

story('the doctor sees the outer one of two NATs', { a: { nat: 'symmetric', carrier: true } }, async (lab) => {
  await startDiscovery(lab);
  const { said, report } = await examine(lab, [kDiscovery.url]);
  assert.equal(report.nat.ipv4.kind, 'symmetric', said);
  assert.equal(addressOf(report.nat.ipv4.mapped), lab.a.uplinks[0].public.v4, said);
});

story('the doctor looks at IPv6 as well', { a: { nat: 'port-restricted', family: 'both' } }, async (lab) => {
  const { said, report } = await examine(lab, [kUrls.stun, urls('v6').stun, urls('v6').udp]);
  assert.equal(report.nat.ipv6.translated, false, said);
  assert.equal(addressOf(report.nat.ipv6.mapped), lab.a.uplinks[0].own.v6, said);
  assert.equal(report.nat.ipv4.translated, true, said);
  assert.equal(serverOf(report, urls('v6').udp).relay.relays, true, said);
});

story('behind a symmetric NAT without a relay the doctor says that one is needed', { a: { nat: 'symmetric' } }, async (lab) => {
  await startDiscovery(lab);
  const { status, said, report } = await examine(lab, [kDiscovery.url]);
  assert.equal(status, 1, said);
  assert.equal(report.failure.cause, 'relay_needed', said);
  assert.deepEqual([report.verdict.to_public, report.verdict.to_ordinary_nat], ['direct', 'none'], said);
});

story('where UDP is blocked the doctor says so, and which relays work', { a: { nat: 'port-restricted', firewall: 'udp-blocked' } },
  async (lab) => {
    const room = lab.roomUrl(lab.a);
    const { status, said, report } = await examine(lab, [kUrls.stun, kUrls.udp, kUrls.tcp, kUrls.tls], { url: room });
    assert.equal(report.nat.ipv4.kind, 'blocked', said);
    for (const url of [kUrls.stun, kUrls.udp]) assert.equal(serverOf(report, url).failure.cause, 'servers_unreachable', said);
    for (const url of [kUrls.tcp, kUrls.tls]) {
      assert.deepEqual([serverOf(report, url).relay.relays, serverOf(report, url).relay.path], [true, 'second_allocation'], said);
    }
    assert.match(report.verdict.sentence, /UDP is blocked here/, said);
    assert.equal(report.verdict.to_public, 'relayed', said);
    assert.ok(Math.abs(report.clock.server_ahead_s) < 5, said);
    assert.equal(status, 0, said);
    // Without those relays there is no way.
    const alone = await examine(lab, [kUrls.stun]);
    assert.equal(alone.status, 1, alone.said);
    assert.equal(alone.report.failure.cause, 'relay_needed', alone.said);
    assert.match(alone.report.verdict.advice.join(), /turns:/, alone.said);
  });

story('where only port 443 gets out the doctor finds the relay there', { a: { nat: 'port-restricted', firewall: 'only-443' } },
  async (lab) => {
    const { status, said, report } = await examine(lab, Object.values(kUrls), { url: lab.roomUrl(lab.a) });
    for (const [name, url] of Object.entries(kUrls)) {
      const server = serverOf(report, url);
      assert.equal(server.relay?.relays ?? false, name === 'https', said);
      if (name !== 'https') assert.equal(server.failure.cause, 'servers_unreachable', said);
    }
    assert.match(report.verdict.sentence, /TLS 443/, said);
    assert.equal(report.clock.error, null, said);
    assert.equal(status, 0, said);
  });

story('the doctor says when a relay refuses the credentials', { a: { nat: 'symmetric' } }, async (lab) => {
  const { status, said, report } = await examine(lab, [kUrls.udp, kUrls.tls], { credential: 'wrong' });
  for (const url of [kUrls.udp, kUrls.tls]) assert.equal(serverOf(report, url).failure.cause, 'credentials_refused', said);
  assert.equal(report.failure.cause, 'credentials_refused', said);
  assert.equal(status, 1, said);
});

story('the doctor says when a TURN server does not relay', { a: { nat: 'symmetric' }, turn: { stunOnly: true } }, async (lab) => {
  const { status, said, report } = await examine(lab, [kUrls.udp]);
  const server = serverOf(report, kUrls.udp);
  assert.equal(server.answered, true, said);
  assert.ok(server.failure, said);
  assert.equal(status, 1, said);
});

story('the doctor says when nothing sent to the relay arrives', { a: { nat: 'port-restricted' } }, async (lab) => {
  runIn(lab.ns('pub'), 'nft', ['-f', '-'], { input: `table inet closed {
  chain prerouting {
    type filter hook prerouting priority raw;
    iifname != "lo" udp dport 50000-50400 drop
  }
}
` });
  const { said, report } = await examine(lab, [kUrls.udp]);
  const { relay, failure } = serverOf(report, kUrls.udp);
  assert.deepEqual([relay.path, failure.cause], ['second_allocation', 'relay_ports_closed'], said);
});

story('the doctor finds the narrowest link', { a: { nat: 'port-restricted' } }, async (lab) => {
  run('ip', ['-n', lab.ns('natA'), 'link', 'set', 'wan', 'mtu', '1400']);
  const { said, report } = await examine(lab, [kUrls.stun]);
  assert.equal(report.mtu.path, 1380, said);
});

story('what the doctor says can be read', { a: { nat: 'port-restricted' } }, async (lab) => {
  await startDiscovery(lab);
  const { status, report: text } = await examine(lab, [kDiscovery.url, kUrls.udp, kUrls.https], { url: lab.roomUrl(lab.a), json: false });
  assert.match(text, /^interfaces +eth0/m, text);
  assert.match(text, /port-restricted cone/, text);
  assert.match(text, /^verdict +Calls from here go directly to peers that are public and peers behind an ordinary NAT, and go through a relay to peers behind a symmetric NAT; a relay is available over UDP/m, text);
  assert.equal(status, 0, text);
});
