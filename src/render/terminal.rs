//! Text of programs and of the compiler as markup: colours by the theme's own meanings, everything else inert.

use std::fmt::Write as _;

use super::html::{escaped, push_code};
use super::view::Markup;
use crate::model::site::Html;
use crate::model::snippet::next_style;

/// Lines of output as they are shown, with the colours that SGR sequences ask for.
pub(super) fn output(lines: &[&str]) -> Markup {
    let mut out = String::new();
    let mut style = Style::default();
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let mut rest = *line;
        loop {
            let Some(found) = next_style(rest) else {
                style.push(rest, &mut out);
                break;
            };
            style.push(&rest[..found.start], &mut out);
            style.apply(&rest[found.start + 2..found.end - 1]);
            rest = &rest[found.end..];
        }
    }
    Html::trusted(out).into()
}

/// What SGR sequences have set (ECMA-48 §8.3.117): weight and one of the sixteen colours; others are left out.
#[derive(Default)]
struct Style {
    bold: bool,
    colour: Option<u8>,
}

impl Style {
    fn apply(&mut self, parameters: &str) {
        let mut codes = parameters.split(';').map(|code| code.parse::<u8>().unwrap_or(0));
        while let Some(code) = codes.next() {
            match code {
                0 => *self = Self::default(),
                1 => self.bold = true,
                22 => self.bold = false,
                30..=37 => self.colour = Some(code - 30),
                90..=97 => self.colour = Some(code - 90),
                // Of 256 or of all colours: the numbers that follow are theirs.
                38 | 48 => match codes.next() {
                    Some(5) => drop(codes.next()),
                    Some(2) => drop(codes.by_ref().take(3).count()),
                    _ => {}
                },
                39 => self.colour = None,
                _ => {}
            }
        }
    }

    fn push(&self, text: &str, out: &mut String) {
        // The theme's own meanings: red refuses, green and cyan confirm, yellow warns, blue and magenta point.
        let class = match self.colour {
            Some(1) => "d-e",
            Some(2 | 6) => "d-g",
            Some(3) => "d-y",
            Some(4 | 5) => "d-b",
            _ => "",
        };
        if text.is_empty() {
            return;
        }
        if self.bold {
            out.push_str("<strong>");
        }
        if class.is_empty() {
            push_code(text, out);
        } else {
            let _ = write!(out, "<span class=\"{class}\">");
            push_code(text, out);
            out.push_str("</span>");
        }
        if self.bold {
            out.push_str("</strong>");
        }
    }
}

/// A compiler's text with its usual colours.
pub(super) fn compiler_text(text: &str) -> Markup {
    let mut out = String::new();
    for (index, line) in text.lines().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let class = if line.starts_with("error") {
            Some("d-e")
        } else if line.starts_with("warning") {
            Some("d-y")
        } else if line.starts_with("help") || line.trim_start().starts_with("= help") {
            Some("d-g")
        } else {
            None
        };
        let gutter = line
            .find(['|', '='])
            .filter(|&at| line[..at].chars().all(|c| c.is_ascii_digit() || c == ' '));
        match (class, gutter) {
            (Some(class), None) => {
                let at = line.find(':').unwrap_or(line.len());
                let _ = write!(out, "<span class=\"{class}\">{}</span>", escaped(&line[..at]));
                let _ = write!(out, "<strong>{}</strong>", escaped(&line[at..]));
            }
            (_, Some(at)) => {
                let _ = write!(out, "<span class=\"d-b\">{}</span>", escaped(&line[..=at]));
                push_code(&line[at + 1..], &mut out);
            }
            (None, None) if line.trim_start().starts_with("-->") => {
                let _ = write!(out, "<span class=\"d-b\">{}</span>", escaped(line));
            }
            (None, None) => push_code(line, &mut out),
        }
    }
    Html::trusted(out).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_inert() {
        assert_eq!(
            output(&["<script>", "\u{202e}x", "a\u{7}"]).as_str(),
            "&lt;script&gt;\n<span class=\"ctl\">U+202E</span>x\na<span class=\"ctl\">U+0007</span>"
        );
        assert_eq!(
            output(&[
                "\u{1b}[1;31merr\u{1b}[0m a\u{1b}[38;5;9mb\u{1b}[32m<c>",
                "d\u{1b}[2J m"
            ])
            .as_str(),
            "<strong><span class=\"d-e\">err</span></strong> ab<span class=\"d-g\">&lt;c&gt;</span>\n\
             <span class=\"d-g\">d<span class=\"ctl\">U+001B</span>[2J m</span>"
        );
    }
}
