// One call with one other person: an RTCPeerConnection with its two data channels.
//
// Negotiation is "perfect negotiation" (W3C webrtc-pc §10.7): either side may start one at any time; when both do at
// once, the polite side gives way. The newcomer calls: it makes the first offer and creates both data channels.
//
// Events: 'change' (state, remote microphone or camera), 'media' (a remote track came), 'chat' ({text}), 'problem'
// ({text}: a sentence for the person), 'failure' (`failure` is another: why there is no connection, or null), 'ended' (the
// other side hung up), 'reading' (there are new figures).

import { FailureWatch } from './failure_watch.js';
import { usable } from './ice_servers.js';
import { PictureWatch } from './quality.js';
import { StatsMeter } from './stats.js';

const KINDS = ['audio', 'video'];
const TRANSPORT_STEPS = ['ice_connected', 'dtls_connected', 'data_channel_open'];
const kMaxChatLength = 4000;
const kMaxSentence = 200;
const kFirstAudioPoll = 20; // ms; only until the first packet

export class Call extends EventTarget {
  #pc;
  #signal;       // ({description} or {candidate}) => void, to this peer
  #media;        // LocalMedia
  #caller;
  #polite;
  #makingOffer = false;
  #ignoreOffer = false;
  #settingRemoteAnswer = false;
  #chat = null;
  #control = null;
  #meter;
  #pageMeter;    // one's readings do not shorten what the other one's rates are of
  #watch;
  #dtls = null;  // the RTCDtlsTransport that is watched
  #audioPoll = 0;
  #closed = false;
  #picture = new PictureWatch();
  // `limitation`: what the other side says the network does to its picture, {reason, paused, text}, or null.
  remote = { audio: null, video: null, mic: true, camera: true, limitation: null };
  reading = null; // the newest figures of look()

  constructor({ peer, caller, polite, iceServers, relayOnly = false, signal, media, timeline }) {
    super();
    this.peer = peer; // {id, name}
    this.timeline = timeline;
    this.#caller = caller;
    this.#polite = polite;
    this.#signal = signal;
    this.#media = media;
    this.#pc = new RTCPeerConnection({ iceServers: usable(iceServers), iceTransportPolicy: relayOnly ? 'relay' : 'all' });
    this.#watch = new FailureWatch(this.#pc, { iceServers, relayOnly });
    this.#watch.addEventListener('change', () => this.#emit('failure'));
    this.#meter = new StatsMeter(this.#pc);
    this.#pageMeter = new StatsMeter(this.#pc);
    this.#listen();
  }

  // What the person is told: 'waiting' (for the other's offer), 'connecting', 'connected', 'interrupted', 'failed',
  // 'ended'.
  get state() {
    if (this.#closed) return 'ended';
    switch (this.#pc.connectionState) {
      case 'connected': return 'connected';
      case 'disconnected': return 'interrupted';
      case 'failed': return 'failed';
      default: return this.#pc.remoteDescription || this.#caller ? 'connecting' : 'waiting';
    }
  }

  // Why there is no connection (diagnosis.js), or null while there is one or one may still come.
  get failure() { return this.#closed ? null : this.#watch.failure; }
  // There was a connection once.
  get stood() { return this.timeline.has('dtls_connected'); }
  get chatReady() { return this.#chat?.readyState === 'open'; }
  stats() { return this.#meter.read(); }

  // Reads the figures for the page, about once a second.
  async look() {
    this.reading = await this.#pageMeter.read();
    this.#picture.see(this.reading);
    this.#emit('reading');
  }

  // Why there is no new picture although there is a camera, as a clause; empty when all is well.
  get paused() {
    if (this.state !== 'connected' || !this.remote.camera) return '';
    if (this.remote.limitation?.paused) return this.remote.limitation.text || 'video paused';
    return this.#picture.stands ? 'video paused; the sound goes on' : '';
  }
  // Our candidates so far, as they were told to the other side.
  get localCandidates() { return this.#pc.localDescription?.sdp.match(/(?<=a=)candidate:.*/g) ?? []; }

  // Makes the first offer. Sections are always sendrecv, also without a device: turning a camera on later then needs no
  // new negotiation.
  start() {
    this.#adoptChannel(this.#pc.createDataChannel('chat'));
    this.#adoptChannel(this.#pc.createDataChannel('control'));
    for (const kind of KINDS) {
      this.#pc.addTransceiver(this.#media[kind] ?? kind, { direction: 'sendrecv', streams: [this.#media.label] });
    }
  }

  async receive({ description, candidate }) {
    if (this.#closed) return;
    try {
      if (description) await this.#onDescription(description);
      else await this.#onCandidate(candidate);
    } catch (error) {
      if (this.#closed) return;
      this.#emit('problem', { text: `${this.peer.name} sent something that this browser cannot use: ${error.message}` });
    }
  }

  // Puts the present microphone and camera into the connection and tells the other side their state.
  async syncMedia() {
    if (this.#closed) return;
    if (this.#caller || this.#pc.remoteDescription) await this.#attachMedia();
    this.#sendState();
  }

  sendChat(text) {
    if (!this.chatReady) return false;
    this.#chat.send(text.slice(0, kMaxChatLength));
    return true;
  }

  // The server is back. What was said into the void is said again, or the path is made anew, unless all is well.
  resume() {
    if (this.#closed || this.state === 'connected') return;
    if (this.#pc.signalingState === 'have-local-offer') this.#signal({ description: this.#pc.localDescription });
    else if (this.#caller) this.#pc.restartIce();
  }

  hangUp() {
    if (this.#closed) return;
    this.#sendControl({ type: 'bye' });
    this.close();
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#audioPoll);
    this.#watch.close();
    this.#pc.close();
    this.#emit('change');
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #listen() {
    const pc = this.#pc;
    pc.onnegotiationneeded = () => this.#offer();
    pc.onicecandidate = ({ candidate }) => { if (candidate) this.#signal({ candidate }); };
    pc.ontrack = ({ track }) => this.#onTrack(track);
    pc.ondatachannel = ({ channel }) => this.#adoptChannel(channel);
    pc.oniceconnectionstatechange = () => {
      if (['connected', 'completed'].includes(pc.iceConnectionState)) this.#reached('ice_connected');
    };
    pc.onconnectionstatechange = () => {
      if (pc.connectionState === 'connected') this.#reached('dtls_connected');
      // One side asks for the restart, so that the two do not collide.
      if (pc.connectionState === 'failed' && this.#caller) pc.restartIce();
      this.#emit('change');
    };
  }

  // Browsers report some of these states late. What a step rests on has happened at the latest with it.
  #reached(step) {
    for (const each of TRANSPORT_STEPS.slice(0, TRANSPORT_STEPS.indexOf(step) + 1)) this.timeline.mark(each);
  }

  // --- negotiation -------------------------------------------------------------------------------------------------

  async #offer() {
    try {
      this.#makingOffer = true;
      await this.#pc.setLocalDescription();
      this.timeline.mark('offer_created');
      this.#signal({ description: this.#pc.localDescription });
    } catch (error) {
      if (!this.#closed) this.#emit('problem', { text: `The call could not be set up: ${error.message}` });
    } finally {
      this.#makingOffer = false;
    }
  }

  async #onDescription(description) {
    const pc = this.#pc;
    const offer = description.type === 'offer';
    const ready = !this.#makingOffer && (pc.signalingState === 'stable' || this.#settingRemoteAnswer);
    this.#ignoreOffer = offer && !ready && !this.#polite;
    if (this.#ignoreOffer) return;

    this.timeline.mark(offer ? 'offer_received' : 'answer_received');
    this.#settingRemoteAnswer = !offer;
    try {
      await pc.setRemoteDescription(description); // rolls the own offer back when there is one
    } finally {
      this.#settingRemoteAnswer = false;
    }
    if (offer) await this.#answer();
    this.#watchDtls();
    this.#emit('change');
  }

  async #answer() {
    await this.#attachMedia();
    await this.#pc.setLocalDescription();
    this.timeline.mark('answer_created');
    this.#signal({ description: this.#pc.localDescription });
  }

  async #onCandidate(candidate) {
    try {
      await this.#pc.addIceCandidate(candidate ?? undefined);
    } catch (error) {
      if (!this.#ignoreOffer) throw error; // candidates of an offer that was ignored do not fit: that is fine
    }
  }

  // --- media -------------------------------------------------------------------------------------------------------

  #transceiver(kind) {
    return this.#pc.getTransceivers().find((t) => t.receiver.track.kind === kind && t.direction !== 'stopped');
  }

  async #attachMedia() {
    for (const kind of KINDS) {
      const track = this.#media[kind];
      const transceiver = this.#transceiver(kind);
      if (!transceiver) {
        if (track) this.#pc.addTransceiver(track, { direction: 'sendrecv', streams: [this.#media.label] });
        continue;
      }
      if (transceiver.direction !== 'sendrecv') {
        transceiver.direction = 'sendrecv';
        transceiver.sender.setStreams?.(this.#media.label);
      }
      if (transceiver.sender.track !== track) await transceiver.sender.replaceTrack(track);
    }
  }

  #onTrack(track) {
    this.remote[track.kind] = track;
    if (track.kind === 'audio') this.#watchFirstAudio();
    this.#emit('media');
  }

  // There is no event for the first audio packet, so the list of heard sources is read until it is not empty.
  #watchFirstAudio() {
    if (this.timeline.has('first_audio_frame')) return;
    clearInterval(this.#audioPoll);
    this.#audioPoll = setInterval(() => {
      if (!this.#transceiver('audio')?.receiver.getSynchronizationSources().length) return;
      clearInterval(this.#audioPoll);
      this.timeline.mark('first_audio_frame');
    }, kFirstAudioPoll);
  }

  // Called once there is an answer: before it each section has a transport of its own, and bundling closes all but one.
  #watchDtls() {
    const dtls = this.#pc.sctp?.transport ?? this.#pc.getReceivers()[0]?.transport;
    if (!dtls || dtls === this.#dtls) return;
    this.#dtls = dtls;
    dtls.addEventListener('error', ({ error }) => this.#watch.noteDtlsError(error));
    dtls.addEventListener('statechange', () => {
      if (dtls !== this.#dtls) return;
      if (dtls.state === 'connected') this.#reached('dtls_connected');
      // The other side closed it, which it does on leaving: said by the call itself, so true without any server.
      if (dtls.state === 'closed' && !this.#closed) this.#emit('ended');
    });
    if (dtls.state === 'connected') this.#reached('dtls_connected');
  }

  // --- data channels -----------------------------------------------------------------------------------------------

  #adoptChannel(channel) {
    if (channel.label === 'chat') {
      this.#chat = channel;
      channel.onopen = () => { this.#reached('data_channel_open'); this.#emit('change'); };
      channel.onclose = () => this.#emit('change');
      channel.onmessage = ({ data }) => {
        if (typeof data === 'string') this.#emit('chat', { text: data.slice(0, kMaxChatLength) });
      };
    } else if (channel.label === 'control') {
      this.#control = channel;
      channel.onopen = () => this.#sendState();
      channel.onmessage = ({ data }) => this.#onControl(data);
    }
    // Any other channel belongs to a newer page or another program: leave it alone.
    if (channel.readyState === 'open') channel.onopen?.();
  }

  #sendControl(message) {
    if (this.#control?.readyState === 'open') this.#control.send(JSON.stringify(message));
  }

  #sendState() {
    this.#sendControl({ type: 'state', mic: this.#media.mic, camera: this.#media.camera });
  }

  #onControl(data) {
    let message;
    try { message = JSON.parse(data); } catch { return; } // not for us: ignore
    if (message?.type === 'state') {
      this.remote.mic = message.mic !== false;
      this.remote.camera = message.camera !== false;
      this.#emit('change');
    } else if (message?.type === 'limitation') {
      const { reason, paused, text } = message;
      this.remote.limitation = { reason: String(reason), paused: paused === true, text: String(text ?? '').slice(0, kMaxSentence) };
      this.#emit('change');
    } else if (message?.type === 'ping') {
      this.#sendControl({ type: 'pong', id: message.id }); // so that a native peer can measure the channel's round trip
    } else if (message?.type === 'bye') {
      this.#emit('ended');
    }
  }
}
