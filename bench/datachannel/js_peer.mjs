// What `tidewire bench datachannel --json` measures, for the WebRTC of Node: @roamhq/wrtc (libwebrtc) and werift.
//
// usage: node js_peer.mjs wrtc|werift [--size BYTES] [--duration SECONDS] [--processes 1|2]

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const kPing = 100;
const kWarmUp = 1; // seconds

// How full the buffer of the sending channel is kept, and how the program learns that there is room. wrtc's event does
// not come, so it is asked each millisecond; werift becomes slower by much with more in its buffer.
const PEERS = {
  wrtc: { load: async () => (await import('@roamhq/wrtc')).default.RTCPeerConnection, highWater: 2 << 20 },
  werift: { load: async () => (await import('werift')).RTCPeerConnection, highWater: 256 << 10 },
};

const [name, ...rest] = process.argv.slice(2);
const flag = (key, other) => (rest.includes(key) ? rest[rest.indexOf(key) + 1] : other);
const size = Number(flag('--size', 65536));
const duration = Number(flag('--duration', 10));
const processes = Number(flag('--processes', 2));

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const cpuSeconds = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1e6; };
const microseconds = () => performance.now() * 1000;

// `wire`: {send(object), receive: set by this}. Descriptions and candidates go over it.
async function connect(wire) {
  const RTCPeerConnection = await PEERS[name].load();
  const connection = new RTCPeerConnection({ iceServers: [] });
  connection.onicecandidate = ({ candidate }) => {
    if (candidate) wire.send({ candidate: { candidate: candidate.candidate, sdpMid: candidate.sdpMid, sdpMLineIndex: candidate.sdpMLineIndex } });
  };
  const early = [];
  wire.negotiate = async (message) => {
    if (message.candidate) {
      if (!connection.remoteDescription) early.push(message.candidate);
      else await connection.addIceCandidate(message.candidate);
      return;
    }
    await connection.setRemoteDescription(message.description);
    for (const candidate of early.splice(0)) await connection.addIceCandidate(candidate);
    if (message.description.type === 'offer') await describe(connection, wire, await connection.createAnswer());
  };
  return connection;
}

async function describe(connection, wire, description) {
  await connection.setLocalDescription(description);
  const { type, sdp } = connection.localDescription;
  wire.send({ description: { type, sdp } });
}

async function answer(wire) {
  let bytes = 0;
  const connection = await connect(wire);
  connection.ondatachannel = ({ channel }) => {
    channel.binaryType = 'arraybuffer';
    channel.onmessage = channel.label === 'ping'
      ? ({ data }) => channel.send(data)
      : ({ data }) => { bytes += data.byteLength; };
  };
  wire.receive = (message) => {
    if (message.ask) wire.send({ figures: { bytes, cpu: cpuSeconds(), now: microseconds() } });
    else wire.negotiate(message);
  };
  wire.send({ ready: true });
}

function percentiles(sample) {
  sample.sort((a, b) => a - b);
  const at = (percent) => sample[Math.floor((sample.length - 1) * percent / 100)] ?? null;
  return { p50: at(50), p99: at(99) };
}

function pings(channel, seconds) {
  const payload = Buffer.alloc(kPing, 0x50);
  const sample = [];
  const end = microseconds() + seconds * 1e6;
  return new Promise((resolve) => {
    let sent;
    const ping = () => { sent = microseconds(); channel.send(payload); };
    // A peer that is drowning may never answer: what there is then counts.
    const late = setTimeout(() => resolve(percentiles(sample.length ? sample : [microseconds() - sent])), seconds * 1000 + 10_000);
    channel.onmessage = () => {
      sample.push(microseconds() - sent);
      if (microseconds() < end) return ping();
      clearTimeout(late);
      resolve(percentiles(sample));
    };
    ping();
  });
}

function startTransfer(bulk) {
  const { highWater } = PEERS[name];
  const message = Buffer.alloc(size, 0x5a);
  const fill = () => {
    // Asked once: wrtc asks another thread, which costs more than to send.
    for (let room = highWater - bulk.bufferedAmount; room >= size; room -= size) bulk.send(message);
  };
  bulk.bufferedAmountLowThreshold = highWater / 2;
  if (bulk.bufferedAmountLow) bulk.bufferedAmountLow.subscribe(fill);
  else setInterval(fill, 1);
  fill();
}

async function call(wire) {
  let take;
  let readyToBeCalled;
  const ready = new Promise((resolve) => { readyToBeCalled = resolve; });
  const connection = await connect(wire);
  wire.receive = (message) => {
    if (message.ready) readyToBeCalled();
    else if (message.figures) take({ ...message.figures, cpu: cpuSeconds() + (processes === 2 ? message.figures.cpu : 0) });
    else wire.negotiate(message);
  };
  const figures = () => new Promise((resolve) => { take = resolve; wire.send({ ask: 'figures' }); });
  wire.start();
  await ready;
  const bulk = connection.createDataChannel('bulk');
  const ping = connection.createDataChannel('ping');
  const open = Promise.all([bulk, ping].map((c) => new Promise((resolve) => { c.onopen = resolve; })));
  await describe(connection, wire, await connection.createOffer());
  await open;
  const idle = await pings(ping, duration / 4);
  startTransfer(bulk);
  await pause(Math.min(kWarmUp, duration));
  const begin = await figures();
  await pause(duration);
  const end = await figures();
  const busy = await pings(ping, duration / 4);
  const bytes = end.bytes - begin.bytes;
  if (bytes === 0) throw new Error('nothing arrived in the time of the transfer');
  console.log(JSON.stringify({ size, processes, duration_s: duration, goodput_mbps: bytes * 8 / (end.now - begin.now),
    cpu_s_per_gib: (end.cpu - begin.cpu) / (bytes / 2 ** 30), rtt_us: idle, rtt_busy_us: busy }));
}

function wireInProcess() {
  const here = {};
  const there = {};
  here.send = (message) => setImmediate(() => there.receive(message));
  there.send = (message) => setImmediate(() => here.receive(message));
  here.start = () => answer(there);
  return here;
}

function wireToProcess() {
  const child = fork(fileURLToPath(import.meta.url), process.argv.slice(2), { env: { ...process.env, ANSWERS: '1' } });
  const wire = { send: (message) => child.send(message), start() {} };
  child.on('message', (message) => wire.receive(message));
  child.on('exit', () => { console.error('the other process has ended'); process.exit(1); });
  return wire;
}

process.on('unhandledRejection', (error) => { console.error(error); process.exit(1); });
if (process.env.ANSWERS) {
  const wire = { send: (message) => process.send(message) };
  process.on('message', (message) => wire.receive(message));
  process.on('disconnect', () => process.exit(0));
  await answer(wire);
} else {
  await call(processes === 2 ? wireToProcess() : wireInProcess());
  process.exit(0);
}
