//! `renewals`: how many certificates must be renewed in each of the coming weeks, as authorities do now and under the lifetimes
//! that they may still give.

use std::collections::HashSet;
use std::io::Write;

use engine::join::forecast::{Assumed, Forecast, Living};
use model::inventory::RowId;

use super::{Paper, Reading, is_withdrawn, number};
use crate::sheet::picture::{Series, bars};
use crate::sheet::{Column, column};
use crate::text;

const COLUMNS: &[Column] = &[
    column("week", "Week of"),
    column("own_rules", "Own rules"),
    column("days_200", "200 days"),
    column("days_100", "100 days"),
    column("days_47", "47 days"),
];

/// A year.
const WEEKS: usize = 52;

/// Writes it.
pub(super) async fn write<W: Write>(reading: &Reading, paper: Paper<W>) -> anyhow::Result<u64> {
    let mut forecasts: Vec<Forecast> = Assumed::ALL
        .iter()
        .map(|assumed| Forecast::new(*assumed, reading.now, WEEKS))
        .collect();
    let mut counted = 0;
    for living in living(reading).await? {
        counted += 1;
        forecasts.iter_mut().for_each(|forecast| forecast.count(&living));
    }
    let words = format!(
        "renewals of {} that are in use",
        text::counted(counted, "certificate")
    );
    let mut head = reading.head("Renewals to come", &words);
    let series: Vec<Series> = forecasts
        .iter()
        .map(|forecast| Series {
            name: forecast.assumed().word(),
            weeks: forecast.weeks().collect(),
        })
        .collect();
    head.pictures
        .push(bars("Renewals in each of the next 52 weeks", &series));
    let mut sheet = paper.sheet(COLUMNS, head)?;
    for week in 0..WEEKS {
        let counts: Vec<(jiff::Timestamp, u64)> = series
            .iter()
            .filter_map(|one| one.weeks.get(week).copied())
            .collect();
        let Some((begin, _)) = counts.first() else {
            continue;
        };
        let mut row = vec![begin.strftime("%Y-%m-%d").to_string().into()];
        row.extend(counts.iter().map(|(_, count)| (*count).into()));
        sheet.row(row)?;
    }
    let sums: Vec<String> = series
        .iter()
        .map(|one| {
            format!(
                "{} {}",
                one.name,
                text::count(one.weeks.iter().map(|(_, count)| count).sum())
            )
        })
        .collect();
    Ok(sheet.finish(&format!("in a year: {}", sums.join(", ")))?)
}

/// Certificates that somebody will renew: those that are served, and those that a source tells of for names that none of the
/// served ones is for.
async fn living(reading: &Reading) -> anyhow::Result<Vec<Living>> {
    let served = reading.served().await?;
    let mut living = Vec::new();
    let mut sets: HashSet<i64> = HashSet::new();
    let set = |names: &[Box<str>]| number(&names.join(" "));
    for is_served in [true, false] {
        let mut after = Some(RowId::START);
        while let Some(from) = after {
            let (rows, last) = reading.certificates(from).await?;
            for row in rows
                .iter()
                .filter(|row| served.is_leaf(row) && row.not_after > Some(reading.now))
            {
                let found = served.of(row.id.0);
                let (Some(not_before), Some(not_after)) = (row.not_before, row.not_after) else {
                    continue;
                };
                if found.is_some() != is_served
                    || !is_served && (row.told.is_empty() || is_withdrawn(&row.told))
                {
                    continue;
                }
                if !sets.insert(set(&row.names)) && !is_served {
                    continue;
                }
                // Nobody has seen who trusts what is only told of by an account: accounts sell public ones.
                let is_public = found.map_or(!row.is_self_issued, |found| found.is_public);
                living.push(Living {
                    not_before,
                    not_after,
                    is_public,
                });
            }
            after = last;
        }
    }
    let mut after = Some(RowId::START);
    while let Some(from) = after {
        let (rows, last) = reading.claims(from).await?;
        for row in rows
            .iter()
            .filter(|row| row.not_after > Some(reading.now) && !is_withdrawn(&row.told))
        {
            let (Some(not_before), Some(not_after)) = (row.not_before, row.not_after) else {
                continue;
            };
            if sets.insert(set(&row.names)) {
                living.push(Living {
                    not_before,
                    not_after,
                    is_public: true,
                });
            }
        }
        after = last;
    }
    Ok(living)
}
