// What two ends do with data channels, and what must be true of it. See datachannel.test.mjs.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { content } from './datachannel_peer.mjs';

const kSizes = [0, 1, 1199, 1200, 1201, 16384, 65535, 65536, 262144];
const kHuge = 8 << 20;
const kBurst = Array(40).fill(16384);

const DEFAULTS = { protocol: '', ordered: true, negotiated: false, maxRetransmits: null, maxPacketLifeTime: null };

// Of the side that offers, before it offers; the other makes the like later.
const CHANNELS = {
  plain: {},
  unordered: { ordered: false },
  retransmits: { maxRetransmits: 3 },
  'no retransmission': { ordered: false, maxRetransmits: 0 },
  lifetime: { ordered: false, maxPacketLifeTime: 30000 },
  protocol: { protocol: 'chat.v1' },
  '名前 ярлык 😀 é': { protocol: 'протокол 😀' },
  '': {},
};
const NEGOTIATED = { negotiated: true, id: 100, protocol: 'agreed' };

// Hands descriptions and candidates over until both ends are told that they are connected.
export async function connect(offerer, answerer, seconds) {
  const passed = [0, 0];
  const early = [[], []]; // werift's candidates come before its description
  const pass = (from, to, i) => {
    for (; passed[i] < from.events.length; ++passed[i]) {
      const { event, ...rest } = from.events[passed[i]];
      if (event !== 'description' && event !== 'candidate') continue;
      if (event === 'candidate' && early[i]) {
        early[i].push(rest);
        continue;
      }
      to.tell({ do: event, ...rest });
      for (const candidate of early[i] ?? []) to.tell({ do: 'candidate', ...candidate });
      early[i] = null;
    }
  };
  await offerer.tell({ do: 'offer' });
  const isConnected = (events) => events.some((e) => e.event === 'state' && e.state === 'connected');
  await Promise.all([
    offerer.until('the connection', (events) => { pass(offerer, answerer, 0); return isConnected(events); }, seconds),
    answerer.until('the connection', (events) => { pass(answerer, offerer, 1); return isConnected(events); }, seconds),
  ]);
}

function limitOf(end) {
  const { sdp } = end.events.find((e) => e.event === 'description');
  return Number(/^a=max-message-size:(\d+)/m.exec(sdp)?.[1] ?? 65536);
}

export const announcement = (end, label, event, seconds) => end.until(`${event} of "${label}"`,
  (events) => events.find((e) => e.event === event && e.label === label), seconds);

async function checkOptions(maker, other, label, init) {
  const event = init.negotiated ? 'open' : 'channel';
  const [own, seen] = await Promise.all([announcement(maker, label, 'open'), announcement(other, label, event)]);
  for (const [key, value] of Object.entries({ ...DEFAULTS, ...init })) {
    assert.deepEqual(own[key], value, `${maker.name}'s ${key} of "${label}"`);
    assert.deepEqual(seen[key], value, `${other.name}'s ${key} of "${label}"`);
  }
  assert.equal(seen.id, own.id, `stream of "${label}"`);
}

let seeds = 0;
export const expectedOf = (sizes, seed, text) => sizes.map((size, i) => ({ text, size,
  sha256: crypto.createHash('sha256').update(content(size, seed + i, text)).digest('hex') }));
export const got = (end, label) => end.events.filter((e) => e.event === 'message' && e.label === label);

// One sends, the other receives all of it. `command`: more for the send command.
async function transfer(from, to, label, sizes, { text = false, ordered = true, confusesEmpty = false, ...command } = {}) {
  const before = got(to, label).length;
  const seed = (seeds += 1000);
  await from.tell({ do: 'send', label, sizes, seed, text, ...command });
  await to.until(`${sizes.length} messages on "${label}"`, () => got(to, label).length >= before + sizes.length);
  const messages = got(to, label).slice(before).map(({ text: t, size, sha256 }) => ({ text: t, size, sha256 }));
  const expected = expectedOf(sizes, seed, text);
  if (confusesEmpty) for (const message of [...messages, ...expected]) message.text &&= message.size > 0;
  const sorted = (list) => (ordered ? list : list.map((m) => JSON.stringify(m)).sort());
  assert.deepEqual(sorted(messages), sorted(expected), `${from.name} to ${to.name} on "${label}"`);
}

async function sizesBothWays(ours, theirs, quirks) {
  const { confusesEmpty } = quirks;
  for (const [from, to] of [[ours, theirs], [theirs, ours]]) {
    const limit = Math.min(limitOf(to), (from === theirs && quirks.sendsAtMost) || Infinity);
    const sizes = kSizes.filter((size) => size <= limit && !(size === 0 && from === theirs && quirks.sendsNoEmpty));
    for (const text of [false, true]) await transfer(from, to, 'plain', sizes, { text, confusesEmpty });
    if (limit >= kHuge && from === ours) await transfer(from, to, 'plain', [kHuge]);
  }
}

// One byte more than the other side takes is refused at once, and nothing else comes of it.
async function refusal(ours, theirs) {
  const limit = limitOf(theirs);
  await ours.tell({ do: 'send zeros', label: 'plain', size: limit + 1 });
  const error = await ours.until('a refusal', () => ours.errors().at(-1));
  assert.equal(error.name, 'TypeError', error.message);
  assert.match(error.message, new RegExp(`\\b${limit + 1}\\b.*\\b${limit}\\b`));
  ours.events.splice(ours.events.indexOf(error), 1); // it was wanted
  await transfer(ours, theirs, 'plain', [1000]);
}

async function closing(from, to, label, burst) {
  await from.tell({ do: 'create', label, init: {} });
  await announcement(to, label, 'channel');
  await announcement(from, label, 'open');
  await transfer(from, to, label, burst, { close: true });
  const closed = (end) => end.until(`closed of "${label}"`, (e) => e.find((x) => x.event === 'closed' && x.label === label));
  await Promise.all([closed(from), closed(to)]);
  assert.equal(got(to, label).length, burst.length);
}

async function churn(from, to, count, linger = 0) {
  const before = await counted(to);
  await from.tell({ do: 'churn', count, at_once: 50, linger });
  await from.until(`${count} channels that open and close`, (events) => events.find((e) => e.event === 'churned'), 15);
  for (let i = 0; i < 100; ++i) {
    const now = await counted(to);
    if (now.closed - before.closed === count) {
      assert.equal(now.opened - before.opened, count);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`${to.name} saw ${JSON.stringify(await counted(to))} of ${count} channels`);
}

async function counted(end) {
  const before = end.events.filter((e) => e.event === 'count').length;
  await end.tell({ do: 'count' });
  return end.until('its count', (events) => events.filter((e) => e.event === 'count')[before]);
}

// The steps of a call, so that a failure has a name. `quirks`: what the other stack cannot do, with the reason.
export async function story(ours, theirs, weOffer, quirks, step) {
  const { confusesEmpty } = quirks;
  const [offerer, answerer] = weOffer ? [ours, theirs] : [theirs, ours];
  const makes = (end, label) => end === ours || !quirks.cannotMake?.includes(label);
  const channels = Object.entries(CHANNELS).filter(([label]) => makes(offerer, label));
  const back = Object.entries(CHANNELS).filter(([label]) => makes(answerer, label));
  await step('connects', async () => {
    for (const end of [offerer, answerer]) await end.tell({ do: 'create', label: 'agreed', init: NEGOTIATED });
    for (const [label, init] of channels) await offerer.tell({ do: 'create', label, init });
    await connect(offerer, answerer);
  });
  await step('options are seen by the other side', async () => {
    await checkOptions(offerer, answerer, 'agreed', NEGOTIATED);
    for (const [label, init] of channels) await checkOptions(offerer, answerer, label, init);
    for (const [label, init] of back) {
      await answerer.tell({ do: 'create', label: `${label} back`, init });
      await checkOptions(answerer, offerer, `${label} back`, init);
    }
  });
  await step('each kind of channel carries text and bytes both ways', async () => {
    const labels = [...channels, ...back.map(([label, init]) => [`${label} back`, init]), ['agreed', NEGOTIATED]];
    await Promise.all(labels.map(async ([label, { ordered = true }]) => {
      for (const [from, to] of [[ours, theirs], [theirs, ours]]) {
        const small = from === theirs && quirks.sendsNoEmpty ? [1, 1000] : [0, 1, 1000];
        for (const text of [false, true]) await transfer(from, to, label, small, { ordered, text, confusesEmpty });
      }
    }));
  });
  await step('messages of all sizes arrive whole', () => sizesBothWays(ours, theirs, quirks));
  await step('a message over their limit is refused, the channel goes on', () => refusal(ours, theirs));
  await step('what was sent before our close() arrives', () => closing(ours, theirs, 'closed by us', quirks.losesAtOurClose ? [] : kBurst));
  await step('what was sent before their close() arrives', () => closing(theirs, ours, 'closed by them', quirks.losesAtTheirClose ? [] : kBurst));
  const count = quirks.churn ?? 1000;
  await step(`${count} channels open and close`, () => churn(ours, theirs, count, quirks.linger));
  if (!quirks.losesShortChannels) await step(`${count} channels of theirs open and close`, () => churn(theirs, ours, count, quirks.linger));
  const errors = [...ours.errors(), ...theirs.errors()];
  assert.deepEqual(errors, [], 'errors');
}
