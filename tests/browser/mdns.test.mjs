// Browsers that hide their addresses behind .local names: the native peer resolves them by multicast DNS or learns the
// address from the browser's first check, and is in the call either way.

import assert from 'node:assert/strict';
import { HIDING } from './lib/browsers.mjs';
import { connected, freshRoom, join, received, send } from './lib/call_page.mjs';
import { suite } from './lib/suite.mjs';
import { nativePeer, reportOf } from './lib/tidewire.mjs';
import { until } from './lib/wait.mjs';

const { shared, story } = suite(['chromium', 'firefox'], HIDING);

for (const browser of ['chromium', 'firefox']) {
  story(`${browser} with hidden addresses is called by a native peer`, async (keep) => {
    const room = freshRoom('hidden');
    const page = keep(await join(shared.browsers[browser], shared.server, room, 'Hidden', { mic: 0, camera: 0 }));
    const native = keep(nativePeer(`${shared.server.url}/r/${room}`, { name: 'Nadia' }));
    await connected(page);
    await send(page, 'found you');
    await received(page, 'you said: found you');
    // A browser's checks may connect the call before its responder has a name for the address.
    await until('a hidden address', async () =>
      (await page.evaluate(() => window.tidewire.localCandidates(0))).some((c) => c.includes('.local')));
    native.kill('SIGINT');
    await until('the native peer to end', () => !native.running);
    const report = reportOf(native);
    assert.equal(native.code, 0, native.said);
    assert.match(report.selected_pair.remote.type, /host|prflx/, JSON.stringify(report.selected_pair));
  });
}
