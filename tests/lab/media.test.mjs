// Media with Chromium where packets are lost: sound that repairs itself by copies and by Opus's own redundancy, pictures by
// what is sent again.
//
// Lost is what RTP's numbers say, so that repairs count for nothing there; concealed is what had to be made up nevertheless.

import assert from 'node:assert/strict';
import { peerCalls, pageStats } from '../browser/lib/bare_call.mjs';
import { missing } from '../browser/lib/browsers.mjs';
import { missingMediaPeer } from '../browser/lib/media_peer.mjs';
import { until, untilGrows } from '../browser/lib/wait.mjs';
import { barePageIn, mediaPeerIn } from './lib/media_ends.mjs';
import { story } from './lib/story.mjs';

const kWatched = 500; // packets of sound: ten seconds

async function ends(lab, peerArguments) {
  return { page: await barePageIn(lab, lab.b, 'chromium'), peer: mediaPeerIn(lab, lab.a, peerArguments) };
}

const skipped = (t) => {
  const reason = missing('chromium') || missingMediaPeer();
  if (reason) t.skip(reason);
  return reason;
};

// How both ends receive one medium.
const received = async (page, peer, kind) => ({
  peer: (await peer.stats()).inbound.find((s) => s.kind === kind), page: (await pageStats(page, 'inbound-rtp', kind))[0],
});

// What was lost and what was concealed of the sound between two looks, as shares.
function repairs(earlier, later) {
  const grown = (name) => later[name] - earlier[name];
  const lost = grown('packetsLost') / (grown('packetsLost') + grown('packetsReceived'));
  const concealed = (grown('concealedSamples') - grown('silentConcealedSamples')) / grown('totalSamplesReceived');
  return { lost, concealed, copies: grown('fecPacketsReceived'), unused: grown('fecPacketsDiscarded') };
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;

// Both ends hear for a while. {peer, page}: what `repairs` says of each.
async function watchSound(t, page, peer) {
  const before = await received(page, peer, 'audio');
  await untilGrows('sound at our peer', async () => (await received(page, peer, 'audio')).peer.packetsReceived, kWatched);
  await untilGrows('sound at the page', async () => (await received(page, peer, 'audio')).page.packetsReceived,
    kWatched - ((await received(page, peer, 'audio')).page.packetsReceived - before.page.packetsReceived));
  const after = await received(page, peer, 'audio');
  return Object.fromEntries(['peer', 'page'].map((end) => {
    const found = repairs(before[end], after[end]);
    t.diagnostic(`at the ${end}: ${percent(found.lost)} lost, ${percent(found.concealed)} concealed, ${JSON.stringify(found)}`);
    return [end, found];
  }));
}

const answersWith = (sound) => new Function(`
  const [transceiver] = window.pc.getTransceivers();
  const { codecs } = RTCRtpReceiver.getCapabilities('audio');
  const wanted = ${JSON.stringify(sound.mimes)};
  transceiver.setCodecPreferences(wanted.flatMap((mime) => codecs.filter((c) => c.mimeType === mime)));
  transceiver.direction = 'sendrecv';
  return transceiver.sender.replaceTrack(${sound.source});`);

story('a tone with copies loses little of it, both ways', { a: { link: { delay: 25, loss: 10 } }, turn: false }, async (lab, t) => {
  if (skipped(t)) return;
  const { page, peer } = await ends(lab);
  peer.do('add', { kind: 'audio', prefer: ['audio/red', ['audio/opus', 'minptime=10;useinbandfec=1']] });
  await peerCalls(peer, page, { prepared: answersWith({ mimes: ['audio/red', 'audio/opus'], source: 'window.microphone(660)' }) });
  await until('the tone', async () => Math.abs((await peer.seen())[0].hertz - 660) < 15);
  await until('sound at the page', async () => (await received(page, peer, 'audio')).page?.totalAudioEnergy > 0.01);
  for (const [end, { lost, concealed, copies, unused }] of Object.entries(await watchSound(t, page, peer))) {
    assert.ok(lost > 0.05 && lost < 0.15, `${end}: the line loses 10 %: ${percent(lost)} lost`);
    assert.ok(concealed < lost / 2, `${end}: ${percent(concealed)} concealed of ${percent(lost)} lost`);
    if (end === 'peer') assert.ok(copies - unused > 5, `copies that were used: ${copies - unused} of ${copies}`);
  }
  assert.deepEqual(peer.errors, []);
});

story('a voice with the redundancy of Opus loses little of it, both ways', { a: { link: { delay: 25, loss: 10 } }, turn: false }, async (lab, t) => {
  if (skipped(t)) return;
  const { page, peer } = await ends(lab);
  peer.do('add', { kind: 'audio', voice: true, prefer: [['audio/opus', 'minptime=10;useinbandfec=1']] });
  await peerCalls(peer, page, { prepared: answersWith({ mimes: ['audio/opus'], source: 'window.voice()' }) });
  // Encoders begin when reports have told them of the losses.
  await untilGrows('redundancy at our peer', async () => (await received(page, peer, 'audio')).peer?.fecPacketsReceived ?? 0, 50);
  await untilGrows('redundancy at the page', async () => (await received(page, peer, 'audio')).page?.fecPacketsReceived ?? 0, 50);
  for (const [end, { lost, concealed, copies }] of Object.entries(await watchSound(t, page, peer))) {
    assert.ok(lost > 0.05 && lost < 0.15, `${end}: the line loses 10 %: ${percent(lost)} lost`);
    assert.ok(concealed < lost / 2, `${end}: ${percent(concealed)} concealed of ${percent(lost)} lost`);
    assert.ok(copies > kWatched / 4, `${end}: ${copies} packets with redundancy`);
  }
  assert.deepEqual(peer.errors, []);
});

const kPictures = 250;
const kShown = 0.95; // of those that were sent
const kStill = 0.25; // of the time; a machine that is busy with other tests stands still by itself

story('pictures are whole by what is sent again, both ways', { a: { link: { delay: 25, loss: 5 } }, turn: false }, async (lab, t) => {
  if (skipped(t)) return;
  const { page, peer } = await ends(lab);
  peer.do('add', { kind: 'video', size: [640, 360], rate: 20, grain: true });
  await peerCalls(peer, page, {
    prepared: () => {
      const [transceiver] = window.pc.getTransceivers();
      transceiver.direction = 'sendrecv';
      return transceiver.sender.replaceTrack(window.camera(640, 360, 20, true));
    },
  });
  // Of both: {sent, seen}, figures of one direction.
  const look = async () => {
    const ours = await peer.stats();
    const [sent] = await pageStats(page, 'outbound-rtp', 'video');
    const [seen] = await pageStats(page, 'inbound-rtp', 'video');
    return { peer: { sent, seen: ours.inbound[0], seconds: performance.now() / 1000 },
      page: { sent: ours.outbound[0], seen, seconds: performance.now() / 1000 } };
  };
  await until('pictures both ways', async () => Object.values(await look()).every(({ seen }) => seen?.framesDecoded > 20));
  const before = await look();
  await untilGrows('pictures at our peer', async () => (await look()).peer.seen.framesDecoded, kPictures);
  await until('pictures at the page', async () => (await look()).page.seen.framesDecoded >= before.page.seen.framesDecoded + kPictures);
  const after = await look();
  for (const end of ['peer', 'page']) {
    const grown = (side, name) => after[end][side][name] - before[end][side][name];
    const shown = grown('seen', 'framesDecoded') / grown('sent', 'framesSent');
    const still = grown('seen', 'totalFreezesDuration') / (after[end].seconds - before[end].seconds);
    const again = [grown('sent', 'retransmittedPacketsSent'), grown('seen', 'retransmittedPacketsReceived')];
    const said = `at the ${end}: ${percent(shown)} of ${grown('sent', 'framesSent')} pictures decoded, `
      + `${grown('seen', 'freezeCount')} freezes, ${percent(still)} of the time; ${again[0]} packets sent again, ${again[1]} of them arrived, `
      + `${grown('seen', 'pliCount')} key frames asked for`;
    t.diagnostic(said);
    assert.ok(again[0] > 10 && again[1] > 10, said);
    assert.ok(shown > kShown, said);
    assert.ok(still < kStill, said);
  }
  assert.deepEqual(peer.errors, []);
});
