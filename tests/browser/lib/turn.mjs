// Debian's coturn on loopback, as a relay that is really there.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { until } from './wait.mjs';

const BIN = process.env.TIDEWIRE_COTURN ?? '/usr/bin/turnserver';

// Why it cannot be used here, or false. For the `skip` option of tests.
export const missingCoturn = () => (fs.existsSync(BIN) ? false : `${BIN} is not installed`);

// A port that nobody listens on now.
export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// Starts one on a free port. {url, username, credential, said, stop()}.
export async function coturn() {
  const port = await freePort();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidewire-coturn-'));
  const program = spawn(BIN, ['-n', '--listening-ip', '127.0.0.1', '--relay-ip', '127.0.0.1', '--listening-port', String(port),
    '--realm', 'tidewire.test', '--lt-cred-mech', '--user', 'ada:lovelace', '--no-tls', '--no-dtls', '--no-cli',
    '--allow-loopback-peers', '--log-file', 'stdout', '--pidfile', path.join(folder, 'pid'), '--userdb', path.join(folder, 'db')],
  { stdio: ['ignore', 'pipe', 'pipe'] });
  const server = { url: `turn:127.0.0.1:${port}`, stun: `stun:127.0.0.1:${port}`, username: 'ada', credential: 'lovelace', said: '' };
  const note = (text) => { server.said += text; };
  program.stdout.setEncoding('utf8').on('data', note);
  program.stderr.setEncoding('utf8').on('data', note);
  const ended = new Promise((resolve) => { program.on('exit', resolve); program.on('error', resolve); });
  server.stop = async () => {
    program.kill('SIGKILL');
    await ended;
    fs.rmSync(folder, { recursive: true, force: true });
  };
  const listens = () => new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); });
    socket.on('error', () => resolve(false));
  });
  await until('coturn to listen', listens).catch(async (error) => { await server.stop(); throw error; });
  return server;
}
