// When pictures arrive at a client, counted by the kernel in its namespace: no word of the program under test is needed.
//
// Only large UDP packets count. Sound, checks and feedback are smaller than the pictures' packets, and do not prove that
// pictures arrive.

import { run, runIn } from './netns.mjs';

const kLarge = 250;   // bytes of UDP; a check, a packet of sound or feedback has 60 to 200
const kEvery = 25;    // ms between two looks
const kFlowing = 150; // ms without a picture are no gap at 30 pictures a second

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Arrivals {
  #ns;

  constructor(ns) {
    this.#ns = ns;
    runIn(ns, 'nft', ['-f', '-'], { input: `table inet arrivals {
  counter pictures {
  }
  chain input {
    type filter hook input priority filter;
    udp length > ${kLarge} counter name pictures
  }
}
` });
  }

  count() {
    return Number(/packets (\d+)/.exec(run('ip', ['netns', 'exec', this.#ns, 'nft', 'list', 'counter', 'inet', 'arrivals', 'pictures']))[1]);
  }

  // The longest time without a picture from now until they have come without a gap for `calm` ms; `limit` if they do not.
  async longestGap({ calm = 2500, limit = 15_000 } = {}) {
    const start = performance.now();
    let seen = this.count();
    let last = start;    // when the last picture came
    let flowing = start; // since when there has been no gap
    let longest = 0;
    for (;;) {
      await pause(kEvery);
      const now = performance.now();
      const count = this.count();
      longest = Math.max(longest, now - last);
      if (now - last > kFlowing) flowing = now;
      if (count !== seen) last = now;
      seen = count;
      if (now - start > limit) return limit;
      // Something must have happened at all: the change takes a moment to show.
      if (now - flowing > calm && now - last < kFlowing) return Math.round(longest);
    }
  }
}
