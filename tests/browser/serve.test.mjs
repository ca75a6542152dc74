// Writing with the dev server in a real browser: what is saved is seen, and nothing of the reader's place is lost.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');
const binary = process.env.PROOFBOOK_BIN ?? join(root, 'target/release/proofbook');
const PATIENCE = 60_000;

let browser;
const folders = [];
const servers = [];

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
});

after(async () => {
  await browser?.close();
  for (const server of servers) server.kill();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

function guide(title, word, count = 12) {
  let text = `# ${title}\n\n## Basics\n\n`;
  for (let number = 1; number <= count; number++) {
    text += `### What is ${title} ${number}? {#${title.toLowerCase()}-${number}}\n\n**TL;DR:** Number ${number} is ${word}.\n\n`
      + `**Why:** ${'It has to be like that, and here is a long reason. '.repeat(12)}\n\n`;
  }
  return text;
}

// A folder with a site of two guides, and a server that shows it.
async function serve(prepare = () => {}, args = []) {
  const folder = await mkdtemp(join(tmpdir(), 'proofbook-live-'));
  folders.push(folder);
  const write = (path, text) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  write('book.toml', '[book]\ntitle = "Live"\n');
  write('content/first.md', guide('First', 'old'));
  write('content/second.md', guide('Second', 'old'));
  prepare(folder, write);
  const server = spawn(binary, ['--root', folder, 'serve', '-p', '0', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  servers.push(server);
  const base = await new Promise((done, failed) => {
    let said = '';
    server.stderr.on('data', (bytes) => {
      said += bytes;
      const address = /serving (http:\S+)/.exec(said);
      if (address) done(address[1]);
    });
    server.on('exit', () => failed(new Error(`serve ended: ${said}`)));
  });
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) faults.push(message.text());
  });
  return { folder, write, base, page, faults, server, close: async () => { await context.close(); server.kill(); } };
}

// Loads are counted in the window's name, which survives them.
async function open(page, address) {
  await page.addInitScript(() => { window.name = String(Number(window.name || 0) + 1); });
  await page.goto(address);
  await connected(page);
}
const loads = (page) => page.evaluate(() => Number(window.name));
// The channel is there when the server has told the page's own hash.
const connected = (page) => page.waitForFunction(() => performance.getEntriesByType('resource').length >= 0 && document.readyState === 'complete');
const sees = (page, text) => page.waitForFunction((text) => document.querySelector('main')?.textContent.includes(text), text);

test('what is saved is seen, and place, foldings, focus and dialog stay', async () => {
  const { write, base, page, faults, close } = await serve();
  await open(page, `${base}first/`);
  await page.evaluate(() => {
    document.querySelectorAll('details.ans').forEach((it, at) => { it.open = at % 2 === 0; });
    document.getElementById('first-8').scrollIntoView({ behavior: 'instant' });
    scrollBy({ top: -40, behavior: 'instant' });
    document.querySelector('#first-8 .pl').focus({ preventScroll: true });
  });
  const state = () => page.evaluate(() => ({
    top: Math.round(document.getElementById('first-8').getBoundingClientRect().top),
    open: [...document.querySelectorAll('details.ans')].map((it) => it.open),
    focus: document.activeElement.closest('[id]')?.id,
  }));
  const kept = await state();
  assert.ok(kept.open.includes(false) && kept.open.includes(true));
  // Text grows above what is looked at.
  write('content/first.md', guide('First', 'new').replace('**Why:**', `**Why:** ${'Much more text. '.repeat(80)}`));
  await sees(page, 'Number 8 is new.');
  await page.waitForFunction((top) => Math.abs(document.getElementById('first-8').getBoundingClientRect().top - top) < 4, kept.top);
  const now = await state();
  assert.deepEqual(now.open, kept.open);
  assert.equal(now.focus, kept.focus);
  assert.equal(await loads(page), 2);

  await page.keyboard.press('?');
  await page.waitForSelector('#pb-help[open]');
  write('content/first.md', guide('First', 'newer'));
  await sees(page, 'Number 8 is newer.');
  await page.waitForSelector('#pb-help[open]');
  assert.deepEqual(faults, []);
  await close();
});

test('an edit elsewhere leaves the page alone', async () => {
  const { write, base, page, close } = await serve();
  await open(page, `${base}second/`);
  const other = await page.context().newPage();
  other.setDefaultTimeout(PATIENCE);
  await other.goto(`${base}first/`);
  write('content/first.md', guide('First', 'elsewhere'));
  await sees(other, 'Number 8 is elsewhere.');
  await other.close();
  await page.bringToFront();
  assert.equal(await loads(page), 1);
  // Its search knows the new index all the same.
  const root = await page.waitForFunction(async () => (await fetch(document.body.dataset.search)).ok);
  assert.ok(await root.jsonValue());
  await close();
});

test('a style sheet is swapped without a load', async () => {
  const { write, base, page, faults, close } = await serve();
  await open(page, `${base}first/`);
  await page.evaluate(() => { scrollTo({ top: 700, behavior: 'instant' }); });
  const css = readFileSync(join(root, 'themes/default/assets/style.css'), 'utf8');
  for (const colour of ['rgb(1, 2, 3)', 'rgb(4, 5, 6)']) {
    write('themes/default/assets/style.css', `${css}\nbody { outline-color: ${colour} }\n`);
    await page.waitForFunction((colour) => getComputedStyle(document.body).outlineColor === colour, colour);
  }
  assert.equal(await loads(page), 1);
  assert.equal(await page.locator('link[rel=stylesheet]').count(), 1);
  assert.equal(await page.evaluate(() => scrollY), 700);
  assert.deepEqual(faults, []);
  await close();
});

test('errors lie over the page with links to the editor, and go by themselves, also on the 404 page', async () => {
  const { folder, write, base, page, faults, close } = await serve();
  for (const path of ['first/', 'nothing/here/']) {
    await page.goto(base + path);
    const panel = page.locator('proofbook-live .panel');
    write('content/first.md', guide('First', 'broken') + '\n[a](nowhere.md) [b](gone.md) <b id="x">\n');
    await panel.waitFor();
    const text = await panel.innerText();
    assert.match(text, /2 errors/);
    assert.match(text, /there is no file `nowhere\.md`/);
    assert.match(text, /there is no file `gone\.md`/);
    const link = panel.locator('a').first();
    assert.match(await link.innerText(), /^content\/first\.md:\d+:\d+$/);
    const href = await link.getAttribute('href');
    assert.ok(href.startsWith(`vscode://file${folder}/content/first.md:`), href);
    if (path === 'first/') assert.ok((await page.locator('main').innerText()).includes('Number 1 is '));
    write('content/first.md', guide('First', 'mended'));
    await page.locator('proofbook-live .panel').waitFor({ state: 'detached' });
  }
  await page.goto(`${base}first/`);
  await sees(page, 'Number 1 is mended.');
  assert.deepEqual(faults, []);
  await close();
});

test('a page that was hidden is fresh when it is looked at again', async () => {
  const { write, base, page, close } = await serve();
  await page.goto(`${base}first/`);
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  write('content/first.md', guide('First', 'unseen'));
  const reader = await page.context().newPage();
  reader.setDefaultTimeout(PATIENCE);
  await reader.goto(`${base}first/`);
  await sees(reader, 'Number 1 is unseen.');
  await reader.close();
  assert.ok((await page.locator('main').innerText()).includes('Number 1 is old.'));
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: false, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await sees(page, 'Number 1 is unseen.');
  await close();
});

test('--follow goes to the changed question, and only that', async () => {
  const { write, base, page, close } = await serve(() => {}, ['--follow']);
  await page.goto(`${base}second/`);
  await sees(page, 'Number 1 is old.');
  // Only once the channel is there it can be followed.
  await page.waitForFunction(() => performance.getEntriesByName(new URL('/.proofbook/live.js', location).href).length > 0);
  await page.waitForTimeout(500);
  write('content/first.md', guide('First', 'old').replace('Number 9 is old', 'Number 9 is followed'));
  await page.waitForURL(/\/first\/#first-9$/);
  await page.waitForFunction(() => Math.abs(document.getElementById('first-9').getBoundingClientRect().top) < 200);
  await close();
});

test('a snippet says running, then what differs; accepting writes the expected file', async () => {
  const { folder, write, base, page, faults, close } = await serve((folder) => {
    const made = spawnSync(binary, ['init', join(folder, 'inner')]);
    assert.equal(made.status, 0, String(made.stderr));
  });
  await close();
  const inner = join(folder, 'inner');
  const slug = readdirSync(join(inner, 'snippets')).find((name) => {
    try { return readFileSync(join(inner, 'snippets', name, 'expected.stdout')); } catch { return false; }
  });
  const name = readdirSync(join(inner, 'content')).find((file) => readFileSync(join(inner, 'content', file), 'utf8').includes(`snippet ${slug}`));
  const second = spawn(binary, ['--root', inner, 'serve', '-p', '0'], { stdio: ['ignore', 'ignore', 'pipe'] });
  servers.push(second);
  const address = await new Promise((done) => {
    let said = '';
    second.stderr.on('data', (bytes) => {
      said += bytes;
      const found = /serving (http:\S+)/.exec(said);
      if (found) done(found[1]);
    });
  });
  const context = await browser.newContext();
  const live = await context.newPage();
  live.setDefaultTimeout(PATIENCE * 2);
  await live.goto(`${address}${name.replace('.md', '')}/`);
  const receipt = live.locator(`figure[data-snippet="${slug}"] .rc`).first();
  const says = (text) => live.waitForFunction(
    ([slug, text]) => document.querySelector(`figure[data-snippet="${slug}"] .rc`)?.textContent.includes(text), [slug, text]);
  await says('Output verified');
  const main = join(inner, 'snippets', slug, 'src/main.rs');
  writeFileSync(main, 'fn main() {\n    println!("<b>another</b> output");\n}\n');
  await says('Running…');
  await says('Not verified in this build');
  assert.doesNotMatch(await receipt.innerText(), /Output verified/);
  const button = receipt.locator('button.accept');
  await button.waitFor();
  assert.match(await receipt.locator('pre.diff').innerText(), /\+<b>another<\/b> output/);
  await button.click();
  await says('Output verified');
  await says('<b>another</b> output');
  assert.equal(readFileSync(join(inner, 'snippets', slug, 'expected.stdout'), 'utf8'), '<b>another</b> output\n');
  await context.close();
  second.kill();
  assert.deepEqual(faults, []);
});
