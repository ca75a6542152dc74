//! Page breaks undone: blank lines in the middle of a sentence or of a block of code.

use super::block::{Block, Kind};
use super::label;
use super::ledger::Ledger;
use super::line::{Line, ends_sentence, indent, is_item};

/// Undoes page breaks: one blank line in the middle of a sentence, or between two halves of a block of code.
pub(super) fn join_page_breaks(blocks: Vec<Block>, ledger: &mut Ledger) -> Vec<Block> {
    let mut joined: Vec<Block> = Vec::with_capacity(blocks.len());
    for block in blocks {
        let Some(last) = joined.last_mut().filter(|_| block.gap) else {
            joined.push(block);
            continue;
        };
        match (&mut last.kind, block.kind) {
            (Kind::Text(before), Kind::Text(mut after)) if breaks_sentence(before.last(), after.first()) => {
                ledger.repair(after[0].no, "", "", "page-break");
                before.append(&mut after);
            }
            (Kind::Item(item), Kind::Text(mut after))
                if item.body.is_empty() && breaks_sentence(item.head.last(), after.first()) =>
            {
                ledger.repair(after[0].no, "", "", "page-break");
                item.head.append(&mut after);
            }
            (
                Kind::Code {
                    info,
                    lines,
                    close,
                    open,
                },
                Kind::Code {
                    info: next,
                    lines: mut more,
                    close: end,
                    open: start,
                },
            ) if *open > 0 && start > 0 && is_unfinished(lines, &more) => {
                let fence = if *close > 0 { *close } else { start };
                ledger.repair(fence, "```", "", "page-break");
                ledger.repair(start, format!("```{next}"), "", "page-break");
                lines.append(&mut more);
                *close = end;
            }
            (_, kind) => joined.push(Block { kind, gap: true }),
        }
    }
    joined
}

pub(super) fn breaks_sentence(before: Option<&Line>, after: Option<&Line>) -> bool {
    let (Some(before), Some(after)) = (before, after) else {
        return false;
    };
    after.text.starts_with(char::is_lowercase)
        && !ends_sentence(&before.text)
        && before.text.chars().count() > 30
        && !is_item(&after.text)
        && label::label(&after.text, false).is_none()
}

/// Whether a block of code plainly goes on in the next one.
pub(super) fn is_unfinished(lines: &[Line], next: &[Line]) -> bool {
    let mut depth = 0_i64;
    for line in lines {
        for c in line.text.chars() {
            match c {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                _ => {}
            }
        }
    }
    let yaml = |lines: &[Line], key: &str| lines.iter().any(|line| line.text.starts_with(key));
    let manifest = yaml(lines, "apiVersion:")
        && !yaml(lines, "kind:")
        && yaml(next, "kind:")
        && !yaml(next, "apiVersion:");
    let hangs = lines.last().is_some_and(|line| {
        let text = line.text.trim_end();
        text.ends_with([':', ',', '(', '{', '[', '\\', '='])
            && indent(next.first().map_or("", |line| &line.text)) > 0
    });
    depth > 0 || manifest || hangs
}
