//! A root that stores stop to trust: one from a date of issue on, one of whose logs nothing is heard, one that dropped it,
//! and one that sees nothing wrong. The stores are a set of the test's own, installed as an update is.

use std::path::Path;

use net::clock::SystemClock;
use testkit::ca::{Minted, Pki, Template};
use testkit::folder::Folder;
use testkit::servers::nginx::{Listener, Site};
use testkit::servers::{Server, nginx};

use crate::harness::{Look, nolapse};

/// Days from today, as the lists write them.
fn day(days: i64) -> String {
    let at = SystemClock.now() + jiff::SignedDuration::from_hours(24 * days);
    at.strftime("%Y-%m-%d").to_string()
}

/// A list that holds `root`, with these further lines.
fn list(name: &str, root: Option<&Minted>, more: &str) -> String {
    let roots = root.map_or_else(String::new, |root| format!("{} = \"root\"\n", root.sha256()));
    format!(
        "name = \"{name}\"\nversion = \"1\"\ndate = \"{}\"\n\n[roots]\n{roots}\n{more}",
        day(-1)
    )
}

/// A bundle of these lists over one root, in the form in which `trust-stores export` writes it.
fn bundle(root: &Minted, lists: &[String]) -> Vec<u8> {
    let mut pool = hex::decode(root.sha256()).expect("a digest");
    let length = u16::try_from(root.der().len()).expect("a root is small");
    pool.extend(length.to_be_bytes());
    pool.extend_from_slice(root.der());
    let mut out = b"nolapse trust stores 1\n".to_vec();
    let mut section = |word: &str, content: &[u8]| {
        out.extend(format!("section {word} {}\n", content.len()).bytes());
        out.extend_from_slice(content);
        out.push(b'\n');
    };
    section("roots", &pool);
    for list in lists {
        section("store", list.as_bytes());
    }
    let seal = format!("sha256 {}\n", model::Fingerprint::of(&out));
    out.extend(seal.bytes());
    out
}

/// Installs the set into a data folder, as a user would.
fn install(folder: &Path, set: &[u8]) {
    let file = folder.join("set");
    std::fs::write(&file, set).expect("a folder of the test");
    let checksum = model::Fingerprint::of(set).to_string();
    let file = file.display().to_string();
    let output = nolapse(&["trust-stores", "update", &file, "--checksum", &checksum])
        .env("NOLAPSE_DATA_DIR", folder)
        .output()
        .expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// Looks at one target with the stores of the data folder alone.
fn look(folder: &Path, target: &str, more: &[&str]) -> Look {
    let output = nolapse(&[&["scan", "--format", "ndjson", target], more].concat())
        .env("NOLAPSE_DATA_DIR", folder)
        .output()
        .expect("the binary runs");
    let line = String::from_utf8(output.stdout).expect("UTF-8");
    let record = serde_json::from_str(line.trim());
    Look(record.unwrap_or_else(|error| panic!("{error}: {line}{}", String::from_utf8_lossy(&output.stderr))))
}

fn serve(pki: &Pki, leaves: [(&str, &Minted); 2]) -> Server {
    let served = leaves.map(|(name, leaf)| (name, pki.serve(leaf)));
    let sites = served.iter().map(|(name, served)| Site {
        name,
        served: vec![served],
        directives: "",
    });
    nginx::start(&[Listener {
        label: "https",
        protocols: "TLSv1.2 TLSv1.3",
        sites: sites.collect(),
    }])
}

/// Five stores of one root: trusted, until a date of issue, until a log's date, until it was dropped, never.
fn set(root: &Minted) -> Vec<u8> {
    let dated = |section: &str, value: String| format!("[{section}]\n{} = \"{value}\"\n", root.sha256());
    let since = format!("{}T00:00:00Z", day(-10));
    let lists = [
        list("Easy", Some(root), ""),
        list(
            "Careful",
            Some(root),
            &dated("distrust-after-not-before", since.clone()),
        ),
        list("Logged", Some(root), &dated("distrust-after-sct", since)),
        list("Dropped", None, &dated("removed", day(-5))),
        list("Stranger", None, ""),
    ];
    bundle(root, &lists)
}

#[test]
fn a_distrusted_root_before_and_after_its_date_in_every_store() {
    let pki = Pki::new();
    let folder = Folder::new();
    let data = folder.path();
    install(data, &set(&pki.root));
    let issued = |name: &str, days: i64| {
        Template::server(name)
            .valid_days(days, days + 89)
            .issued_by(&pki.intermediate)
    };
    let (before, after) = (issued("before.test", -20), issued("after.test", -8));
    let server = serve(&pki, [("before.test", &before), ("after.test", &after)]);
    let said = |look: &Look| {
        ["Easy", "Careful", "Logged", "Dropped", "Stranger"].map(|store| look.refused_by(store).to_owned())
    };
    let old = look(data, &server.target("https", "before.test"), &[]);
    assert_eq!(
        said(&old),
        ["", "", "distrusted-after", "removed-from-store", "not-in-store"],
        "{old:?}"
    );
    let new = look(data, &server.target("https", "after.test"), &[]);
    assert_eq!(
        said(&new),
        [
            "",
            "distrusted-after",
            "distrusted-after",
            "removed-from-store",
            "not-in-store"
        ],
        "{new:?}"
    );
    assert!(new.rules().contains(&"untrusted"), "{new:?}");
    assert_eq!(new.status(), "WARNING", "one store accepts it: {new:?}");
    // Distrust goes by the date of issue and never by the time of judgement; what was dropped was there before.
    let (past, soon) = (day(-7), day(30));
    let then = look(data, &server.target("https", "after.test"), &["--at", &past]);
    assert_eq!(
        said(&then),
        ["", "distrusted-after", "distrusted-after", "", "not-in-store"],
        "{then:?}"
    );
    let then = look(data, &server.target("https", "before.test"), &["--at", &soon]);
    assert_eq!(
        said(&then),
        ["", "", "distrusted-after", "removed-from-store", "not-in-store"],
        "{then:?}"
    );
}
