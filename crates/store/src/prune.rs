//! Forgetting what ended long ago, and what nothing refers to any more.
//!
//! A time comes in; out goes how many rows went. Nothing that is served, told of by a last complete run, or newer than
//! the time is touched, so that a memory that is pruned every day is the one that was pruned once. Each step is a job of
//! its own: looks that come in meanwhile wait for one step and not for all of them.

use crate::error::Trouble;
use crate::ingest::counter;
use crate::session::Session;
use crate::value::Value;

/// What is done one after the other; `?1` is the time. Later steps remove what earlier ones left without a reference.
pub(crate) const STEPS: &[&str] = &[
    "DELETE FROM leaf_episode WHERE last < ?1",
    "DELETE FROM state_episode WHERE last < ?1",
    "DELETE FROM source_run WHERE began < ?1
       AND began < (SELECT max(newer.began) FROM source_run AS newer WHERE newer.source = source_run.source)
       AND began < (SELECT coalesce(max(whole.began), 0) FROM source_run AS whole
                    WHERE whole.source = source_run.source AND whole.outcome = 'complete')",
    "DELETE FROM told WHERE last < ?1
       AND last < (SELECT coalesce(max(whole.began), 0) FROM source_run AS whole
                   WHERE whole.source = told.source AND whole.outcome = 'complete')",
    "DELETE FROM standing WHERE at < ?1
       AND NOT EXISTS (SELECT 1 FROM told WHERE told.kind = 'place' AND told.subject = standing.place)
       AND NOT EXISTS (SELECT 1 FROM schedule WHERE schedule.place = standing.place
                       AND schedule.vantage = standing.vantage)",
    "DELETE FROM place WHERE first_known < ?1
       AND NOT EXISTS (SELECT 1 FROM told WHERE told.kind = 'place' AND told.subject = place.id)
       AND NOT EXISTS (SELECT 1 FROM standing WHERE standing.place = place.id)
       AND NOT EXISTS (SELECT 1 FROM leaf_episode WHERE leaf_episode.place = place.id)
       AND NOT EXISTS (SELECT 1 FROM state_episode WHERE state_episode.place = place.id)
       AND NOT EXISTS (SELECT 1 FROM schedule WHERE schedule.place = place.id)",
    "DELETE FROM certificate WHERE not_after < ?1 AND is_ca = 0 AND first_known < ?1
       AND NOT EXISTS (SELECT 1 FROM told WHERE told.kind = 'certificate' AND told.subject = certificate.id)
       AND NOT EXISTS (SELECT 1 FROM standing WHERE standing.leaf = certificate.id)
       AND NOT EXISTS (SELECT 1 FROM leaf_episode WHERE leaf_episode.leaf = certificate.id)",
    "DELETE FROM certificate_der WHERE ?1 = ?1
       AND NOT EXISTS (SELECT 1 FROM certificate WHERE certificate.id = certificate_der.certificate)",
    "DELETE FROM certificate_name WHERE ?1 = ?1
       AND NOT EXISTS (SELECT 1 FROM certificate WHERE certificate.id = certificate_name.certificate)",
    "DELETE FROM claim WHERE ?1 = ?1
       AND NOT EXISTS (SELECT 1 FROM told WHERE told.kind = 'claim' AND told.subject = claim.id)",
    "DELETE FROM claim_name WHERE ?1 = ?1
       AND NOT EXISTS (SELECT 1 FROM claim WHERE claim.id = claim_name.claim)",
    "DELETE FROM name WHERE ?1 = ?1
       AND NOT EXISTS (SELECT 1 FROM certificate_name WHERE certificate_name.name = name.id)
       AND NOT EXISTS (SELECT 1 FROM claim_name WHERE claim_name.name = name.id)",
    "DELETE FROM seen WHERE ?1 = ?1 AND id NOT IN (SELECT seen FROM standing)",
    "DELETE FROM chain WHERE ?1 = ?1 AND id NOT IN (SELECT chain FROM standing)",
    "DELETE FROM state WHERE ?1 = ?1 AND id NOT IN (SELECT state FROM standing)
       AND id NOT IN (SELECT state FROM state_episode)",
    "DELETE FROM alert WHERE closed < ?1",
    "DELETE FROM acknowledgement WHERE ?1 = ?1
       AND NOT EXISTS (SELECT 1 FROM alert WHERE alert.alert = acknowledgement.alert
                       AND alert.opened = acknowledgement.opened)",
    "DELETE FROM silence WHERE ends < ?1",
    "DELETE FROM letter WHERE written < ?1 AND state <> 'waiting'",
];

/// Does one step; says how many rows went. Counters are right after each, since we may be killed before the next.
pub(crate) fn step(session: &mut Session, sql: &str, before: i64) -> Result<u64, Trouble> {
    let counted = COUNTED
        .iter()
        .any(|(_, table)| sql.starts_with(&format!("DELETE FROM {table} ")));
    let sql = sql.replace("?1", "CAST(?1 AS BIGINT)");
    let gone = session.execute(&sql, &[Value::Int(before)])?;
    if counted && gone > 0 {
        recount(session)?;
    }
    Ok(gone)
}

/// Tables whose rows are counted, and how the counter is called.
const COUNTED: &[(&str, &str)] = &[
    (counter::CERTIFICATES, "certificate"),
    (counter::CLAIMS, "claim"),
    (counter::NAMES, "name"),
    (counter::PLACES, "place"),
    (counter::STANDINGS, "standing"),
];

/// Counts anew what is kept as counters.
fn recount(session: &mut Session) -> Result<(), Trouble> {
    for (key, table) in COUNTED.iter().copied().filter(|(_, table)| *table != "standing") {
        session.execute("DELETE FROM counter WHERE key = ?1", &[Value::from(key)])?;
        session.execute(
            &format!("INSERT INTO counter (key, value) SELECT CAST(?1 AS TEXT), count(*) FROM {table}"),
            &[Value::from(key)],
        )?;
    }
    let standings = format!("{}%", counter::STANDINGS);
    session.execute("DELETE FROM counter WHERE key LIKE ?1", &[Value::Text(standings)])?;
    session.execute(
        "INSERT INTO counter (key, value)
         SELECT CAST(?1 AS TEXT) || status, count(*) FROM standing GROUP BY status",
        &[Value::from(counter::STANDINGS)],
    )?;
    Ok(())
}
