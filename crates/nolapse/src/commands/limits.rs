//! `limits`: every bound on what strangers control.

use std::io::Write as _;
use std::time::Duration;

use clap::ValueEnum;
use model::limits::{ALL, Bound};

use crate::{Exit, text};

/// Arguments of `limits`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The format
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// The formats of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// One array of objects
    Json,
}

/// Runs it.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Table => out.write_all(table().as_bytes())?,
        Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(&json())?)?,
    }
    Ok(Exit::Fine)
}

fn table() -> String {
    let names = ALL
        .iter()
        .map(|limit| text::width(limit.name))
        .max()
        .unwrap_or_default();
    let bounds = ALL
        .iter()
        .map(|limit| text::width(&words(limit.bound)))
        .max()
        .unwrap_or_default();
    let mut out = String::new();
    for limit in ALL {
        let flag = limit.flag.map(|flag| format!("   {flag}")).unwrap_or_default();
        let line = format!(
            "{}   {:>bounds$}{flag}",
            text::pad(limit.name, names),
            words(limit.bound)
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn words(bound: Bound) -> String {
    match bound {
        Bound::Time(time) => seconds(time),
        Bound::Bytes(bytes) if bytes >= 1024 && bytes.is_multiple_of(1024 * 1024) => {
            format!("{} MiB", text::count(bytes / (1024 * 1024)))
        }
        Bound::Bytes(bytes) if bytes >= 1024 && bytes.is_multiple_of(1024) => {
            format!("{} KiB", text::count(bytes / 1024))
        }
        Bound::Bytes(bytes) => format!("{} bytes", text::count(bytes)),
        Bound::Count(count) => text::count(count),
    }
}

fn seconds(time: Duration) -> String {
    if time.subsec_nanos() == 0 {
        format!("{} s", time.as_secs())
    } else {
        format!("{} ms", time.as_millis())
    }
}

fn json() -> serde_json::Value {
    let object = |limit: &model::limits::Limit| {
        let (unit, bound) = match limit.bound {
            Bound::Time(time) => ("seconds", serde_json::json!(time.as_secs_f64())),
            Bound::Bytes(bytes) => ("bytes", serde_json::json!(bytes)),
            Bound::Count(count) => ("count", serde_json::json!(count)),
        };
        serde_json::json!({ "name": limit.name, "bound": bound, "unit": unit, "flag": limit.flag })
    };
    ALL.iter().map(object).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_shown_in_both_formats() {
        assert_eq!(table().lines().count(), ALL.len());
        assert!(table().lines().all(|line| text::width(line) <= 80), "{}", table());
        assert_eq!(json().as_array().unwrap().len(), ALL.len());
        assert!(ALL.iter().all(|limit| table().contains(limit.name)));
        assert_eq!(words(Bound::Bytes(64 * 1024)), "64 KiB");
        assert_eq!(words(Bound::Bytes(1024 * 1024)), "1 MiB");
        assert_eq!(words(Bound::Time(Duration::from_millis(1500))), "1500 ms");
    }
}
