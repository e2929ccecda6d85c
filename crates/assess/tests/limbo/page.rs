//! `docs/conformance.md`: the agreement with foreign corpora, per group, and every disagreement with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What was said of one case.
pub(crate) struct Told {
    pub(crate) id: String,
    /// Whether the corpus wants it accepted.
    pub(crate) wanted: bool,
    /// The words against it under the strict profile; none: accepted.
    pub(crate) strict: Vec<&'static str>,
    /// The words against it under the browser's.
    pub(crate) browser: Vec<&'static str>,
}

impl Told {
    pub(crate) fn corpus(&self) -> &str {
        match self.id.split("::").next() {
            Some("bettertls") => "bettertls",
            Some("pkits") => "pkits",
            _ => "limbo",
        }
    }

    /// Whether the strict profile says what the corpus says.
    pub(crate) fn agrees(&self) -> bool {
        self.strict.is_empty() == self.wanted
    }

    fn group(&self) -> String {
        let mut parts = self.id.split("::");
        match (parts.next().unwrap_or_default(), parts.next()) {
            (corpus @ ("bettertls" | "pkits"), Some(group)) => format!("{corpus} {group}"),
            (group, _) => format!("limbo {group}"),
        }
    }
}

/// The whole page.
pub(crate) fn written(told: &[Told], excused: &[(&str, &str)]) -> String {
    let mut page = String::from(HEAD);
    page += "\n## Agreement\n\n| group | cases | agree | share | accepted by clients | of these, against the rules |\n\
             |---|---:|---:|---:|---:|---:|\n";
    let mut groups: BTreeMap<String, Vec<&Told>> = BTreeMap::new();
    for case in told {
        groups.entry(case.group()).or_default().push(case);
    }
    for (name, cases) in &groups {
        page += &row(name, cases);
    }
    for (corpus, name) in [
        ("bettertls", "**BetterTLS**"),
        ("limbo", "**limbo's own**"),
        ("pkits", "**PKITS**"),
    ] {
        let cases: Vec<&Told> = told.iter().filter(|told| told.corpus() == corpus).collect();
        page += &row(name, &cases);
    }
    page += DISAGREEMENTS;
    for (id, reason) in excused {
        let wanted = told
            .iter()
            .find(|told| told.id == *id)
            .is_some_and(|told| told.wanted);
        let wanted = if wanted { "accept" } else { "refuse" };
        // Writing to a String does not fail.
        writeln!(page, "| `{id}` | {wanted} | {reason} |").unwrap_or_default();
    }
    page += RULES;
    let mut rules: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for case in told.iter().filter(|told| told.browser.is_empty()) {
        for word in &case.strict {
            rules.entry(word).or_default().insert(&case.id);
        }
    }
    for (word, cases) in rules {
        let shown: Vec<String> = cases.iter().take(SHOWN).map(|id| format!("`{id}`")).collect();
        let more = match cases.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        writeln!(
            page,
            "| `{word}` | {} | {}{more} |",
            cases.len(),
            shown.join(", ")
        )
        .unwrap_or_default();
    }
    page
}

/// Cases named for one rule.
const SHOWN: usize = 6;

fn row(name: &str, cases: &[&Told]) -> String {
    let all = cases.len();
    let agreed = cases.iter().filter(|told| told.agrees()).count();
    let trusted = cases.iter().filter(|told| told.browser.is_empty());
    let against = trusted.clone().filter(|told| !told.strict.is_empty()).count();
    let thousandths = agreed * 1_000 / all.max(1);
    format!(
        "| {name} | {all} | {agreed} | {}.{} % | {} | {against} |\n",
        thousandths / 10,
        thousandths % 10,
        trusted.count()
    )
}

const HEAD: &str = "# Conformance

What nolapse says of the chains of three public suites, against what their makers say. The page is written by the test that
holds the program against them; whoever doubts it runs

    cargo test -p nolapse-assess --test limbo

with the suites' files `limbo.json.xz` and `pkits.json.xz` in a folder `shared/corpora` beside or above the workspace. They are
no part of the repository. `NOLAPSE_BLESS=1` writes the page anew.

- **x509-limbo** (C2SP), its own cases and those of **BetterTLS** (Netflix) that it carries, 2026;
- **PKITS** (NIST Public Key Interoperability Test Suite), the cases of 2011 in limbo's form: certificates, revocation lists, and
  the policies that each case asks for.

Every case is asked twice. Under the **strict** profile the chain must obey RFC 5280, the standing of every certificate must be
known when the case brings revocation lists, and where a server is named the rules of the CA/Browser Forum are asked too: this
is what is compared with the suite. Under the **browser** profile, which is the default, only what clients at large hold against
a chain is asked. *Accepted by clients* counts what that profile accepts; *of these, against the rules* what the strict one
refuses nevertheless. No case takes more than 250 ms of CPU in an optimised build; the test holds that as well.
";

const DISAGREEMENTS: &str = "
## Disagreements

| case | the suite says | reason |
|---|---|---|
";

const RULES: &str = "
## Trusted by clients, against the rules

The reasons for which the strict profile refuses what the browser profile accepts.

| reason | cases | among them |
|---|---:|---|
";
