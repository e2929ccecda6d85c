//! `unknown`: certificates of which one side knows nothing: issued and never seen served, or served and in no account.

use std::collections::HashSet;
use std::io::Write;

use engine::join::never_served::{self, never_served};
use engine::join::no_account::{self, in_no_account};
use model::inventory::{RowId, Told};
use model::sighting::SourceKind;

use super::{Paper, Reading, is_withdrawn, number, served::Served, sources, texts};
use crate::sheet::{Cell, Column, Row, Sheet, column};

const COLUMNS: &[Column] = &[
    column("finding", "Finding"),
    column("detail", "Detail"),
    column("common_name", "Common name"),
    column("names", "Names"),
    column("issuer", "Issuer"),
    column("not_after", "Ends"),
    column("days_left", "Left"),
    column("endpoints", "Served at"),
    column("sources", "Known from"),
    column("serial", ""),
    column("sha256", ""),
    column("is_claim", ""),
    column("remedy", ""),
];

/// What the joins ask of everything.
struct Known {
    /// Hashes of names that were looked at.
    looked_at: HashSet<i64>,
    /// Certificates that were ever served.
    was_served: HashSet<i64>,
    /// What is served now.
    served: Served,
    /// Accounts that were read whole.
    accounts: u64,
}

/// Writes it.
pub(super) async fn write<W: Write>(reading: &Reading, paper: Paper<W>) -> anyhow::Result<u64> {
    let known = Known::of(reading).await?;
    let words = match known.accounts {
        0 => "issued and never seen served (no account is configured: nothing can be said of strangers)",
        _ => "issued and never seen served, or served and in no account",
    };
    let mut sheet = paper.sheet(COLUMNS, reading.head("Unknown", words))?;
    certificates(reading, &known, &mut sheet).await?;
    let mut after = Some(RowId::START);
    while let Some(from) = after {
        let (rows, last) = reading.claims(from).await?;
        for row in &rows {
            let candidate = known.candidate(&row.names, &row.told, (row.not_before, row.not_after), None);
            let Some(unseen) = never_served(&candidate, reading.now) else {
                continue;
            };
            let mut cells: Row = vec![
                Cell::Word("issued-never-served"),
                Cell::Word(unseen.word()),
                row.common_name.as_ref().map(|name| name.raw()).into(),
                texts(&row.names),
                row.issuer.as_ref().map(|issuer| issuer.raw()).into(),
                row.not_after.into(),
                reading.days(row.not_after),
                0_u64.into(),
                sources(&row.told, false),
                row.serial.as_ref().map(hex::encode).into(),
                Cell::None,
                Cell::Flag(true),
            ];
            cells.push(remedy(unseen).into());
            sheet.row(cells)?;
        }
        after = last;
    }
    Ok(sheet.finish("")?)
}

async fn certificates<W: Write>(
    reading: &Reading,
    known: &Known,
    sheet: &mut Sheet<W>,
) -> anyhow::Result<()> {
    let kinds = reading.kinds().await?;
    let is_account = |told: &Told| kinds.get(&told.source) == Some(&SourceKind::Account);
    let mut after = Some(RowId::START);
    while let Some(from) = after {
        let (rows, last) = reading.certificates(from).await?;
        for row in rows.iter().filter(|row| known.served.is_leaf(row)) {
            let places = known.served.places(row.id.0);
            let candidate = known.candidate(
                &row.names,
                &row.told,
                (row.not_before, row.not_after),
                Some(row.id.0),
            );
            let stranger = no_account::Candidate {
                is_served: places > 0,
                is_in_account: row.told.iter().any(is_account),
                is_self_issued: row.is_self_issued,
            };
            let (finding, detail, remedy) = match never_served(&candidate, reading.now) {
                Some(unseen) => ("issued-never-served", unseen.word(), remedy(unseen)),
                None if in_no_account(&stranger, known.accounts) => {
                    ("served-in-no-account", "no-account", STRANGER)
                }
                None => continue,
            };
            sheet.row(vec![
                Cell::Word(finding),
                Cell::Word(detail),
                row.common_name.as_ref().map(|name| name.raw()).into(),
                texts(&row.names),
                row.issuer.raw().into(),
                row.not_after.into(),
                reading.days(row.not_after),
                places.into(),
                sources(&row.told, places > 0),
                hex::encode(&row.serial).into(),
                row.fingerprint.to_string().into(),
                Cell::Flag(false),
                remedy.into(),
            ])?;
        }
        after = last;
    }
    Ok(())
}

const STRANGER: &str = "find out who ordered it, and add the account to the configuration if it is yours";

const fn remedy(unseen: never_served::Unseen) -> &'static str {
    match unseen {
        never_served::Unseen::NowhereServed => {
            "revoke it if nobody needs it, or look where it is: another port, another network"
        }
        never_served::Unseen::PartlyLookedAt | never_served::Unseen::NotLookedAt => {
            "look at its names: `nolapse scan --save NAME`, or add a source that knows them"
        }
    }
}

impl Known {
    async fn of(reading: &Reading) -> anyhow::Result<Self> {
        let mut looked_at = HashSet::new();
        let mut after = RowId::START;
        loop {
            let rows = reading.store.names(after, store::PAGE).await?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            looked_at.extend(
                rows.iter()
                    .filter(|row| row.looked_at > 0)
                    .map(|row| number(&row.name)),
            );
        }
        // What no look ever saw is asked for; all others were served once.
        let mut was_served: HashSet<i64> = HashSet::new();
        let mut never: HashSet<i64> = HashSet::new();
        let mut after = RowId::START;
        loop {
            let rows = reading
                .store
                .certificates_never_served(after, store::PAGE)
                .await?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            never.extend(rows.iter().map(|row| row.id.0));
        }
        let mut after = Some(RowId::START);
        while let Some(from) = after {
            let (rows, last) = reading.certificates(from).await?;
            was_served.extend(rows.iter().map(|row| row.id.0).filter(|id| !never.contains(id)));
            after = last;
        }
        let accounts = reading.store.sources().await?;
        let is_read = |row: &&model::inventory::SourceRow| {
            row.kind == SourceKind::Account && row.last_complete.is_some()
        };
        Ok(Self {
            looked_at,
            was_served,
            served: reading.served().await?,
            accounts: u64::try_from(accounts.iter().filter(is_read).count()).unwrap_or(u64::MAX),
        })
    }

    fn candidate(
        &self,
        names: &[Box<str>],
        told: &[Told],
        (not_before, not_after): (Option<jiff::Timestamp>, Option<jiff::Timestamp>),
        certificate: Option<i64>,
    ) -> never_served::Candidate {
        let hosts = || names.iter().filter(|name| !name.starts_with("*."));
        let looked_at = hosts()
            .filter(|name| self.looked_at.contains(&number(name)))
            .count();
        never_served::Candidate {
            told_by_source: !told.is_empty(),
            is_for_servers: !is_withdrawn(told),
            not_before,
            not_after,
            was_served: certificate.is_some_and(|number| self.was_served.contains(&number)),
            names: u64::try_from(hosts().count()).unwrap_or(u64::MAX),
            names_looked_at: u64::try_from(looked_at).unwrap_or(u64::MAX),
        }
    }
}
