// Those who mean no good, against `tidewire serve --only turn`: what they get, what they cost, and what is told of the others.
//
// Sizes are those of IP packets: 20 or 40 bytes of IP and 8 of UDP are counted with each message.

import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import fs from 'node:fs';
import net from 'node:net';
import { describe, test } from 'node:test';
import { until } from '../browser/lib/wait.mjs';
import { ATTRIBUTE, METHOD, allocate, askUdp, kUdp, minted, parse, request, signed } from './lib/stun.mjs';
import { SECRET, USER, flags, metric, startTurn } from './lib/turn_server.mjs';

const kTimeout = 120_000;
const kWanted = [[ATTRIBUTE.transport, kUdp]];
const kClient = '127.0.0.77'; // a client whose whole address would be known again in a log

async function start(t, args = flags()) {
  const server = await startTurn(args);
  t.after(() => server.kill('SIGKILL'));
  return server;
}

const resident = ({ pid }) => Number(/^VmRSS:\s+(\d+) kB/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

// A socket and what asks over it, again and again as a client does whose packets get lost.
async function client(t, { host, port }, ip) {
  const socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
  if (ip) await new Promise((resolve) => socket.bind(0, ip, resolve));
  t.after(() => socket.close());
  const ask = async (message) => {
    for (let i = 0; i < 20; ++i) {
      const answer = await askUdp({ host, port }, message, { timeout: 100, socket });
      if (answer) return answer;
    }
    return Buffer.alloc(0);
  };
  return { socket, ask };
}

async function getsIn(t, server, ip) {
  const { ask } = await client(t, server.udp[0], ip);
  const begun = performance.now();
  const answer = await allocate(ask, USER.username, USER.password);
  assert.equal(answer?.success, true, `an allocation: ${answer?.error}`);
  return { took: performance.now() - begun, answer, ask };
}

test('5000 strangers leave nothing behind, and who has a password gets in within a second', { timeout: kTimeout }, async (t) => {
  const server = await start(t);
  const { host, port } = server.udp[0];
  const kAtOnce = 250;
  const flood = async (count) => {
    for (let done = 0; done < count; done += kAtOnce) {
      const sockets = Array.from({ length: kAtOnce }, () => dgram.createSocket('udp4'));
      await Promise.all(sockets.map((socket) => new Promise((resolve) => {
        socket.bind(0, '127.0.0.1', resolve);
      })));
      await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.send(request(METHOD.allocate, kWanted), port, host, resolve))));
      for (const socket of sockets) socket.close();
    }
  };
  await flood(kAtOnce); // what is made once is made now
  const before = resident(server);
  await flood(5000);
  const { took } = await getsIn(t, server, '127.0.0.1'); // the flood's own address
  assert.ok(took < 1000, `${Math.round(took)} ms`);
  const grown = resident(server) - before;
  assert.ok(grown < 5 * 1024, `${grown} kB more`);
  const { text } = await server.ask('/metrics');
  assert.ok(metric(text, 'tidewire_turn_requests_total{method="allocate"}') > 5000, text);
  const [answers, held] = ['challenges', 'challenges_held'].map((name) => metric(text, `tidewire_turn_${name}_total`));
  assert.ok(answers + held > 5000, `each of them was told to authenticate, or told nothing: ${answers}, ${held}`);
  assert.equal(metric(text, 'tidewire_turn_allocations'), 1);
  t.diagnostic(`${grown} kB more, ${answers} answered, ${held} not, in within ${Math.round(took)} ms`);
});

// ---- answers are no weapon

const kMark = [0x8022, Buffer.from('x')]; // SOFTWARE
const kQuestions = [
  { what: 'Binding', message: request(METHOD.binding), most: 3 },
  { what: 'Binding with something unknown', message: request(METHOD.binding, [[0x7777, '']]), most: 3 },
  { what: 'Allocate', message: request(METHOD.allocate, kWanted), most: 1.5 },
  { what: 'Allocate for a family', message: request(METHOD.allocate, [...kWanted, [0x0017, Buffer.from([1, 0, 0, 0])]]), most: 1.5 },
  { what: 'Allocate with a name', message: request(METHOD.allocate, [...kWanted, kMark]), most: 1.5 },
  { what: 'an empty Allocate', message: request(METHOD.allocate), most: 1.5, mayBeSilent: true },
  { what: 'an empty Refresh', message: request(METHOD.refresh), most: 1.5, mayBeSilent: true },
  { what: 'an empty CreatePermission', message: request(METHOD.createPermission), most: 1.5, mayBeSilent: true },
  { what: 'an unknown method', message: request(0x0ff), most: 1.5, mayBeSilent: true },
  { what: 'Allocate with something unknown', message: request(METHOD.allocate, [[0x7777, ''], [0x7778, ''], [0x7779, '']]), most: 1.5, mayBeSilent: true },
  { what: 'Allocate with a user of nobody', mayBeSilent: true, most: 1.5,
    message: request(METHOD.allocate, [...kWanted, [ATTRIBUTE.username, 'nobody'], [ATTRIBUTE.realm, 'lab'], [ATTRIBUTE.nonce, 'old']], { key: 'x' }) },
];

test('what strangers get is hardly longer than what they send', { timeout: kTimeout }, async (t) => {
  const server = await start(t, flags().map((word, i, all) => (all[i - 1] === '--realm' ? 'tidewire' : word))); // the longest realm
  const found = [];
  for (const to of server.udp) {
    const headers = (to.host === '::1' ? 40 : 20) + 8;
    for (const { what, message, most, mayBeSilent = false } of kQuestions) {
      const answer = await askUdp(to, message, { timeout: 300 });
      if (!answer && mayBeSilent) continue;
      assert.ok(answer, `${what} from ${to.host} is answered`);
      const factor = (answer.length + headers) / (message.length + headers);
      found.push(`${what}, ${to.host}: ${factor.toFixed(2)}`);
      assert.ok(factor <= most, `${what} from ${to.host}: ${message.length} bytes got ${answer.length}, ${factor.toFixed(2)} times as much`);
    }
  }
  t.diagnostic(found.join('; '));
});

// ---- nonsense

// Numbers that look random and are the same in each run.
function* numbers(seed) {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state >>> 8;
  }
}

test('noise is dropped, and the others do not hear it', { timeout: kTimeout }, async (t) => {
  const server = await start(t);
  const { ask, answer } = await getsIn(t, server, kClient);
  const { socket } = await client(t, server.udp[0]);
  const { host, port } = server.udp[0];
  const random = numbers(7);
  const next = (below) => random.next().value % below;
  const real = request(METHOD.allocate, [...kWanted, [ATTRIBUTE.username, 'ada'], [ATTRIBUTE.nonce, 'x']], { key: 'k' });
  for (let i = 0; i < 3000; ++i) {
    const noise = i % 2 ? Buffer.from(real) : Buffer.alloc(next(1400)).map(() => next(256));
    if (i % 2) for (let k = next(6); k >= 0; --k) noise[next(noise.length)] = next(256);
    await new Promise((resolve) => socket.send(noise, port, host, resolve));
  }
  assert.ok(server.running, server.said);
  const refreshed = parse(await ask(signed(answer, METHOD.refresh, USER.username, [])));
  assert.equal(refreshed?.success, true);
});

// ---- what is told

test('no password, no secret and no whole address is logged', { timeout: kTimeout }, async (t) => {
  for (const format of ['text', 'json']) {
    const server = await start(t, [...flags({ tls: true }), '--log-level', 'debug', '--log-format', format]);
    const credentials = minted(SECRET, 'bob');
    const told = [];
    for (const [name, password] of [[USER.username, USER.password], [credentials.username, credentials.password],
      [USER.username, 'a-wrong-password'], ['203.0.113.99', 'x']]) {
      const { ask } = await client(t, server.udp[0], kClient);
      const relay = await allocate(ask, name, password);
      if (relay.success) parse(await ask(signed(relay, METHOD.refresh, name, [[ATTRIBUTE.lifetime, Buffer.alloc(4)]])));
      told.push(relay.success);
    }
    assert.deepEqual(told, [true, true, false, false]);
    const stream = net.connect({ ...server.tcp[0], localAddress: kClient });
    stream.on('error', () => {});
    stream.write('SSH-2.0-x\r\n');
    await until('two allocations to have come and gone', () => server.stderr.split('allocation_ended').length === 3);
    server.kill('SIGTERM');
    assert.equal(await server.exited, 0, server.said);
    const [first, ...rest] = server.stdout.split('\n');
    const all = server.stderr + first.replace(JSON.stringify(server.iceServers), '') + rest.join('\n');
    assert.match(all, /127\.0\.0\.0\/24/, 'clients are logged by their network');
    for (const secret of [USER.password, SECRET, credentials.password, 'a-wrong-password', kClient]) {
      assert.ok(!all.includes(secret), `${secret} in\n${all}`);
    }
  }
});

test('the metrics count, and draining is told', { timeout: kTimeout }, async (t) => {
  const server = await start(t, [...flags(), '--drain-timeout', '30s']);
  const value = async (series) => metric((await server.ask('/metrics')).text, series);
  assert.deepEqual([(await server.ask('/healthz')).status, (await server.ask('/readyz')).status], [200, 200]);
  const { ask, answer } = await getsIn(t, server, kClient);
  await ask(request(METHOD.binding));
  assert.equal(await value('tidewire_turn_allocations'), 1);
  assert.equal(await value('tidewire_turn_users'), 1);
  assert.equal(await value('tidewire_turn_allocations_total'), 1);
  assert.equal(await value('tidewire_turn_challenges_total'), 1);
  assert.equal(await value('tidewire_turn_requests_total{method="allocate"}'), 2);
  assert.equal(await value('tidewire_stun_binding_answers_total'), 1);
  const { ask: wrong } = await client(t, server.udp[0]);
  assert.equal((await allocate(wrong, USER.username, 'wrong')).error, 401);
  assert.equal(await value('tidewire_turn_wrong_credentials_total'), 1);

  server.kill('SIGTERM');
  await until('it to say that it is not ready', async () => (await server.ask('/readyz')).status === 503);
  assert.equal((await server.ask('/healthz')).status, 200);
  const { ask: late } = await client(t, server.udp[0]);
  assert.equal((await allocate(late, USER.username, USER.password)).error, 508);
  assert.equal(parse(await ask(signed(answer, METHOD.refresh, USER.username, []))).success, true, 'who is there may stay');
  assert.ok(server.running);
  const begun = performance.now();
  await ask(signed(answer, METHOD.refresh, USER.username, [[ATTRIBUTE.lifetime, Buffer.alloc(4)]]));
  assert.equal(await server.exited, 0, server.said);
  assert.ok(performance.now() - begun < 5000, 'it ends when the last one has gone');
});

describe('its end', () => {
  test('a second SIGTERM does not wait', { timeout: kTimeout }, async (t) => {
    const server = await start(t, [...flags(), '--drain-timeout', '30s']);
    await getsIn(t, server);
    server.kill('SIGTERM');
    await until('it to drain', () => server.stderr.includes('draining'));
    const begun = performance.now();
    server.kill('SIGTERM');
    assert.equal(await server.exited, 'SIGTERM', server.said);
    assert.ok(performance.now() - begun < 5000);
  });

  test('after --drain-timeout it waits no longer', { timeout: kTimeout }, async (t) => {
    const server = await start(t, [...flags(), '--drain-timeout', '300ms']);
    await getsIn(t, server);
    server.kill('SIGTERM');
    assert.equal(await server.exited, 0, server.said);
    assert.match(server.stderr, /drain_gave_up/);
  });
});
