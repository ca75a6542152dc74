//! Reads everything a build needs into memory: the configuration, the content with its includes expanded,
//! the site's theme, the snippet crates.
//!
//! `System` in, [`Sources`] and [`Config`] out. What is read here is all that later stages know; they read no
//! files of their own.

mod include;

use std::collections::BTreeSet;
use std::path::Path;

use crate::config::Config;
use crate::config::book::{Surroundings, read};
use crate::diagnostic::{Diagnostic, Staged, codes};
use crate::error::Error;
use crate::markup;
use crate::source::{Sources, Span};
use crate::system::{FileKind, System};

/// A site in memory.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// All files.
    pub sources: Sources,
    /// The configuration.
    pub config: Config,
}

/// The largest text file that is read, in bytes.
const MAX_TEXT: usize = 5 << 20;

/// Reads a site.
///
/// # Errors
/// If there is no content folder, or a file that is there cannot be read.
pub fn load(sys: &dyn System, root: &Path) -> Result<Staged<Loaded>, Error> {
    let surroundings = surroundings(sys, root);
    let mut files = Vec::new();
    read_if_there(sys, root, "book.toml", &mut files)?;
    let first = read(&Sources::new(files.clone()), &surroundings).value;

    if sys.kind(&root.join(&first.book.src)) != Some(FileKind::Folder) {
        return Err(Error::NoContent {
            root: root.to_owned(),
            content: first.book.src,
        });
    }
    read_folder(sys, root, &first.book.src, &mut files)?;
    read_folder(sys, root, &format!("themes/{}", first.html.theme), &mut files)?;
    read_folder(sys, root, &first.snippets.dir, &mut files)?;
    let named = first
        .html
        .additional_css
        .iter()
        .chain(&first.html.additional_js)
        .chain(&first.html.input_404)
        .map(String::as_str)
        .chain(synonyms_path(&files));
    let mut open: Vec<String> = named.map(str::to_owned).collect();
    let mut read_before: BTreeSet<String> = files.iter().map(|(path, _)| path.clone()).collect();
    while let Some(path) = open.pop() {
        if clean(&path).is_none() || !read_before.insert(path.clone()) {
            continue;
        }
        let before = files.len();
        read_if_there(sys, root, &path, &mut files)?;
        if let Some((_, bytes)) = files.get(before)
            && path.ends_with(".css")
            && let Ok(text) = std::str::from_utf8(bytes)
        {
            open.extend(style_needs(&path, text));
        }
    }

    let mut sources = Sources::new(files);
    let mut diagnostics = Vec::new();
    check_texts(&sources, &mut diagnostics);
    let config = read(&sources, &surroundings).collect(&mut diagnostics);
    check_additional(&sources, &config, &mut diagnostics);
    include::expand_all(sys, root, &config.book.src, &mut sources, &mut diagnostics);
    Ok(Staged::new(Loaded { sources, config }, diagnostics))
}

/// The files that a style sheet loads, as paths from the root.
#[must_use]
pub fn style_needs(path: &str, text: &str) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut needed = Vec::new();
    markup::css(text, &mut |found| {
        let address = found.value.split(['?', '#']).next().unwrap_or_default();
        if !address.is_empty() && !address.starts_with('/') && !address.contains(':') {
            needed.extend(clean(&if folder.is_empty() {
                address.to_owned()
            } else {
                format!("{folder}/{address}")
            }));
        }
    });
    needed
}

/// Reports additional style sheets and scripts that are not there, at their names in book.toml.
fn check_additional(sources: &Sources, config: &Config, diagnostics: &mut Vec<Diagnostic>) {
    let html = &config.html;
    for path in html.additional_css.iter().chain(&html.additional_js) {
        if sources.by_path(path).is_some() {
            continue;
        }
        let diagnostic = Diagnostic::new(
            codes::LINK_MISSING_FILE,
            format!("every page would load `{path}`, and there is no such file"),
        )
        .help("paths in book.toml are relative to the site's root");
        let book = sources.by_path("book.toml");
        let place = book.and_then(|book| Some((book.id, book.text.find(&format!("\"{path}\""))? + 1)));
        diagnostics.push(match place {
            Some((file, at)) => diagnostic.at(Span::new(file, at..at + path.len())),
            None => diagnostic.in_file("book.toml"),
        });
    }
}

/// What lies around a site's book.toml.
fn surroundings(sys: &dyn System, root: &Path) -> Surroundings {
    Surroundings {
        folder_name: root
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
        mdbook_layout: sys.kind(&root.join("content")).is_none()
            && sys.kind(&root.join("src/SUMMARY.md")).is_some(),
        env: sys.env_vars(),
    }
}

/// The configuration alone, for whoever builds nothing; what is wrong with it is a build's to say.
#[must_use]
pub fn configuration(sys: &dyn System, root: &Path) -> Config {
    let book = sys
        .read(&root.join("book.toml"))
        .ok()
        .map(|bytes| ("book.toml".to_owned(), bytes));
    read(&Sources::new(book), &surroundings(sys, root)).value
}

fn synonyms_path(files: &[(String, Vec<u8>)]) -> Option<&str> {
    // Only a hint of what to read; `config` reads the key for real.
    let (_, book) = files.iter().find(|(path, _)| path == "book.toml")?;
    let text = std::str::from_utf8(book).ok()?;
    text.lines()
        .find_map(|line| {
            line.trim()
                .strip_prefix("synonyms")?
                .trim_start()
                .strip_prefix('=')
        })
        .map(|value| value.trim().trim_matches(['"', '\'']))
}

fn read_if_there(
    sys: &dyn System,
    root: &Path,
    path: &str,
    files: &mut Vec<(String, Vec<u8>)>,
) -> Result<(), Error> {
    let full = root.join(path);
    if sys.kind(&full).is_some_and(|kind| kind != FileKind::Folder) {
        let bytes = sys.read(&full).map_err(Error::io("read", &full))?;
        files.push((path.to_owned(), bytes));
    }
    Ok(())
}

/// Reads a folder with all it holds; hidden folders, build output and symbolic links are left out.
fn read_folder(
    sys: &dyn System,
    root: &Path,
    folder: &str,
    files: &mut Vec<(String, Vec<u8>)>,
) -> Result<(), Error> {
    let start = root.join(folder);
    let skip = |path: &Path| {
        path.file_name()
            .is_some_and(|name| name == "target" || name == "node_modules" || hidden(&name.to_string_lossy()))
    };
    let entries = sys.walk(&start, &skip).map_err(Error::io("list", &start))?;
    for entry in entries.into_iter().filter(|entry| entry.kind == FileKind::File) {
        let Ok(below) = entry.path.strip_prefix(root) else {
            continue;
        };
        let names: Vec<String> = below
            .components()
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .collect();
        if names.last().is_some_and(|name| editor_leftover(name)) {
            continue;
        }
        let bytes = sys.read(&entry.path).map_err(Error::io("read", &entry.path))?;
        files.push((names.join("/"), bytes));
    }
    Ok(())
}

fn hidden(name: &str) -> bool {
    name.starts_with('.')
}

/// Swap and backup files of editors, and hidden files, are nobody's content.
fn editor_leftover(name: &str) -> bool {
    hidden(name) || name.ends_with('~') || (name.starts_with('#') && name.ends_with('#'))
}

fn check_texts(sources: &Sources, diagnostics: &mut Vec<Diagnostic>) {
    const TEXTS: [&str; 9] = [
        "md", "toml", "rs", "html", "css", "js", "stdout", "stderr", "lock",
    ];
    for source in sources.iter() {
        let extension = source.path.rsplit('.').next().unwrap_or_default();
        if !TEXTS.contains(&extension) {
            continue;
        }
        if source.raw.is_none() {
            let valid = std::str::from_utf8(&source.bytes).map_or_else(|error| error.valid_up_to(), str::len);
            let line = source.bytes[..valid]
                .iter()
                .filter(|&&byte| byte == b'\n')
                .count()
                + 1;
            diagnostics.push(
                Diagnostic::new(
                    codes::CONTENT_NOT_UTF8,
                    format!(
                        "`{}` is not UTF-8: byte {} on line {line}",
                        source.path,
                        valid + 1
                    ),
                )
                .in_file(source.path.clone())
                .help("save it as UTF-8 (for example with `iconv -f latin1 -t utf8`)"),
            );
        } else if extension == "md" && source.bytes.len() > MAX_TEXT {
            diagnostics.push(
                Diagnostic::new(
                    codes::CONTENT_TOO_DEEP,
                    format!(
                        "`{}` has {} bytes, more than the 5 MiB a page may have",
                        source.path,
                        source.bytes.len()
                    ),
                )
                .in_file(source.path.clone())
                .help("split it into several files"),
            );
        }
    }
}

/// A path from the root without `.`, `..` and empty segments; `None` if it leaves the root.
#[must_use]
pub fn clean(path: &str) -> Option<String> {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop()?;
            }
            other => segments.push(other),
        }
    }
    (!path.starts_with('/')).then(|| segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Severity;
    use crate::system::MemorySystem;

    fn check(files: &[(&str, &str)], page: &str) -> (String, Vec<String>) {
        let sys = MemorySystem::new(files.iter().map(|(path, text)| (format!("/s/{path}"), *text)));
        let staged = load(&sys, Path::new("/s")).unwrap_or_else(|error| panic!("{error}"));
        let sources = staged.value.sources;
        let found = staged
            .diagnostics
            .iter()
            .filter(|d| d.severity == Severity::Error)
            .map(|d| {
                let place = d.span.map(|span| sources.locate(span));
                let place = place.map_or(String::new(), |place| {
                    format!(
                        "{}:{}:{} ",
                        sources.get(place.file).path,
                        place.line,
                        place.column
                    )
                });
                format!("{place}{} {}", d.code, d.message)
            })
            .collect();
        let text = sources.by_path(page).map(|source| source.text.to_string());
        (text.unwrap_or_default(), found)
    }

    #[test]
    fn a_site_without_content_is_one_clear_line() {
        let sys = MemorySystem::new([("/s/book.toml", "")]);
        let error = load(&sys, Path::new("/s")).err().map(|error| error.to_string());
        assert_eq!(
            error.as_deref(),
            Some("no site here: `/s` has no `content` folder")
        );
    }

    #[test]
    fn files_lines_and_anchors_are_included() {
        let files = [
            (
                "content/a.md",
                "start\n{{#include code.rs:body}}\n{{#include code.rs:1}}\nend\n",
            ),
            (
                "content/code.rs",
                "fn a() {\n    // ANCHOR: body\n    one();\n    // ANCHOR_END: body\n}\n",
            ),
        ];
        assert_eq!(
            check(&files, "content/a.md"),
            ("start\n    one();\nfn a() {\nend\n".to_owned(), Vec::new())
        );
    }

    #[test]
    fn rustdoc_include_hides_the_rest_of_the_file() {
        let files = [
            ("content/a.md", "```rust\n{{#rustdoc_include c.rs:2}}\n```\n"),
            ("content/c.rs", "fn a() {\n    one();\n}\n"),
        ];
        assert_eq!(
            check(&files, "content/a.md").0,
            "```rust\n# fn a() {\n    one();\n# }\n```\n"
        );
    }

    #[test]
    fn an_escaped_include_stays_text() {
        let files = [("content/a.md", "\\{{#include x.md}}")];
        assert_eq!(
            check(&files, "content/a.md"),
            ("{{#include x.md}}".to_owned(), Vec::new())
        );
    }

    #[test]
    fn includes_that_cannot_work_are_told_with_their_place() {
        let files = [
            (
                "content/a.md",
                "x {{#include b.mdd}}\n{{#include c.rs:q}}\n{{#include ../../etc/passwd}}\n",
            ),
            ("content/b.md", "text"),
            ("content/c.rs", "// ANCHOR: other\n"),
            ("content/loop.md", "{{#include loop.md}}"),
            ("content/open.md", "{{#include c.rs:other}}"),
        ];
        assert_eq!(
            check(&files, "content/a.md").1,
            [
                "content/a.md:1:14 include/missing-file there is no file `content/b.mdd` to include",
                "content/a.md:2:12 include/missing-region `content/c.rs` has no region `q`",
                "content/a.md:3:12 include/outside-root `../../etc/passwd` lies outside the site",
                "content/loop.md:1:12 include/cycle `content/loop.md` includes itself",
                "content/open.md:1:12 include/unclosed-region the region `other` of `content/c.rs` is never closed",
            ]
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_told() {
        let sys = MemorySystem::new([("/s/content/a.md", b"ok\n\xff".to_vec())]);
        let staged = load(&sys, Path::new("/s")).unwrap_or_else(|error| panic!("{error}"));
        let messages: Vec<_> = staged.diagnostics.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(messages, ["`content/a.md` is not UTF-8: byte 4 on line 2"]);
    }
}
