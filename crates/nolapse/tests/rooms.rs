//! Who may know whom: the crate table of ARCHITECTURE.md held against the manifests, and the bans of deny.toml held
//! against the whole tree.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail by panics; the lints spare only the test functions themselves"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Third-party and own packages that may end up in the binary. Not a goal: growth past it wants a reason. The last
/// came with `web` (sixteen: itself, axum and what it stands on, maud), `notify` (five: itself, mail-builder with its
/// encoder and a clock for browsers that is never built here, minijinja) and `serve` under a supervisor (four: listenfd and
/// sd-notify with what they stand on).
const PACKAGES_AT_MOST: usize = 292;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the crate lies in the repository")
}

fn text(file: &str) -> String {
    std::fs::read_to_string(repository().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// What cargo itself knows of the tree.
fn metadata(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(arguments)
        .current_dir(repository())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("cargo metadata writes JSON")
}

fn elements<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().map_or(&[], Vec::as_slice)
}

fn word<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// The name of one of our crates as the table writes it; `None` for everybody else's.
fn ours(package: &Value) -> Option<&str> {
    let name = word(package, "name");
    name.strip_prefix("nolapse-")
        .or_else(|| (name == "nolapse").then_some(name))
}

/// Rows of the crate table: crate and allowed dependencies.
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let document = text("ARCHITECTURE.md");
    let table = document
        .lines()
        .skip_while(|line| !line.starts_with("| Crate |"))
        .skip(2);
    let rows = table.take_while(|line| line.starts_with('|')).map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let names = cells[3].split(',').map(str::trim).filter(|name| *name != "–");
        (
            cells[1].trim_matches('`').to_owned(),
            names.map(str::to_owned).collect(),
        )
    });
    rows.collect()
}

/// Our dependencies of one package: those that ship, and those of its tests.
fn edges(package: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut ships, mut tests) = (BTreeSet::new(), BTreeSet::new());
    for dependency in elements(package, "dependencies") {
        let Some(name) = ours(dependency) else { continue };
        let is_test = word(dependency, "kind") == "dev";
        if is_test { &mut tests } else { &mut ships }.insert(name.to_owned());
    }
    (ships, tests)
}

#[test]
fn every_crate_is_in_the_table_and_depends_on_what_the_table_allows() {
    let allowed = allowed();
    let metadata = metadata(&["--no-deps"]);
    let packages = elements(&metadata, "packages");
    let present: BTreeSet<&str> = packages.iter().filter_map(ours).collect();
    let listed: BTreeSet<&str> = allowed.keys().map(String::as_str).collect();
    assert_eq!(
        present, listed,
        "crates that exist (left) and crates in ARCHITECTURE.md's table (right)"
    );
    for package in packages {
        let name = ours(package).expect("every workspace member is ours");
        let (ships, tests) = edges(package);
        let may = &allowed[name];
        assert!(
            ships.is_subset(may),
            "`{name}` depends on {ships:?}; ARCHITECTURE.md allows {may:?}"
        );
        let with_worlds = may.iter().cloned().chain(["testkit".to_owned()]).collect();
        assert!(
            tests.is_subset(&with_worlds),
            "the tests of `{name}` depend on {tests:?}"
        );
    }
    assert!(
        allowed["testkit"].is_empty(),
        "testkit speaks bytes and knows none of us"
    );
}

#[test]
fn nothing_that_is_banned_is_in_the_tree() {
    let policy = text("deny.toml");
    let deny = policy
        .split("\ndeny = [")
        .nth(1)
        .and_then(|rest| rest.split("\n]").next())
        .expect("a list of bans");
    let banned: BTreeSet<&str> = deny
        .split("crate = \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(
        banned.contains("ring") && banned.contains("openssl-sys"),
        "the bans were read: {banned:?}"
    );
    let tree = tree(&["--workspace", "--all-features", "--edges", "normal,build,dev"]);
    assert!(tree.len() > 100, "the whole tree was listed");
    let found: Vec<&String> = tree
        .iter()
        .filter(|package| banned.contains(name_of(package)))
        .collect();
    assert!(found.is_empty(), "banned by deny.toml and in the tree: {found:?}");
}

#[test]
fn there_is_one_rustls_and_only_those_who_connect_have_it() {
    let tested = tree(&["--workspace", "--edges", "normal,build,dev"]);
    let versions: Vec<&String> = tested
        .iter()
        .filter(|package| name_of(package) == "rustls")
        .collect();
    assert_eq!(
        versions.len(),
        1,
        "one rustls, for https URLs, PostgreSQL and the tests' second opinion: {versions:?}"
    );
    let shipped = tree(&["--package", "nolapse", "--edges", "normal,build"]);
    let ships = |name| shipped.iter().any(|package| name_of(package) == name);
    assert!(ships("aws-lc-rs"), "the shipped packages were listed");
    for crate_of_ours in ["model", "sources", "probe", "assess", "engine", "nolapse"] {
        let manifest = text(&format!("crates/{crate_of_ours}/Cargo.toml"));
        let ships = manifest.split("[dev-dependencies]").next().unwrap_or_default();
        assert!(
            !ships.contains("rustls"),
            "rustls is for `net`, `store` and `web` alone: {crate_of_ours}"
        );
    }
    assert!(!ships("nolapse-testkit"), "testkit would ship");
    assert!(
        shipped.len() <= PACKAGES_AT_MOST,
        "{} packages ship",
        shipped.len()
    );
}

/// Packages, each as `name version`, that cargo would build on this platform.
fn tree(arguments: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--prefix", "none", "--format", "{p}"])
        .args(arguments)
        .current_dir(repository())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "cargo tree: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let lines = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    lines
        .lines()
        .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .collect()
}

fn name_of(package: &str) -> &str {
    package.split(' ').next().unwrap_or_default()
}

#[test]
fn every_crate_obeys_the_house_lints() {
    let metadata = metadata(&["--no-deps"]);
    for package in elements(&metadata, "packages") {
        let name = ours(package).expect("every workspace member is ours");
        let manifest =
            std::fs::read_to_string(word(package, "manifest_path")).expect("manifests can be read");
        let is_softer = name == "testkit" && manifest.contains("unsafe_code = \"forbid\"");
        assert!(
            manifest.contains("[lints]\nworkspace = true") || is_softer,
            "`{name}` has lints of its own"
        );
    }
}
