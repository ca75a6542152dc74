//! minijinja, with escaping always on and every fault a diagnostic.
//!
//! The built-in templates are always there as `default/<name>`. A site's `themes/<theme>/templates/<name>` goes
//! before them; it may extend `default/<name>` and give single blocks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value};
use regex::Regex;
use serde::Serialize;

use super::html::escaped;
use super::theme::Theme;
use crate::diagnostic::{Diagnostic, codes, nearest};
use crate::source::{FileId, Span};

/// The templates of a site, ready to render.
pub(super) struct Templates<'a> {
    environment: Environment<'a>,
    theme: &'a Theme,
}

static EXTENDS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"\{%-?\+?\s*extends\s+["']([^"']+)["']"#).ok());
static BLOCK: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\{%[-+]?\s*block\s+([A-Za-z_][A-Za-z0-9_]*)").ok());

impl<'a> Templates<'a> {
    /// Prepares the templates; those that do not parse are told.
    pub(super) fn new(theme: &'a Theme, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::Html);
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.set_debug(true);
        environment.set_formatter(|out, _, value| {
            if value.is_undefined() || value.is_none() {
                return Ok(());
            }
            if value.is_safe() {
                return out
                    .write_str(value.as_str().unwrap_or_default())
                    .map_err(Error::from);
            }
            match value.as_str() {
                Some(text) => out.write_str(&escaped(text)),
                None => out.write_str(&escaped(&value.to_string())),
            }
            .map_err(Error::from)
        });
        let mut templates = Self { environment, theme };
        let mut sources: BTreeMap<String, &'a str> = BTreeMap::new();
        for (name, text) in &theme.embedded {
            sources.insert(format!("default/{name}"), text);
            sources.insert((*name).to_owned(), text);
        }
        for (name, (_, text)) in &theme.own {
            sources.insert(name.clone(), text);
        }
        for (name, text) in sources {
            if let Err(error) = templates.environment.add_template_owned(name.clone(), text) {
                diagnostics.push(templates.diagnostic(&name, &error));
            }
        }
        templates.check_blocks(diagnostics);
        templates
    }

    /// Renders a template.
    pub(super) fn render<C: Serialize>(&self, name: &str, context: &C) -> Result<String, Box<Diagnostic>> {
        let template = self
            .environment
            .get_template(name)
            .map_err(|error| Box::new(self.diagnostic(name, &error)))?;
        template
            .render(Value::from(minijinja::value::Serde(context)))
            .map_err(|error| Box::new(self.diagnostic(name, &error)))
    }

    fn diagnostic(&self, name: &str, error: &Error) -> Diagnostic {
        let mut cause = error;
        while let Some(inner) =
            std::error::Error::source(cause).and_then(|inner| inner.downcast_ref::<Error>())
        {
            cause = inner;
        }
        let at = cause.name().unwrap_or(name);
        let what = cause
            .detail()
            .map_or_else(|| cause.kind().to_string(), str::to_owned);
        let diagnostic = if cause.kind() == ErrorKind::TemplateNotFound {
            let known: Vec<&str> = self
                .environment
                .templates()
                .map(|(name, _)| name)
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect();
            let wanted = what.split('"').nth(1).unwrap_or_default().to_owned();
            Diagnostic::new(codes::THEME_MISSING_TEMPLATE, format!("template `{at}`: {what}"))
                .help("built-in templates are named `default/<name>`")
                .suggest(&wanted, known)
        } else {
            Diagnostic::new(codes::THEME_SYNTAX, format!("template `{at}`: {what}"))
                .help("the templates are minijinja's, close to Jinja2")
        };
        match self.theme.own.get(at) {
            Some((file, text)) => diagnostic.at(place(*file, text, cause)),
            None => diagnostic.in_file(format!(
                "themes/default/templates/{}",
                at.trim_start_matches("default/")
            )),
        }
    }

    /// Reports blocks that the extended template does not have: minijinja would leave them out silently.
    fn check_blocks(&self, diagnostics: &mut Vec<Diagnostic>) {
        let (Some(extends), Some(block)) = (EXTENDS.as_ref(), BLOCK.as_ref()) else {
            return;
        };
        for (file, text) in self.theme.own.values() {
            let text = &without_comments(text);
            let Some(parent) = extends.captures(text).and_then(|found| found.get(1)) else {
                continue;
            };
            let mut known = BTreeSet::new();
            let mut next = Some(parent.as_str().to_owned());
            // A chain longer than this is a cycle, which rendering reports.
            for _ in 0..16 {
                let Some(name) = next.take() else { break };
                let Some(source) = self.source(&name).map(without_comments) else {
                    break;
                };
                known.extend(
                    block
                        .captures_iter(&source)
                        .filter_map(|found| Some(found.get(1)?.as_str().to_owned())),
                );
                next = extends
                    .captures(&source)
                    .and_then(|found| Some(found.get(1)?.as_str().to_owned()));
            }
            if known.is_empty() {
                continue;
            }
            let mut depth_names: Vec<(&str, std::ops::Range<usize>)> = Vec::new();
            for found in block.captures_iter(text).filter_map(|found| found.get(1)) {
                depth_names.push((found.as_str(), found.range()));
            }
            for (name, range) in outer_blocks(text, &depth_names) {
                if known.contains(name) {
                    continue;
                }
                let diagnostic = Diagnostic::new(
                    codes::THEME_UNKNOWN_BLOCK,
                    format!("`{}` has no block `{name}`", parent.as_str()),
                )
                .at(Span::new(*file, range))
                .label("this is never shown");
                diagnostics.push(match nearest(name, known.iter().map(String::as_str)) {
                    Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                    None => diagnostic.help(format!(
                        "blocks are {}",
                        known.iter().cloned().collect::<Vec<_>>().join(", ")
                    )),
                });
            }
        }
    }

    fn source(&self, name: &str) -> Option<&str> {
        match name.strip_prefix("default/") {
            Some(name) => self.theme.embedded.get(name).copied(),
            None => match self.theme.own.get(name) {
                Some((_, text)) => Some(text),
                None => self.theme.embedded.get(name).copied(),
            },
        }
    }
}

/// A template with its comments and raw stretches blanked out, so that offsets stay.
fn without_comments(text: &str) -> String {
    static HIDDEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?s)\{#.*?#\}|\{%[-+]?\s*raw\s*[-+]?%\}.*?\{%[-+]?\s*endraw\s*[-+]?%\}").ok()
    });
    match HIDDEN.as_ref() {
        Some(hidden) => hidden
            .replace_all(text, |found: &regex::Captures<'_>| " ".repeat(found[0].len()))
            .into_owned(),
        None => text.to_owned(),
    }
}

/// Blocks that stand in no other block: a block inside a new one of the same file is shown with it.
fn outer_blocks<'t>(
    text: &str,
    blocks: &[(&'t str, std::ops::Range<usize>)],
) -> Vec<(&'t str, std::ops::Range<usize>)> {
    let ends: Vec<usize> = text.match_indices("endblock").map(|(at, _)| at).collect();
    let mut outer = Vec::new();
    for (name, range) in blocks {
        let opened = blocks
            .iter()
            .filter(|(_, other)| other.start < range.start)
            .count();
        let closed = ends.iter().filter(|&&end| end < range.start).count();
        if opened == closed {
            outer.push((*name, range.clone()));
        }
    }
    outer
}

fn place(file: FileId, text: &str, error: &Error) -> Span {
    if let Some(range) = error.range().filter(|range| text.get(range.clone()).is_some()) {
        return Span::new(file, range);
    }
    let line = error.line().unwrap_or(1).max(1);
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    Span::new(file, start..end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;

    fn check(files: &[(&str, &str)], render: &str) -> (Option<String>, Vec<String>) {
        let sources = Sources::new(
            files
                .iter()
                .map(|(name, text)| (format!("themes/t/templates/{name}"), text.as_bytes().to_vec())),
        );
        let theme = Theme::load("t", &sources).value;
        let mut diagnostics = Vec::new();
        let templates = Templates::new(&theme, &mut diagnostics);
        let context = BTreeMap::from([("x", "<b>&\"'</b>")]);
        let text = match templates.render(render, &context) {
            Ok(text) => Some(text),
            Err(diagnostic) => {
                diagnostics.push(*diagnostic);
                None
            }
        };
        let found = diagnostics
            .iter()
            .map(|d| {
                let line = d.span.map(|span| sources.locate(span).line);
                format!("{} {line:?} {}", d.code, d.help.clone().unwrap_or_default())
            })
            .collect();
        (text, found)
    }

    #[test]
    fn text_is_escaped_whatever_the_name() {
        let (text, _) = check(&[("x.svg", "{{ x }}|{% if nothing %}{% endif %}")], "x.svg");
        assert_eq!(text.as_deref(), Some("&lt;b&gt;&amp;&quot;'&lt;/b&gt;|"));
    }

    #[test]
    fn a_misspelt_variable_is_told_instead_of_printing_nothing() {
        let (_, found) = check(&[("a.html", "{{ x }}\n{{ xx }}")], "a.html");
        assert!(found[0].starts_with("theme/syntax Some(2)"), "{found:?}");
    }

    #[test]
    fn blocks_named_in_comments_of_the_parents_are_no_blocks() {
        // base.html says in a comment how guide.html is extended.
        let own =
            "{# {% block fine %} #}{% extends \"default/base.html\" %}\n{% block nowhere %}x{% endblock %}";
        let parent = "{# {% block nowhere %} #}{% block title %}{% endblock %}";
        let (_, found) = check(
            &[
                ("a.html", &own.replace("default/base.html", "p.html")),
                ("p.html", parent),
            ],
            "redirect.html",
        );
        assert_eq!(found[0], "theme/unknown-block Some(2) blocks are title");
        let (_, found) = check(&[("a.html", own)], "redirect.html");
        assert!(found[0].starts_with("theme/unknown-block Some(2)"), "{found:?}");
    }

    #[test]
    fn a_block_that_the_parent_lacks_is_told() {
        let own = "{% extends \"default/guide.html\" %}\n{% block sectoins %}x{% endblock %}";
        let (_, found) = check(&[("guide.html", own)], "x");
        assert_eq!(found[0], "theme/unknown-block Some(2) did you mean `sections`?");
    }

    #[test]
    fn missing_and_broken_templates_are_told_with_their_place() {
        let (_, found) = check(&[("a.html", "{% extends \"default/giude.html\" %}")], "a.html");
        assert_eq!(
            found,
            ["theme/missing-template Some(1) did you mean `default/guide.html`?"]
        );
        let (_, found) = check(&[("a.html", "fine\n{% if %}")], "redirect.html");
        assert!(found[0].starts_with("theme/syntax Some(2)"), "{found:?}");
    }
}
