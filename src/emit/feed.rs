//! `feed.xml`: an Atom feed (RFC 4287) of the dated pages, newest first.

use std::fmt::Write as _;

use super::escape_xml;
use crate::config::Config;
use crate::model::site::{Page, encode};

/// RFC 4287 §4.2.15 wants a time even of a feed without dated pages, and a build knows no clock.
const NEVER: &str = "1970-01-01T00:00:00Z";

/// The feed, for sites that know their address.
pub(super) fn write(pages: &[Page], config: &Config) -> Option<String> {
    let base = escape_xml(config.html.site_url.as_ref()?);
    let mut dated: Vec<(String, &Page)> = pages
        .iter()
        .filter(|page| page.indexed)
        .filter_map(|page| Some((timestamp(page.updated.as_ref()?), page)))
        .collect();
    dated.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.path.cmp(&b.1.path)));
    let newest = dated.first().map_or(NEVER, |(updated, _)| updated);
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"{}\">\n\
         <title>{}</title>\n<id>{base}</id>\n<link href=\"{base}\"/>\n<link rel=\"self\" href=\"{base}feed.xml\"/>\n\
         <updated>{newest}</updated>\n",
        escape_xml(&config.book.language),
        escape_xml(&config.book.title),
    );
    let anonymous = [config.book.title.clone()];
    let authors: &[String] = if config.book.authors.is_empty() {
        &anonymous
    } else {
        &config.book.authors
    };
    for author in authors {
        let _ = writeln!(out, "<author><name>{}</name></author>", escape_xml(author));
    }
    for (updated, page) in dated {
        let url = format!("{base}{}", encode(page.path.url()));
        let _ = writeln!(
            out,
            "<entry><title>{}</title><id>{url}</id><link href=\"{url}\"/><updated>{updated}</updated><summary>{}</summary></entry>",
            escape_xml(&page.title),
            escape_xml(&page.description),
        );
    }
    out.push_str("</feed>\n");
    Some(out)
}

/// A front-matter date as RFC 3339 date and time.
fn timestamp(date: &str) -> String {
    if date.len() == "2026-01-02".len() {
        format!("{date}T00:00:00Z")
    } else {
        date.to_owned()
    }
}
