// Runs the tidewire program: the server, and native peers.
//
// TIDEWIRE_BIN names the program; without it, the release build's.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './wait.mjs';

const kRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const kStop = 5000; // ms for a process to end in good order

export const BIN = process.env.TIDEWIRE_BIN ?? path.join(kRoot, 'build/release/apps/tidewire/tidewire');

class Program {
  stdout = '';
  stderr = '';
  #process;

  constructor(args) {
    if (!fs.existsSync(BIN)) throw new Error(`${BIN} does not exist: build it, or set TIDEWIRE_BIN`);
    this.args = args;
    this.#process = spawn(BIN, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process.stdout.setEncoding('utf8').on('data', (text) => { this.stdout += text; });
    this.#process.stderr.setEncoding('utf8').on('data', (text) => { this.stderr += text; });
    this.exited = new Promise((resolve) => {
      this.#process.on('error', (error) => { this.stderr += error.message; resolve(-1); });
      this.#process.on('exit', (code, signal) => resolve(code ?? signal));
    });
    this.exited.then((code) => { this.code = code; });
  }

  get running() { return this.code === undefined; }

  // What it said, for the message of a test that fails.
  get said() {
    return `tidewire ${this.args.join(' ')} (${this.running ? 'running' : `ended: ${this.code}`})\n${this.stdout}${this.stderr}`;
  }

  kill(signal = 'SIGTERM') {
    this.#process.kill(signal);
    return this.exited;
  }

  async stop() {
    if (!this.running) return;
    const timer = setTimeout(() => this.kill('SIGKILL'), kStop);
    await this.kill('SIGTERM');
    clearTimeout(timer);
  }
}

// Starts `tidewire serve` on a free port, or on the given one, and waits until it says its address.
// Adds `url` (without a slash at its end) and `port`. `more`: further arguments.
export async function serve({ port = 0, more = [] } = {}) {
  const server = new Program(['serve', '--listen', `127.0.0.1:${port}`, '--json', ...more]);
  const url = await until('the address of the server', () => {
    if (!server.running) throw new Error(server.said);
    return /https?:\/\/[^\s"'/]+/.exec(server.stdout)?.[0];
  }).catch(async (error) => { await server.stop(); throw error; });
  return Object.assign(server, { url, port: Number(new URL(url).port) });
}

// Starts `tidewire call`: a native peer with test picture and tone that ends by itself.
export function nativePeer(roomUrl, { name = 'Native', duration = '90s', more = [] } = {}) {
  const args = ['call', roomUrl, '--name', name, '--video', 'synthetic', '--audio', 'synthetic', '--play', 'none',
    '--duration', duration, '--json', ...more];
  return new Program(args);
}

// The JSON report of a peer that ended: the whole output, or its last line that is JSON.
export function reportOf(program) {
  const text = program.stdout.trim();
  for (const candidate of [text, ...text.split('\n').reverse()]) {
    try {
      const value = JSON.parse(candidate);
      if (value && typeof value === 'object') return value;
    } catch { /* the next one */ }
  }
  throw new Error(`no JSON in what it printed:\n${program.said}`);
}
