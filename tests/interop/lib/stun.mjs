// Just enough of STUN (RFC 8489) and TURN (RFC 8656) to ask a server what no well-behaved client would ask.

import { createHash, createHmac, randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import net from 'node:net';

export const METHOD = { binding: 0x001, allocate: 0x003, refresh: 0x004, send: 0x006, createPermission: 0x008 };
export const ATTRIBUTE = {
  username: 0x0006, integrity: 0x0008, error: 0x0009, data: 0x0013, xorPeer: 0x0012, realm: 0x0014, nonce: 0x0015, xorRelayed: 0x0016,
  transport: 0x0019, lifetime: 0x000d, xorMapped: 0x0020,
};
const kCookie = Buffer.from([0x21, 0x12, 0xa4, 0x42]);
const kHeader = 20;
const kIntegrity = 24; // with its header

export const kUdp = Buffer.from([17, 0, 0, 0]); // of REQUESTED-TRANSPORT (RFC 8656 §18.6)

// A request; `attributes` is a list of [type, value]. `key`: signs it (RFC 8489 §14.5).
export function request(method, attributes = [], { key, transaction = randomBytes(12) } = {}) {
  const parts = attributes.map(([type, value]) => {
    const bytes = Buffer.from(value);
    const head = Buffer.alloc(4);
    head.writeUInt16BE(type);
    head.writeUInt16BE(bytes.length, 2);
    return Buffer.concat([head, bytes, Buffer.alloc(-bytes.length & 3)]);
  });
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(kHeader);
  head.writeUInt16BE((method & 0xf) | (method & 0x70) << 1 | (method & 0xf80) << 2);
  head.writeUInt16BE(body.length + (key ? kIntegrity : 0), 2);
  kCookie.copy(head, 4);
  transaction.copy(head, 8);
  const unsigned = Buffer.concat([head, body]);
  if (!key) return unsigned;
  const tag = createHmac('sha1', key).update(unsigned).digest();
  return Buffer.concat([unsigned, Buffer.from([0, ATTRIBUTE.integrity, 0, 20]), tag]);
}

// {success, error, attributes: Map of the first of each type}. null if it is no answer.
export function parse(message) {
  if (message.length < kHeader || !message.subarray(4, 8).equals(kCookie)) return null;
  const kind = message.readUInt16BE() & 0x0110;
  if (kind !== 0x0100 && kind !== 0x0110) return null;
  const attributes = new Map();
  for (let at = kHeader; at + 4 <= message.length;) {
    const size = message.readUInt16BE(at + 2);
    const type = message.readUInt16BE(at);
    if (!attributes.has(type)) attributes.set(type, message.subarray(at + 4, at + 4 + size));
    at += 4 + ((size + 3) & ~3);
  }
  const code = attributes.get(ATTRIBUTE.error);
  return { success: kind === 0x0100, error: code ? code[2] * 100 + code[3] : 0, attributes, transaction: message.subarray(8, 20) };
}

// One request over UDP: its answer, or null after `timeout` ms. `socket` is used and stays open if one is given.
export async function askUdp({ host, port }, message, { timeout = 2000, socket: given } = {}) {
  const socket = given ?? dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    return await new Promise((resolve) => {
      const done = (bytes) => {
        clearTimeout(timer);
        socket.off('message', heard);
        resolve(bytes);
      };
      // Not the late answer to an earlier one.
      const heard = (bytes) => { if (parse(bytes)?.transaction.equals(message.subarray(8, 20))) done(bytes); };
      const timer = setTimeout(() => done(null), timeout);
      socket.on('message', heard);
      socket.send(message, port, host);
    });
  } finally {
    if (!given) socket.close();
  }
}

// Asks for a relay as a client does: once for the challenge, once with the credentials (RFC 8489 §9.2). The parsed answer.
// `ask` sends one message and resolves to the answer.
export async function allocate(ask, username, password) {
  const wanted = [[ATTRIBUTE.transport, kUdp]];
  const challenge = parse(await ask(request(METHOD.allocate, wanted)));
  if (challenge?.error !== 401) return challenge;
  const realm = challenge.attributes.get(ATTRIBUTE.realm);
  const nonce = challenge.attributes.get(ATTRIBUTE.nonce);
  const key = createHash('md5').update(`${username}:${realm}:${password}`).digest();
  const signed = [...wanted, [ATTRIBUTE.username, username], [ATTRIBUTE.realm, realm], [ATTRIBUTE.nonce, nonce]];
  const answer = parse(await ask(request(METHOD.allocate, signed, { key })));
  return answer && Object.assign(answer, { key, realm, nonce });
}

// A further request of who has an allocation, `relay` being what allocate() gave.
export function signed(relay, method, username, attributes) {
  const { key, realm, nonce } = relay;
  return request(method, [...attributes, [ATTRIBUTE.username, username], [ATTRIBUTE.realm, realm], [ATTRIBUTE.nonce, nonce]], { key });
}

// An IPv4 address as XOR-PEER-ADDRESS has it (RFC 8489 §14.2).
export function xorAddress(ip, port) {
  const value = Buffer.from([0, 1, port >> 8, port & 0xff, ...ip.split('.').map(Number)]);
  [...kCookie.subarray(0, 2), ...kCookie].forEach((byte, i) => { value[i + 2] ^= byte; });
  return value;
}

// Data for a peer, which nobody answers (RFC 8656 §11.1).
export function sendIndication(peer, data) {
  const message = request(METHOD.send, [[ATTRIBUTE.xorPeer, peer], [ATTRIBUTE.data, data]]);
  message[1] |= 0x10;
  return message;
}

// RFC 8656's predecessors' "TURN REST": {username, password} that end after `seconds`.
export function minted(secret, name, seconds = 600) {
  const username = `${Math.floor(Date.now() / 1000) + seconds}:${name}`;
  return { username, password: createHmac('sha1', secret).update(username).digest('base64') };
}

// A TCP connection on which whole STUN messages are answers. {ask, write, socket, closed}
export async function connectTcp({ host, port }, connect = (options) => net.connect(options)) {
  const socket = connect({ host, port });
  await new Promise((resolve, reject) => {
    socket.once(socket.encrypted === undefined ? 'connect' : 'secureConnect', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => {});
  socket.setNoDelay(true);
  let buffered = Buffer.alloc(0);
  const waiting = [];
  const arrived = [];
  socket.on('data', (bytes) => {
    buffered = Buffer.concat([buffered, bytes]);
    while (buffered.length >= kHeader) {
      const size = kHeader + buffered.readUInt16BE(2); // requests are answered by STUN messages only
      if (buffered.length < size) break;
      const message = buffered.subarray(0, size);
      buffered = buffered.subarray(size);
      (waiting.shift() ?? ((one) => arrived.push(one)))(message);
    }
  });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  closed.then(() => { for (const tell of waiting.splice(0)) tell(null); });
  // The next message that comes; null if none does.
  const next = (timeout = 2000) => arrived.shift() ?? new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), timeout);
    waiting.push((message) => { clearTimeout(timer); resolve(message); });
  });
  return { socket, closed, next, write: (bytes) => socket.write(bytes), ask: (bytes) => { socket.write(bytes); return next(); } };
}
