//! Second opinions: our browser-like verdict for one store against rustls-webpki's and OpenSSL's, on every case of
//! x509-limbo and BetterTLS and on ten thousand generated chains with mutations. A difference is put into a class by
//! what both say; each class is explained in a list, and one that is on no list fails.
//!
//! OpenSSL is asked by `openssl verify`, a process a chain: on limbo's own cases and on a sample of the generated
//! chains. Without the program, or without the corpora, that part says so and is passed over.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a world that cannot be built is a broken test"
)]

#[path = "limbo/corpus.rs"]
#[expect(dead_code, reason = "conformance asks for more")]
mod corpus;
#[path = "differential/explained.rs"]
mod explained;
#[path = "differential/generated.rs"]
mod generated;
#[path = "differential/opinions.rs"]
mod opinions;
#[path = "differential/page.rs"]
mod page;

use std::collections::BTreeMap;

use corpus::Case;
use explained::Explained;

/// Generated chains.
const CHAINS: u32 = 10_000;
/// One in so many of them is shown to OpenSSL as well.
const SAMPLE: usize = 50;

#[test]
fn the_page_of_the_differences_is_fresh() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/differences.md");
    let page = page::written();
    if std::env::var_os("NOLAPSE_BLESS").is_some() {
        std::fs::write(&file, &page).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == page,
        "docs/differences.md is stale: run with NOLAPSE_BLESS=1 to rewrite it"
    );
}

#[test]
fn limbo_is_judged_alike_or_the_difference_is_explained() {
    let cases = corpus::cases("limbo").unwrap_or_default();
    compare("webpki, limbo", cases.iter(), opinions::webpki, explained::WEBPKI);
    if opinions::has_openssl() {
        let own = cases.iter().filter(|case| !case.id.starts_with("bettertls"));
        compare("openssl, limbo", own, opinions::openssl, explained::OPENSSL);
    }
}

#[test]
fn generated_chains_are_judged_alike_or_the_difference_is_explained() {
    let cases = generated::chains(CHAINS);
    let accepted = cases
        .iter()
        .filter(|case| case.ask(assess::Profile::Browser).is_trusted());
    let accepted = accepted.count();
    assert!(
        (1_500..8_500).contains(&accepted),
        "{accepted}: both verdicts must occur often"
    );
    compare(
        "webpki, generated",
        cases.iter(),
        opinions::webpki,
        explained::WEBPKI,
    );
    if opinions::has_openssl() {
        let sample = cases.iter().step_by(SAMPLE);
        compare(
            "openssl, generated",
            sample,
            opinions::openssl,
            explained::OPENSSL,
        );
    }
}

/// Asks `theirs` about every case without revocation lists, and holds each difference against the list.
#[expect(
    clippy::print_stdout,
    reason = "what differs is of interest where nothing fails, too"
)]
fn compare<'a>(
    what: &str,
    cases: impl Iterator<Item = &'a Case>,
    theirs: fn(&Case) -> Result<(), String>,
    explained: &[Explained],
) {
    let mut unexplained: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let mut met: BTreeMap<(&str, &str), (usize, &str)> = BTreeMap::new();
    let (mut all, mut differing) = (0, 0);
    for case in cases.filter(|case| !case.is_beside_the_path()) {
        let (ours, words) = case.judge(assess::Profile::Browser);
        let said = theirs(case);
        all += 1;
        if ours == said.is_ok() {
            continue;
        }
        differing += 1;
        let we = words.first().copied().unwrap_or("accepted");
        let they = said.err().unwrap_or_else(|| "accepted".to_owned());
        let class = explained
            .iter()
            .find(|class| class.ours == we && class.theirs == they);
        match class {
            Some(class) => met.entry((class.ours, class.theirs)).or_insert((0, class.why)).0 += 1,
            None => unexplained
                .entry((we.to_owned(), they))
                .or_default()
                .push(case.id.clone()),
        }
    }
    println!("{what}: {all} chains, {differing} judged differently");
    for ((we, they), (count, why)) in met {
        println!("  {count}: we {we}, they {they}: {why}");
    }
    let shown: Vec<String> = unexplained
        .iter()
        .map(|((we, they), ids)| {
            format!(
                "we {we}, they {they}: {} ({})",
                ids.len(),
                ids[..ids.len().min(4)].join(", ")
            )
        })
        .collect();
    assert!(shown.is_empty(), "{what}: unexplained: {shown:#?}");
}
