//! Each snippet's sources as an archive that builds by itself: the crate with its reviewed outputs, its path dependencies,
//! its part of the workspace's manifest and lockfile, and the limits that it was run with.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use super::inputs;
use crate::config::SnippetsConfig;
use crate::config::book::snippets_table;
use crate::config::snippet::workspace::{Lockfile, Workspace};
use crate::memo::{ContentHash, Memo};
use crate::model::book::Book;
use crate::model::region::Region;
use crate::model::site::SitePath;
use crate::model::snippet::{InlineBlock, InlineOutput, SnippetCrate, SnippetKind, archive_path};
use crate::source::{Sources, Span};
use crate::system::System;

/// The workspace's folder in an archive.
pub const FOLDER: &str = "snippets";

/// The archives of all snippets of a book.
pub fn archives(
    book: &Book,
    sources: &Sources,
    config: &SnippetsConfig,
    memo: &Memo,
    sys: &dyn System,
) -> Vec<(SitePath, Arc<[u8]>)> {
    let dir = config.dir.as_str();
    let text = |name: &str| {
        let source = sources.by_path(&format!("{dir}/{name}"));
        source.map_or_else(String::new, |source| source.text.to_string())
    };
    let (manifest, lock) = (text("Cargo.toml"), text("Cargo.lock"));
    let workspace = Workspace::new(&manifest);
    let lockfile = Lockfile::new(&lock);
    let settings = sources
        .by_path("book.toml")
        .map(|book| snippets_table(&book.text, FOLDER))
        .unwrap_or_default();
    book.snippets
        .values()
        .filter_map(|found| {
            let files = files(found, sources, dir, &workspace, &lockfile, &lock, &settings);
            let mut key = ContentHash::fields().field("archive 1");
            for (path, bytes) in &files {
                key.add(path);
                key.add(bytes);
            }
            let key = key.finish();
            let bytes = memo.bytes(sys, "archive", key).or_else(|| {
                let bytes = packed(&files).ok()?;
                memo.store_bytes(sys, "archive", key, &bytes);
                Some(bytes.into())
            })?;
            Some((archive_path(&found.slug, found.inline.is_some())?, bytes))
        })
        .collect()
}

fn files(
    found: &SnippetCrate,
    sources: &Sources,
    dir: &str,
    workspace: &Workspace,
    lockfile: &Lockfile,
    lock: &str,
    settings: &str,
) -> BTreeMap<String, Vec<u8>> {
    if let Some(block) = &found.inline {
        return block_files(found, block, workspace, lock, settings);
    }
    let manifest_of = |folder: &str| {
        sources
            .by_path(&format!("{dir}/{folder}/Cargo.toml"))
            .map(|source| source.text.to_string())
    };
    let closure = inputs::closure_of(&found.slug, workspace, &manifest_of);
    let mut files = BTreeMap::new();
    for folder in &closure.folders {
        let inside = format!("{dir}/{folder}");
        for source in sources.under(&inside) {
            if let Some(path) = source.path.strip_prefix(&format!("{dir}/")) {
                files.insert(format!("{FOLDER}/{path}"), source.bytes.to_vec());
            }
        }
    }
    let members: Vec<&str> = closure.folders.iter().map(String::as_str).collect();
    files.insert(
        format!("{FOLDER}/Cargo.toml"),
        workspace.with_members(&members).into_bytes(),
    );
    files.insert(
        format!("{FOLDER}/Cargo.lock"),
        lockfile.cut(lock, &found.package).into_bytes(),
    );
    if !settings.is_empty() {
        files.insert("book.toml".to_owned(), settings.as_bytes().to_vec());
    }
    files
}

/// A code block of the text, as its archive tells it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockFile {
    kind: String,
    error_codes: Vec<String>,
    edition: String,
    dependencies: Vec<String>,
    runs: bool,
    shown: String,
    shown_lines: Vec<usize>,
    output: Option<String>,
}

/// The name of a block's description in its archive, and of its code.
const BLOCK: &str = "block.json";
const CODE: &str = "block.rs";

fn block_files(
    found: &SnippetCrate,
    block: &InlineBlock,
    workspace: &Workspace,
    lock: &str,
    settings: &str,
) -> BTreeMap<String, Vec<u8>> {
    let file = BlockFile {
        kind: found
            .meta
            .kinds
            .first()
            .map_or("run", |kind| kind.as_str())
            .to_owned(),
        error_codes: found.meta.error_codes.clone(),
        edition: found.edition.clone(),
        dependencies: block.dependencies.clone(),
        runs: block.runs,
        shown: block.shown.text.clone(),
        shown_lines: block.shown.lines.clone(),
        output: block.output.as_ref().map(|output| output.text.clone()),
    };
    let mut files = BTreeMap::from([
        (
            BLOCK.to_owned(),
            serde_json::to_vec_pretty(&file).unwrap_or_default(),
        ),
        (CODE.to_owned(), block.code.clone().into_bytes()),
    ]);
    if !block.dependencies.is_empty() {
        files.insert(
            format!("{FOLDER}/Cargo.toml"),
            workspace.with_members(&[]).into_bytes(),
        );
        files.insert(format!("{FOLDER}/Cargo.lock"), lock.as_bytes().to_vec());
    }
    if !settings.is_empty() {
        files.insert("book.toml".to_owned(), settings.as_bytes().to_vec());
    }
    files
}

/// The block that an archive of [`archives`] describes; `None` if it is none.
#[must_use]
pub fn block(slug: &str, sources: &Sources) -> Option<SnippetCrate> {
    let description = sources.by_path(BLOCK)?;
    let file: BlockFile = serde_json::from_slice(&description.bytes).ok()?;
    let span = Span::new(description.id, 0..0);
    let block = InlineBlock {
        code: sources.by_path(CODE)?.text.to_string(),
        shown: Region {
            text: file.shown,
            lines: file.shown_lines,
        },
        dependencies: file.dependencies,
        runs: file.runs,
        output: file.output.map(|text| InlineOutput { text, span }),
    };
    let kind = SnippetKind::from_name(&file.kind)?;
    Some(SnippetCrate::of_block(
        slug,
        kind,
        file.error_codes,
        file.edition,
        block,
        span,
    ))
}

/// A gzipped tar archive without times and owners, so that equal files give equal bytes.
fn packed(files: &BTreeMap<String, Vec<u8>>) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_cksum();
        archive.append_data(&mut header, path, bytes.as_slice())?;
    }
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(&archive.into_inner()?)?;
    packed.finish()
}

/// The files of an archive by path. Nothing is written anywhere, so that no path can do harm; what is no plain file below the
/// archive's own folder is left out.
///
/// # Errors
/// If it is no such archive, or holds more than `most` bytes.
pub fn unpacked(bytes: &[u8], most: u64) -> std::io::Result<BTreeMap<String, Vec<u8>>> {
    use std::io::Read as _;
    let mut files = BTreeMap::new();
    let mut left = most;
    // Names count as well: one of gigabytes packs into little.
    let plain = flate2::read::GzDecoder::new(bytes).take(most.saturating_add(16 << 20));
    let mut archive = tar::Archive::new(plain);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.to_string_lossy().replace('\\', "/");
        // As `tar czf x.tar.gz .` names them.
        let path = path.strip_prefix("./").unwrap_or(&path).to_owned();
        let plain = entry.header().entry_type().is_file()
            && !path.starts_with('/')
            && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !plain {
            continue;
        }
        let mut content = Vec::new();
        entry.by_ref().take(left + 1).read_to_end(&mut content)?;
        if content.len() as u64 > left {
            return Err(std::io::Error::other(format!("it holds more than {most} bytes")));
        }
        left -= content.len() as u64;
        files.insert(path, content);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_can_be_unpacked_and_is_the_same_each_time() {
        let files = BTreeMap::from([
            ("snippets/a/src/main.rs".to_owned(), b"fn main() {}".to_vec()),
            ("book.toml".to_owned(), Vec::new()),
        ]);
        let one = packed(&files).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(packed(&files).ok().as_ref(), Some(&one));
        assert_eq!(unpacked(&one, 100).ok(), Some(files));
        assert!(unpacked(&one, 5).is_err(), "a limit is a limit");
        assert!(unpacked(b"no archive", 100).is_err());
    }
}
