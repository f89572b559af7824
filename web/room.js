// A room: the people the server knows to be there, and one Call with each of them (a mesh).
//
// Calls outlive the server. When it comes back, its list is compared with the calls that still live (docs/signaling.md
// §5), so nobody is called twice.
//
// Events: 'joined' (also after coming back), 'down', 'refused' ({text}), 'call' ({call}: somebody new), 'ended' ({call,
// text}: that call is over), 'change' (anything about any call).

import { Call } from './call.js';
import { Signaling } from './signaling.js';
import { Timeline } from './timeline.js';

const kMaxName = 40; // shown characters; the protocol allows more

export class Room extends EventTarget {
  #signaling;
  #media;
  #clicked;          // performance.now() of the click on "Join"
  #devicesReady;
  #people = new Map(); // id → name
  #iceServers = [];
  #relayOnly;
  #present = new Set(); // ids the server lists now
  calls = new Map();   // id → Call
  id = '';
  online = false;

  constructor({ name, room, media, clicked, devicesReady, relayOnly = false }) {
    super();
    this.#media = media;
    this.#relayOnly = relayOnly;
    this.#clicked = clicked;
    this.#devicesReady = devicesReady;
    this.#signaling = new Signaling({ room, name });
    this.#signaling.addEventListener('message', ({ detail }) => this.#onMessage(detail));
    this.#signaling.addEventListener('down', () => { this.online = false; this.#emit('down'); this.#emit('change'); });
    this.#signaling.addEventListener('refused', ({ detail }) => { this.online = false; this.#emit('refused', detail); });
    this.#media.addEventListener('change', this.#onMedia);
    globalThis.addEventListener('online', this.#onNetwork);
  }

  get iceServers() { return this.#iceServers; }

  join() { this.#signaling.connect(); }

  // Sends to everyone; returns how many could be reached.
  sendChat(text) {
    return [...this.calls.values()].filter((call) => call.sendChat(text)).length;
  }

  leave() {
    this.#media.removeEventListener('change', this.#onMedia);
    globalThis.removeEventListener('online', this.#onNetwork);
    for (const call of this.calls.values()) {
      this.#signaling.send({ type: 'bye', to: call.peer.id, reason: 'hung up' });
      call.hangUp();
    }
    this.calls.clear();
    this.#signaling.close();
  }

  #onMedia = () => { for (const call of this.calls.values()) call.syncMedia(); };
  #onNetwork = () => this.#signaling.retryNow();

  #emit(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #onMessage(message) {
    switch (message.type) {
      case 'joined': return this.#onJoined(message);
      case 'peer_joined': return this.#onPeerJoined(message.peer);
      case 'peer_left': return this.#onPeerLeft(message);
      case 'description':
      case 'candidate': return this.#relay(message);
      case 'bye': return this.#end(this.calls.get(message.from), 'hung up');
      default: // errors that do not end the connection, and what a newer server may say: nothing to do
    }
  }

  #onJoined({ id, peers, ice_servers: iceServers }) {
    this.id = id;
    this.online = true;
    this.#iceServers = iceServers ?? [];
    this.#present = new Set(peers.map((p) => p.id));
    for (const peer of peers) {
      this.#know(peer);
      const call = this.calls.get(peer.id);
      if (call) call.resume();
      else this.#open(peer.id, { caller: true, since: this.#clicked }).start();
    }
    this.#emit('joined');
    this.#emit('change');
  }

  #onPeerJoined(peer) {
    this.#know(peer);
    this.#present.add(peer.id);
    if (!this.calls.has(peer.id)) this.#open(peer.id, { caller: false, since: performance.now() });
  }

  #onPeerLeft({ id, reason }) {
    this.#present.delete(id);
    const call = this.calls.get(id);
    // "lost" speaks of its connection to the server: the call may well be alive, and says itself when it is not.
    if (reason === 'left' || (call && call.state !== 'connected')) this.#end(call, 'left');
  }

  #relay({ from, description, candidate }) {
    if (!this.calls.has(from)) {
      if (description?.type !== 'offer' || !this.#people.has(from)) return; // the rest of a call that is over
      this.#open(from, { caller: false, since: performance.now() });
    }
    this.calls.get(from).receive({ description, candidate });
  }

  #know({ id, name }) {
    const shown = [...String(name ?? '').trim()].slice(0, kMaxName).join('');
    this.#people.set(id, shown || 'Somebody');
  }

  #open(id, { caller, since }) {
    const timeline = new Timeline(since);
    timeline.mark('devices_ready', Math.max(since, this.#devicesReady));
    const call = new Call({
      peer: { id, name: this.#people.get(id) },
      caller,
      polite: this.id < id, // docs/signaling.md §2
      iceServers: this.#iceServers,
      relayOnly: this.#relayOnly,
      media: this.#media,
      timeline,
      signal: (payload) => this.#signal(id, payload),
    });
    this.calls.set(id, call);
    call.addEventListener('ended', () => this.#end(call, 'left'));
    call.addEventListener('change', () => this.#onCallChange(call));
    this.#emit('call', { call });
    this.#emit('change');
    return call;
  }

  #signal(to, { description, candidate }) {
    if (description) {
      this.#signaling.send({ type: 'description', to, description: { type: description.type, sdp: description.sdp } });
    } else if (candidate) {
      this.#signaling.send({ type: 'candidate', to, candidate: candidate.toJSON() });
    }
  }

  #onCallChange(call) {
    // Failed, and the server does not list it either: nobody is left who could repair it.
    if (call.state === 'failed' && this.online && !this.#present.has(call.peer.id)) this.#end(call, 'was lost');
    this.#emit('change');
  }

  #end(call, how) {
    if (!call || this.calls.get(call.peer.id) !== call) return;
    this.calls.delete(call.peer.id);
    call.close();
    this.#emit('ended', { call, text: `${call.peer.name} ${how}.` });
    this.#emit('change');
  }
}
