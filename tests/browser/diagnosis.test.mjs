// Why a connection failed and what a network lets pass, from recorded figures: no browser, a second.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countCandidates, diagnose } from '../../web/diagnosis.js';
import { classify, parseIceUrl, probesFor } from '../../web/doctor.js';
import { complaints, judge } from '../../web/verdict.js';

const line = (type, n, more = '') => `a=candidate:${n} 1 udp 21222${n} 192.0.2.${n} ${5000 + n} typ ${type}${more}\r\n`;
const sdp = (...candidates) => `v=0\r\ns=-\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n${candidates.join('')}a=mid:0\r\n`
  + `m=video 9 UDP/TLS/RTP/SAVPF 96\r\n${candidates.join('')}a=mid:1\r\n`;
const HOST = sdp(line('host', 1));
const RELAYED = sdp(line('host', 1), line('relay', 2, ' raddr 0.0.0.0 rport 0'));
const TURN = [{ urls: 'turn:relay.test:3478', username: 'u', credential: 'p' }];
const failed = (code, text = '') => ({ address: '192.0.2.1:5001', url: 'turn:relay.test:3478?transport=udp', error_code: code, error_text: text });

// As getStats() of Chromium 156 and Firefox 153 had them when the other side dropped everything.
const CHROMIUM = [
  { type: 'candidate-pair', id: 'CP1', state: 'in-progress', requestsSent: 61, responsesReceived: 0, requestsReceived: 0 },
  { type: 'candidate-pair', id: 'CP2', state: 'failed', requestsSent: 60, responsesReceived: 0, requestsReceived: 2 },
  { type: 'candidate-pair', id: 'CP3', state: 'waiting', requestsSent: 0, responsesReceived: 0, requestsReceived: 0 },
];
const FIREFOX = [
  { type: 'candidate-pair', id: '2ab6dc81', state: 'failed', nominated: false, responsesReceived: 0, readable: false },
  { type: 'candidate-pair', id: '0b7d35a1', state: 'frozen', nominated: false, responsesReceived: 0, readable: false },
];

const CASES = [
  ['relay_needed', /none of 2 direct paths answered.*configure a TURN server/, {}],
  ['relay_needed', /only relayed paths are allowed here, and no TURN server/, { relayOnly: true, localSdp: sdp(), remoteSdp: sdp(), pairs: [] }],
  ['credentials_refused', /relay turn:relay\.test:3478\?transport=udp answered 401 \(Unauthorized\): correct the username/,
    { iceServers: TURN, serverErrors: [failed(701), failed(401, 'Unauthorized')] }],
  ['quota_reached', /answered 486 \(Allocation Quota Reached\): try again later/, { iceServers: TURN, serverErrors: [failed(486, 'Allocation Quota Reached')] }],
  ['servers_unreachable', /no relay could be used: turn:relay\.test:3478\?transport=udp: it did not answer; a firewall/,
    { iceServers: TURN, serverErrors: [failed(701, 'it did not answer')] }],
  ['servers_unreachable', /no relay could be used: turn:relay\.test:3478: it gave no relay address, and this browser does not say why/,
    { iceServers: TURN }],
  ['servers_unreachable', /no relay could be used/, { iceServers: TURN, relayOnly: true, localSdp: sdp(), remoteSdp: sdp(), pairs: [] }],
  ['pairs_timed_out', /none of 2 paths answered, relayed ones included/, { iceServers: TURN, localSdp: RELAYED }],
  ['pairs_timed_out', /relayed ones included/, { remoteSdp: RELAYED, serverErrors: [failed(401)] }],
  ['no_remote_candidates', /offered no address that can be reached/, { remoteSdp: sdp(), pairs: [] }],
  ['no_local_candidates', /no network address to call from/, { localSdp: sdp(), pairs: [] }],
  ['consent_lost', /^the peer at 192\.0\.2\.9:5 has not answered for 20 s: it has gone/, { lost: 'the peer at 192.0.2.9:5 has not answered for 20 s' }],
  ['fingerprint_mismatch', /^fingerprint mismatch/, { dtls: { kind: 'fingerprint', reason: 'fingerprint mismatch: …' } }],
  ['dtls_timeout', /no answer from the peer for 30 s: the path works for small packets/,
    { dtls: { kind: 'timeout', reason: 'DTLS timeout: no answer from the peer for 30 s' } }],
  ['dtls_failed', /^the DTLS handshake failed/, { dtls: { kind: 'failed', reason: 'the DTLS handshake failed' } }],
];
for (const [cause, sentence, known] of CASES) {
  test(`${cause}: ${Object.keys(known).join(', ') || 'nothing special'}`, () => {
    const failure = diagnose({ localSdp: HOST, remoteSdp: HOST, pairs: CHROMIUM, ...known });
    assert.equal(failure.cause, cause);
    assert.match(failure.message, sentence);
  });
}

test('a STUN server that is silent is not blamed for a missing relay', () => {
  const silent = { address: '', url: 'stun:stun.test', error_code: 701, error_text: '' };
  const failure = diagnose({ localSdp: HOST, remoteSdp: HOST, pairs: CHROMIUM, iceServers: [{ urls: 'stun:stun.test' }], serverErrors: [silent] });
  assert.equal(failure.cause, 'relay_needed');
  assert.deepEqual(failure.evidence.server_errors, [silent]);
});

test('the evidence has the numbers of Chromium', () => {
  assert.deepEqual(diagnose({ localSdp: RELAYED, remoteSdp: HOST, pairs: CHROMIUM, iceServers: TURN }).evidence, {
    local_candidates: { host: 1, srflx: 0, prflx: 0, relay: 1 }, remote_candidates: { host: 1, srflx: 0, prflx: 0, relay: 0 },
    pairs_checked: 2, checks_sent: 121, answers_received: 0, checks_received: 2, relay_servers: 1, server_errors: [] });
});

test('the evidence is null for what Firefox does not count', () => {
  const { evidence } = diagnose({ localSdp: HOST, remoteSdp: HOST, pairs: FIREFOX });
  assert.equal(evidence.pairs_checked, 1);
  assert.deepEqual([evidence.checks_sent, evidence.answers_received, evidence.checks_received], [null, 0, null]);
});

test('candidates are counted once, without RTCP components, and with redacted peer-reflexive ones', () => {
  const firefox = 'm=audio 9 X 0\r\na=candidate:0 1 UDP 2122187007 192.0.2.2 40722 typ host\r\n'
    + 'a=candidate:0 2 UDP 2122187006 192.0.2.2 40723 typ host\r\na=candidate:1 1 UDP 1685987327 203.0.113.7 40722 typ srflx raddr 192.0.2.2 rport 40722\r\n'
    + 'a=candidate:2 1 TCP 2105458943 192.0.2.2 9 typ host tcptype active\r\n';
  const prflx = { type: 'remote-candidate', candidateType: 'prflx', protocol: 'udp', address: '(redacted)', port: 4 };
  assert.deepEqual(countCandidates(firefox, [prflx]), { host: 2, srflx: 1, prflx: 1, relay: 0 });
  assert.deepEqual(countCandidates(undefined), { host: 0, srflx: 0, prflx: 0, relay: 0 });
});

test('URLs of ICE servers are taken apart', () => {
  assert.deepEqual(parseIceUrl('turns:[2001:db8::1]'), { scheme: 'turns', host: '[2001:db8::1]', port: 5349, transport: 'tls', secure: true });
  assert.equal(parseIceUrl('turn:relay.test?transport=TCP').transport, 'tcp');
  assert.equal(parseIceUrl('stun:stun.test:19302').port, 19302);
  for (const bad of ['', 'http://x', 'turn:', 'turn://x']) assert.equal(parseIceUrl(bad), null, bad);
});

test('the other transport of a relay is tried too, unless it is configured', () => {
  const one = probesFor([{ urls: ['stun:s.test', 'turn:r.test'], username: 'u', credential: 'p' }]);
  assert.deepEqual(one.map((p) => [p.url, p.configured]),
    [['stun:s.test', true], ['turn:r.test', true], ['turn:r.test:3478?transport=tcp', false]]);
  assert.equal(one[2].server.username, 'u');
  assert.equal(probesFor([{ urls: ['turn:r.test', 'turn:r.test?transport=tcp'] }]).length, 2);
});

test('the kind of NAT follows from the ports that two servers see', () => {
  const seen = (from, port, ip = '203.0.113.7') => ({ from, ip, port });
  assert.equal(classify([seen('10.0.0.1:5', 7000)], 2).kind, 'ordinary');
  assert.equal(classify([seen('10.0.0.1:5', 7000), seen('10.0.0.1:5', 7001)], 2).kind, 'symmetric');
  assert.equal(classify([seen('10.0.0.1:5', 7000), seen('10.0.0.2:6', 7001)], 2).kind, 'ordinary', 'two sockets');
  assert.equal(classify([seen('0.0.0.0:0', 7000), seen('0.0.0.0:0', 7001)], 2).kind, 'symmetric', 'hidden from the page');
  assert.equal(classify([], 2).kind, 'none');
  assert.equal(classify([seen('10.0.0.1:5', 7000)], 1).kind, 'unknown');
});

const good = (url, transport = 'udp', configured = true) => ({ url, transport, configured, relay: url.startsWith('turn'), ok: true, ms: 5, error: null });
const bad = (url, code, transport = 'udp') => ({ ...good(url, transport), ok: false, error: { error_code: code, error_text: '' } });
const report = (more) => ({ local: { count: 1 }, servers: [good('stun:a')], nat: { kind: 'ordinary' }, udp: 'open', relay_loop: null, ...more });

const VERDICTS = [
  ['limited', /^Calls from here go directly to peers that are public or behind an ordinary NAT; no relay is configured: peers behind symmetric NATs cannot be reached\.$/, {}],
  ['limited', /public peers only.*no relay is configured: peers behind NATs cannot be reached\.$/, { nat: { kind: 'symmetric' } }],
  ['limited', /neither a STUN server nor a relay is configured: most peers elsewhere/, { servers: [], udp: 'unknown', nat: { kind: 'unknown' } }],
  ['good', /all others are reached through the relay turn:r \(round trip 12 ms\)\.$/,
    { servers: [good('stun:a'), good('turn:r')], relay_loop: { ok: true, url: 'turn:r', rtt_ms: 12 } }],
  ['good', /^UDP is blocked here, or .*; peers are reached through the relay/,
    { servers: [bad('stun:a', 701), good('turn:r?transport=tcp', 'tcp')], udp: 'silent', relay_loop: { ok: true, url: 'turn:r?transport=tcp', rtt_ms: 12 } }],
  ['bad', /^UDP is blocked here, or .*no relay is configured: peers elsewhere cannot be reached/, { servers: [bad('stun:a', 701)], udp: 'silent' }],
  ['limited', /no configured relay could be used/, { servers: [good('stun:a'), bad('turn:r', 401)] }],
  ['limited', /no data came through it/, { servers: [good('turn:r')], relay_loop: { ok: false, url: 'turn:r', error: 'why' } }],
  ['bad', /reach nobody/, { local: { count: 0 } }],
];
for (const [level, sentence, more] of VERDICTS) {
  test(`the verdict is ${level}: ${sentence.source.slice(0, 60)}`, () => {
    const verdict = judge(report(more));
    assert.match(verdict.text, sentence);
    assert.equal(verdict.level, level);
  });
}

test('a server that did not help is named with what to do', () => {
  assert.match(complaints([bad('turn:r', 401)])[0], /^turn:r answered 401: correct the username and credential/);
  assert.deepEqual(complaints([bad('turn:a', 701), good('turn:b'), bad('stun:c', 701)]),
    ['turn:a and stun:c did not answer: check their addresses, and that a firewall lets them pass.']);
  assert.deepEqual(complaints([good('turn:r')]), []);
  const { advice } = judge(report({ servers: [good('stun:a'), bad('turn:r', 701), good('turn:r:3478?transport=tcp', 'tcp', false)] }));
  assert.ok(advice.some((text) => text.includes('transport=tcp works from here too')), advice.join('\n'));
});
