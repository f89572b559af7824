// coturn's own clients against `tidewire serve` as STUN and TURN server: every packet comes back.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { Program } from '../browser/lib/program.mjs';
import { until } from '../browser/lib/wait.mjs';
import { freePort } from '../browser/lib/turn.mjs';
import { LOOPBACK, SECRET, USER, flags, metric, startTurn } from './lib/turn_server.mjs';

const missing = (tool) => (spawnSync('which', [tool]).status === 0 ? false : `${tool} is not installed (package coturn)`);
const kSent = 10;      // messages of a client; uclient itself loses some when it is hurried
const kEvery = 20;     // ms between two of them
const kTimeout = 40_000;

let server;
let peer; // turnutils_peer, which sends back what it gets

async function toEnd(command, args) {
  const program = new Program([command, ...args]);
  const timer = setTimeout(() => program.kill('SIGKILL'), kTimeout);
  await program.exited;
  clearTimeout(timer);
  return program;
}

const uclient = (args) => toEnd('turnutils_uclient', args);

// Over TLS uclient takes what one read gives for one message, so it does not count those that came together; the server's own
// count tells that none was lost there. So it is not hurried, and gets another chance.
const kTls = { every: 60, chances: 4 };

const lost = (program) => !program.stdout.includes('Total lost packets 0 ');

// All that was sent came back; so many at least.
function nothingLost(program, atLeast) {
  const [, sent, received] = /tot_send_msgs=(\d+), tot_recv_msgs=(\d+)\D[^]*$/.exec(program.stdout.slice(program.stdout.lastIndexOf('tot_send_msgs'))) ?? [];
  assert.ok(Number(sent) >= atLeast, program.said);
  assert.equal(received, sent, program.said);
  assert.ok(!lost(program), program.said);
}

const kStatic = ['-u', USER.username, '-w', USER.password];
const kShared = ['-u', 'bob', '-W', SECRET];
const kPeer = 'peer';   // through the relay to a peer that answers
const kRelays = 'relays'; // from one relay to another one (-y), with a second pair for RTCP: EVEN-PORT and a reserved port

const kClients = [
  { name: 'UDP, indications, to a peer', on: 'udp', args: [...kStatic, '-s', '-c'], to: kPeer },
  { name: 'UDP, indications, relay to relay', on: 'udp', args: [...kStatic, '-s'], to: kRelays },
  { name: 'UDP, indications, shared secret', on: 'udp', args: [...kShared, '-s'], to: kRelays },
  { name: 'UDP, a channel, to a peer', on: 'udp', args: [...kStatic, '-c'], to: kPeer },
  { name: 'UDP, channels, shared secret, relay to relay', on: 'udp', args: [...kShared, '-c'], to: kRelays },
  { name: 'UDP, a channel, padded', on: 'udp', args: [...kStatic, '-c', '-D'], to: kPeer },
  { name: 'TCP, indications, relay to relay', on: 'tcp', args: ['-t', ...kStatic, '-s'], to: kRelays },
  { name: 'TCP, a channel, shared secret, to a peer', on: 'tcp', args: ['-t', ...kShared, '-c'], to: kPeer },
  { name: 'TLS, indications, shared secret, relay to relay', on: 'tls', args: ['-t', '-S', ...kShared, '-s'], to: kRelays },
  { name: 'TLS, a channel, to a peer', on: 'tls', args: ['-t', '-S', ...kStatic, '-c'], to: kPeer },
  { name: 'IPv6 over UDP, indications, relay to relay', family: 1, on: 'udp', args: ['-x', ...kStatic, '-s'], to: kRelays },
  { name: 'IPv6 over TCP, a channel, to a peer', family: 1, on: 'tcp', args: ['-t', '-x', ...kStatic, '-c'], to: kPeer },
  { name: 'IPv4 over UDP, an IPv6 relay', family: 0, relays: 1, on: 'udp', args: ['-x', ...kStatic, '-s', '-c'], to: kPeer },
];

describe('turnutils_uclient', { concurrency: 8, skip: missing('turnutils_uclient') }, () => {
  before(async () => {
    server = await startTurn([...flags({ tls: true }), '--max-allocations-per-user', '5000']);
    const port = await freePort();
    peer = new Program(['turnutils_peer', '-p', `${port}`, ...LOOPBACK.flatMap((ip) => ['-L', ip])]);
    peer.port = port;
  });
  after(async () => {
    const { text } = await server.ask('/metrics');
    await server.kill('SIGKILL');
    await peer.stop();
    for (const reason of ['from_client', 'from_peer', 'over_rate', 'queue_full']) {
      assert.equal(metric(text, `tidewire_turn_dropped_packets_total{reason="${reason}"}`), 0, 'the server itself lost none');
    }
  });

  for (const { name, family = 0, relays = family, on, args, to } of kClients) {
    test(name, { timeout: 4 * kTimeout }, async () => {
      const { host, port } = server[on][family];
      const target = to === kRelays ? ['-y'] : ['-e', LOOPBACK[relays], '-r', `${peer.port}`];
      const { every, chances } = on === 'tls' ? kTls : { every: kEvery, chances: 1 };
      const command = [...args, ...target, '-p', `${port}`, '-n', `${kSent}`, '-z', `${every}`, host];
      let program = await uclient(command);
      for (let chance = 1; chance < chances && lost(program); ++chance) program = await uclient(command);
      nothingLost(program, kSent);
    });
  }

  test('a wrong password is refused', { timeout: kTimeout }, async () => {
    const { host, port } = server.udp[0];
    const program = await toEnd('turnutils_uclient', ['-u', USER.username, '-w', 'wrong', '-y', '-c', '-p', `${port}`, host]);
    assert.match(program.stdout, /Cannot complete Allocation/, program.said);
    assert.notEqual(program.code, 0);
    assert.ok(metric((await server.ask('/metrics')).text, 'tidewire_turn_wrong_credentials_total') > 0);
  });

  test('turnutils_stunclient sees where it comes from', { skip: missing('turnutils_stunclient'), timeout: kTimeout }, async () => {
    for (const { host, port } of server.udp) {
      const program = await toEnd('turnutils_stunclient', ['-p', `${port}`, host]);
      assert.match(program.stdout, host === '::1' ? /UDP reflexive addr: \[?::1\]?:\d+/ : /UDP reflexive addr: 127\.0\.0\.1:\d+/, program.said);
    }
  });
});
