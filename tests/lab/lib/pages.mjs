// Browsers in a lab, with the call page.
//
// The browser runs in the namespace, its driver outside. Chromium's speaks through a pipe, which does not care; that of Firefox
// speaks through a port of the browser's own loopback, which two forwarders and a socket file make one of ours.

import { X509Certificate, createHash } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { BROWSERS, launch, openTab } from '../../browser/lib/browsers.mjs';
import { until } from '../../browser/lib/wait.mjs';
import { iceServers } from './coturn.mjs';
import { addressOf } from './plan.mjs';

const kPagePort = 8080;

// Addresses are shown (the fake user grants everything), but not those of loopback: browsers would look for STUN servers from
// there as well, and gather for seconds.
const kShown = {
  chromium: { pipe: true, without: ['--allow-loopback-in-peer-connection'] },
  firefox: { extraPrefsFirefox: { ...BROWSERS.firefox.extraPrefsFirefox, 'media.peerconnection.ice.loopback': false } },
};

const freePort = () => new Promise((resolve) => {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

// The same port on the loopback of the tests and of the client.
async function sharePort(lab, side) {
  const port = await freePort();
  const file = path.join(lab.folder, `driver-${side.letter}`);
  await lab.forward(side.lab, file, `127.0.0.1:${port}`);
  await lab.forward(null, `127.0.0.1:${port}`, file);
  return port;
}

// Chromium trusts no private authority; it can be told to take a certificate by the hash of its key.
function trusting(lab, name) {
  const certificate = path.join(lab.folder, 'turn.pem');
  if (name !== 'chromium' || !fs.existsSync(certificate)) return {};
  const key = new X509Certificate(fs.readFileSync(certificate)).publicKey.export({ type: 'spki', format: 'der' });
  return { args: [`--ignore-certificate-errors-spki-list=${createHash('sha256').update(key).digest('base64')}`] };
}

export async function startBrowser(lab, side, name) {
  const executablePath = path.join(lab.folder, `${name}-${side.letter}`);
  const inside = `ip netns exec ${lab.ns(side.lab)} setpriv --pdeathsig KILL ${BROWSERS[name].executablePath}`;
  fs.writeFileSync(executablePath, `#!/bin/sh\nexec ${inside} "$@"\n`, { mode: 0o755 });
  const debuggingPort = name === 'firefox' ? await sharePort(lab, side) : undefined;
  const browser = await launch(name, { ...kShown[name], ...trusting(lab, name), executablePath, debuggingPort });
  lab.keep({ stop: () => browser.close().catch(() => {}), kill: () => browser.process()?.kill('SIGKILL'), said: name });
  return browser;
}

// A page in the namespace of that side, in the room. It comes from localhost through a forwarder, which makes it a secure context.
// Without `servers` it uses those that the signaling server tells it.
export async function openPage(lab, side, name, { servers, policy = 'all' } = {}) {
  const room = new URL(lab.roomUrl(side));
  await lab.forward(side.lab, `127.0.0.1:${kPagePort}`, `${addressOf(room.host)}:${room.port || 80}`);
  const page = await openTab(await startBrowser(lab, side, name));
  await page.evaluateOnNewDocument((given, iceTransportPolicy) => {
    const Real = window.RTCPeerConnection;
    window.RTCPeerConnection = class extends Real {
      constructor(configuration) { super({ ...configuration, ...(given && { iceServers: given }), iceTransportPolicy }); }
    };
  }, servers && iceServers(servers), policy);
  await page.goto(`http://localhost:${kPagePort}${room.pathname}?auto=1&name=${side.letter}`);
  await until('the page to be in the room', () => page.evaluate(() => window.tidewire?.state?.online));
  return page;
}
