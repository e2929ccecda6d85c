//! Cases of foreign corpora in x509-limbo's format, as questions. The corpora are no part of the repository: they are
//! looked for in `../shared/corpora`, from the workspace and from every folder above it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use assess::path::{Policies, Profile, Purpose, Question, verdicts};
use assess::{SignatureMemory, StoreVerdict, Stores};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use model::certificate::{Certificate, GeneralName, Oid};
use model::endpoint::Identity;
use model::name::Name;
use model::revocation::RevocationList;
use serde_json::Value;

/// One case, read.
pub(crate) struct Case {
    pub(crate) id: String,
    /// Whether the corpus wants it accepted.
    pub(crate) wanted: bool,
    pub(crate) chain: Vec<Arc<Certificate>>,
    pub(crate) anchors: Vec<Arc<Certificate>>,
    pub(crate) now: Timestamp,
    pub(crate) host: Option<Identity>,
    purpose: Purpose,
    crls: Vec<Arc<RevocationList>>,
    max_depth: Option<usize>,
    /// Mailboxes that the leaf must name.
    mailboxes: Vec<String>,
    /// Whether the name asked for can be no name at all.
    is_impossible: bool,
    policies: Settings,
}

/// The inputs of RFC 5280 section 6.1.1 that a PKITS case sets.
#[derive(Default)]
struct Settings {
    acceptable: Vec<Oid>,
    explicit: bool,
    mapping_inhibited: bool,
    any_inhibited: bool,
}

/// The cases of one corpus; `None`, said aloud, when it is not there.
#[expect(
    clippy::print_stdout,
    reason = "a test that was skipped says so where its output is read"
)]
pub(crate) fn cases(name: &str) -> Option<Vec<Case>> {
    let file = format!("{name}.json.xz");
    let Some(path) = find(&file) else {
        println!("SKIPPED: {file} is in no folder shared/corpora above this workspace");
        return None;
    };
    let unpacked = Command::new("xz").arg("-dc").arg(&path).output();
    let Some(unpacked) = unpacked.ok().filter(|output| output.status.success()) else {
        println!("SKIPPED: there is no xz to unpack {}", path.display());
        return None;
    };
    let whole: Value = serde_json::from_slice(&unpacked.stdout).unwrap();
    Some(whole["testcases"].as_array().unwrap().iter().map(read).collect())
}

fn find(file: &str) -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let workspace = workspace.canonicalize().ok()?;
    let mut places = workspace
        .ancestors()
        .map(|folder| folder.join("shared/corpora").join(file));
    places.find(|place| place.is_file())
}

impl Case {
    /// What the one store, which holds the case's anchors, says.
    pub(crate) fn ask(&self, profile: Profile) -> StoreVerdict {
        let stores = Stores::none()
            .with_public_store("corpus", self.anchors.clone())
            .unwrap();
        let question = Question {
            purpose: self.purpose,
            profile,
            crls: &self.crls,
            host: self.host.as_ref(),
            max_depth: self.max_depth,
            policies: Policies {
                acceptable: &self.policies.acceptable,
                explicit: self.policies.explicit,
                mapping_inhibited: self.policies.mapping_inhibited,
                any_inhibited: self.policies.any_inhibited,
            },
            ..Question::of(&self.chain, self.now)
        };
        verdicts(&question, &stores, &SignatureMemory::new()).remove(0)
    }

    /// Whether the case is accepted, and the words of the reasons when it is not.
    pub(crate) fn judge(&self, profile: Profile) -> (bool, Vec<&'static str>) {
        let verdict = self.ask(profile);
        let mut words: Vec<_> = verdict.reasons().iter().map(|reason| reason.word()).collect();
        if self.is_impossible || !self.mailboxes.iter().all(|mailbox| self.names(mailbox)) {
            words.push("not-named");
        }
        (words.is_empty(), words)
    }

    /// Whether the case asks for what second opinions are not asked: lists, depth, mailboxes, names that are none.
    pub(crate) fn is_beside_the_path(&self) -> bool {
        let asks = !self.crls.is_empty() || self.max_depth.is_some() || !self.mailboxes.is_empty();
        asks || self.is_impossible
    }

    fn names(&self, mailbox: &str) -> bool {
        let names = self.chain[0].facts().subject_alt_names.iter().flatten();
        names
            .into_iter()
            .any(|name| matches!(name, GeneralName::Email(text) if text.raw() == mailbox))
    }
}

impl Case {
    /// Whether a client is judged, not a server.
    pub(crate) fn is_client(&self) -> bool {
        self.purpose == Purpose::Client
    }

    /// A case that no corpus has: a server without a name.
    pub(crate) fn generated(
        id: String,
        chain: Vec<Arc<Certificate>>,
        anchors: Vec<Arc<Certificate>>,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            wanted: true,
            chain,
            anchors,
            now,
            host: None,
            purpose: Purpose::Server,
            crls: Vec::new(),
            max_depth: None,
            mailboxes: Vec::new(),
            is_impossible: false,
            policies: Settings::default(),
        }
    }
}

fn read(case: &Value) -> Case {
    let list = |field: &str| -> Vec<Vec<u8>> { case[field].as_array().unwrap().iter().map(pem).collect() };
    let certificate = |der: Vec<u8>| Arc::new(Certificate::from_der(der));
    let mut chain = vec![certificate(pem(&case["peer_certificate"]))];
    chain.extend(list("untrusted_intermediates").into_iter().map(certificate));
    let time = case["validation_time"].as_str();
    let peer = case["expected_peer_name"]["value"].as_str();
    let host = peer.and_then(|name| match case["expected_peer_name"]["kind"].as_str() {
        Some("DNS") => Name::parse(name).ok().map(Identity::Name),
        Some("IP") => name.parse().ok().map(Identity::Address),
        kind => panic!("a peer of kind {kind:?}"),
    });
    let crls = list("crls")
        .into_iter()
        .map(|der| Arc::new(RevocationList::from_der(der)));
    let mailboxes = case["expected_peer_names"].as_array().into_iter().flatten();
    Case {
        id: case["id"].as_str().unwrap().to_owned(),
        wanted: case["expected_result"] == "SUCCESS",
        chain,
        anchors: list("trusted_certs").into_iter().map(certificate).collect(),
        // Cases without a time mean the present, which is in the corpus's year for ever.
        now: time.unwrap_or("2026-11-01T00:00:00Z").parse().unwrap(),
        is_impossible: peer.is_some() && host.is_none(),
        host,
        purpose: if case["validation_kind"] == "CLIENT" {
            Purpose::Client
        } else {
            Purpose::Server
        },
        crls: crls.collect(),
        max_depth: case["max_chain_depth"]
            .as_u64()
            .map(|depth| usize::try_from(depth).unwrap()),
        mailboxes: mailboxes
            .map(|name| name["value"].as_str().unwrap().to_owned())
            .collect(),
        policies: settings(&case["pkits_settings"]),
    }
}

fn settings(list: &Value) -> Settings {
    let mut settings = Settings::default();
    for setting in list.as_array().into_iter().flatten() {
        let value = setting[1].as_str().unwrap();
        match setting[0].as_str().unwrap() {
            "SetInitialPolicySet" => {
                let names = value.trim_matches('"').split(',');
                settings.acceptable = names.map(test_policy).collect();
            }
            "SetInitialExplicitPolicy" => settings.explicit = value == "true",
            "SetInitialPolicyMappingInhibit" => settings.mapping_inhibited = value == "true",
            "SetInitialInhibitAnyPolicy" => settings.any_inhibited = value == "true",
            // What the valid policies are in the end, which is no input.
            "SetUserConstrainedPolicySet" => {}
            other => panic!("setting {other}"),
        }
    }
    settings
}

/// NIST's test policies are the arcs of 2.16.840.1.101.3.2.1.48.
fn test_policy(name: &str) -> Oid {
    let number = name.trim().strip_prefix("NIST-test-policy-").unwrap();
    Oid::from_dotted(&format!("2.16.840.1.101.3.2.1.48.{number}")).unwrap()
}

fn pem(text: &Value) -> Vec<u8> {
    let lines = text.as_str().unwrap().lines();
    let body: String = lines.filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(body).unwrap()
}
