// Data channels between Tidewire's public API and independent stacks, each side offering once: all options, sizes, both
// directions, closing, many channels.
//
// usage: node --test datachannel.test.mjs; TIDEWIRE_PEERS=wrtc,firefox runs some of them.

import { test } from 'node:test';
import { launch, missing } from '../browser/lib/browsers.mjs';
import { browserEnd, ourEnd, processEnds, servePage } from './datachannel_ends.mjs';
import { story } from './datachannel_story.mjs';

const QUIRKS = {
  wrtc: {}, werift: {}, aiortc: {}, chromium: {}, firefox: {},
};

const wanted = process.env.TIDEWIRE_PEERS?.split(',') ?? Object.keys(QUIRKS);

async function call(t, makeTheirs, name, weOffer) {
  const ours = ourEnd();
  const theirs = await makeTheirs();
  try {
    await story(ours, theirs, weOffer, QUIRKS[name], async (what, run) => {
      const begin = performance.now();
      await run();
      t.diagnostic(`${what}: ${Math.round(performance.now() - begin)} ms`);
    });
  } finally {
    await theirs.stop();
    const code = await ours.stop();
    if (code !== 0) throw new Error(`datachannel_peer ended with ${code}:\n${ours.complaints}`);
  }
}

for (const name of wanted) {
  test(name, { timeout: 120_000 }, async (t) => {
    let makeTheirs = processEnds[name];
    const server = await servePage();
    let browser;
    if (!makeTheirs) {
      if (missing(name)) throw new Error(missing(name));
      browser = await launch(name);
      makeTheirs = () => browserEnd(name, browser, server);
    }
    try {
      for (const weOffer of [true, false]) {
        await t.test(weOffer ? 'we offer' : 'they offer', (inner) => call(inner, makeTheirs, name, weOffer));
      }
    } finally {
      await browser?.close();
      server.close();
    }
  });
}
