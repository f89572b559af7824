// What every browser test file shares: browsers that are started once, and evidence when a test fails.

import { after, before, test } from 'node:test';
import { evidence, launch, missing } from './browsers.mjs';
import { serve } from './tidewire.mjs';

const kTestTimeout = 180_000;

// Starts a server and the named browsers for all tests of the file. Returns {server, browsers, story}; the first two
// are filled when the tests run.
// `extra` has launch options by browser.
export function suite(names, extra = {}) {
  const shared = { server: null, browsers: {} };
  before(async () => {
    shared.server = await serve();
    for (const name of names) {
      if (missing(name)) throw new Error(missing(name));
      shared.browsers[name] = await launch(name, extra[name]);
      console.log(`# ${name}: ${await shared.browsers[name].version()}`);
    }
  }, { timeout: kTestTimeout });
  after(async () => {
    for (const browser of Object.values(shared.browsers)) await browser.close().catch(() => {});
    await shared.server?.stop();
  });

  // One test. `run` gets keep(): it notes pages and programs, which are closed at the end, and are the evidence if the
  // test fails. `options` are node:test's: {skip: why}.
  const story = (name, run, options = {}) => test(name, { timeout: kTestTimeout, ...options }, async () => {
    const kept = [];
    const keep = (thing) => { kept.push(thing); return thing; };
    const pages = () => kept.filter((k) => typeof k.screenshot === 'function');
    try {
      await run(keep);
    } catch (error) {
      const folder = await evidence(name, pages());
      error.message += `\n  pictures and logs: ${folder}`;
      for (const program of kept.filter((k) => k.said)) error.message += `\n  ${program.said}`;
      throw error;
    } finally {
      for (const page of pages()) await page.browserContext().close().catch(() => {});
      for (const program of kept) await program.stop?.();
    }
  });
  return { shared, story };
}
