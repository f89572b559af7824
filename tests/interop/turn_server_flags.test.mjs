// What `tidewire serve` says to flags and files that are wrong, and that all of them can stand in a file.

import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { describe, test } from 'node:test';
import tls from 'node:tls';
import { until } from '../browser/lib/wait.mjs';
import { freePort } from '../browser/lib/turn.mjs';
import { settings } from '../lab/lib/own_relay.mjs';
import { allocate, askUdp } from './lib/stun.mjs';
import { SECRET, USER, flags, makeCertificate, makeFolder, serve, startTurn } from './lib/turn_server.mjs';

const kTimeout = 20_000;
const kGood = flags({ ips: ['127.0.0.1'] });

// Without the flag that it says something else about.
const without = (flag) => kGood.filter((word, i) => word !== flag && kGood[i - 1] !== flag);

async function refused(args) {
  const server = serve(args);
  const timer = setTimeout(() => server.kill('SIGKILL'), 5000);
  const status = await server.exited;
  clearTimeout(timer);
  return { status, said: server.said, error: JSON.parse(server.stdout.trim().split('\n').at(-1) || '{}').failure?.message ?? server.stderr };
}

const kWrong = [
  { what: 'no range of addresses', args: [...kGood, '--allow-peer', '10.0.0.0/33'], names: ['--allow-peer', '10.0.0.0/33'] },
  { what: 'no range of addresses to refuse', args: [...kGood, '--deny-peer', 'everybody'], names: ['--deny-peer', 'everybody'] },
  { what: 'no range of ports', args: [...without('--relay-ports'), '--relay-ports', '60000-50000'], names: ['--relay-ports', '60000-50000'] },
  { what: 'a listening port among the relayed ones', args: [...without('--relay-ports'), '--relay-ports', '20000-20100', '--turn-listen', '127.0.0.1:20050'],
    names: ['--relay-ports', '--turn-listen', '20050'] },
  { what: 'a listening port for TLS among the relayed ones', args: [...flags({ ips: ['127.0.0.1'], tls: true }), '--turn-tls-listen', '127.0.0.1:20050'],
    names: ['--relay-ports', '--turn-tls-listen', '20050'] },
  { what: 'a realm that is too long', args: [...without('--realm'), '--realm', 'much-too-long'], names: ['--realm', '8 bytes'] },
  { what: 'a user without a password', args: [...kGood, '--turn-user', 'charles'], names: ['--turn-user', 'NAME:PASSWORD'] },
  { what: 'nobody who may use it', args: flags({ ips: ['127.0.0.1'], credentials: false }), names: ['--turn-user', '--turn-secret'] },
  { what: 'no address to listen on', args: [...kGood, '--turn-listen', 'here'], names: ['--turn-listen', 'here'] },
  { what: 'an address that others have', args: [...kGood, '--turn-listen', '203.0.113.7:3478'], names: ['--turn-listen', '203.0.113.7'] },
  { what: 'two relayed addresses of one family', args: [...kGood, '--relay-ip', '127.0.0.2'], names: ['--relay-ip'] },
  { what: 'no public address', args: [...kGood, '--public-ip', 'mine'], names: ['--public-ip', 'mine'] },
  { what: 'TLS without a certificate', args: [...kGood, '--turn-tls-listen', '127.0.0.1:0'], names: ['--tls-cert'] },
  { what: 'a certificate that is not there', args: [...kGood, '--tls-cert', '/nowhere/cert.pem'], names: ['--tls-cert', '/nowhere/cert.pem'] },
  { what: 'a file that is no certificate', args: [...kGood, '--tls-cert', '/etc/hostname'], names: ['--tls-cert'] },
  { what: 'no time', args: [...kGood, '--drain-timeout', 'soon'], names: ['--drain-timeout', 'soon'] },
  { what: 'no number', args: [...kGood, '--max-allocations', 'many'], names: ['--max-allocations', 'many'] },
  { what: 'no level', args: [...kGood, '--log-level', 'loud'], names: ['--log-level', 'loud'] },
  { what: 'an unknown flag', args: [...kGood, '--no-auth'], names: ['--no-auth'] },
  { what: 'no address for the metrics', args: [...without('--metrics-listen'), '--metrics-listen', '9641'], names: ['--metrics-listen', '9641'] },
  { what: 'a file that is not there', args: [...kGood, '--config', '/nowhere/tidewire.conf'], names: ['--config', '/nowhere/tidewire.conf'] },
];

function confFile(text) {
  const file = path.join(makeFolder(), 'tidewire.conf');
  fs.writeFileSync(file, text);
  return file;
}

function expectSentence({ status, said, error }, names) {
  assert.notEqual(status, 0, said);
  assert.notEqual(status, 'SIGKILL', `it serves: ${said}`);
  for (const name of names) assert.ok(error.includes(name), `${name} in: ${said}`);
  assert.ok(!error.includes(USER.password) && !error.includes(SECRET), said);
  const [line, ...more] = error.trim().split('\n');
  assert.ok(line.length > 0 && more.every((one) => one === 'Run with --help for more information.'), `one line: ${said}`);
}

describe('what is wrong is said in a sentence', { concurrency: 4 }, () => {
  for (const { what, args, names } of kWrong) {
    test(what, { timeout: kTimeout }, async () => expectSentence(await refused(args), names));
  }

  const kFiles = [
    { what: 'an unknown name', text: 'mobility = true\n', names: ['mobility'] },
    { what: 'a section', text: '[turn]\nrealm = "x"\n', names: ['turn'] },
    { what: 'a file in the file', text: 'config = "other.conf"\n', names: ['config'] },
    { what: 'a wrong value', text: 'relay-ports = "all"\n', names: ['relay-ports', 'all'], without: '--relay-ports' },
    { what: 'no number', text: 'max-allocations = "many"\n', names: ['max-allocations', 'many'] },
  ];
  for (const { what, text, names, without: flag } of kFiles) {
    test(`${what} in the file`, { timeout: kTimeout }, async () => {
      const file = confFile(text);
      expectSentence(await refused([...(flag ? without(flag) : kGood), '--config', file]), names);
    });
  }

  for (const kind of ['UDP', 'TCP']) {
    test(`a ${kind} port that another program has`, { timeout: kTimeout }, async (t) => {
      const port = await freePort();
      const socket = kind === 'UDP' ? dgram.createSocket('udp4') : net.createServer();
      await new Promise((resolve) => (kind === 'UDP' ? socket.bind(port, '127.0.0.1', resolve) : socket.listen(port, '127.0.0.1', resolve)));
      t.after(() => socket.close());
      expectSentence(await refused([...without('--turn-listen'), '--turn-listen', `127.0.0.1:${port}`]), [`127.0.0.1:${port}`, '--turn-listen']);
    });
  }

  // The kernel would let them share it (SO_REUSEPORT), and give each of them half of the clients.
  test('a port that another tidewire has', { timeout: kTimeout }, async (t) => {
    const first = await startTurn(kGood);
    t.after(() => first.kill('SIGKILL'));
    const { port } = first.udp[0];
    expectSentence(await refused([...without('--turn-listen'), '--turn-listen', `127.0.0.1:${port}`]), [`127.0.0.1:${port}`, '--turn-listen']);
  });
});

const subjectAt = ({ host, port }) => new Promise((resolve, reject) => {
  const socket = tls.connect({ host, port, rejectUnauthorized: false }, () => {
    resolve(socket.getPeerCertificate().subject.CN);
    socket.destroy();
  });
  socket.on('error', reject);
});

test('every flag can stand in a file, which SIGHUP makes it read again', { timeout: kTimeout }, async (t) => {
  const folder = makeFolder();
  const { certificate, key } = makeCertificate(folder, 'first');
  const all = {
    listen: '127.0.0.1:0', json: true, 'ice-server': ['stun:stun.example:3478'], 'ice-username': 'me', 'ice-credential': 'mine',
    'turn-listen': ['127.0.0.1:0'], 'tls-cert': certificate, 'tls-key': key, 'turn-tls-listen': ['127.0.0.1:0'],
    'turn-user': [`${USER.username}:${USER.password}`], 'turn-secret': [SECRET, 'an-older-one'], realm: 'file', 'turn-host': 'turn.example',
    'credential-lifetime': '1h', 'relay-ip': ['127.0.0.1'], 'public-ip': ['192.0.2.1'], 'relay-ports': '20000-29999',
    'allow-peer': ['127.0.0.0/8'], 'deny-peer': ['127.0.0.9'], 'max-allocations': 50, 'max-allocations-per-user': 5, 'max-kbps': 5000,
    threads: 1, 'metrics-listen': '127.0.0.1:0', 'drain-timeout': '1s', 'log-format': 'json', 'log-level': 'debug', 'log-addresses': true,
  };
  const file = confFile(settings(all));
  const server = await startTurn(['--config', file]);
  t.after(() => server.kill('SIGKILL'));
  assert.match(JSON.stringify(server.iceServers), /turn\.example/);
  const help = serve(['--help']);
  await help.exited;
  const known = [...help.stdout.matchAll(/^ {2}(?:-h,)?--([a-z-]+)/gm)].map(([, name]) => name);
  assert.deepEqual(known.filter((name) => !(name in all) && !['help', 'only', 'config'].includes(name)), [], 'every flag is tried here');

  // Each client from a port of its own: an allocation lives until it is refreshed to its end.
  const may = async (user) => {
    const socket = dgram.createSocket('udp4');
    const answer = await allocate((message) => askUdp(server.udp[0], message, { socket }), ...user);
    socket.close();
    return answer.success ? 200 : answer.error;
  };
  const ada = [USER.username, USER.password];
  const charles = ['charles', 'of-charles'];
  assert.deepEqual([await may(ada), await may(charles), await subjectAt(server.tls[0])], [200, 401, 'first']);

  const reread = async (changes, event) => {
    const seen = server.stderr.length;
    fs.writeFileSync(file, settings({ ...all, ...changes }));
    server.kill('SIGHUP');
    return until(`the server to say ${event}`, () => server.stderr.slice(seen).split('\n').find((line) => line.includes(event)));
  };
  const other = makeCertificate(folder, 'second');
  await reread({ 'turn-user': [charles.join(':')], 'tls-cert': other.certificate, 'tls-key': other.key }, '"reloaded"');
  assert.deepEqual([await may(ada), await may(charles), await subjectAt(server.tls[0])], [401, 200, 'second']);

  // What is wrong changes nothing.
  for (const [changes, named] of [[{ realm: 'much-too-long' }, 'realm'], [{ 'turn-listen': ['127.0.0.1:1'] }, 'restart'],
    [{ threads: 2 }, 'threads'], [{ 'log-level': 'info' }, 'log-level'], [{ 'tls-cert': '/nowhere.pem' }, '/nowhere.pem'], [{ unheard: 1 }, 'unheard'],
    [{ 'tls-cert': '/etc/hostname', 'turn-user': [ada.join(':')] }, 'tls-cert'], [{ 'relay-ports': '20000-20001' }, 'relay-ports']]) {
    const line = await reread(changes, 'reload_failed');
    assert.ok(line.includes(named), `${named} in ${line}`);
    assert.deepEqual([await may(ada), await subjectAt(server.tls[0])], [401, 'second'], line);
  }
  for (const line of server.stderr.trim().split('\n')) JSON.parse(line); // all of them are
});
