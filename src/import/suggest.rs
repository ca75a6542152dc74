//! Titles for what has lost its own: suggestions, never more.

use super::block::Kind;
use super::outline::{Piece, Question};

/// A title for a question, from the first sentence of its answer.
pub(super) fn question(question: &Question) -> String {
    let text = question.body.iter().find_map(|piece| match piece {
        Piece::Block(block) => match &block.kind {
            Kind::Text(lines) => Some(lines[0].text.as_str()),
            Kind::Item(item) => Some(item.head[0].text.as_str()),
            Kind::Table { rows, .. } => rows.first().map(|row| row.cells[0].as_str()),
            _ => None,
        },
        Piece::Label { name, .. }
            if super::label::family(&name.text) == Some(super::label::Family::Difficulty) =>
        {
            None
        }
        Piece::Label { rest, name } => {
            Some(rest.first().map_or(name.text.as_str(), |line| line.text.as_str()))
        }
    });
    let Some(text) = text else {
        return "Untitled question".to_owned();
    };
    let sentence = first_sentence(text);
    defined(sentence).unwrap_or_else(|| shortened(sentence))
}

/// A title for a section, from its first sentence.
pub(super) fn section(text: &str) -> String {
    shortened(first_sentence(text)).trim_end_matches('.').to_owned()
}

fn first_sentence(text: &str) -> &str {
    let end = text
        .match_indices(['.', '?', '!', '。', '？'])
        .map(|(at, mark)| at + mark.len())
        .find(|&end| {
            text[end..].is_empty()
                || text[end..].starts_with([' ', '”', '"'])
                || text[..end].ends_with(['。', '？'])
        })
        .unwrap_or(text.len());
    text[..end].trim()
}

/// `X is ..` asks for `What is X?`.
fn defined(sentence: &str) -> Option<String> {
    let words: Vec<&str> = sentence.split_whitespace().collect();
    let at = words
        .iter()
        .take(8)
        .position(|word| matches!(*word, "is" | "are" | "means"))?;
    if at == 0 || at > 6 || words.len() < at + 3 {
        return None;
    }
    let mut subject = words[..at].join(" ");
    if subject.contains([',', ':', '“'])
        || matches!(
            words[0],
            "This" | "It" | "That" | "These" | "There" | "Yes" | "No" | "If"
        )
    {
        return None;
    }
    for article in ["A ", "An ", "The "] {
        if let Some(rest) = subject.strip_prefix(article) {
            subject = format!("{}{rest}", article.to_lowercase());
        }
    }
    // A name keeps its capital; the first word of a longer subject has it from the sentence alone.
    let mut chars = subject.chars();
    if let Some(first) = chars.next()
        && (at > 1 || words[at] == "are")
        && words[0].chars().skip(1).all(char::is_lowercase)
    {
        subject = first.to_lowercase().chain(chars).collect();
    }
    let verb = if words[at] == "are" { "are" } else { "is" };
    Some(format!("What {verb} {subject}?"))
}

fn shortened(sentence: &str) -> String {
    let words: Vec<&str> = sentence.split_whitespace().collect();
    if words.len() <= 12 {
        let wide = sentence.chars().count() > 90;
        return if wide {
            sentence.chars().take(60).collect::<String>() + "…"
        } else {
            sentence.to_owned()
        };
    }
    words[..10]
        .join(" ")
        .trim_end_matches([',', ';', ':', '—'])
        .to_owned()
        + " …"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_become_questions() {
        assert_eq!(
            defined("A golden path is a supported way."),
            Some("What is a golden path?".to_owned())
        );
        assert_eq!(
            defined("Webhooks are calls back to you."),
            Some("What are webhooks?".to_owned())
        );
        assert_eq!(defined("This is so and so."), None);
    }

    #[test]
    fn long_sentences_are_cut() {
        assert_eq!(section("A list. More."), "A list");
        assert_eq!(
            shortened("one two three four five six seven eight nine ten, eleven twelve thirteen"),
            "one two three four five six seven eight nine ten …"
        );
    }
}
