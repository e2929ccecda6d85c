//! What looks saw and sources said, as JSON that stays readable for years.
//!
//! Nouns come in, text goes into a column and comes back as the same nouns. Members are written in a fixed order, since
//! equal text means "the same as before" ([`digest`]). A word that a later version wrote and this one does not know is
//! damage, and said to be: a schema number protects against it.

use jiff::Timestamp;
use model::finding::Severity;
use model::inventory::{Reached, Said, Seen, State, StoreSaid, TlsWords};
use model::observation::Depth;
use model::sighting::{OrderFacts, OrderState};
use model::{Fingerprint, Status, Untrusted};
use serde::{Deserialize, Serialize};

use crate::error::Trouble;

/// How things are known by their content: enough bytes of a SHA-256 that no two things will ever share them.
pub(crate) type Digest = [u8; 16];

/// The digest of some bytes.
pub(crate) fn digest(bytes: &[u8]) -> Digest {
    let mut short = [0; 16];
    let whole = Fingerprint::of(bytes);
    short
        .iter_mut()
        .zip(whole.as_bytes())
        .for_each(|(to, from)| *to = *from);
    short
}

#[derive(Serialize, Deserialize)]
struct SeenText {
    depth: String,
    reached: ReachedText,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<TlsText>,
    status: String,
    findings: Vec<SaidText>,
    trust: Vec<TrustText>,
}

#[derive(Serialize, Deserialize)]
struct ReachedText {
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct TlsText {
    version: String,
    cipher: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    proof: String,
}

#[derive(Serialize, Deserialize)]
struct SaidText {
    rule: String,
    severity: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
    message: String,
    remedy: String,
}

#[derive(Serialize, Deserialize)]
struct TrustText {
    store: String,
    trusted: bool,
    #[serde(skip_serializing_if = "String::is_empty", default)]
    reason: String,
}

#[derive(Serialize, Deserialize)]
struct StateText {
    status: String,
    reached: String,
    rules: Vec<(String, String)>,
}

/// What was seen, as text.
pub(crate) fn seen(seen: &Seen) -> String {
    let reached = match &seen.reached {
        Reached::Handshaken => ReachedText {
            stage: None,
            failure: None,
            detail: None,
        },
        Reached::Stopped {
            stage,
            failure,
            detail,
        } => ReachedText {
            stage: Some(stage.to_string()),
            failure: Some(failure.to_string()),
            detail: Some(detail.raw().to_owned()),
        },
    };
    let tls = seen.tls.as_ref().map(|tls| TlsText {
        version: tls.version.to_string(),
        cipher: tls.cipher.to_string(),
        group: tls.group.as_ref().map(ToString::to_string),
        proof: tls.proof.to_string(),
    });
    let findings = seen.findings.iter().map(|said| SaidText {
        rule: said.rule.to_string(),
        severity: said.severity.word().to_owned(),
        certificate: said.certificate.map(|fingerprint| fingerprint.to_string()),
        message: said.message.raw().to_owned(),
        remedy: said.remedy.raw().to_owned(),
    });
    let trust = seen.trust.iter().map(|said| TrustText {
        store: said.store.to_string(),
        trusted: said.trusted,
        reason: said.reason.to_string(),
    });
    write(&SeenText {
        depth: seen.depth.word().to_owned(),
        reached,
        tls,
        status: seen.status.word().to_owned(),
        findings: findings.collect(),
        trust: trust.collect(),
    })
}

/// What was seen, from its text.
pub(crate) fn read_seen(text: &str) -> Result<Seen, Trouble> {
    let read: SeenText = read(text)?;
    let reached = match (read.reached.stage, read.reached.failure) {
        (Some(stage), Some(failure)) => Reached::Stopped {
            stage: stage.into(),
            failure: failure.into(),
            detail: Untrusted::new(read.reached.detail.unwrap_or_default()),
        },
        _ => Reached::Handshaken,
    };
    let tls = read.tls.map(|tls| TlsWords {
        version: tls.version.into(),
        cipher: tls.cipher.into(),
        group: tls.group.map(Into::into),
        proof: tls.proof.into(),
    });
    let mut findings = Vec::with_capacity(read.findings.len());
    for said in read.findings {
        findings.push(Said {
            rule: said.rule.into(),
            severity: severity(&said.severity)?,
            certificate: said.certificate.as_deref().map(fingerprint).transpose()?,
            message: Untrusted::new(said.message),
            remedy: Untrusted::new(said.remedy),
        });
    }
    let trust = read.trust.into_iter().map(|said| StoreSaid {
        store: said.store.into(),
        trusted: said.trusted,
        reason: said.reason.into(),
    });
    Ok(Seen {
        depth: if read.depth == Depth::Glance.word() {
            Depth::Glance
        } else {
            Depth::Full
        },
        reached,
        tls,
        status: status(&read.status)?,
        findings,
        trust: trust.collect(),
    })
}

/// What makes history, as text.
pub(crate) fn state(state: &State) -> String {
    let rules = state
        .rules
        .iter()
        .map(|(rule, severity)| (rule.to_string(), severity.word().to_owned()));
    write(&StateText {
        status: state.status.word().to_owned(),
        reached: state.reached.to_string(),
        rules: rules.collect(),
    })
}

/// What makes history, from its text.
pub(crate) fn read_state(text: &str) -> Result<State, Trouble> {
    let read: StateText = read(text)?;
    let mut rules = std::collections::BTreeSet::new();
    for (rule, word) in read.rules {
        rules.insert((rule.into(), severity(&word)?));
    }
    Ok(State {
        status: status(&read.status)?,
        reached: read.reached.into(),
        rules,
    })
}

/// The status of a word.
pub(crate) fn status(word: &str) -> Result<Status, Trouble> {
    let known = Status::WORST_FIRST
        .into_iter()
        .find(|status| status.word() == word);
    known.ok_or_else(|| unknown("status", word))
}

fn severity(word: &str) -> Result<Severity, Trouble> {
    const ALL: [Severity; 5] = [
        Severity::Note,
        Severity::Warning,
        Severity::Error,
        Severity::Critical,
        Severity::Expired,
    ];
    let known = ALL.into_iter().find(|severity| severity.word() == word);
    known.ok_or_else(|| unknown("severity", word))
}

fn fingerprint(text: &str) -> Result<Fingerprint, Trouble> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| unknown("fingerprint", text))?;
    Ok(Fingerprint::from_bytes(bytes))
}

#[derive(Serialize)]
struct DetailText<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<OrderText<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    because: &'a [&'a str],
}

#[derive(Serialize)]
struct OrderText<'a> {
    order: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<&'a str>,
    state: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_said: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ordered: Option<String>,
    renewed: bool,
}

/// What else a source said of a certificate, as text.
pub(crate) fn certificate_detail(place: Option<&Untrusted>, order: Option<&OrderFacts>) -> String {
    let order = order.map(|facts| OrderText {
        order: facts.order.raw(),
        certificate: facts.certificate.as_ref().map(Untrusted::raw),
        state: facts.state.word(),
        state_said: match &facts.state {
            OrderState::Other(word) => Some(word.raw()),
            OrderState::Pending | OrderState::Issued | OrderState::Revoked | OrderState::Ended => None,
        },
        product: facts.product.as_ref().map(Untrusted::raw),
        organization: facts.organization.as_ref().map(Untrusted::raw),
        ordered: facts.ordered.map(|time| time.to_string()),
        renewed: facts.renewed,
    });
    write(&DetailText {
        place: place.map(Untrusted::raw),
        order,
        because: &[],
    })
}

/// What led to a place, as text.
pub(crate) fn place_detail(because: &[Untrusted]) -> String {
    let because: Vec<&str> = because.iter().map(Untrusted::raw).collect();
    write(&DetailText {
        place: None,
        order: None,
        because: &because,
    })
}

/// Milliseconds since 1970, UTC: how every time is kept.
pub(crate) fn milliseconds(time: Timestamp) -> i64 {
    time.as_millisecond()
}

/// The time of so many milliseconds.
pub(crate) fn time(milliseconds: i64) -> Result<Timestamp, Trouble> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| unknown("time", &milliseconds.to_string()))
}

/// Short texts, such as names of endpoints.
pub(crate) fn list<'a>(texts: impl Iterator<Item = &'a Box<str>>) -> String {
    write(&texts.map(AsRef::as_ref).collect::<Vec<&str>>())
}

pub(crate) fn read_list(text: &str) -> Result<Vec<Box<str>>, Trouble> {
    let read: Vec<String> = read(text)?;
    Ok(read.into_iter().map(String::into_boxed_str).collect())
}

fn write(value: &impl Serialize) -> String {
    // Structures of strings and lists, whose keys are field names: there is nothing that could fail.
    serde_json::to_string(value).unwrap_or_default()
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Trouble> {
    serde_json::from_str(text).map_err(|error| Trouble::Damaged {
        reason: error.to_string().into(),
    })
}

pub(crate) fn unknown(what: &str, word: &str) -> Trouble {
    Trouble::Damaged {
        reason: format!("no {what} is called {}", model::untrusted::shown(word)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_comes_back_as_it_was() {
        let one = Seen {
            depth: Depth::Full,
            reached: Reached::Handshaken,
            tls: Some(TlsWords {
                version: "TLS 1.3".into(),
                cipher: "TLS_AES_128_GCM_SHA256".into(),
                group: None,
                proof: "proven".into(),
            }),
            status: Status::Critical,
            findings: vec![Said {
                rule: "expired".into(),
                severity: Severity::Expired,
                certificate: Some(Fingerprint::of(b"x")),
                message: Untrusted::new("it \u{0}ended"),
                remedy: Untrusted::new("renew"),
            }],
            trust: vec![StoreSaid {
                store: "mozilla".into(),
                trusted: false,
                reason: "expired".into(),
            }],
        };
        let other = Seen {
            reached: Reached::Stopped {
                stage: "connect".into(),
                failure: "refused".into(),
                detail: Untrusted::new("the port refused"),
            },
            tls: None,
            depth: Depth::Glance,
            ..one.clone()
        };
        for look in [one, other] {
            let text = seen(&look);
            assert!(!text.contains('\0'), "JSON escapes it");
            assert_eq!(read_seen(&text).unwrap(), look);
            assert_eq!(read_state(&state(&look.state())).unwrap(), look.state());
        }
        assert!(matches!(read_seen("{"), Err(Trouble::Damaged { .. })));
    }
}
