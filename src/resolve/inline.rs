//! Code blocks that are snippets: ```` ```rust,run ```` and, with `inline = "all"`, whatever rustdoc would run.

use std::collections::BTreeMap;

use super::ResolveRequest;
use crate::config::InlineMode;
use crate::diagnostic::{Diagnostic, codes};
use crate::model::book::Book;
use crate::model::document::{Block, BlockKind, CodeBlock};
use crate::model::guide::{Document, Question};
use crate::model::region::without_hidden;
use crate::model::snippet::{InlineBlock, InlineOutput, SnippetCrate, SnippetKind};
use crate::source::Span;

/// Finds the inline blocks of a book and puts them among its snippets.
pub(super) fn find_all(book: &mut Book, request: &ResolveRequest<'_>, diagnostics: &mut Vec<Diagnostic>) {
    if request.config.snippets.inline == InlineMode::Off {
        return;
    }
    let mut finder = Finder {
        all: request.config.snippets.inline == InlineMode::All,
        edition: &request.config.edition,
        place: String::new(),
        counts: BTreeMap::new(),
        found: Vec::new(),
        diagnostics,
    };
    if let Some(home) = &book.home {
        finder.document("_index", home);
    }
    for guide in &book.guides {
        for page in &guide.pages {
            finder.document(&guide.id, &page.document);
        }
    }
    for page in &book.pages {
        let id = page.path.url().trim_end_matches('/').to_owned();
        finder.document(&id, &page.document);
    }
    let found = finder.found;
    for (slug, block) in found {
        let fence = block.span;
        if let Some(other) = book.snippets.get(&slug) {
            diagnostics.push(
                Diagnostic::new(
                    codes::CONTENT_DUPLICATE_ID,
                    format!("two snippets are named `{slug}`"),
                )
                .at(fence)
                .also(other.span, "the other one")
                .help("give one of them another `name=…`"),
            );
            continue;
        }
        book.inline.insert(fence, slug.clone());
        if let Some(output) = block.inline.as_ref().and_then(|inline| inline.output.as_ref()) {
            book.inline_outputs.insert(output.span, slug.clone());
        }
        book.snippets.insert(slug, block);
    }
}

struct Finder<'a> {
    all: bool,
    edition: &'a str,
    /// `guide#question`
    place: String,
    counts: BTreeMap<String, usize>,
    found: Vec<(String, SnippetCrate)>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Finder<'_> {
    fn document(&mut self, id: &str, document: &Document) {
        self.place = format!("{id}#");
        self.blocks(&document.intro);
        for section in &document.sections {
            self.place = format!("{id}#");
            self.blocks(&section.intro);
            for question in &section.questions {
                self.question(id, question);
            }
        }
        self.place = format!("{id}#");
        for footnote in &document.footnotes {
            self.blocks(&footnote.blocks);
        }
    }

    fn question(&mut self, id: &str, question: &Question) {
        self.place = format!("{id}#{}", question.id);
        for part in &question.parts {
            self.blocks(&part.blocks);
        }
        for follow_up in &question.follow_ups {
            self.question(id, follow_up);
        }
    }

    fn blocks(&mut self, blocks: &[Block]) {
        for (index, block) in blocks.iter().enumerate() {
            match &block.kind {
                BlockKind::Code(code) => {
                    let after = blocks.get(index + 1).and_then(|next| match &next.kind {
                        BlockKind::Code(output) if output.fenced && output.language() == "output" => {
                            Some(InlineOutput {
                                text: output.text.clone(),
                                span: next.span,
                            })
                        }
                        _ => None,
                    });
                    self.code(code, block.span, after);
                }
                BlockKind::Quote(blocks) | BlockKind::Admonition { blocks, .. } => self.blocks(blocks),
                BlockKind::List(list) => {
                    for item in &list.items {
                        self.blocks(&item.blocks);
                    }
                }
                BlockKind::Definitions(definitions) => {
                    for body in definitions.iter().flat_map(|definition| &definition.bodies) {
                        self.blocks(body);
                    }
                }
                BlockKind::Paragraph(_)
                | BlockKind::Heading(_)
                | BlockKind::Table(_)
                | BlockKind::Rule
                | BlockKind::Html(_)
                | BlockKind::Snippet(_) => {}
            }
        }
    }

    fn code(&mut self, code: &CodeBlock, span: Span, output: Option<InlineOutput>) {
        let Some(wants) = Wants::read(&code.info) else {
            return;
        };
        if !code.fenced || !(wants.run || (self.all && !wants.ignore)) {
            return;
        }
        let slug = if let Some(name) = &wants.name {
            name.clone()
        } else {
            let count = self.counts.entry(self.place.clone()).or_default();
            *count += 1;
            format!("{}/{count}", self.place)
        };
        for word in &wants.unknown {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::CONFIG_INVALID_VALUE,
                    format!("`{word}` means nothing on a block that is run"),
                )
                .at(span)
                .help(
                    "known are `run`, `name=…`, `dep=…`, `edition2024`, `should_panic`, `no_run`, `ignore`, and \
                     `compile_fail` with codes such as `E0382`",
                ),
            );
        }
        let kind = if wants.compile_fail {
            SnippetKind::CompileFail
        } else if wants.should_panic {
            SnippetKind::Panic
        } else {
            SnippetKind::Run
        };
        let block = InlineBlock {
            code: unhidden(&code.text),
            shown: without_hidden(&code.text),
            dependencies: wants.dependencies,
            runs: !wants.no_run,
            output,
        };
        let edition = wants.edition.unwrap_or_else(|| self.edition.to_owned());
        let block = SnippetCrate::of_block(&slug, kind, wants.codes, edition, block, span);
        self.found.push((slug, block));
    }
}

/// What the words of an info string ask for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wants {
    run: bool,
    ignore: bool,
    no_run: bool,
    should_panic: bool,
    compile_fail: bool,
    codes: Vec<String>,
    edition: Option<String>,
    name: Option<String>,
    dependencies: Vec<String>,
    unknown: Vec<String>,
}

impl Wants {
    /// `None` for a block that is not Rust.
    fn read(info: &str) -> Option<Self> {
        let mut words = info
            .split([',', ' ', '\t', '{', '}'])
            .map(str::trim)
            .filter(|word| !word.is_empty());
        if words.next() != Some("rust") {
            return None;
        }
        let mut wants = Self::default();
        for word in words {
            match word {
                "run" => wants.run = true,
                "ignore" => wants.ignore = true,
                "no_run" => wants.no_run = true,
                "should_panic" => wants.should_panic = true,
                "compile_fail" => wants.compile_fail = true,
                // mdBook's, which say how a block is shown or edited.
                "editable" | "hidelines" | "noplayground" | "noplaypen" | "mdbook-runnable"
                | "test_harness" | "should-panic" => {}
                _ => {
                    if let Some(edition) = word.strip_prefix("edition") {
                        wants.edition = Some(edition.to_owned());
                    } else if let Some(name) = word.strip_prefix("name=") {
                        wants.name = Some(name.to_owned());
                    } else if let Some(dependency) = word.strip_prefix("dep=") {
                        wants.dependencies.push(dependency.to_owned());
                    } else if word.len() == 5
                        && word.starts_with('E')
                        && word[1..].bytes().all(|b| b.is_ascii_digit())
                    {
                        wants.codes.push(word.to_owned());
                    } else {
                        wants.unknown.push(word.to_owned());
                    }
                }
            }
        }
        wants.dependencies.sort();
        if !wants.run {
            wants.unknown.clear();
        }
        Some(wants)
    }
}

/// Code as it is compiled.
fn unhidden(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    for line in code.lines() {
        let bare = line.trim_start();
        let indent = &line[..line.len() - bare.len()];
        if bare.trim_end() == "#" {
            // An empty line.
        } else if let Some(rest) = bare.strip_prefix("# ") {
            out.push_str(indent);
            out.push_str(rest);
        } else if let Some(rest) = bare.strip_prefix("##") {
            out.push_str(indent);
            out.push('#');
            out.push_str(rest);
        } else {
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_an_info_string_are_read() {
        assert_eq!(Wants::read("text,run"), None);
        let wants =
            Wants::read("rust,run,name=x,edition2021,compile_fail,E0382, dep=rand").unwrap_or_default();
        let expect = Wants {
            run: true,
            compile_fail: true,
            codes: vec!["E0382".to_owned()],
            edition: Some("2021".to_owned()),
            name: Some("x".to_owned()),
            dependencies: vec!["rand".to_owned()],
            ..Wants::default()
        };
        assert_eq!(wants, expect);
        assert_eq!(Wants::read("rust,run,rnu").unwrap_or_default().unknown, ["rnu"]);
        assert!(Wants::read("rust,ignore").is_some_and(|wants| wants.ignore && !wants.run));
    }

    #[test]
    fn hidden_lines_are_compiled_and_not_shown() {
        let code = "# use std::fmt;\nfn main() {\n    # let hidden = 1;\n    ##[allow(unused)]\n#\n}\n";
        let shown = without_hidden(code);
        assert_eq!(shown.text, "fn main() {\n    #[allow(unused)]\n}\n");
        assert_eq!(shown.lines, [2, 4, 6]);
        assert_eq!(
            unhidden(code),
            "use std::fmt;\nfn main() {\n    let hidden = 1;\n    #[allow(unused)]\n\n}\n"
        );
    }
}
