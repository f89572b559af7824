// datachannel_peer.mjs on the stacks of Node, over JSON lines.
//
// usage: node datachannel_node.mjs wrtc|werift

import crypto from 'node:crypto';
import { createRequire } from 'node:module';
import readline from 'node:readline';
import { pathToFileURL } from 'node:url';
import { makePeer } from './datachannel_peer.mjs';

// Installed where they are measured too.
const require = createRequire(new URL('../../bench/datachannel/package.json', import.meta.url));
const PACKAGES = { wrtc: '@roamhq/wrtc', werift: 'werift' };

const loaded = await import(pathToFileURL(require.resolve(PACKAGES[process.argv[2]])));
const { RTCPeerConnection } = loaded.RTCPeerConnection ? loaded : loaded.default;
makePeer.wrap = (bytes) => Buffer.from(bytes.buffer);
const handle = makePeer(RTCPeerConnection, (event) => process.stdout.write(`${JSON.stringify(event)}\n`),
  (bytes) => crypto.createHash('sha256').update(bytes).digest('hex'));
let last = Promise.resolve();
readline.createInterface({ input: process.stdin })
  .on('line', (line) => { last = last.then(() => handle(JSON.parse(line))); })
  .on('close', () => process.exit(0));
