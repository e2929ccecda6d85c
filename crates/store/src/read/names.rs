//! Names, and what has them.

use model::inventory::{NameRow, RowId};

use super::{count, limit};
use crate::error::Trouble;
use crate::session::Session;
use crate::value::Value;

/// All names of certificates and claims, by number.
pub(crate) fn page(session: &mut Session, after: RowId, rows: u32) -> Result<Vec<NameRow>, Trouble> {
    let rows = session.query(
        "SELECT page.id, page.name,
           (SELECT count(*) FROM certificate_name WHERE certificate_name.name = page.id),
           (SELECT count(*) FROM claim_name WHERE claim_name.name = page.id),
           (SELECT count(*) FROM place WHERE place.identity = page.name),
           (SELECT count(*) FROM place WHERE place.identity = page.name
              AND EXISTS (SELECT 1 FROM standing WHERE standing.place = place.id))
         FROM (SELECT id, name FROM name WHERE id > ?1 ORDER BY id LIMIT ?2) AS page ORDER BY page.id",
        &[Value::Int(after.0), limit(rows)],
    )?;
    let rows = rows.iter().map(|row| {
        Ok(NameRow {
            id: RowId(row.int(0)?),
            name: row.text(1)?.into(),
            certificates: count(row.int(2)?),
            claims: count(row.int(3)?),
            places: count(row.int(4)?),
            looked_at: count(row.int(5)?),
        })
    });
    rows.collect()
}
