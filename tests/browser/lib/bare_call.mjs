// Calls between our peer and a page without the application: an RTCPeerConnection of the test's own.

import { openTab } from './browsers.mjs';
import { until } from './wait.mjs';

// In the page: window.pc, and window.tidewire with what lib/picture.mjs and lib/tone.mjs ask for, of the first track of
// each kind that arrives; window.tracks has all of video, by mid.
function prepare() {
  const pc = new RTCPeerConnection();
  window.pc = pc;
  window.tracks = {};
  const frameOf = (video) => {
    if (!video?.videoWidth) return null;
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(video, 0, 0);
    return context.getImageData(0, 0, canvas.width, canvas.height);
  };
  let sound;
  pc.ontrack = ({ track, transceiver }) => {
    const element = document.createElement(track.kind);
    element.srcObject = new MediaStream([track]);
    element.autoplay = true;
    element.muted = track.kind === 'video';
    document.body.append(element);
    if (track.kind === 'video') window.tracks[transceiver.mid] = element;
    else sound ??= element.srcObject;
  };
  window.tidewire = {
    sound: () => sound,
    frame: (mid = Object.keys(window.tracks)[0]) => frameOf(window.tracks[mid]),
  };

  // Small random differences in brightness, from another place of a large sheet of them each time.
  const grainOver = (context, width, height) => {
    const sheet = new OffscreenCanvas(width + 256, height + 256);
    const noise = sheet.getContext('2d');
    const pixels = noise.createImageData(sheet.width, sheet.height);
    new Uint32Array(pixels.data.buffer).forEach((_, i, all) => {
      all[i] = Math.random() < 0.5 ? (Math.random() * 24 << 24) : (Math.random() * 24 << 24) | 0xffffff;
    });
    noise.putImageData(pixels, 0, 0);
    return () => context.drawImage(sheet, -Math.random() * 256, -Math.random() * 256);
  };

  // A moving picture that is our own: stripes that wander. `grain`: with noise, so that an encoder has use for any rate.
  window.camera = (width, height, rate = 15, grain = false) => {
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d');
    const addGrain = grain ? grainOver(context, width, height) : () => {};
    let step = 0;
    setInterval(() => {
      context.fillStyle = '#246';
      context.fillRect(0, 0, width, height);
      context.fillStyle = '#fc3';
      context.fillRect((step++ * 8) % width, 0, width / 8, height);
      addGrain();
    }, 1000 / rate);
    return canvas.captureStream(rate).getVideoTracks()[0];
  };

  // A tone on the left, and on the right if it is a different one.
  window.microphone = (left, right = left) => {
    const context = new AudioContext();
    const merger = context.createChannelMerger(2);
    for (const [i, frequency] of [left, right].entries()) {
      const tone = new OscillatorNode(context, { frequency });
      tone.connect(merger, 0, i);
      tone.start();
    }
    const end = context.createMediaStreamDestination();
    merger.connect(end);
    return end.stream.getAudioTracks()[0];
  };

  // What Opus takes for speech: many partials with a formant, a pitch that wanders, syllables.
  window.voice = () => {
    const context = new AudioContext();
    const partials = new Float32Array(21).map((_, k) => (k ? 1 / (1 + Math.abs(k - 5)) : 0));
    const voice = new OscillatorNode(context, { frequency: 140,
      periodicWave: context.createPeriodicWave(new Float32Array(21), partials) });
    const moves = (frequency, depth, what) => {
      const wave = new OscillatorNode(context, { frequency });
      wave.connect(new GainNode(context, { gain: depth })).connect(what);
      wave.start();
    };
    const loudness = new GainNode(context, { gain: 0.3 });
    moves(3, 15, voice.frequency);
    moves(3.1, 0.3, loudness.gain);
    const end = context.createMediaStreamDestination();
    end.channelCount = 1;
    voice.connect(loudness).connect(end);
    voice.start();
    return end.stream.getAudioTracks()[0];
  };
}

// A page of ours that runs no application.
export async function barePage(browser, server) {
  const page = await openTab(browser, `${server.url}/test_picture.js`);
  await page.evaluate(prepare);
  return page;
}

const same = (sdp) => sdp;

// What a page has as its own description once all its candidates are in it.
const gathered = (page) => until('the candidates of the page', () => page.evaluate(
  () => window.pc.iceGatheringState === 'complete' && window.pc.localDescription.toJSON()));

// Candidates of ours follow their description.
function forwardCandidates(peer, page) {
  const waiting = [];
  let ready = false;
  const give = ({ candidate }) => candidate && page.evaluate(
    (c) => window.pc.addIceCandidate({ candidate: c, sdpMLineIndex: 0 }), candidate).catch(() => {});
  peer.on('candidate', (event) => (ready ? give(event) : waiting.push(event)));
  return () => { ready = true; waiting.forEach(give); };
}

async function connected(page) {
  await until('the connection', () => page.evaluate(() => window.pc.connectionState === 'connected'));
}

// Our peer calls the page. `prepared`: runs in the page with the offer set, before it answers. `toPage` and `toPeer`
// change descriptions on their way. `opus`: what the page's description says of Opus besides, as "stereo=1".
export async function peerCalls(peer, page, { prepared = () => {}, toPage = same, toPeer = same, opus = '' } = {}) {
  const start = forwardCandidates(peer, page);
  const { sdp } = await peer.offer();
  await page.evaluate((offer) => window.pc.setRemoteDescription({ type: 'offer', sdp: offer }), toPage(sdp));
  start();
  await page.evaluate(prepared);
  await page.evaluate(async (wishes) => {
    const { type, sdp: plain } = await window.pc.createAnswer();
    const [, number] = /^a=rtpmap:(\d+) opus/m.exec(plain) ?? [];
    const said = wishes ? plain.replace(new RegExp(`^(a=fmtp:${number} .*?)\\r?$`, 'm'), `$1;${wishes}\r`) : plain;
    await window.pc.setLocalDescription({ type, sdp: said });
  }, opus);
  const answer = await gathered(page);
  peer.do('description', { ...answer, sdp: toPeer(answer.sdp) });
  await connected(page);
}

// The page, which has its transceivers, calls our peer.
export async function pageCalls(page, peer) {
  const start = forwardCandidates(peer, page);
  await page.evaluate(async () => window.pc.setLocalDescription());
  const { sdp } = await peer.answer(await gathered(page));
  await page.evaluate((answer) => window.pc.setRemoteDescription({ type: 'answer', sdp: answer }), sdp);
  start();
  await connected(page);
}

// Streams of one kind in the page's getStats, with the mime type of each as `mimeType`.
export const pageStats = (page, type, kind) => page.evaluate(async (t, k) => {
  const report = await window.pc.getStats();
  return [...report.values()].filter((s) => s.type === t && (s.kind ?? k) === k)
    .map((s) => ({ ...s, mimeType: report.get(s.codecId)?.mimeType }));
}, type, kind);

// Simulcast for a receiver without: browsers send it, but take none. Each encoding of the offer's one section becomes a
// section of its own, and its rid is taken for the mid of that section: the rid's header extension is announced as that
// of the mid. (The technique of the Web Platform Tests' simulcast helpers.)
const kMid = 'urn:ietf:params:rtp-hdrext:sdes:mid';
const kRid = 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id';

const split = (sdp) => sdp.split(/(?=^m=)/m);
const without = (section, pattern) => section.split('\r\n').filter((line) => !pattern.test(line)).join('\r\n');
const exchangeUris = (sdp) => sdp.replaceAll(kMid, '\0').replaceAll(kRid, kMid).replaceAll('\0', kRid);

export function splitEncodings(offer, rids) {
  const [session, video] = split(exchangeUris(offer));
  const bare = without(video, /^a=(rid|simulcast|ssrc|ssrc-group|msid|mid):/).replace(/\r\n$/, '');
  return without(session, /^a=(group|msid-semantic):/) .replace(/\r\n$/, '') + `\r\na=group:BUNDLE ${rids.join(' ')}\r\n`
    + rids.map((rid) => `${bare}\r\na=mid:${rid}\r\na=msid:stream ${rid}\r\n`).join('');
}

export function joinEncodings(answer, rids, mid = '0') {
  const [session, video] = split(exchangeUris(answer));
  return without(session, /^a=group:/).replace(/\r\n$/, '') + `\r\na=group:BUNDLE ${mid}\r\n`
    + without(video, /^a=mid:/).replace(/\r\n$/, '')
    + `\r\na=mid:${mid}\r\n${rids.map((rid) => `a=rid:${rid} recv\r\n`).join('')}a=simulcast:recv ${rids.join(';')}\r\n`;
}
