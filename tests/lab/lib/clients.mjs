// The peers that call each other in a lab: tidewire and aiortc. Browsers are in pages.mjs.

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BIN, reportOf } from '../../browser/lib/tidewire.mjs';
import { until } from '../../browser/lib/wait.mjs';
import { USER, iceServers } from './coturn.mjs';
import { ready } from './netns.mjs';

const kHere = path.dirname(fileURLToPath(import.meta.url));
const kLife = '100s'; // a call is ended by the test; this is for one that forgets
const kPython = '/usr/bin/python3'; // Debian's, which has Debian's packages

// The options of `tidewire call` for these servers. {servers: [URL], policy: 'relay', more: [ARG]}
function iceArguments(lab, { servers = [], policy, more = [] }) {
  const args = servers.flatMap((url) => ['--ice-server', url]);
  if (servers.some((url) => url.startsWith('turn'))) args.push('--ice-username', USER.username, '--ice-credential', USER.credential);
  if (servers.some((url) => url.startsWith('turns'))) args.push('--tls-ca', lab.ca);
  if (policy) args.push('--ice-transport-policy', policy);
  return [...args, ...more];
}

export class Native {
  constructor(lab, side, ice = {}) {
    this.name = side.letter;
    this.program = lab.start(side.lab, BIN, ['call', lab.roomUrl(side), '--name', side.letter, '--video', 'synthetic',
      '--audio', 'synthetic', '--play', 'none', '--duration', kLife, '--json', ...iceArguments(lab, ice)]);
  }

  // Waits until it prints this. An error at once if it ends before, or its call does.
  async says(what, pattern, timeout, { callMayEnd = false } = {}) {
    const said = (wanted) => wanted.exec(this.program.stderr);
    const over = () => (this.program.running ? !callMayEnd && said(/call with .* ended: .*/)?.[0] : 'it ended');
    await until(`${this.name} ${what}`, () => said(pattern) || over(), { timeout });
    if (!said(pattern)) throw new Error(`waited for ${this.name} ${what}: ${over()}`);
    return said(pattern);
  }

  inRoom() { return this.says('to be in the room', /is in the room/); }
  // The first line of figures comes within a second of the connection, the second one says how many pictures came.
  connected(timeout = 20_000) { return this.says('to see pictures', /video ↑[^·]*↓ [1-9]\d* fps/, timeout); }
  failed(timeout = 60_000) { return this.says('to say that the call failed', /call with .* ended: (.*)/, timeout, { callMayEnd: true }); }

  // Ends it as Ctrl-C would; its report.
  async report() {
    await this.program.stop();
    return reportOf(this.program);
  }
}

// Both at once; the one in the room first is called. Resolves to [A, B] when pictures came on both sides.
export async function nativeCall(lab, { ice = {}, a = ice, b = ice, timeout } = {}) {
  const pair = [new Native(lab, lab.a, a), new Native(lab, lab.b, b)];
  await Promise.all(pair.map((one) => one.connected(timeout)));
  return pair;
}

// One after the other, so that the one that leaves does not change what the other one says. [report of A, of B]
export async function reports(pair) {
  const all = [];
  for (const one of pair) all.push(await one.report());
  return all;
}

// ---- aiortc

// One peer of Debian's aiortc. Prints what it saw as JSON when it saw enough.
export class Aiortc {
  // `anything`: it is content with pictures and sound that are not those of tidewire.
  constructor(lab, side, { servers = [], anything = false } = {}) {
    const ice = JSON.stringify(iceServers(servers));
    this.program = lab.start(side.lab, kPython, [path.join(kHere, 'aiortc_peer.py'), lab.roomUrl(side), ice,
      ...(anything ? ['anything'] : [])], { env: { ...process.env, SSL_CERT_FILE: lab.ca } });
  }

  inRoom() { return ready(this.program, 'aiortc to be in the room', () => this.program.stderr.includes('in the room')); }

  async report() {
    await ready(this.program, 'aiortc to see enough', () => this.program.stdout.includes('\n'), { timeout: 40_000 });
    return reportOf(this.program);
  }
}
