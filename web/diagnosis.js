// Why a connection failed: a cause to branch on, the evidence, and one sentence with the next step.
//
// The object is that of native peers (include/tidewire/failure.h), and so are the causes and the order in which they are
// considered (src/session/diagnosis.cc). What a browser does not tell is null: Firefox does not count the checks that it
// sends and receives.
//
// Nothing here touches a connection: failure_watch.js collects what is looked at.

const TYPES = ['host', 'srflx', 'prflx', 'relay'];
const UNCHECKED = new Set(['frozen', 'waiting']); // RTCStatsIceCandidatePairState of a pair that was not tried yet

const kCredentials = new Set([401, 438, 441]); // RFC 8656 §18, RFC 8489 §14.8: the server did not take name or password
const kQuota = new Set([486, 508]);            // … it has no room (for this user)
export const kNoAnswer = 701;                  // W3C webrtc-pc §4.8.3: the server could not be reached

// What is known of one connection; every member may be left out.
//   localSdp, remoteSdp   the descriptions, with the candidates so far
//   pairs                 candidate-pair entries of getStats(), each at its latest
//   candidates            {local, remote}: candidate entries of getStats(): the peer-reflexive ones are in no description,
//                         and Firefox's description may lag behind
//   serverErrors          [{address, url, error_code, error_text}], of icecandidateerror
//   iceServers            RTCConfiguration.iceServers
//   relayOnly             iceTransportPolicy is "relay"
//   lost                  the connection stood; a clause about the peer's silence: "the peer has not answered for 30 s"
//   dtls                  ICE is connected, DTLS is not: {kind: 'fingerprint' | 'timeout' | 'failed', reason}
export function diagnose(known) {
  const evidence = collect(known);
  const [cause, message] = known.dtls ? ofDtls(known.dtls) : ofPath(known, evidence);
  return { cause, message, evidence };
}

// Servers are given as one URL or as a list of them.
export const urlsOf = (server) => [server?.urls ?? server?.url ?? []].flat().map(String);
export const isRelay = (url) => /^turns?:/i.test(url);
export const relayUrls = (iceServers = []) => iceServers.flatMap(urlsOf).filter(isRelay);

// How many candidates of each type there are, by a description or by getStats(), whichever has more. All sections share
// the first one's transport (BUNDLE); a second component is RTCP's, which is not used.
export function countCandidates(sdp, reports = []) {
  const [described, reported] = [countDescribed(sdp), countReported(reports)];
  return Object.fromEntries(TYPES.map((type) => [type, Math.max(described[type], reported[type])]));
}

const none = () => ({ host: 0, srflx: 0, prflx: 0, relay: 0 });

function countReported(reports) {
  const counts = none();
  const places = new Map(reports.map((r) => [`${r.protocol} ${r.address} ${r.port} ${r.candidateType}`, r.candidateType]));
  for (const type of places.values()) {
    if (TYPES.includes(type)) ++counts[type];
  }
  return counts;
}

function countDescribed(sdp) {
  const counts = none();
  const first = (sdp ?? '').split(/^m=/m)[1] ?? '';
  const seen = new Set();
  for (const [, component, transport, address, port, type] of
    first.matchAll(/^a=candidate:\S+ (\d+) (\S+) \d+ (\S+) (\d+) typ (\S+)/gm)) {
    const key = `${transport.toLowerCase()} ${address} ${port} ${type}`;
    if (component !== '1' || !TYPES.includes(type) || seen.has(key)) continue;
    seen.add(key);
    ++counts[type];
  }
  return counts;
}

const total = (counts) => TYPES.reduce((sum, type) => sum + counts[type], 0);

// The sum of a counter, or null when this browser does not have it.
function sum(pairs, counter) {
  const values = pairs.map((pair) => pair[counter]).filter(Number.isFinite);
  return values.length || pairs.length === 0 ? values.reduce((a, b) => a + b, 0) : null;
}

// A check was sent for this candidate-pair entry of getStats().
export const wasChecked = (pair) => pair.requestsSent > 0 || pair.responsesReceived > 0 || !UNCHECKED.has(pair.state);

function collect({ localSdp, remoteSdp, pairs = [], candidates = {}, serverErrors = [], iceServers = [] }) {
  const local = countCandidates(localSdp, candidates.local);
  return {
    local_candidates: local,
    remote_candidates: countCandidates(remoteSdp, candidates.remote),
    pairs_checked: pairs.filter(wasChecked).length,
    checks_sent: sum(pairs, 'requestsSent'),
    answers_received: sum(pairs, 'responsesReceived'),
    checks_received: sum(pairs, 'requestsReceived'),
    relay_servers: relayUrls(iceServers).length,
    server_errors: withUnexplained(serverErrors, relayUrls(iceServers), local.relay > 0),
  };
}

// Chromium (156) is silent about relays that do not answer.
function withUnexplained(errors, relays, relayed) {
  const about = (url) => errors.some((error) => error.url.split('?')[0] === url.split('?')[0]);
  const missing = relayed ? [] : relays.filter((url) => !about(url));
  return [...errors.map((error) => ({ ...error })), ...missing.map((url) => (
    { address: '', url, error_code: 0, error_text: 'it gave no relay address, and this browser does not say why' }))];
}

function ofDtls({ kind, reason }) {
  if (kind === 'fingerprint') return ['fingerprint_mismatch', reason];
  if (kind === 'timeout') {
    return ['dtls_timeout',
      `${reason}: the path works for small packets; a middlebox may drop large ones, or the peer is stuck`];
  }
  return ['dtls_failed', reason];
}

function ofPath({ lost, relayOnly }, evidence) {
  if (lost) {
    return ['consent_lost',
      `${lost}: it has gone, or the network between has broken; call again, or wait: the call resumes when it is back`];
  }
  const local = total(evidence.local_candidates);
  const wantsRelay = relayOnly || evidence.relay_servers > 0;
  if (local === 0 && !wantsRelay) {
    return ['no_local_candidates',
      'this browser has no network address to call from: connect to a network, or allow WebRTC in the browser\'s settings'];
  }
  // A side that has nothing itself and should have had a relay is the one to repair, whatever the other has.
  if (local > 0 && total(evidence.remote_candidates) === 0) {
    return ['no_remote_candidates',
      'the peer offered no address that can be reached from here: check that its candidates are delivered, and that both '
      + 'sides have IPv4 or both have IPv6, or a relay'];
  }
  return noPairAnswered(relayOnly, evidence);
}

function noPairAnswered(relayOnly, evidence) {
  const checked = evidence.pairs_checked;
  const relayTried = evidence.local_candidates.relay + evidence.remote_candidates.relay > 0;
  if (!relayTried) {
    const blamed = blameServer(evidence);
    if (blamed) return blamed;
    if (relayOnly) {
      return ['relay_needed',
        'only relayed paths are allowed here, and no TURN server is configured: add a turn: or turns: URL'];
    }
    return ['relay_needed',
      `none of ${checked} direct paths answered: a firewall or NAT between the peers lets no packet through. Only a relay `
      + 'can connect them: configure a TURN server (a turn: or turns: URL) on one side'];
  }
  return ['pairs_timed_out',
    `none of ${checked} paths answered, relayed ones included: the peer may be gone or blocked, or its relay refuses ours; `
    + 'call again, or check the network on both sides'];
}

const inWords = ({ url, error_code: code, error_text: text }) =>
  url + (code ? ` answered ${code}` : ' failed') + (text ? ` (${text.replace(/\.$/, '')})` : '');

// The relay that would have helped was configured and did not: what came of it.
function blameServer({ relay_servers: servers, server_errors: errors }) {
  if (servers === 0) return null;
  const relays = errors.filter((error) => isRelay(error.url));
  const refused = relays.find((error) => kCredentials.has(error.error_code));
  if (refused) {
    return ['credentials_refused',
      `no direct path was found, and the relay ${inWords(refused)}: correct the username and credential of this server, or `
      + 'have them renewed if they expired'];
  }
  const full = relays.find((error) => kQuota.has(error.error_code));
  if (full) {
    return ['quota_reached',
      `no direct path was found, and the relay ${inWords(full)}: try again later, or raise the server's quota`];
  }
  const why = relays.map(({ url, error_code: code, error_text: text }) => `${url}: ${text || `error ${code}`}`)[0];
  return ['servers_unreachable',
    `no direct path was found, and no relay could be used: ${why}; a firewall that blocks UDP lets turns: on port 443 pass `
    + 'more often'];
}
