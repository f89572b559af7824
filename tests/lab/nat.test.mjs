// The lab itself: each NAT does what its name says, firewalls let out what they shall, mappings change when they shall.

import assert from 'node:assert/strict';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../browser/lib/wait.mjs';
import { ready, runIn } from './lib/netns.mjs';
import { addressOf } from './lib/plan.mjs';
import { story } from './lib/story.mjs';

const kProbe = path.join(path.dirname(fileURLToPath(import.meta.url)), 'lib/udp_probe.mjs');

async function probe(lab, role = 'labA') {
  const server = lab.start('pub', process.execPath, [kProbe, 'serve']);
  await ready(server, 'the probe', () => server.stdout.includes('ready'));
  const seen = JSON.parse(runIn(lab.ns(role), process.execPath, [kProbe, 'ask']));
  await server.stop();
  return seen;
}

const oneMapping = ({ mapped }) => new Set(mapped).size === 1;

// RFC 4787 §4.1 and §5: the mapping, and from where answers get through.
const kKinds = [
  { nat: 'none', oneMapping: true, otherAddress: true, otherPort: true },
  { nat: 'full-cone', oneMapping: true, otherAddress: true, otherPort: true },
  { nat: 'address-restricted', oneMapping: true, otherAddress: false, otherPort: true },
  { nat: 'port-restricted', oneMapping: true, otherAddress: false, otherPort: false },
  { nat: 'symmetric', oneMapping: false, otherAddress: false, otherPort: false },
];

for (const kind of kKinds) {
  story(`a NAT of the kind ${kind.nat} maps and filters as its name says`, { a: { nat: kind.nat }, turn: false }, async (lab) => {
    const seen = await probe(lab);
    const { nat, ...expected } = kind;
    assert.deepEqual({ oneMapping: oneMapping(seen), otherAddress: seen.otherAddress, otherPort: seen.otherPort }, expected,
      JSON.stringify(seen));
    for (const endpoint of seen.mapped) assert.equal(addressOf(endpoint), lab.a.uplinks[0].public.v4, nat);
  });
}

story('behind two NATs the outer one is seen', { a: { nat: 'port-restricted', carrier: true }, turn: false }, async (lab) => {
  const seen = await probe(lab);
  assert.ok(oneMapping(seen), JSON.stringify(seen));
  assert.equal(addressOf(seen.mapped[0]), '10.77.1.2');
  assert.equal(seen.otherPort, false);
});

story('where UDP is blocked none comes through', { a: { nat: 'port-restricted', firewall: 'udp-blocked' }, turn: false }, async (lab) => {
  assert.deepEqual((await probe(lab)).mapped, [null, null, null]);
});

story('the firewall for port 443 lets out TCP to that port only', { a: { nat: 'port-restricted', firewall: 'only-443' } }, async (lab) => {
  assert.deepEqual((await probe(lab)).mapped, [null, null, null]);
  const reaches = (address, port) => runIn(lab.ns('labA'), process.execPath, ['-e', `
    const socket = require('net').connect(${port}, '${address}', () => { console.log('yes'); socket.destroy(); });
    socket.setTimeout(500, () => { console.log('no'); socket.destroy(); });`]).trim();
  assert.deepEqual([['10.77.0.1', 443], ['10.77.0.2', 443], ['10.77.0.1', 3478], ['10.77.0.1', 8080]].map((to) => reaches(...to)),
    ['yes', 'yes', 'no', 'no']);
});

story('a second interface is used when the first one is down', { a: { nat: 'symmetric', second: { nat: 'port-restricted' } }, turn: false },
  async (lab) => {
    assert.equal(addressOf((await probe(lab)).mapped[0]), '10.77.1.2');
    lab.takeDown(lab.a);
    assert.equal(addressOf((await probe(lab)).mapped[0]), '10.77.11.2');
  });

// ---- the measure: a stream that stops for a known time

story('a stream of large packets that pauses shows that pause as its gap', { turn: false }, async (lab) => {
  const { Arrivals } = await import('./lib/arrivals.mjs');
  const arrivals = new Arrivals(lab.ns('labB'));
  const kPause = 900; // ms
  lab.start('labA', process.execPath, ['-e', `
    const socket = require('dgram').createSocket('udp4');
    const start = Date.now();
    setInterval(() => {
      const now = Date.now() - start;
      if (now < 500 || now > 500 + ${kPause}) socket.send(Buffer.alloc(1000), 9999, '${lab.b.uplinks[0].own.v4}');
    }, 20);`]);
  await until('the stream', () => arrivals.count() > 0);
  const gap = await arrivals.longestGap();
  assert.ok(gap > kPause - 200 && gap < kPause + 400, `${gap} ms`);
});
