//! The manifest of a snippet crate: `Cargo.toml` text to [`SnippetCrate`].
//!
//! A folder of the snippets workspace is a snippet if its manifest holds the table
//! `[package.metadata.proofbook]`; any other member is a support crate and gives `None`. What the
//! table gets wrong becomes a diagnostic at the key, and the key's default takes its place.

mod meta;
pub mod workspace;

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Staged, codes};
use crate::model::snippet::{SnippetCrate, SnippetKind, SnippetMeta};
use crate::source::{FileId, Source, Sources, Span};

pub use meta::{parse_duration, parse_size};

/// Reads the crate in `folder` (a path from the site's root); `None` for a support crate.
///
/// `workspace_manifest` is the manifest of the snippets workspace, from which `edition.workspace = true`
/// takes its value.
#[must_use]
pub fn read_crate(
    slug: &str,
    folder: &str,
    sources: &Sources,
    workspace_manifest: Option<&Source>,
) -> Option<Staged<SnippetCrate>> {
    let manifest = sources.by_path(&format!("{folder}/Cargo.toml"))?;
    let (files, expected) = crate_files(folder, sources);
    let mut found = SnippetCrate {
        slug: slug.to_owned(),
        package: slug.to_owned(),
        folder: folder.to_owned(),
        manifest: manifest.id,
        span: Span::new(manifest.id, 0..0),
        meta: SnippetMeta {
            title: None,
            kinds: vec![SnippetKind::Run],
            args: Vec::new(),
            env: BTreeMap::new(),
            stdin: None,
            exit_code: 0,
            timeout: None,
            memory: None,
            max_processes: None,
            error_codes: Vec::new(),
            unordered: false,
            redactions: Vec::new(),
            network: crate::model::snippet::Network::None,
            manual: None,
        },
        edition: "2015".to_owned(),
        bins: Vec::new(),
        files,
        expected,
        inline: None,
    };
    let root = match DeTable::parse(&manifest.text) {
        Ok(root) => root.into_inner(),
        Err(error) => return broken(found, manifest, &error),
    };
    let package = root.get("package").and_then(|value| value.as_ref().as_table());
    let table = package
        .and_then(|package| package.get("metadata"))
        .and_then(|metadata| metadata.as_ref().as_table()?.get("proofbook"))?;
    if let Some(name) = package.and_then(|package| text_of(package, "name")) {
        name.clone_into(&mut found.package);
    }
    if let Some(edition) = package.and_then(|package| edition(package, workspace_manifest)) {
        found.edition = edition;
    }
    found.span = table_span(manifest, table);
    let bins = binaries(&root, &found);
    let mut reader = meta::Reader::new(manifest.id);
    found.bins = reader.order_bins(table, bins);
    found.meta = reader.read(table, &found);
    let diagnostics = reader.finish();
    Some(Staged::new(found, diagnostics))
}

/// A manifest that is not TOML: a snippet only if it names the table at all; cargo reports the others.
fn broken(found: SnippetCrate, manifest: &Source, error: &toml::de::Error) -> Option<Staged<SnippetCrate>> {
    if !manifest.text.contains("package.metadata.proofbook") {
        return None;
    }
    let place = Span::new(manifest.id, error.span().unwrap_or(0..0));
    let diagnostic = Diagnostic::new(
        codes::CONFIG_INVALID_VALUE,
        format!("the manifest of `{}` is not valid TOML", found.slug),
    )
    .at(place)
    .label(error.message());
    Some(Staged::new(found, vec![diagnostic]))
}

/// The crate's files and its reviewed outputs, by path from its folder.
fn crate_files(folder: &str, sources: &Sources) -> (BTreeMap<String, FileId>, BTreeMap<String, FileId>) {
    sources
        .under(folder)
        .filter_map(|source| {
            let path = source.path.strip_prefix(folder)?.trim_start_matches('/');
            (!path.starts_with("target/")).then(|| (path.to_owned(), source.id))
        })
        .partition(|(path, _)| !is_expected(path))
}

/// Whether a path from the crate's folder names a reviewed output.
pub(crate) fn is_expected(path: &str) -> bool {
    path.starts_with("expected.") && (path.ends_with(".stdout") || path.ends_with(".stderr"))
}

fn text_of<'a>(table: &'a DeTable<'_>, key: &str) -> Option<&'a str> {
    table.get(key)?.as_ref().as_str()
}

fn edition(package: &DeTable<'_>, workspace_manifest: Option<&Source>) -> Option<String> {
    match package.get("edition")?.as_ref() {
        DeValue::String(edition) => Some(edition.to_string()),
        DeValue::Table(inherited) if inherited.contains_key("workspace") => {
            let root = DeTable::parse(&workspace_manifest?.text).ok()?.into_inner();
            let workspace = root.get("workspace")?.as_ref().as_table()?;
            let package = workspace.get("package")?.as_ref().as_table()?;
            text_of(package, "edition").map(str::to_owned)
        }
        _ => None,
    }
}

/// The place of the table's header, which is what a person looks for; the parser's span covers no
/// more than that for a table in brackets.
fn table_span(manifest: &Source, table: &Spanned<DeValue<'_>>) -> Span {
    const HEADER: &str = "[package.metadata.proofbook]";
    match manifest.text.find(HEADER) {
        Some(at) => Span::new(manifest.id, at..at + HEADER.len()),
        None => Span::new(manifest.id, table.span()),
    }
}

/// The binaries as cargo finds them: `[[bin]]`, then what the folders hold; the package's own or
/// `default-run` first, the others by name.
fn binaries(root: &DeTable<'_>, found: &SnippetCrate) -> Vec<String> {
    let package = root.get("package").and_then(|value| value.as_ref().as_table());
    let mut names = BTreeSet::new();
    let mut taken = BTreeSet::new();
    let declared = root.get("bin").and_then(|value| value.as_ref().as_array());
    for bin in declared.into_iter().flat_map(|bins| bins.iter()) {
        let Some(bin) = bin.as_ref().as_table() else {
            continue;
        };
        taken.extend(text_of(bin, "path").map(str::to_owned));
        names.extend(text_of(bin, "name").map(str::to_owned));
    }
    let automatic = package
        .and_then(|package| package.get("autobins"))
        .and_then(|value| value.as_ref().as_bool())
        .unwrap_or(true);
    if automatic {
        for path in found.files.keys().filter(|path| !taken.contains(*path)) {
            names.extend(automatic_name(path, &found.package));
        }
    }
    let first = package
        .and_then(|package| text_of(package, "default-run"))
        .unwrap_or(&found.package)
        .to_owned();
    let mut names: Vec<String> = names.into_iter().collect();
    names.sort_by_key(|name| *name != first);
    names
}

fn automatic_name(path: &str, package: &str) -> Option<String> {
    if path == "src/main.rs" {
        return Some(package.to_owned());
    }
    let rest = path.strip_prefix("src/bin/")?;
    let name = match rest.split_once('/') {
        Some((folder, "main.rs")) => folder,
        Some(_) => return None,
        None => rest.strip_suffix(".rs")?,
    };
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKSPACE: &str = "[workspace.package]\nedition = \"2024\"\n";

    fn read(manifest: &str, files: &[&str]) -> Option<(Staged<SnippetCrate>, Sources)> {
        let mut all = vec![
            ("snippets/Cargo.toml".to_owned(), WORKSPACE.as_bytes().to_vec()),
            (
                "snippets/demo/Cargo.toml".to_owned(),
                manifest.as_bytes().to_vec(),
            ),
        ];
        all.extend(
            files
                .iter()
                .map(|file| (format!("snippets/demo/{file}"), Vec::new())),
        );
        let sources = Sources::new(all);
        let workspace = sources.by_path("snippets/Cargo.toml").cloned();
        let found = read_crate("demo", "snippets/demo", &sources, workspace.as_ref())?;
        Some((found, sources))
    }

    /// Reads a crate with a `src/main.rs` and the given metadata lines; returns each diagnostic as
    /// `code|text at the span|label or message|help`.
    fn check(meta: &str, expect: &[&str]) -> SnippetCrate {
        let manifest = format!(
            "[package]\nname = \"demo\"\nedition.workspace = true\n\n[package.metadata.proofbook]\n{meta}\n"
        );
        let (found, sources) = read(&manifest, &["src/main.rs", "input.txt"]).unwrap();
        let said: Vec<String> = found
            .diagnostics
            .iter()
            .map(|d| {
                let span = d.span.unwrap();
                let text = &sources.get(span.file).text[span.range()];
                format!("{}|{}|{}", d.code, text, d.help.as_deref().unwrap_or(&d.message))
            })
            .collect();
        assert_eq!(said, expect);
        found.value
    }

    #[test]
    fn a_member_without_the_table_is_a_support_crate() {
        assert!(read("[package]\nname = \"support\"\n", &["src/lib.rs"]).is_none());
    }

    #[test]
    fn every_key_is_read() {
        let found = check(
            concat!(
                "title = \"T\"\nkind = [\"test\", \"run\"]\nargs = [\"-x\"]\nenv = { A = \"b\" }\n",
                "stdin = \"input.txt\"\nexit-code = 3\ntimeout = \"500ms\"\nmemory = \"512 MiB\"\n",
                "max-processes = 2\nunordered = true\nnetwork = \"loopback\"\n",
                "redactions = [{ pattern = \"id=\\\\d+\", with = \"[ID]\" }]\n",
            ),
            &[],
        );
        assert_eq!(found.edition, "2024");
        let meta = found.meta;
        assert_eq!(meta.kinds, [SnippetKind::Run, SnippetKind::Test]);
        assert_eq!(meta.timeout, Some(std::time::Duration::from_millis(500)));
        assert_eq!((meta.memory, meta.max_processes), (Some(512 << 20), Some(2)));
        assert_eq!((meta.exit_code, meta.unordered), (3, true));
        assert_eq!(meta.redactions[0].pattern, "id=\\d+");
        assert_eq!(meta.network, crate::model::snippet::Network::Loopback);
    }

    #[test]
    fn an_unknown_key_is_told_at_its_place() {
        check(
            "kind = \"run\"\ntimeuot = \"5s\"",
            &["config/unknown-key|timeuot|did you mean `timeout`?"],
        );
    }

    #[test]
    fn values_out_of_range_are_told_at_their_place() {
        check(
            "kind = \"rum\"",
            &["config/invalid-value|\"rum\"|did you mean `run`?"],
        );
        check(
            "kind = [\"run\", \"compile-fail\"]",
            &[
                "config/invalid-value|[\"run\", \"compile-fail\"]|move the other kinds to a crate of their own",
            ],
        );
        check(
            "timeout = \"soon\"",
            &["config/invalid-value|\"soon\"|write a number with a unit: `500ms`, `5s`, `1m`"],
        );
        check(
            "exit-code = 256",
            &["config/invalid-value|256|`exit-code` must be from 0 to 255"],
        );
        check(
            "stdin = \"imput.txt\"",
            &["config/invalid-value|\"imput.txt\"|did you mean `input.txt`?"],
        );
        check(
            "redactions = [{ pattern = \"(\", with = \"\" }]",
            &["config/invalid-value|\"(\"|`pattern` is not a regular expression: unclosed group"],
        );
        check(
            "error-codes = [\"E0382\"]",
            &["config/invalid-value|[\"E0382\"]|`error-codes` needs `kind = \"compile-fail\"`"],
        );
    }

    #[test]
    fn binaries_come_from_the_manifest_and_the_folders_in_the_order_of_bins() {
        let manifest = concat!(
            "[package]\nname = \"demo\"\nedition = \"2021\"\n[package.metadata.proofbook]\nkind = \"run\"\n",
            "bins = [\"late\"]\n[[bin]]\nname = \"zed\"\npath = \"src/z.rs\"\n",
        );
        let files = [
            "src/main.rs",
            "src/bin/late.rs",
            "src/bin/folder/main.rs",
            "src/z.rs",
            "expected.late.stdout",
        ];
        let (found, _) = read(manifest, &files).unwrap();
        assert_eq!(found.diagnostics, []);
        assert_eq!(found.value.bins, ["late", "demo", "folder", "zed"]);
        assert_eq!(
            found.value.expected.keys().collect::<Vec<_>>(),
            ["expected.late.stdout"]
        );
        assert!(!found.value.files.contains_key("expected.late.stdout"));
    }

    #[test]
    fn a_kind_is_inferred_and_run_needs_a_binary() {
        let manifest = "[package]\nname = \"demo\"\n[package.metadata.proofbook]\n";
        let (found, _) = read(manifest, &["src/lib.rs"]).unwrap();
        assert_eq!(found.value.meta.kinds, [SnippetKind::Test]);
        assert_eq!(found.value.edition, "2015");
        let (found, _) = read(&format!("{manifest}kind = \"run\""), &["src/lib.rs"]).unwrap();
        assert_eq!(
            found.diagnostics[0].message,
            "kind `run` needs a binary, and `demo` has none"
        );
    }

    #[test]
    fn a_broken_manifest_of_a_snippet_is_told() {
        let manifest = "[package]\nname = \"demo\n[package.metadata.proofbook]\n";
        let (found, _) = read(manifest, &["src/main.rs"]).unwrap();
        assert_eq!(found.diagnostics[0].code, codes::CONFIG_INVALID_VALUE);
        assert!(read("[package]\nname = \"demo\n", &[]).is_none());
    }
}
