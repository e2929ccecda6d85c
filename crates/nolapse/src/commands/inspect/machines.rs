//! The contents of a source as JSON: text as it was written, escaped by the encoder.

use jiff::Timestamp;
use model::certificate::{Certificate, Extension, Facts, GeneralName, KeyKind, Oddity, Oid};
use model::der::rfc3339;
use model::revocation::{CertificateStatus, Crl, OcspAnswer, ResponderId, RevocationReason};
use model::sct::{SctOrigin, parse_list};
use model::{Fingerprint, Untrusted, limits};
use serde_json::{Value, json};

use super::contents::{Contents, Item, Thing};
use super::{stamps, words};
use crate::names;

/// Entries of a CRL that are written out; their number is always there.
const ENTRIES: usize = 1_000;

/// One object about one source.
pub(super) fn report(source: &str, contents: &Contents, now: Timestamp) -> Value {
    let others = stamps::certificates(contents);
    let items: Vec<Value> = contents
        .items
        .iter()
        .map(|item| one(item, &others, now))
        .collect();
    json!({
        "source": source,
        "wrapping": contents.wrapping.word(),
        "remarks": contents.remarks,
        "items": items,
        "problems": contents.problems,
    })
}

/// One object about a source that shows nothing.
pub(super) fn refusal(source: &str, problem: &str) -> Value {
    json!({ "source": source, "wrapping": null, "remarks": [], "items": [], "problems": [problem] })
}

fn one(item: &Item, others: &[&Certificate], now: Timestamp) -> Value {
    let (kind, content) = match &item.thing {
        Thing::Certificate(read) => ("certificate", certificate(read, others, now)),
        Thing::Request(request) => ("request", facts(request.facts(), request.der())),
        Thing::Crl { crl, der } => ("crl", list(crl, der)),
        Thing::Ocsp { answer, der } => ("ocsp", ocsp(answer, der.len())),
        Thing::PrivateKey { kind } => ("private-key", json!({ "kind": kind })),
        Thing::Other { kind } => ("other", json!({ "kind": kind })),
    };
    let mut out =
        json!({ "type": kind, "line": item.line, "label": item.label.as_ref().map(Untrusted::raw) });
    merge(&mut out, content);
    out
}

/// Puts the fields of one object behind those of another.
fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

fn certificate(certificate: &Certificate, others: &[&Certificate], now: Timestamp) -> Value {
    let read = certificate.facts();
    let days = read.not_after.map(|end| crate::text::days_left(end, now));
    let scts = read
        .embedded_scts
        .clone()
        .and_then(|range| certificate.der().get(range));
    let scts = scts
        .map(|bytes| parse_list(bytes, SctOrigin::Certificate).scts)
        .unwrap_or_default();
    let known = crate::commands::trust_stores::installed::collection();
    let verified = stamps::examine(certificate, others, &scts, known.logs(), now);
    let scts = scts.iter().zip(&verified).map(|(sct, outcome)| {
        json!({
            "log": hex::encode(sct.log_id),
            "timestamp": moment(sct.timestamp),
            "state": outcome.word(),
        })
    });
    let mut out = json!({
        "sha256": certificate.fingerprint().to_string(),
        "version": read.version,
        "issuer": read.issuer.text.raw(),
        "serial": hex::encode(&read.serial),
        "not_before": moment(read.not_before),
        "not_after": moment(read.not_after),
        "days_left": days,
        "self_issued": read.self_issued(),
    });
    merge(&mut out, facts(read, certificate.der()));
    merge(
        &mut out,
        json!({
            "subject_key_id": read.subject_key_id.as_ref().map(hex::encode),
            "authority_key_id": read.authority_key_id.as_ref().map(hex::encode),
            "policies": oids(&read.policies),
            "ocsp_urls": texts(&read.ocsp_urls),
            "issuer_urls": texts(&read.issuer_urls),
            "crl_urls": texts(&read.crl_urls),
            "must_staple": read.must_staple,
            "precertificate": read.precertificate,
            "scts": scts.collect::<Vec<_>>(),
            "signature_algorithms_agree": read.signature_algorithms_agree,
            "bytes": certificate.der().len(),
        }),
    );
    out
}

/// What certificates and requests have in common.
fn facts(facts: &Facts, der: &[u8]) -> Value {
    let spki = der
        .get(facts.public_key.spki.clone())
        .filter(|spki| !spki.is_empty());
    let constraints = facts.name_constraints.as_ref();
    json!({
        "subject": facts.subject.text.raw(),
        "names": facts.subject_alt_names.as_deref().map(general_names),
        "names_count": facts.subject_alt_name_count,
        "key": key(&facts.public_key.kind),
        "key_sha256": spki.map(|spki| Fingerprint::of(spki).to_string()),
        "ca": facts.is_ca(),
        "path_length": facts.basic_constraints.and_then(|constraints| constraints.path_length),
        "key_usages": facts.key_usage.map(words::key_usages),
        "extended_key_usages": facts.extended_key_usages.as_deref().map(oids),
        "names_permitted": constraints.map(|constraints| subtrees(&constraints.permitted)),
        "names_excluded": constraints.map(|constraints| subtrees(&constraints.excluded)),
        "extensions": extensions(&facts.extensions),
        "signature": names::signature(&facts.signature_algorithm),
        "oddities": oddities(&facts.oddities),
    })
}

fn key(kind: &KeyKind) -> Value {
    let curve = match kind {
        KeyKind::Ec(curve) => Some(names::curve(curve)),
        _ => None,
    };
    json!({ "kind": names::key_family(kind), "bits": names::key_bits(kind), "curve": curve })
}

fn list(crl: &Crl, der: &[u8]) -> Value {
    let entry = |entry: model::revocation::RevokedCertificate<'_>| {
        json!({
            "serial": hex::encode(entry.serial),
            "revoked_at": moment(entry.revoked_at),
            "reason": entry.reason.map(RevocationReason::word),
        })
    };
    json!({
        "issuer": crl.issuer.text.raw(),
        "this_update": moment(crl.this_update),
        "next_update": moment(crl.next_update),
        "number": crl.number.as_ref().map(hex::encode),
        "authority_key_id": crl.authority_key_id.as_ref().map(hex::encode),
        "delta": crl.delta,
        "revoked_count": crl.entries(der).filter(Result::is_ok).count(),
        "revoked": crl.entries(der).flatten().take(ENTRIES).map(entry).collect::<Vec<_>>(),
        "extensions": extensions(&crl.extensions),
        "signature": names::signature(&crl.signature_algorithm),
        "bytes": der.len(),
        "oddities": oddities(&crl.oddities),
    })
}

fn ocsp(answer: &OcspAnswer, bytes: usize) -> Value {
    let mut out =
        json!({ "status": answer.status.word(), "bytes": bytes, "oddities": oddities(&answer.oddities) });
    let Some(basic) = &answer.basic else { return out };
    let responder = match &basic.responder {
        ResponderId::Name(name) => json!({ "name": name.text.raw() }),
        ResponderId::KeyHash(hash) => json!({ "key_sha1": hex::encode(hash) }),
        ResponderId::Unread => Value::Null,
    };
    let answers = basic.answers.iter().map(|single| {
        let (status, revoked_at, reason) = match single.status {
            CertificateStatus::Good => ("good", None, None),
            CertificateStatus::Unknown => ("unknown", None, None),
            CertificateStatus::Revoked { at, reason } => ("revoked", at, reason),
        };
        json!({
            "serial": hex::encode(&single.serial),
            "status": status,
            "revoked_at": moment(revoked_at),
            "reason": reason.map(RevocationReason::word),
            "this_update": moment(single.this_update),
            "next_update": moment(single.next_update),
        })
    });
    let answers: Vec<Value> = answers.collect();
    merge(
        &mut out,
        json!({
            "responder": responder,
            "produced_at": moment(basic.produced_at),
            "answers": answers,
            "nonce": basic.nonce,
            "signature": names::signature(&basic.signature_algorithm),
            "certificates": basic.certificates.len(),
        }),
    );
    out
}

fn moment(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| {
        if at == Timestamp::MAX {
            rfc3339(at)
        } else {
            at.to_string()
        }
    })
}

/// As many as are parsed: machines get all that there is.
fn general_names(list: &[GeneralName]) -> Vec<String> {
    list.iter()
        .take(limits::NAMES_PARSED)
        .map(|name| names::general(name).into_owned())
        .collect()
}

fn subtrees(list: &[GeneralName]) -> Vec<String> {
    list.iter().map(words::subtree).collect()
}

fn texts(list: &[Untrusted]) -> Vec<&str> {
    list.iter().map(Untrusted::raw).collect()
}

fn oids(list: &[Oid]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

fn extensions(list: &[Extension]) -> Vec<Value> {
    list.iter()
        .map(|extension| {
            json!({ "oid": extension.oid.to_string(), "name": words::oid(&extension.oid), "critical": extension.critical })
        })
        .collect()
}

fn oddities(list: &[Oddity]) -> Vec<Value> {
    list.iter()
        .map(|oddity| {
            let kind = names::kebab(&format!("{:?}", oddity.kind));
            json!({ "kind": kind, "field": oddity.field, "offset": oddity.offset })
        })
        .collect()
}
