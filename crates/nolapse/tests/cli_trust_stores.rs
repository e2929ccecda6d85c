//! `trust-stores`: listing, showing, and taking another set, with the real binary and a data folder of the test's own.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails the test")]

use std::path::Path;
use std::process::{Command, Output};

fn nolapse(folder: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nolapse"))
        .env("NOLAPSE_DATA_DIR", folder)
        .current_dir(folder)
        .arg("trust-stores")
        .args(words)
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn six_stores_are_listed_and_one_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let listed = out(&nolapse(folder.path(), &[]));
    for store in ["Android", "Apple", "Chrome", "Java", "Mozilla", "Windows"] {
        assert!(listed.contains(&format!("\n{store} ")), "{listed}");
    }
    let json: serde_json::Value = serde_json::from_str(&out(&nolapse(folder.path(), &["--json"]))).unwrap();
    assert_eq!(json["stores"].as_array().unwrap().len(), 6);
    let shown = out(&nolapse(folder.path(), &["show", "chrome"]));
    let (removed, held): (Vec<_>, Vec<_>) = shown
        .lines()
        .partition(|line| line.contains("not in it any more, since "));
    assert_eq!((held.len(), removed.len()), (100, 25));
    let dated = held.iter().filter(|line| line.contains("a log signed by"));
    assert_eq!(dated.count(), 24);
    let unknown = nolapse(folder.path(), &["show", "opera"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(err(&unknown).contains("no store `opera`: Android, Apple"));
}

#[test]
fn a_bundle_is_taken_only_when_it_is_the_one_that_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let exported = out(&nolapse(folder.path(), &["export", "set"]));
    let checksum = exported.trim().strip_prefix("sha256 ").unwrap().to_owned();
    let installed = folder.path().join("trust-stores");
    let other = "00".repeat(32);
    let refused = nolapse(folder.path(), &["update", "set", "--checksum", &other]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        err(&refused).contains(&checksum) && !installed.exists(),
        "{}",
        err(&refused)
    );
    let unproven = nolapse(folder.path(), &["update", "set"]);
    assert_eq!(unproven.status.code(), Some(2));
    let mirror = testkit::files::Files::start();
    mirror.put("/set", std::fs::read(folder.path().join("set")).unwrap());
    let missing = nolapse(
        folder.path(),
        &["update", &mirror.url("/none"), "--checksum", &checksum],
    );
    assert!(
        err(&missing).contains("/none: ") && !installed.exists(),
        "{}",
        err(&missing)
    );
    let fetched = nolapse(
        folder.path(),
        &["update", &mirror.url("/set"), "--checksum", &checksum],
    );
    assert!(
        fetched.status.success() && installed.exists(),
        "{}",
        err(&fetched)
    );
    std::fs::remove_file(&installed).unwrap();
    let taken = nolapse(folder.path(), &["update", "set", "--checksum", &checksum]);
    assert!(taken.status.success() && installed.exists(), "{}", err(&taken));
    assert!(out(&taken).contains("Mozilla 1.0.11, 2026-10-23, 118 roots"));
    std::fs::write(&installed, b"damaged").unwrap();
    let listed = nolapse(folder.path(), &[]);
    assert!(listed.status.success() && out(&listed).contains("Mozilla"));
    assert_eq!(err(&listed).lines().count(), 1, "{}", err(&listed));
    assert!(err(&listed).contains("was set aside") && !installed.exists());
    let foreign = folder.path().join("foreign");
    std::fs::write(&foreign, b"PK\x03\x04").unwrap();
    let digest = "91f6ec7a8b9dfba7c0ae3bb9c0e1dcce35dc3b2a7e4c2f8d3ad1e4b1a1e0e5a0";
    let wrong = nolapse(folder.path(), &["update", "foreign", "--checksum", digest]);
    assert!(
        err(&wrong).contains("the bundle is another one"),
        "{}",
        err(&wrong)
    );
}
