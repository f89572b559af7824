// Calls through `tidewire serve` as STUN and TURN server, in coturn's place: every kind of client, every transport, and what
// the server's operator does in the midst of calls.

import assert from 'node:assert/strict';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { missing } from '../browser/lib/browsers.mjs';
import { connected, hears, sees, stats } from '../browser/lib/call_page.mjs';
import { until, untilGrows } from '../browser/lib/wait.mjs';
import { Arrivals } from './lib/arrivals.mjs';
import { Aiortc, Native, nativeCall, reports } from './lib/clients.mjs';
import { USER, urls } from './lib/coturn.mjs';
import { examine, serverOf } from './lib/examine.mjs';
import { runIn } from './lib/netns.mjs';
import { METRICS } from './lib/own_relay.mjs';
import { openPage } from './lib/pages.mjs';
import { PUB, addressOf } from './lib/plan.mjs';
import { goodCall, relayed, story } from './lib/story.mjs';

const kUrls = urls();
const kOwn = { relay: 'tidewire' };
const kAllocate = path.join(path.dirname(fileURLToPath(import.meta.url)), 'lib/allocate.mjs');

const localRelays = (list) => {
  for (const report of list) assert.equal(report.selected_pair.local.type, 'relay', JSON.stringify(report.selected_pair));
};

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
    localRelays(both);
    assert.deepEqual(clients, used, 'the TCP ports over which both are connected to the TURN server');
  });
}

const kV6 = { nat: 'port-restricted', family: 'v6' };
story('own relay: IPv6 to IPv6', { a: kV6, b: kV6, ...kOwn, turn: { more: { 'relay-ip': [PUB.v6] } } }, async (lab) => {
  const both = await reports(await nativeCall(lab, { ice: { servers: [urls('v6').udp], policy: 'relay' } }));
  goodCall(both);
  localRelays(both);
  for (const { selected_pair: pair } of both) assert.equal(addressOf(pair.local.address), PUB.v6, JSON.stringify(pair));
});

story('own relay: IPv6 only calls IPv4 only', { a: kV6, b: { nat: 'port-restricted' }, ...kOwn }, async (lab) => {
  const v6 = urls('v6');
  const both = await reports(await nativeCall(lab, { a: { servers: [v6.stun, v6.tls] }, b: { servers: [kUrls.stun, kUrls.udp] } }));
  goodCall(both);
  relayed(both);
});

// ---- clients that others wrote

const kBoth = { a: { nat: 'port-restricted' }, b: { nat: 'symmetric' } };

for (const [mine, name, theirs] of [['tls', 'chromium', 'tcp'], ['udp', 'firefox', 'udp']]) {
  story(`own relay: tidewire over ${mine} and ${name} over ${theirs}`, { ...kBoth, ...kOwn }, async (lab, t) => {
    if (missing(name)) return t.skip(missing(name));
    const page = await openPage(lab, lab.b, name, { servers: [kUrls[theirs]], policy: 'relay' });
    const native = new Native(lab, lab.a, { servers: [kUrls[mine]], policy: 'relay' });
    await native.connected();
    await connected(page);
    await sees(page);
    await hears(page);
    assert.equal((await stats(page)).local.type, 'relay');
    const report = await native.report();
    goodCall([report]);
    localRelays([report]);
  });
}

for (const [one, other] of [['udp', 'tcp'], ['tls', 'udp']]) {
  story(`own relay: Chromium over ${one} and Firefox over ${other}`, { ...kBoth, ...kOwn }, async (lab, t) => {
    for (const name of ['chromium', 'firefox']) if (missing(name)) return t.skip(missing(name));
    const pages = [await openPage(lab, lab.a, 'chromium', { servers: [kUrls[one]], policy: 'relay' }),
      await openPage(lab, lab.b, 'firefox', { servers: [kUrls[other]], policy: 'relay' })];
    for (const page of pages) await connected(page);
    for (const page of pages) {
      await sees(page);
      await hears(page);
      assert.equal((await stats(page)).local.type, 'relay');
    }
    const port = { udp: null, tcp: 3478, tls: 5349 };
    for (const [side, transport] of [[lab.a, one], [lab.b, other]]) {
      if (port[transport]) assert.ok(lab.tcpClients(port[transport]).includes(side.uplinks[0].public.v4), transport);
    }
  });
}

// aiortc has no policy: two symmetric NATs leave it nothing but the relay.
const kSymmetric = { a: { nat: 'symmetric' }, b: { nat: 'symmetric' } };
for (const [mine, theirs] of [['tcp', 'udp'], ['udp', 'tls']]) {
  story(`own relay: tidewire over ${mine} and aiortc over ${theirs}`, { ...kSymmetric, ...kOwn }, async (lab) => {
    const native = new Native(lab, lab.a, { servers: [kUrls.stun, kUrls[mine]] });
    await native.inRoom();
    const other = new Aiortc(lab, lab.b, { servers: [kUrls.stun, kUrls[theirs]] });
    const seen = await other.report();
    assert.equal(seen.enough, true, JSON.stringify(seen));
    const report = await native.report();
    goodCall([report]);
    const all = JSON.stringify([report.selected_pair, seen.selected_pair]);
    assert.ok([report.selected_pair.local, seen.selected_pair.local].some(({ type }) => type === 'relay'), all);
  });
}

// ---- one program for everything

story('one program: two browsers behind symmetric NATs are told its relay and meet there',
  { ...kSymmetric, relay: 'one program' }, async (lab, t) => {
    for (const name of ['chromium', 'firefox']) if (missing(name)) return t.skip(missing(name));
    const pages = [await openPage(lab, lab.a, 'chromium'), await openPage(lab, lab.b, 'firefox')];
    for (const page of pages) await connected(page);
    for (const page of pages) await sees(page);
    const pairs = await Promise.all(pages.map(async (page) => { const { local, remote } = await stats(page); return { local, remote }; }));
    assert.ok(pairs.some(({ local }) => local.type === 'relay'), JSON.stringify(pairs));
  });

story('one program: tidewire is told its relay too', { ...kSymmetric, relay: 'one program' }, async (lab) => {
  const both = await reports(await nativeCall(lab));
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
  localRelays(both);
  assert.equal(both[0].calls.length, 1, 'it is the same call');
});

story('own relay: drained in the midst of a call', { ...kBoth, ...kOwn, turn: { more: { 'drain-timeout': '60s' } } }, async (lab) => {
  const pair = await nativeCall(lab, { ice: { servers: [kUrls.tcp], policy: 'relay' } });
  const arrivals = new Arrivals(lab.ns('natB'));
  const ready = () => runIn(lab.ns('pub'), process.execPath,
    ['-e', `fetch('http://${METRICS}/readyz').then((answer) => console.log(answer.status))`]).trim();
  assert.equal(ready(), '200');
  lab.relay.kill('SIGTERM');
  await until('the server to drain', () => lab.relay.stderr.includes('draining'));
  assert.equal(askedFor(lab, USER), 508);
  assert.equal(ready(), '503');
  const seen = (await pair[0].program.stderr).length;
  await until('more figures of the call', () => /video ↑[^·]*↓ [1-9]\d* fps/.test(pair[0].program.stderr.slice(seen)));
  assert.ok(lab.relay.running, 'the server waits for the call');
  assert.ok(arrivals);
  const both = await reports(pair);
  goodCall(both);
  localRelays(both);
  assert.equal(await Promise.race([lab.relay.exited, new Promise((resolve) => setTimeout(resolve, 5000, 'still there'))]), 0);
});

// ---- what the doctor says of it

for (const [nat, filtering] of [['full-cone', 'endpoint_independent'], ['address-restricted', 'address_dependent'],
  ['port-restricted', 'address_and_port_dependent'], ['symmetric', 'address_and_port_dependent']]) {
  story(`own relay: the doctor finds that it works, and a NAT of the kind ${nat}`,
    { a: { nat }, ...kOwn, turn: { alternate: true } }, async (lab) => {
      const { status, said, report } = await examine(lab, [kUrls.stun, kUrls.udp, kUrls.tcp, kUrls.tls]);
      assert.equal(report.nat.ipv4.filtering, filtering, said);
      assert.equal(report.nat.ipv4.mapping, nat === 'symmetric' ? 'address_and_port_dependent' : 'endpoint_independent', said);
      for (const url of [kUrls.udp, kUrls.tcp, kUrls.tls]) assert.equal(serverOf(report, url).relay?.relays, true, said);
      assert.equal(status, 0, said);
    });
}

story('own relay: the doctor takes its URL alone', { a: { nat: 'symmetric' }, ...kOwn }, async (lab) => {
  const { status, said, report } = await examine(lab, [], { url: kUrls.udp });
  assert.equal(report.servers[0].relay.relays, true, said);
  assert.equal(status, 0, said);
  const refused = await examine(lab, [], { url: kUrls.tls, credential: 'wrong' });
  assert.equal(refused.report.failure.cause, 'credentials_refused', refused.said);
});
