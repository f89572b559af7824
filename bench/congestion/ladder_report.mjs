// What chromium_ladder.mjs makes of its samples: a table and a plot.
//
// A run is {steps: [{from, to, capacity}], line: [{at, ours, theirs}], calls: [{at, ours, theirs}]}. Times are seconds since the
// first step, capacities Mbit/s. `line` has what the line carried of each up to then (lab_link.cc), `calls` what LadderCall.look()
// said. Rates are those on the wire: all that was sent, dropped packets included.

const kSide = { ours: 'tidewire', theirs: 'Chromium' };
const kUsed = 0.9; // of the capacity
const kUpWindow = 1;   // seconds over which a rate is meant …
const kDownWindow = 0.4;
const kQueue = 0.95;

const last = (samples, at) => samples.filter((s) => s.at <= at).at(-1) ?? samples[0];

// Mbit/s that were sent between two times.
export function rate(run, side, from, to) {
  const [a, b] = [last(run.line, from), last(run.line, to)];
  return b.at > a.at ? ((b[side].takenBytes - a[side].takenBytes) * 8) / (b.at - a.at) / 1e6 : 0;
}

// Seconds from the step on until it is used, or until no more is sent than it carries; undefined if that never came.
function reached(run, side, { from, to, capacity }, before) {
  const down = before !== undefined && capacity < before;
  const window = down ? kDownWindow : kUpWindow;
  const fits = (at) => (down ? rate(run, side, at - window, at) <= capacity : rate(run, side, at - window, at) >= kUsed * capacity);
  const found = run.line.find(({ at }) => at >= from + window && at <= to && fits(at));
  return found && found.at - from;
}

const percentile = (values, share) => values.sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;

function figures(run, side, step, before) {
  const inside = run.line.filter(({ at }) => at > step.from && at <= step.to);
  const [first, end] = [last(run.calls, step.from)[side], last(run.calls, step.to)[side]];
  const [lineFirst, lineEnd] = [last(run.line, step.from)[side], last(run.line, step.to)[side]];
  const grown = (part, name) => end[part][name] - first[part][name];
  const seconds = run.calls.filter(({ at }) => at > step.from && at <= step.to);
  const still = seconds.filter(({ at }) => {
    const earlier = last(run.calls, at - 0.5)[side].seen.framesDecoded;
    return last(run.calls, at)[side].seen.framesDecoded === earlier;
  });
  const after = (s) => (step.to - step.from > s ? rate(run, side, step.from + s - 1, step.from + s + 1) : undefined);
  return {
    reached: reached(run, side, step, before), after10: after(10), after20: after(20),
    queue: percentile(inside.map((s) => s[side].longestWait), kQueue), dropped: lineEnd.overflowed - lineFirst.overflowed,
    freezes: grown('seen', 'freezeCount'), frozen: grown('seen', 'totalFreezesDuration'), still: still.length,
    concealed: (grown('heard', 'concealedSamples') - grown('heard', 'silentConcealedSamples')) / 48_000,
    height: still.length > 0 && still.at(-1) === seconds.at(-1) ? 'none' : `${end.seen.frameHeight}p`,
    sound: sound(run, side, step),
  };
}

// kbit/s of sound in the last five seconds.
function sound(run, side, { to }) {
  const [a, b] = [last(run.calls, to - 5), last(run.calls, to)];
  return ((b[side].sound.bytesSent - a[side].sound.bytesSent) * 8) / (b.at - a.at) / 1e3;
}

const fixed = (value, digits, unit = '') => (value === undefined ? '–' : `${value.toFixed(digits)}${unit}`);

const COLUMNS = [
  ['capacity, Mbit/s', (f, step) => String(step.capacity)],
  ['', (f, step, side) => kSide[side]],
  ['reached after, s', (f) => fixed(f.reached, 1)],
  ['rate after 10 s', (f) => fixed(f.after10, 2)],
  ['after 20 s', (f) => fixed(f.after20, 2)],
  ['queue p95, ms', (f) => fixed(f.queue, 0)],
  ['dropped', (f) => String(f.dropped)],
  ['freezes', (f) => `${f.freezes} (${fixed(f.frozen, 1)} s)`],
  ['without picture, s', (f) => String(f.still)],
  ['sound concealed, s', (f) => fixed(f.concealed, 2)],
  ['at the end', (f) => `${f.height}, ${fixed(f.sound, 0)} kbit/s of sound`],
];

export function table(run) {
  const lines = [COLUMNS.map(([name]) => name), COLUMNS.map((_, i) => (i < 2 ? '---' : '--:'))];
  run.steps.forEach((step, i) => {
    for (const side of ['ours', 'theirs']) {
      const its = figures(run, side, step, run.steps[i - 1]?.capacity);
      lines.push(COLUMNS.map(([, cell]) => cell(its, step, side)));
    }
  });
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

// ---- the plot

const kWidth = 900;
const kHeight = 360;
const kBox = { left: 52, right: 12, top: 34, bottom: 34 };
const kTicks = [0.05, 0.2, 0.5, 1, 2, 3, 4, 5]; // Mbit/s
const kColours = { ours: '#0a7d5a', theirs: '#c2410c' };

export function plot(run, title) {
  const end = run.steps.at(-1).to;
  const most = 5.6;
  const x = (t) => kBox.left + (t / end) * (kWidth - kBox.left - kBox.right);
  // By the square root, so that 0.2 Mbit/s can be told from nothing.
  const y = (mbit) => kHeight - kBox.bottom - Math.sqrt(Math.min(mbit, most) / most) * (kHeight - kBox.top - kBox.bottom);
  const at = (t, mbit) => `${x(t).toFixed(1)},${y(mbit).toFixed(1)}`;
  const text = (px, py, words, more = '') => `<text x="${px}" y="${py}" ${more}>${words}</text>`;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${kWidth} ${kHeight}" font-family="sans-serif" font-size="12">`,
    '<rect width="100%" height="100%" fill="#fff"/>', text(kBox.left, 16, title, 'font-size="13" fill="#222"'),
  ];
  for (const tick of kTicks) {
    parts.push(`<path d="M${at(0, tick)} L${at(end, tick)}" stroke="#ddd"/>`,
      text(kBox.left - 6, y(tick) + 4, tick, 'text-anchor="end" fill="#555"'));
  }
  for (let t = 0; t <= end; t += 25) parts.push(text(x(t), kHeight - 14, `${t} s`, 'text-anchor="middle" fill="#555"'));
  parts.push(text(14, kHeight / 2, 'Mbit/s', `transform="rotate(-90 14 ${kHeight / 2})" text-anchor="middle" fill="#555"`));
  const stairs = run.steps.map(({ from, to, capacity }) => `${at(from, capacity)} ${at(to, capacity)}`).join(' ');
  parts.push(`<polyline points="${stairs}" fill="none" stroke="#888" stroke-width="2" stroke-dasharray="6 3"/>`);
  for (const side of ['theirs', 'ours']) {
    const points = [];
    for (let t = 0.5; t <= end; t += 0.5) points.push(at(t, rate(run, side, t - 1, t)));
    parts.push(`<polyline points="${points.join(' ')}" fill="none" stroke="${kColours[side]}" stroke-width="1.6"/>`);
  }
  const legend = [['#888', 'capacity'], [kColours.ours, 'tidewire sends'], [kColours.theirs, 'Chromium sends']];
  legend.forEach(([colour, words], i) => {
    const px = kWidth - 390 + i * 125;
    parts.push(`<path d="M${px} 12 h22" stroke="${colour}" stroke-width="2"/>`, text(px + 27, 16, words, 'fill="#222"'));
  });
  return `${[...parts, '</svg>'].join('\n')}\n`;
}
