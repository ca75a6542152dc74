// From saving to seeing: how long after a write the page hears of it, and how long until the new bytes are served.
//   node benches/serve.mjs [questions...]     (default: 20 2000 20000; a release build must be there)
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const binary = process.env.PROOFBOOK_BIN ?? join(root, 'target/release/proofbook');
const sizes = process.argv.slice(2).map(Number);
const PER_PAGE = 20, PER_GUIDE = 20, ROUNDS = 15;
const WORDS = `ownership borrow lifetime trait closure iterator channel mutex future executor allocator pointer reference
variance dispatch pattern guard result panic thread index query replica quorum commit snapshot cache eviction latency queue
socket token cookie schema cursor planner histogram layer volume cluster pipeline stage branch linker symbol section`.split(/\s+/);

let seed = 7;
const roll = (sides) => (seed = (seed * 1103515245 + 12345) % 2147483648) % sides;
const sentence = (length) => Array.from({ length }, () => WORDS[roll(WORDS.length)]).join(' ') + '.';

function guide(number, word) {
  let text = `# Guide ${number}\n\n## Basics\n\n`;
  for (let at = 0; at < PER_PAGE; at++) {
    text += `### Why does ${WORDS[roll(WORDS.length)]} ${at} need ${WORDS[roll(WORDS.length)]}? {#g${number}-q${at} level=senior tags=${WORDS[roll(40)]}}\n\n`;
    text += `**TL;DR:** ${sentence(12)}\n\n**Why:** ${at === 10 ? word : sentence(8)} ${sentence(40)}\n\n`;
    text += `- **First:** ${sentence(10)}\n- **Then:** ${sentence(10)}\n\n`;
    text += '```rust\nfn main() {\n    let total: u32 = (1..=10).map(|n| n * n).sum();\n    println!("{total}");\n}\n```\n\n';
  }
  return text;
}

const body = (url) => new Promise((done, failed) => get(url, (answer) => {
  let text = '';
  answer.setEncoding('utf8');
  answer.on('data', (part) => { text += part; });
  answer.on('end', () => done(text));
}).on('error', failed));

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const ms = (number) => `${number.toFixed(0)} ms`.padStart(9);

console.log('questions   start     event (median, most)   new bytes (median, most)   resident');
for (const questions of sizes.length ? sizes : [20, 2000, 20000]) {
  const folder = mkdtempSync(join(tmpdir(), 'proofbook-serve-'));
  mkdirSync(join(folder, 'content'));
  writeFileSync(join(folder, 'book.toml'), '[book]\ntitle = "Bench"\n');
  for (let number = 0; number < questions / PER_PAGE; number++) {
    // Guides of twenty pages, as sites of that size have.
    const topic = join(folder, `content/topic-${Math.floor(number / PER_GUIDE)}`);
    mkdirSync(topic, { recursive: true });
    if (number % PER_GUIDE === 0) writeFileSync(join(topic, '_index.md'), `---\ntitle: Topic ${number / PER_GUIDE}\n---\n\nA topic.\n`);
    writeFileSync(join(topic, `guide-${number}.md`), guide(number, 'Nothing yet.'));
  }
  const started = performance.now();
  const server = spawn(binary, ['--root', folder, 'serve', '-p', '0'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const base = await new Promise((done, failed) => {
    let said = '';
    server.stderr.on('data', (bytes) => {
      said += bytes;
      const address = /serving (http:\S+)/.exec(said);
      if (address) done(address[1]);
    });
    server.on('exit', () => failed(new Error(`serve ended: ${said}`)));
  });
  const start = performance.now() - started;
  let heard = () => {};
  let page = '';
  const channel = get(`${base}.proofbook/events?page=/topic-0/guide-0/`, (answer) => {
    let text = '';
    answer.setEncoding('utf8');
    answer.on('data', (part) => {
      text += part;
      for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
        const event = text.slice(0, end);
        if (!event.includes('event: site')) continue;
        const news = JSON.parse(/data: (.*)/.exec(event)[1]);
        if (news.page !== page) heard(performance.now());
        page = news.page;
      }
    });
  });
  await new Promise((done) => { heard = done; });
  const events = [], bytes = [];
  for (let round = 0; round < ROUNDS; round++) {
    const text = guide(0, `Edit ${round} of this run.`);
    const event = new Promise((done) => { heard = done; });
    const before = performance.now();
    writeFileSync(join(folder, 'content/topic-0/guide-0.md'), text);
    events.push(await event - before);
    for (;;) {
      if ((await body(`${base}topic-0/guide-0/`)).includes(`Edit ${round} of this run.`)) break;
    }
    bytes.push(performance.now() - before);
    await new Promise((done) => setTimeout(done, 150));
  }
  const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1] ?? 0;
  console.log(`${String(questions).padStart(9)} ${ms(start)}   ${ms(median(events))}, ${ms(Math.max(...events))}   ${ms(median(bytes))}, ${ms(Math.max(...bytes))}        ${(resident / 1024).toFixed(0)} MB`);
  channel.destroy();
  server.kill();
  rmSync(folder, { recursive: true, force: true });
}
