// Runs the tidewire program: the server, and native peers.
//
// TIDEWIRE_BIN names the program; without it, the release build's.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Program } from './program.mjs';
import { until } from './wait.mjs';

const kRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

export const BIN = process.env.TIDEWIRE_BIN ?? path.join(kRoot, 'build/release/apps/tidewire/tidewire');

function start(args, options = {}) {
  if (!fs.existsSync(BIN)) throw new Error(`${BIN} does not exist: build it, or set TIDEWIRE_BIN`);
  return new Program([BIN, ...args], { shown: ['tidewire', ...args].join(' '), ...options });
}

// Starts `tidewire serve` on a free port, or on the given one, and waits until it says its address.
// Adds `url` (without a slash at its end) and `port`. `more`: further arguments.
export async function serve({ port = 0, more = [] } = {}) {
  const server = start(['serve', '--listen', `127.0.0.1:${port}`, '--json', ...more]);
  const url = await until('the address of the server', () => {
    if (!server.running) throw new Error(server.said);
    return /https?:\/\/[^\s"'/]+/.exec(server.stdout)?.[0];
  }).catch(async (error) => { await server.stop(); throw error; });
  return Object.assign(server, { url, port: Number(new URL(url).port) });
}

// Starts `tidewire call`: a native peer with test picture and tone that ends by itself.
export function nativePeer(roomUrl, { name = 'Native', video = 'synthetic', audio = 'synthetic', duration = '90s', more = [] } = {}) {
  const args = ['call', roomUrl, '--name', name, '--video', video, '--audio', audio, '--play', 'none',
    '--duration', duration, '--json', ...more];
  return start(args, { stdin: more.includes('--interactive') ? 'pipe' : 'ignore' });
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
