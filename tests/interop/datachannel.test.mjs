// Data channels between Tidewire's public API and independent stacks, each side offering once: all options, sizes, both
// directions, closing, many channels.
//
// usage: node --test datachannel.test.mjs; TIDEWIRE_PEERS=wrtc,firefox runs some of them.

import { test } from 'node:test';
import { launch, missing } from '../browser/lib/browsers.mjs';
import { browserEnd, ourEnd, processEnds, servePage } from './datachannel_ends.mjs';
import { story } from './datachannel_story.mjs';

// What the other stack cannot do, which is left out, and why.
const QUIRKS = {
  // Loses the end of a burst that its close() follows, one time in ten or so, and events of its own channels
  // when they are short-lived.
  wrtc: { losesAtTheirClose: true, losesShortChannels: true, linger: 50 },
  // Announces an unordered channel with maxRetransmits: 0 or maxPacketLifeTime as an ordered one; counts the characters of
  // a label in place of its bytes, so that it sends an OPEN that is none; sends nothing for an empty message; ends with
  // "channel not found" when a channel of its own closes early. One thread of JavaScript.
  werift: {
    cannotMake: ['no retransmission', 'lifetime', '名前 ярлык 😀 é'], sendsNoEmpty: true, losesShortChannels: true, churn: 100,
  },
  // The same with labels; and it drops at close() what it has not sent, be it the OPEN. One thread of Python.
  aiortc: { losesShortChannels: true, cannotMake: ['名前 ярлык 😀 é'], losesAtTheirClose: true, churn: 200 },
  // webrtcbin 1.22 has the numbers of an empty text and of empty bytes the other way round (RFC 8831 §8), hands usrsctp a
  // message of no bytes, which is refused, and takes 65536 bytes for everybody's limit. Its close() overtakes its last
  // message now and then, be it the OPEN: the stream is reset, and the message never comes. And when the stream is reset by
  // us, it loses now and then what usrsctp has acknowledged and it has not looked at.
  gstreamer: {
    confusesEmpty: true, sendsNoEmpty: true, sendsAtMost: 65536, losesAtOurClose: true, losesAtTheirClose: true,
    losesShortChannels: true, linger: 50,
  },
  chromium: {},
  // Now and then it confirms our resets and sends none of its own any more, when many channels are closed as soon as they
  // are open. Ours end ten seconds later then (ChannelTable::kClosingPatience), which would be long here.
  firefox: { linger: 50 },
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
