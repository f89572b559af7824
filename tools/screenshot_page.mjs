// Pictures of the call page, for the documentation and for looking at it after a change of style or layout.
//
//   cd tests/browser && npm ci --ignore-scripts
//   node tools/screenshot_page.mjs FOLDER      (TIDEWIRE_BIN as in tests/browser/README.md)
//
// A native peer with the test picture is called from Chromium, as a laptop and as a phone.

import fs from 'node:fs';
import path from 'node:path';
import { launch, openTab } from '../tests/browser/lib/browsers.mjs';
import { connected, occupied, sees, send } from '../tests/browser/lib/call_page.mjs';
import { nativePeer, serve } from '../tests/browser/lib/tidewire.mjs';
import { until } from '../tests/browser/lib/wait.mjs';

const kLaptop = { width: 1280, height: 800 };
const kPhone = { width: 390, height: 844, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

const folder = process.argv[2];
if (!folder) {
  console.error('usage: node tools/screenshot_page.mjs FOLDER');
  process.exit(2);
}
fs.mkdirSync(folder, { recursive: true });

const server = await serve();
const browser = await launch('chromium');
const native = nativePeer(`${server.url}/r/harbour`, { name: 'Native', duration: '60s' });
const shoot = (page, name) => page.screenshot({ path: path.join(folder, `${name}.png`) });

async function call(viewport, prefix) {
  const page = await openTab(browser);
  await page.setViewport(viewport);
  await page.goto(`${server.url}/`);
  await shoot(page, `${prefix}-start`);
  await page.goto(`${server.url}/r/harbour`);
  await page.waitForSelector('#lobby-mic:not(:disabled)');
  await shoot(page, `${prefix}-lobby`);
  await page.goto(`${server.url}/r/harbour?auto=1&name=Ada`);
  await connected(page);
  await sees(page);
  await shoot(page, `${prefix}-call`);
  await page.click('#chat');
  await send(page, 'Hello from the browser');
  await until('an answer', () => page.evaluate(() => window.tidewire.messages.some((m) => m.from !== 'me')), { timeout: 3000 })
    .catch(() => console.error('the native peer said nothing'));
  await shoot(page, `${prefix}-chat`);
  await page.click('#details');
  await until('bitrates', async () => /kbit|Mbit/.test(await page.$eval('#details-body', (e) => e.innerText)));
  await shoot(page, `${prefix}-details`);
  await page.browserContext().close();
}

try {
  await occupied(browser, server, 'harbour');
  await call(kLaptop, 'laptop');
  await call(kPhone, 'phone');
} finally {
  await browser.close();
  await native.stop();
  await server.stop();
}
console.log(`pictures are in ${folder}`);
