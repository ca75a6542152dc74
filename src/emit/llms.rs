//! `llms.txt` (llmstxt.org): the site's Markdown pages as one list.

use std::fmt::Write as _;

use super::markdown_path;
use crate::config::Config;
use crate::model::book::Book;
use crate::model::site::{Page, SitePath};

/// The list: guides with their number of questions, then other pages.
pub(super) fn write(book: &Book, pages: &[Page], config: &Config) -> String {
    let mut out = format!("# {}\n", one_line(&config.book.title));
    if !config.book.description.is_empty() {
        let _ = write!(out, "\n> {}\n", one_line(&config.book.description));
    }
    let published = |path: &SitePath| {
        pages
            .iter()
            .any(|page| page.path == *path && page.markdown.is_some())
    };
    if !book.guides.is_empty() {
        out.push_str("\n## Guides\n\n");
    }
    for (index, guide) in book.guides.iter().enumerate() {
        for (at, page) in guide.pages.iter().enumerate() {
            if !published(&page.path) {
                continue;
            }
            let about = if at == 0 {
                let questions = guide.questions(index).count();
                let noun = if questions == 1 { "question" } else { "questions" };
                format!("{questions} {noun}. {}", guide.description)
            } else {
                page.document.front.description.clone().unwrap_or_default()
            };
            push_item(&mut out, &page.title, &page.path, &about);
        }
    }
    if book.pages.iter().any(|page| published(&page.path)) {
        out.push_str("\n## Pages\n\n");
    }
    for page in book.pages.iter().filter(|page| published(&page.path)) {
        let about = page.document.front.description.as_deref().unwrap_or_default();
        push_item(&mut out, &page.title, &page.path, about);
    }
    out
}

fn push_item(out: &mut String, title: &str, path: &SitePath, about: &str) {
    let Some(root) = SitePath::new("llms.txt").ok() else {
        return;
    };
    let Some(markdown) = markdown_path(path) else {
        return;
    };
    let title = one_line(title).replace('[', "\\[").replace(']', "\\]");
    let _ = write!(out, "- [{title}]({})", root.relative(&markdown, true));
    let about = one_line(about);
    if about.is_empty() {
        out.push('\n');
    } else {
        let _ = writeln!(out, ": {about}");
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
