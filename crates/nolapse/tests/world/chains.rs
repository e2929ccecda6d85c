//! What is wrong with chains: one nginx, a site for each defect.

use testkit::ca::{KeyKind, Minted, Pki, Served, SignatureHash, Template};
use testkit::rcgen::ExtendedKeyUsagePurpose;
use testkit::servers::nginx;
use testkit::servers::nginx::{Listener, Site};

use crate::harness::{Look, look, scan};

/// A root of RSA, so that old hashes can be had, two intermediates below it, and another root that nobody knows.
struct Houses {
    pki: Pki,
    upper: Minted,
    lower: Minted,
    ended: Minted,
    stranger: Minted,
}

/// One site: what it sends, and what must be said of it.
struct Case {
    name: &'static str,
    leaf: Minted,
    chain: Vec<String>,
    served: Served,
    status: &'static str,
    rules: &'static [&'static str],
    /// What the store `test` says; empty when it trusts.
    refused: &'static str,
}

impl Houses {
    fn new() -> Self {
        let pki = Pki::with_key(KeyKind::Rsa2048);
        let upper = Template::authority("nolapse test upper").issued_by(&pki.root);
        let lower = Template::authority("nolapse test lower").issued_by(&upper);
        let ended = Template::authority("nolapse test ended")
            .valid_days(-400, -3)
            .issued_by(&pki.root);
        let stranger = Template::authority("nolapse test stranger").self_signed();
        Self {
            pki,
            upper,
            lower,
            ended,
            stranger,
        }
    }

    fn site(&self, name: &'static str, leaf: Minted, above: &[&Minted], wanted: Wanted) -> Case {
        let chain = [&[&leaf], above].concat();
        let served = self.pki.serve_chain(&leaf, &chain);
        let chain = chain.iter().map(|certificate| certificate.sha256()).collect();
        let Wanted {
            status,
            rules,
            refused,
        } = wanted;
        Case {
            name,
            leaf,
            chain,
            served,
            status,
            rules,
            refused,
        }
    }

    /// A leaf of the lower intermediate, changed.
    fn leaf(&self, name: &str, change: impl FnOnce(Template) -> Template) -> Minted {
        change(Template::server(name)).issued_by(&self.lower)
    }
}

#[derive(Clone, Copy)]
struct Wanted {
    status: &'static str,
    rules: &'static [&'static str],
    refused: &'static str,
}

const fn wanted(status: &'static str, rules: &'static [&'static str], refused: &'static str) -> Wanted {
    Wanted {
        status,
        rules,
        refused,
    }
}

/// A name, what is done to a sound leaf for it, and what must be said.
type LeafCase = (&'static str, fn(Template) -> Template, Wanted);

/// Defects of the leaf, behind a sound chain.
const LEAVES: &[LeafCase] = &[
    ("sound.test", |leaf| leaf, wanted("OK", &[], "")),
    (
        "wild.under.test",
        |leaf| leaf.names(&["*.under.test"]),
        wanted("OK", &[], ""),
    ),
    (
        "deep.wild.test",
        |leaf| leaf.names(&["*.test"]),
        wanted("CRITICAL", &["name-mismatch", "wildcard-misuse"], ""),
    ),
    (
        "wrong.test",
        |leaf| leaf.names(&["other.test"]),
        wanted("CRITICAL", &["name-mismatch"], ""),
    ),
    (
        "only-cn.test",
        Template::without_names,
        wanted("CRITICAL", &["missing-san"], ""),
    ),
    (
        "expired.test",
        |leaf| leaf.valid_days(-90, -1),
        wanted("EXPIRED", &["expired"], "expired"),
    ),
    (
        "just.test",
        |leaf| leaf.valid_hours(-48, -1),
        wanted("EXPIRED", &["expired"], "expired"),
    ),
    (
        "future.test",
        |leaf| leaf.valid_days(2, 90),
        wanted("CRITICAL", &["not-yet-valid"], "not-yet-valid"),
    ),
    (
        "soon.test",
        |leaf| leaf.valid_days(-85, 5),
        wanted("CRITICAL", &["expiring"], ""),
    ),
    (
        "later.test",
        |leaf| leaf.valid_days(-70, 20),
        wanted("WARNING", &["expiring"], ""),
    ),
    (
        "short.test",
        |leaf| leaf.valid_hours(-80, 80),
        wanted("OK", &[], ""),
    ),
    (
        "client.test",
        |leaf| leaf.usages(&[ExtendedKeyUsagePurpose::ClientAuth]),
        wanted("CRITICAL", &["no-server-auth"], "extended-key-usage"),
    ),
    (
        "staple.test",
        Template::must_staple,
        wanted("WARNING", &["must-staple-missing"], ""),
    ),
    // The key is too short for the signature to be verified here, which is said in a note.
    (
        "weak.test",
        |leaf| leaf.key(KeyKind::Rsa1024),
        wanted("CRITICAL", &["weak-key", "key-not-proven"], ""),
    ),
];

fn leaves(houses: &Houses) -> Vec<Case> {
    let site = |(name, change, wanted): &LeafCase| {
        houses.site(
            name,
            houses.leaf(name, change),
            &[&houses.lower, &houses.upper],
            *wanted,
        )
    };
    LEAVES.iter().map(site).collect()
}

/// Sound certificates, and something wrong with what was sent of them.
fn sent_wrongly(houses: &Houses) -> Vec<Case> {
    let Houses {
        pki,
        upper,
        lower,
        stranger,
        ..
    } = houses;
    let site =
        |name, above: &[&Minted], wanted| houses.site(name, houses.leaf(name, |leaf| leaf), above, wanted);
    vec![
        site(
            "alone.test",
            &[],
            wanted("CRITICAL", &["chain-incomplete"], "issuer-not-sent"),
        ),
        site(
            "shuffled.test",
            &[upper, lower],
            wanted("WARNING", &["chain-order"], ""),
        ),
        site(
            "more.test",
            &[lower, upper, stranger],
            wanted("OK", &["chain-superfluous"], ""),
        ),
        site(
            "anchor.test",
            &[lower, upper, &pki.root],
            wanted("OK", &["anchor-sent"], ""),
        ),
    ]
}

/// Defects of what stands above the leaf.
fn issued_wrongly(houses: &Houses) -> Vec<Case> {
    let Houses {
        pki, ended, stranger, ..
    } = houses;
    let issued = |name, issuer| Template::server(name).issued_by(issuer);
    let old = Template::server("sha1.test")
        .signature_hash(SignatureHash::Sha1)
        .issued_by(&pki.root);
    let own = Template::server("own.test").self_signed();
    // The intermediate of the hierarchy allows no authority below it.
    let deep = Template::authority("nolapse test too deep").issued_by(&pki.intermediate);
    let site = |name, leaf, above: &[&Minted], wanted| houses.site(name, leaf, above, wanted);
    vec![
        site(
            "own.test",
            own,
            &[],
            wanted("CRITICAL", &["self-signed"], "self-signed"),
        ),
        site(
            "stranger.test",
            issued("stranger.test", stranger),
            &[stranger],
            wanted("CRITICAL", &["untrusted"], "not-in-store"),
        ),
        site(
            "ended.test",
            issued("ended.test", ended),
            &[ended],
            wanted("CRITICAL", &["intermediate-expired"], "expired"),
        ),
        site("sha1.test", old, &[], wanted("CRITICAL", &["weak-signature"], "")),
        site(
            "deep.test",
            issued("deep.test", &deep),
            &[&deep, &pki.intermediate],
            wanted("CRITICAL", &["untrusted"], "path-too-long"),
        ),
    ]
}

#[test]
fn every_defect_is_named_and_nothing_else_is() {
    let houses = Houses::new();
    let cases = [leaves(&houses), sent_wrongly(&houses), issued_wrongly(&houses)];
    let cases: Vec<Case> = cases.into_iter().flatten().collect();
    let sites = cases.iter().map(|case| Site {
        name: case.name,
        served: vec![&case.served],
        directives: "ssl_ciphers DEFAULT:@SECLEVEL=0;",
    });
    let server = nginx::start(&[Listener {
        label: "https",
        protocols: "TLSv1.2 TLSv1.3",
        sites: sites.collect(),
    }]);
    let targets: Vec<String> = cases
        .iter()
        .map(|case| server.target("https", case.name))
        .collect();
    let scan = scan(&houses.pki, &targets);
    assert_eq!((scan.looks.len(), scan.exit), (cases.len(), 1), "{}", scan.stderr);
    let mut wrong = Vec::new();
    for case in &cases {
        let look = scan
            .looks
            .iter()
            .find(|look| look.text("/endpoint/name") == case.name);
        let look = look.unwrap_or_else(|| panic!("no look at {}", case.name));
        if let Some(difference) = difference(case, look) {
            wrong.push(difference);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What was said and should not have been, or the other way round.
fn difference(case: &Case, look: &Look) -> Option<String> {
    let said = (look.status(), look.rules(), look.refused_by("test"), look.chain());
    let wanted: Vec<&str> = case.chain.iter().map(String::as_str).collect();
    let wanted = (case.status, case.rules.to_vec(), case.refused, wanted);
    let about_leaf = look.0["findings"][0]["certificate"] == case.leaf.sha256();
    let names_leaf = !["expired", "name-mismatch", "weak-key"].contains(case.rules.first().unwrap_or(&""));
    if said == wanted && (about_leaf || names_leaf) {
        return None;
    }
    Some(format!(
        "{}:\n  said   {said:?}\n  wanted {wanted:?}\n  {}",
        case.name, look.0["findings"]
    ))
}

#[test]
fn a_key_that_does_not_belong_to_the_certificate_is_found_out() {
    let pki = Pki::new();
    let (shown, held) = (pki.leaf("key.test"), pki.leaf("key.test"));
    // No honest server starts with such a pair; a TLS server of our own does.
    let chain = vec![shown.der().to_vec(), pki.intermediate.der().to_vec()];
    let server = testkit::tls::start(chain, held.key_der());
    let look = look(
        &pki,
        &testkit::servers::target("tls", "key.test", server.address()),
    );
    look.shows(&[&shown, &pki.intermediate]);
    assert_eq!(
        (look.status(), look.text("/tls/proof/state")),
        ("CRITICAL", "failed"),
        "{look:?}"
    );
    assert_eq!(look.rules(), ["key-not-proven"], "{look:?}");
}

#[test]
fn an_address_is_a_name_too() {
    let pki = Pki::new();
    let socket = testkit::loopback::socket();
    let leaf = Template::server("address.test")
        .address(socket.ip())
        .issued_by(&pki.intermediate);
    let server = testkit::tls::start_on(
        socket,
        vec![leaf.der().to_vec(), pki.intermediate.der().to_vec()],
        leaf.key_der(),
    );
    let named = look(&pki, &server.address().to_string());
    named.is_sound(&[&leaf, &pki.intermediate]);
    assert!(
        named.0["endpoint"]["server_name"].is_null(),
        "no name is sent to a bare address: {named:?}"
    );
    let other = testkit::tls::start(
        vec![leaf.der().to_vec(), pki.intermediate.der().to_vec()],
        leaf.key_der(),
    );
    let unnamed = look(&pki, &other.address().to_string());
    assert_eq!(unnamed.rules(), ["name-mismatch"], "{unnamed:?}");
}
