//! `sitemap.xml` (sitemaps.org protocol 0.9) and `robots.txt` (RFC 9309).

use std::fmt::Write as _;

use super::escape_xml;
use crate::config::Config;
use crate::model::site::{Page, encode};

/// The site map, for sites that know their address.
pub(super) fn write(pages: &[Page], config: &Config) -> Option<String> {
    let base = config.html.site_url.as_ref()?;
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    for page in pages.iter().filter(|page| page.indexed) {
        let _ = write!(
            out,
            "<url><loc>{}{}</loc>",
            escape_xml(base),
            encode(page.path.url())
        );
        if let Some(updated) = &page.updated {
            let _ = write!(out, "<lastmod>{}</lastmod>", escape_xml(updated));
        }
        out.push_str("</url>\n");
    }
    out.push_str("</urlset>\n");
    Some(out)
}

/// The file for crawlers: everything is allowed.
pub(super) fn robots(config: &Config) -> String {
    let mut out = String::from("User-agent: *\nAllow: /\n");
    if let Some(base) = &config.html.site_url {
        let _ = writeln!(out, "\nSitemap: {base}sitemap.xml");
    }
    out
}
