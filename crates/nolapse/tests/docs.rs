//! The documents speak of what is there: paths that they name exist, and commands that they show are the ones that run.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panics; the lints spare only the test functions themselves"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Documents that name paths of this repository, from its root.
const DOCUMENTS: [&str; 6] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "STYLE.md",
    "CHANGELOG.md",
];

/// What a path of this repository begins with.
const ROOTS: [&str; 7] = [
    "crates/", "docs/", "scripts/", "fuzz/", "bench/", ".ci/", ".github/",
];

/// What a file at the root of this repository ends with.
const ENDINGS: [&str; 2] = [".md", ".toml"];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the crate lies in the repository")
}

fn text(file: &str) -> String {
    std::fs::read_to_string(repository().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Every path that a document names: in code, and as the destination of a link.
fn named_paths(document: &str) -> BTreeSet<String> {
    let code = document
        .split('`')
        .skip(1)
        .step_by(2)
        .flat_map(str::split_whitespace);
    let links = document
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let indented = document
        .lines()
        .filter(|line| line.starts_with("    "))
        .flat_map(str::split_whitespace);
    let all = code
        .chain(links)
        .chain(indented)
        .map(|word| word.trim_end_matches([',', '.', ';', ':']));
    all.filter(|word| is_path(word)).map(str::to_owned).collect()
}

fn is_path(word: &str) -> bool {
    let is_root_file = !word.contains(['/', '*']) && ENDINGS.iter().any(|ending| word.ends_with(ending));
    is_root_file || ROOTS.iter().any(|root| word.starts_with(root))
}

#[test]
fn every_path_named_in_a_document_exists() {
    let root = repository();
    let mut missing = Vec::new();
    let mut count = 0;
    for document in DOCUMENTS {
        for path in named_paths(&text(document)) {
            count += 1;
            if !root.join(&path).exists() {
                missing.push(format!("{document}: {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "named and not there:\n{}", missing.join("\n"));
    assert!(count > 30, "only {count} paths were found: the search is broken");
}

#[test]
fn continuous_integration_runs_the_test_command_of_the_readme() {
    use std::os::unix::fs::PermissionsExt;

    let readme = text("README.md");
    let section = readme.split("## Test it").nth(1).expect("a section on testing");
    let command = section
        .lines()
        .find_map(|line| line.strip_prefix("    "))
        .expect("a command");
    assert!(
        text(".ci/run").contains(&format!("exec {command}\n")),
        ".ci/run does not call `{command}`"
    );
    for script in [".ci/run", "scripts/test", "scripts/test-servers"] {
        let mode = std::fs::metadata(repository().join(script))
            .expect("the script is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o111, 0o111, "{script} is not executable");
    }
}

#[test]
fn the_map_stays_short_and_the_changelog_keeps_its_headings() {
    let lines = text("ARCHITECTURE.md").lines().count();
    assert!(lines <= 150, "ARCHITECTURE.md has {lines} lines");
    let headings = ["Breaking", "New", "Improved", "Fixed", "Security"];
    for line in text("CHANGELOG.md").lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            assert!(
                headings.contains(&heading),
                "CHANGELOG.md: `{heading}` is no heading of it"
            );
        }
    }
}

const CLI_HEAD: &str = "\
# Command line

Every command as `--help` tells it, generated from the program; a test holds it fresh (`NOLAPSE_BLESS=1 cargo test -p
nolapse --test docs` rewrites it). `nolapse man` writes the same as manual pages.
";

/// What `--help` of a command says, whatever the variables and the terminal of whoever runs the test.
fn help(words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nolapse"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("NOLAPSE_") {
            command.env_remove(name);
        }
    }
    let output = command
        .args(words)
        .arg("--help")
        .env_remove("COLUMNS")
        .output()
        .expect("the binary runs");
    assert!(output.status.success(), "{words:?}");
    String::from_utf8(output.stdout).expect("help is UTF-8")
}

/// The commands that a help lists, without the one that shows help.
fn commands(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = listed.take_while(|line| !line.is_empty());
    // What is explained over several lines is indented further.
    let named = lines.filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')));
    let names = named.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

fn chapter(page: &mut String, words: &[&str]) {
    let help = help(words);
    let title = [&["nolapse"], words].concat().join(" ");
    let text: Vec<&str> = help.lines().map(str::trim_end).collect();
    page.push_str(&format!(
        "\n## {title}\n\n```text\n{}\n```\n",
        text.join("\n").trim_end()
    ));
    for command in commands(&help) {
        chapter(page, &[words, &[&command]].concat());
    }
}

#[test]
fn the_page_of_the_command_line_is_fresh() {
    let mut page = CLI_HEAD.to_owned();
    chapter(&mut page, &[]);
    for command in ["scan", "verify", "inspect", "trust-stores update"] {
        assert!(page.contains(&format!("\n## nolapse {command}\n")), "{command}");
    }
    let file = repository().join("docs/reference/cli.md");
    if std::env::var_os("NOLAPSE_BLESS").is_some() {
        std::fs::write(&file, &page).expect("the page can be written");
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == page,
        "docs/reference/cli.md is stale: set NOLAPSE_BLESS=1 to rewrite it"
    );
}

#[test]
fn generated_pages_are_as_fresh_as_the_program() {
    for (verb, page) in [("limits", "limits.txt"), ("schema", "record.schema.json")] {
        let output = Command::new(env!("CARGO_BIN_EXE_nolapse"))
            .arg(verb)
            .output()
            .expect("the binary runs");
        assert!(
            output.status.success(),
            "nolapse {verb} ended with {}",
            output.status
        );
        let file = repository().join("docs/reference").join(page);
        if std::env::var_os("NOLAPSE_BLESS").is_some() {
            std::fs::write(&file, &output.stdout).expect("the page can be written");
        }
        let kept = std::fs::read(&file).unwrap_or_default();
        assert!(
            kept == output.stdout,
            "docs/reference/{page} is stale: set NOLAPSE_BLESS=1 to rewrite it"
        );
    }
}
