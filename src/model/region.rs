//! The shown part of a snippet's source: regions between `ANCHOR` comments, cut out and dedented.
//!
//! Text (or a crate and a directive) in, [`Region`] (or [`ShownCode`]) out. Every shown line keeps the number
//! it has in its file, so that the compiler's places can be laid over the shown code.

use super::snippet::{SnippetCrate, SnippetRef};
use crate::diagnostic::{Diagnostic, codes, nearest};
use crate::source::{FileId, Sources};

/// Shown lines with their numbers in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// The shown text; every line ends with `\n`.
    pub text: String,
    /// The 1-based line in the file of each shown line.
    pub lines: Vec<usize>,
}

impl Region {
    /// The 1-based shown line of a 1-based line in the file, if it is shown.
    #[must_use]
    pub fn shown_line(&self, file_line: usize) -> Option<usize> {
        self.lines.binary_search(&file_line).ok().map(|at| at + 1)
    }
}

/// Why a text does not hold a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegionError {
    /// No `ANCHOR: name`.
    Missing,
    /// `ANCHOR: name` without `ANCHOR_END: name`; the 1-based line of the opening.
    Unclosed(usize),
    /// Two of the name; the 1-based lines of the openings.
    Doubled(usize, usize),
}

/// The code that a directive shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownCode {
    /// The file, as a path from the crate's folder.
    pub path: String,
    /// The file in the table of sources.
    pub file: FileId,
    /// The shown text and where its lines come from.
    pub region: Region,
}

/// What an anchor comment says.
enum Mark<'a> {
    Start(&'a str),
    End(&'a str),
}

/// The mark on a line, as mdBook finds it: the word `ANCHOR:` or `ANCHOR_END:` anywhere, then a name.
fn mark(line: &str) -> Option<Mark<'_>> {
    if let Some(at) = line.find("ANCHOR_END:") {
        anchor_name(&line[at + "ANCHOR_END:".len()..]).map(Mark::End)
    } else {
        let at = line.find("ANCHOR:")?;
        anchor_name(&line[at + "ANCHOR:".len()..]).map(Mark::Start)
    }
}

fn anchor_name(rest: &str) -> Option<&str> {
    let rest = rest.trim_start();
    let end = rest
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(rest.len());
    (end > 0).then(|| &rest[..end])
}

/// The region of a name, dedented, without any `ANCHOR` line.
///
/// # Errors
/// If there is no such region, it is not closed, or there are two.
pub fn region(text: &str, name: &str) -> Result<Region, RegionError> {
    let mut opened: Option<usize> = None;
    let mut closed = false;
    let mut taken = Vec::new();
    for (at, line) in text.lines().enumerate() {
        match mark(line) {
            Some(Mark::Start(found)) if found == name => match opened {
                Some(first) => return Err(RegionError::Doubled(first, at + 1)),
                None => opened = Some(at + 1),
            },
            Some(Mark::End(found)) if found == name => closed |= opened.is_some(),
            Some(_) => {}
            None if opened.is_some() && !closed => taken.push((at + 1, line)),
            None => {}
        }
    }
    match opened {
        None => Err(RegionError::Missing),
        Some(line) if !closed => Err(RegionError::Unclosed(line)),
        Some(_) => Ok(dedented(&taken)),
    }
}

/// The whole text without its `ANCHOR` lines.
#[must_use]
pub fn without_anchors(text: &str) -> Region {
    let kept = text.lines().enumerate().filter(|(_, line)| mark(line).is_none());
    let mut shown = String::with_capacity(text.len());
    let mut lines = Vec::new();
    for (at, line) in kept {
        shown.push_str(line);
        shown.push('\n');
        lines.push(at + 1);
    }
    Region { text: shown, lines }
}

/// Code without the lines that rustdoc hides: `# ` and a lone `#`; `##` shows one of them.
#[must_use]
pub fn without_hidden(code: &str) -> Region {
    let mut shown = Region {
        text: String::with_capacity(code.len()),
        lines: Vec::new(),
    };
    for (at, line) in code.lines().enumerate() {
        let bare = line.trim_start();
        if bare.trim_end() == "#" || bare.starts_with("# ") {
            continue;
        }
        if let Some(rest) = bare.strip_prefix("##") {
            shown.text.push_str(&line[..line.len() - bare.len()]);
            shown.text.push('#');
            shown.text.push_str(rest);
        } else {
            shown.text.push_str(line);
        }
        shown.text.push('\n');
        shown.lines.push(at + 1);
    }
    shown
}

/// The names of all regions of a text, in order.
fn region_names(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| match mark(line) {
        Some(Mark::Start(name)) => Some(name),
        _ => None,
    })
}

/// Takes away the white space that all lines that are not blank begin with, and blank lines at both ends.
fn dedented(taken: &[(usize, &str)]) -> Region {
    let blank = |line: &str| line.trim().is_empty();
    let start = taken
        .iter()
        .position(|(_, line)| !blank(line))
        .unwrap_or(taken.len());
    let end = taken
        .iter()
        .rposition(|(_, line)| !blank(line))
        .map_or(start, |at| at + 1);
    let taken = &taken[start..end];
    let mut common: Option<&str> = None;
    for (_, line) in taken.iter().filter(|(_, line)| !blank(line)) {
        let indent = &line[..line.len() - line.trim_start().len()];
        common = Some(common.map_or(indent, |before| shared_prefix(before, indent)));
    }
    let common = common.unwrap_or_default();
    let mut text = String::new();
    for (_, line) in taken {
        text.push_str(line.strip_prefix(common).unwrap_or_default());
        text.push('\n');
    }
    Region {
        text,
        lines: taken.iter().map(|&(line, _)| line).collect(),
    }
}

fn shared_prefix<'a>(a: &'a str, b: &str) -> &'a str {
    let end = a
        .char_indices()
        .zip(b.chars())
        .find(|((_, left), right)| left != right)
        .map_or(a.len().min(b.len()), |((at, _), _)| at);
    &a[..end]
}

/// The main file of a binary, or `src/lib.rs` for a crate without one, as a path from the crate's folder.
#[must_use]
pub fn main_file<'a>(found: &'a SnippetCrate, bin: Option<&str>) -> Option<&'a str> {
    let bin = bin.or_else(|| found.bins.first().map(String::as_str));
    let mut candidates = Vec::new();
    if let Some(bin) = bin {
        candidates.extend([format!("src/bin/{bin}.rs"), format!("src/bin/{bin}/main.rs")]);
        if bin != found.package {
            let underscored = bin.replace('-', "_");
            candidates.extend([format!("src/{bin}.rs"), format!("src/{underscored}.rs")]);
        }
        candidates.push("src/main.rs".to_owned());
    }
    candidates.push("src/lib.rs".to_owned());
    candidates
        .iter()
        .find_map(|path| found.files.get_key_value(path))
        .map(|(path, _)| path.as_str())
}

/// The code that a directive shows.
///
/// # Errors
/// `snippet/unknown`, at the directive, if there is no such file, binary or region, or the region is not
/// closed or stands there twice.
#[expect(
    clippy::result_large_err,
    reason = "called once a directive, and the caller keeps the diagnostic"
)]
pub fn shown_code(
    found: &SnippetCrate,
    sources: &Sources,
    reference: &SnippetRef,
) -> Result<ShownCode, Diagnostic> {
    find_region(found, sources, reference).map_err(|diagnostic| *diagnostic)
}

fn find_region(
    found: &SnippetCrate,
    sources: &Sources,
    reference: &SnippetRef,
) -> Result<ShownCode, Box<Diagnostic>> {
    let shown = |path: &str, file: FileId, region: Region| ShownCode {
        path: path.to_owned(),
        file,
        region,
    };
    let (path, file) = default_file(found, reference)?;
    let Some(name) = &reference.region else {
        return Ok(shown(path, file, without_anchors(&sources.get(file).text)));
    };
    match region(&sources.get(file).text, name) {
        Ok(region) => return Ok(shown(path, file, region)),
        Err(RegionError::Missing) if reference.file.is_none() => {}
        Err(error) => return Err(refused(found, sources, reference, path, name, &error)),
    }
    let mut hit: Option<ShownCode> = None;
    for (path, &file) in code_files(found) {
        match region(&sources.get(file).text, name) {
            Ok(region) => {
                if let Some(first) = &hit {
                    let message = format!(
                        "region `{name}` of `{}` stands in `{}` and in `{path}`",
                        found.slug, first.path
                    );
                    return Err(unknown(reference, message, "name the file: `file=…`".to_owned()));
                }
                hit = Some(shown(path, file, region));
            }
            Err(RegionError::Missing) => {}
            Err(error) => return Err(refused(found, sources, reference, path, name, &error)),
        }
    }
    hit.ok_or_else(|| refused(found, sources, reference, path, name, &RegionError::Missing))
}

fn default_file<'a>(
    found: &'a SnippetCrate,
    reference: &SnippetRef,
) -> Result<(&'a str, FileId), Box<Diagnostic>> {
    if let Some(bin) = &reference.bin
        && !found.bins.contains(bin)
    {
        let message = format!("snippet `{}` has no binary `{bin}`", found.slug);
        let help = choice(bin, "binaries", found.bins.iter().map(String::as_str));
        return Err(unknown(reference, message, help));
    }
    let path = match &reference.file {
        Some(path) => path.as_str(),
        None => main_file(found, reference.bin.as_deref()).ok_or_else(|| {
            let message = format!("snippet `{}` has no main file that can be told", found.slug);
            unknown(reference, message, "name the file: `file=…`".to_owned())
        })?,
    };
    found
        .files
        .get_key_value(path)
        .map(|(path, &file)| (path.as_str(), file))
        .ok_or_else(|| {
            let message = format!("snippet `{}` has no file `{path}`", found.slug);
            let help = choice(path, "files", found.files.keys().map(String::as_str));
            unknown(reference, message, help)
        })
}

/// The Rust files of a crate, where regions are sought.
fn code_files(found: &SnippetCrate) -> impl Iterator<Item = (&String, &FileId)> {
    let is_rust = |path: &str| {
        path.rsplit_once('.')
            .is_some_and(|(_, extension)| extension == "rs")
    };
    found.files.iter().filter(move |(path, _)| is_rust(path))
}

fn refused(
    found: &SnippetCrate,
    sources: &Sources,
    reference: &SnippetRef,
    path: &str,
    name: &str,
    error: &RegionError,
) -> Box<Diagnostic> {
    let slug = &found.slug;
    match error {
        RegionError::Missing => {
            let files = code_files(found).map(|(_, &file)| &*sources.get(file).text);
            let help = choice(name, "regions", files.flat_map(region_names));
            unknown(
                reference,
                format!("snippet `{slug}` has no region `{name}`"),
                help,
            )
        }
        RegionError::Unclosed(line) => unknown(
            reference,
            format!("region `{name}` of `{slug}` is opened in `{path}`, line {line}, and never closed"),
            format!("add `// ANCHOR_END: {name}`"),
        ),
        RegionError::Doubled(first, second) => unknown(
            reference,
            format!("region `{name}` of `{slug}` stands twice in `{path}`, lines {first} and {second}"),
            "give one of them another name".to_owned(),
        ),
    }
}

fn unknown(reference: &SnippetRef, message: String, help: String) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::new(codes::SNIPPET_UNKNOWN, message)
            .at(reference.slug_span)
            .help(help),
    )
}

fn choice<'a>(wrong: &str, what: &str, candidates: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = candidates.collect();
    match nearest(wrong, all.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if all.is_empty() => format!("it has no {what}"),
        None => format!("its {what} are `{}`", all.join("`, `")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::snippet::{Network, Show, SnippetKind, SnippetMeta};
    use crate::source::Span;

    const TEXT: &str = "// ANCHOR: all\nfn main() {\n    // ANCHOR: body\n    a();\n\n        b();\n    // ANCHOR_END: body\n}\n// ANCHOR_END: all\n";

    #[expect(clippy::needless_pass_by_value, reason = "expectations are written in place")]
    fn check(text: &str, name: &str, expect: Result<(&str, &[usize]), RegionError>) {
        let found = region(text, name);
        let found = found
            .as_ref()
            .map(|region| (region.text.as_str(), region.lines.as_slice()));
        assert_eq!(found, expect.as_ref().map(|&pair| pair));
    }

    #[test]
    fn a_region_is_dedented_and_keeps_its_line_numbers() {
        check(TEXT, "body", Ok(("a();\n\n    b();\n", &[4, 5, 6])));
        check(
            TEXT,
            "all",
            Ok(("fn main() {\n    a();\n\n        b();\n}\n", &[2, 4, 5, 6, 8])),
        );
        let whole = without_anchors(TEXT);
        assert_eq!(whole.text, "fn main() {\n    a();\n\n        b();\n}\n");
        assert_eq!((whole.shown_line(5), whole.shown_line(3)), (Some(3), None));
    }

    #[test]
    fn a_region_must_be_there_once_and_closed() {
        check(TEXT, "bod", Err(RegionError::Missing));
        check("// ANCHOR: a\nx\n", "a", Err(RegionError::Unclosed(1)));
        check(
            "// ANCHOR: a\n// ANCHOR_END: a\n\n// ANCHOR: a\n// ANCHOR_END: a\n",
            "a",
            Err(RegionError::Doubled(1, 4)),
        );
    }

    fn fixture(files: &[(&str, &str)], bins: &[&str]) -> (SnippetCrate, Sources) {
        let sources = Sources::new(
            files
                .iter()
                .map(|(path, text)| (format!("snippets/demo/{path}"), text.as_bytes().to_vec())),
        );
        let found = SnippetCrate {
            slug: "demo".into(),
            package: "demo".into(),
            folder: "snippets/demo".into(),
            manifest: FileId::new(0),
            span: Span::new(FileId::new(0), 0..0),
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
                network: Network::None,
                manual: None,
            },
            edition: "2024".into(),
            bins: bins.iter().map(ToString::to_string).collect(),
            files: sources
                .iter()
                .map(|source| {
                    (
                        source.path.trim_start_matches("snippets/demo/").to_owned(),
                        source.id,
                    )
                })
                .collect(),
            expected: BTreeMap::new(),
            inline: None,
        };
        (found, sources)
    }

    /// Shows `region`/`file=`/`bin=` of a crate: `path: text`, or the message and help.
    fn shown(
        fixture: &(SnippetCrate, Sources),
        [region, file, bin]: [Option<&str>; 3],
    ) -> Result<String, String> {
        let span = Span::new(FileId::new(0), 0..0);
        let reference = SnippetRef {
            slug: "demo".into(),
            region: region.map(str::to_owned),
            file: file.map(str::to_owned),
            bin: bin.map(str::to_owned),
            show: Show::Both,
            folded: None,
            title: None,
            highlight: Vec::new(),
            span,
            slug_span: span,
        };
        shown_code(&fixture.0, &fixture.1, &reference)
            .map(|code| format!("{}: {}", code.path, code.region.text.trim()))
            .map_err(|d| format!("{}; {}", d.message, d.help.unwrap_or_default()))
    }

    #[test]
    fn the_region_is_sought_in_the_default_file_and_then_in_the_crate() {
        let crate_ = fixture(
            &[
                ("src/bin/b.rs", "// ANCHOR: x\nin b\n// ANCHOR_END: x\n"),
                ("src/main.rs", "// ANCHOR: x\nin main\n// ANCHOR_END: x\n"),
                ("src/state.rs", "// ANCHOR: y\nin state\n// ANCHOR_END: y\n"),
            ],
            &["demo", "b"],
        );
        let ok = |text: &str| Ok(text.to_owned());
        assert_eq!(
            shown(&crate_, [Some("x"), None, None]),
            ok("src/main.rs: in main")
        );
        assert_eq!(
            shown(&crate_, [Some("x"), None, Some("b")]),
            ok("src/bin/b.rs: in b")
        );
        assert_eq!(
            shown(&crate_, [Some("y"), None, None]),
            ok("src/state.rs: in state")
        );
        assert_eq!(
            shown(&crate_, [None, Some("src/state.rs"), None]),
            ok("src/state.rs: in state")
        );
    }

    #[test]
    fn what_is_not_there_is_told_with_what_is() {
        let crate_ = fixture(
            &[
                ("src/a.rs", "// ANCHOR: same\na\n// ANCHOR_END: same\n"),
                ("src/b.rs", "// ANCHOR: same\nb\n// ANCHOR_END: same\n"),
                (
                    "src/main.rs",
                    "// ANCHOR: transitions\nx\n// ANCHOR_END: transitions\n",
                ),
            ],
            &["demo"],
        );
        let error = |text: &str| Err(text.to_owned());
        assert_eq!(
            shown(&crate_, [Some("transition"), None, None]),
            error("snippet `demo` has no region `transition`; did you mean `transitions`?")
        );
        assert_eq!(
            shown(&crate_, [Some("same"), None, None]),
            error("region `same` of `demo` stands in `src/a.rs` and in `src/b.rs`; name the file: `file=…`")
        );
        assert_eq!(
            shown(&crate_, [None, Some("src/main.rb"), None]),
            error("snippet `demo` has no file `src/main.rb`; did you mean `src/main.rs`?")
        );
        assert_eq!(
            shown(&crate_, [None, None, Some("other")]),
            error("snippet `demo` has no binary `other`; its binaries are `demo`")
        );
    }
}
