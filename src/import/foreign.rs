//! Markup other than Markdown.

use super::ledger::Ledger;
use super::line::Line;

/// Turns foreign markup to Markdown.
pub(super) fn to_markdown(lines: Vec<Line>, _ledger: &mut Ledger) -> Vec<Line> {
    lines
}
