//! The verbs, one file each.

pub(crate) mod alerts;
mod asking;
pub(crate) mod channel;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod discover;
pub(crate) mod explain;
pub(crate) mod inspect;
pub(crate) mod keep;
pub(crate) mod limits;
pub(crate) mod looking;
pub(crate) mod man;
pub(crate) mod places;
pub(crate) mod report;
pub(crate) mod scan;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod service;
pub(crate) mod source;
pub(crate) mod trust_stores;
pub(crate) mod verify;

use clap::Subcommand;

use crate::Exit;

/// What can be done.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Look at endpoints now, judge, and report
    Scan(Box<scan::Args>),
    /// Look at one endpoint as a monitoring plugin: one line, exit status 0, 1, 2 or 3
    Check(Box<check::Args>),
    /// Ask DNS which endpoints there are, and say why: zone transfers, zone files, exports, providers
    Discover(Box<discover::Args>),
    /// Show what is in a certificate, chain, key store, request, CRL, OCSP answer, or served by an endpoint
    Inspect(Box<inspect::Args>),
    /// Judge a chain from files as each trust store would, now or at another date
    Verify(Box<verify::Args>),
    /// Keep an inventory fresh: ask sources and look at endpoints when it is their turn, and remember
    Serve(Box<serve::Args>),
    /// Start `serve` with this machine: install, remove or print the unit of systemd or launchd
    Service(service::Args),
    /// Report from the inventory: what expires, what is not served, what is not seen, what changed, ...
    Report(Box<report::Args>),
    /// Show all of it on a throw-away world of real TLS servers on this machine
    Demo(demo::Args),
    /// Ask the sources of the configuration now, or list how they went
    Source(source::Args),
    /// Copy the inventory to a file while it is in use
    Backup(keep::Out),
    /// Put a backup where no inventory is yet
    Restore(keep::In),
    /// List open alerts, acknowledge one, or silence what is known
    Alerts(alerts::Args),
    /// List the channels that are told of alerts, or try one
    Channel(channel::Args),
    /// Write the whole inventory into a folder of NDJSON files
    Export(keep::Out),
    /// Read such a folder where no inventory is yet
    Import(keep::In),
    /// Forget what ended long ago, and certificates that nothing refers to any more
    Prune(keep::Prune),
    /// Say what a finding or failure means and how to mend it
    Explain(explain::Args),
    /// Show every bound on what strangers control
    Limits(limits::Args),
    /// List the trust stores, show one, or bring newer ones
    TrustStores(trust_stores::Args),
    /// Print the JSON Schema of the records of `scan`
    Schema(schema::Args),
    /// Print the completions of a shell
    Completions(completions::Args),
    /// Print the manual page, or write all of them into a folder
    Man(man::Args),
}

impl Command {
    /// Does it.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self {
            Self::Scan(args) => scan::run(&args),
            Self::Check(args) => check::run(&args),
            Self::Discover(args) => discover::run(&args),
            Self::Inspect(args) => inspect::run(&args),
            Self::Verify(args) => verify::run(&args),
            Self::Serve(args) => serve::run(&args),
            Self::Service(args) => service::run(&args),
            Self::Report(args) => report::run(&args),
            Self::Demo(args) => demo::run(&args),
            Self::Source(args) => source::run(&args),
            Self::Backup(args) => keep::backup(&args),
            Self::Restore(args) => keep::restore(&args),
            Self::Alerts(args) => alerts::run(&args),
            Self::Channel(args) => channel::run(&args),
            Self::Export(args) => keep::export(&args),
            Self::Import(args) => keep::import(&args),
            Self::Prune(args) => keep::prune(&args),
            Self::Explain(args) => explain::run(&args),
            Self::Limits(args) => limits::run(&args),
            Self::TrustStores(args) => trust_stores::run(&args),
            Self::Schema(args) => schema::run(&args),
            Self::Completions(args) => completions::run(&args),
            Self::Man(args) => man::run(&args),
        }
    }
}
