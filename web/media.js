// The own microphone and camera.
//
// A call works without either: what is missing is left out and `problems` says why, in sentences for people.
// Turning the camera off stops it (its light goes out) and turning it on opens it again; muting the microphone keeps it
// open, so that unmuting is instant. A file may play in the place of both.

import { openMediaFile } from './media_file.js';

const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const VIDEO = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };

const THING = { audio: 'microphone', video: 'camera' };

// One sentence for what getUserMedia threw.
export function explain(kind, error) {
  const thing = THING[kind];
  switch (error?.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return `The browser may not use your ${thing}. Allow it in the address bar, then turn it on here.`;
    case 'NotFoundError':
    case 'OverconstrainedError':
      return `No ${thing} was found.`;
    case 'NotReadableError':
    case 'AbortError':
      return `Your ${thing} is in use by another program.`;
    case 'InsecureContext':
      return `The browser gives the ${thing} only to pages opened through https or localhost.`;
    default:
      return `Your ${thing} could not be opened${error?.message ? ` (${error.message})` : ''}.`;
  }
}

async function getTrack(kind) {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw Object.assign(new Error('no media devices'), { name: 'InsecureContext' });
  }
  const stream = await navigator.mediaDevices.getUserMedia(kind === 'audio' ? { audio: AUDIO } : { video: VIDEO });
  return stream.getTracks()[0];
}

// Both at once, so that the browser asks the person once only; one by one if that fails, to learn which is missing.
async function getBoth() {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: AUDIO, video: VIDEO });
    return [stream.getAudioTracks()[0], stream.getVideoTracks()[0]];
  } catch {
    return [];
  }
}

export class LocalMedia extends EventTarget {
  #audio = null; // MediaStreamTrack or null
  #video = null;
  #micOn = true;
  #closed = false;
  opening = true; // until open() is through
  file = ''; // the name of the file that plays in the place of the devices
  #closeFile = null;
  label = new MediaStream(); // only its id is used: both tracks carry it, so receivers keep them in step
  problems = { audio: '', video: '' };

  get audio() { return this.#audio; }
  get video() { return this.#video; }
  get mic() { return this.#audio !== null && this.#micOn; }
  get camera() { return this.#video !== null; }

  // Opens what is wanted. Never rejects: look at `problems`.
  async open({ mic = true, camera = true } = {}) {
    this.#micOn = mic;
    if (mic && camera && navigator.mediaDevices?.getUserMedia) {
      const [audio, video] = await getBoth();
      if (audio) this.#adopt('audio', audio);
      if (video) this.#adopt('video', video);
    }
    if (mic && !this.#audio) await this.#tryOpen('audio');
    if (camera && !this.#video) await this.#tryOpen('video');
    this.opening = false;
    this.#changed();
  }

  async setMic(on) {
    this.#micOn = on;
    if (on && !this.#audio) await this.#tryOpen('audio');
    if (this.#audio) this.#audio.enabled = on;
    this.#changed();
  }

  async setCamera(on) {
    if (on && !this.#video) await this.#tryOpen('video');
    if (!on) {
      this.#video?.stop();
      this.#video = null;
      if (this.file) await this.#returnToDevices();
    }
    this.#changed();
  }

  // A film in the place of the camera, and its sound in that of the microphone; what it does not have stays as it is.
  // Never rejects: look at `problems`.
  async setFile(file) {
    let opened;
    try {
      opened = await openMediaFile(file);
    } catch (error) {
      this.problems.video = error.message;
      return this.#changed();
    }
    this.#endFile();
    this.file = file.name;
    this.#closeFile = opened.close;
    if (opened.video) this.#adopt('video', opened.video);
    if (opened.audio) this.#adopt('audio', opened.audio);
    this.#changed();
  }

  // The camera is turned off while a file plays: the file ends, and its sound with it.
  async #returnToDevices() {
    this.#endFile();
    this.#audio?.stop();
    this.#audio = null;
    if (this.#micOn) await this.#tryOpen('audio');
  }

  #endFile() {
    this.#closeFile?.();
    this.#closeFile = null;
    this.file = '';
  }

  close() {
    this.#closed = true;
    this.#endFile();
    this.#audio?.stop();
    this.#video?.stop();
    this.#audio = this.#video = null;
  }

  async #tryOpen(kind) {
    try {
      this.#adopt(kind, await getTrack(kind));
    } catch (error) {
      this.problems[kind] = explain(kind, error);
    }
  }

  #adopt(kind, track) {
    if (this.#closed) return track.stop();
    this.problems[kind] = '';
    if (kind === 'audio') {
      this.#audio?.stop();
      this.#audio = track;
      track.enabled = this.#micOn;
    } else {
      this.#video?.stop();
      this.#video = track;
    }
    track.addEventListener('ended', () => this.#lost(kind, track)); // unplugged, or permission taken back
  }

  #lost(kind, track) {
    if (track !== (kind === 'audio' ? this.#audio : this.#video)) return;
    if (kind === 'audio') this.#audio = null;
    else this.#video = null;
    this.problems[kind] = `Your ${THING[kind]} was disconnected.`;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}
