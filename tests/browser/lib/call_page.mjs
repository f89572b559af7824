// What the tests do with an open call page; everything goes through window.tidewire (web/README.md) or the visible page.

import { openTab } from './browsers.mjs';
import { until, untilGrows } from './wait.mjs';

const kSomebody = 30_000; // ms

let rooms = 0;

// A room that no other test uses.
export const freshRoom = (word) => `${word}-${process.pid}-${++rooms}`;

// Opens the room in a new tab and joins; resolves when the server said yes.
export async function join(browser, server, room, name, query = {}) {
  const parameters = new URLSearchParams({ auto: '1', name, ...query });
  const page = await openTab(browser, `${server.url}/r/${room}?${parameters}`);
  await until(`${name} to be in the room`, () => page.evaluate(() => window.tidewire?.state?.online));
  return page;
}

// Waits until somebody is in the room: looks in as a spectator, who is in nobody's call.
export async function occupied(browser, server, room) {
  const page = await openTab(browser, `${server.url}/`);
  await page.evaluate((name, timeout) => new Promise((resolve, reject) => {
    const socket = new WebSocket(new URL('/ws', location.href.replace('http', 'ws')));
    socket.onopen = () => socket.send(JSON.stringify({ type: 'join', version: 1, room: name, name: 'Spectator' }));
    socket.onmessage = ({ data }) => {
      const { type, peers: there } = JSON.parse(data);
      if (type !== 'peer_joined' && !(type === 'joined' && there.length > 0)) return;
      socket.close(1000);
      resolve();
    };
    setTimeout(() => reject(new Error(`nobody came into the room ${name}`)), timeout);
  }), room, kSomebody);
  await page.browserContext().close();
}

export const peers = (page) => page.evaluate(() => window.tidewire.peers);
export const stats = (page, index = 0) => page.evaluate((i) => window.tidewire.stats(i), index);
export const send = (page, text) => page.evaluate((t) => window.tidewire.send(t), text);

export async function connected(page, count = 1) {
  await until(`${count} connected peer(s)`, async () => {
    const list = await peers(page);
    return list.length === count && list.every((p) => p.state === 'connected' && p.chat_ready);
  });
}

// The picture moves: frames are decoded, one after the other.
export async function sees(page, index = 0) {
  await untilGrows('decoded frames', async () => (await stats(page, index))?.video_in?.frames_decoded ?? 0, 15);
}

// Sound that is not silence arrives.
export async function hears(page, index = 0) {
  await until('sound', async () => ((await stats(page, index))?.audio_in?.audio_energy ?? 0) > 0);
}

// A message of somebody else with this text was received.
export async function received(page, text) {
  await until(`the message “${text}”`, () => page.evaluate(
    (t) => window.tidewire.messages.some((m) => m.from !== 'me' && m.text === t), text));
}

// The text of a visible element, or ''.
export const text = (page, selector) => page.evaluate((s) => document.querySelector(s)?.innerText ?? '', selector);
