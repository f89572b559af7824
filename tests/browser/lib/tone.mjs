// The loudest frequency of what a page hears.
//
// The sound is recorded for a moment and decoded offline: an AudioContext would stay suspended in Firefox on a machine
// without a sound card.

import { until } from './wait.mjs';

const kRecord = 700;     // ms
const kTolerance = 15;   // Hz
const kAudible = 0.01;   // of full scale

// Runs inside the page. {hertz, level}: level is the amplitude at that frequency, 1 is full scale.
async function measure(milliseconds, side) {
  const kEvery = 6; // samples become one: 8 kHz
  const recorder = new MediaRecorder(window.tidewire.sound());
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const stopped = new Promise((resolve, reject) => { recorder.onstop = resolve; recorder.onerror = () => reject(new Error('recorder')); });
  recorder.start();
  setTimeout(() => recorder.stop(), milliseconds);
  await stopped;
  const bytes = await new Blob(parts).arrayBuffer();
  const buffer = await new OfflineAudioContext(2, 1, 48000).decodeAudioData(bytes);
  const end = buffer.getChannelData(Math.min(side, buffer.numberOfChannels - 1)).slice(-0.4 * buffer.sampleRate); // decoders start up slowly
  const rate = buffer.sampleRate / kEvery;
  const samples = new Float64Array(Math.floor(end.length / kEvery));
  for (let i = 0; i < samples.length; ++i) {
    let mean = 0; // of a few samples: a low-pass that is good enough below 2 kHz
    for (let j = 0; j < kEvery; ++j) mean += end[i * kEvery + j] / kEvery;
    samples[i] = mean * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / samples.length)); // Hann window: fewer side lobes
  }

  const amplitude = (hertz) => { // Goertzel's algorithm
    const c = 2 * Math.cos((2 * Math.PI * hertz) / rate);
    let a = 0;
    let b = 0;
    for (let i = 0; i < samples.length; ++i) {
      const next = samples[i] + c * a - b;
      b = a;
      a = next;
    }
    return (4 * Math.sqrt(Math.max(0, a * a + b * b - c * a * b))) / samples.length;
  };
  let best = { hertz: 0, level: 0 };
  for (let hertz = 100; hertz <= 2000; hertz += 4) {
    const level = amplitude(hertz);
    if (level > best.level) best = { hertz, level };
  }
  return best;
}

// `side`: 0 is the left one, 1 the right one.
export const loudestFrequency = (page, side = 0) => page.evaluate(measure, kRecord, side);

// Waits until the loudest frequency is this one.
export async function hearsTone(page, hertz, side) {
  await until(`a tone of ${hertz} Hz`, async () => {
    const heard = await loudestFrequency(page, side);
    if (Math.abs(heard.hertz - hertz) <= kTolerance && heard.level > kAudible) return true;
    throw new Error(`heard ${JSON.stringify(heard)}`);
  });
}

// Waits until nothing can be heard.
export async function hearsSilence(page) {
  await until('silence', async () => (await loudestFrequency(page)).level < kAudible / 10);
}
