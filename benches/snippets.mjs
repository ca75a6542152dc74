// What proving snippets costs, beside what compiling them costs anyway.
//
//   node benches/snippets.mjs [--sizes 10,50,200] [--runs 3] [--proofbook target/release/proofbook] [--mdbook PATH]
//
// The same small programs as snippet crates, as plain crates, as doc tests and as blocks of an mdBook; each figure is the
// least of the runs, in milliseconds. "cold" begins without any build output, "touched" after a change to one program,
// "none" after no change at all. mdbook is left out where it is not installed.

import { execFileSync, spawnSync } from "node:child_process";
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
  return done.stdout;
};
const timed = (act) => {
  const start = process.hrtime.bigint();
  act();
  return Number(process.hrtime.bigint() - start) / 1e6;
};
const least = (prepare, act) => {
  let best = Infinity;
  for (let n = 0; n < runs; n += 1) {
    prepare(n);
    best = Math.min(best, timed(act));
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

  const test = () => run(proofbook, ["test", "-q"], site);
  row.cold = least(() => rmSync(join(site, ".proofbook"), { recursive: true, force: true }), test);
  row.none = least(() => {}, test);
  let change = 1;
  row.touched = least(() => write(join(site, "snippets/program-0/src/main.rs"), code(0, change++)), test);

  // The same crates by cargo alone, each program run once.
  const env = { CARGO_TARGET_DIR: join(top, "target") };
  const programs = () => names.forEach((name) => execFileSync(join(top, "target/debug", name)));
  row.cargoCold = least(() => rmSync(join(top, "target"), { recursive: true, force: true }), () => {
    run("cargo", ["build", "-q", "--locked", "--offline"], plain, env);
    programs();
  });
  row.cargoTouched = least(() => write(join(plain, "program-0/src/main.rs"), code(0, change++)), () => {
    run("cargo", ["build", "-q", "--locked", "--offline", "-p", "program-0"], plain, env);
    execFileSync(join(top, "target/debug/program-0"));
  });

  // As doc tests of one library.
  const docs = join(top, "docs");
  write(join(docs, "Cargo.toml"), '[package]\nname = "docs"\nversion = "0.1.0"\nedition = "2024"\n');
  const tests = names.map((_, n) => `/// \`\`\`\n${code(n, 0).trimEnd().replace(/^/gm, "/// ")}\n/// \`\`\`\npub fn f${n}() {}\n`);
  write(join(docs, "src/lib.rs"), tests.join("\n"));
  const docEnv = { CARGO_TARGET_DIR: join(top, "docs-target") };
  const doc = () => run("cargo", ["test", "-q", "--doc", "--offline"], docs, docEnv);
  row.docCold = least(() => rmSync(join(top, "docs-target"), { recursive: true, force: true }), doc);
  row.docNone = least(() => {}, doc);

  if (hasMdbook) {
    const book = join(top, "book");
    write(join(book, "book.toml"), '[book]\ntitle = "Bench"\n[rust]\nedition = "2024"\n');
    write(join(book, "src/SUMMARY.md"), `# Summary\n\n${names.map((name) => `- [${name}](${name}.md)`).join("\n")}\n`);
    names.forEach((name, n) => write(join(book, `src/${name}.md`), `# ${name}\n\n\`\`\`rust\n${code(n, 0)}\`\`\`\n`));
    row.mdbook = least(() => {}, () => run(mdbook, ["test"], book));
  }
  rows.push(row);
  rmSync(top, { recursive: true, force: true });
}

const ms = (value) => (value === undefined ? "-" : value.toFixed(0));
console.log("snippets | cold | cargo cold | ratio | touched | cargo touched | ratio | none | cargo test --doc cold, again | mdbook test");
for (const row of rows) {
  console.log(
    [
      row.size, ms(row.cold), ms(row.cargoCold), (row.cold / row.cargoCold).toFixed(2), ms(row.touched), ms(row.cargoTouched),
      (row.touched / row.cargoTouched).toFixed(2), ms(row.none), `${ms(row.docCold)}, ${ms(row.docNone)}`, ms(row.mdbook),
    ].join(" | "),
  );
}
