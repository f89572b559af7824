// What calls from this browser can reach, found out before one fails: addresses, ICE servers, NAT, and a relay that is
// really sent through. Each thing is tried with connections of its own that are closed again.
//
// examine() gives a report (web/README.md); verdict.js puts it into words.

import { isRelay, kNoAnswer, urlsOf } from './diagnosis.js';
import { judge } from './verdict.js';

const kGather = 5000;     // ms for own addresses
const kServer = 12_000;   // ms for a server; browsers give up on a silent one after about 10 s
const kLoop = 15_000;     // ms for a connection through a relay
const kSettled = 1500;    // ms: gathering that ends without a word sooner than this was answered (no NAT between)
export const kSame = 'same'; // the address of a host as a server sees it, when the host has it itself
const kNoNat = 'a server sees the address that this host has itself';
const kPings = 10;
const kMaxProbes = 12;

// {scheme, host, port, transport} of "turns:relay.example:443?transport=tcp", or null.
export function parseIceUrl(url) {
  const found = /^(stuns?|turns?):(\[[^\]]+\]|[^:?/]+)(?::(\d+))?(?:\?transport=(\w+))?$/i.exec(url);
  if (!found) return null;
  const scheme = found[1].toLowerCase();
  const secure = scheme.endsWith('s');
  const transport = secure ? 'tls' : (found[4] ?? 'udp').toLowerCase();
  return { scheme, host: found[2], port: Number(found[3] ?? (secure ? 5349 : 3478)), transport, secure };
}

// What to try: every URL that is configured, and for each plain relay the other transport too, to know what would help.
export function probesFor(iceServers) {
  const probes = [];
  for (const server of iceServers) {
    for (const url of urlsOf(server)) {
      const parsed = parseIceUrl(url);
      if (!parsed) continue;
      const { username, credential } = server;
      probes.push({ url, ...parsed, configured: true, server: { urls: [url], username, credential } });
    }
  }
  for (const { scheme, host, port, transport, server } of probes.filter((p) => p.scheme === 'turn')) {
    const other = transport === 'tcp' ? 'udp' : 'tcp';
    const known = probes.some((p) => p.scheme === scheme && p.host === host && p.port === port && p.transport === other);
    if (known) continue;
    const url = `${scheme}:${host}:${port}?transport=${other}`;
    const base = { url, scheme, host, port, transport: other, secure: false };
    probes.push({ ...base, configured: false, server: { ...server, urls: [url] } });
  }
  return probes.slice(0, kMaxProbes);
}

// Gathers once; resolves to {candidates, errors, complete, ms} when it is through, `enough` says so, or time is over.
function gather(configuration, { timeout, enough = () => false }) {
  return new Promise((resolve) => {
    const pc = new RTCPeerConnection(configuration); // may throw, which rejects
    const begun = performance.now();
    const found = { candidates: [], errors: [], complete: false, ms: 0 };
    const finish = () => {
      clearTimeout(timer);
      found.ms = performance.now() - begun;
      pc.onicecandidate = pc.onicecandidateerror = null;
      pc.close();
      resolve(found);
    };
    const timer = setTimeout(finish, timeout);
    pc.onicecandidate = ({ candidate }) => {
      if (!candidate) { found.complete = true; return finish(); }
      if (!candidate.candidate) return; // the end of one generation
      found.candidates.push(candidate);
      if (enough(candidate)) finish();
    };
    pc.onicecandidateerror = ({ url, errorCode, errorText }) => {
      found.errors.push({ url: url ?? '', error_code: errorCode ?? 0, error_text: errorText ?? '' });
    };
    pc.createDataChannel('check');
    pc.setLocalDescription().catch(finish);
  });
}

const typeOf = (candidate) => candidate.type ?? / typ (\w+)/.exec(candidate.candidate)?.[1] ?? '';
const addressOf = ({ address, port, candidate }) => {
  const [, , , , ip, number] = candidate.split(' ');
  return { ip: (address ?? ip).replace(/^\[|\]$/g, ''), port: port ?? Number(number) };
};
const isUdp = (candidate) => / udp /i.test(candidate.candidate);
const show = ({ ip, port }) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);

async function ownAddresses() {
  const { candidates } = await gather({}, { timeout: kGather });
  const host = candidates.filter((c) => typeOf(c) === 'host' && isUdp(c)).map((c) => addressOf(c).ip);
  const shown = [...new Set(host)];
  return { count: shown.length, hidden: shown.length > 0 && shown.every((a) => a.endsWith('.local')), addresses: shown };
}

const pendingResult = ({ url, transport, configured }) =>
  ({ url, transport, configured, relay: isRelay(url), pending: true, ok: false, ms: null, address: '', error: null });

async function tryServer(probe) {
  try {
    return await ask(probe);
  } catch (error) { // this browser does not take the URL: its port, say
    return { ...pendingResult(probe), pending: false, error: { error_code: 0, error_text: error.message } };
  }
}

async function ask(probe) {
  const { relay } = pendingResult(probe);
  const wanted = relay ? 'relay' : 'srflx';
  const found = await gather({ iceServers: [probe.server], iceTransportPolicy: relay ? 'relay' : 'all' },
    { timeout: kServer, enough: (c) => typeOf(c) === wanted });
  const candidate = found.candidates.find((c) => typeOf(c) === wanted);
  const result = { ...pendingResult(probe), pending: false, ok: Boolean(candidate), ms: Math.round(found.ms) };
  if (candidate) return { ...result, address: show(addressOf(candidate)) };
  // Of several errors, one for each address of this host, the one that the server itself gave says most.
  const error = found.errors.find((e) => e.error_code !== kNoAnswer) ?? found.errors[0];
  // A server that sees the address that is known already adds no candidate: it has answered, then.
  if (!relay && !error && found.complete && found.ms < kSettled) return { ...result, ok: true, address: kSame };
  const silence = { error_code: kNoAnswer, error_text: '' };
  return { ...result, error: error ?? silence };
}

// How the NAT maps one socket towards two servers: the same port for both, or another for each.
async function mapping(probes, seenAsIs) {
  if (seenAsIs) return { kind: 'none', why: kNoNat };
  const servers = probes.filter((p) => p.configured && p.transport === 'udp');
  const places = new Set(servers.map((p) => `${p.host}:${p.port}`));
  if (places.size < 2) return { kind: 'unknown', why: 'two servers over UDP are needed to tell' };
  const { candidates, errors } = await gather({ iceServers: servers.map((p) => p.server) }, { timeout: kServer });
  const answered = places.size - new Set(errors.map((e) => e.url)).size;
  const seen = candidates.filter((c) => typeOf(c) === 'srflx' && isUdp(c))
    .map((c) => ({ from: `${c.relatedAddress ?? ''}:${c.relatedPort ?? ''}`, ...addressOf(c) }));
  return classify(seen, answered);
}

// `seen`: {from: socket behind the NAT, ip, port}; `answered`: how many servers did. Exported for its test.
export function classify(seen, answered) {
  if (answered < 2) return { kind: 'unknown', why: 'two servers have to answer to tell' };
  if (seen.length === 0) return { kind: 'none', why: kNoNat };
  const bySocket = new Map();
  for (const { from, ip, port } of seen) {
    const hidden = /^(0\.0\.0\.0|::)?:(0|9)?$/.test(from); // told to nobody: then all count as one socket's
    const key = `${hidden ? '' : from} ${ip}`;
    bySocket.set(key, (bySocket.get(key) ?? new Set()).add(port));
  }
  const symmetric = [...bySocket.values()].some((ports) => ports.size > 1);
  return symmetric
    ? { kind: 'symmetric', why: 'each server sees another port' }
    : { kind: 'ordinary', why: 'the servers see the same port' };
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

function once(target, type, timeout, what) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(what)), timeout);
    target.addEventListener(type, (event) => { clearTimeout(timer); resolve(event); }, { once: true });
  });
}

// Two connections in this page that may meet on the relay only: bytes that arrive went through it.
async function loopThrough(probe) {
  const configuration = { iceServers: [probe.server], iceTransportPolicy: 'relay' };
  const [a, b] = [new RTCPeerConnection(configuration), new RTCPeerConnection(configuration)];
  const begun = performance.now();
  try {
    a.onicecandidate = ({ candidate }) => { if (candidate) b.addIceCandidate(candidate).catch(() => {}); };
    b.onicecandidate = ({ candidate }) => { if (candidate) a.addIceCandidate(candidate).catch(() => {}); };
    b.ondatachannel = ({ channel }) => { channel.onmessage = ({ data }) => channel.send(data); };
    const channel = a.createDataChannel('loop');
    const opened = once(channel, 'open', kLoop, `no connection through it in ${kLoop / 1000} s; it may refuse to send to itself`);
    await a.setLocalDescription();
    await b.setRemoteDescription(a.localDescription);
    await b.setLocalDescription();
    await a.setRemoteDescription(b.localDescription);
    await opened;
    const connected = Math.round(performance.now() - begun);
    const times = [];
    for (let i = 0; i < kPings; ++i) {
      const sent = performance.now();
      const echoed = once(channel, 'message', kLoop, 'it connected, but what was sent did not come back');
      channel.send(String(i));
      await echoed;
      times.push(performance.now() - sent);
    }
    return { url: probe.url, ok: true, connect_ms: connected, rtt_ms: Math.round(median(times) * 10) / 10, error: '' };
  } catch (error) {
    return { url: probe.url, ok: false, connect_ms: null, rtt_ms: null, error: error.message };
  } finally {
    a.close();
    b.close();
  }
}

function udpState(servers) {
  const overUdp = servers.filter((s) => s.transport === 'udp');
  if (overUdp.some((s) => s.ok || s.error.error_code !== kNoAnswer)) return 'open';
  return overUdp.length === 0 ? 'unknown' : 'silent';
}

// Everything; `onProgress(report)` is told after each step. Never rejects for what the network does.
export async function examine({ iceServers = [], onProgress = () => {} } = {}) {
  const report = { local: null, servers: [], nat: null, udp: 'unknown', relay_loop: null, verdict: null };
  const probes = probesFor(iceServers);
  report.servers = probes.map(pendingResult);
  report.local = await ownAddresses();
  onProgress(report);
  await Promise.all(probes.map(async (probe, i) => {
    const result = await tryServer(probe);
    report.servers[i] = result;
    onProgress(report);
  }));
  report.udp = udpState(report.servers);
  report.nat = await mapping(probes.filter((_, i) => report.servers[i].ok), report.servers.some((s) => s.address === kSame));
  onProgress(report);
  const relays = probes.filter((p, i) => report.servers[i].relay && p.configured && report.servers[i].ok);
  for (const relay of relays) {
    report.relay_loop = await loopThrough(relay);
    onProgress(report);
    if (report.relay_loop.ok) break; // one that works is enough
  }
  report.verdict = judge(report);
  onProgress(report);
  return report;
}
