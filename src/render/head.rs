//! The `<head>` of a page: titles and descriptions of the right length, OpenGraph, JSON-LD.

use serde_json::{Value, json};

use super::context::PageContext;
use super::view::{HeadView, Markup};
use crate::config::StructuredData;
use crate::model::site::{Html, encode};

/// What a page says of itself.
#[derive(Clone, Debug, Default)]
pub(super) struct About {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) noindex: bool,
    /// The page that stands for this one, below the root.
    pub(super) canonical: Option<String>,
    /// URL of the page's Markdown.
    pub(super) markdown: Option<String>,
    /// `article` or `website`.
    pub(super) kind: &'static str,
    pub(super) json_ld: Option<Value>,
}

pub(super) fn head_view(page: &PageContext<'_>, about: About) -> HeadView {
    let config = page.config;
    let base = config.html.site_url.as_deref();
    let site = &config.book.title;
    let title = if about.title == *site {
        site.clone()
    } else {
        format!("{} · {site}", about.title)
    };
    let title = if title.chars().count() > 60 {
        cut(&about.title, 60)
    } else {
        title
    };
    let description = sentence(&about.description, 155);
    let own = about.canonical.unwrap_or_else(|| page.path.url().to_owned());
    let canonical = base.map(|base| format!("{base}{}", encode(&own)));
    let mut open_graph = vec![
        ("og:type".to_owned(), about.kind.to_owned()),
        ("og:title".to_owned(), about.title.clone()),
        ("og:site_name".to_owned(), site.clone()),
        ("og:locale".to_owned(), config.book.language.replace('-', "_")),
    ];
    if !description.is_empty() {
        open_graph.push(("og:description".to_owned(), description.clone()));
    }
    if let Some(url) = &canonical {
        open_graph.push(("og:url".to_owned(), url.clone()));
    }
    HeadView {
        title,
        description,
        canonical,
        noindex: about.noindex,
        markdown: about.markdown,
        feed: base.map(|_| page.to("feed.xml")),
        open_graph,
        json_ld: about.json_ld.as_ref().map(script_json),
    }
}

/// JSON that cannot end the script element it stands in (HTML §4.12.1.3).
fn script_json(value: &Value) -> Markup {
    let text = value.to_string().replace('<', "\\u003c");
    Html::trusted(text).into()
}

/// A question for JSON-LD.
pub(super) struct Asked {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) answer: String,
}

/// A guide page as structured data (schema.org), with the way to it.
pub(super) fn guide_json(
    page: &PageContext<'_>,
    title: &str,
    questions: &[Asked],
    crumbs: &[(String, String)],
) -> Option<Value> {
    let base = page.config.html.site_url.clone().unwrap_or_default();
    let absolute = |path: &str| format!("{base}{}", encode(path));
    let own = page.path.url().to_owned();
    let asked: Vec<Value> = questions
        .iter()
        .map(|question| {
            let mut value = json!({ "@type": "Question", "name": question.name });
            if !base.is_empty() {
                value["url"] = json!(format!("{}#{}", absolute(&own), encode(&question.id)));
            }
            if !question.answer.is_empty() {
                value["acceptedAnswer"] = json!({ "@type": "Answer", "text": question.answer });
            }
            value
        })
        .collect();
    let main = match page.config.html.structured_data {
        StructuredData::Off => return None,
        StructuredData::Faq => json!({ "@type": "FAQPage", "name": title, "mainEntity": asked }),
        StructuredData::Learning => json!({
            "@type": "LearningResource",
            "name": title,
            "learningResourceType": "Interview questions",
            "inLanguage": page.config.book.language,
            "isAccessibleForFree": true,
            "hasPart": asked,
        }),
    };
    let mut graph = vec![main];
    if !base.is_empty() {
        graph[0]["url"] = json!(absolute(&own));
        let items: Vec<Value> = crumbs
            .iter()
            .enumerate()
            .map(|(at, (name, path))| {
                json!({ "@type": "ListItem", "position": at + 1, "name": name, "item": absolute(path) })
            })
            .collect();
        graph.push(json!({ "@type": "BreadcrumbList", "itemListElement": items }));
    }
    Some(json!({ "@context": "https://schema.org", "@graph": graph }))
}

/// A text cut at a word, with an ellipsis, to at most so many characters.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let short: String = text.chars().take(most - 1).collect();
    let end = short.rfind(' ').unwrap_or(short.len());
    format!("{}…", short[..end].trim_end_matches([',', ';', ':', ' ']))
}

/// A text cut at the end of a sentence to at most so many characters, else at a word.
pub(super) fn sentence(text: &str, most: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= most {
        return text;
    }
    let short: String = text.chars().take(most).collect();
    match short.rfind(". ") {
        Some(end) if end > most / 3 => short[..=end].to_owned(),
        _ => cut(&text, most),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_at_sentences_and_words() {
        assert_eq!(
            sentence("One sentence here. Another one.", 20),
            "One sentence here."
        );
        assert_eq!(
            sentence("One  long sentence without an end", 20),
            "One long sentence…"
        );
        assert_eq!(cut("short", 10), "short");
    }

    #[test]
    fn json_cannot_end_its_script() {
        assert_eq!(script_json(&json!("</script>")).as_str(), "\"\\u003c/script>\"");
    }
}
