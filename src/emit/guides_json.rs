//! `guides.json`: the whole content as data, in the schema that `import` prints too.

use crate::model::book::{Book, Guide};
use crate::schema::{self, GuideJson, Root};
use crate::source::{Sources, Span};

/// The file's text.
pub(super) fn write(book: &Book, sources: &Sources) -> String {
    let root = Root {
        version: 1,
        guides: book
            .guides
            .iter()
            .map(|guide| guide_json(guide, sources))
            .collect(),
        dropped: None,
        repairs: None,
    };
    let mut text = serde_json::to_string_pretty(&root).unwrap_or_default();
    text.push('\n');
    text
}

fn guide_json(guide: &Guide, sources: &Sources) -> GuideJson {
    let first = &guide.pages[0].document;
    let place = |span: Span| {
        let place = sources.locate(span);
        (sources.get(place.file).path.clone(), place.line)
    };
    let mut sections = Vec::new();
    for (index, page) in guide.pages.iter().enumerate() {
        let source = sources.get(page.document.file);
        // A section file without `##` headings is one section that bears the file's title.
        for section in &page.document.sections {
            let mut json = schema::section(section, source, &place);
            if index > 0 && json.title.is_empty() {
                json.title.clone_from(&page.title);
                json.intro = schema::slice(&page.document.intro, source);
            }
            sections.push(json);
        }
    }
    GuideJson {
        id: guide.id.clone(),
        title: guide.title.clone(),
        file: first.path.clone(),
        intro: schema::slice(&first.intro, sources.get(first.file)),
        sections,
    }
}
