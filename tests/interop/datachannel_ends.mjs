// The two ends of a test of data channels: ours, and one of an independent stack. Each takes commands and keeps the
// events that it has said (see datachannel_peer.mjs).

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const PYTHON = '/usr/bin/python3'; // Debian's, whose package aiortc is

export const OURS = process.env.TIDEWIRE_DATACHANNEL_PEER ?? here('../../build/release/tests/interop/datachannel_peer');

export class End {
  events = [];
  #waiting = new Set();

  constructor(name) { this.name = name; }

  take(event) {
    this.events.push(event);
    for (const waiter of this.#waiting) waiter();
  }

  // Resolves to the first truthy value of `find(events)`. `what` completes "waited … for".
  until(what, find, seconds = 8) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = find(this.events);
        if (!found) return false;
        this.#waiting.delete(look);
        clearTimeout(timer);
        resolve(found);
        return true;
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        const last = this.events.slice(-4).map((e) => JSON.stringify(e).slice(0, 200)).join('\n    ');
        reject(new Error(`${this.name}: waited ${seconds} s for ${what}; it said last:\n    ${last}\n${this.complaints ?? ''}`));
      }, seconds * 1000);
      if (!look()) this.#waiting.add(look);
    });
  }

  errors() { return this.events.filter((e) => e.event === 'error'); }
}

export class ProcessEnd extends End {
  complaints = '';

  constructor(name, command) {
    super(name);
    this.process = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
    this.process.stdin.on('error', () => {});
    this.process.stderr.setEncoding('utf8').on('data', (text) => { this.complaints += text; });
    this.process.on('error', (error) => { this.complaints += error.message; });
    this.ended = new Promise((resolve) => this.process.on('close', (code, signal) => resolve(signal ?? code)));
    this.ended.then((code) => this.take({ event: 'ended', code }));
    readline.createInterface({ input: this.process.stdout }).on('line', (line) => this.take(JSON.parse(line)));
  }

  async tell(command) { this.process.stdin.write(`${JSON.stringify(command)}\n`); }

  // The exit status. A peer that does not end by itself is made to.
  async stop() {
    this.process.stdin.end();
    const timer = setTimeout(() => this.process.kill('SIGKILL'), 3000);
    const code = await this.ended;
    clearTimeout(timer);
    return code;
  }
}

class PageEnd extends End {
  constructor(name, page) {
    super(name);
    this.page = page;
  }

  async tell(command) { await this.page.evaluate((c) => { window.last = (window.last ?? Promise.resolve()).then(() => window.handle(c)); }, command); }
  async stop() { await this.page.close(); }
}

// Serves the page that holds a peer, on a free port: crypto.subtle wants an address that counts as secure.
export function servePage() {
  const page = `<!doctype html><meta charset="utf-8"><script type="module">
    import { makePeer } from '/datachannel_peer.mjs';
    const hex = (buffer) => [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, '0')).join('');
    const waiting = [];
    let busy = false;
    window.events = () => waiting.splice(0);
    window.handle = makePeer(RTCPeerConnection, (event) => waiting.push(event),
      async (bytes) => hex(await crypto.subtle.digest('SHA-256', bytes)));
  </script>`;
  const server = http.createServer((request, response) => {
    const script = request.url.endsWith('.mjs');
    response.setHeader('Content-Type', script ? 'text/javascript' : 'text/html');
    response.end(script ? fs.readFileSync(here('datachannel_peer.mjs')) : page);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

// `maxMessageSize`: what it says that it takes; by default what browsers say.
export const ourEnd = (maxMessageSize) => new ProcessEnd('tidewire', [OURS, ...(maxMessageSize ? [`${maxMessageSize}`] : [])]);

export const processEnds = {
  wrtc: () => new ProcessEnd('wrtc', [process.execPath, here('datachannel_node.mjs'), 'wrtc']),
  werift: () => new ProcessEnd('werift', [process.execPath, here('datachannel_node.mjs'), 'werift']),
  aiortc: () => new ProcessEnd('aiortc', [PYTHON, here('datachannel_aiortc.py')]),
  gstreamer: () => new ProcessEnd('gstreamer', [PYTHON, here('datachannel_gst.py')]),
};

const kPollEvery = 30; // ms

// A peer in a tab of the browser.
export async function browserEnd(name, browser, server) {
  const page = await browser.newPage();
  const end = new PageEnd(name, page);
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.waitForFunction(() => window.handle);
  const poll = async () => {
    while (!page.isClosed()) {
      for (const event of await page.evaluate(() => window.events())) end.take(event);
      await new Promise((resolve) => setTimeout(resolve, kPollEvery));
    }
  };
  poll().catch(() => {});
  return end;
}
