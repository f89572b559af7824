// Launches Chromium and Firefox for tests, with fake devices and no permission questions.
//
// Paths: TIDEWIRE_CHROMIUM and TIDEWIRE_FIREFOX, else where Debian puts them.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import puppeteer from 'puppeteer-core';

const kLaunchAttempts = 3;

const CHROMIUM = {
  browser: 'chrome',
  executablePath: process.env.TIDEWIRE_CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  args: [
    '--no-sandbox', // needed as root, which containers are
    '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
    '--allow-loopback-in-peer-connection', // so that a machine without network will do
    '--autoplay-policy=no-user-gesture-required', '--disable-renderer-backgrounding', '--disable-dev-shm-usage',
  ],
};

const FIREFOX = {
  browser: 'firefox',
  executablePath: process.env.TIDEWIRE_FIREFOX ?? '/usr/bin/firefox-esr',
  headless: true,
  extraPrefsFirefox: {
    'media.navigator.streams.fake': true,
    'media.navigator.permission.disabled': true,
    'media.autoplay.default': 0,
    'media.peerconnection.ice.loopback': true,
    'media.peerconnection.ice.obfuscate_host_addresses': false, // no .local names, which nobody answers for when headless
  },
};

export const BROWSERS = { chromium: CHROMIUM, firefox: FIREFOX };

// What makes a browser hide its addresses behind .local names, as it does for people who gave it no permission.
export const HIDING = {
  chromium: { without: ['--use-fake-ui-for-media-stream', '--allow-loopback-in-peer-connection'] },
  firefox: {
    extraPrefsFirefox: { ...FIREFOX.extraPrefsFirefox, 'media.peerconnection.ice.obfuscate_host_addresses': true,
      'media.peerconnection.ice.loopback': false },
  },
};

// Firefox now and then dies while its first page opens ("Target closed"): a new launch is fine.
export async function launch(name, extra = {}) {
  const { args = [], without = [], ...rest } = extra;
  const base = BROWSERS[name];
  const options = { ...base, ...rest, args: [...(base.args ?? []), ...args].filter((arg) => !without.includes(arg)), protocolTimeout: 60_000 };
  for (let attempt = 1; ; ++attempt) {
    let browser;
    try {
      browser = await puppeteer.launch(options);
      const page = await browser.newPage();
      await page.close();
      return browser;
    } catch (error) {
      await browser?.close().catch(() => {});
      if (attempt === kLaunchAttempts) throw error;
      console.error(`${name} did not start (${error.message}); once more`);
    }
  }
}

// Why a browser cannot be used here, or false. For the `skip` option of tests.
export function missing(name) {
  const file = BROWSERS[name].executablePath;
  return fs.existsSync(file) ? false : `${file} is not installed`;
}

// A tab of its own session: two of them share nothing. Its console goes to `page.log`.
export async function openTab(browser, url) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.log = [];
  page.on('console', (message) => page.log.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => page.log.push(`uncaught: ${error.stack ?? error.message}`));
  await page.setViewport({ width: 1280, height: 800 });
  if (url) await page.goto(url);
  return page;
}

let shots = '';

// Pictures and logs of the pages of a test that failed; returns the folder.
export async function evidence(label, pages) {
  shots ||= fs.mkdtempSync(path.join(os.tmpdir(), 'tidewire-browser-'));
  for (const [i, page] of pages.entries()) {
    const file = path.join(shots, `${label.replace(/[^A-Za-z0-9]+/g, '-')}-${i + 1}`);
    try {
      await page.screenshot({ path: `${file}.png` });
      const state = await page.evaluate(() => ({ state: window.tidewire?.state, peers: window.tidewire?.peers }));
      fs.writeFileSync(`${file}.log`, [...(page.log ?? []), JSON.stringify(state, null, 1)].join('\n'));
    } catch (error) {
      fs.writeFileSync(`${file}.log`, `no picture: ${error.message}`);
    }
  }
  return shots;
}
