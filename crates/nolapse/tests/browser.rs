//! The pages in a real Chromium, over the world of `demo`: what a person does is in `browser/pages.mjs`.

#![cfg(unix)]

mod cli_world;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use testkit::folder::Folder;

use crate::cli_world::{Kept, command};

#[test]
fn people_find_their_way_in_a_real_browser() {
    let story = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    let folder = Folder::new();
    for file in ["package.json", "package-lock.json"] {
        std::fs::copy(story.join(file), folder.at(file)).unwrap();
    }
    // What drives the browser, at the versions of the lock file; scripts of packages are not run.
    let installed = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(folder.path())
        .output()
        .expect("npm is there: scripts/test-servers installs it");
    assert!(installed.status.success(), "{installed:?}");

    let mut world = Kept(
        command(["demo", "--keep", "--listen", "127.0.0.1:0"])
            .env("TMPDIR", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut said = BufReader::new(world.0.stderr.take().unwrap());
    let pages = loop {
        let mut line = String::new();
        assert!(
            said.read_line(&mut line).unwrap() > 0,
            "it ended without saying where the pages are"
        );
        if let Some((_, address)) = line.split_once("pages on ") {
            break address.trim().trim_end_matches('/').to_owned();
        }
    };
    let ran = Command::new("node")
        .arg(story.join("pages.mjs"))
        .args([&pages, "/usr/bin/chromium"])
        .arg(folder.path())
        .env("TMPDIR", folder.path())
        .output()
        .expect("node is there: scripts/test-servers installs it");
    let told = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success(),
        "{told}\n{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    assert_eq!(told.matches("ok  ").count(), 5, "{told}");
}
