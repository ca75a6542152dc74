//! Tables of questions and answers as spreadsheets save them (comma, semicolon or tab between cells) to pipe tables.

use super::guide::{ANSWERED, ASKED};
use super::line::Line;

/// The sign between the cells, if the first line is the head of such a table.
fn separator(lines: &[Line]) -> Option<char> {
    let head = &lines.iter().find(|line| !line.is_blank())?.text;
    ['\t', ',', ';'].into_iter().find(|sign| {
        let cells: Vec<String> = head
            .split(*sign)
            .map(|cell| cell.trim().trim_matches('"').to_lowercase())
            .collect();
        let has = |names: &[&str]| cells.iter().any(|cell| names.contains(&cell.as_str()));
        has(&ASKED) && has(&ANSWERED)
    })
}

/// Turns such a table to a pipe table.
pub(super) fn to_markdown(lines: &[Line]) -> Option<Vec<Line>> {
    let separator = separator(lines)?;
    let mut out: Vec<Line> = Vec::with_capacity(lines.len() + 1);
    let mut cells: Vec<String> = vec![String::new()];
    let mut quoted = false;
    let mut start = None;
    for line in lines {
        if line.is_blank() && !quoted {
            continue;
        }
        let no = *start.get_or_insert(line.no);
        let mut chars = line.text.chars().peekable();
        while let Some(c) = chars.next() {
            let Some(cell) = cells.last_mut() else {
                break;
            };
            if c == '"' && quoted && chars.peek() == Some(&'"') {
                chars.next();
                cell.push('"');
            } else if c == '"' && (quoted || cell.trim().is_empty()) {
                quoted = !quoted;
            } else if c == separator && !quoted {
                cells.push(String::new());
            } else if c == '|' {
                cell.push_str("\\|");
            } else {
                cell.push(c);
            }
        }
        if quoted {
            // The cell goes on in the next line.
            if let Some(cell) = cells.last_mut() {
                cell.push(' ');
            }
            continue;
        }
        let row: Vec<&str> = cells.iter().map(|cell| cell.trim()).collect();
        out.push(Line::new(no, format!("| {} |", row.join(" | "))));
        if out.len() == 1 {
            out.push(Line::new(no, format!("|{}", "---|".repeat(row.len()))));
        }
        cells = vec![String::new()];
        start = None;
    }
    if let Some(no) = start {
        out.push(Line::new(no, format!("| {} |", cells.join(" | "))));
    }
    Some(out)
}
