// Clients over TCP and TLS: however their bytes are cut, and whoever else holds connections open.

import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import tls from 'node:tls';
import { until } from '../browser/lib/wait.mjs';
import { METHOD, allocate, connectTcp, parse, request, sendIndication, signed, xorAddress, ATTRIBUTE } from './lib/stun.mjs';
import { USER, flags, metric, startTurn } from './lib/turn_server.mjs';

const kTimeout = 30_000;
const kSlow = 3; // ms between two bytes
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const secure = (options) => tls.connect({ ...options, rejectUnauthorized: false });

let server;
const kinds = [{ name: 'TCP', of: () => server.tcp[0] }, { name: 'TLS', of: () => server.tls[0], connect: secure }];

// A client with an allocation, and what asks for more over its connection.
async function withRelay(kind) {
  const client = await connectTcp(kind.of(), kind.connect);
  const relay = await allocate(client.ask, USER.username, USER.password);
  assert.equal(relay?.success, true, `an allocation over ${kind.name}: ${relay?.error}`);
  return Object.assign(client, { relay });
}

function bindings(count) {
  const all = Array.from({ length: count }, () => request(METHOD.binding));
  return { bytes: Buffer.concat(all), transactions: all.map((one) => one.toString('hex', 8, 20)) };
}

async function answers(client, count) {
  const all = [];
  while (all.length < count) {
    const message = await client.next();
    if (!message) break;
    all.push(parse(message).transaction.toString('hex'));
  }
  return all;
}

describe('clients on streams', () => {
  before(async () => { server = await startTurn(flags({ ips: ['127.0.0.1'], tls: true })); });
  after(() => server.kill('SIGKILL'));

  for (const kind of kinds) {
    test(`${kind.name}: requests cut at every byte`, { timeout: kTimeout }, async () => {
      const client = await connectTcp(kind.of(), kind.connect);
      const { bytes, transactions } = bindings(1);
      for (let at = 1; at < bytes.length; ++at) {
        client.write(bytes.subarray(0, at));
        await pause(1);
        client.write(bytes.subarray(at));
        assert.deepEqual(await answers(client, 1), transactions, `cut at ${at}`);
      }
      client.socket.destroy();
    });

    test(`${kind.name}: a hundred requests in one piece`, { timeout: kTimeout }, async () => {
      const client = await connectTcp(kind.of(), kind.connect);
      const { bytes, transactions } = bindings(100);
      client.write(bytes);
      assert.deepEqual(await answers(client, 100), transactions);
      client.socket.destroy();
    });

    test(`${kind.name}: one byte after the other`, { timeout: kTimeout }, async () => {
      const client = await connectTcp(kind.of(), kind.connect);
      const { bytes, transactions } = bindings(3);
      for (const byte of bytes) {
        client.write(Buffer.of(byte));
        await pause(kSlow);
      }
      assert.deepEqual(await answers(client, 3), transactions);
      client.socket.destroy();
    });

    test(`${kind.name}: what is no message ends the connection, and no other one`, { timeout: kTimeout }, async () => {
      const good = await withRelay(kind);
      // What begins with 0x40 to 0x7F, letters among them, might be the beginning of ChannelData; it has half a minute.
      for (const garbage of [Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]), Buffer.alloc(2000, 0xff), Buffer.from([0, 1, 0, 3, 0, 0, 0, 0])]) {
        const client = await connectTcp(kind.of(), kind.connect);
        client.write(garbage);
        assert.notEqual(await Promise.race([client.closed, pause(5000).then(() => 'still open')]), 'still open', `${garbage}`);
      }
      const answer = parse(await good.ask(signed(good.relay, METHOD.refresh, USER.username, [])));
      assert.equal(answer.success, true);
      good.socket.destroy();
    });

    test(`${kind.name}: a burst from a peer arrives whole`, { timeout: kTimeout }, async (t) => {
      const client = await withRelay(kind);
      const kBurst = 100;
      const peer = dgram.createSocket('udp4');
      await new Promise((resolve) => peer.bind(0, '127.0.0.1', resolve));
      const to = xorAddress('127.0.0.1', peer.address().port);
      t.after(() => { peer.close(); client.socket.destroy(); });
      const permitted = parse(await client.ask(signed(client.relay, METHOD.createPermission, USER.username, [[ATTRIBUTE.xorPeer, to]])));
      assert.equal(permitted.success, true);
      const begun = new Promise((resolve) => peer.once('message', (bytes, from) => resolve(from)));
      client.write(sendIndication(to, Buffer.from('hello')));
      const relayed = await begun;
      for (let i = 0; i < kBurst; ++i) peer.send(Buffer.alloc(i + 1, i), relayed.port, relayed.address);
      for (let i = 0; i < kBurst; ++i) {
        const message = await client.next();
        assert.ok(message, `${i} of ${kBurst} arrived`);
        assert.ok(message.includes(Buffer.alloc(i + 1, i)), `number ${i}`);
      }
    });
  }

  test('200 idle connections and a handshake that never ends keep nobody out', { timeout: kTimeout }, async (t) => {
    const before = await withRelay(kinds[1]);
    const idle = [];
    t.after(() => { for (const socket of idle) socket.destroy(); before.socket.destroy(); });
    const hello = Buffer.from('16030100c8010000c40303', 'hex'); // the head of a ClientHello, and then nothing more
    for (let i = 0; i < 200; ++i) {
      for (const kind of kinds) {
        const socket = net.connect(kind.of());
        socket.on('error', () => {}); // it has to make room, sooner or later
        if (kind.connect) socket.once('connect', () => socket.write(hello));
        idle.push(socket);
      }
    }
    await until('all to have tried', () => idle.every((socket) => !socket.connecting));
    const start = performance.now();
    for (const kind of kinds) (await withRelay(kind)).socket.destroy();
    const took = performance.now() - start;
    assert.ok(took < 1000, `two clients got in within ${Math.round(took)} ms`);
    const answer = parse(await before.ask(signed(before.relay, METHOD.refresh, USER.username, [])));
    assert.equal(answer?.success, true, 'who was there before is still there');
    assert.ok(metric((await server.ask('/metrics')).text, 'tidewire_turn_connections') < 400);
  });
});
