// coturn in pub: STUN and TURN over UDP, TCP and TLS, with a certificate authority of its own.

import fs from 'node:fs';
import path from 'node:path';
import { Program, ready, run, runIn } from './netns.mjs';
import { PUB } from './plan.mjs';

export const USER = { username: 'tidewire', credential: 'a-secret' };
// `https` is what every firewall lets out.
export const kTurnPorts = { udp: 3478, tls: 5349, https: 443 };
const { udp: kPort, tls: kTlsPort, https: kHttpsPort } = kTurnPorts;
const kRelayPorts = [50000, 50400];

// An authority, and a certificate for pub's addresses by it. {ca, certificate, key}: file names.
export function makeCertificate(folder) {
  const file = (name) => path.join(folder, name);
  const made = { ca: file('ca.pem'), certificate: file('turn.pem'), key: file('turn.key') };
  fs.writeFileSync(file('names'), `subjectAltName=IP:${PUB.v4},IP:${PUB.v6},DNS:turn.lab\n`);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  run('openssl', ['req', '-x509', ...newKey, '-keyout', file('ca.key'), '-out', made.ca, '-days', '2', '-subj', '/CN=Lab authority',
    '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign']);
  run('openssl', ['req', ...newKey, '-keyout', made.key, '-out', file('turn.csr'), '-subj', '/CN=turn.lab']);
  run('openssl', ['x509', '-req', '-in', file('turn.csr'), '-CA', made.ca, '-CAkey', file('ca.key'), '-CAcreateserial',
    '-days', '2', '-extfile', file('names'), '-out', made.certificate]);
  return made;
}

// The URLs of the server, for clients that reach it by IPv4 or IPv6.
export function urls(family = 'v4') {
  const host = family === 'v6' ? `[${PUB.v6}]` : PUB.v4;
  return {
    stun: `stun:${host}:${kPort}`,
    udp: `turn:${host}:${kPort}?transport=udp`,
    tcp: `turn:${host}:${kPort}?transport=tcp`,
    tls: `turns:${host}:${kTlsPort}?transport=tcp`,
    https: `turns:${host}:${kHttpsPort}?transport=tcp`,
  };
}

// As RTCConfiguration has them.
export const iceServers = (list) => list.map((url) => (url.startsWith('turn') ? { urls: url, ...USER } : { urls: url }));

// Resolves when it listens. `stunOnly`: it answers Binding requests and refuses to relay.
export async function startCoturn(ns, folder, { stunOnly = false } = {}) {
  const { certificate, key } = makeCertificate(folder);
  const args = ['-n', '--no-cli', '--log-file', 'stdout', '--simple-log', '--verbose', '--pidfile', path.join(folder, 'turn.pid'),
    '--userdb', path.join(folder, 'turn.db'), '--relay-threads', '1',
    '--listening-ip', PUB.v4, '--listening-ip', PUB.v6, '--relay-ip', PUB.v4, '--relay-ip', PUB.v6,
    '--listening-port', `${kPort}`, '--tls-listening-port', `${kTlsPort}`, '--alt-tls-listening-port', `${kHttpsPort}`,
    '--min-port', `${kRelayPorts[0]}`, '--max-port', `${kRelayPorts[1]}`, '--cert', certificate, '--pkey', key,
    '--realm', 'lab', ...(stunOnly ? ['--stun-only'] : ['--lt-cred-mech', '--user', `${USER.username}:${USER.credential}`])];
  const program = new Program(ns, 'turnserver', args);
  const listens = (flags, port) => runIn(ns, 'ss', ['-H', ...flags, `sport = :${port}`]).trim() !== '';
  await ready(program, 'coturn to listen',
    () => listens(['-lnu'], kPort) && [kPort, kTlsPort, kHttpsPort].every((port) => listens(['-lnt'], port)), { timeout: 10_000 })
    .catch(async (error) => { await program.stop(); throw error; });
  return program;
}
