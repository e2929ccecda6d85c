//! Foreign oracles: x509-limbo with BetterTLS, and NIST PKITS. The corpora are no part of the repository; without them
//! the test says so and passes. Each disagreement is written down with its reason, and one that goes away must be taken
//! off the list. `docs/conformance.md` is what this test says; `NOLAPSE_BLESS=1` writes it anew.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a corpus of another shape is a broken test"
)]

#[path = "limbo/corpus.rs"]
#[expect(dead_code, reason = "second opinions ask for more")]
mod corpus;
#[path = "limbo/page.rs"]
mod page;

use std::path::Path;
use std::time::{Duration, Instant};

use assess::Profile;
use page::Told;

/// Most CPU time for one case under one profile. What is not optimised takes ten times as long.
const BUDGET: Duration = if cfg!(debug_assertions) {
    Duration::from_millis(2_500)
} else {
    Duration::from_millis(250)
};

/// Least shares, in thousandths, of cases in which the strict profile must agree with the corpus.
const GOALS: &[(&str, usize)] = &[("bettertls", 1_000), ("limbo", 950), ("pkits", 920)];

#[test]
fn corpora_agree_or_the_disagreement_is_written_down() {
    let (Some(limbo), Some(pkits)) = (corpus::cases("limbo"), corpus::cases("pkits")) else {
        return;
    };
    let told: Vec<Told> = limbo.iter().chain(&pkits).map(tell).collect();
    for (corpus, least) in GOALS {
        let cases = || told.iter().filter(|told| told.corpus() == *corpus);
        let (all, agreed) = (cases().count(), cases().filter(|told| told.agrees()).count());
        println!("{corpus}: {agreed} of {all} agree");
        assert!(agreed * 1_000 >= all * least, "{corpus}: {agreed} of {all}");
    }
    let new: Vec<_> = told
        .iter()
        .filter(|told| !told.agrees() && reason(&told.id).is_none())
        .map(|told| (&told.id, &told.strict))
        .collect();
    assert!(new.is_empty(), "new disagreements: {new:#?}");
    let disagrees = |id: &str| told.iter().any(|told| told.id == id && !told.agrees());
    let gone: Vec<_> = EXCUSED.iter().filter(|(id, _)| !disagrees(id)).collect();
    assert!(
        gone.is_empty(),
        "no longer disagreements, take them off the list: {gone:#?}"
    );
    let page = page::written(&told, EXCUSED);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/conformance.md");
    if std::env::var_os("NOLAPSE_BLESS").is_some() {
        std::fs::write(&file, page).unwrap();
    } else {
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            kept == page,
            "docs/conformance.md is stale: run this test with NOLAPSE_BLESS=1"
        );
    }
}

fn tell(case: &corpus::Case) -> Told {
    let timed = |profile| {
        let begun = cpu();
        let (_, words) = case.judge(profile);
        let taken = cpu().saturating_sub(begun);
        assert!(taken < BUDGET, "{} took {taken:?}", case.id);
        words
    };
    Told {
        id: case.id.clone(),
        wanted: case.wanted,
        strict: timed(Profile::Strict),
        browser: timed(Profile::Browser),
    }
}

/// CPU time of this thread so far: what Linux counts in nanoseconds, elsewhere the time that passed.
fn cpu() -> Duration {
    static BEGUN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = counted.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| BEGUN.elapsed(), Duration::from_nanos)
}

fn reason(id: &str) -> Option<&'static str> {
    let found = EXCUSED.iter().find(|(known, _)| *known == id);
    found.map(|(_, reason)| *reason)
}

/// Cases in which the strict profile does not say what the corpus says, with the reason.
const EXCUSED: &[(&str, &str)] = &[
    ("pkits::s01::4.1.4", DSA),
    ("pkits::s01::4.1.5", DSA),
    (
        "rfc5280::aki::cross-signed-root-missing-aki",
        "an anchor is known by its name and key, and what else it says is its store's affair; \
         `cve::cve-2024-0567` has just such an anchor and is to be accepted",
    ),
    (
        "rfc5280::eku::ee-without-eku",
        "contradicts `webpki::eku::ee-without-eku`, the same chain: whoever names a host is judged by the rules of the \
         CA/Browser Forum, which demand the extension",
    ),
    (
        "rfc5280::nc::permitted-dns-match-noncritical",
        "contradicts `webpki::nc::permitted-dns-match-noncritical`, the same chain: the CA/Browser Forum allows it \
         explicitly; without a host it is refused",
    ),
    (
        "webpki::ca-as-leaf",
        "contradicts `rfc5280::ca-as-leaf`, the same chain, and `pathlen::validation-ignores-pathlen-in-leaf`; an \
         authority as a leaf is the finding `ca-as-leaf` of a scan",
    ),
    ("webpki::cn::not-in-san", COMMON_NAME),
    ("webpki::cn::punycode-not-in-san", COMMON_NAME),
    ("webpki::san::public-suffix-multi-label-wildcard-san", SUFFIXES),
    (
        "webpki::san::public-suffix-private-namespace-wildcard-san",
        SUFFIXES,
    ),
];

const DSA: &str =
    "DSA cannot be verified: the library of primitives does not have it, and no client of TLS takes it";
const COMMON_NAME: &str = "a common name that is none of the alternative names: nearly half of what BetterTLS wants accepted, and \
                           six such chains of limbo, have one";
const SUFFIXES: &str = "no list of public suffixes is built in; `*.com` is refused without one";
