// The ends of tests/browser/media.test.mjs, each in a namespace of the lab: our peer, and a page without the application.

import path from 'node:path';
import { barePage } from '../../browser/lib/bare_call.mjs';
import { MediaPeer } from '../../browser/lib/media_peer.mjs';
import { serve } from '../../browser/lib/tidewire.mjs';
import { startBrowser } from './pages.mjs';

export const mediaPeerIn = (lab, side, args) =>
  lab.keep(new MediaPeer(args, { within: ['ip', 'netns', 'exec', lab.ns(side.lab), 'setpriv', '--pdeathsig', 'KILL'] }));

// The page is served in the namespace of the tests, and had at the same port in that of the browser.
export async function barePageIn(lab, side, name) {
  const server = lab.keep(await serve());
  const here = `127.0.0.1:${server.port}`;
  const file = path.join(lab.folder, `page-${side.letter}`);
  await lab.forward(null, file, here);
  await lab.forward(side.lab, here, file);
  return barePage(await startBrowser(lab, side, name), { url: `http://localhost:${server.port}` });
}

// The line of a side with a link, which is a program: see lab_link.cc.
export const lineOf = (side) => side.uplinks[0].line;

// What became of the packets so far, [towards the client, from it].
export async function told(line) {
  const before = line.stdout.split('\n').length;
  line.type('tell');
  for (;;) {
    const lines = line.stdout.split('\n');
    if (lines.length > before) return JSON.parse(lines[before - 1]);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
