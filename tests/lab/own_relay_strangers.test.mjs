// Browsers and aiortc through `tidewire serve` as STUN and TURN server, with each other and with tidewire.

import assert from 'node:assert/strict';
import { missing } from '../browser/lib/browsers.mjs';
import { connected, hears, sees, stats } from '../browser/lib/call_page.mjs';
import { Aiortc, Native, nativeCall, reports } from './lib/clients.mjs';
import { urls } from './lib/coturn.mjs';
import { openPage } from './lib/pages.mjs';
import { goodCall, ownRelays, relayed, story } from './lib/story.mjs';

const kUrls = urls();
const kOwn = { relay: 'tidewire' };

// ---- clients that others wrote

const kBoth = { a: { nat: 'port-restricted' }, b: { nat: 'symmetric' } };

story('own relay: tidewire over TLS and Chromium over TCP', { ...kBoth, ...kOwn }, async (lab, t) => {
  if (missing('chromium')) return t.skip(missing('chromium'));
  const page = await openPage(lab, lab.b, 'chromium', { servers: [kUrls.tcp], policy: 'relay' });
  const native = new Native(lab, lab.a, { servers: [kUrls.tls], policy: 'relay' });
  await native.connected();
  await connected(page);
  await sees(page);
  await hears(page);
  assert.equal((await stats(page)).local.type, 'relay');
  const report = await native.report();
  goodCall([report]);
  ownRelays([report]);
});

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
