// The lines above the stage that tell what is going on, and how to get rid of them.

import { $, el, icon } from './dom.js';

const kBrief = 6000; // ms: how long a passing notice stays

const shown = new Map(); // key → element

// Shows `text` under `key`; the same key replaces. tone: 'warn' | 'plain' | 'bad'. action: {label, run, stays}; it
// dismisses the notice unless it stays. `more`: an element that is shown below.
export function notice(key, text, { tone = 'warn', action = null, brief = false, more = null } = {}) {
  dismiss(key);
  const close = el('button', { type: 'button', 'aria-label': 'Dismiss' }, icon('close'));
  close.addEventListener('click', () => dismiss(key));
  const line = el('div', { class: `notice ${tone}`, 'data-notice': key }, el('span', { class: 'say' }, text));
  if (action) {
    const button = el('button', { type: 'button' }, action.label);
    button.addEventListener('click', () => { if (!action.stays) dismiss(key); action.run(); });
    line.append(button);
  }
  line.append(close);
  if (more) line.append(more);
  $('notices').append(line);
  shown.set(key, line);
  if (brief) setTimeout(() => { if (shown.get(key) === line) dismiss(key); }, kBrief);
}

export function dismiss(key) {
  shown.get(key)?.remove();
  shown.delete(key);
}

export function dismissAll() {
  for (const key of [...shown.keys()]) dismiss(key);
}
