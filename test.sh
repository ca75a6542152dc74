#!/usr/bin/env bash
# The one list of checks. Needs Rust and Node; on Debian, as root, it installs the browser itself.
set -euo pipefail
cd "$(dirname "$0")"

say() { printf '\n== %s\n' "$1"; }

if ! command -v chromium >/dev/null; then
  say "install chromium"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
fi
for component in rustfmt clippy; do
  cargo "${component/rustfmt/fmt}" --version >/dev/null 2>&1 || rustup component add "$component"
done

say "format"
cargo fmt --check
say "lints"
cargo clippy --all-targets --locked -- -D warnings
say "tests"
cargo test --locked
say "our own book"
cargo build --release --locked
./target/release/proofbook check
say "snippet crates"
(cd snippets && cargo fmt --check)
say "browser"
npm ci --prefix tests/browser --no-audit --no-fund
node --test tests/browser/
