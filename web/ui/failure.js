// The notice that says why there is no connection, with the evidence folded away below it.

import { el, sentence } from './dom.js';
import { dismiss, notice } from './notices.js';

const TYPES = ['host', 'srflx', 'prflx', 'relay'];
const UNKNOWN = 'not told by this browser';
const SERVER_ERRORS = 6; // shown

const candidates = (counts) => TYPES.filter((t) => counts[t] > 0).map((t) => `${counts[t]} ${t}`).join(', ') || 'none';
const number = (x) => (x === null ? UNKNOWN : String(x));

function evidenceRows(failure) {
  const e = failure.evidence;
  const rows = [
    ['Cause', failure.cause],
    ['Candidates here', candidates(e.local_candidates)],
    ['Candidates there', candidates(e.remote_candidates)],
    ['Paths checked', number(e.pairs_checked)],
    ['Checks sent', number(e.checks_sent)],
    ['Answers', number(e.answers_received)],
    ['Checks received', number(e.checks_received)],
    ['Relays configured', number(e.relay_servers)],
  ];
  // One line for what a server said to several addresses of this host.
  const said = new Map(e.server_errors.map(({ url, error_code: code, error_text: text }) => {
    const words = [code || '', text].filter(Boolean).join(' ');
    return [`${url} ${words}`, [url, words, 'wide']];
  }));
  return [...rows, ...[...said.values()].slice(0, SERVER_ERRORS)];
}

// A failure that changes while it is shown changes in place: a click, the focus and open details survive.
export function showFailure(call, failure) {
  const key = `failure-${call.peer.id}`;
  if (!failure) return dismiss(key);
  const rows = evidenceRows(failure)
    .map(([name, value, shape = null]) => el('div', { class: shape }, el('dt', {}, name), el('dd', {}, value)));
  const what = call.stood ? `The connection to ${call.peer.name} is lost` : `No connection to ${call.peer.name}`;
  const text = sentence(`${what}: ${failure.message}`);
  const shown = document.querySelector(`[data-notice="${CSS.escape(key)}"]`);
  if (shown) {
    shown.querySelector('.say').textContent = text;
    shown.querySelector('.evidence').replaceChildren(...rows);
    return;
  }
  notice(key, text, {
    tone: 'bad',
    more: el('details', { class: 'more' }, el('summary', {}, 'Details'), el('dl', { class: 'evidence' }, ...rows)),
    action: { label: 'Check this network', run: () => { location.hash = 'doctor'; }, stays: true },
  });
}
