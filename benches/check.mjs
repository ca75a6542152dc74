// Times `proofbook check` on 1,000 pages with 60,000 links beside other link checkers on the same site, in one run.
//
//   cargo build --release && node benches/check.mjs [--pages 1000] [--links 60] [--runs 5]
//
// `lychee` and `hyperlink` are timed where they are found in PATH, and named as missing where they are not. They read the
// built site, while `check` starts from the Markdown: it parses, resolves, renders and checks, cold (nothing remembered)
// and warm. Machines are noisy: compare ratios within one run.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const options = { pages: 1000, links: 60, runs: 5 };
for (let at = 2; at + 1 < process.argv.length; at += 2) {
  options[process.argv[at].replace("--", "")] = Number(process.argv[at + 1]);
}
const program = resolve(import.meta.dirname, "../target/release/proofbook");
const root = mkdtempSync(join(tmpdir(), "proofbook-check-"));

/** A fixed sequence of numbers below `limit`, the same in every run. */
let state = 7;
const next = (limit) => {
  state = (state * 1103515245 + 12345) % 2147483648;
  return state % limit;
};

const write = (path, text) => {
  const full = join(root, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
};

const questions = 20;
const folder = (page) => `topic-${page % 25}`;
const corpus = () => {
  write("book.toml", '[book]\ntitle = "Bench"\n');
  write("content/img/ring.svg", '<svg xmlns="http://www.w3.org/2000/svg"><path id="ring" d="M0 0h1"/></svg>\n');
  // Guides of forty pages each, with a page of their own.
  for (let topic = 0; topic < 25; topic += 1) {
    write(`content/topic-${topic}/_index.md`, `# Topic ${topic}\n\nWhat ${topic} is about.\n`);
  }
  for (let page = 0; page < options.pages; page += 1) {
    let text = `# Page ${page}\n\n`;
    for (let question = 0; question < questions; question += 1) {
      text += `### What about ${question}? {#p${page}-q${question}}\n\nThe short answer of ${question}.`;
      for (let link = question; link < options.links; link += questions) {
        const to = next(options.pages);
        const address =
          link % 10 === 9
            ? "../img/ring.svg#ring"
            : `../${folder(to)}/page-${to}.md#p${to}-q${next(questions)}`;
        text += ` See [that ${link}](${address}) first.`;
      }
      text += "\n\n- one reason\n- another reason\n\n";
    }
    write(`content/${folder(page)}/page-${page}.md`, text);
  }
};

const found = (name) => spawnSync(name, ["--version"], { encoding: "utf8" }).status === 0;

const time = (label, command, args, prepare = () => {}) => {
  const times = [];
  let last;
  for (let run = 0; run < options.runs; run += 1) {
    prepare();
    const start = process.hrtime.bigint();
    last = spawnSync(command, args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 28 });
    times.push(Number(process.hrtime.bigint() - start) / 1e9);
  }
  times.sort((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)];
  console.log(
    `${label.padEnd(46)} median ${median.toFixed(2)} s  least ${times[0].toFixed(2)} s  exit ${last.status}`,
  );
  return last;
};

try {
  corpus();
  execFileSync(program, ["build", "-q"], { cwd: root, stdio: "inherit" });
  console.log(`${options.pages} pages, ${options.pages * options.links} links, ${options.runs} runs each`);
  const clean = () => rmSync(join(root, ".proofbook"), { recursive: true, force: true });
  time("proofbook check, cold, from the Markdown", program, ["check", "-q"], clean);
  time("proofbook check, warm", program, ["check", "-q"]);
  time("proofbook build, warm (writes what changed)", program, ["build", "-q"]);
  const others = [
    ["lychee", ["--offline", "--include-fragments", "--index-files", "index.html", "--no-progress", "--quiet", "--root-dir", join(root, "site"), join(root, "site")]],
    ["hyperlink", [join(root, "site"), "--check-anchors"]],
  ];
  for (const [name, args] of others) {
    if (found(name)) {
      const last = time(`${name}, on the built site`, name, args);
      const lines = `${last.stdout}${last.stderr}`.trim().split("\n");
      console.log(`  ${lines.slice(-2).join(" | ").slice(0, 160)}`);
    } else {
      console.log(`${name}: not installed, not timed`);
    }
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}
