// Runs tests/interop/media_peer: our half of a call whose other half is a page without the application.
//
// TIDEWIRE_MEDIA_PEER names it; without it, the release build's.

import { EventEmitter, once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Program } from './program.mjs';

const kRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const BIN = process.env.TIDEWIRE_MEDIA_PEER ?? path.join(kRoot, 'build/release/tests/interop/media_peer');
const kAnswer = 20_000; // ms

export const missingMediaPeer = () => (fs.existsSync(BIN) ? false : `${BIN} does not exist: build the target media_peer`);

export class MediaPeer extends Program {
  errors = [];
  #events = new EventEmitter();

  // `within`: a command that runs it, as one that enters a namespace.
  constructor(args = [], { within = [] } = {}) {
    super([...within, BIN, ...args], { shown: ['media_peer', ...args].join(' '), stdin: 'pipe' });
    this.#events.setMaxListeners(0);
    let rest = '';
    this.onOutput((text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) {
        const event = JSON.parse(line);
        if (event.event === 'error') this.errors.push(`${event.name}: ${event.message}`);
        this.#events.emit(event.event === 'error' ? 'refused' : event.event, event);
      }
    });
  }

  on(event, listener) { this.#events.on(event, listener); }

  do(what, more = {}) { this.type(JSON.stringify({ do: what, ...more })); }

  // A command and the event that answers it.
  async ask(what, more = {}, answer = what) {
    const signal = AbortSignal.timeout(kAnswer);
    const came = Promise.race([
      once(this.#events, answer, { signal }),
      once(this.#events, 'refused', { signal }).then(([{ name, message }]) => { throw new Error(`${what}: ${name}: ${message}`); }),
    ]);
    this.do(what, more);
    return (await came)[0];
  }

  offer() { return this.ask('offer', {}, 'description'); }
  answer(offer) { return this.ask('description', offer, 'description'); }
  seen = async () => (await this.ask('seen')).tracks;
  stats = () => this.ask('stats');

  // The luma of the picture that had this counter, as it was sent.
  async sentPicture(counter) {
    const { luma } = await this.ask('picture', { counter });
    return luma && Buffer.from(luma, 'base64');
  }
}
