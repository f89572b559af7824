// What `tidewire doctor` and coturn's turnutils_natdiscovery find out through `tidewire serve`, which has two addresses here.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { examine, serverOf } from './lib/examine.mjs';
import { urls } from './lib/coturn.mjs';
import { PUB } from './lib/plan.mjs';
import { story } from './lib/story.mjs';

const kUrls = urls();
const kOwn = { relay: 'tidewire', turn: { alternate: true } };

const kKinds = [
  { nat: 'full-cone', mapping: 'endpoint_independent', filtering: 'endpoint_independent' },
  { nat: 'address-restricted', mapping: 'endpoint_independent', filtering: 'address_dependent',
    discovered: ['NAT with Endpoint Independent Mapping!', 'NAT with Address Dependent Filtering!'] },
  { nat: 'symmetric', mapping: 'address_and_port_dependent', filtering: 'address_and_port_dependent',
    discovered: ['NAT with Address and Port Dependent Mapping!', 'NAT with Address and Port Dependent Filtering!'] },
];

for (const { nat, mapping, filtering, discovered } of kKinds) {
  story(`own relay: the doctor finds that it works, and a NAT of the kind ${nat}`, { a: { nat }, ...kOwn }, async (lab) => {
    const { status, said, report } = await examine(lab, [kUrls.stun, kUrls.udp, kUrls.tcp, kUrls.tls]);
    const { ipv4 } = report.nat;
    assert.deepEqual({ mapping: ipv4.mapping, filtering: ipv4.filtering }, { mapping, filtering }, said);
    for (const url of [kUrls.udp, kUrls.tcp, kUrls.tls]) assert.equal(serverOf(report, url).relay?.relays, true, said);
    assert.equal(status, 0, said);
  });
  if (!discovered) continue;
  story(`own relay: turnutils_natdiscovery finds a NAT of the kind ${nat}`, { a: { nat }, ...kOwn }, async (lab, t) => {
    if (spawnSync('which', ['turnutils_natdiscovery']).status !== 0) return t.skip('turnutils_natdiscovery is not installed (coturn)');
    const program = lab.start('labA', 'turnutils_natdiscovery', ['-m', '-f', '-p', '3478', PUB.v4]);
    await program.exited;
    for (const found of discovered) assert.ok(program.stdout.includes(found), `${found}\n${program.said}`);
  });
}

story('own relay: the doctor takes its URL alone', { a: { nat: 'symmetric' }, ...kOwn }, async (lab) => {
  const { status, said, report } = await examine(lab, [], { url: kUrls.udp });
  assert.equal(report.servers[0].relay.relays, true, said);
  assert.equal(status, 0, said);
  const refused = await examine(lab, [], { url: kUrls.tls, credential: 'wrong' });
  assert.equal(refused.report.failure.cause, 'credentials_refused', refused.said);
});
