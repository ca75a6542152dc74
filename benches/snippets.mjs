// What proving snippets costs, beside what compiling them costs anyway.
//
//   node benches/snippets.mjs [--sizes 10,50,200] [--runs 3] [--proofbook target/release/proofbook] [--mdbook PATH]
//
// The same small programs as snippet crates, as plain crates, as doc tests and as blocks of an mdBook; each figure is the
// least of the runs: milliseconds of wall time / of processor time, children included. "cold" begins without any build
// output, "touched" after a change to one program, "none" after no change at all. Each program is run once by cargo's side
// and twice by proofbook's, which compares the two runs. mdbook is left out where it is not installed.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const sizes = option("sizes", "10,50,200").split(",").map(Number);
const runs = Number(option("runs", "3"));
const proofbook = resolve(option("proofbook", "target/release/proofbook"));
const mdbook = option("mdbook", "mdbook");
const hasMdbook = spawnSync(mdbook, ["--version"]).status === 0;

const code = (n, change) => `fn main() {
    let mut seen: Vec<u64> = (0..${10 + n}).map(|x| x * ${n + 1} % 7).collect();
    seen.sort_unstable();
    seen.dedup();
    println!("{seen:?}");
}
// ${change}
`;

const write = (path, text) => {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
};
const run = (program, args, cwd, env = {}) => {
  const done = spawnSync(program, args, { cwd, env: { ...process.env, CI: "", ...env }, encoding: "utf8", maxBuffer: 1 << 28 });
  if (done.status !== 0) throw new Error(`${program} ${args.join(" ")}: ${done.stderr}${done.stdout}`);
  return done;
};
// Runs a shell script and tells how long it and all its children took.
const timed = (script, cwd, env = {}) => {
  const done = run("bash", ["-c", `TIMEFORMAT='%3R %3U %3S'; time { set -e; ${script}; } >/dev/null 2>/dev/null`], cwd, env);
  const [wall, user, system] = done.stderr.trim().split("\n").at(-1).split(" ").map(Number);
  return { wall: wall * 1000, cpu: (user + system) * 1000 };
};
const least = (prepare, script, cwd, env) => {
  const best = { wall: Infinity, cpu: Infinity };
  for (let n = 0; n < runs; n += 1) {
    prepare();
    const took = timed(script, cwd, env);
    best.wall = Math.min(best.wall, took.wall);
    best.cpu = Math.min(best.cpu, took.cpu);
  }
  return best;
};

const rows = [];
for (const size of sizes) {
  const top = mkdtempSync(join(tmpdir(), "proofbook-bench-"));
  const names = Array.from({ length: size }, (_, n) => `program-${n}`);
  const row = { size };

  // Snippet crates.
  const site = join(top, "site");
  write(join(site, "book.toml"), '[book]\ntitle = "Bench"\n');
  const workspace = '[workspace]\nresolver = "3"\nmembers = ["*"]\nexclude = ["target"]\n\n[profile.dev]\ndebug = 0\nincremental = false\n';
  write(join(site, "snippets/Cargo.toml"), workspace);
  names.forEach((name, n) => {
    const manifest = `[package]\nname = "${name}"\nversion = "0.1.0"\nedition = "2024"\n`;
    write(join(site, `snippets/${name}/Cargo.toml`), `${manifest}\n[package.metadata.proofbook]\nkind = "run"\n`);
    write(join(site, `snippets/${name}/src/main.rs`), code(n, 0));
  });
  const questions = names.map((name) => `### What does ${name} print? {#${name}}\n\n{{#snippet ${name}}}\n`);
  write(join(site, "content/guide.md"), `# Guide\n\n## Programs\n\n${questions.join("\n")}`);
  run(proofbook, ["test", "--bless", "-q"], site);
  const plain = join(top, "plain");
  cpSync(join(site, "snippets"), plain, { recursive: true });

  const remove = (...paths) => () => paths.forEach((path) => rmSync(path, { recursive: true, force: true }));
  const test = `'${proofbook}' test -q`;
  row.cold = least(remove(join(site, ".proofbook")), test, site);
  row.none = least(() => {}, test, site);
  let change = 1;
  row.touched = least(() => write(join(site, "snippets/program-0/src/main.rs"), code(0, change++)), test, site);

  // The same crates by cargo alone, each program run once.
  const env = { CARGO_TARGET_DIR: join(top, "target") };
  const build = "cargo build -q --locked --offline";
  const programs = names.map((name) => `'${join(top, "target/debug", name)}'`);
  row.cargoCold = least(remove(env.CARGO_TARGET_DIR), [build, ...programs].join("; "), plain, env);
  row.cargoTouched = least(
    () => write(join(plain, "program-0/src/main.rs"), code(0, change++)),
    `${build} -p program-0; ${programs[0]}`,
    plain,
    env,
  );

  // As doc tests of one library.
  const docs = join(top, "docs");
  write(join(docs, "Cargo.toml"), '[package]\nname = "docs"\nversion = "0.1.0"\nedition = "2024"\n');
  const tests = names.map((_, n) => `/// \`\`\`\n${code(n, 0).trimEnd().replace(/^/gm, "/// ")}\n/// \`\`\`\npub fn f${n}() {}\n`);
  write(join(docs, "src/lib.rs"), tests.join("\n"));
  const docEnv = { CARGO_TARGET_DIR: join(top, "docs-target") };
  const doc = "cargo test -q --doc --offline";
  row.docCold = least(remove(docEnv.CARGO_TARGET_DIR), doc, docs, docEnv);
  row.docNone = least(() => {}, doc, docs, docEnv);

  if (hasMdbook) {
    const book = join(top, "book");
    write(join(book, "book.toml"), '[book]\ntitle = "Bench"\n[rust]\nedition = "2024"\n');
    write(join(book, "src/SUMMARY.md"), `# Summary\n\n${names.map((name) => `- [${name}](${name}.md)`).join("\n")}\n`);
    names.forEach((name, n) => write(join(book, `src/${name}.md`), `# ${name}\n\n\`\`\`rust\n${code(n, 0)}\`\`\`\n`));
    row.mdbook = least(() => {}, `'${mdbook}' test`, book);
  }
  rows.push(row);
  rmSync(top, { recursive: true, force: true });
}

// What a run costs: a snippet that does nothing, many rounds of it, one after another.
{
  const site = mkdtempSync(join(tmpdir(), "proofbook-bench-"));
  write(join(site, "book.toml"), '[book]\ntitle = "Bench"\n');
  write(join(site, "content/guide.md"), "# Guide\n\n### Q? {#q}\n\n{{#snippet nothing}}\n");
  write(join(site, "snippets/Cargo.toml"), '[workspace]\nresolver = "3"\nmembers = ["*"]\n');
  const manifest = '[package]\nname = "nothing"\nversion = "0.1.0"\nedition = "2024"\n\n[package.metadata.proofbook]\nkind = "run"\n';
  write(join(site, "snippets/nothing/Cargo.toml"), manifest);
  write(join(site, "snippets/nothing/src/main.rs"), "fn main() {}\n");
  run(proofbook, ["test", "--bless", "-q"], site);
  const cost = (mode) => {
    const took = (rounds) =>
      least(() => rmSync(join(site, ".proofbook/memo"), { recursive: true, force: true }), `'${proofbook}' test -q`, site, {
        PROOFBOOK_SNIPPETS__SANDBOX: mode,
        PROOFBOOK_SNIPPETS__JOBS: "1",
        PROOFBOOK_SNIPPETS__DETERMINISM_RUNS: String(rounds),
      }).wall;
    return (took(81) - took(1)) / 80;
  };
  const [without, within] = [cost("off"), cost("auto")];
  console.log(`a run without a sandbox ${without.toFixed(2)} ms, in it ${within.toFixed(2)} ms`);
  rmSync(site, { recursive: true, force: true });
}

const show = (took) => (took ? `${took.wall.toFixed(0)} / ${took.cpu.toFixed(0)}` : "-");
const ratio = (a, b) => `${(a.wall / b.wall).toFixed(2)} / ${(a.cpu / b.cpu).toFixed(2)}`;
console.log("| snippets | cold | cargo cold | ratio | touched | cargo touched | ratio | none | doc tests cold | doc tests again | mdbook test |");
console.log("|---|---|---|---|---|---|---|---|---|---|---|");
for (const row of rows) {
  const cells = [
    row.size, show(row.cold), show(row.cargoCold), ratio(row.cold, row.cargoCold), show(row.touched), show(row.cargoTouched),
    ratio(row.touched, row.cargoTouched), show(row.none), show(row.docCold), show(row.docNone), show(row.mdbook),
  ];
  console.log(`| ${cells.join(" | ")} |`);
}
