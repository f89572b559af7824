// How good picture and sound are, in words, and whether the picture has been paused: without a browser, for the tests.

const kStandsStill = 2000; // ms without a new picture, while sound comes

export function bits(rate) {
  if (!Number.isFinite(rate)) return '–';
  return rate >= 999_500 ? `${(rate / 1e6).toFixed(1)} Mbit/s` : `${Math.round(rate / 1000)} kbit/s`;
}

// The picture's shorter side: "1080p". Empty while none is sent.
export function size(video) {
  if (!video?.width || !(video.frames_per_second > 0)) return '';
  return `${Math.min(video.width, video.height)}p`;
}

// "1080p · 2.4 Mbit/s · sound 128 kbit/s", of the streams of one direction. What there is none of is left out.
export function qualityLine(video, audio) {
  const parts = [];
  if (size(video)) parts.push(size(video), bits(video.bitrate ?? NaN));
  if (audio?.bitrate > 0) parts.push(`sound ${bits(audio.bitrate)}`);
  return parts.filter((part) => part !== '–').join(' · ');
}

// Watches the readings of one call (stats.js) for a picture that stands still although the sound goes on: then its sender
// has paused it.
export class PictureWatch {
  #frames = null;
  #since = 0;   // when the newest picture came
  #sound = 0;   // bytes at the reading before
  stands = false;

  see({ at, video_in: video, audio_in: audio }) {
    const frames = video?.frames_decoded ?? null;
    if (!frames || frames !== this.#frames) {
      this.#frames = frames;
      this.#since = at;
    }
    const sound = audio?.bytes ?? 0;
    this.stands = Boolean(frames) && at - this.#since >= kStandsStill && sound > this.#sound;
    this.#sound = sound;
    return this.stands;
  }
}
