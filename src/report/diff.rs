//! Changes of files as a unified diff, which `patch` and `git apply` read.

use similar::TextDiff;

use super::place::visible;

/// The change of one file; empty where there is none.
#[must_use]
pub fn unified(path: &str, before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let text = diff
        .unified_diff()
        .context_radius(1)
        .header(&format!("a/{path}"), &format!("b/{path}"))
        .to_string();
    visible(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_shown_with_a_line_around_it() {
        assert_eq!(
            unified("c/a.md", "1\n2\n3\n4\n", "1\n2\nx\n4\n"),
            "--- a/c/a.md\n+++ b/c/a.md\n@@ -2,3 +2,3 @@\n 2\n-3\n+x\n 4\n"
        );
        assert_eq!(unified("a", "x", "x"), "");
    }
}
