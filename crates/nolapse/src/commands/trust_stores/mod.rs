//! `trust-stores`: which public stores there are and how old, what one of them holds, and how newer ones come in.

pub(crate) mod installed;
mod minisign;
mod update;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use assess::Stores;
use assess::trust_store::{Condition, Store};
use clap::Subcommand;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::{Certificate, untrusted};
use net::clock::SystemClock;

use crate::file::{AtomicFile, Readers};
use crate::{Exit, text};

/// Arguments of `trust-stores`.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,

    /// As JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Action {
    /// Show the roots of one store, and for which leaves only it trusts some of them
    Show {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Take a newer set of stores and logs from a bundle, after it was verified
    Update(update::Args),
    /// Write the present set as a bundle, for other machines
    Export {
        /// The file, whole or not at all
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Forget what was taken: use what is compiled in
    Reset,
}

/// Older than this many days is said: stores change monthly, and of 145 roots Mozilla once removed 26 in 77 days.
const OLD_DAYS: i32 = 90;

/// Runs it.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let mut out = std::io::stdout().lock();
    match &args.action {
        None => {
            let stores = Stores::of(&installed::collection());
            let today = today();
            if args.json {
                writeln!(
                    out,
                    "{}",
                    serde_json::to_string_pretty(&list_json(&stores, today))?
                )?;
            } else {
                out.write_all(table(&stores, today).as_bytes())?;
            }
        }
        Some(Action::Show { name }) => {
            let stores = Stores::of(&installed::collection());
            let same = |store: &Store| store.name.eq_ignore_ascii_case(name);
            let Some(place) = stores.list().iter().position(same) else {
                let known: Vec<_> = stores.list().iter().map(|store| &*store.name).collect();
                bail!(
                    "there is no store `{}`: {}",
                    untrusted::shown(name),
                    known.join(", ")
                );
            };
            if args.json {
                writeln!(
                    out,
                    "{}",
                    serde_json::to_string_pretty(&roots_json(&stores, place))?
                )?;
            } else {
                out.write_all(roots(&stores, place).as_bytes())?;
            }
        }
        Some(Action::Update(args)) => writeln!(out, "{}", update::run(args)?)?,
        Some(Action::Export { file }) => {
            let mut written = AtomicFile::create(file, Readers::Anybody)?;
            let bundle = installed::collection().to_bundle();
            written.write_all(&bundle)?;
            written.commit()?;
            writeln!(out, "sha256 {}", model::Fingerprint::of(&bundle))?;
        }
        Some(Action::Reset) => writeln!(out, "{}", installed::reset()?)?,
    }
    Ok(Exit::Fine)
}

fn today() -> Date {
    day(SystemClock.now())
}

fn age(date: Date, today: Date) -> i32 {
    date.until(today).map_or(0, |span| span.get_days())
}

/// `Mozilla   118   2   30   1.0.11   2026-10-23   32 d`.
fn table(stores: &Stores, today: Date) -> String {
    let heads = [
        "STORE",
        "ROOTS",
        "CONDITIONAL",
        "REMOVED",
        "VERSION",
        "DATE",
        "AGE",
    ];
    let mut rows = vec![heads.map(str::to_owned)];
    for store in stores.list() {
        let age = store.date.map_or(0, |date| age(date, today));
        rows.push([
            store.name.to_string(),
            store.anchors.to_string(),
            store.conditional.to_string(),
            store.removed.to_string(),
            store.version.as_deref().unwrap_or("-").to_owned(),
            store.date.map(|date| date.to_string()).unwrap_or_default(),
            if age > OLD_DAYS {
                format!("{age} d, old")
            } else {
                format!("{age} d")
            },
        ]);
    }
    let mut out = text_table(&rows);
    for store in stores.list() {
        let source = store.source.as_deref().unwrap_or("-");
        let _ = writeln!(out, "\n{}: {source}", store.name);
    }
    let old = |store: &&Store| store.date.is_some_and(|date| age(date, today) > OLD_DAYS);
    let _ = writeln!(out, "\n{} logs of Certificate Transparency", stores.logs().len());
    if stores.list().iter().any(|store| old(&store)) {
        let _ = writeln!(
            out,
            "some stores are older than {OLD_DAYS} days: `nolapse trust-stores update` brings newer ones"
        );
    }
    shown_lines(&out)
}

/// A text of several lines, each safe for a terminal: names and sources may come from a bundle.
fn shown_lines(text: &str) -> String {
    text.lines().map(|line| untrusted::shown(line) + "\n").collect()
}

/// Rows below a heading, two blanks between columns.
fn text_table(rows: &[[String; 7]]) -> String {
    let mut out = String::new();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| text::width(cell)).max().unwrap_or_default()
    };
    for row in rows {
        let cells = row.iter().enumerate();
        let padded: Vec<_> = cells
            .map(|(column, cell)| text::pad(cell, width(column)))
            .collect();
        let _ = writeln!(out, "{}", padded.join("  ").trim_end());
    }
    out
}

fn list_json(stores: &Stores, today: Date) -> serde_json::Value {
    let store = |store: &Store| {
        serde_json::json!({
            "name": &*store.name,
            "version": store.version.as_deref(),
            "date": store.date.map(|date| date.to_string()),
            "age_days": store.date.map(|date| age(date, today)),
            "roots": store.anchors,
            "conditional": store.conditional,
            "removed": store.removed,
            "source": store.source.as_deref(),
        })
    };
    serde_json::json!({
        "stores": stores.list().iter().map(store).collect::<Vec<_>>(),
        "ct_logs": stores.logs().len(),
    })
}

fn title(root: &Certificate) -> String {
    let subject = &root.facts().subject;
    match &subject.common_name {
        Some(name) => name.shown(),
        None => untrusted::shown_escaped(subject.text.raw()),
    }
}

fn condition(condition: &Condition) -> String {
    match condition {
        Condition::NotBefore(since) => format!("only leaves issued by {since}"),
        Condition::Sct(since) => format!("only leaves that a log signed by {since}"),
        Condition::Names(suffix) => format!("only names that end in {suffix}"),
        Condition::Until(since) => format!("not in it any more, since {} at the latest", day(*since)),
    }
}

/// A root and what is asked of leaves below it.
type Asked<'a> = (&'a Arc<Certificate>, Vec<&'a Condition>);

/// The roots that a store holds, then those that it held once.
fn in_order(stores: &Stores, place: usize) -> Vec<Asked<'_>> {
    let mut roots = stores.roots(place);
    let is_removed = |conditions: &[&Condition]| {
        conditions
            .iter()
            .any(|asked| matches!(asked, Condition::Until(_)))
    };
    roots.sort_by_key(|(_, conditions)| is_removed(conditions));
    roots
}

fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// A root a line: SHA-256, name, condition.
fn roots(stores: &Stores, place: usize) -> String {
    let mut out = String::new();
    for (root, conditions) in in_order(stores, place) {
        let _ = write!(out, "{}  {}", root.fingerprint(), title(root));
        for asked in conditions {
            let _ = write!(out, "; {}", condition(asked));
        }
        out.push('\n');
    }
    out
}

fn roots_json(stores: &Stores, place: usize) -> serde_json::Value {
    let root = |(root, conditions): &Asked<'_>| {
        let conditions = conditions.iter().map(|condition| match condition {
            Condition::NotBefore(since) => serde_json::json!({"not_before_until": since.to_string()}),
            Condition::Sct(since) => serde_json::json!({"sct_until": since.to_string()}),
            Condition::Names(suffix) => serde_json::json!({"names_end_in": &**suffix}),
            Condition::Until(since) => serde_json::json!({"removed_since": day(*since).to_string()}),
        });
        serde_json::json!({
            "sha256": root.fingerprint().to_string(),
            "subject": untrusted::shown_escaped(root.facts().subject.text.raw()),
            "not_after": root.facts().not_after.map(|end| end.to_string()),
            "conditions": conditions.collect::<Vec<_>>(),
        })
    };
    serde_json::Value::Array(in_order(stores, place).iter().map(root).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_says_what_is_old() {
        let stores = Stores::public();
        let table = table(&stores, "2026-11-24".parse().unwrap());
        let line = |name: &str| {
            table
                .lines()
                .find(|line| line.starts_with(name))
                .unwrap()
                .to_owned()
        };
        assert_eq!(
            line("Chrome "),
            "Chrome   100    24           25       36          2026-11-21  3 d"
        );
        assert!(line("Apple ").ends_with("331 d, old"), "{table}");
        assert!(table.contains("161 logs") && table.contains("older than 90 days"));
        let fresh = super::table(&stores, "2026-01-25".parse().unwrap());
        assert!(!fresh.contains("older than"));
        let json = list_json(&stores, "2026-11-24".parse().unwrap());
        assert_eq!(
            (&json["stores"][2]["roots"], &json["stores"][2]["age_days"]),
            (&100.into(), &3.into())
        );
    }

    #[test]
    fn a_store_is_shown_root_by_root() {
        let stores = Stores::public();
        let shown = roots(&stores, 4);
        let (removed, held): (Vec<_>, Vec<_>) = shown
            .lines()
            .partition(|line| line.contains("not in it any more"));
        assert_eq!((held.len(), removed.len()), (118, 30));
        let digicert = removed
            .iter()
            .find(|line| line.contains("DigiCert Global Root CA;"));
        assert!(
            digicert.is_some_and(|line| line.ends_with("since 2026-04-15 at the latest")),
            "{digicert:?}"
        );
        let izenpe = shown.lines().find(|line| line.contains("Izenpe.com")).unwrap();
        assert!(
            izenpe.ends_with("Izenpe.com; only leaves issued by 2026-04-15T23:59:59Z"),
            "{izenpe}"
        );
        assert_eq!(roots_json(&stores, 2).as_array().unwrap().len(), 125);
    }
}
