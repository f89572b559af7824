// The call page between browsers, through the server that serves it.

import assert from 'node:assert/strict';
import { openTab } from './lib/browsers.mjs';
import { connected, freshRoom, hears, join, peers, received, sees, send, stats, text } from './lib/call_page.mjs';
import { suite } from './lib/suite.mjs';
import { serve } from './lib/tidewire.mjs';
import { hearsSilence, hearsTone } from './lib/tone.mjs';
import { until } from './lib/wait.mjs';

const kFirefoxTone = 1000; // Hz: its fake microphone; Chromium's beeps now and then only

const { shared, story } = suite(['chromium', 'firefox']);

// Waits for the first (and only) remote person to look so.
async function remoteIs(page, what, test) {
  await until(`the other side to be ${what}`, async () => test((await peers(page))[0] ?? {}));
}

for (const [first, second] of [['chromium', 'chromium'], ['chromium', 'firefox'], ['firefox', 'chromium']]) {
  story(`${second} calls ${first}: both see, hear and message each other`, async (keep) => {
    const room = freshRoom('pair');
    const ada = keep(await join(shared.browsers[first], shared.server, room, 'Ada'));
    const grace = keep(await join(shared.browsers[second], shared.server, room, 'Grace'));
    await connected(ada);
    await connected(grace);
    for (const page of [ada, grace]) {
      await sees(page);
      await hears(page);
    }

    await send(ada, 'Hello from the first');
    await received(grace, 'Hello from the first');
    await grace.click('#chat');
    await grace.type('#chat-input', 'Typed by the second <b>!</b>');
    await grace.keyboard.press('Enter');
    await received(ada, 'Typed by the second <b>!</b>');

    if (first === 'firefox') await hearsTone(grace, kFirefoxTone);
    await ada.click('#mic');
    if (first === 'firefox') await hearsSilence(grace);
    await remoteIs(grace, 'muted', (p) => p.mic === false && p.camera === true);
    await ada.click('#camera');
    await remoteIs(grace, 'without camera', (p) => p.camera === false);
    await ada.click('#camera');
    await ada.click('#mic');
    await remoteIs(grace, 'back', (p) => p.mic === true && p.camera === true);
    await sees(grace);

    const steps = (await peers(grace))[0].timeline;
    for (const step of ['devices_ready', 'offer_created', 'answer_received', 'ice_connected', 'dtls_connected',
      'data_channel_open', 'first_audio_frame', 'first_video_frame']) {
      assert.equal(typeof steps[step], 'number', `${step} is missing in ${JSON.stringify(steps)}`);
    }
    assert.ok(steps.offer_created <= steps.answer_received && steps.answer_received <= steps.dtls_connected);
    await until('the timeline of who was called', async () => {
      const { timeline } = (await peers(ada))[0];
      return timeline.offer_received < timeline.answer_created && timeline.answer_created < timeline.first_video_frame;
    });

    await grace.click('#leave');
    await until('Ada to be alone', async () => (await peers(ada)).length === 0);
    assert.match(await text(ada, '#alone'), /Nobody else is here/);
    assert.match(await text(ada, '#notices'), /Grace/);
    assert.deepEqual([...ada.log, ...grace.log].filter((l) => l.startsWith('uncaught')), []);
  });
}

story('a name that is markup is shown as text', async (keep) => {
  const room = freshRoom('markup');
  const name = '<img src=x onerror="window.pwned=1">';
  const ada = keep(await join(shared.browsers.chromium, shared.server, room, 'Ada'));
  const eve = keep(await join(shared.browsers.chromium, shared.server, room, name));
  await connected(ada);
  await connected(eve);
  await send(eve, '<script>window.pwned=1</script><b>bold</b>');
  await received(ada, '<script>window.pwned=1</script><b>bold</b>');
  await ada.click('#chat');
  await ada.click('#details');
  await until('the details', async () => (await text(ada, '#details-body')).includes(name));
  assert.equal(await text(ada, '.tile figcaption .name'), name);
  const found = await ada.evaluate(() => ({
    pwned: window.pwned,
    elements: document.querySelectorAll('main img, main script, #chat-log b').length,
    said: document.querySelector('#chat-log .body').textContent,
  }));
  assert.deepEqual(found, { elements: 0, said: '<script>window.pwned=1</script><b>bold</b>' });
});

story('three people are in one call', async (keep) => {
  const room = freshRoom('three');
  const pages = [];
  for (const name of ['Ada', 'Grace', 'Edsger']) pages.push(keep(await join(shared.browsers.chromium, shared.server, room, name)));
  for (const page of pages) await connected(page, 2);
  for (const page of pages) {
    await sees(page, 0);
    await sees(page, 1);
  }
  await send(pages[2], 'to both');
  await received(pages[0], 'to both');
  await received(pages[1], 'to both');
  await pages[1].browserContext().close();
  await until('Grace to be gone', async () => (await peers(pages[0])).length === 1);
  await sees(pages[0]);
});

story('the call goes on when the server is killed, and the page comes back to it', async (keep) => {
  const room = freshRoom('killed');
  const server = keep(await serve());
  const ada = keep(await join(shared.browsers.chromium, server, room, 'Ada'));
  const grace = keep(await join(shared.browsers.chromium, server, room, 'Grace'));
  await connected(ada);
  await connected(grace);
  const { timeline } = (await peers(ada))[0];

  await server.kill('SIGKILL');
  for (const page of [ada, grace]) {
    await until('the banner', async () => (await text(page, '#notices')).includes('Your call goes on'));
    await sees(page);
  }
  await send(ada, 'still here?');
  await received(grace, 'still here?');

  keep(await serve({ port: server.port }));
  for (const page of [ada, grace]) {
    await until('the server again', () => page.evaluate(() => window.tidewire.state.online));
    assert.equal(await page.$('[data-notice="server"]'), null);
  }
  const edsger = keep(await join(shared.browsers.chromium, server, room, 'Edsger'));
  await connected(edsger, 2);
  await connected(ada, 2);
  const kept = (await peers(ada)).find((p) => p.name === 'Grace');
  assert.equal(kept.timeline.dtls_connected, timeline.dtls_connected, 'it is a new call');
  await sees(ada);
});

story('a hang-up is noticed without the server', async (keep) => {
  const room = freshRoom('gone');
  const server = keep(await serve());
  const ada = keep(await join(shared.browsers.chromium, server, room, 'Ada'));
  const grace = keep(await join(shared.browsers.firefox, server, room, 'Grace'));
  await connected(ada);
  await server.kill('SIGKILL');
  await until('the banner', async () => (await text(ada, '#notices')).includes('Your call goes on'));
  await grace.click('#leave');
  await until('Ada to be alone', async () => (await peers(ada)).length === 0);
});

story('who has neither camera nor microphone sees and hears the others', async (keep) => {
  const room = freshRoom('bare');
  const bare = keep(await openTab(shared.browsers.chromium));
  await bare.evaluateOnNewDocument(() => {
    navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('none', 'NotFoundError'); };
  });
  await bare.goto(`${shared.server.url}/r/${room}?auto=1&name=Bare`);
  await until('the notice', async () => (await text(bare, '#notices')).includes('No camera was found'));
  const ada = keep(await join(shared.browsers.chromium, shared.server, room, 'Ada'));
  await connected(bare);
  await sees(bare);
  await hears(bare);
  await remoteIs(ada, 'without devices', (p) => p.mic === false && p.camera === false);
  await send(bare, 'I only watch');
  await received(ada, 'I only watch');
});

story('a camera that is turned on later is seen', async (keep) => {
  const room = freshRoom('later');
  const ada = keep(await join(shared.browsers.chromium, shared.server, room, 'Ada', { camera: '0' }));
  const grace = keep(await join(shared.browsers.firefox, shared.server, room, 'Grace', { camera: '0' }));
  await connected(ada);
  await connected(grace);
  await ada.click('#camera');
  await sees(grace);
  await grace.click('#camera');
  await sees(ada);
});

story('the start page leads through the lobby into the room, by keyboard alone', async (keep) => {
  const page = keep(await openTab(shared.browsers.chromium));
  const requests = [];
  page.on('request', (request) => requests.push(new URL(request.url())));
  await page.goto(`${shared.server.url}/`);
  await page.keyboard.type('Ada');
  await page.keyboard.press('Tab');
  const room = freshRoom('keys');
  await page.keyboard.down('Control');
  await page.keyboard.press('a');
  await page.keyboard.up('Control');
  await page.keyboard.type('no such!');
  await page.keyboard.press('Enter');
  await until('the complaint', async () => (await text(page, '#start-hint')).includes('may hold only'));
  await page.evaluate(() => document.getElementById('start-room').select());
  await page.keyboard.type(room);
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  await page.waitForSelector('#lobby-mic:not(:disabled)');
  assert.equal(await page.$eval('#lobby-name', (e) => e.value), 'Ada');
  await page.keyboard.press('Enter');
  await until('Ada to be in the room', () => page.evaluate(() => window.tidewire.state?.online));
  assert.equal((await page.evaluate(() => window.tidewire.state)).room, room);
  await page.keyboard.press('m');
  await until('the microphone to be off', () => page.evaluate(() => !window.tidewire.state.mic));
  const nameless = await page.$$eval('button, input, video', (all) => all
    .filter((e) => !(e.getAttribute('aria-label') || e.labels?.length || e.textContent.trim())).map((e) => e.outerHTML));
  assert.deepEqual(nameless, [], 'without a name for screen readers');
  const hosts = new Set(requests.filter((u) => u.protocol.startsWith('http')).map((u) => u.host));
  assert.deepEqual([...hosts], [new URL(shared.server.url).host], 'the page asks nobody but its own server');
});

story('garbage from somebody in the room leaves a call running', async (keep) => {
  const room = freshRoom('garbage');
  const ada = keep(await join(shared.browsers.chromium, shared.server, room, 'Ada'));
  const grace = keep(await join(shared.browsers.chromium, shared.server, room, 'Grace'));
  await connected(ada);
  const mallory = keep(await openTab(shared.browsers.chromium, `${shared.server.url}/`));
  await mallory.evaluate((name) => new Promise((resolve) => {
    const socket = new WebSocket(new URL('/ws', location.href.replace('http', 'ws')));
    socket.onopen = () => socket.send(JSON.stringify({ type: 'join', version: 1, room: name, name: 'Mallory' }));
    socket.onmessage = ({ data }) => {
      const { type, peers: there } = JSON.parse(data);
      if (type !== 'joined') return;
      for (const { id: to } of there) {
        for (const sdp of ['', 'garbage', 'v=0\r\nm=audio 9 X 0\r\n']) {
          socket.send(JSON.stringify({ type: 'description', to, description: { type: 'offer', sdp } }));
          socket.send(JSON.stringify({ type: 'description', to, description: { type: 'answer', sdp } }));
        }
        socket.send(JSON.stringify({ type: 'candidate', to, candidate: { candidate: 'candidate:nonsense', sdpMid: '0' } }));
      }
      resolve();
    };
  }), room);
  await until('the complaint', async () => (await text(ada, '#notices')).includes('Mallory sent something'));
  await sees(ada, 0);
  await send(ada, 'all well');
  await received(grace, 'all well');
  assert.ok((await stats(ada)).rtt_ms !== null);
});
