// Our own site in a real browser: it renders, works without script and from a file, breaks no rule of accessibility,
// and makes no request to anybody else.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');
const binary = process.env.PROOFBOOK_BIN ?? join(root, 'target/release/proofbook');
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let server;
let browser;
let base;
let site;

function run(args) {
  return new Promise((done, failed) => {
    const child = spawn(binary, ['--root', root, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', failed);
    child.on('exit', (code) => (code === 0 ? done() : failed(new Error(`proofbook ${args.join(' ')}: exit ${code}`))));
  });
}

before(async () => {
  site = join(await mkdtemp(join(tmpdir(), 'proofbook-')), 'site');
  await run(['build', '-d', site]);
  server = spawn(binary, ['--root', root, 'serve', '-p', '0'], { stdio: ['ignore', 'ignore', 'pipe'] });
  base = await new Promise((done, failed) => {
    let said = '';
    server.stderr.on('data', (bytes) => {
      said += bytes;
      const address = /serving (http:\S+)/.exec(said);
      if (address) done(address[1]);
    });
    server.on('exit', () => failed(new Error(`serve ended: ${said}`)));
  });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
});

after(async () => {
  await browser?.close();
  server?.kill();
  if (site) await rm(dirname(site), { recursive: true, force: true });
});

// A page that fails the test on any console error, failed or foreign request.
async function open(path, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const faults = [];
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('requestfailed', (request) => {
    // The dev server's channel of events is open for as long as the page: leaving the page ends it.
    const ended = request.url().includes('/.proofbook/events') && request.failure()?.errorText === 'net::ERR_ABORTED';
    if (!ended) faults.push(`failed: ${request.url()}`);
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(base) && !url.startsWith('file:') && !url.startsWith('data:')) faults.push(`foreign: ${url}`);
  });
  await page.goto(path.startsWith('file:') ? path : base + path);
  return { page, faults, close: () => context.close() };
}

const PAGES = ['', 'resilience/', 'data-structures/', 'resilience/practice/', 'questions/', '404.html'];

test('every page renders without a console error or a foreign request', async () => {
  for (const path of PAGES) {
    const { page, faults, close } = await open(path);
    assert.ok((await page.locator('h1').innerText()).length > 0, path);
    assert.deepEqual(faults, [], path);
    await close();
  }
});

test('axe finds nothing, light and dark, desk and phone', async () => {
  for (const path of PAGES) {
    for (const colorScheme of ['light', 'dark']) {
      for (const width of [1280, 390]) {
        // axe is injected, which the policy of the pages would forbid.
        const { page, close } = await open(path, { colorScheme, viewport: { width, height: 900 }, bypassCSP: true });
        await page.evaluate(axe);
        const found = await page.evaluate(async () => {
          const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
          const results = await globalThis.axe.run({
            runOnly: { type: 'tag', values: tags },
            rules: { 'color-contrast-enhanced': { enabled: true } },
          });
          return results.violations.map((rule) => `${rule.id}: ${rule.nodes.map((node) => node.target).join(' ')}`);
        });
        assert.deepEqual(found, [], `${path} ${colorScheme} ${width}`);
        await close();
      }
    }
  }
});

test('nothing overflows at 320 pixels', async () => {
  for (const path of PAGES) {
    const { page, close } = await open(path, { viewport: { width: 320, height: 700 } });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(wide, 0, path);
    await close();
  }
});

test('the compiler speaks beside the lines that it means', async () => {
  const { page, close } = await open('data-structures/');
  const exhibit = page.locator('figure.ex', { has: page.locator('.rc.refused') }).first();
  assert.equal(await exhibit.locator('.ln.e').count(), 1);
  assert.ok((await exhibit.locator('.say').count()) >= 2);
  const copied = await exhibit.locator('.say').first().evaluate((label) => getComputedStyle(label).userSelect);
  assert.equal(copied, 'none');
  await close();
});

test('without script: practice hides answers, a level filters the list', async () => {
  const practice = await open('resilience/practice/', { javaScriptEnabled: false });
  const answer = practice.page.locator('details.ans').first();
  assert.equal(await answer.getAttribute('open'), null);
  await answer.locator('summary').first().click();
  assert.ok(await answer.locator('.tldr').first().isVisible());
  await practice.close();

  const list = await open('questions/', { javaScriptEnabled: false });
  const all = await list.page.locator('.ql li:visible').count();
  await list.page.locator('label:has(#pb-l-senior)').click();
  const senior = await list.page.locator('.ql li:visible').count();
  assert.ok(senior > 0 && senior < all, `${senior} of ${all}`);
  await list.close();
});

test('search finds a question by words, parts of words, identifiers and slips of the pen', async () => {
  const { page, faults, close } = await open('resilience/');
  await page.keyboard.press('Control+k');
  const input = page.locator('dialog.search input');
  await input.waitFor();
  const first = async (query) => {
    await input.fill(query);
    const wanted = page.locator('.hits [role=option]').first();
    await page.waitForFunction(() => document.querySelector('dialog.search [role=status]').textContent.includes('result'));
    await page.waitForTimeout(150);
    return wanted.getAttribute('href');
  };
  assert.match(await first('lru cache'), /#ds-lru-cache$/);
  assert.match(await first('jitt'), /#retry-jitter$/);
  assert.match(await first('E0499'), /#ds-lru-cache$/);
  assert.match(await first('circut breaker'), /#(breaker-states|challenge-breaker)$/);
  assert.ok(await page.locator('.dym').isVisible());
  assert.match(await first('how do you support insert, delete and getRandom'), /#ds-randomized-set$/);
  assert.match(page.url(), /[?&]q=how/);

  await input.fill('ring buffer');
  await page.waitForTimeout(300);
  await page.keyboard.press('ArrowDown');
  const active = await input.getAttribute('aria-activedescendant');
  assert.equal(active, 'pb-hit-1');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await page.waitForURL(/data-structures\/#ds-ring-buffer$/);
  assert.ok(await page.locator('#ds-ring-buffer mark.found').count());
  await page.locator('.clear-marks').click();
  assert.equal(await page.locator('mark.found').count(), 0);
  assert.deepEqual(faults, []);
  await close();
});

test('Esc clears the search, then closes it and gives the focus back', async () => {
  const { page, close } = await open('');
  const link = page.locator('[data-do=search]');
  await link.focus();
  await page.keyboard.press('/');
  const input = page.locator('dialog.search input');
  await input.waitFor();
  await input.fill('cache');
  await page.keyboard.press('Escape');
  assert.equal(await input.inputValue(), '');
  assert.ok(await page.locator('dialog.search').isVisible());
  await page.keyboard.press('Escape');
  assert.ok(await page.locator('dialog.search').isHidden());
  assert.equal(await page.evaluate(() => document.activeElement.dataset.do), 'search');
  await close();
});

test('search works from a file, and axe finds nothing in its dialog', async () => {
  const { page, close } = await open(pathToFileURL(join(site, 'index.html')).href, { bypassCSP: true });
  await page.keyboard.press('/');
  await page.locator('dialog.search input').fill('token bucket');
  await page.locator('.hits [role=option]').first().waitFor();
  assert.match(await page.locator('.hits [role=option]').first().getAttribute('href'), /index\.html.*#ds-token-bucket$/);
  await page.evaluate(axe);
  const found = await page.evaluate(async () => (await globalThis.axe.run('dialog.search')).violations.map((rule) => `${rule.id}: ${rule.help}`));
  assert.deepEqual(found, []);
  await close();
});

test('the theme switch is kept from page to page', async () => {
  const { page, close } = await open('', { colorScheme: 'light' });
  await page.locator('[data-do=theme]').click();
  await page.goto(base + 'resilience/');
  assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
  await close();
});

test('a page opened from a file has its text and its style', async () => {
  const { page, close } = await open(pathToFileURL(join(site, 'resilience/index.html')).href);
  const display = await page.locator('.bar').evaluate((bar) => getComputedStyle(bar).display);
  assert.equal(display, 'flex');
  await close();
});

test('every link of the site leads somewhere', () => {
  const pages = readdirSync(site, { recursive: true }).map(String).filter((name) => name.endsWith('.html'));
  const ids = new Map(
    pages.map((name) => [
      name,
      new Set([...readFileSync(join(site, name), 'utf8').matchAll(/\sid="([^"]+)"/g)].map((found) => found[1])),
    ]),
  );
  const broken = [];
  let links = 0;
  for (const name of pages.filter((name) => name !== '404.html')) {
    const html = readFileSync(join(site, name), 'utf8');
    for (const [, raw] of html.matchAll(/\s(?:href|src)="([^"]*)"/g)) {
      const link = raw.replaceAll('&amp;', '&');
      if (/^[a-z]+:/.test(link)) continue;
      links += 1;
      const [path, fragment] = link.split('#');
      const bare = decodeURIComponent(path.split('?')[0]);
      let target = bare ? join(dirname(name), bare) : name;
      if (bare.endsWith('/') || bare === '.') target = join(target, 'index.html');
      if (!existsSync(join(site, target))) broken.push(`${name}: ${link}`);
      else if (fragment && ids.has(target) && !ids.get(target).has(decodeURIComponent(fragment))) broken.push(`${name}: ${link}`);
    }
  }
  assert.ok(links > 100, `only ${links} links were found`);
  assert.deepEqual(broken, []);
});
