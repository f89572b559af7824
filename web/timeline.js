// The timeline of one call: when each step of its set-up happened, in milliseconds since its start.
//
// The start is the click on "Join" for the people who were in the room already, and the moment they came for those who
// came later (there was no click then; their devices_ready is 0 because the devices were ready before).
// The names of the steps are those of `tidewire call --json`, so that both ends can be laid side by side.

export const STEPS = Object.freeze([
  'devices_ready', 'offer_created', 'offer_received', 'answer_created', 'answer_received', 'ice_connected',
  'dtls_connected', 'data_channel_open', 'first_audio_frame', 'first_video_frame',
]);

export class Timeline extends EventTarget {
  #start;
  #marks = new Map();

  constructor(start = performance.now()) {
    super();
    this.#start = start;
  }

  // Notes that `step` happened. Only the first time counts: a renegotiation does not rewrite the set-up.
  mark(step, at = performance.now()) {
    if (!STEPS.includes(step)) throw new Error(`unknown step ${step}`);
    if (this.#marks.has(step)) return;
    this.#marks.set(step, Math.max(0, at - this.#start));
    this.dispatchEvent(new Event('change'));
  }

  has(step) {
    return this.#marks.has(step);
  }

  // [{step, ms}], earliest first.
  entries() {
    return [...this.#marks].map(([step, ms]) => ({ step, ms })).sort((a, b) => a.ms - b.ms);
  }

  // {offer_created: 12.3, …}: only the steps that happened.
  toJSON() {
    return Object.fromEntries(this.entries().map(({ step, ms }) => [step, Math.round(ms * 10) / 10]));
  }
}
