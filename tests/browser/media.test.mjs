// Media against browsers, without the application: simulcast, layers, redundancy, codecs that change, and figures.
//
// One half is tests/interop/media_peer, the other a page with an RTCPeerConnection of the test's own.

import assert from 'node:assert/strict';
import { barePage, joinEncodings, pageCalls, pageStats, peerCalls, splitEncodings } from './lib/bare_call.mjs';
import { MediaPeer, missingMediaPeer } from './lib/media_peer.mjs';
import { seesTestPicture, shows } from './lib/picture.mjs';
import { suite } from './lib/suite.mjs';
import { hearsTone } from './lib/tone.mjs';
import { until, untilGrows } from './lib/wait.mjs';

const { shared, story } = suite(['chromium', 'firefox']);
const options = { skip: missingMediaPeer() };

const RIDS = ['q', 'h', 'f'];

async function start(keep, browser, args) {
  const page = keep(await barePage(shared.browsers[browser], shared.server));
  return { page, peer: keep(new MediaPeer(args)) };
}

for (const browser of ['chromium', 'firefox']) {
  story(`${browser} sends three sizes, and the largest is shown`, async (keep) => {
    const { page, peer } = await start(keep, browser);
    await page.evaluate((rids) => window.pc.addTransceiver(window.camera(960, 540), {
      direction: 'sendonly',
      sendEncodings: rids.map((rid, i) => ({ rid, scaleResolutionDownBy: 4 >> i, maxBitrate: 150_000 << i })),
    }), RIDS);
    await pageCalls(page, peer);
    const inbound = async () => (await peer.stats()).inbound;
    await until('three streams with frames', async () => {
      const streams = await inbound();
      const widths = streams.filter((s) => s.framesReceived > 3).map((s) => s.frameWidth).sort((a, b) => a - b);
      if (widths.join() === '240,480,960') return true;
      throw new Error(JSON.stringify(streams));
    });
    await until('the largest picture', async () => (await peer.seen())[0]?.width === 960);
    await untilGrows('frames of the largest', async () => (await peer.seen())[0].frames, 10);
    // The sender ends the largest: the next one is shown.
    await page.evaluate(async () => {
      const [sender] = window.pc.getSenders();
      const parameters = sender.getParameters();
      parameters.encodings[2].active = false;
      await sender.setParameters(parameters);
    });
    await until('the next size', async () => (await peer.seen())[0].width === 480);
    assert.deepEqual(peer.errors, []);
  }, options);
}

story('Chromium decodes each of three sizes that it is sent', async (keep) => {
  const { page, peer } = await start(keep, 'chromium', [1_500_000]);
  peer.do('add', { kind: 'video', direction: 'sendonly', size: [640, 480], rids: RIDS });
  await peerCalls(peer, page, {
    toPage: (sdp) => splitEncodings(sdp, RIDS), toPeer: (sdp) => joinEncodings(sdp, RIDS),
  });
  await until('three sizes', async () => {
    const streams = await pageStats(page, 'inbound-rtp', 'video');
    const sizes = RIDS.map((rid) => streams.find((s) => s.mid === rid && s.framesDecoded > 5)?.frameWidth);
    if (sizes.join() === '160,320,640') return true;
    throw new Error(JSON.stringify(streams));
  });
  assert.deepEqual(peer.errors, []);
}, options);

// Both ends say which codec the page decodes, and the picture goes on.
async function seesCodec(page, peer, codec) {
  await until(`${codec} at the page`, async () => (await pageStats(page, 'inbound-rtp', 'video'))[0]?.mimeType === `video/${codec}`);
  await untilGrows(`pictures of ${codec}`, async () => (await pageStats(page, 'inbound-rtp', 'video'))[0].framesDecoded, 5);
  await seesTestPicture(page);
  assert.equal((await peer.stats()).outbound[0].codec, codec);
}

// Debian's Firefox has no H.264 of its own.
for (const [browser, codecs] of [['chromium', ['VP9', 'H264', 'AV1', 'VP8']], ['firefox', ['VP9', 'AV1', 'VP8']]]) {
  story(`${browser} follows from one codec to the next without an offer`, async (keep) => {
    const { page, peer } = await start(keep, browser);
    peer.do('add', { kind: 'video', direction: 'sendonly' });
    await peerCalls(peer, page);
    await seesTestPicture(page);
    for (const codec of codecs) {
      peer.do('parameters', { codec: `video/${codec}` });
      await seesCodec(page, peer, codec);
    }
    assert.deepEqual(peer.errors, []);
  }, options);
}

for (const [browser, codec, mode] of [
  ['chromium', 'VP9', 'L3T3_KEY'], ['chromium', 'AV1', 'L1T3'], ['chromium', 'VP8', 'L1T3'], ['firefox', 'VP8', 'L1T3'],
]) {
  story(`${browser} decodes ${codec} in layers ${mode}`, async (keep) => {
    const { page, peer } = await start(keep, browser);
    peer.do('add', { kind: 'video', direction: 'sendonly', size: [640, 480], prefer: [`video/${codec}`] });
    peer.do('parameters', { scalability: mode });
    await peerCalls(peer, page);
    await shows(page, 640); // with all spatial layers
    await seesCodec(page, peer, codec);
    assert.deepEqual(peer.errors, []);
  }, options);
}

// The peak signal-to-noise ratio, in dB, of what the page shows of a picture against what was sent. The page's colours
// are turned back to BT.601's luma.
async function psnrAtPage(page, peer, width, height) {
  const shown = await page.evaluate(async () => {
    const { readFrameCounter } = await import('/test_picture.js');
    const frame = window.tidewire.frame();
    const counter = frame && readFrameCounter(frame);
    const luma = [];
    for (let i = 0; counter !== null && i < frame.data.length; i += 4) {
      const [r, g, b] = frame.data.subarray(i, i + 3);
      luma.push(Math.round(16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255));
    }
    return { counter, luma };
  });
  const sent = shown.counter === null ? null : await peer.sentPicture(shown.counter);
  if (!sent || sent.length !== width * height || shown.luma.length !== sent.length) return 0;
  const sum = shown.luma.reduce((s, level, i) => s + (level - sent[i]) ** 2, 0);
  return 10 * Math.log10(255 ** 2 / Math.max(sum / sent.length, 1e-6));
}

const kGoodPicture = 32; // dB; a neighbouring picture of the same camera comes to about 25

for (const codec of ['VP8', 'VP9', 'H264', 'AV1']) {
  story(`what Chromium shows of ${codec} is what was sent`, async (keep) => {
    const { page, peer } = await start(keep, 'chromium');
    peer.do('add', { kind: 'video', direction: 'sendonly', size: [320, 240], prefer: [`video/${codec}`] });
    await peerCalls(peer, page);
    await until(`a picture of ${kGoodPicture} dB`, async () => {
      const psnr = await psnrAtPage(page, peer, 320, 240);
      if (psnr >= kGoodPicture) return true;
      throw new Error(`${psnr.toFixed(1)} dB`);
    });
    assert.equal((await pageStats(page, 'inbound-rtp', 'video'))[0].mimeType, `video/${codec}`);
  }, options);
}

story('sound with copies in both directions: Chromium and our peer hear the tone', async (keep) => {
  const { page, peer } = await start(keep, 'chromium');
  peer.do('add', { kind: 'audio', prefer: ['audio/red', ['audio/opus', 'minptime=10;useinbandfec=1']] });
  await peerCalls(peer, page, {
    prepared: async () => {
      const [transceiver] = window.pc.getTransceivers();
      const { codecs } = RTCRtpReceiver.getCapabilities('audio');
      const red = codecs.filter((c) => c.mimeType === 'audio/red');
      transceiver.setCodecPreferences([...red, ...codecs.filter((c) => c.mimeType === 'audio/opus')]);
      transceiver.direction = 'sendrecv';
      await transceiver.sender.replaceTrack(window.microphone(660));
    },
  });
  await hearsTone(page, 440);
  await until('our peer to hear 660 Hz', async () => Math.abs((await peer.seen())[0].hertz - 660) < 15);
  // Chromium counts no copies, but with them a packet is twice as large as a frame of 32 kbit/s, which has 80 bytes.
  const [inbound] = await pageStats(page, 'inbound-rtp', 'audio');
  assert.ok(inbound.bytesReceived / inbound.packetsReceived > 120, JSON.stringify(inbound));
  assert.equal((await peer.stats()).outbound[0].codec, 'opus');
  await untilGrows('copies at our peer', async () => (await peer.stats()).inbound[0].fecPacketsReceived, 20);
  assert.deepEqual(peer.errors, []);
}, options);

// How quickly a counter grows, per second, until it has grown by that much.
async function rateOf(read, least) {
  const [first, start] = [await read(), performance.now()];
  await untilGrows('what came', read, least);
  return ((await read()) - first) / ((performance.now() - start) / 1000);
}

const kSteady = 50; // packets of 20 ms in a second
const kPaused = 15; // Opus tells of the noise every 400 ms

story('two tones come out on their sides, and silence costs little, from Chromium', async (keep) => {
  const { page, peer } = await start(keep, 'chromium');
  peer.do('add', { kind: 'audio', direction: 'recvonly', prefer: [['audio/opus', 'stereo=1;usedtx=1']] });
  await peerCalls(peer, page, {
    prepared: () => {
      const [transceiver] = window.pc.getTransceivers();
      transceiver.direction = 'sendonly';
      return transceiver.sender.replaceTrack(window.microphone(440, 880));
    },
  });
  await until('440 Hz on the left, 880 on the right', async () => {
    const [{ channels, hertz, hertzRight }] = await peer.seen();
    if (channels === 2 && Math.abs(hertz - 440) < 15 && Math.abs(hertzRight - 880) < 15) return true;
    throw new Error(JSON.stringify({ channels, hertz, hertzRight }));
  });
  // Bytes: Chromium also sends packets of nothing but padding, to measure the path.
  const received = async () => (await peer.stats()).inbound[0].bytesReceived;
  const loud = await rateOf(received, 5000);
  // Silence: packets come rarely now, and the pauses between them are not taken for losses.
  await page.evaluate(() => { window.pc.getSenders()[0].track.enabled = false; });
  await untilGrows('pauses', async () => (await peer.stats()).inbound[0].silentConcealedSamples, 10_000);
  between(0, await rateOf(received, 10), loud * 0.2, 'bytes of a second in silence');
  assert.deepEqual(peer.errors, []);
}, options);

story('two tones come out on their sides, and silence costs little, at Chromium', async (keep) => {
  const { page, peer } = await start(keep, 'chromium');
  peer.do('add', { kind: 'audio', direction: 'sendonly', tones: [440, 880], prefer: [['audio/opus', 'stereo=1;usedtx=1']] });
  await peerCalls(peer, page, { opus: 'stereo=1;usedtx=1' });
  await hearsTone(page, 440, 0);
  await hearsTone(page, 880, 1);
  const received = async () => (await pageStats(page, 'inbound-rtp', 'audio'))[0].packetsReceived;
  between(kSteady * 0.7, await rateOf(received, 50), kSteady * 1.3, 'packets of a second with tones');
  peer.do('enable', { on: false });
  await untilGrows('pauses', async () => (await pageStats(page, 'inbound-rtp', 'audio'))[0].silentConcealedSamples, 10_000);
  between(1, await rateOf(received, 5), kPaused, 'packets of a second without');
  peer.do('enable', { on: true });
  await hearsTone(page, 440, 0);
  assert.deepEqual(peer.errors, []);
}, options);

const between = (low, value, high, what) => assert.ok(low <= value && value <= high, `${what}: ${low} <= ${value} <= ${high}`);

story('the figures of both ends agree', async (keep) => {
  const { page, peer } = await start(keep, 'chromium');
  peer.do('add', { kind: 'video', size: [320, 240] });
  await peerCalls(peer, page, {
    prepared: () => {
      const [transceiver] = window.pc.getTransceivers();
      transceiver.direction = 'sendrecv';
      return transceiver.sender.replaceTrack(window.camera(320, 180));
    },
  });
  await seesTestPicture(page);
  await until('pictures, reports and round trips', async () => {
    const { inbound: [inbound], remoteInbound: [remote], remoteOutbound } = await peer.stats();
    const [theirs] = await pageStats(page, 'remote-inbound-rtp', 'video');
    return inbound?.framesDecoded > 20 && remote?.roundTripTime !== null && remoteOutbound.length > 0 && theirs?.roundTripTime > 0;
  });

  // What is received lies between what was sent before and after it was read.
  const before = (await peer.stats()).outbound[0];
  await untilGrows('packets that arrive', async () => (await pageStats(page, 'inbound-rtp', 'video'))[0].packetsReceived, 30);
  const [seen] = await pageStats(page, 'inbound-rtp', 'video');
  const after = (await peer.stats()).outbound[0];
  for (const [ours, name] of [['packetsSent', 'packetsReceived'], ['bytesSent', 'bytesReceived'], ['qpSum', 'qpSum'],
    ['keyFramesEncoded', 'keyFramesDecoded'], ['headerBytesSent', 'headerBytesReceived']]) {
    between(before[ours], seen[name] + (name === 'packetsReceived' ? seen.packetsLost : 0), after[ours], name);
  }
  between(before.framesSent - 1, seen.framesReceived + (seen.framesDropped ?? 0), after.framesSent, 'frames');
  assert.deepEqual([seen.ssrc, seen.frameWidth, seen.frameHeight, seen.mimeType],
    [after.ssrc, after.frameWidth, after.frameHeight, `video/${after.codec}`]);
  assert.equal(after.framesEncoded >= after.framesSent, true);
  for (const sum of ['totalEncodeTime', 'totalEncodedBytesTarget', 'framesEncoded']) assert.ok(before[sum] < after[sum], sum);
  assert.deepEqual([after.active, after.encoderImplementation], [true, 'libvpx']);
  between(seen.nackCount, after.nackCount, seen.nackCount + 1, 'NACKs');
  between(0, after.pliCount, seen.pliCount, 'PLIs');

  // The other direction.
  const [sentBefore] = await pageStats(page, 'outbound-rtp', 'video');
  await untilGrows('packets that arrive here', async () => (await peer.stats()).inbound[0].packetsReceived, 30);
  const { inbound: [arrived], remoteInbound: [reported], remoteOutbound: [told] } = await peer.stats();
  const [sentAfter] = await pageStats(page, 'outbound-rtp', 'video');
  between(sentBefore.packetsSent, arrived.packetsReceived, sentAfter.packetsSent, 'packets received');
  between(sentBefore.bytesSent, arrived.bytesReceived, sentAfter.bytesSent, 'bytes received');
  between(sentBefore.qpSum, arrived.qpSum, sentAfter.qpSum, 'the sum of quantizers');
  assert.deepEqual([arrived.ssrc, arrived.frameWidth, arrived.frameHeight, `video/${arrived.codec}`],
    [sentAfter.ssrc, sentAfter.frameWidth, sentAfter.frameHeight, sentAfter.mimeType]);
  between(1, told.packetsSent, sentAfter.packetsSent, 'packets that the sender tells of');
  const [now] = await pageStats(page, 'inbound-rtp', 'video');
  between(1, reported.packetsReceived, now.packetsReceived, 'packets that the receiver tells of');
  const [theirs] = await pageStats(page, 'remote-inbound-rtp', 'video');
  for (const trip of [reported.roundTripTime, theirs.roundTripTime]) between(0, trip, 1, 'round trip on loopback');
  assert.equal(theirs.ssrc, arrived.ssrc);
  assert.deepEqual(peer.errors, []);
}, options);

// The page's own report, and of each kind of entry the first, or the first of that medium.
const wholeReport = (page) => page.evaluate(async () => [...(await window.pc.getStats()).values()]);
const entry = (report, type, kind) => report.find((s) => s.type === type && (s.kind ?? kind) === kind);
const byId = (report, id) => report.find((s) => s.id === id);
const parameters = (line) => (line ?? '').split(';').map((part) => part.trim()).filter(Boolean).sort();

for (const browser of ['chromium', 'firefox']) {
  story(`${browser} tells the same of codecs, sources, the path and certificates`, async (keep) => {
    const { page, peer } = await start(keep, browser);
    peer.do('add', { kind: 'video', size: [320, 240] });
    peer.do('add', { kind: 'audio', tone: 440 });
    await peerCalls(peer, page, {
      prepared: async () => {
        for (const transceiver of window.pc.getTransceivers()) {
          transceiver.direction = 'sendrecv';
          const video = transceiver.receiver.track.kind === 'video';
          await transceiver.sender.replaceTrack(video ? window.camera(320, 180) : window.microphone(660));
        }
      },
    });
    await until('sound, pictures and reports', async () => {
      const { inbound, remoteInbound, mediaSources } = await peer.stats();
      const report = await wholeReport(page);
      const energies = [...mediaSources, entry(report, 'inbound-rtp', 'audio')].filter((s) => s?.totalAudioEnergy > 0.02);
      return energies.length === 2 && remoteInbound.length === 2 && entry(report, 'inbound-rtp', 'video')?.framesDecoded > 20
        && inbound.every((s) => s.framesDecoded > 20);
    });
    const earlier = await peer.stats();
    await untilGrows('pictures', async () => entry(await wholeReport(page), 'inbound-rtp', 'video').framesDecoded, 5);
    const ours = await peer.stats();
    const theirs = await wholeReport(page);
    const after = await peer.stats();

    // What one side sends with, the other receives with: number, name, rate and parameters.
    for (const kind of ['audio', 'video']) {
      for (const [forSending, stream] of [[true, 'inbound-rtp'], [false, 'outbound-rtp']]) {
        const seen = byId(theirs, entry(theirs, stream, kind).codecId);
        const codec = ours.codecs.find((c) => c.forSending === forSending && c.payloadType === seen.payloadType);
        assert.ok(codec, `${kind} ${stream} ${seen.payloadType}`);
        assert.deepEqual([codec.mimeType, codec.clockRate], [seen.mimeType, seen.clockRate]);
        // Firefox tells what it has made of them, defaults included.
        if (browser === 'chromium') assert.deepEqual(parameters(codec.sdpFmtpLine), parameters(seen.sdpFmtpLine));
        if (kind === 'audio') assert.equal(codec.channels, seen.channels);
        const own = ours[forSending ? 'outbound' : 'inbound'].find((s) => s.kind === kind);
        assert.equal(own.payloadType, seen.payloadType);
      }
    }

    // Sources: ours as it says and as the page gets it; the page's likewise.
    const source = (kind) => ours.mediaSources.find((s) => s.kind === kind);
    assert.deepEqual([source('video').width, source('video').height], [320, 240]);
    between(10, source('video').framesPerSecond, 17, 'pictures of a second');
    assert.ok(source('video').frames >= earlier.outbound.find((s) => s.kind === 'video').framesSent);
    const theirSource = entry(theirs, 'media-source', 'video');
    const arrived = ours.inbound.find((s) => s.kind === 'video');
    assert.deepEqual([arrived.frameWidth, arrived.frameHeight], [theirSource.width, theirSource.height]);
    // Browsers take the peak for the level where the standard (by RFC 6464) has the root mean square: twice the power of a tone.
    const { totalAudioEnergy, totalSamplesDuration } = source('audio');
    const sent = totalAudioEnergy / totalSamplesDuration;
    between(sent * 1.5, entry(theirs, 'inbound-rtp', 'audio').audioLevel ** 2, sent * 2.6, 'the power of the tone');

    // The path and the certificates.
    const transport = entry(theirs, 'transport');
    const pair = byId(theirs, transport.selectedCandidatePairId);
    for (const [mine, id] of [[ours.pair.remote, pair.localCandidateId], [ours.pair.local, pair.remoteCandidateId]]) {
      const seen = byId(theirs, id);
      for (const name of ['port', 'protocol', 'foundation', 'usernameFragment']) {
        if (seen[name] !== undefined && seen.candidateType !== 'prflx') assert.equal(mine[name], seen[name], `${name} of ${seen.candidateType}`);
      }
    }
    assert.deepEqual([ours.pair.state, ours.pair.nominated], [pair.state, pair.nominated]);
    between(earlier.pair.bytesSent, pair.bytesReceived, after.pair.bytesSent, 'bytes on the path');
    if (pair.packetsReceived !== undefined) between(earlier.pair.packetsSent, pair.packetsReceived, after.pair.packetsSent, 'packets on the path');
    assert.equal(ours.transport.dtlsRole, transport.dtlsRole === 'client' ? 'server' : 'client');
    if (transport.localCertificateId) {
      for (const [mine, id] of [[ours.remoteCertificate, transport.localCertificateId], [ours.localCertificate, transport.remoteCertificateId]]) {
        const { fingerprint, fingerprintAlgorithm, base64Certificate } = byId(theirs, id);
        assert.deepEqual(mine, { fingerprint, fingerprintAlgorithm, base64Certificate });
      }
    }
    assert.deepEqual(peer.errors, []);
  }, options);
}

for (const codec of ['VP9', 'H264', 'AV1']) {
  story(`Chromium sums up the same quantizers of ${codec}, both ways`, async (keep) => {
    const { page, peer } = await start(keep, 'chromium');
    peer.do('add', { kind: 'video', size: [320, 240], prefer: [`video/${codec}`] });
    await peerCalls(peer, page, {
      prepared: () => {
        const [transceiver] = window.pc.getTransceivers();
        transceiver.direction = 'sendrecv';
        return transceiver.sender.replaceTrack(window.camera(320, 180));
      },
    });
    const [before, sentBefore] = await until('pictures', async () => {
      const { outbound: [out], inbound: [inbound] } = await peer.stats();
      const [seen] = await pageStats(page, 'inbound-rtp', 'video');
      const [sent] = await pageStats(page, 'outbound-rtp', 'video');
      return inbound?.framesDecoded > 5 && seen?.framesDecoded > 5 && [out, sent];
    });
    await untilGrows('pictures', async () => (await pageStats(page, 'inbound-rtp', 'video'))[0].framesDecoded, 20);
    await untilGrows('pictures here', async () => (await peer.stats()).inbound[0].framesDecoded, 20);
    const [seen] = await pageStats(page, 'inbound-rtp', 'video');
    const { outbound: [after], inbound: [arrived] } = await peer.stats();
    const [sentAfter] = await pageStats(page, 'outbound-rtp', 'video');
    between(before.qpSum, seen.qpSum, after.qpSum, 'ours');
    between(sentBefore.qpSum, arrived.qpSum, sentAfter.qpSum, 'theirs');
    assert.deepEqual(peer.errors, []);
  }, options);
}
