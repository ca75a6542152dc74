//! Links out of the site, asked over the network: only on demand, never by a build.
//!
//! [`ExternalLink`]s in, diagnostics out. `policy` decides what may be asked, `queue` in which order and how often,
//! `fetch` asks, `cache` keeps good answers. *Nothing else in the crate opens a connection.*

mod cache;
mod fetch;
mod policy;
mod queue;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::SystemTime;

use url::Url;

use self::cache::Cache;
use self::fetch::{Bad, Client, Ids, Visit};
use self::policy::Policy;
use crate::config::links::LinksConfig;
use crate::diagnostic::{Diagnostic, Severity, Staged, codes};
use crate::error::Error;
use crate::model::book::ExternalLink;
use crate::source::{Sources, Span};
use crate::system::System;

/// What to ask.
#[derive(Clone, Copy, Debug)]
pub struct ExternalRequest<'a> {
    /// The links.
    pub links: &'a [ExternalLink],
    /// All files.
    pub sources: &'a Sources,
    /// `[check.links]`
    pub config: &'a LinksConfig,
    /// The file that keeps good answers.
    pub cache: &'a Path,
    /// The present time, for the age of what is kept.
    pub now: SystemTime,
}

/// How much was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Addresses that were asked.
    pub asked: usize,
    /// Addresses whose answer was kept from an earlier run.
    pub cached: usize,
    /// Addresses that the configuration excludes.
    pub excluded: usize,
}

/// All links to one address.
#[derive(Debug, Default)]
struct Uses<'a> {
    links: Vec<&'a ExternalLink>,
    /// Ids that the links lead to.
    ids: BTreeSet<String>,
}

/// Asks every address once and tells of those that are broken, moved, or lack an anchor.
///
/// # Errors
/// If what is kept between runs cannot be written.
pub fn check(sys: &dyn System, request: &ExternalRequest<'_>) -> Result<Staged<Asked>, Error> {
    let config = request.config;
    let policy = Policy::new(config);
    let mut asked = Asked::default();
    let mut found = Vec::new();
    let mut targets: BTreeMap<Url, Uses<'_>> = BTreeMap::new();
    for link in request.links {
        let path = &request.sources.get(link.span.file).path;
        if config.offline || policy.excludes(&link.url, path) {
            asked.excluded += 1;
            continue;
        }
        match Url::parse(&policy.remapped(&link.url)) {
            Ok(mut url) => {
                let id = url.fragment().and_then(anchor);
                url.set_fragment(None);
                let uses = targets.entry(url).or_default();
                uses.links.push(link);
                uses.ids.extend(id.filter(|_| config.include_fragments));
            }
            Err(error) => found.push(
                Diagnostic::new(
                    codes::LINK_BROKEN_EXTERNAL,
                    format!("`{}` is no address: {error}", link.url),
                )
                .at(link.span)
                .help("write it as in `https://example.org/page`"),
            ),
        }
    }

    let mut cache = if config.cache {
        Cache::read(sys, request.cache, request.now, config.max_cache_age)
    } else {
        Cache::default()
    };
    let mut open: Vec<(Url, BTreeSet<String>)> = Vec::new();
    for (url, uses) in &targets {
        if let Some(moved) = cache.answer(url, &uses.ids) {
            asked.cached += 1;
            found.extend(moved.iter().flat_map(|to| tell_moved(uses, to, request.sources)));
        } else {
            open.push((url.clone(), uses.ids.clone()));
        }
    }
    asked.asked = open.len();
    let client = Client::new(config, policy.ranges());
    for (url, visit) in queue::run(open, config, &|url, ids, pause| client.visit(url, ids, pause)) {
        let Some(uses) = targets.get(&url) else { continue };
        if let Ok(good) = &visit
            && uses.ids.iter().all(|id| good.ids.has(id))
        {
            cache.keep(&url, good.moved.as_ref(), &uses.ids, request.now);
        }
        found.extend(tell(uses, &visit, request.sources));
    }
    if config.cache && asked.asked > 0 {
        cache
            .write(sys, request.cache)
            .map_err(Error::io("keep answers in", request.cache))?;
    }
    Ok(Staged::new(asked, found))
}

/// The element that a fragment names; `None` for text directives, views and the states of scripts, which name none.
fn anchor(fragment: &str) -> Option<String> {
    let id = fragment.split(":~:").next().unwrap_or_default();
    let script = id.starts_with(['/', '!', '?']) || id.contains(['=', '&', '(']);
    let line = id.strip_prefix('L').is_some_and(|rest| {
        rest.split("-L")
            .all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    });
    let none = id.is_empty() || id.eq_ignore_ascii_case("top") || script || line;
    (!none).then(|| crate::model::site::decode(id).into_owned())
}

fn tell(uses: &Uses<'_>, visit: &Visit, sources: &Sources) -> Vec<Diagnostic> {
    let good = match visit {
        Ok(good) => good,
        Err(bad) => return uses.links.iter().map(|link| tell_bad(link, bad)).collect(),
    };
    let mut found: Vec<Diagnostic> = good
        .moved
        .iter()
        .flat_map(|to| tell_moved(uses, to, sources))
        .collect();
    for link in &uses.links {
        let id = link
            .url
            .split_once('#')
            .and_then(|(_, fragment)| anchor(fragment));
        let Some(id) = id.filter(|id| uses.ids.contains(id) && !good.ids.has(id)) else {
            continue;
        };
        let diagnostic = Diagnostic::new(
            codes::LINK_EXTERNAL_ANCHOR,
            format!(
                "`{}` leads to the anchor `{id}`, and that page has none",
                link.url
            ),
        )
        .at(link.span)
        .label("no such anchor");
        found.push(match &good.ids {
            // Beyond the cap the anchor may well exist.
            Ids::Some(_) => diagnostic
                .severity(Severity::Note)
                .help("only the beginning of the page was read, since it is very long"),
            Ids::All(ids) => diagnostic
                .help("correct the fragment; where scripts make the anchors, name the address in `exclude`")
                .suggest(&id, ids.iter().map(String::as_str)),
            Ids::Unknown => continue,
        });
    }
    found
}

fn tell_bad(link: &ExternalLink, bad: &Bad) -> Diagnostic {
    let diagnostic = Diagnostic::new(
        codes::LINK_BROKEN_EXTERNAL,
        format!("`{}` {}", link.url, bad.what),
    )
    .at(link.span);
    if bad.unclear {
        return diagnostic.severity(Severity::Note).help(
            "it could not be checked; try again later, or lower `host-concurrency` in `[check.links]`",
        );
    }
    diagnostic.help(
        bad.help
            .clone()
            .unwrap_or_else(|| "correct the address, or name it in `exclude` of `[check.links]`".to_owned()),
    )
}

/// What has moved for good, with the new address.
fn tell_moved(uses: &Uses<'_>, to: &str, sources: &Sources) -> Vec<Diagnostic> {
    uses.links
        .iter()
        .map(|link| {
            let fragment = link.url.split_once('#').map(|(_, fragment)| fragment);
            let new = match fragment {
                Some(fragment) if !to.contains('#') => format!("{to}#{fragment}"),
                _ => to.to_owned(),
            };
            let diagnostic = Diagnostic::new(
                codes::LINK_MOVED,
                format!("`{}` has moved to `{new}` for good", link.url),
            )
            .at(link.span)
            .label("works through a redirect")
            .help(format!("write `{new}`"));
            if written(link.span, sources) == Some(link.url.as_str()) {
                diagnostic.fix(link.span, new)
            } else {
                diagnostic
            }
        })
        .collect()
}

fn written(span: Span, sources: &Sources) -> Option<&str> {
    sources.get(span.file).text.get(span.range())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fragments_that_name_elements_are_looked_for() {
        let check = |fragment: &str, expect: Option<&str>| {
            assert_eq!(anchor(fragment).as_deref(), expect, "{fragment}");
        };
        check("borrowing", Some("borrowing"));
        check("ma%C3%9F", Some("maß"));
        check("x:~:text=y", Some("x"));
        for none in [
            "",
            "top",
            ":~:text=y",
            "/route",
            "!page",
            "L10",
            "L10-L20",
            "t=10",
            "svgView(1)",
        ] {
            check(none, None);
        }
        check("L", Some("L"));
        check("Loops", Some("Loops"));
    }
}
