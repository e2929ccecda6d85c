//! `docs/differences.md`: the classes in which we and another library say different things, with the reason for each.

use std::fmt::Write as _;

use crate::explained::{Explained, OPENSSL, WEBPKI};

const HEAD: &str = "# Differences

Where nolapse says something else of a chain than rustls-webpki 0.103 or OpenSSL 3, and why. The page is made of the list that the
test below holds both libraries against: on every case of x509-limbo and BetterTLS and on ten thousand generated chains with
mutations, each for one store and under the profile *browser*, a difference that is in no class fails.

    cargo test -p nolapse-assess --test differential

`NOLAPSE_BLESS=1` writes the page anew. What the suites themselves say of nolapse: [Conformance](conformance.md).

A word in the first column is the most telling reason for which nolapse refuses (`nolapse explain WORD`), or *accepted*.
";

/// The whole page.
pub(crate) fn written() -> String {
    let mut page = HEAD.to_owned();
    for (title, theirs, classes) in [
        ("rustls-webpki", "webpki says (its `Error`)", WEBPKI),
        ("OpenSSL", "OpenSSL says (the number of `X509_V_ERR_`)", OPENSSL),
    ] {
        // Writing to a String does not fail.
        let _ = write!(
            page,
            "\n## {title}\n\n| nolapse says | {theirs} | why |\n|---|---|---|\n"
        );
        for Explained { ours, theirs, why } in classes {
            let _ = writeln!(page, "| {} | {} | {why} |", word(ours), word(theirs));
        }
    }
    page
}

fn word(word: &str) -> String {
    if word == "accepted" {
        "accepted".to_owned()
    } else {
        format!("`{word}`")
    }
}
