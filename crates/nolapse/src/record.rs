//! The public record of one look: what every machine format is made of.
//!
//! An observation and its assessment come in, a versioned wire record goes out. Within one version fields are only
//! added, never changed or removed; `nolapse schema` prints the JSON Schema, and a test holds every output against it.
//! Text from the network stands here as it was sent: [`crate::json`] escapes it.

mod evidence;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use assess::ct::{SctOutcome, SctVerdict};
use assess::{StoreVerdict, Trust, words};
use jiff::Timestamp;
use model::certificate::{Certificate, KeyKind};
use model::der::rfc3339;
use model::endpoint::Identity;
use model::observation::{ClientCertificate, Elapsed, Handshake, Observation, Outcome, Proof};
use model::{Finding, limits};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::names;
use engine::look::Look;

/// The version of the record. Raised when a field is changed or removed.
pub(crate) const VERSION: u32 = 1;

/// One look at one endpoint. Later minor versions may add members.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Record")]
pub(crate) struct Record<'a> {
    /// Version of this schema.
    version: u32,
    /// What was looked at.
    endpoint: EndpointPart<'a>,
    /// How it stands: the worst of its findings.
    status: StatusWord,
    /// When the look began (RFC 3339, UTC).
    #[schemars(with = "String", extend("format" = "date-time"))]
    at: Moment,
    /// The time as of which everything was judged: that of the look unless another was asked for.
    #[schemars(with = "String", extend("format" = "date-time"))]
    judged_at: Moment,
    /// How far the look was meant to go: `full` is as far as the server's proof that it holds its key.
    depth: DepthWord,
    /// How far it came.
    outcome: OutcomePart,
    /// What TLS showed; null when no certificate was reached.
    tls: Option<TlsPart<'a>>,
    /// The chain exactly as sent, in order; the leaf first.
    certificates: Vec<CertificatePart<'a>>,
    /// Other handshakes that showed another leaf (`--all-certificates`).
    further: Vec<FurtherPart<'a>>,
    /// What each trust store says, by its name.
    trust: BTreeMap<&'a str, TrustPart<'a>>,
    /// What is wrong or worth knowing, worst first.
    findings: Vec<FindingPart<'a>>,
    /// What is known about the revocation of certificates, of the chain and of the paths that stores accept: those about
    /// which something was sent along, or asked (`--revocation`).
    revocation: Vec<evidence::RevocationPart<'a>>,
    /// Issuers that were not sent and were fetched (`--fetch-issuers`).
    fetched_issuers: Vec<evidence::IssuerPart<'a>>,
    /// Stores that would accept the chain with the issuers that were fetched.
    trusted_with_fetched: Vec<&'a str>,
    /// Who may issue for the names of the leaf (`--caa`).
    caa: Vec<evidence::CaaPart<'a>>,
    /// Time spent.
    elapsed: ElapsedPart,
    /// TCP connections opened.
    connections: u32,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Endpoint")]
struct EndpointPart<'a> {
    /// The DNS name asked for, in A-label form; null for a bare address.
    name: Option<&'a str>,
    /// The address looked at; null when the name has none.
    #[schemars(with = "Option<String>")]
    address: Option<std::net::IpAddr>,
    /// TCP port.
    port: u16,
    /// The exchange before TLS (`smtp`, `imap`, `postgres`, ...), or `none`.
    starttls: &'static str,
    /// The name sent in the TLS extension `server_name`; null when none was sent.
    server_name: Option<&'a str>,
}

#[derive(Clone, Copy, Serialize, JsonSchema)]
#[schemars(rename = "Status")]
#[serde(rename_all = "UPPERCASE")]
enum StatusWord {
    Ok,
    Warning,
    Critical,
    Expired,
    Error,
}

#[derive(Clone, Copy, Serialize, JsonSchema)]
#[schemars(rename = "Depth")]
#[serde(rename_all = "lowercase")]
enum DepthWord {
    Glance,
    Full,
}

#[derive(Clone, Copy, Serialize, JsonSchema)]
#[schemars(rename = "Severity")]
#[serde(rename_all = "lowercase")]
enum SeverityWord {
    Note,
    Warning,
    Error,
    Critical,
    Expired,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Outcome")]
struct OutcomePart {
    /// The last stage reached: `resolve`, `connect`, `starttls`, `handshake`.
    reached: &'static str,
    /// Whether the look saw all that its depth promises.
    complete: bool,
    /// What stopped it; null when nothing did. `nolapse explain KIND` tells more.
    failure: Option<FailurePart>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Failure")]
struct FailurePart {
    /// The kind: `refused`, `timed-out`, `not-tls`, ...
    kind: &'static str,
    /// Facts beside the kind.
    detail: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tls")]
struct TlsPart<'a> {
    /// Negotiated version: `TLS 1.3`, ...
    #[schemars(with = "String")]
    version: Shown<model::tls::Version>,
    /// Negotiated cipher suite, its registered name.
    #[schemars(with = "String")]
    cipher: Shown<model::tls::CipherSuite>,
    /// Key-exchange group, its registered name.
    #[schemars(with = "Option<String>")]
    group: Option<Shown<model::tls::Group>>,
    /// Bits of a finite-field Diffie-Hellman prime.
    dh_bits: Option<u32>,
    /// Protocol chosen by ALPN.
    alpn: Option<&'a str>,
    /// Which of our greetings was answered: `modern`, `tls12`, `tls13`, `hybrid`, `legacy`, `tls10`, `ssl3`.
    hello: &'static str,
    /// Whether the server proved that it holds the key of the leaf.
    proof: ProofPart,
    /// Whether the server asked for a client certificate.
    client_certificate: ClientCertificatePart<'a>,
    /// The stapled OCSP answer.
    staple: Option<StaplePart>,
    /// Signed certificate timestamps.
    scts: Vec<SctPart<'a>>,
    /// Certificates sent beyond those in `certificates`.
    chain_dropped: u32,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Proof")]
struct ProofPart {
    /// `proven`, `failed`, `not-seen` (depth `glance`), `no-signature` (RSA key exchange), `unverifiable`.
    state: &'static str,
    /// The signature scheme, its registered name.
    #[schemars(with = "Option<String>")]
    scheme: Option<Shown<model::tls::SignatureScheme>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ClientCertificate")]
struct ClientCertificatePart<'a> {
    /// `asked`, `not-asked`, `not-seen`.
    state: &'static str,
    /// Names of acceptable authorities (RFC 4514).
    authorities: Vec<&'a str>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Staple")]
struct StaplePart {
    /// Its size.
    bytes: usize,
    /// SHA-256 of it.
    #[schemars(with = "String")]
    sha256: Shown<model::Fingerprint>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Sct")]
struct SctPart<'a> {
    /// Where it was found: `certificate`, `tls`, `staple`.
    origin: &'static str,
    /// SHA-256 of the key of the log.
    log: String,
    /// The name of the log, when it was looked at and is known.
    log_name: Option<&'a str>,
    /// `valid`, `invalid`, `future`, `unknown-log`, `unverifiable`; null when no public store trusts the chain.
    outcome: Option<&'static str>,
    /// When the log promised to include the certificate.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    timestamp: Option<Moment>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Certificate")]
struct CertificatePart<'a> {
    /// SHA-256 of the DER.
    #[schemars(with = "String")]
    sha256: Shown<model::Fingerprint>,
    /// Subject (RFC 4514).
    subject: &'a str,
    /// Issuer (RFC 4514).
    issuer: &'a str,
    /// Serial number, hexadecimal as encoded.
    serial: String,
    /// First second of its validity; null when it cannot be read.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    not_before: Option<Moment>,
    /// Last second of its validity; null when it cannot be read.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    not_after: Option<Moment>,
    /// Subject alternative names: DNS names and addresses bare, others behind their kind (`email:`, `uri:`).
    names: Vec<Cow<'a, str>>,
    /// How many names there are; more than `names` holds when there are more than are parsed.
    names_count: usize,
    /// Its key.
    key: KeyPart,
    /// Signature algorithm: `rsa-sha256`, `ecdsa-sha384`, ...
    signature: Cow<'static, str>,
    /// Whether it is a CA certificate by its basic constraints.
    ca: bool,
    /// Extended key usages, dotted; null when the extension is absent.
    #[schemars(with = "Option<Vec<String>>")]
    extended_key_usages: Option<Vec<Shown<&'a model::certificate::Oid>>>,
    /// Size of the DER.
    bytes: usize,
    /// What a strict reader refuses, with the byte offset in the DER.
    oddities: Vec<OddityPart>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Key")]
struct KeyPart {
    /// `rsa`, `rsa-pss`, `ec`, `ed25519`, `ed448`, `dsa`, `ml-dsa`, `other`, `unread`.
    kind: &'static str,
    /// Bits of modulus, prime, or field.
    bits: Option<u32>,
    /// The curve of an `ec` key.
    curve: Option<Cow<'static, str>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Oddity")]
struct OddityPart {
    /// What is wrong.
    kind: String,
    /// In which field.
    field: &'static str,
    /// Byte offset in the DER.
    offset: usize,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Further")]
struct FurtherPart<'a> {
    /// What TLS showed.
    tls: TlsPart<'a>,
    /// The chain as sent.
    certificates: Vec<CertificatePart<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Trust")]
struct TrustPart<'a> {
    /// Whether the store accepts the chain.
    trusted: bool,
    /// The path to its anchor, leaf first; null when refused.
    path: Option<Vec<StepPart<'a>>>,
    /// The most telling reason why it refuses; null when trusted.
    reason: Option<&'static str>,
    /// Every reason found, the most telling first.
    reasons: Vec<&'static str>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Step")]
struct StepPart<'a> {
    /// SHA-256 of the DER.
    #[schemars(with = "String")]
    sha256: Shown<model::Fingerprint>,
    /// Subject (RFC 4514).
    subject: &'a str,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Finding")]
struct FindingPart<'a> {
    /// The rule, for `nolapse explain`.
    rule: &'a str,
    /// How much it matters.
    severity: SeverityWord,
    /// SHA-256 of the certificate it is about; null when it is about the endpoint.
    #[schemars(with = "Option<String>")]
    certificate: Option<Shown<model::Fingerprint>>,
    /// What is wrong, one line.
    message: String,
    /// What to do, one line.
    remedy: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Elapsed")]
struct ElapsedPart {
    /// Everything.
    total_ms: Milliseconds,
    /// Resolving the name.
    resolve_ms: Option<Milliseconds>,
    /// Opening the connection.
    connect_ms: Option<Milliseconds>,
    /// The exchange before TLS.
    starttls_ms: Option<Milliseconds>,
    /// TLS.
    handshake_ms: Option<Milliseconds>,
    /// Asking third parties, which `total_ms` does not count.
    evidence_ms: Option<Milliseconds>,
}

impl<'a> Record<'a> {
    /// The record of one look.
    pub(crate) fn new(look: &'a Look) -> Self {
        let Look {
            observation,
            assessment,
            evidence,
        } = look;
        let main = observation.handshake.as_ref();
        let scts = assessment.scts.as_slice();
        Self {
            version: VERSION,
            endpoint: EndpointPart::new(observation),
            status: assessment.status.into(),
            at: Moment(observation.at),
            judged_at: Moment(assessment.at),
            depth: observation.depth.into(),
            outcome: OutcomePart::new(&observation.outcome),
            tls: main.map(|handshake| TlsPart::new(handshake, scts)),
            certificates: main.map(chain).unwrap_or_default(),
            further: observation
                .further_handshakes
                .iter()
                .map(|further| FurtherPart {
                    tls: TlsPart::new(further, &[]),
                    certificates: chain(further),
                })
                .collect(),
            trust: assessment
                .trust
                .iter()
                .map(|verdict| (&*verdict.store, TrustPart::new(verdict)))
                .collect(),
            findings: assessment
                .findings
                .iter()
                .map(|finding| FindingPart::new(finding, observation))
                .collect(),
            revocation: assessment
                .revocation
                .iter()
                .map(evidence::RevocationPart::new)
                .collect(),
            fetched_issuers: evidence
                .fetched_issuers
                .iter()
                .map(evidence::IssuerPart::new)
                .collect(),
            trusted_with_fetched: assessment
                .repaired
                .iter()
                .filter(|verdict| verdict.is_trusted())
                .map(|verdict| &*verdict.store)
                .collect(),
            caa: evidence.caa.iter().map(evidence::CaaPart::new).collect(),
            elapsed: ElapsedPart::new(observation.elapsed),
            connections: observation.connections,
        }
    }
}

fn chain(handshake: &Handshake) -> Vec<CertificatePart<'_>> {
    handshake
        .chain
        .iter()
        .map(|certificate| CertificatePart::new(certificate))
        .collect()
}

impl<'a> EndpointPart<'a> {
    fn new(observation: &'a Observation) -> Self {
        let service = &*observation.service;
        Self {
            name: match &service.identity {
                Identity::Name(name) => Some(name.as_str()),
                Identity::Address(_) => None,
            },
            address: observation.address,
            port: service.port,
            starttls: service.starttls.word(),
            server_name: service.server_name.as_ref().map(model::Name::as_str),
        }
    }
}

impl OutcomePart {
    fn new(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Handshaken => Self {
                reached: model::observation::Stage::Handshake.word(),
                complete: true,
                failure: None,
            },
            Outcome::Stopped { stage, failure } => Self {
                reached: stage.word(),
                complete: false,
                failure: Some(FailurePart {
                    kind: failure.word(),
                    detail: failure.detail(),
                }),
            },
        }
    }
}

impl<'a> TlsPart<'a> {
    /// The verdicts are in the order of the timestamps, or there are none.
    fn new(handshake: &'a Handshake, verdicts: &'a [SctVerdict]) -> Self {
        let outcome = |place: usize| verdicts.get(place).map(|verdict| &verdict.outcome);
        Self {
            version: Shown(handshake.version),
            cipher: Shown(handshake.cipher),
            group: handshake.group.map(Shown),
            dh_bits: handshake.dh_bits,
            alpn: handshake.alpn.as_ref().map(model::Untrusted::raw),
            hello: handshake.hello.word(),
            proof: ProofPart::new(handshake.proof),
            client_certificate: ClientCertificatePart::new(&handshake.client_certificate),
            staple: handshake.staple.as_deref().map(|staple| StaplePart {
                bytes: staple.len(),
                sha256: Shown(model::Fingerprint::of(staple)),
            }),
            scts: handshake
                .scts
                .iter()
                .take(limits::SCTS)
                .enumerate()
                .map(|(place, sct)| SctPart {
                    origin: sct.origin.word(),
                    log: hex::encode(sct.log_id),
                    log_name: outcome(place)
                        .and_then(|outcome| outcome.log())
                        .map(|log| &*log.name),
                    outcome: outcome(place).map(SctOutcome::word),
                    timestamp: sct.timestamp.map(Moment),
                })
                .collect(),
            chain_dropped: handshake.chain_dropped,
        }
    }
}

impl ProofPart {
    const fn new(proof: Proof) -> Self {
        let scheme = match proof {
            Proof::Proven(scheme) | Proof::Failed(scheme) | Proof::Unverifiable(scheme) => {
                Some(Shown(scheme))
            }
            Proof::NotSeen | Proof::NoSignature => None,
        };
        Self {
            state: proof.word(),
            scheme,
        }
    }
}

impl<'a> ClientCertificatePart<'a> {
    fn new(client: &'a ClientCertificate) -> Self {
        match client {
            ClientCertificate::NotSeen => Self {
                state: "not-seen",
                authorities: Vec::new(),
            },
            ClientCertificate::NotAsked => Self {
                state: "not-asked",
                authorities: Vec::new(),
            },
            ClientCertificate::Asked { authorities } => Self {
                state: "asked",
                authorities: authorities.iter().map(model::Untrusted::raw).collect(),
            },
        }
    }
}

impl<'a> CertificatePart<'a> {
    fn new(certificate: &'a Certificate) -> Self {
        let facts = certificate.facts();
        Self {
            sha256: Shown(certificate.fingerprint()),
            subject: facts.subject.text.raw(),
            issuer: facts.issuer.text.raw(),
            serial: hex::encode(&facts.serial),
            not_before: facts.not_before.map(Moment),
            not_after: facts.not_after.map(Moment),
            names: facts
                .subject_alt_names
                .iter()
                .flatten()
                .map(names::general)
                .collect(),
            names_count: facts.subject_alt_name_count,
            key: KeyPart::new(&facts.public_key.kind),
            signature: names::signature(&facts.signature_algorithm),
            ca: facts.is_ca(),
            extended_key_usages: facts
                .extended_key_usages
                .as_ref()
                .map(|usages| usages.iter().map(Shown).collect()),
            bytes: certificate.der().len(),
            oddities: facts
                .oddities
                .iter()
                .map(|oddity| OddityPart {
                    kind: names::kebab(&format!("{:?}", oddity.kind)),
                    field: oddity.field,
                    offset: oddity.offset,
                })
                .collect(),
        }
    }
}

impl KeyPart {
    fn new(kind: &KeyKind) -> Self {
        let curve = match kind {
            KeyKind::Ec(curve) => Some(names::curve(curve)),
            _ => None,
        };
        Self {
            kind: names::key_family(kind),
            bits: names::key_bits(kind),
            curve,
        }
    }
}

impl<'a> TrustPart<'a> {
    fn new(verdict: &'a StoreVerdict) -> Self {
        match &verdict.outcome {
            Trust::Trusted { path } => Self {
                trusted: true,
                path: Some(
                    path.iter()
                        .map(|certificate| StepPart::new(certificate))
                        .collect(),
                ),
                reason: None,
                reasons: Vec::new(),
            },
            Trust::Refused { reasons } => {
                let reasons: Vec<_> = reasons.iter().map(model::finding::PathReason::word).collect();
                Self {
                    trusted: false,
                    path: None,
                    reason: reasons.first().copied(),
                    reasons,
                }
            }
        }
    }
}

impl<'a> StepPart<'a> {
    fn new(certificate: &'a Certificate) -> Self {
        Self {
            sha256: Shown(certificate.fingerprint()),
            subject: certificate.facts().subject.text.raw(),
        }
    }
}

impl<'a> FindingPart<'a> {
    fn new(finding: &'a Finding, observation: &'a Observation) -> Self {
        Self {
            rule: finding.rule,
            severity: finding.severity.into(),
            certificate: finding
                .subject
                .certificate(observation)
                .map(|certificate| Shown(certificate.fingerprint())),
            message: words::message(finding, observation),
            remedy: words::remedy(finding),
        }
    }
}

impl ElapsedPart {
    fn new(elapsed: Elapsed) -> Self {
        Self {
            total_ms: elapsed.total.into(),
            resolve_ms: elapsed.resolve.map(Into::into),
            connect_ms: elapsed.connect.map(Into::into),
            starttls_ms: elapsed.upgrade.map(Into::into),
            handshake_ms: elapsed.handshake.map(Into::into),
            evidence_ms: elapsed.evidence.map(Into::into),
        }
    }
}

impl From<model::Status> for StatusWord {
    fn from(status: model::Status) -> Self {
        match status {
            model::Status::Ok => Self::Ok,
            model::Status::Warning => Self::Warning,
            model::Status::Critical => Self::Critical,
            model::Status::Expired => Self::Expired,
            model::Status::Error => Self::Error,
        }
    }
}

impl From<model::Severity> for SeverityWord {
    fn from(severity: model::Severity) -> Self {
        match severity {
            model::Severity::Note => Self::Note,
            model::Severity::Warning => Self::Warning,
            model::Severity::Error => Self::Error,
            model::Severity::Critical => Self::Critical,
            model::Severity::Expired => Self::Expired,
        }
    }
}

impl From<model::observation::Depth> for DepthWord {
    fn from(depth: model::observation::Depth) -> Self {
        match depth {
            model::observation::Depth::Glance => Self::Glance,
            model::observation::Depth::Full => Self::Full,
        }
    }
}

/// Serialised by its `Display`, without a string of its own.
struct Shown<T>(T);

impl<T: fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A time in RFC 3339, UTC, to the millisecond at most.
#[derive(Clone, Copy)]
struct Moment(Timestamp);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let whole = self.0.as_millisecond();
        if self.0 == Timestamp::MAX {
            return serializer.serialize_str(&rfc3339(self.0));
        }
        serializer.collect_str(&Timestamp::from_millisecond(whole).unwrap_or(self.0))
    }
}

/// Milliseconds with three decimals.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(transparent)]
struct Milliseconds(f64);

impl From<Duration> for Milliseconds {
    fn from(duration: Duration) -> Self {
        // Whole microseconds are exact in a double up to centuries.
        let microseconds = u32::try_from(duration.as_micros()).unwrap_or(u32::MAX);
        Self(f64::from(microseconds) / 1000.0)
    }
}

/// The JSON Schema (2020-12) of [`Record`].
pub(crate) fn schema() -> serde_json::Value {
    let generator = schemars::generate::SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<Record<'static>>();
    schema.insert(
        "$id".to_owned(),
        format!("https://nolapse.dev/schema/record-{VERSION}.json").into(),
    );
    schema.insert("title".to_owned(), "nolapse record".into());
    schema.insert(
        "description".to_owned(),
        "One look at one endpoint: a line of `--format ndjson`, an element of `--format json`.".into(),
    );
    schema.to_value()
}

/// Every field of a record by its path, with what it means, in the order of the record. A path goes through arrays
/// without an index.
pub(crate) fn field_paths() -> Vec<(String, String)> {
    let schema = schema();
    let mut paths = Vec::new();
    collect_paths(&schema, &schema, "", &mut paths);
    paths
}

fn collect_paths(
    root: &serde_json::Value,
    part: &serde_json::Value,
    prefix: &str,
    paths: &mut Vec<(String, String)>,
) {
    let Some(properties) = part.get("properties").and_then(serde_json::Value::as_object) else {
        return;
    };
    for (name, property) in properties {
        let path = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        let meaning = property
            .get("description")
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default();
        paths.push((path.clone(), meaning.replace('\n', " ")));
        if let Some(inner) = referenced(root, property) {
            collect_paths(root, inner, &path, paths);
        }
    }
}

/// The definition that a property refers to, directly, as one of several, or as the elements of an array. The schema is
/// not recursive.
fn referenced<'a>(
    root: &'a serde_json::Value,
    property: &'a serde_json::Value,
) -> Option<&'a serde_json::Value> {
    let reference = |value: &'a serde_json::Value| value.get("$ref").and_then(serde_json::Value::as_str);
    let found = reference(property)
        .or_else(|| property.get("items").and_then(reference))
        .or_else(|| property.get("anyOf")?.as_array()?.iter().find_map(reference))?;
    root.pointer(found.strip_prefix('#')?)
}
