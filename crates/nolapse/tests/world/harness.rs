//! Runs the binary and reads what it says.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use serde_json::Value;
use testkit::ca::{Minted, Pki};

/// What a run of `nolapse scan --format ndjson` said.
pub(crate) struct Scan {
    /// One for each look, in the order in which they were written.
    pub(crate) looks: Vec<Look>,
    /// The exit status.
    pub(crate) exit: i32,
    /// What it said to people meanwhile.
    pub(crate) stderr: String,
}

/// One record.
#[derive(Debug)]
pub(crate) struct Look(pub(crate) Value);

/// Scans with the root of `pki` as the trust store `test`, and these further arguments.
pub(crate) fn scan(pki: &Pki, arguments: &[impl AsRef<OsStr>]) -> Scan {
    let anchor = format!("test={}", pki.root_file().display());
    let output = nolapse(&["scan", "--format", "ndjson", "--trust-store", &anchor])
        .args(arguments)
        .output()
        .expect("the binary runs");
    let text = String::from_utf8(output.stdout).expect("records are UTF-8");
    let looks = text
        .lines()
        .map(|line| Look(serde_json::from_str(line).expect("a line is a record")))
        .collect();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Scan {
        looks,
        exit: output.status.code().expect("it ended by itself"),
        stderr,
    }
}

/// Scans one target that is one endpoint.
pub(crate) fn look(pki: &Pki, target: &str) -> Look {
    look_with(pki, target, &[])
}

/// Scans one target that is one endpoint, with these further arguments.
pub(crate) fn look_with(pki: &Pki, target: &str, arguments: &[&str]) -> Look {
    let mut scan = scan(pki, &[&[target], arguments].concat());
    assert_eq!(scan.looks.len(), 1, "{target} is one endpoint: {}", scan.stderr);
    scan.looks.remove(0)
}

/// The binary, without the variables of whoever runs the tests.
pub(crate) fn nolapse(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nolapse"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("NOLAPSE_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

impl Look {
    /// The text at a JSON pointer; empty when there is none.
    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.0
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    pub(crate) fn status(&self) -> &str {
        self.text("/status")
    }

    pub(crate) fn version(&self) -> &str {
        self.text("/tls/version")
    }

    /// Why the look was stopped; empty when it was not.
    pub(crate) fn failure(&self) -> &str {
        self.text("/outcome/failure/kind")
    }

    /// Identifiers of the rules that found something, worst first.
    pub(crate) fn rules(&self) -> Vec<&str> {
        let findings = self.0["findings"].as_array().expect("findings");
        findings
            .iter()
            .map(|finding| finding["rule"].as_str().expect("a rule"))
            .collect()
    }

    /// SHA-256 of the certificates as sent.
    pub(crate) fn chain(&self) -> Vec<&str> {
        let chain = self.0["certificates"].as_array().expect("certificates");
        chain
            .iter()
            .map(|certificate| certificate["sha256"].as_str().expect("a fingerprint"))
            .collect()
    }

    /// What the store called `store` says: an empty text when it trusts the chain, else its reason.
    pub(crate) fn refused_by(&self, store: &str) -> &str {
        let verdict = &self.0["trust"][store];
        let trusted = verdict["trusted"]
            .as_bool()
            .unwrap_or_else(|| panic!("no verdict of `{store}`: {self:?}"));
        if trusted {
            ""
        } else {
            verdict["reason"].as_str().expect("a reason")
        }
    }

    /// Insists on the chain that was minted, on proof of the key, on trust, and on nothing being wrong.
    pub(crate) fn is_sound(&self, chain: &[&Minted]) {
        self.shows(chain);
        assert_eq!(self.text("/tls/proof/state"), "proven", "{self:?}");
        assert_eq!(self.refused_by("test"), "", "{self:?}");
        assert_eq!((self.status(), self.rules()), ("OK", vec![]), "{self:?}");
    }

    /// Insists that the chain is byte for byte the one that was minted.
    pub(crate) fn shows(&self, chain: &[&Minted]) {
        let minted: Vec<String> = chain.iter().map(|certificate| certificate.sha256()).collect();
        assert_eq!(self.chain(), minted, "{self:?}");
    }
}
