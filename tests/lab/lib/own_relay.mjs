// `tidewire serve` in pub as the STUN and TURN server, in place of coturn: the same ports, users and certificate.

import fs from 'node:fs';
import path from 'node:path';
import { BIN } from '../../browser/lib/tidewire.mjs';
import { USER, kTurnPorts, makeCertificate } from './coturn.mjs';
import { Program, ready } from './netns.mjs';
import { PUB } from './plan.mjs';

// What a server on the Internet relays to anyway: here the Internet is made of private and documentation addresses.
const kPeers = ['10.0.0.0/8', '100.64.0.0/10', '2001:db8::/32'];
export const kRelayPorts = '50000-50400';
export const METRICS = '127.0.0.1:9641';

const host = (ip) => (ip.includes(':') ? `[${ip}]` : ip);

// The lines of its file. A value is a text, a number, or a list of texts.
export const settings = (values) => Object.entries(values)
  .map(([name, value]) => `${name} = ${typeof value === 'object' ? `[${value.map((one) => JSON.stringify(one)).join(', ')}]` : JSON.stringify(value)}\n`)
  .join('');

// What the lab's server is told. `alternate`: two addresses, for who asks how his NAT behaves (RFC 5780).
function standard(folder, { alternate = false } = {}) {
  const { udp, tls, https } = kTurnPorts;
  const { certificate, key } = makeCertificate(folder);
  return {
    'turn-listen': [PUB.v4, ...(alternate ? [PUB.other] : []), PUB.v6].map((ip) => `${host(ip)}:${udp}`),
    'turn-tls-listen': [PUB.v4, PUB.v6].flatMap((ip) => [tls, https].map((port) => `${host(ip)}:${port}`)),
    'tls-cert': certificate, 'tls-key': key, 'relay-ip': [PUB.v4, PUB.v6], 'relay-ports': kRelayPorts, 'allow-peer': kPeers,
    'metrics-listen': METRICS,
  };
}

// Starts it and waits until it says what it serves. `page`: signaling and page as well, in the same program, which then
// makes the credentials; otherwise TURN alone, with the lab's user. `more`: further settings.
// Adds `file`, which SIGHUP makes it read again, and `change(settings)`, which writes there.
export async function startOwnRelay(ns, folder, { page = false, alternate = false, more = {}, args = [] } = {}) {
  const own = page ? { listen: `${PUB.v4}:8080`, 'turn-host': PUB.v4 }
    : { only: 'turn', realm: 'lab', 'turn-user': [`${USER.username}:${USER.credential}`] };
  const first = { ...standard(folder, { alternate }), ...own, ...more };
  const file = path.join(folder, 'tidewire.conf');
  const change = (values) => fs.writeFileSync(file, settings({ ...first, ...values }));
  change({});
  const program = new Program(ns, BIN, ['serve', '--config', file, '--json', '--log-level', 'debug', ...args]);
  await ready(program, 'tidewire to serve TURN', () => program.stdout.includes('ice_servers'))
    .catch(async (error) => { await program.stop(); throw error; });
  return Object.assign(program, { file, change });
}
