// When pictures arrive at a client, counted by the kernel in its namespace: no word of the program under test is needed.
//
// Only large UDP packets count. Sound, checks and feedback are smaller than the pictures' packets, and do not prove that
// pictures arrive.

import { runIn } from './netns.mjs';

const kLarge = 250;   // bytes of UDP; a check, a packet of sound or feedback has 60 to 200
const kEvery = 25;    // ms between two looks
const kGap = 200;     // ms without a picture; at 30 pictures a second the next one is due after 33

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
    const said = runIn(this.#ns, 'nft', ['list', 'counter', 'inet', 'arrivals', 'pictures']);
    return Number(/packets (\d+)/.exec(said)[1]);
  }

  // The longest time without a picture, until they have come again for `calm` ms; `limit` if they do not. Only what was seen at
  // two looks or more counts as silence, so that a machine that is too busy to look makes no gap.
  async longestGap({ calm = 2500, limit = 15_000 } = {}) {
    const start = performance.now();
    let seen = this.count();
    let last = start;    // the look that saw the last picture
    let flowing = start; // since then there has been no gap
    let longest = 0;
    for (;;) {
      await pause(kEvery);
      const now = performance.now();
      const count = this.count();
      if (count !== seen) {
        if (now - flowing > calm) return Math.round(longest);
        last = now;
        seen = count;
      } else {
        longest = Math.max(longest, now - last);
        if (now - last > kGap) flowing = now;
      }
      if (now - start > limit) return limit;
    }
  }
}
