// The network check: a dialog over whatever is shown, opened by "#doctor" at the end of the address.

import { examine, kSame } from '../doctor.js';
import { askIceServers } from '../ice_servers.js';
import { saidBy } from '../verdict.js';
import { $, el, sentence } from './dom.js';

const kHash = '#doctor';

let servers = async () => [];
let running = null; // the promise of the check that goes on

const ms = (x) => `${x < 10 ? Math.round(x * 10) / 10 : Math.round(x)} ms`;

// A server's state as [mark, text]; mark: 'busy', 'good', 'bad', 'idle'.
function serverRow(server) {
  if (server.pending) return ['busy', 'asking…'];
  if (!server.ok) {
    return server.configured ? ['bad', saidBy(server.error)] : ['idle', `${saidBy(server.error)} (not configured either)`];
  }
  const what = server.relay ? `relays from ${server.address}` : server.address === kSame ? 'no NAT in between'
    : `sees this network as ${server.address}`;
  return ['good', `${what}, after ${ms(server.ms)}${server.configured ? '' : ' (not configured: calls do not use it)'}`];
}

function localRow(local) {
  if (!local) return ['busy', 'looking…'];
  if (local.count === 0) return ['bad', 'none'];
  return ['good', local.hidden ? `${local.count}, hidden from pages without camera permission` : local.addresses.join(', ')];
}

const NAT = {
  ordinary: 'ordinary: the same port for every destination', symmetric: 'symmetric: another port for each destination',
  none: 'none',
};

function natRow(nat) {
  if (!nat) return ['busy', 'waiting for the servers…'];
  return nat.kind === 'unknown' ? ['idle', `unknown: ${nat.why}`] : [nat.kind === 'symmetric' ? 'bad' : 'good', NAT[nat.kind]];
}

function loopRow(loop, done) {
  if (!loop) return done ? ['idle', 'no relay to try'] : ['busy', 'waiting for the servers…'];
  return loop.ok ? ['good', `data went through ${loop.url}: connected in ${ms(loop.connect_ms)}, round trip ${ms(loop.rtt_ms)}`]
    : ['bad', sentence(`${loop.url}: ${loop.error}`)];
}

// [[name, mark, text]]
function rowsOf(report) {
  const done = Boolean(report.verdict);
  const rows = [['Own addresses', ...localRow(report.local)]];
  for (const server of report.servers) rows.push([server.url, ...serverRow(server)]);
  if (done && report.servers.length === 0) rows.push(['Servers', 'idle', 'none is configured']);
  rows.push(['NAT', ...natRow(report.nat)], ['Through a relay', ...loopRow(report.relay_loop, done)]);
  return rows;
}

function draw(report) {
  const { verdict } = report;
  const box = $('doctor-verdict');
  box.className = `verdict ${verdict?.level ?? 'busy'}`;
  box.querySelector('p').textContent = verdict?.text ?? 'Checking: this takes some seconds…';
  box.querySelector('ul').replaceChildren(...(verdict?.advice ?? []).map((text) => el('li', {}, text)));
  $('doctor-rows').replaceChildren(...rowsOf(report).map(([name, mark, text]) =>
    el('div', { class: mark }, el('dt', {}, name), el('dd', {}, text))));
  $('doctor-again').disabled = $('doctor-copy').disabled = !verdict;
}

function asText(report) {
  const lines = ['Tidewire network check', navigator.userAgent, '', report.verdict.text,
    ...report.verdict.advice.map((text) => `- ${text}`), '', ...rowsOf(report).map(([name, , text]) => `${name}: ${text}`)];
  return lines.join('\n');
}

const kNothing = { local: null, servers: [], nat: null, relay_loop: null, verdict: null };

async function check() {
  draw(kNothing);
  let iceServers = [];
  let problem = '';
  try { iceServers = await servers(); } catch (error) { problem = error.message; }
  const report = await examine({ iceServers, onProgress: draw });
  if (problem) {
    report.verdict.advice.unshift(`${problem} So its list of ICE servers is unknown, and none was tried.`);
    draw(report);
  }
  $('doctor-copy').onclick = () => copy(asText(report));
  return report;
}

// Runs the check, shown or not; resolves to the report. One at a time.
export function checkNetwork() {
  running ??= check().finally(() => { running = null; });
  return running;
}

async function copy(text) {
  const button = $('doctor-copy');
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'The browser does not allow it';
  }
  setTimeout(() => { button.textContent = label; }, 2000);
}

function follow() {
  const dialog = $('doctor');
  if (location.hash !== kHash) return dialog.close();
  if (dialog.open) return;
  dialog.showModal();
  checkNetwork();
}

// `knownServers()`: those of the call, or null: then the signaling server is asked.
export function bindDoctor({ knownServers }) {
  servers = async () => knownServers() ?? askIceServers();
  $('doctor-close').onclick = () => $('doctor').close();
  $('doctor-again').onclick = () => checkNetwork();
  $('doctor').onclose = () => {
    if (location.hash === kHash) history.replaceState(null, '', location.pathname + location.search);
  };
  addEventListener('hashchange', follow);
  follow();
}
