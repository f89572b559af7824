// The pictures: one tile for each person, and the own preview.

import { qualityLine, size } from '../quality.js';
import { $, el, icon, play, sentence } from './dom.js';
import { layoutTiles } from './layout.js';

const kDefaultAspect = 16 / 9;

export function initials(name) {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return letters.map((w) => [...w][0]).join('').toUpperCase() || '?';
}

// A steady colour for a name.
export function hue(name) {
  let h = 7;
  for (const c of name) h = (h * 31 + c.codePointAt(0)) % 360;
  return h;
}

function paintAvatar(avatar, name) {
  avatar.textContent = initials(name);
  avatar.style.setProperty('--hue', hue(name));
}

const SAY = {
  waiting: (name) => `Waiting for ${name}…`,
  connecting: () => 'Connecting…',
  interrupted: () => 'The connection is interrupted…',
  failed: (name, stood) => (stood ? 'The connection is lost. Trying to get it back…' : 'No connection yet. Trying again…'),
};

class Tile {
  #call;
  #seen = false; // a picture has come
  constructor(call, onBlocked) {
    this.#call = call;
    const name = call.peer.name;
    this.video = el('video', { autoplay: '', playsinline: '', disablepictureinpicture: '', 'aria-label': `Picture of ${name}` });
    this.video.muted = true; // the sound plays in its own element: a blocked sound must not stop the picture
    this.audio = el('audio', { autoplay: '' });
    this.avatar = el('div', { class: 'avatar', 'aria-hidden': 'true' });
    this.say = el('p', { class: 'say' });
    this.mark = icon('mic-off', 'muted-mark');
    this.mark.setAttribute('role', 'img');
    this.mark.setAttribute('aria-label', 'Muted');
    this.quality = el('span', { class: 'quality' });
    this.pin = el('button', { class: 'pin', type: 'button', 'aria-pressed': 'false', 'aria-label': `Show ${name} large` });
    this.root = el('figure', { class: 'tile', 'data-peer': call.peer.id }, this.avatar, this.video, this.say,
      el('figcaption', {}, this.mark, el('span', { class: 'name' }, name), this.quality), this.pin, this.audio);
    paintAvatar(this.avatar, name);
    call.addEventListener('media', () => this.#attach(onBlocked));
    call.addEventListener('change', () => this.update());
    call.addEventListener('failure', () => this.update());
    call.addEventListener('reading', () => this.update());
    this.video.requestVideoFrameCallback?.(() => this.#firstFrame());
    this.video.addEventListener('resize', () => { if (this.video.videoWidth) this.#firstFrame(); });
    this.#attach(onBlocked);
    this.update();
  }

  get aspect() {
    const { videoWidth: w, videoHeight: h } = this.video;
    return this.hasPicture && w && h ? w / h : kDefaultAspect;
  }

  get hasPicture() {
    return this.#seen && this.#call.remote.camera;
  }

  async #attach(onBlocked) {
    for (const kind of ['video', 'audio']) {
      const track = this.#call.remote[kind];
      const element = this[kind];
      if (!track || element.srcObject?.getTracks()[0] === track) continue;
      element.srcObject = new MediaStream([track]);
      if (!await play(element) && kind === 'audio') onBlocked();
    }
  }

  #firstFrame() {
    this.#seen = true;
    this.#call.timeline.mark('first_video_frame');
    this.update();
  }

  update() {
    const { remote, peer } = this.#call;
    const state = this.#call.failure ? 'failed' : this.#call.state; // the browser may call it connecting: it tries again
    this.root.classList.toggle('no-video', !this.hasPicture);
    this.root.classList.toggle('waiting', state !== 'connected');
    this.mark.toggleAttribute('hidden', remote.mic);
    const { paused, reading } = this.#call;
    this.root.classList.toggle('paused', paused !== '');
    this.say.textContent = SAY[state]?.(peer.name, this.#call.stood)
      ?? (remote.camera ? paused && sentence(paused) : 'Camera off');
    const shown = paused || !remote.camera ? null : reading?.video_in;
    this.quality.textContent = state === 'connected' ? qualityLine(shown, reading?.audio_in) : '';
    this.root.dispatchEvent(new Event('reshape', { bubbles: true }));
  }

  close() {
    this.video.srcObject = this.audio.srcObject = null;
    this.root.remove();
  }
}

export class Tiles {
  #tiles = new Map(); // call → Tile
  #container = $('tiles');
  #pinned = null; // call
  #onBlocked;
  #scheduled = 0;

  // `onBlocked`: the browser does not let the sound play before the person clicks somewhere.
  constructor({ onBlocked }) {
    this.#onBlocked = onBlocked;
    this.#container.replaceChildren();
    this.#container.addEventListener('reshape', () => this.#schedule());
    new ResizeObserver(() => this.#schedule()).observe(this.#container);
  }

  add(call) {
    const tile = new Tile(call, this.#onBlocked);
    tile.pin.addEventListener('click', () => this.#togglePin(call));
    this.#tiles.set(call, tile);
    this.#container.append(tile.root);
    this.#schedule();
  }

  remove(call) {
    this.#tiles.get(call)?.close();
    this.#tiles.delete(call);
    if (this.#pinned === call) this.#pinned = null;
    this.#schedule();
  }

  clear() {
    for (const call of [...this.#tiles.keys()]) this.remove(call);
  }

  // After the person clicked: sound may play now.
  async unblock() {
    for (const tile of this.#tiles.values()) await play(tile.audio);
  }

  video(call) { return this.#tiles.get(call)?.video ?? null; }
  audio(call) { return this.#tiles.get(call)?.audio ?? null; }

  #togglePin(call) {
    this.#pinned = this.#pinned === call ? null : call;
    this.#schedule();
  }

  #schedule() {
    if (!this.#scheduled) this.#scheduled = requestAnimationFrame(() => { this.#scheduled = 0; this.#place(); });
  }

  #place() {
    const calls = [...this.#tiles.keys()];
    const tiles = [...this.#tiles.values()];
    const { clientWidth: width, clientHeight: height } = this.#container;
    const rects = layoutTiles({ width, height, aspects: tiles.map((t) => t.aspect), pinned: calls.indexOf(this.#pinned), gap: 10 });
    this.#container.classList.toggle('single', tiles.length < 2);
    tiles.forEach((tile, i) => {
      const r = rects[i];
      const pinned = calls[i] === this.#pinned;
      tile.root.classList.toggle('pinned', pinned);
      tile.pin.setAttribute('aria-pressed', String(pinned));
      if (!r) return;
      Object.assign(tile.root.style, { left: `${r.x}px`, top: `${r.y}px`, width: `${r.w}px`, height: `${r.h}px` });
    });
  }
}

// The own preview follows the devices.
export function showSelf(media, name) {
  const self = $('self');
  const video = self.querySelector('video');
  paintAvatar(self.querySelector('.avatar'), name || 'You');
  const update = () => {
    self.classList.toggle('no-video', !media.camera);
    self.querySelector('.muted-mark').toggleAttribute('hidden', media.mic);
    if (video.srcObject?.getTracks()[0] === media.video) return;
    video.classList.toggle('mirrored', !media.file);
    video.srcObject = media.video ? new MediaStream([media.video]) : null;
    if (media.video) play(video);
  };
  media.addEventListener('change', update);
  update();
}

// What of the own picture and sound reaches the others, at best.
export function showSent(calls) {
  const best = calls.map((call) => call.reading).filter(Boolean)
    .reduce((a, b) => ((a?.video_out?.bitrate ?? -1) >= (b.video_out?.bitrate ?? -1) ? a : b), null);
  const quality = $('self').querySelector('.quality');
  quality.textContent = size(best?.video_out);
  quality.title = qualityLine(best?.video_out, best?.audio_out);
  quality.classList.toggle('limited', best?.video_out?.limitation === 'bandwidth');
}
