// `tidewire serve --only turn` on loopback, for clients that others wrote and for those that mean no good.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Program } from '../../browser/lib/program.mjs';
import { BIN } from '../../browser/lib/tidewire.mjs';
import { until } from '../../browser/lib/wait.mjs';

export const USER = { username: 'ada', password: 'lovelace-engine' };
export const SECRET = 'of-babbage-and-nobody-else';
export const LOOPBACK = ['127.0.0.1', '::1'];

const host = (ip) => (ip.includes(':') ? `[${ip}]` : ip);
const endpoint = (text) => ({ host: text.slice(0, text.lastIndexOf(':')).replace(/[[\]]/g, ''), port: Number(text.slice(text.lastIndexOf(':') + 1)) });

const folders = [];
process.on('exit', () => { for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true }); });

export function makeFolder() {
  folders.push(fs.mkdtempSync(path.join(os.tmpdir(), 'tidewire-turn-')));
  return folders.at(-1);
}

// A certificate for loopback that vouches for itself: {certificate, key}, file names.
export function makeCertificate(folder = makeFolder(), name = 'localhost') {
  const made = { certificate: path.join(folder, `${name}.pem`), key: path.join(folder, `${name}.key`) };
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
    '-keyout', made.key, '-out', made.certificate, '-subj', `/CN=${name}`], { stdio: 'pipe' });
  return made;
}

// What a server on loopback is told: `ips` to listen on, ports of the system's choice, users, and loopback as peers.
export function flags({ ips = LOOPBACK, tls = false, credentials = true } = {}) {
  const each = (flag, values) => values.flatMap((value) => [flag, value]);
  const { certificate, key } = tls ? makeCertificate() : {};
  return ['--only', 'turn', '--json', ...each('--turn-listen', ips.map((ip) => `${host(ip)}:0`)), ...each('--relay-ip', ips),
    '--relay-ports', '20000-29999', ...each('--allow-peer', ['127.0.0.0/8', '::1']), '--realm', 'lab', '--metrics-listen', '127.0.0.1:0',
    ...(credentials ? ['--turn-user', `${USER.username}:${USER.password}`, '--turn-secret', SECRET] : []),
    ...(tls ? ['--tls-cert', certificate, '--tls-key', key, ...each('--turn-tls-listen', ips.map((ip) => `${host(ip)}:0`))] : [])];
}

export const serve = (args) => new Program([BIN, 'serve', ...args], { shown: ['tidewire', 'serve', ...args].join(' ') });

// Starts it and waits until it serves. Adds the lists `udp`, `tcp` and `tls` of {host, port}, `iceServers`, and `ask(path)`,
// which asks its metrics server: {status, text}.
export async function startTurn(args = flags()) {
  const server = serve(args);
  await until('the server to serve', () => {
    if (!server.running) throw new Error(server.said);
    return server.stdout.includes('\n');
  }).catch(async (error) => { await server.stop(); throw error; });
  const said = JSON.parse(server.stdout.split('\n')[0]);
  const ask = async (what) => {
    const answer = await fetch(`http://${said.metrics}${what}`);
    return { status: answer.status, text: await answer.text() };
  };
  const [udp, tcp, tls] = ['udp', 'tcp', 'tls'].map((kind) => said.turn[kind].map(endpoint));
  return Object.assign(server, { udp, tcp, tls, iceServers: said.ice_servers, ask });
}

// The value of a series in what /metrics says: 'tidewire_turn_allocations', 'tidewire_turn_requests_total{method="allocate"}'.
export function metric(text, series) {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  if (!line) throw new Error(`no ${series} in\n${text}`);
  return Number(line.split(' ').at(-1));
}
