// The report of doctor.js in words: whom calls from here reach, and what to do about the rest.

import { kNoAnswer } from './diagnosis.js';

function directly(report) {
  if (report.servers.length === 0) {
    return 'Calls from here go directly to peers on this network and to public ones';
  }
  if (report.udp === 'silent') return 'UDP is blocked here, or the servers for it are down';
  switch (report.nat.kind) {
    case 'symmetric':
      return 'Calls from here go directly to public peers only: the NAT here takes another port for each destination '
        + '(it is symmetric)';
    case 'none': return 'Calls from here go directly to peers that are public or behind any NAT: there is no NAT here';
    case 'ordinary': return 'Calls from here go directly to peers that are public or behind an ordinary NAT';
    default:
      return report.relay_loop?.ok ? 'Calls from here go directly where both networks let them'
        : 'Calls from here go directly to peers that are public, and to peers behind an ordinary NAT if the one here is ordinary '
          + 'too (a second STUN server would tell)';
  }
}

const unreached = (report) => {
  if (report.servers.length === 0) return 'most peers elsewhere cannot be reached';
  if (report.udp === 'silent') return 'peers elsewhere cannot be reached';
  if (report.nat.kind === 'symmetric') return 'peers behind NATs cannot be reached';
  return report.nat.kind === 'none' ? 'peers whose network blocks UDP cannot be reached'
    : 'peers behind symmetric NATs cannot be reached';
};

// What a server that did not help did instead.
export function saidBy({ error_code: code, error_text: text }) {
  if (code === kNoAnswer) return 'did not answer';
  if (code === 0) return `is not taken by this browser (${text})`;
  return `answered ${code}${text ? ` (${text.replace(/\.$/, '')})` : ''}`;
}

const listed = (items) => (items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`);

// Sentences about the servers that did not help, with what to do.
export function complaints(servers) {
  const silent = servers.filter((s) => !s.ok && s.error.error_code === kNoAnswer).map((s) => s.url);
  const others = servers.filter((s) => !s.ok && s.error.error_code !== kNoAnswer)
    .map((s) => `${s.url} ${saidBy(s.error)}${remedy(s.error)}.`);
  if (silent.length === 0) return others;
  const [address, them] = silent.length === 1 ? ['its address', 'it'] : ['their addresses', 'them'];
  return [...others, `${listed(silent)} did not answer: check ${address}, and that a firewall lets ${them} pass.`];
}

function remedy({ error_code: code }) {
  switch (code) {
    case 401: case 438: case 441: return ': correct the username and credential, or have them renewed if they expired';
    case 486: case 508: return ': try again later, or raise the server\'s quota';
    default: return '';
  }
}

function relaySentence(report) {
  const configured = report.servers.filter((s) => s.relay && s.configured);
  const loop = report.relay_loop;
  if (configured.length === 0) {
    const none = report.servers.length === 0 ? 'neither a STUN server nor a relay is configured' : 'no relay is configured';
    return { good: false, text: `; ${none}: ${unreached(report)}.`,
      more: ['Configure a TURN server: start `tidewire serve` with --ice-server and its turn: or turns: URL.'] };
  }
  if (loop?.ok) {
    const who = report.udp === 'silent' ? 'peers' : 'all others';
    return { good: true, text: `; ${who} are reached through the relay ${loop.url} (round trip ${loop.rtt_ms} ms).`, more: [] };
  }
  if (loop) {
    return { good: false, text: `; the relay ${loop.url} gives an address, but no data came through it.`,
      more: [`${loop.url}: ${loop.error}.`] };
  }
  return { good: false, text: `; no configured relay could be used: ${unreached(report)}.`, more: [] };
}

// {level: 'good' | 'limited' | 'bad', text: what can be reached, advice: [sentence]}.
export function judge(report) {
  if (report.local.count === 0 && !report.relay_loop?.ok) {
    return { level: 'bad', text: 'Calls from here reach nobody: this browser gives no network address.',
      advice: ['Connect to a network, or allow WebRTC in the browser\'s settings and extensions.'] };
  }
  const relay = relaySentence(report);
  const advice = [...relay.more];
  advice.push(...complaints(report.servers.filter((s) => s.configured)));
  const unused = report.servers.find((s) => !s.configured && s.ok);
  const needed = !relay.good || !report.servers.some((s) => s.configured && s.relay && s.transport !== 'udp' && s.ok);
  if (unused && needed) {
    const blocked = unused.transport === 'tcp' ? 'UDP' : 'TCP';
    advice.push(`${unused.url} works from here too: add it for callers whose network blocks ${blocked}.`);
  }
  if (report.udp === 'silent' && !relay.good) advice.push('A firewall that blocks UDP lets a turns: server on port 443 pass more often.');
  const text = `${directly(report)}${relay.text}`;
  const level = relay.good ? 'good' : report.udp === 'silent' ? 'bad' : 'limited';
  return { level, text, advice };
}
