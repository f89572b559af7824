// Browser ↔ native peer through the served page: both call directions, both browsers.
//
// The native peer sends the test picture and a 440 Hz tone. The page reads the picture's frame counter, so that a frozen,
// garbled or foreign picture fails; the native peer reports how many of the browser's frames it decoded.

import assert from 'node:assert/strict';
import { connected, freshRoom, hears, join, occupied, peers, received, sees, send, text } from './lib/call_page.mjs';
import { seesTestPicture } from './lib/picture.mjs';
import { suite } from './lib/suite.mjs';
import { nativePeer, reportOf } from './lib/tidewire.mjs';
import { hearsTone } from './lib/tone.mjs';
import { until } from './lib/wait.mjs';

const kTone = 440;          // Hz
const kMinDecoded = 20;     // frames: about one second of a browser's camera

const { shared, story } = suite(['chromium', 'firefox']);

function checkReport(report, nativeCalled, { video = 'VP8', audio = 'opus' } = {}) {
  const all = JSON.stringify(report);
  assert.equal(report.connected, true, all);
  const steps = report.timeline_ms;
  const negotiation = nativeCalled ? ['offer_created', 'answer_received'] : ['offer_received', 'answer_created'];
  for (const step of ['devices_ready', ...negotiation, 'ice_connected', 'dtls_connected', 'data_channel_open',
    'first_audio_frame', 'first_video_frame']) {
    assert.equal(typeof steps[step], 'number', `${step} is missing in ${all}`);
  }
  assert.match(report.selected_pair.local.type, /host|prflx/, all);
  assert.match(report.selected_pair.remote.type, /host|prflx/, all);
  assert.match(report.dtls.version, /1\.[23]/, all);
  assert.ok(report.video.frames_decoded >= kMinDecoded, `video frames decoded: ${all}`);
  assert.ok(report.audio.frames_decoded >= kMinDecoded, `audio frames decoded: ${all}`);
  assert.ok(report.data_channel.messages_received >= 1, `messages received: ${all}`);
  assert.equal(String(report.video.codec), video, all);
  assert.equal(String(report.audio.codec), audio, all);
}

async function conversation(page, name) {
  await connected(page);
  assert.equal((await peers(page))[0].name, name);
  assert.equal(await text(page, '.tile figcaption .name'), name);
  await sees(page);
  await seesTestPicture(page);
  await hears(page);
  await hearsTone(page, kTone);
  await send(page, 'Hello native: ä€😀');
  await received(page, 'you said: Hello native: ä€😀'); // it repeats what it is told
}

// Ctrl-C, or its time is over: either way it says goodbye and reports.
async function ends(native, nativeCalled, { byItself = false, codecs = {} } = {}) {
  if (!byItself) native.kill('SIGINT');
  await until('the native peer to end', () => !native.running, { timeout: 60_000 });
  assert.equal(native.code, 0, native.said);
  checkReport(reportOf(native), nativeCalled, codecs);
}

for (const browser of ['chromium', 'firefox']) {
  story(`${browser} calls a native peer that waits in the room`, async (keep) => {
    const room = freshRoom('waiting');
    const native = keep(nativePeer(`${shared.server.url}/r/${room}`, { name: 'Nadia' }));
    await occupied(shared.browsers[browser], shared.server, room);
    const page = keep(await join(shared.browsers[browser], shared.server, room, 'Browser'));
    await conversation(page, 'Nadia');
    await ends(native, false);
    await until('the page to be alone', async () => (await peers(page)).length === 0);
  });

  story(`a native peer calls ${browser}`, async (keep) => {
    const room = freshRoom('coming');
    const page = keep(await join(shared.browsers[browser], shared.server, room, 'Browser'));
    const native = keep(nativePeer(`${shared.server.url}/r/${room}`, { name: 'Nadia' }));
    await conversation(page, 'Nadia');
    await ends(native, true);
    await until('the page to be alone', async () => (await peers(page)).length === 0);
  });
}

// Debian's Firefox has no H.264 of its own: it would download one.
for (const [browser, video, audio] of [
  ['chromium', 'VP9', 'PCMU'], ['chromium', 'H264', 'PCMA'], ['chromium', 'AV1', 'opus'],
  ['firefox', 'VP9', 'PCMU'], ['firefox', 'AV1', 'PCMA'],
]) {
  story(`a native peer that prefers ${video} and ${audio} calls ${browser}`, async (keep) => {
    const room = freshRoom('codec');
    const page = keep(await join(shared.browsers[browser], shared.server, room, 'Browser'));
    const native = keep(nativePeer(`${shared.server.url}/r/${room}`, {
      name: 'Nadia', more: ['--video-codec', video, '--audio-codec', audio],
    }));
    await conversation(page, 'Nadia');
    await ends(native, true, { codecs: { video, audio } });
  });
}

story('what the person types reaches the native peer while the camera goes off and on', async (keep) => {
  const room = freshRoom('toggle');
  const page = keep(await join(shared.browsers.chromium, shared.server, room, 'Browser'));
  const native = keep(nativePeer(`${shared.server.url}/r/${room}`, { name: 'Nadia', duration: '25s' }));
  await connected(page);
  await seesTestPicture(page);
  await page.click('#camera');
  await until('the camera to be off', () => page.evaluate(() => !window.tidewire.state.camera));
  await page.click('#camera');
  await until('the camera to be on', () => page.evaluate(() => window.tidewire.state.camera));
  await page.click('#mic');
  await page.click('#mic');
  await seesTestPicture(page);
  await send(page, 'bye for now');
  await received(page, 'you said: bye for now');
  await page.click('#leave'); // the native peer stays until its time is over, and reports a good call
  await ends(native, true, { byItself: true });
});
