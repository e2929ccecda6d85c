//! Verdicts as JSON: one object. Strangers' text is escaped by `crate::json`.

use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

use assess::path::{self, Profile};
use assess::timeline::History;
use assess::{SignatureMemory, StoreVerdict, Trust, words};
use jiff::Timestamp;
use model::Certificate;
use model::finding::{PathReason, Purpose};
use serde_json::{Map, Value, json};

use super::task::Task;
use crate::json;

/// Writes the verdicts at one time.
pub(super) fn verdicts(
    task: &Task,
    verdicts: &[StoreVerdict],
    valid: Option<bool>,
    remarks: &[String],
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut answer = answer(task, verdicts, valid);
    if !remarks.is_empty() {
        answer.insert("remarks".to_owned(), remarks.into());
    }
    line(&answer, out)
}

/// The verdicts at one time; `valid` is `None` for what cannot be judged.
pub(super) fn answer(task: &Task, verdicts: &[StoreVerdict], valid: Option<bool>) -> Map<String, Value> {
    let mut answer = Map::new();
    answer.insert("valid".to_owned(), valid.into());
    answer.insert("at".to_owned(), task.at.to_string().into());
    head(task, &mut answer);
    let memory = SignatureMemory::with_capacity(super::SIGNATURES);
    let stores = verdicts.iter().map(|verdict| {
        let mut object = said(task, &verdict.outcome);
        if !verdict.is_trusted() {
            let way = path::reached(&task.chain, &task.known, verdict, &memory);
            let way: Vec<Value> = way.iter().map(|step| step_of(task, step)).collect();
            object.insert("reached".to_owned(), way.into());
        }
        (verdict.store.to_string(), Value::Object(object))
    });
    answer.insert("stores".to_owned(), Value::Object(stores.collect()));
    answer
}

/// Writes what each store says over a span, and whether the chain is valid over the whole of it.
pub(super) fn histories(
    task: &Task,
    histories: &[History],
    (span, valid): (Range<Timestamp>, bool),
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut answer = Map::new();
    answer.insert("valid".to_owned(), valid.into());
    answer.insert("from".to_owned(), span.start.to_string().into());
    answer.insert("until".to_owned(), span.end.to_string().into());
    head(task, &mut answer);
    let spans = |history: &History| {
        let spans = history.spans.iter().map(|span| {
            let mut object = Map::new();
            object.insert("from".to_owned(), span.when.start.to_string().into());
            object.insert("until".to_owned(), span.when.end.to_string().into());
            object.extend(said(task, &span.outcome));
            Value::Object(object)
        });
        Value::Array(spans.collect())
    };
    let stores = histories
        .iter()
        .map(|history| (history.store.to_string(), spans(history)));
    answer.insert("stores".to_owned(), Value::Object(stores.collect()));
    line(&answer, out)
}

/// Writes one object on a line.
pub(super) fn line(object: &Map<String, Value>, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    json::append(&mut bytes, object)?;
    bytes.push(b'\n');
    out.write_all(&bytes)?;
    Ok(())
}

fn head(task: &Task, answer: &mut Map<String, Value>) {
    let host = task.host.as_ref().map(ToString::to_string);
    answer.insert("host".to_owned(), host.into());
    let purpose = match task.purpose {
        Purpose::Server => "server",
        Purpose::Client => "client",
    };
    answer.insert("purpose".to_owned(), purpose.into());
    let profile = match task.profile {
        Profile::Browser => "browser",
        Profile::Strict => "strict",
    };
    answer.insert("profile".to_owned(), profile.into());
    let sent: Vec<Value> = task.chain.iter().map(|step| named(step).into()).collect();
    answer.insert("chain".to_owned(), sent.into());
}

fn said(task: &Task, trust: &Trust) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("trusted".to_owned(), super::is_trusted(trust).into());
    let (path, reasons): (Value, Vec<Value>) = match trust {
        Trust::Trusted { path } => (path.iter().map(|step| step_of(task, step)).collect(), Vec::new()),
        Trust::Refused { reasons } => (Value::Null, reasons.iter().map(reason).collect()),
    };
    object.insert("path".to_owned(), path);
    let first = reasons.first().and_then(|first| first.get("reason")).cloned();
    object.insert("reason".to_owned(), first.unwrap_or_default());
    object.insert("reasons".to_owned(), reasons.into());
    object
}

fn step_of(task: &Task, step: &Arc<Certificate>) -> Value {
    let mut object = named(step);
    object.insert("sent".to_owned(), task.chain.contains(step).into());
    object.into()
}

fn reason(reason: &PathReason) -> Value {
    json!({
        "reason": reason.word(),
        "certificate": reason.certificate().map(|certificate| Value::Object(named(certificate))),
        "message": words::path_reason(reason),
    })
}

fn named(certificate: &Certificate) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("sha256".to_owned(), certificate.fingerprint().to_string().into());
    object.insert(
        "subject".to_owned(),
        certificate.facts().subject.text.raw().into(),
    );
    object
}
