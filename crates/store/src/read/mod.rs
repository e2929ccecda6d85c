//! Rows out of the memory, page by page.
//!
//! A page is asked for by where the one before ended, so that each costs the same however far one has read, and no
//! report holds more than a page. One page sees one state of everything; between pages others go on writing, and a row
//! that is added meanwhile is seen or not. What belongs to the rows of a page (names, who told) is looked up for all of
//! them together.

pub(crate) mod certificates;
pub(crate) mod claims;
pub(crate) mod endpoints;
pub(crate) mod listing;
pub(crate) mod names;
pub(crate) mod places;
pub(crate) mod sources;

use std::collections::HashMap;

use model::inventory::Told;
use model::inventory::episode::Episode;
use model::sighting::SourceName;

use crate::error::Trouble;
use crate::session::{Find, Session};
use crate::value::{Kind, Value};
use crate::words::{time, unknown};

/// Most rows in one page, whatever is asked for.
pub const PAGE: u32 = 10_000;

/// Who told of each subject of one kind.
fn told(session: &mut Session, kind: &str, subjects: &[i64]) -> Result<HashMap<i64, Vec<Told>>, Trouble> {
    let keys = subjects
        .iter()
        .map(|subject| vec![Value::from(kind), Value::Int(*subject)]);
    let mut all: HashMap<i64, Vec<Told>> = HashMap::new();
    for row in session.find(&TOLD, keys.collect())? {
        all.entry(row.int(0)?).or_default().push(Told {
            source: source_name(row.text(1)?)?,
            when: Episode {
                first: time(row.int(2)?)?,
                last: time(row.int(3)?)?,
            },
            detail: row.text(4)?.into(),
        });
    }
    all.values_mut().for_each(|told| told.sort());
    Ok(all)
}

/// The names of each certificate or claim.
fn names(
    session: &mut Session,
    find: &Find,
    subjects: &[i64],
) -> Result<HashMap<i64, Vec<Box<str>>>, Trouble> {
    let keys = subjects.iter().map(|subject| vec![Value::Int(*subject)]);
    let mut all: HashMap<i64, Vec<Box<str>>> = HashMap::new();
    for row in session.find(find, keys.collect())? {
        all.entry(row.int(0)?).or_default().push(row.text(1)?.into());
    }
    all.values_mut().for_each(|names| names.sort());
    Ok(all)
}

fn source_name(text: &str) -> Result<SourceName, Trouble> {
    SourceName::parse(text).map_err(|_| unknown("source", text))
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn limit(rows: u32) -> Value {
    Value::Int(i64::from(rows.clamp(1, PAGE)))
}

/// A pattern of LIKE (escape `\\`) for texts that have this part, in lower case.
fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.to_lowercase().chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

const TOLD: Find = Find {
    columns: "told.subject, source.name, told.first, told.last, told.detail",
    from: "told JOIN source ON source.id = told.source",
    keys: &[("told.kind", Kind::Text), ("told.subject", Kind::Int)],
};
