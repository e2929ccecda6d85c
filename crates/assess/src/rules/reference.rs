//! The rules' page of the documentation, made of what the rules say of themselves.

use std::fmt::Write as _;

use super::ALL;

const HEAD: &str = "\
# Rules

Generated from the rules themselves; a test holds it fresh (`NOLAPSE_BLESS=1 cargo test -p nolapse-assess` rewrites it).
`nolapse explain RULE` prints the same. The severity is the worst that a rule gives by default.

| Rule | Severity | What it finds |
| --- | --- | --- |
";

/// The page `docs/reference/rules.md`.
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    for rule in ALL {
        // Writing to a String cannot fail.
        let _ = writeln!(
            page,
            "| [{id}](#{id}) | {} | {} |",
            rule.severity,
            rule.title,
            id = rule.id
        );
    }
    for rule in ALL {
        let _ = write!(
            page,
            "\n## {}\n\n{}. {}.\n\n- severity: {}\n- source: {}\n- remedy: {}\n",
            rule.id, rule.title, rule.explanation, rule.severity, rule.citation, rule.remedy
        );
    }
    page
}
