// Calls that cannot come about say why, and the network check says so in advance.

import assert from 'node:assert/strict';
import { openTab } from './lib/browsers.mjs';
import { connected, freshRoom, join, text } from './lib/call_page.mjs';
import { suite } from './lib/suite.mjs';
import { nativePeer, serve } from './lib/tidewire.mjs';
import { coturn, freePort, missingCoturn } from './lib/turn.mjs';
import { until } from './lib/wait.mjs';

const kVerdict = 60_000; // ms: browsers wait about 10 s for a silent server

const { shared, story } = suite(['chromium', 'firefox']);

const failureOf = (page) => page.evaluate(() => window.tidewire.failure());

// Waits for a failure and returns it; what is shown must be what programs get.
async function fails(page, cause) {
  const failure = await until(`the cause ${cause}`, async () => {
    const now = await failureOf(page);
    if (now && now.cause !== cause) throw new Error(JSON.stringify(now));
    return now;
  }, { timeout: 60_000 });
  const shown = await text(page, '#notices');
  assert.ok(shown.includes(failure.message), `${failure.message}\n  is not in\n${shown}`);
  assert.match(shown, /Check this network/);
  return failure;
}

async function meet(keep, browsers, { server = shared.server, query = {}, prepare = null } = {}) {
  const room = freshRoom('reasons');
  const pages = [];
  for (const [i, browser] of browsers.entries()) {
    const page = keep(await openTab(shared.browsers[browser]));
    if (prepare) await page.evaluateOnNewDocument(prepare);
    await page.goto(`${server.url}/r/${room}?${new URLSearchParams({ auto: '1', name: `Peer${i}`, ...query })}`);
    await until('the room', () => page.evaluate(() => window.tidewire?.state?.online));
    pages.push(page);
  }
  return pages;
}

// Runs in the page before its own scripts: the other's candidates become addresses where nobody answers, as if a firewall
// stood between.
function wall() {
  const { addIceCandidate, setRemoteDescription } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.addIceCandidate = function (init) {
    if (window.wallIsDown) return addIceCandidate.call(this, init);
    const parts = init?.candidate?.split(' ') ?? [];
    if (!/udp/i.test(parts[2] ?? '') || parts[4].includes(':')) return Promise.resolve();
    parts[4] = '192.0.2.77';
    return addIceCandidate.call(this, { ...init, candidate: parts.join(' ') });
  };
  RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
    if (window.wallIsDown) return setRemoteDescription.call(this, { type, sdp });
    return setRemoteDescription.call(this, { type, sdp: sdp.replace(/a=(candidate:.*|end-of-candidates)\r\n/g, '') });
  };
}

for (const browser of ['chromium', 'firefox']) {
  story(`${browser}: no packet passes between the peers, and no relay is configured`, async (keep) => {
    const pages = await meet(keep, [browser, browser], { prepare: wall });
    for (const page of pages) {
      const { message, evidence } = await fails(page, 'relay_needed');
      assert.match(message, /none of \d+ direct paths answered.*configure a TURN server/);
      assert.ok(evidence.local_candidates.host > 0 && evidence.remote_candidates.host > 0, JSON.stringify(evidence));
      assert.ok(evidence.pairs_checked > 0, JSON.stringify(evidence));
      assert.equal(evidence.answers_received, 0);
      if (browser === 'chromium') assert.ok(evidence.checks_sent > evidence.pairs_checked, JSON.stringify(evidence));
    }
    const [page] = pages;
    assert.equal(await page.$eval('.notice details', (e) => e.open), false);
    await page.bringToFront(); // a tab behind another may miss clicks
    await page.click('.notice summary');
    await until('the evidence', async () => /Candidates here\s+\d+ host/.test(await text(page, '.evidence')));
  });

  story(`${browser}: relayed paths only, without a relay`, async (keep) => {
    for (const page of await meet(keep, [browser, browser], { query: { relay: '1' } })) {
      assert.match((await fails(page, 'relay_needed')).message, /only relayed paths are allowed here, and no TURN server/);
    }
  });

  story(`${browser}: the relay is not there`, async (keep) => {
    const url = `turn:127.0.0.1:${await freePort()}`;
    const server = keep(await serve({ more: ['--ice-server', url, '--ice-username', 'u', '--ice-credential', 'p'] }));
    for (const page of await meet(keep, [browser, browser], { server, query: { relay: '1' } })) {
      const { message, evidence } = await fails(page, 'servers_unreachable');
      assert.ok(message.includes(url), message);
      assert.equal(evidence.relay_servers, 1);
      assert.ok(evidence.server_errors.length >= 1, JSON.stringify(evidence));
    }
  });

  story(`${browser}: the network check without servers`, async (keep) => {
    const page = keep(await openTab(shared.browsers[browser], `${shared.server.url}/`));
    await page.click('a[href="#doctor"]');
    await until('the verdict', async () => (await text(page, '#doctor-verdict')).includes('nor a relay is configured'), { timeout: kVerdict });
    assert.match(await text(page, '#doctor-rows'), /Own addresses\s+\d/);
    await page.keyboard.press('Escape');
    await until('the dialog to be closed', () => page.evaluate(() => !document.getElementById('doctor').open && location.hash === ''));
    assert.deepEqual(page.log.filter((l) => l.startsWith('uncaught')), []);
  });

  story(`${browser}: the relay does not take the password`, async (keep) => {
    const relay = keep(await coturn());
    const server = keep(await serve({ more: ['--ice-server', relay.url, '--ice-username', 'ada', '--ice-credential', 'wrong'] }));
    const pages = await meet(keep, [browser, browser], { server, query: { relay: '1' } });
    for (const page of pages) {
      assert.match((await fails(page, 'credentials_refused')).message, /answered 401.*correct the username and credential/);
    }
    await pages[0].click('.notice > button:not([aria-label])');
    await until('the verdict', async () => /turn:\S+ answered 401/.test(await text(pages[0], '#doctor-verdict')), { timeout: kVerdict });
    assert.ok(await failureOf(pages[0]), 'the call is still there below');
  }, { skip: missingCoturn() });

  story(`${browser}: through a relay, in a call and in the network check`, async (keep) => {
    const relay = keep(await coturn());
    const server = keep(await serve({ more: ['--ice-server', relay.stun, '--ice-server', relay.url,
      '--ice-username', relay.username, '--ice-credential', relay.credential] }));
    const pages = await meet(keep, [browser, browser], { server, query: { relay: '1' } });
    for (const page of pages) {
      await connected(page);
      assert.equal(await failureOf(page), null);
      assert.equal((await page.evaluate(() => window.tidewire.stats())).local.type, 'relay');
    }
    const page = keep(await openTab(shared.browsers[browser], `${server.url}/`));
    const report = await page.evaluate(() => window.tidewire.checkNetwork());
    const all = JSON.stringify(report, null, 1);
    assert.equal(report.relay_loop?.ok, true, all);
    assert.ok(report.relay_loop.rtt_ms > 0, all);
    assert.equal(report.verdict.level, 'good', all);
    const turn = report.servers.find((s) => s.url === relay.url);
    assert.ok(turn.ok && /^127\.0\.0\.1:\d+$/.test(turn.address), all);
    assert.match(report.verdict.text, /all others are reached through the relay turn:/);
  }, { skip: missingCoturn() });
}

story('a failure is taken back when the path opens', async (keep) => {
  const [ada, grace] = await meet(keep, ['chromium', 'chromium'], { prepare: wall });
  await fails(ada, 'relay_needed');
  for (const page of [ada, grace]) await page.evaluate(() => { window.wallIsDown = true; }); // for the next attempt
  await connected(ada);
  await connected(grace);
  for (const page of [ada, grace]) {
    await until('the notice to go', async () => !(await text(page, '#notices')).includes('No connection'));
    assert.equal(await failureOf(page), null);
  }
});

for (const browser of ['chromium', 'firefox']) {
  story(`${browser}: the peer falls silent`, async (keep) => {
    const room = freshRoom('silent');
    const server = keep(await serve()); // which would tell that the peer is gone
    const page = keep(await join(shared.browsers[browser], server, room, 'Ada'));
    const native = keep(nativePeer(`${server.url}/r/${room}`, { name: 'Nadia' }));
    await connected(page);
    await server.kill('SIGKILL');
    native.kill('SIGSTOP');
    const failure = await fails(page, 'consent_lost');
    native.kill('SIGCONT');
    assert.match(failure.message, /^the peer( at \S+)? has not answered( for \d+ s)?: it has gone/);
    assert.match(await text(page, '#notices'), /The connection to Nadia is lost: the peer/);
  });
}
