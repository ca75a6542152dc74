//! Answers to labelled parts.
//!
//! A part opens where a line of a top-level paragraph begins with strong text that ends in a colon or is
//! followed by one, and runs to the next.

use super::ParseOptions;
use crate::model::document::{Block, BlockKind, Inline, InlineKind, plain_text};
use crate::model::guide::{AnswerPart, Role};
use crate::model::site::slug;
use crate::source::Span;

/// Labels that have a role of their own, in lower case.
const LABELS: [(&str, &str); 46] = [
    ("tl;dr", "tldr"),
    ("tldr", "tldr"),
    ("short answer", "tldr"),
    ("in short", "tldr"),
    ("answer", "answer"),
    ("situation", "situation"),
    ("task", "task"),
    ("action", "action"),
    ("actions", "action"),
    ("result", "result"),
    ("results", "result"),
    ("weak candidates say", "weak"),
    ("weak candidate says", "weak"),
    ("weak answer", "weak"),
    ("strong candidates say", "strong"),
    ("strong candidate says", "strong"),
    ("strong answer", "strong"),
    ("war story", "war-story"),
    ("common mistakes", "mistakes"),
    ("common mistake", "mistakes"),
    ("mistakes", "mistakes"),
    ("pitfalls", "mistakes"),
    ("failure modes", "mistakes"),
    ("related", "related"),
    ("related questions", "related"),
    ("see also", "related"),
    ("example", "example"),
    ("examples", "example"),
    ("approach", "approach"),
    ("solution", "approach"),
    ("what", "what"),
    ("why", "why"),
    ("how", "how"),
    ("when", "when"),
    ("trade-offs", "trade-offs"),
    ("tradeoffs", "trade-offs"),
    ("trade-off", "trade-offs"),
    ("complexity", "complexity"),
    ("requirements", "requirements"),
    ("code", "code"),
    ("implementation", "code"),
    ("explanation", "explanation"),
    ("follow-up", "follow-up"),
    ("follow-ups", "follow-up"),
    ("key points", "key-points"),
    ("best practices", "best-practices"),
];

/// The role of a label: configured labels first, then the built-in ones, else its slug.
fn role(label: &str, options: &ParseOptions) -> Role {
    let bare = label.split('(').next().unwrap_or(label).trim().to_lowercase();
    let full = label.trim().to_lowercase();
    let configured = options
        .parts
        .iter()
        .find(|part| [&bare, &full].contains(&&part.label.to_lowercase()))
        .map(|part| part.role.as_str());
    let known = || {
        LABELS
            .iter()
            .find(|(name, _)| *name == bare)
            .map(|(_, role)| *role)
    };
    match configured.or_else(known) {
        Some(name) => Role::from_name(name),
        None => Role::Other(slug(&full)),
    }
}

/// Takes an answer apart.
pub(super) fn split(blocks: Vec<Block>, options: &ParseOptions) -> Vec<AnswerPart> {
    let mut parts: Vec<AnswerPart> = Vec::new();
    for block in blocks {
        match block.kind {
            BlockKind::Paragraph(inlines) => {
                for piece in pieces(inlines) {
                    push_piece(&mut parts, piece, options);
                }
            }
            kind => push_block(
                &mut parts,
                Block {
                    kind,
                    span: block.span,
                },
            ),
        }
    }
    parts
}

fn push_piece(parts: &mut Vec<AnswerPart>, piece: Piece, options: &ParseOptions) {
    if let Some((label, span)) = piece.label {
        parts.push(AnswerPart {
            role: role(&label, options),
            label,
            blocks: Vec::new(),
            span,
        });
    }
    if let (Some(first), Some(last)) = (piece.content.first(), piece.content.last()) {
        let span = Span {
            end: last.span.end,
            ..first.span
        };
        push_block(
            parts,
            Block {
                kind: BlockKind::Paragraph(piece.content),
                span,
            },
        );
    }
}

fn push_block(parts: &mut Vec<AnswerPart>, block: Block) {
    match parts.last_mut() {
        Some(part) => {
            part.span.end = part.span.end.max(block.span.end);
            part.blocks.push(block);
        }
        None => parts.push(AnswerPart {
            label: "Answer".to_owned(),
            role: Role::Answer,
            span: block.span,
            blocks: vec![block],
        }),
    }
}

/// A stretch of a paragraph, with the label that opens it.
struct Piece {
    label: Option<(String, Span)>,
    content: Vec<Inline>,
}

fn pieces(inlines: Vec<Inline>) -> Vec<Piece> {
    let mut pieces = vec![Piece {
        label: None,
        content: Vec::new(),
    }];
    let mut line_start = true;
    let mut rest = inlines.into_iter().peekable();
    while let Some(inline) = rest.next() {
        if line_start && let Some(label) = label_of(&inline, rest.peek()) {
            if let Some(before) = pieces.last_mut() {
                trim_end(&mut before.content);
            }
            let mut span = inline.span;
            let mut content = Vec::new();
            if let Some(next) = rest.peek()
                && let InlineKind::Text(text) = &next.kind
            {
                let after = text.strip_prefix(':').unwrap_or(text).trim_start();
                let cut = (text.len() - after.len()) as u32;
                span.end = next.span.start + u32::from(text.starts_with(':'));
                if !after.is_empty() {
                    // Smart punctuation changes lengths, so that the start may be off within the text.
                    let start = (next.span.start + cut).min(next.span.end);
                    content.push(Inline {
                        kind: InlineKind::Text(after.to_owned()),
                        span: Span { start, ..next.span },
                    });
                }
                rest.next();
            }
            while content.is_empty()
                && matches!(
                    rest.peek().map(|next| &next.kind),
                    Some(InlineKind::SoftBreak | InlineKind::HardBreak)
                )
            {
                rest.next();
                // The label stood on a line of its own: the next line may open a part too.
            }
            line_start = content.is_empty();
            pieces.push(Piece {
                label: Some((label, span)),
                content,
            });
            continue;
        }
        line_start = matches!(inline.kind, InlineKind::SoftBreak | InlineKind::HardBreak);
        if let Some(piece) = pieces.last_mut() {
            piece.content.push(inline);
        }
    }
    if let Some(last) = pieces.last_mut() {
        trim_end(&mut last.content);
    }
    pieces.retain(|piece| piece.label.is_some() || !piece.content.is_empty());
    pieces
}

fn trim_end(content: &mut Vec<Inline>) {
    while matches!(
        content.last().map(|last| &last.kind),
        Some(InlineKind::SoftBreak | InlineKind::HardBreak)
    ) {
        content.pop();
    }
}

/// The label, if a strong element is one: it ends in a colon, or a colon follows.
fn label_of(inline: &Inline, next: Option<&Inline>) -> Option<String> {
    let InlineKind::Strong(content) = &inline.kind else {
        return None;
    };
    let text = plain_text(content);
    let text = text.trim();
    let label = match text.strip_suffix(':') {
        Some(label) => label.trim_end(),
        None => match next.map(|next| &next.kind) {
            Some(InlineKind::Text(after)) if after.starts_with(':') => text,
            _ => return None,
        },
    };
    (!label.is_empty() && !label.contains('\n')).then(|| label.to_owned())
}
