//! The views of a guide's page: sections, questions, the parts of answers in their layout.

use super::RenderRequest;
use super::context::PageContext;
use super::exhibit;
use super::head::{About, Asked, guide_json, sentence};
use super::html::Writer;
use super::markdown::markdown_path;
use super::site_view::{level_view, practice_path};
use super::view::{
    FactsView, GuideView, LinkView, OutcomeView, PartGroupView, PartView, QuestionView, SectionView, TagView,
};
use crate::diagnostic::Diagnostic;

use crate::model::book::{Guide, GuidePage, QuestionKey};
use crate::model::document::{Block, BlockKind, Inline, InlineKind, plain_text};
use crate::model::guide::{AnswerPart, Question, Role};
use crate::model::site::{Html, encode};
use crate::model::snippet::Status;

/// A guide page's views.
pub(super) struct GuidePageViews {
    pub(super) guide: GuideView,
    pub(super) about: About,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Where a guide's page stands in the book.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) guide_index: usize,
    pub(super) guide: &'a Guide,
    pub(super) page_index: usize,
    pub(super) page: &'a GuidePage,
    pub(super) practice: bool,
}

pub(super) fn views<'a>(
    request: &RenderRequest<'a>,
    page: &'a PageContext<'a>,
    at: At<'a>,
) -> GuidePageViews {
    let document = &at.page.document;
    let mut writer = Writer::new(page, document);
    let has_sections = document.sections.iter().any(|section| !section.title.is_empty());
    let question_heading: u8 = if has_sections { 3 } else { 2 };
    // A heading directly below a question becomes one level below the question's.
    let level = request.config.guide.question_level;
    writer.heading_shift = question_heading as i8 - level as i8;
    let title = match &document.title {
        Some(title) if document.front.title.is_none() => writer.inlines(&title.content),
        _ => Html::trusted(super::html::escaped(&at.page.title)),
    };
    let intro = writer.blocks(&document.intro);
    let mut number = at.page.first_number;
    let mut sections = Vec::new();
    let mut asked = Vec::new();
    for (section_index, section) in document.sections.iter().enumerate() {
        let title = writer.inlines(&section.title);
        let intro = writer.blocks(&section.intro);
        let mut questions = Vec::new();
        for (question_index, question) in section.questions.iter().enumerate() {
            let key = QuestionKey {
                guide: at.guide_index,
                page: at.page_index,
                section: section_index,
                question: question_index,
            };
            asked.push(Asked {
                name: plain_text(&question.title),
                id: question.id.clone(),
                answer: short_text(question),
            });
            questions.push(question_view(
                request,
                &mut writer,
                question,
                Some((key, number, at.guide)),
            ));
            number += 1;
        }
        sections.push(SectionView {
            id: if section.title.is_empty() {
                String::new()
            } else {
                section.id.clone()
            },
            title: title.into(),
            title_text: plain_text(&section.title),
            intro: intro.into(),
            questions,
        });
    }
    let footnotes = writer.footnote_section();
    let lead = document.front.description.clone().unwrap_or_default();
    let facts = facts(request, at.page);
    let crumbs = crumbs(request, page, at);
    let path_crumbs: Vec<(String, String)> = crumbs
        .iter()
        .zip([
            String::new(),
            at.guide.path().url().to_owned(),
            at.page.path.url().to_owned(),
        ])
        .map(|(crumb, path)| (crumb.title.clone(), path))
        .collect();
    let about = About {
        title: if at.practice {
            format!("Practice: {}", at.page.title)
        } else {
            at.page.title.clone()
        },
        description: if lead.is_empty() {
            at.guide.description.clone()
        } else {
            lead.clone()
        },
        noindex: at.practice,
        canonical: Some(at.page.path.url().to_owned()),
        markdown: markdown_path(&at.page.path).map(|path| page.url(&path)),
        kind: "article",
        json_ld: if at.practice {
            None
        } else {
            guide_json(page, &at.page.title, &asked, &path_crumbs)
        },
    };
    let (previous, next) = neighbours(request, page, at);
    let guide = GuideView {
        letter: at.guide.letter.clone(),
        title: title.into(),
        title_text: at.page.title.clone(),
        title_id: at.page.document.title_id().to_owned(),
        lead,
        crumbs,
        practice: practice_path(&at.page.path)
            .filter(|_| facts.questions > 0)
            .map(|path| page.url(&path)),
        facts,
        reading: page.url(&at.page.path),
        markdown: about.markdown.clone().unwrap_or_default(),
        edit: edit_url(request, &document.path),
        pages: section_pages(page, at),
        intro: intro.into(),
        sections,
        has_sections,
        question_heading,
        footnotes: footnotes.into(),
        previous,
        next,
        authors: document.front.authors.clone(),
        updated: document
            .front
            .updated
            .clone()
            .or_else(|| document.front.date.clone()),
    };
    GuidePageViews {
        guide,
        about,
        diagnostics: writer.diagnostics,
    }
}

/// The address at which a source file can be edited.
pub(super) fn edit_url(request: &RenderRequest<'_>, path: &str) -> Option<String> {
    let template = request.config.html.edit_url_template.as_ref()?;
    Some(template.replace("{path}", &encode(path)))
}

fn section_pages(page: &PageContext<'_>, at: At<'_>) -> Vec<LinkView> {
    if at.guide.pages.len() < 2 {
        return Vec::new();
    }
    at.guide
        .pages
        .iter()
        .map(|own| LinkView {
            href: page.url(&own.path),
            title: own.title.clone(),
            mark: String::new(),
            current: own.path == at.page.path,
        })
        .collect()
}

fn crumbs(request: &RenderRequest<'_>, page: &PageContext<'_>, at: At<'_>) -> Vec<LinkView> {
    let link = |href: String, title: &str, current: bool| LinkView {
        href,
        title: title.to_owned(),
        mark: String::new(),
        current,
    };
    let mut crumbs = vec![
        link(page.to(""), &request.config.book.title, false),
        link(
            page.url(at.guide.path()),
            &at.guide.title,
            at.page_index == 0 && !at.practice,
        ),
    ];
    if at.page_index > 0 {
        crumbs.push(link(page.url(&at.page.path), &at.page.title, !at.practice));
    }
    if at.practice {
        crumbs.push(link(page.url(&page.path), "Practice", true));
    }
    crumbs
}

fn neighbours(
    request: &RenderRequest<'_>,
    page: &PageContext<'_>,
    at: At<'_>,
) -> (Option<LinkView>, Option<LinkView>) {
    let all: Vec<(&Guide, &GuidePage)> = request
        .book
        .guides
        .iter()
        .flat_map(|guide| guide.pages.iter().map(move |page| (guide, page)))
        .collect();
    let Some(here) = all.iter().position(|(_, other)| other.path == at.page.path) else {
        return (None, None);
    };
    let link = |(guide, other): &(&Guide, &GuidePage)| {
        let target = if at.practice {
            practice_path(&other.path)
        } else {
            Some(other.path.clone())
        };
        LinkView {
            href: target.map_or_else(String::new, |path| page.url(&path)),
            title: other.title.clone(),
            mark: guide.letter.clone(),
            current: false,
        }
    };
    let reachable =
        |pair: &&(&Guide, &GuidePage)| !at.practice || pair.1.document.questions().next().is_some();
    let previous = here
        .checked_sub(1)
        .and_then(|before| all.get(before))
        .filter(reachable)
        .map(link);
    (previous, all.get(here + 1).filter(reachable).map(link))
}

/// What a page holds, counted.
fn facts(request: &RenderRequest<'_>, page: &GuidePage) -> FactsView {
    let document = &page.document;
    let mut slugs: Vec<&str> = document
        .snippets()
        .iter()
        .map(|snippet| snippet.slug.as_str())
        .collect();
    let inline = request.book.inline.iter();
    slugs.extend(
        inline
            .filter(|(span, _)| span.file == document.file)
            .map(|(_, slug)| slug.as_str()),
    );
    slugs.sort_unstable();
    slugs.dedup();
    let verified = slugs
        .iter()
        .filter(|slug| {
            request
                .proofs
                .snippets
                .get(**slug)
                .is_some_and(|proof| proof.status == Status::Verified)
        })
        .count();
    let questions: Vec<&Question> = document
        .sections
        .iter()
        .flat_map(|section| &section.questions)
        .collect();
    let named: u32 = questions.iter().filter_map(|question| question.minutes).sum();
    let words = request.sources.get(document.file).text.split_whitespace().count();
    let minutes = if named > 0 {
        named as usize
    } else {
        words.div_ceil(200)
    };
    FactsView {
        questions: questions.len(),
        verified,
        snippets: slugs.len(),
        minutes: minutes.max(1),
    }
}

/// How a question's first snippet ends.
pub(super) fn question_outcome(request: &RenderRequest<'_>, question: &Question) -> Option<OutcomeView> {
    let snippets = question.snippets();
    let first = snippets.first()?;
    Some(exhibit::outcome(
        request.book.snippets.get(&first.slug),
        request.proofs.snippets.get(&first.slug),
    ))
}

/// A question's short answer as plain text: its TL;DR, else the first sentence of the answer.
pub(super) fn short_text(question: &Question) -> String {
    let from_tldr = question
        .tldr()
        .and_then(first_paragraph)
        .map(|content| plain_text(content));
    from_tldr.unwrap_or_else(|| {
        let first = question
            .parts
            .first()
            .and_then(first_paragraph)
            .map(|content| plain_text(content))
            .unwrap_or_default();
        let end = sentence_end(&first).unwrap_or(first.len());
        sentence(&first[..end], 300)
    })
}

fn first_paragraph(part: &AnswerPart) -> Option<&Vec<Inline>> {
    part.blocks.iter().find_map(|block| match &block.kind {
        BlockKind::Paragraph(content) => Some(content),
        _ => None,
    })
}

/// The view of a question; of a follow-up without a place.
fn question_view<'a>(
    request: &RenderRequest<'a>,
    writer: &mut Writer<'a>,
    question: &'a Question,
    place: Option<(QuestionKey, usize, &'a Guide)>,
) -> QuestionView {
    let title = writer.inlines(&question.title);
    let short = short_html(writer, question);
    let groups = groups(writer, question);
    let follow_ups = question
        .follow_ups
        .iter()
        .map(|follow_up| question_view(request, writer, follow_up, None))
        .collect();
    let page = writer.page;
    let base = request.config.html.site_url.clone().unwrap_or_default();
    let (number, mark) = place.map_or_else(Default::default, |(_, number, guide)| {
        (format!("{number:02}"), format!("{}{number:02}", guide.letter))
    });
    let related = place
        .and_then(|(key, ..)| request.book.related.get(&key))
        .into_iter()
        .flatten()
        .map(|&key| related_link(request, page, key))
        .collect();
    QuestionView {
        number,
        mark,
        id: question.id.clone(),
        title: title.into(),
        title_text: plain_text(&question.title),
        level: question.level.map(level_view),
        tags: if place.is_some() {
            tags(page, &question.tags)
        } else {
            Vec::new()
        },
        minutes: question.minutes,
        outcome: question_outcome(request, question),
        short,
        groups,
        follow_ups,
        related,
        edit: None,
        permalink: format!("{base}{}#{}", encode(page.path.url()), encode(&question.id)),
    }
}

pub(super) fn tags(page: &PageContext<'_>, tags: &[String]) -> Vec<TagView> {
    tags.iter()
        .map(|tag| TagView {
            name: tag.clone(),
            href: format!(
                "{}?tag={}",
                page.to("questions/"),
                encode(tag).replace('&', "%26").replace('+', "%2B")
            ),
        })
        .collect()
}

fn related_link(request: &RenderRequest<'_>, page: &PageContext<'_>, key: QuestionKey) -> LinkView {
    let other = request.book.question(key);
    let fragment = encode(&other.question.id);
    LinkView {
        href: if other.page.path == page.path {
            format!("#{fragment}")
        } else {
            format!("{}#{fragment}", page.url(&other.page.path))
        },
        title: plain_text(&other.question.title),
        mark: format!("{}{:02}", other.guide.letter, other.number),
        current: false,
    }
}

/// The short answer with its first sentence marked.
fn short_html<'a>(writer: &mut Writer<'a>, question: &'a Question) -> Option<super::view::Markup> {
    let content = question.tldr().and_then(first_paragraph)?;
    let mut out = String::from("<mark>");
    let mut marked = false;
    for (index, inline) in content.iter().enumerate() {
        if !marked
            && let InlineKind::Text(text) = &inline.kind
            && let Some(end) = sentence_end(text)
        {
            super::html::push_escaped(&text[..end], &mut out);
            out.push_str("</mark>");
            super::html::push_escaped(&text[end..], &mut out);
            marked = true;
            continue;
        }
        writer.push_inlines(&content[index..=index], &mut out);
    }
    if !marked {
        out.push_str("</mark>");
    }
    Some(Html::trusted(out).into())
}

/// The byte offset after the first sentence, if the text goes on.
fn sentence_end(text: &str) -> Option<usize> {
    text.char_indices()
        .filter(|(_, c)| matches!(c, '.' | '!' | '?' | '。'))
        .map(|(at, c)| at + c.len_utf8())
        .find(|&end| {
            let rest = &text[end..];
            let next = rest.trim_start().chars().next();
            let parted = rest.starts_with(char::is_whitespace) || text[..end].ends_with('。');
            let abbreviation = ["e.g.", "i.e.", "vs.", "etc."]
                .iter()
                .any(|short| text[..end].ends_with(short));
            parted && !abbreviation && next.is_some_and(|c| !c.is_lowercase())
        })
}

/// The parts of an answer but its short one, those that belong together side by side.
fn groups<'a>(writer: &mut Writer<'a>, question: &'a Question) -> Vec<PartGroupView> {
    let mut groups: Vec<PartGroupView> = Vec::new();
    for part in &question.parts {
        // Related questions are shown as links of their own, both ways.
        if part.role == Role::Related && only_resolved_list(writer, &part.blocks) {
            continue;
        }
        let blocks: &'a [Block] = if part.role == Role::Tldr && first_paragraph(part).is_some() {
            let at = part
                .blocks
                .iter()
                .position(|block| matches!(block.kind, BlockKind::Paragraph(_)));
            &part.blocks[at.map_or(0, |at| at + 1)..]
        } else {
            &part.blocks
        };
        if blocks.is_empty() {
            continue;
        }
        let layout = match part.role {
            Role::Situation | Role::Task | Role::Action | Role::Result => "star",
            Role::Weak | Role::Strong => "contrast",
            _ => "plain",
        };
        let label = match part.role {
            Role::Tldr => String::new(),
            Role::Answer if part.label == "Answer" => String::new(),
            _ => part.label.clone(),
        };
        let view = PartView {
            role: part.role.as_str().to_owned(),
            label,
            body: writer.blocks(blocks).into(),
        };
        match groups.last_mut() {
            Some(group) if group.layout == layout && layout != "plain" => group.parts.push(view),
            _ => groups.push(PartGroupView {
                layout,
                parts: vec![view],
            }),
        }
    }
    groups
}

/// Whether a part is nothing but a list of links to questions, so that the list of related ones says it all.
fn only_resolved_list(writer: &Writer<'_>, blocks: &[Block]) -> bool {
    let links = &writer.page.book.links;
    !blocks.is_empty()
        && blocks.iter().all(|block| match &block.kind {
            BlockKind::List(list) => {
                list.items
                    .iter()
                    .flat_map(|item| &item.blocks)
                    .all(|block| match &block.kind {
                        BlockKind::Paragraph(content) => content.iter().all(|inline| match &inline.kind {
                            InlineKind::Link { .. } => matches!(
                                links.get(&inline.span),
                                Some(crate::model::book::ResolvedLink::Page {
                                    question: Some(_),
                                    ..
                                })
                            ),
                            InlineKind::Text(text) => text.trim().is_empty(),
                            InlineKind::SoftBreak => true,
                            _ => false,
                        }),
                        _ => false,
                    })
            }
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::sentence_end;

    #[test]
    fn sentences_end_where_a_reader_would_say() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(sentence_end(text).map(|end| &text[..end]), expect);
        };
        check("It is 1.5 ms. Then more.", Some("It is 1.5 ms."));
        check("Use e.g. Redis. Or not.", Some("Use e.g. Redis."));
        check("One sentence.", None);
        check("Really? Yes.", Some("Really?"));
    }
}
