// The details panel: how each connection came about (timeline) and how it does (statistics).

import { bits } from '../quality.js';
import { $, el, sentence } from './dom.js';

const STEP = {
  devices_ready: 'Devices ready', offer_created: 'Offer created', offer_received: 'Offer received',
  answer_created: 'Answer created', answer_received: 'Answer received', ice_connected: 'ICE connected',
  dtls_connected: 'DTLS connected', data_channel_open: 'Channel open', first_audio_frame: 'First sound',
  first_video_frame: 'First picture',
};
const STATE = {
  waiting: 'waiting for the call', connecting: 'connecting', connected: 'connected', interrupted: 'interrupted',
  failed: 'connection lost', ended: 'ended',
};
const NONE = '–';
const LIMIT = { bandwidth: 'the network', cpu: 'this computer', other: 'the browser' };

const ms = (x) => (Number.isFinite(x) ? `${x < 10 ? x.toFixed(1) : Math.round(x)} ms` : NONE);
const percent = (x) => (Number.isFinite(x) ? `${(x * 100).toFixed(1)} %` : NONE);
const picture = (s) => (s?.width ? `${s.width}×${s.height}` : NONE);
const frames = (s) => (Number.isFinite(s?.frames_per_second) ? `${Math.round(s.frames_per_second)} fps` : NONE);
const rate = (s) => bits(s?.bitrate);

function timeline(entries) {
  const end = Math.max(1, ...entries.map((e) => e.ms));
  return el('div', { class: 'timeline' }, ...entries.flatMap(({ step, ms: at }) => {
    const fill = el('div', { class: 'fill' });
    fill.style.width = `${(at / end) * 100}%`;
    return [el('span', {}, STEP[step]), el('span', { class: 'track', 'aria-hidden': 'true' }, fill),
      el('span', { class: 'ms' }, `${Math.round(at)} ms`)];
  }));
}

function rows(table, list) {
  const body = el('tbody');
  for (const [name, ...cells] of list) {
    const span = cells.length === 1 ? { colspan: 2 } : {};
    body.append(el('tr', {}, el('th', { scope: 'row' }, name), ...cells.map((c) => el('td', span, c))));
  }
  table.append(body);
  return table;
}

function path(s) {
  if (!s.local || !s.remote) return NONE;
  return `${s.local.type} → ${s.remote.type}, ${String(s.local.protocol).toUpperCase()}`;
}

// Who sends tells what keeps the picture from being better.
function limited({ limitation }) {
  if (!limitation || limitation.reason === 'none') return NONE;
  if (limitation.paused) return 'paused: the network';
  return limitation.reason === 'cpu' ? 'their computer' : 'the network';
}

function figures(s, remote) {
  const head = el('thead', {}, el('tr', {}, el('th', {}), el('th', { scope: 'col' }, 'In'), el('th', { scope: 'col' }, 'Out')));
  return rows(el('table', { class: 'figures' }, head), [
    ['Video', s.video_in?.codec || NONE, s.video_out?.codec || NONE],
    ['', rate(s.video_in), rate(s.video_out)],
    ['', picture(s.video_in), picture(s.video_out)],
    ['', frames(s.video_in), frames(s.video_out)],
    ['Limited by', limited(remote), LIMIT[s.video_out?.limitation] ?? NONE],
    ['Audio', s.audio_in?.codec || NONE, s.audio_out?.codec || NONE],
    ['', rate(s.audio_in), rate(s.audio_out)],
    ['Lost', percent(s.video_in?.loss), percent(s.video_out?.fraction_lost)],
    ['Round trip', ms(s.rtt_ms)],
    ['Path carries', bits(s.available_out)],
    ['Path', path(s)],
    ['Security', [s.dtls, s.srtp_cipher].filter(Boolean).join(', ') || NONE],
  ]);
}

function section(call) {
  const { reading } = call;
  return el('section', {},
    el('h3', {}, call.peer.name), el('p', { class: 'state' }, call.failure ? sentence(call.failure.message) : STATE[call.state]),
    el('h4', {}, 'Set-up'), timeline(call.timeline.entries()),
    el('h4', {}, 'Now'), reading ? figures(reading, call.remote) : el('p', { class: 'state' }, 'No figures yet.'));
}

// Draws everything anew.
export function showDetails(calls) {
  const parts = calls.map(section);
  $('details-body').replaceChildren(...(parts.length ? parts : [el('p', { class: 'state' }, 'Nobody else is here yet.')]));
}
