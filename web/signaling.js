// The WebSocket to the Tidewire server: joins a room, passes messages, and comes back when the server was gone.
// The protocol is docs/signaling.md; §5 is about coming back.
//
// Events: 'message' (detail: the server's message), 'down' (the connection broke; a call does not need it), 'refused'
// ({text}: the server said no, or the very first attempt failed; there will be no other).

const kVersion = 1;
const kFirstRetry = 500; // ms, doubled up to kLongestRetry
const kLongestRetry = 10_000;
const kConnectTimeout = 10_000;

// These end the connection and would only be said again (docs/signaling.md §4).
const FINAL = new Set(['unsupported_version', 'room_full', 'server_full', 'replaced']);

function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}

export class Signaling extends EventTarget {
  #url;
  #room;
  #name;
  #key = randomKey(); // one per page load: the same key gets the same id back
  #socket = null;
  #joined = false;
  #everJoined = false;
  #closed = false;
  #retry = kFirstRetry;
  #timer = 0;

  constructor({ room, name, url = new URL('/ws', location.href) }) {
    super();
    this.#room = room;
    this.#name = name;
    this.#url = new URL(url);
    this.#url.protocol = this.#url.protocol.replace('http', 'ws'); // https becomes wss
    this.#url.search = this.#url.hash = '';
  }

  get joined() { return this.#joined; }

  connect() {
    clearTimeout(this.#timer);
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#timer = setTimeout(() => socket.close(), kConnectTimeout);
    socket.onopen = () => this.#write({ type: 'join', version: kVersion, room: this.#room, name: this.#name, key: this.#key });
    socket.onmessage = ({ data }) => { if (socket === this.#socket) this.#onMessage(data); };
    socket.onclose = () => { if (socket === this.#socket) this.#onClose(); };
  }

  // False when the message could not go out: the server is gone at the moment.
  send(message) {
    if (!this.#joined) return false;
    this.#write(message);
    return true;
  }

  // Tries again now instead of after the pause.
  retryNow() {
    if (!this.#closed && !this.#socket) this.connect();
  }

  close() {
    this.#closed = true;
    this.#joined = false;
    clearTimeout(this.#timer);
    this.#socket?.close(1000);
    this.#socket = null;
  }

  #write(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #onMessage(data) {
    let message;
    try { message = JSON.parse(data); } catch { return; }
    if (typeof message?.type !== 'string') return;
    if (message.type === 'joined') {
      clearTimeout(this.#timer);
      this.#joined = this.#everJoined = true;
      this.#retry = kFirstRetry;
    } else if (message.type === 'error' && (FINAL.has(message.code) || !this.#joined)) {
      return this.#refuse(String(message.message ?? message.code));
    }
    this.#emit('message', message);
  }

  #onClose() {
    clearTimeout(this.#timer);
    this.#socket = null;
    this.#joined = false;
    if (this.#closed) return;
    if (!this.#everJoined) return this.#refuse('The server does not answer. Is it running?');
    this.#emit('down', {});
    this.#timer = setTimeout(() => this.connect(), this.#retry);
    this.#retry = Math.min(this.#retry * 2, kLongestRetry);
  }

  #refuse(text) {
    this.close();
    this.#emit('refused', { text });
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
