// Measures the search of a built site through the reader itself: node benches/search.mjs SITE_FOLDER
// Says how well questions are found by their whole title, by two words of it, by a part of a word and with a slip of
// the pen, and how many bytes are read until the first results, reader included.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const site = process.argv[2];
if (!site) {
  console.error('usage: node benches/search.mjs SITE_FOLDER');
  process.exit(2);
}
const assets = readdirSync(join(site, 'assets'));
const reader = readFileSync(join(site, 'assets', assets.find((name) => /^search\..*js$/.test(name))), 'utf8');
(0, eval)(reader);
const { Index } = globalThis.proofbookSearch.core;

let read = { bytes: 0, files: 0 };
const load = async (name) => {
  const script = readFileSync(join(site, 'search', `${name}.js`), 'utf8');
  read.bytes += gzipSync(script).length;
  read.files += 1;
  return /","([^"]*)"\)/.exec(script)[1];
};
const root = readdirSync(join(site, 'search')).find((name) => name.startsWith('root')).replace('.js', '');
const readerBytes = gzipSync(reader, { level: 9 }).length;

const index = await new Index(load).start(root);
const titles = await Promise.all(Array.from({ length: index.count }, (_, at) => index.title(at)));
const unique = [...titles.keys()].filter((at) => titles.filter(({ title }) => title === titles[at].title).length === 1);
const step = Math.max(1, Math.floor(unique.length / 60));
const judged = unique.filter((_, at) => at % step === 0).slice(0, 60);
const words = (title) => title.split(/[^\p{L}\p{N}_]+/u).filter((word) => word.length > 4);
const slip = (word) => word.slice(0, 2) + word[3] + word[2] + word.slice(4);
const kinds = {
  'whole title': (title) => title,
  'title, last word cut': (title) => title.replace(/[?.!]*$/, '').slice(0, -2),
  'title, one slip': (title) => {
    const word = words(title).find((word) => word.length > 6);
    return word && title.replace(word, slip(word));
  },
};
for (const [kind, make] of Object.entries(kinds)) {
  let sum = 0;
  let count = 0;
  let cpu = 0;
  for (const at of judged) {
    const query = make(titles[at].title);
    if (!query) continue;
    const started = performance.now();
    const { ranked } = await index.query(query);
    cpu += performance.now() - started;
    const rank = ranked.slice(0, 10).findIndex(({ entry }) => entry === at);
    sum += rank < 0 ? 0 : 1 / (rank + 1);
    count += 1;
  }
  console.log(`${kind.padEnd(24)} MRR@10 ${(sum / count).toFixed(3)} over ${count}, ${(cpu / count).toFixed(1)} ms a query`);
}

const first = [];
for (const at of judged.slice(0, 20)) {
  read = { bytes: 0, files: 0 };
  const fresh = await new Index(load).start(root);
  const { ranked } = await fresh.query(words(titles[at].title).slice(0, 2).join(' '));
  await Promise.all(ranked.slice(0, 10).map(({ entry }) => fresh.title(entry)));
  first.push({ ...read });
}
const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
console.log(
  `first query of two words, median: ${((readerBytes + median(first.map(({ bytes }) => bytes))) / 1000).toFixed(1)} kB ` +
    `in ${1 + median(first.map(({ files }) => files))} requests (reader ${(readerBytes / 1000).toFixed(1)} kB), ${index.count} entries`,
);
