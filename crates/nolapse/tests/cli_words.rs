//! The verbs that look at nothing.

mod cli_world;

use std::process::Stdio;

use cli_world::{command, nolapse};
use testkit::folder::Folder;

#[test]
fn the_version_is_one_line() {
    let ran = nolapse(["--version"]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, concat!("nolapse ", env!("CARGO_PKG_VERSION"), "\n"))
    );
}

#[test]
fn rules_are_explained_and_typing_errors_forgiven() {
    let ran = nolapse(["explain", "chain-incomplete"]);
    assert_eq!(ran.code, 0);
    assert!(
        ran.out.starts_with("chain-incomplete") && ran.out.contains("To mend it: "),
        "{}",
        ran.out
    );
    let failure = nolapse(["explain", "refused"]);
    assert_eq!(failure.code, 0, "{}", failure.err);
    let wrong = nolapse(["explain", "expird"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("did you mean `expired`?"), "{}", wrong.err);
    let reason = nolapse(["explain", "not-in-store"]);
    assert!(
        reason.out.contains("a trust store refuses a path"),
        "{}",
        reason.out
    );
    let all = nolapse(["explain"]);
    assert!(
        all.out.contains("expired") && all.out.contains("timed-out"),
        "{}",
        all.out
    );
}

#[test]
fn limits_are_listed_in_both_formats() {
    let table = nolapse(["limits"]);
    let json = nolapse(["limits", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(table.out.lines().count(), json.as_array().unwrap().len());
    assert!(table.out.contains("--concurrency"), "{}", table.out);
}

#[test]
fn completions_and_manual_are_made() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = nolapse(["completions", shell]);
        assert!(ran.code == 0 && ran.out.contains("nolapse"), "{shell}");
    }
    let page = nolapse(["man"]);
    assert!(page.out.contains(".TH"), "{}", page.out);
    let folder = Folder::new();
    let file = folder.file("file", "");
    let refused = nolapse(["man", file.to_str().unwrap()]);
    assert_eq!(refused.code, 2);
    assert!(
        refused.err.contains("something else stands there already"),
        "{}",
        refused.err
    );
    let pages = folder.at("man");
    assert_eq!(nolapse(["man", pages.to_str().unwrap()]).code, 0);
    let scan = std::fs::read_to_string(pages.join("nolapse-scan.1")).unwrap();
    assert!(
        scan.contains("Exit status")
            && pages.join("nolapse.1").exists()
            && pages.join("nolapse-check.1").exists()
    );
}

#[test]
fn help_says_how_it_ends() {
    let ran = nolapse(["scan", "--help"]);
    assert!(
        ran.out.contains("Exit status:") && ran.out.contains("NOLAPSE_"),
        "{}",
        ran.out
    );
    assert_eq!(nolapse(["scna"]).code, 2);
}

#[test]
fn a_closed_pipe_is_no_error() {
    let mut child = command(["schema"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ran: cli_world::Ran = child.wait_with_output().unwrap().into();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_delivered_is_not_fine() {
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let refused = testkit::loopback::refusing().to_string();
    let cases: [(&[&str], i32); 6] = [
        (&["--help"], 2),
        (&["--version"], 2),
        (&["limits"], 2),
        (&["schema"], 2),
        (&["check", &refused], 3),
        (&["check"], 3),
    ];
    for (arguments, code) in cases {
        let output = command(arguments).stdout(full()).output().unwrap();
        let ran = cli_world::Ran::from(output);
        assert_eq!(ran.code, code, "{arguments:?}");
        assert!(
            ran.err.starts_with("error: cannot write") && ran.err.ends_with("the disk is full\n"),
            "{arguments:?}: {}",
            ran.err
        );
    }
}
