//! Accepted outputs of inline blocks, written back into the Markdown that they stand in.

use std::collections::BTreeMap;

use super::Work;
use crate::diagnostic::{Diagnostic, codes};
use crate::model::snippet::SnippetCrate;
use crate::source::FileId;

/// Writes the accepted outputs; files that cannot be written are told.
pub(super) fn write(work: &Work<'_>, accepted: &[(&SnippetCrate, String)]) -> Vec<Diagnostic> {
    let mut edits: BTreeMap<FileId, Vec<(std::ops::Range<usize>, String)>> = BTreeMap::new();
    for (found, output) in accepted {
        let Some(inline) = &found.inline else { continue };
        let code = work.sources.locate(found.span);
        let old = inline.output.as_ref().map(|old| work.sources.locate(old.span));
        let Some(raw) = work.sources.get(code.file).raw.as_deref() else {
            continue;
        };
        let edit = edit(raw, &code.range, old.map(|old| old.range), output);
        edits.entry(code.file).or_default().push(edit);
    }
    let mut diagnostics = Vec::new();
    for (file, mut edits) in edits {
        let source = work.sources.get(file);
        let mut text = source.raw.as_deref().unwrap_or_default().to_owned();
        // From the end, so that earlier places stay where they are.
        edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
        for (range, new) in edits {
            text.replace_range(range, &new);
        }
        let path = work.request.root.join(&source.path);
        if let Err(error) = work.sys.write(&path, text.as_bytes()) {
            diagnostics.push(
                Diagnostic::new(
                    codes::SNIPPET_MISSING_EXPECTED,
                    format!("failed to write the accepted outputs: {error}"),
                )
                .in_file(source.path.clone()),
            );
        }
    }
    diagnostics
}

/// What stands where in the file's own text: the block `output` anew, or behind the code for the first time.
fn edit(
    raw: &str,
    code: &std::ops::Range<usize>,
    old: Option<std::ops::Range<usize>>,
    output: &str,
) -> (std::ops::Range<usize>, String) {
    let ending = if raw.contains("\r\n") { "\r\n" } else { "\n" };
    let line_start = raw[..code.start].rfind('\n').map_or(0, |at| at + 1);
    // Within a list or a quotation every line begins like the fence, save for a bullet, which is white space.
    let prefix: String = raw[line_start..code.start]
        .chars()
        .map(|c| if c == '>' || c == '\t' { c } else { ' ' })
        .collect();
    let longest = output
        .lines()
        .map(|line| line.trim_start().bytes().take_while(|&byte| byte == b'`').count())
        .max()
        .unwrap_or_default();
    let ticks = "`".repeat(longest.max(2) + 1);
    let mut block = format!("{ticks}output{ending}");
    for line in output.trim_end_matches('\n').lines() {
        block.push_str(format!("{prefix}{line}").trim_end());
        block.push_str(ending);
    }
    block.push_str(&format!("{prefix}{ticks}"));
    if let Some(range) = old {
        let end = range.start + raw[range.clone()].trim_end().len();
        return (range.start..end, block);
    }
    let end = code.start + raw[code.clone()].trim_end().len();
    let blank = prefix.trim_end();
    (end..end, format!("{ending}{blank}{ending}{prefix}{block}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, code: &str, old: Option<&str>, output: &str, expect: &str) {
        let range = |part: &str| {
            let at = raw.find(part).unwrap_or_else(|| panic!("{part:?} is not there"));
            at..at + part.len()
        };
        let (range, new) = edit(raw, &range(code), old.map(range), output);
        let mut text = raw.to_owned();
        text.replace_range(range, &new);
        assert_eq!(text, expect);
    }

    #[test]
    fn outputs_are_written_where_they_belong() {
        let code = "```rust,run\nx\n```";
        check(
            &format!("a\n\n{code}\n\nb\n"),
            code,
            None,
            "1\n2\n",
            &format!("a\n\n{code}\n\n```output\n1\n2\n```\n\nb\n"),
        );
        check(
            &format!("{code}\n\n```output\nold\n```\nb\n"),
            code,
            Some("```output\nold\n```\n"),
            "new ```\n```x\n",
            &format!("{code}\n\n````output\nnew ```\n```x\n````\nb\n"),
        );
        let listed = "```rust,run\n  x\n  ```";
        check(
            &format!("- {listed}\n"),
            listed,
            None,
            "1\n\n2\n",
            &format!("- {listed}\n\n  ```output\n  1\n\n  2\n  ```\n"),
        );
        let quoted = "```rust,run\n> x\n> ```";
        check(
            &format!("> {quoted}\n"),
            quoted,
            None,
            "1\n",
            &format!("> {quoted}\n>\n> ```output\n> 1\n> ```\n"),
        );
    }
}
