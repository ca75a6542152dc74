//! Guides as authors write them.

use proptest::prelude::*;

use super::*;
use crate::model::document::{BlockKind, plain_text};
use crate::model::guide::{AnchorKind, Role};
use crate::source::{FileId, Sources};

fn parse(text: &str) -> (Document, Vec<String>) {
    parse_with(text, 3)
}

fn parse_with(text: &str, question_level: u8) -> (Document, Vec<String>) {
    let sources = Sources::new([("content/a.md".to_owned(), text.as_bytes().to_vec())]);
    let options = ParseOptions {
        question_level,
        parts: Vec::new(),
        kind: None,
    };
    let staged = parse_document(sources.get(FileId::new(0)), &options);
    let found = staged
        .diagnostics
        .iter()
        .map(|d| format!("{} {}", d.code, d.message))
        .collect();
    (staged.value, found)
}

/// The outline: sections, questions with parts, follow-ups.
fn outline(document: &Document) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for section in &document.sections {
        let _ = writeln!(out, "## {} [{}]", plain_text(&section.title), section.id);
        for question in &section.questions {
            let _ = writeln!(out, "### {} [{}]", plain_text(&question.title), question.id);
            for part in &question.parts {
                let _ = writeln!(
                    out,
                    "{}={} ({})",
                    part.label,
                    part.role.as_str(),
                    part.blocks.len()
                );
            }
            for follow_up in &question.follow_ups {
                let _ = writeln!(
                    out,
                    "#### {} [{}] {}",
                    plain_text(&follow_up.title),
                    follow_up.id,
                    follow_up.parts.len()
                );
            }
        }
    }
    out
}

#[test]
fn a_guide_has_sections_questions_parts_and_follow_ups() {
    let text = "---\ntags: [base]\nlevel: junior\n---\n# Title\n\nIntro.\n\n## One\n\nSection intro.\n\n\
        ### What is `x`? {#what-x level=senior tags=a,b minutes=5}\n\n**TL;DR:** It is.\n\nMore.\n\n\
        **How**: so\n**Why:** thus\n\n**Related:**\n\n- [y](#y)\n\n#### Follow-up: And *y*? {#y}\n\nYes.\n\n\
        ### Second\n\nPlain answer.\n\n#### Details\n\ntext\n";
    let (document, found) = parse(text);
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(document.kind, DocumentKind::Guide);
    assert_eq!(
        outline(&document),
        "## One [one]\n### What is x? [what-x]\nTL;DR=tldr (2)\nHow=how (1)\nWhy=why (1)\nRelated=related (1)\n\
         #### And y? [y] 1\n### Second [second]\nAnswer=answer (3)\n"
    );
    let question = &document.sections[0].questions[0];
    assert_eq!(
        question.level.map(crate::model::guide::QuestionLevel::as_str),
        Some("senior")
    );
    assert_eq!(question.tags, ["a", "b", "base"]);
    assert_eq!(question.minutes, Some(5));
    let body = &text[question.body_span.range()];
    assert!(
        body.starts_with("### What is") && body.ends_with("Yes."),
        "{body:?}"
    );
    let kinds: Vec<_> = document
        .anchors
        .iter()
        .map(|anchor| (anchor.id.as_str(), anchor.kind))
        .collect();
    assert!(kinds.contains(&("y", AnchorKind::ExplicitQuestion)), "{kinds:?}");
    assert!(kinds.contains(&("details", AnchorKind::Heading)), "{kinds:?}");
}

#[test]
fn question_level_two_has_one_section_without_title() {
    let (document, _) = parse_with("# T\n\n## Q1\n\na\n\n### Follow-up: more\n\nb\n\n## Q2\n\nc\n", 2);
    assert_eq!(
        outline(&document),
        "##  []\n### Q1 [q1]\nAnswer=answer (1)\n#### more [more] 1\n### Q2 [q2]\nAnswer=answer (1)\n"
            .replace("[more]", "[follow-up-more]")
    );
}

#[test]
fn a_file_without_questions_is_a_page() {
    let (document, _) = parse("# T\n\n## A\n\ntext\n\n## A\n");
    assert_eq!((document.kind, document.sections.len()), (DocumentKind::Page, 0));
    let ids: Vec<_> = document.anchors.iter().map(|anchor| anchor.id.as_str()).collect();
    assert_eq!(ids, ["t", "a", "a-1"]);
}

#[test]
fn explicit_ids_go_first_and_doubles_are_told() {
    let (document, found) = parse("### A\n\nx\n\n### B {#a}\n\ny\n\n<a id=\"z\"></a>\n\n### C {#z}\n\nz\n");
    let ids: Vec<_> = document
        .questions()
        .map(|question| question.id.as_str())
        .collect();
    assert_eq!(ids, ["a-1", "a", "z"]);
    assert_eq!(found, ["content/duplicate-id this page gives the id `z` twice"]);
}

#[test]
fn snippets_are_found_on_lines_of_their_own() {
    let (document, found) = parse(
        "### Q\n\n**How:** see\n{{#snippet a_b-c:x show=code title=\"it's \\\"fine\\\"\"}}\nafter\n\n- item\n\n  {{#snippet in-list}}\n\n\
         `{{#snippet no}}` and {{#snippet no}}\n\n\\{{#snippet no}}\n\n```\n{{#snippet no}}\n```\n",
    );
    let slugs: Vec<_> = document
        .snippets()
        .iter()
        .map(|snippet| snippet.slug.as_str())
        .collect();
    assert_eq!(slugs, ["a_b-c", "in-list"], "{found:?}");
    let part = &document.sections[0].questions[0].parts[0];
    assert!(matches!(part.blocks[1].kind, BlockKind::Snippet(_)));
    assert_eq!(part.blocks.len(), 7);
}

#[test]
fn faults_of_attributes_are_told() {
    let (_, found) = parse("### Q {#q level=seniro onclick=alert(1)}\n\na\n\n### Empty\n\n##### Deep\n");
    assert_eq!(
        found,
        [
            "content/heading-skip this heading of level 5 follows one of level 3",
            "config/invalid-value `seniro` is no level",
            "config/unknown-key headings here have no attribute `onclick`",
        ]
    );
    let (_, found) = parse("### Q\n\n#### Follow-up: x\n\ny\n");
    assert_eq!(found, ["content/empty-answer the question `Q` has no answer"]);
}

#[test]
fn links_and_images_are_noted_with_their_places() {
    let text = "[a](b.md#c) <https://x.example> ![ ](i.png)\n\n<img src=\"j.png\" srcset='k.png 2x'> <a href=l.md name=m>";
    let (document, found) = parse(text);
    let links: Vec<_> = document
        .links
        .iter()
        .map(|link| (link.destination.as_str(), &text[link.destination_span.range()]))
        .collect();
    let same: Vec<_> = links.iter().filter(|(a, b)| a == b).map(|(a, _)| *a).collect();
    assert_eq!(
        same,
        ["b.md#c", "https://x.example", "i.png", "j.png", "k.png", "l.md"]
    );
    assert_eq!(found, ["content/missing-alt this image has no alternative text"]);
    assert!(document.anchors.iter().any(|anchor| anchor.id == "m"));
}

#[test]
fn destinations_are_placed_in_every_form() {
    let check = |text: &str, expect: &[(&str, &str)]| {
        let (document, found) = parse(text);
        let links: Vec<_> = document
            .links
            .iter()
            .map(|link| (link.destination.as_str(), &text[link.destination_span.range()]))
            .collect();
        assert_eq!(links, expect, "{text}");
        assert_eq!(found, Vec::<String>::new(), "{text}");
    };
    check("[a [b] `](c)`](d.md)", &[("d.md", "d.md")]);
    check("[a](<d e.md> \"t\")", &[("d e.md", "d e.md")]);
    check("[a][B c]\n\n[b  C]: <d.md> 't'", &[("d.md", "d.md")]);
    check("[a](x\\_y.md)", &[("x_y.md", "x\\_y.md")]);
    check("<mail@a.example>", &[("mailto:mail@a.example", "mail@a.example")]);
    check("![alt [x](y.md)](z.png)", &[("z.png", "z.png")]);
    check(
        "> <img alt=''\n> src=\"a.png\">\n>\n> x <a\n> href='b'>",
        &[("a.png", "a.png"), ("b", "b")],
    );
    check("- <div>\n  <a\n  href=c.md>", &[("c.md", "c.md")]);
    check(
        "<!--\n\n<a href=d>\n\n-->\n\n<script>\n'<a href=e>'\n</script>",
        &[],
    );
    check("a[i][j] [x] [0][12] [](#) \\[a][bc] `[a][bc]`", &[("#", "#")]);
}

#[test]
fn what_nothing_defines_is_told() {
    let (_, found) = parse("### Q\n\n[a][retry] [retries][] ![b][img] [^note]\n\n[retri]: x.md\n");
    assert_eq!(
        found,
        [
            "link/missing-anchor there is no footnote `note`",
            "link/missing-file no definition says where `[retry]` leads",
            "link/missing-file no definition says where `[retries]` leads",
            "link/missing-file no definition says where `[img]` leads",
        ]
    );
}

#[test]
fn nesting_is_capped() {
    let (_, found) = parse(&format!("{}x", "> ".repeat(500)));
    assert_eq!(
        found,
        ["content/too-deep this is nested more than 100 levels deep"]
    );
}

#[test]
fn admonitions_tables_tasks_and_definitions_are_kept() {
    let (document, _) = parse(
        "> [!WARNING]\n> Care.\n\n| a | b |\n|--:|---|\n| 1 | 2 |\n\n- [x] done\n\nterm\n: meaning\n\nx[^1]\n\n[^1]: note\n",
    );
    let kinds: Vec<_> = document
        .intro
        .iter()
        .map(|block| match &block.kind {
            BlockKind::Admonition { .. } => "admonition",
            BlockKind::Table(table) if table.rows.len() == 1 => "table",
            BlockKind::List(list) if list.items[0].task == Some(true) => "tasks",
            BlockKind::Definitions(definitions) if definitions[0].bodies.len() == 1 => "definitions",
            BlockKind::Paragraph(_) => "paragraph",
            _ => "?",
        })
        .collect();
    assert_eq!(
        kinds,
        ["admonition", "table", "tasks", "definitions", "paragraph"]
    );
    assert_eq!(document.footnotes.len(), 1);
}

#[test]
fn configured_labels_go_before_the_built_in_ones() {
    let sources = Sources::new([(
        "content/a.md".to_owned(),
        b"### Q\n\n**Fix (Rust):** x\n".to_vec(),
    )]);
    let options = ParseOptions {
        question_level: 3,
        parts: vec![PartLabel {
            label: "fix".to_owned(),
            role: "tldr".to_owned(),
        }],
        kind: None,
    };
    let document = parse_document(sources.get(FileId::new(0)), &options).value;
    let part = &document.sections[0].questions[0].parts[0];
    assert_eq!((part.label.as_str(), &part.role), ("Fix (Rust)", &Role::Tldr));
}

proptest! {
    #[test]
    fn any_text_is_parsed_and_all_places_lie_in_it(text in "(?s)([#>*`~|: \\n\\[\\](){}<>a-zé-]|---\n|\\*\\*x:\\*\\*|\\{\\{#snippet x\\}\\}|### |- ){0,60}") {
        let (document, _) = parse(&text);
        for anchor in &document.anchors {
            prop_assert!(text.get(anchor.span.range()).is_some());
        }
        for link in &document.links {
            prop_assert!(text.get(link.destination_span.range()).is_some());
        }
        for question in document.questions() {
            prop_assert!(text.get(question.body_span.range()).is_some());
            for part in &question.parts {
                prop_assert!(text.get(part.span.range()).is_some(), "{:?}", part.span);
            }
        }
    }
}
