// What is sent changes during a call: muted, camera off, a film in the place of the camera.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { connected, freshRoom, join, occupied, peers, received, stats } from './lib/call_page.mjs';
import { seesTestPicture, shows } from './lib/picture.mjs';
import { suite } from './lib/suite.mjs';
import { nativePeer, reportOf } from './lib/tidewire.mjs';
import { hearsTone } from './lib/tone.mjs';
import { until, untilGrows } from './lib/wait.mjs';

const kTone = 440; // Hz

const { shared, story } = suite(['chromium', 'firefox']);

async function ends(native) {
  await until('the native peer to end', () => !native.running, { timeout: 60_000 });
  assert.equal(native.code, 0, native.said);
  return reportOf(native);
}

// A film with sound, made by ffmpeg: test bars, and a tone of 880 Hz.
async function film(keep, codec = 'libvpx') {
  const folder = await mkdtemp(path.join(tmpdir(), 'tidewire-film-'));
  keep({ close: () => rm(folder, { recursive: true, force: true }) });
  const file = path.join(folder, 'film.webm');
  await promisify(execFile)('ffmpeg', ['-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=30:duration=4',
    '-f', 'lavfi', '-i', 'sine=frequency=880:duration=4', '-c:v', codec, '-b:v', '500k', '-c:a', 'libopus', file]);
  return file;
}

story('a native peer mutes, turns its camera off, and shows a film', async (keep) => {
  const room = freshRoom('commands');
  const page = keep(await join(shared.browsers.chromium, shared.server, room, 'Browser'));
  const native = keep(nativePeer(`${shared.server.url}/r/${room}`, { name: 'Nadia', more: ['--interactive'], duration: '60s' }));
  await connected(page);
  await seesTestPicture(page);
  const remote = async () => (await peers(page))[0];
  native.type('/camera off');
  await until('the camera to be off', async () => (await remote()).camera === false);
  native.type('/mute');
  await until('the microphone to be off', async () => (await remote()).mic === false);
  native.type(`/camera ${await film(keep)}`);
  await until('the camera to be on', async () => (await remote()).camera === true);
  await shows(page, 320);
  native.type('/unmute');
  await hearsTone(page, kTone);
  native.type('good day');
  await received(page, 'good day');
  native.type('/quit');
  assert.equal((await ends(native)).connected, true);
});

for (const browser of ['chromium', 'firefox']) {
  story(`${browser} plays a film as its camera`, async (keep) => {
    const room = freshRoom('film');
    const native = keep(nativePeer(`${shared.server.url}/r/${room}`, { name: 'Nadia' }));
    await occupied(shared.browsers[browser], shared.server, room);
    const page = keep(await join(shared.browsers[browser], shared.server, room, 'Browser'));
    await connected(page);
    const input = await page.$('#file + input');
    await input.uploadFile(await film(keep));
    await until('the film', () => page.evaluate(() => window.tidewire.state.file === 'film.webm'));
    await until('pictures of the film to be sent', async () => (await stats(page))?.video_out?.width === 320);
    await untilGrows('sent pictures of the film', async () => (await stats(page)).video_out.frames_encoded, 40);
    native.kill('SIGINT');
    const report = await ends(native);
    assert.equal(report.video.width, 320, JSON.stringify(report));
    assert.ok(Math.abs(report.audio.tone_hz - 880) < 40, JSON.stringify(report));
  });
}

// The upper rows of the film, which stand still: rgb of each pixel.
async function barsOf(file) {
  const { stdout } = await promisify(execFile)('ffmpeg', ['-loglevel', 'error', '-i', file, '-frames:v', '1', '-vf', 'crop=320:40:0:0',
    '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'], { encoding: 'buffer' });
  return [...stdout];
}

// How far what is shown is from these rows, per colour and pixel, of 255.
const distance = (page, bars) => page.evaluate((wanted) => {
  const { data, width } = window.tidewire.frame();
  let sum = 0;
  for (let i = 0; i < wanted.length / 3; ++i) {
    const at = 4 * ((i / 320 | 0) * width + i % 320);
    for (let c = 0; c < 3; ++c) sum += Math.abs(data[at + c] - wanted[3 * i + c]);
  }
  return sum / wanted.length;
}, bars);

for (const [browser, codecs] of [['chromium', ['VP8', 'VP9', 'H264', 'AV1']], ['firefox', ['VP8', 'VP9', 'AV1']]]) {
  for (const codec of codecs) {
    story(`${browser} shows and plays a film that a native peer sends in ${codec}`, async (keep) => {
      const room = freshRoom('projection');
      const file = await film(keep);
      keep(nativePeer(`${shared.server.url}/r/${room}`, { video: file, audio: file, more: ['--video-codec', codec] }));
      await occupied(shared.browsers[browser], shared.server, room);
      const page = keep(await join(shared.browsers[browser], shared.server, room, 'Browser'));
      await connected(page);
      await shows(page, 320);
      await untilGrows('shown pictures', async () => (await stats(page)).video_in.frames_decoded, 40);
      assert.equal((await stats(page)).video_in.codec, codec);
      const bars = await barsOf(file);
      await until('the film to look as it is', async () => (await distance(page, bars)) < 10);
      await hearsTone(page, 880);
    });
  }
}
