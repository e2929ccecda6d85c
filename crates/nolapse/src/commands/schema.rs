//! `schema`: the JSON Schema of the records.

use std::io::Write as _;

use crate::{Exit, record};

/// Arguments of `schema`.
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Runs it.
pub(crate) fn run(_args: &Args) -> anyhow::Result<Exit> {
    let schema = serde_json::to_string_pretty(&record::schema())?;
    writeln!(std::io::stdout().lock(), "{schema}")?;
    Ok(Exit::Fine)
}
