// Wiring of the call page. "/" is the start page, "/r/ROOM" a room; "?auto=1&name=X" joins at once.
//
// What programs (tests above all) may use is window.tidewire, described in web/README.md.

import { LocalMedia } from './media.js';
import { Room } from './room.js';
import { $, show } from './ui/dom.js';
import { bindDevices, bindFile, bindKeys, Panels } from './ui/controls.js';
import { Chat } from './ui/chat.js';
import { showDetails } from './ui/details.js';
import { bindDoctor, checkNetwork } from './ui/doctor.js';
import { showFailure } from './ui/failure.js';
import { dismiss, dismissAll, notice } from './ui/notices.js';
import { isRoomName, problems, rememberedName, showLobby, showStart } from './ui/start.js';
import { showSelf, showSent, Tiles } from './ui/tiles.js';

const kStatsPeriod = 1000; // ms

class CallPage {
  #room;
  #media;
  #tiles;
  #chat;
  #panels;
  #timer = 0;
  #messages = [];        // for window.tidewire

  constructor({ name, room, media, clicked, devicesReady, relayOnly }) {
    this.#media = media;
    this.roomName = room;
    this.#room = new Room({ name, room, media, clicked, devicesReady, relayOnly });
    this.#tiles = new Tiles({ onBlocked: () => this.#soundBlocked() });
    this.#panels = new Panels({ onOpen: (panel) => this.#opened(panel) });
    this.#chat = new Chat({ send: (text) => this.#sendChat(text), isOpen: () => this.#panels.open === 'chat' });
    this.#draw(name);
    this.#listen();
    this.#room.join();
    this.#timer = setInterval(() => this.#readStats(), kStatsPeriod);
  }

  get calls() { return [...this.#room.calls.values()]; }
  get online() { return this.#room.online; }
  get id() { return this.#room.id; }
  get iceServers() { return this.#room.online ? this.#room.iceServers : null; }
  get media() { return this.#media; }
  get messages() { return this.#messages; }
  video(call) { return this.#tiles.video(call); }
  audio(call) { return this.#tiles.audio(call); }

  say(text) { return this.#chat.say(text); }

  #sendChat(text) {
    const count = this.#room.sendChat(text);
    if (count > 0) this.#messages.push({ from: 'me', text });
    return count;
  }

  leave() {
    clearInterval(this.#timer);
    this.#room.leave();
    this.#media.close();
    this.#tiles.clear();
    dismissAll();
  }

  #draw(name) {
    document.title = `${this.roomName} · Tidewire`;
    show('call');
    $('call-room').textContent = this.roomName;
    $('alone-link').textContent = roomLink(this.roomName);
    showSelf(this.#media, name);
    bindDevices(this.#media, $('mic'), $('camera'));
    bindFile(this.#media, $('file'));
    $('copy-link').onclick = () => copyLink(this.roomName);
    $('leave').onclick = () => { this.leave(); showEnded('You left the call', `You were in ${this.roomName}.`); };
    this.#tellProblems();
    this.#update();
  }

  #listen() {
    const on = (type, run) => this.#room.addEventListener(type, ({ detail }) => run(detail));
    on('call', ({ call }) => this.#onCall(call));
    on('ended', ({ call, text }) => {
      this.#tiles.remove(call);
      showFailure(call, null);
      this.#chat.note(text);
      notice('left', text, { tone: 'plain', brief: true });
    });
    on('joined', () => dismiss('server'));
    on('down', () => notice('server', this.#downText()));
    on('refused', ({ text }) => this.#onRefused(text));
    on('change', () => this.#update());
    this.#media.addEventListener('change', () => this.#tellProblems());
  }

  #onCall(call) {
    this.#tiles.add(call);
    this.#chat.note(`${call.peer.name} is here.`);
    call.addEventListener('chat', ({ detail }) => {
      this.#messages.push({ from: call.peer.id, name: call.peer.name, text: detail.text });
      this.#chat.received(call.peer.name, detail.text);
    });
    call.addEventListener('problem', ({ detail }) => notice('problem', detail.text, { tone: 'bad' }));
    call.addEventListener('failure', () => { showFailure(call, call.failure); this.#update(); });
    call.timeline.addEventListener('change', () => this.#drawDetails());
  }

  #downText() {
    return this.calls.some((c) => c.state === 'connected')
      ? 'The server is gone. Your call goes on without it; new people can join when it is back.'
      : 'The server is gone. Trying to reach it again…';
  }

  #onRefused(text) {
    if (this.calls.length) return notice('server', `${text} Your call goes on.`, { tone: 'bad' });
    this.leave();
    showEnded('Could not join', text);
  }

  #soundBlocked() {
    notice('sound', 'Your browser waits for a click before it plays sound.',
      { action: { label: 'Play sound', run: () => this.#tiles.unblock() } });
  }

  #tellProblems() {
    const text = problems(this.#media).replace('You can still join: you will', 'You');
    if (text) notice('devices', text.replaceAll('\n', ' '));
    else dismiss('devices');
  }

  #opened(panel) {
    if (panel === 'chat') {
      this.#chat.seen();
      $('chat-input').focus();
    } else {
      this.#drawDetails();
    }
  }

  #update() {
    const { text, state } = overall(this.calls, this.#room);
    $('call-status').dataset.state = state;
    $('call-status').querySelector('.text').textContent = text;
    $('alone').hidden = this.calls.length > 0;
    this.#drawDetails();
  }

  #drawDetails() {
    if (this.#panels?.open === 'details') showDetails(this.calls);
  }

  async #readStats() {
    if (document.hidden) return;
    await Promise.all(this.calls.filter((call) => call.state === 'connected').map((call) => call.look()));
    showSent(this.calls);
    this.#drawDetails();
  }
}

// One line for the whole call.
function overall(calls, room) {
  if (calls.length === 0) return room.online ? { text: 'Waiting', state: 'idle' } : { text: 'Joining…', state: 'busy' };
  const bad = calls.filter((c) => c.state !== 'connected');
  if (bad.length === 0) return { text: calls.length === 1 ? 'Connected' : `${calls.length + 1} people`, state: 'connected' };
  if (bad.some((c) => c.failure || c.state === 'failed')) {
    return { text: bad.every((c) => c.stood) ? 'Connection lost' : 'No connection', state: 'failed' };
  }
  if (bad.some((c) => c.state === 'interrupted')) return { text: 'Interrupted', state: 'busy' };
  return { text: 'Connecting…', state: 'busy' };
}

const roomLink = (room) => new URL(`/r/${room}`, location.href).href;

async function copyLink(room) {
  try {
    await navigator.clipboard.writeText(roomLink(room));
    notice('copied', 'Link copied.', { tone: 'plain', brief: true });
  } catch {
    notice('copied', `The link is ${roomLink(room)}`, { tone: 'plain' });
  }
}

function showEnded(title, text) {
  page = null;
  show('ended');
  $('ended-title').textContent = title;
  $('ended-text').textContent = text;
  $('ended-again').onclick = () => location.reload();
  $('ended-again').focus();
}

let page = null;

async function enterRoom(room, query) {
  if (!isRoomName(room)) return showEnded('There is no such room', 'A room name holds only letters, digits, “-” and “_”, at most 64.');
  if (!globalThis.RTCPeerConnection) return showEnded('This browser cannot make calls', 'Calls need WebRTC. Chromium and Firefox have it.');
  const media = new LocalMedia();
  const auto = query.get('auto') === '1';
  const begun = performance.now();
  let devicesReady = begun;
  const opened = media.open({ mic: query.get('mic') !== '0', camera: query.get('camera') !== '0' })
    .then(() => { devicesReady = performance.now(); });
  let name = query.get('name') ?? rememberedName();
  if (!auto) name = await showLobby({ room, media });
  const clicked = auto ? begun : performance.now();
  await opened;
  const relayOnly = query.get('relay') === '1';
  page = new CallPage({ name: name.slice(0, 64), room, media, clicked, devicesReady, relayOnly });
}

function start() {
  bindKeys();
  bindDoctor({ knownServers: () => page?.iceServers ?? null });
  addEventListener('pagehide', () => page?.leave());
  const room = /^\/r\/([^/]*)\/?$/.exec(location.pathname);
  if (!room) return showStart();
  enterRoom(decodeURIComponent(room[1]), new URLSearchParams(location.search));
}

// --- window.tidewire: for tests and the curious -----------------------------------------------------------------------

function describe(call) {
  const { id, name } = call.peer;
  return {
    id, name, state: call.state, timeline: call.timeline.toJSON(), chat_ready: call.chatReady,
    mic: call.remote.mic, camera: call.remote.camera, paused: call.paused, failure: call.failure,
  };
}

const at = (index) => page?.calls[index];

window.tidewire = Object.freeze({
  get state() { return page ? { id: page.id, room: page.roomName, online: page.online, mic: page.media.mic, camera: page.media.camera, file: page.media.file } : null; },
  get peers() { return page ? page.calls.map(describe) : []; },
  get messages() { return page ? [...page.messages] : []; },
  timeline: (index = 0) => at(index)?.timeline.toJSON() ?? null,
  stats: async (index = 0) => (await at(index)?.stats()) ?? null,
  failure: (index = 0) => at(index)?.failure ?? null,
  checkNetwork,
  localCandidates: (index = 0) => at(index)?.localCandidates ?? [],
  send: (text) => page?.say(String(text)) ?? 0,

  // The picture of a person right now as ImageData, or null when there is none yet.
  frame(index = 0) {
    const video = page && at(index) && page.video(at(index));
    if (!video?.videoWidth) return null;
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(video, 0, 0);
    return context.getImageData(0, 0, canvas.width, canvas.height);
  },

  // The MediaStream with the sound of a person, for WebAudio.
  sound: (index = 0) => (page && at(index) && page.audio(at(index))?.srcObject) ?? null,
});

start();
