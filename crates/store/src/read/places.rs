//! Places, looked at or not.

use std::collections::HashMap;

use model::inventory::{PlaceRow, RowId};

use super::{limit, told};
use crate::error::Trouble;
use crate::ingest::places;
use crate::ingest::sightings::told as kind;
use crate::session::{Find, Session};
use crate::value::{Kind, Value};
use crate::words::{status, time};

/// All, by number.
pub(crate) fn page(session: &mut Session, after: RowId, rows: u32) -> Result<Vec<PlaceRow>, Trouble> {
    let sql = format!(
        "SELECT place.id, place.first_known, {} FROM place WHERE id > ?1 ORDER BY id LIMIT ?2",
        places::COLUMNS
    );
    let rows = session.query(&sql, &[Value::Int(after.0), limit(rows)])?;
    let ids = rows
        .iter()
        .map(|row| row.int(0))
        .collect::<Result<Vec<i64>, Trouble>>()?;
    let mut told = told(session, kind::PLACE, &ids)?;
    let mut looked: HashMap<i64, Vec<_>> = HashMap::new();
    for row in session.find(&LOOKED, ids.iter().map(|id| vec![Value::Int(*id)]).collect())? {
        let look = (
            places::vantage(row.text(1)?)?,
            time(row.int(2)?)?,
            status(row.text(3)?)?,
        );
        looked.entry(row.int(0)?).or_default().push(look);
    }
    let rows = rows.iter().map(|row| {
        let id = row.int(0)?;
        let mut looked = looked.remove(&id).unwrap_or_default();
        looked.sort();
        Ok(PlaceRow {
            id: RowId(id),
            place: places::place(row, 2)?,
            first_known: time(row.int(1)?)?,
            told: told.remove(&id).unwrap_or_default(),
            looked,
        })
    });
    rows.collect()
}

const LOOKED: Find = Find {
    columns: "standing.place, vantage.name, standing.at, standing.status",
    from: "standing JOIN vantage ON vantage.id = standing.vantage",
    keys: &[("standing.place", Kind::Int)],
};
