// tidewire and clients that others wrote, through coturn.

import assert from 'node:assert/strict';
import { missing } from '../browser/lib/browsers.mjs';
import { connected, hears, sees, stats } from '../browser/lib/call_page.mjs';
import { Aiortc, Native } from './lib/clients.mjs';
import { urls } from './lib/coturn.mjs';
import { openPage } from './lib/pages.mjs';
import { goodCall, relayed, story } from './lib/story.mjs';

const kUrls = urls();
const kBoth = { a: { nat: 'port-restricted' }, b: { nat: 'symmetric' } };

for (const [mine, name, theirs] of [['udp', 'chromium', 'udp'], ['tls', 'chromium', 'tcp'], ['tcp', 'firefox', 'udp']]) {
  story(`tidewire over ${mine} and ${name} over ${theirs}, relay to relay`, kBoth, async (lab, t) => {
    if (missing(name)) return t.skip(missing(name));
    const page = await openPage(lab, lab.b, name, { servers: [kUrls[theirs]], policy: 'relay' });
    const native = new Native(lab, lab.a, { servers: [kUrls[mine]], policy: 'relay' });
    await native.connected();
    await connected(page);
    await sees(page);
    await hears(page);
    const { local, remote } = await stats(page);
    assert.equal(local.type, 'relay', JSON.stringify({ local, remote }));
    const report = await native.report();
    goodCall([report]);
    relayed([report]);
    assert.equal(report.selected_pair.local.type, 'relay', JSON.stringify(report.selected_pair));
  });
}

// The control: no tidewire but its server. What fails here as well is the lab's fault.
story('Chromium over TCP and aiortc over TLS to port 443 through the relay',
  { a: { nat: 'symmetric' }, b: { nat: 'port-restricted', firewall: 'only-443' } }, async (lab, t) => {
    if (missing('chromium')) return t.skip(missing('chromium'));
    // Chromium calls: it refuses an offer of aiortc, which has one header extension number for two extensions.
    const other = new Aiortc(lab, lab.b, { servers: [kUrls.https], anything: true });
    await other.inRoom();
    const page = await openPage(lab, lab.a, 'chromium', { servers: [kUrls.tcp], policy: 'relay' });
    const seen = await other.report();
    assert.equal(seen.enough, true, JSON.stringify(seen));
    await sees(page);
    assert.equal((await stats(page)).local.type, 'relay');
    assert.equal(lab.tcpClients(443).includes(lab.b.uplinks[0].public.v4), true);
  });

// aiortc has no policy: two symmetric NATs leave it nothing but the relay.
const kSymmetric = { a: { nat: 'symmetric' }, b: { nat: 'symmetric' } };
for (const [mine, theirs] of [['udp', 'udp'], ['tcp', 'tcp']]) {
  story(`tidewire over ${mine} and aiortc over ${theirs} through the relay`, kSymmetric, async (lab) => {
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
