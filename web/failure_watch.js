// Watches one RTCPeerConnection and says why it failed (diagnosis.js).
//
// Browsers forget: pairs that failed leave getStats() before the connection gives up, so they are read while it tries.
// And browsers wait: Chromium without any pair stays "checking", and none gives up on DTLS. This does, after a while; the
// connection goes on trying, and `failure` is taken back when it succeeds.
//
// Events: 'change' (`failure` is another: an object, or null).

import { diagnose, kNoAnswer, wasChecked } from './diagnosis.js';

const kEvery = 1000;           // ms between two readings while there is no connection
const kPathPatience = 20_000;  // ms from both descriptions to "no path"
const kNothingPatience = 3000; // ms, when this side has no candidate at all
const kDtlsPatience = 30_000;  // ms from a path to "no DTLS", as native peers have it
const kMaxServerErrors = 16;

const CONNECTED = ['connected', 'completed'];

export class FailureWatch extends EventTarget {
  #pc;
  #iceServers;
  #relayOnly;
  #pairs = new Map();      // id → newest candidate-pair entry
  #candidates = { local: new Map(), remote: new Map() }; // id → entry
  #remote = '';            // address of the selected remote candidate, as far as the browser tells
  #serverErrors = [];
  #timer = 0;
  #began = 0;              // performance.now() of the attempt that goes on
  #pathAt = 0;             // when ICE connected in it
  #stood = false;          // was connected once
  #silentAt = 0;           // when the peer stopped answering
  #dtlsError = null;
  #dtlsState = '';
  #settled = false;        // this attempt has been judged
  #again = false;          // an earlier attempt was judged
  failure = null;

  constructor(pc, { iceServers = [], relayOnly = false } = {}) {
    super();
    this.#pc = pc;
    this.#iceServers = iceServers;
    this.#relayOnly = relayOnly;
    pc.addEventListener('icecandidateerror', (event) => this.#onServerError(event));
    pc.addEventListener('signalingstatechange', () => this.#onSignaling());
    pc.addEventListener('iceconnectionstatechange', () => this.#onIce());
    pc.addEventListener('connectionstatechange', () => this.#onConnection());
  }

  // DTLS told why it broke: an RTCError.
  noteDtlsError(error) { this.#dtlsError = error; }

  close() { clearInterval(this.#timer); }

  #onServerError({ address, port, url, errorCode, errorText }) {
    if (this.#serverErrors.length >= kMaxServerErrors) return;
    const text = errorText || (errorCode === kNoAnswer ? 'it did not answer' : '');
    const own = address ? `${address}:${port ?? 0}` : '';
    const error = { address: own, url: url ?? '', error_code: errorCode ?? 0, error_text: text };
    const same = (e) => e.url === error.url && e.error_code === error.error_code && e.address === error.address;
    if (!this.#serverErrors.some(same)) this.#serverErrors.push(error);
  }

  #onSignaling() {
    if (this.#pc.signalingState === 'closed') return this.close();
    // Both descriptions are there: from now on it is the network's turn.
    if (this.#pc.signalingState === 'stable' && !CONNECTED.includes(this.#pc.iceConnectionState)) this.#begin();
  }

  #begin() {
    if (this.#pc.connectionState === 'closed') return;
    clearInterval(this.#timer);
    this.#began = performance.now();
    this.#pathAt = 0;
    this.#timer = setInterval(() => this.#look(), kEvery);
    // A new attempt has new pairs. The other side may begin it before this one has judged the last: then they go together.
    if (this.#settled) this.#pairs.clear();
    this.#again ||= this.#settled;
    this.#settled = false;
    this.#read();
  }

  #onIce() {
    const state = this.#pc.iceConnectionState;
    if (CONNECTED.includes(state)) this.#pathAt ||= performance.now();
    else this.#pathAt = 0;
    if (state === 'disconnected') this.#silentAt ||= performance.now();
    if (state === 'failed') this.#onFailed(); // connectionState follows, in some browsers later
  }

  #onConnection() {
    switch (this.#pc.connectionState) {
      case 'connected':
        this.#stood = true;
        this.#settled = false;
        this.#silentAt = 0;
        this.close();
        this.#read(); // for the address of the peer
        this.#set(null);
        break;
      case 'failed': this.#onFailed(); break;
      case 'closed': this.close(); break;
    }
  }

  #onFailed() {
    if (!this.#again || performance.now() - this.#began >= kEvery) this.#judge();
  }

  // Chromium may call a new attempt failed as it begins, before it has sent a check: that is the last one's end. #look
  // comes back to it, until patience ends.
  #judge() {
    if (!this.#again || [...this.#pairs.values()].some(wasChecked)) this.#settle();
  }

  async #look() {
    await this.#read();
    if (this.#settled || this.#pc.connectionState === 'closed') return;
    if ([this.#pc.iceConnectionState, this.#pc.connectionState].includes('failed')) this.#judge();
    const since = performance.now() - (this.#pathAt || this.#began);
    const patience = this.#pathAt ? kDtlsPatience : this.#hasNothing() ? kNothingPatience : kPathPatience;
    if (since >= patience) this.#settle();
  }

  // Without a candidate of its own nothing can come, so there is no need to wait for it.
  #hasNothing() {
    return this.#pc.iceGatheringState === 'complete' && this.#candidates.local.size === 0
      && !/^a=candidate:/m.test(this.#pc.localDescription?.sdp ?? '');
  }

  async #read() {
    let reports;
    try { reports = [...(await this.#pc.getStats()).values()]; } catch { return; } // it was closed
    const byId = new Map(reports.map((r) => [r.id, r]));
    for (const report of reports) {
      if (report.type === 'candidate-pair') this.#pairs.set(report.id, report);
      const side = { 'local-candidate': 'local', 'remote-candidate': 'remote' }[report.type];
      if (side) this.#candidates[side].set(report.id, report);
    }
    this.#dtlsState = reports.find((r) => r.type === 'transport')?.dtlsState ?? '';
    const transport = reports.find((r) => r.type === 'transport' && r.selectedCandidatePairId);
    const pair = byId.get(transport?.selectedCandidatePairId) ?? reports.find((r) => r.type === 'candidate-pair' && r.selected);
    const remote = byId.get(pair?.remoteCandidateId);
    const known = remote?.address && !/redacted/.test(remote.address);
    if (known) this.#remote = `${remote.address.includes(':') ? `[${remote.address}]` : remote.address}:${remote.port}`;
  }

  async #settle() {
    if (this.#settled) return;
    this.#settled = true;
    await this.#read();
    const dtls = await this.#dtls();
    if (['connected', 'closed'].includes(this.#pc.connectionState)) return;
    this.#set(diagnose({
      localSdp: this.#pc.localDescription?.sdp,
      remoteSdp: this.#pc.remoteDescription?.sdp,
      pairs: [...this.#pairs.values()],
      candidates: { local: [...this.#candidates.local.values()], remote: [...this.#candidates.remote.values()] },
      serverErrors: this.#serverErrors,
      iceServers: this.#iceServers,
      relayOnly: this.#relayOnly,
      lost: this.#stood && !dtls ? this.#silence() : null,
      dtls,
    }));
  }

  #silence() {
    const who = this.#remote ? `the peer at ${this.#remote}` : 'the peer';
    const seconds = this.#silentAt ? Math.round((performance.now() - this.#silentAt) / 1000) : 0;
    return `${who} has not answered${seconds > 1 ? ` for ${seconds} s` : ''}`;
  }

  // There is a path. Firefox may call ICE failed as soon as DTLS is.
  #hasPath() {
    if (CONNECTED.includes(this.#pc.iceConnectionState)) return true;
    return !this.#stood && this.#dtlsState === 'failed' && [...this.#pairs.values()].some((pair) => pair.state === 'succeeded');
  }

  // Only when there is a path: without one, DTLS had no chance.
  async #dtls() {
    if (!this.#hasPath()) return null;
    if (this.#pc.connectionState !== 'failed') {
      const seconds = Math.round((performance.now() - this.#pathAt) / 1000);
      return { kind: 'timeout', reason: `DTLS timeout: no answer from the peer for ${seconds} s` };
    }
    const mismatch = await this.#mismatch();
    if (mismatch) return { kind: 'fingerprint', reason: mismatch };
    const detail = this.#dtlsError?.message ? `: ${this.#dtlsError.message}`
      : '; this browser does not say why, which most often means that the certificate is not the one that the description names';
    return { kind: 'failed', reason: `the DTLS handshake failed${detail}` };
  }

  // Who answered is not who the description names. Browsers show the certificate (Chromium) or name the error.
  async #mismatch() {
    const promised = [...(this.#pc.remoteDescription?.sdp ?? '').matchAll(/^a=fingerprint:(\S+) (\S+)/gm)]
      .map(([, algorithm, value]) => `${algorithm.toLowerCase()} ${value.toUpperCase()}`);
    let reports = [];
    try { reports = [...(await this.#pc.getStats()).values()]; } catch { /* closed: then there is nothing to see */ }
    const transport = reports.find((r) => r.type === 'transport');
    const shown = reports.find((r) => r.type === 'certificate' && r.id === transport?.remoteCertificateId);
    if (shown) {
      const actual = `${String(shown.fingerprintAlgorithm).toLowerCase()} ${String(shown.fingerprint).toUpperCase()}`;
      const comparable = promised.filter((p) => p.startsWith(actual.split(' ')[0]));
      if (comparable.length && !comparable.includes(actual)) return sayMismatch(actual, comparable[0]);
    }
    return this.#dtlsError?.errorDetail === 'fingerprint-failure' ? sayMismatch('another', promised[0] ?? 'none') : null;
  }

  #set(failure) {
    if (failure === this.failure) return;
    this.failure = failure;
    this.dispatchEvent(new Event('change'));
  }
}

const sayMismatch = (actual, promised) =>
  `fingerprint mismatch: the peer's certificate has ${actual}, but the session description promised ${promised}`;
