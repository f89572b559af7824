// What tidewire_peer.cc measures, for libwebrtc: @roamhq/wrtc, of ../datachannel's packages. Its RTCVideoSource takes raw
// pictures, its RTCVideoSink gives them. No denoiser, as with Tidewire.
//
// usage: node js_peer.mjs latency|start|send|receive --clip FILE [--bitrate BPS] [--duration SECONDS] [--repeats COUNT]

import { closeSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(new URL('../datachannel/package.json', import.meta.url));
const { RTCPeerConnection, nonstandard: { RTCVideoSink, RTCVideoSource } } = require('@roamhq/wrtc');

// As in clip.h and clip.cc.
const kWidth = 1280;
const kHeight = 720;
const kPictures = 120;
const kPictureSize = kWidth * kHeight * 3 / 2;
const kFrameTime = 1000 / 30;
const kBlock = 32;
const kMidGrey = 125;
const kWarmUp = 3; // seconds, as in report.h

const [what, ...rest] = process.argv.slice(2);
const flag = (key, other) => (rest.includes(key) ? rest[rest.indexOf(key) + 1] : other);
const bitrate = Number(flag('--bitrate', 2_400_000));
const duration = Number(flag('--duration', 10));
const repeats = Number(flag('--repeats', 10));

const emit = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function readClip(path) {
  const file = openSync(path, 'r');
  const pictures = Array.from({ length: kPictures }, () => {
    const data = new Uint8ClampedArray(kPictureSize);
    if (readSync(file, data) !== kPictureSize) throw new Error(`${path} is too short`);
    return data;
  });
  closeSync(file);
  return pictures;
}

function readNumber({ width, height, data }) {
  if (width !== kWidth || height !== kHeight) return undefined;
  let code = 0;
  for (let bit = 0; bit < 16; ++bit) {
    let sum = 0;
    for (let y = kHeight - kBlock / 2 - 4; y < kHeight - kBlock / 2 + 4; ++y) {
      const begin = y * kWidth + bit * kBlock + kBlock / 2 - 4;
      for (let x = begin; x < begin + 8; ++x) sum += data[x];
    }
    code = code << 1 | (sum / 64 > kMidGrey ? 1 : 0);
  }
  const number = code >> 8;
  return (number ^ (code & 0xff)) === 0xff && number < kPictures ? number : undefined;
}

function psnr(data, original) {
  let sum = 0;
  for (let i = 0; i < kWidth * kHeight; ++i) {
    const difference = data[i] - original[i];
    sum += difference * difference;
  }
  return 10 * Math.log10(255 * 255 / Math.max(sum / (kWidth * kHeight), 1e-9));
}

function percentiles(sample) {
  if (!sample.length) throw new Error('no picture has arrived');
  sample.sort((a, b) => a - b);
  const at = (percent) => sample[Math.floor((sample.length - 1) * percent / 100)];
  return { p50: at(50), p95: at(95), count: sample.length };
}

// Opens its shutter thirty times a second until it is told to stop.
function openCamera(clip, beforeShutter = () => {}) {
  const source = new RTCVideoSource({ isScreencast: false, needsDenoising: false });
  const track = source.createTrack();
  const begin = performance.now();
  let count = 0;
  let timer;
  const shoot = () => {
    const number = count++ % kPictures;
    beforeShutter(number);
    source.onFrame({ width: kWidth, height: kHeight, data: clip[number] });
    timer = setTimeout(shoot, Math.max(0, begin + count * kFrameTime - performance.now()));
  };
  shoot();
  return { track, stop() { clearTimeout(timer); track.stop(); } };
}

// The build refuses setParameters(): the rate is told by the answer's parameters, in kilobits.
function withBitrate(sdp) {
  const kilobits = Math.round(bitrate / 1000);
  const rates = ['start', 'min', 'max'].map((which) => `x-google-${which}-bitrate=${kilobits}`).join(';');
  return sdp.replace(/a=rtpmap:(\d+) VP8\/90000\r\n/, (line, type) => `${line}a=fmtp:${type} ${rates}\r\n`);
}

// VP8 and its retransmission, and no other codec.
function onlyVp8(sdp) {
  const vp8 = sdp.match(/a=rtpmap:(\d+) VP8\/90000/)[1];
  const kept = [vp8, sdp.match(new RegExp(`a=fmtp:(\\d+) apt=${vp8}\\r`))?.[1]].filter(Boolean);
  return sdp.replace(/^(m=video \d+ \S+) .*$/m, (line, head) => `${head} ${kept.join(' ')}`)
    .split('\r\n')
    .filter((line) => !/^a=(rtpmap|fmtp|rtcp-fb):\d/.test(line) || kept.includes(line.match(/:(\d+)/)[1]))
    .join('\r\n');
}

function newConnection(onCandidate) {
  const connection = new RTCPeerConnection({ iceServers: [] });
  connection.onicecandidate = ({ candidate }) => {
    if (candidate) onCandidate({ candidate: candidate.candidate, sdpMid: candidate.sdpMid, sdpMLineIndex: candidate.sdpMLineIndex });
  };
  return connection;
}

// Candidates that come before the description they belong to wait for it.
function candidateTaker(connection) {
  const early = [];
  return {
    take(candidate) {
      if (connection.remoteDescription) return connection.addIceCandidate(candidate);
      early.push(candidate);
      return undefined;
    },
    async release() { for (const candidate of early.splice(0)) await connection.addIceCandidate(candidate); },
  };
}

function connectLoopback(track, onFrame) {
  const sender = newConnection((candidate) => toReceiver.take(candidate));
  const receiver = newConnection((candidate) => toSender.take(candidate));
  const toReceiver = candidateTaker(receiver);
  const toSender = candidateTaker(sender);
  let sink;
  receiver.ontrack = (event) => {
    sink = new RTCVideoSink(event.track);
    sink.onframe = ({ frame }) => onFrame(frame);
  };
  sender.addTrack(track);
  return {
    async negotiate() {
      const offer = await sender.createOffer();
      const described = { type: 'offer', sdp: onlyVp8(offer.sdp) };
      await sender.setLocalDescription(described);
      await receiver.setRemoteDescription(described);
      await toReceiver.release();
      const answer = await receiver.createAnswer();
      await receiver.setLocalDescription(answer);
      await sender.setRemoteDescription({ type: 'answer', sdp: withBitrate(answer.sdp) });
      await toSender.release();
    },
    // Milliseconds in the mean, over the whole call.
    async jitterBuffer() {
      const inbound = [...(await receiver.getStats()).values()].find((s) => s.type === 'inbound-rtp');
      return inbound.jitterBufferDelay / inbound.jitterBufferEmittedCount * 1000;
    },
    close() { sink?.stop(); sender.close(); receiver.close(); },
  };
}

async function measureLatency(clip) {
  const captured = new Array(kPictures).fill(0);
  const sample = [];
  let measuring = false;
  const size = {};
  const camera = openCamera(clip, (number) => { captured[number] = performance.now(); });
  const call = connectLoopback(camera.track, (frame) => {
    const now = performance.now();
    Object.assign(size, { width: frame.width, height: frame.height });
    const number = readNumber(frame);
    if (measuring && number !== undefined) sample.push(now - captured[number]);
  });
  await call.negotiate();
  await pause(kWarmUp * 1000);
  measuring = true;
  await pause(duration * 1000);
  emit({ latency_ms: percentiles(sample), jitter_buffer_ms: await call.jitterBuffer(), ...size });
}

async function measureStart(clip) {
  const sample = [];
  for (let i = 0; i < repeats; ++i) {
    const camera = openCamera(clip);
    let seen;
    const first = new Promise((resolve) => { seen = () => resolve(performance.now()); });
    const call = connectLoopback(camera.track, (frame) => { if (readNumber(frame) !== undefined) seen(); });
    await pause(100 + 7 * i); // not in step with the camera
    const begin = performance.now();
    await call.negotiate();
    sample.push(await first - begin);
    call.close();
    camera.stop();
  }
  emit({ start_ms: percentiles(sample) });
}

async function figures(connection) {
  const kind = what === 'send' ? 'outbound-rtp' : 'inbound-rtp';
  const told = { bytes: 0, frames: 0, width: 0, height: 0 };
  for (const s of (await connection.getStats()).values()) {
    if (s.type !== kind || s.kind !== 'video') continue;
    told.bytes = s.bytesReceived ?? s.bytesSent;
    told.frames = s.framesDecoded ?? s.framesEncoded;
    told.width = s.frameWidth;
    told.height = s.frameHeight;
    told.encoder = s.encoderImplementation;
  }
  return told;
}

// Of the pictures to come, as many as the clip has.
function judge(track, clip) {
  const judgement = { psnr_y: 0, pictures: 0, unreadable: 0 };
  return new Promise((resolve) => {
    const sink = new RTCVideoSink(track);
    sink.onframe = ({ frame }) => {
      const number = readNumber(frame);
      ++judgement[number === undefined ? 'unreadable' : 'pictures'];
      if (number !== undefined) judgement.psnr_y += psnr(frame.data, clip[number]);
      if (judgement.pictures < kPictures && judgement.unreadable < kPictures) return;
      sink.stop();
      resolve({ ...judgement, psnr_y: judgement.psnr_y / Math.max(judgement.pictures, 1) });
    };
  });
}

// The lines are call_end.h's.
async function runCallEnd(clip) {
  const connection = newConnection((candidate) => emit({ candidate }));
  const candidates = candidateTaker(connection);
  let received;
  connection.ontrack = ({ track }) => { received = track; };
  if (what === 'send') connection.addTrack(openCamera(clip).track);
  const describe = async (description) => {
    await connection.setLocalDescription(description);
    emit({ description: { type: description.type, sdp: description.sdp } });
  };
  const handle = async (message) => {
    if (message.candidate) await candidates.take(message.candidate);
    if (message.description) {
      const { type, sdp } = message.description;
      await connection.setRemoteDescription({ type, sdp: type === 'answer' ? withBitrate(sdp) : sdp });
      await candidates.release();
      if (type === 'offer') await describe(await connection.createAnswer());
    }
    if (message.ask === 'offer') {
      const { type, sdp } = await connection.createOffer();
      await describe({ type, sdp: onlyVp8(sdp) });
    }
    if (message.ask === 'figures') emit({ figures: await figures(connection) });
    if (message.ask === 'quality') emit({ quality: received ? await judge(received, clip) : null });
  };
  emit({ ready: true });
  for await (const line of createInterface({ input: process.stdin })) await handle(JSON.parse(line));
}

process.on('unhandledRejection', (error) => { console.error(error); process.exit(1); });
const clip = readClip(flag('--clip'));
await ({ latency: measureLatency, start: measureStart, send: runCallEnd, receive: runCallEnd })[what](clip);
process.exit(0);
