// A lab: two sides that shall call each other, the net between them, and the servers in the middle of it.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BIN } from '../../browser/lib/tidewire.mjs';
import { startCoturn } from './coturn.mjs';
import { otherPorts } from './nat.mjs';
import { Program, makeFolder, naming, ready, run, runIn, sweep } from './netns.mjs';
import { startOwnRelay } from './own_relay.mjs';
import { PUB, addressOf, buildScript, lastMile, namespacesOf, planSide } from './plan.mjs';

const kSignaling = 8080;
const kHttps = 443;
const kPortsAtOnce = 1000;
const kForward = path.join(path.dirname(fileURLToPath(import.meta.url)), 'forward.mjs');
const kLink = process.env.TIDEWIRE_LINK ?? path.join(path.dirname(BIN), '../../tests/lab/lab_link');

const opened = new Set();
let swept = false;

// A signal ends the labs first and this process then, with the exit status of that signal.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    for (const lab of opened) lab.closeAtOnce();
    process.exit(128 + os.constants.signals[signal]);
  });
}
process.once('exit', () => { for (const lab of opened) lab.closeAtOnce(); });

export class Lab {
  #programs = [];
  #servers = 0; // how many of them are the lab's own
  #nextPorts = 20000; // below the ports that Linux gives to sockets, so a new mapping is not an old one

  // {a, b}: what each side is like, see README.md. {relay}: 'coturn', 'tidewire' (a program of its own), or 'one program',
  // which is page, signaling and TURN together. {turn}: options of startCoturn or startOwnRelay, or false for no TURN server.
  static async open({ a = {}, b = {}, relay = 'coturn', turn = {} } = {}) {
    if (!['coturn', 'tidewire', 'one program'].includes(relay)) throw new Error(`the lab has no relay ${relay}`);
    if (!fs.existsSync(BIN)) throw new Error(`${BIN} does not exist: build it, or set TIDEWIRE_BIN`);
    if (!swept) sweep();
    swept = true;
    const lab = new Lab(a, b);
    opened.add(lab);
    try {
      run('sh', [], { input: lab.script });
      for (const side of [lab.a, lab.b]) await lab.#startLinks(side);
      await lab.#startServers(relay, turn);
      lab.#servers = lab.#programs.length;
      return lab;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  constructor(a, b) {
    this.ns = naming();
    this.a = planSide('A', 1, a);
    this.b = planSide('B', 2, b);
    this.folder = makeFolder();
    this.ca = path.join(this.folder, 'ca.pem');
    this.script = buildScript(this.ns, [this.a, this.b]);
  }

  async #startServers(relay, turn) {
    const own = relay !== 'coturn' && turn;
    const startRelay = own ? startOwnRelay(this.ns('pub'), this.folder, { page: relay === 'one program', ...turn })
      : turn && startCoturn(this.ns('pub'), this.folder, turn);
    await Promise.all([
      relay !== 'one program' && this.#startSignaling(),
      this.forward('pub', `${PUB.other}:${kHttps}`, `${PUB.v4}:${kSignaling}`),
      this.forward('pub', `[${PUB.v6}]:${kSignaling}`, `${PUB.v4}:${kSignaling}`),
      startRelay && startRelay.then((program) => { this[own ? 'relay' : 'coturn'] = this.keep(program); }),
    ]);
  }

  async #startSignaling() {
    const server = this.start('pub', BIN, ['serve', '--only', 'signaling', '--listen', `${PUB.v4}:${kSignaling}`, '--json']);
    await ready(server, 'the signaling server', () => server.stdout.includes('url'));
  }

  // `up.line` is the program that is the line; what it says when it is stopped: see lab_link.cc.
  async #startLinks(side) {
    for (const up of side.uplinks.filter(({ link }) => link)) {
      const ends = lastMile(up).flatMap(([role, device]) => [this.ns(role), device]);
      up.line = this.start(null, kLink, [...ends, ...Object.entries(up.link).map(([key, value]) => `${key}=${value}`)]);
      await ready(up.line, 'the line', () => up.line.stdout.includes('ready'));
    }
  }

  // Where a side finds the room: on port 443 if nothing else is let out.
  roomUrl(side, room = 'lab') {
    if (side.family === 'v6') return `http://[${PUB.v6}]:${kSignaling}/r/${room}`;
    if (side.firewall === 'only-443') return `http://${PUB.other}:${kHttps}/r/${room}`;
    return `http://${PUB.v4}:${kSignaling}/r/${room}`;
  }

  keep(program) {
    this.#programs.push(program);
    return program;
  }

  // Starts a program in the namespace of that role: pub, labA, natA, …; or in that of the tests, for null.
  start(role, command, args = [], options) {
    return this.keep(new Program(role && this.ns(role), command, args, options));
  }

  // Makes an endpoint of the namespace lead elsewhere (forward.mjs).
  async forward(role, listen, to) {
    const program = this.start(role, process.execPath, [kForward, listen, to]);
    await ready(program, 'the forwarder', () => program.stdout.includes('ready'));
  }

  // ---- what can happen to a call

  // The cable or radio of a client is gone: no link, no routes; its address stays configured.
  takeDown(side, which = 0) { run('ip', ['-n', this.ns(side.lab), 'link', 'set', side.uplinks[which].interface, 'down']); }

  // The client leaves that network altogether: the address goes as well, as when NetworkManager disconnects.
  leaveNetwork(side, which = 0) {
    this.takeDown(side, which);
    run('ip', ['-n', this.ns(side.lab), 'addr', 'flush', 'dev', side.uplinks[which].interface]);
  }

  // Addresses of clients that are connected to that TCP port of the TURN server.
  tcpClients(port) {
    const lines = runIn(this.ns('pub'), 'ss', ['-Htn', 'state', 'established', `sport = :${port}`]).split('\n').filter(Boolean);
    return lines.map((line) => addressOf(line.trim().split(/\s+/).at(-1)));
  }

  // All routers of a side forget the mappings of UDP, and take other ports from now on. `tcp`: those of TCP as well, as when
  // the router starts anew; the client then loses its connection to the signaling server. [first, last] of the new ports.
  remap(side, { tcp = false, which = 0 } = {}) {
    const ports = [this.#nextPorts, this.#nextPorts + kPortsAtOnce - 1];
    for (const router of side.uplinks[which].routers) {
      runIn(this.ns(router.name), 'nft', ['-f', '-'], { input: otherPorts(router.nat, ...ports) });
      // With nothing to delete conntrack fails, which is fine.
      const forget = tcp ? 'conntrack -F' : 'conntrack -D -p udp || true';
      runIn(this.ns(router.name), 'sh', ['-c', forget]);
    }
    this.#nextPorts += kPortsAtOnce;
    return ports;
  }

  // ---- the end

  // The last lines of each program that was started after the lab was open: the clients.
  lastSaid(count) {
    const texts = this.#programs.slice(this.#servers).map((program) => program.said.trimEnd().split('\n'));
    return texts.map((lines) => [lines[0], ...lines.slice(1).slice(-count)].join('\n')).join('\n');
  }

  get said() { return this.#programs.map((program) => program.said).join('\n'); }

  async close() {
    if (!opened.has(this)) return;
    await Promise.all(this.#programs.map((program) => program.stop()));
    this.closeAtOnce();
  }

  closeAtOnce() {
    opened.delete(this);
    for (const program of this.#programs) program.kill('SIGKILL');
    for (const role of namespacesOf([this.a, this.b])) {
      try { run('ip', ['netns', 'del', this.ns(role)]); } catch { /* it was never made */ }
    }
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}
