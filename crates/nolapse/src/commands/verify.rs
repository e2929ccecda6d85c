//! `verify`: judges a chain from files as each trust store would, now, at another date, or over a span of time.
//!
//! Files or lines of JSON come in; one verdict per store and an exit status go out. Nothing is looked at on the network:
//! what a server really sends is for `scan`.

mod batch;
mod machines;
mod people;
mod reading;
mod task;

use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::bail;
use assess::SignatureMemory;
use clap::ValueEnum;

use self::reading::Reading;
use self::task::{PolicyInputs, ProfileWord, PurposeWord, Task};
use crate::anchors::{self, NamedFile};
use crate::terminal::{Colour, Style};
use crate::when::{Over, When};
use crate::{Exit, say};

/// Arguments of `verify`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The chain: the leaf first, then whatever else was sent; PEM, DER, PKCS#7 or PKCS#12, or - for standard input
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "batch",
        conflicts_with = "batch"
    )]
    chain: Option<PathBuf>,

    /// Certificates that were not sent and may help, such as intermediates that clients know; may be repeated
    #[arg(long, value_name = "FILE", conflicts_with = "batch")]
    known: Vec<PathBuf>,

    /// Trust these roots only (a store called `roots`); PEM or DER, or - for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["stores", "batch"])]
    roots: Option<PathBuf>,

    /// Ask this store only: a public one, system, or one of --trust-store; may be repeated
    #[arg(long = "store", value_name = "NAME", value_delimiter = ',')]
    stores: Vec<String>,

    /// A trust store of your own, PEM or DER; may be repeated
    #[arg(
        long = "trust-store", value_name = "NAME=FILE", env = "NOLAPSE_TRUST_STORE", hide_env = true,
        value_parser = NamedFile::parse
    )]
    trust_stores: Vec<NamedFile>,

    /// Whom the leaf must name: a name or an address
    #[arg(long, value_name = "NAME|IP", conflicts_with = "batch", value_parser = task::host)]
    host: Option<model::Identity>,

    /// When: 2027-05-01, 2027-05-01T12:00:00Z, +30d, or now
    #[arg(long, value_name = "TIME", default_value = "now", allow_hyphen_values = true, value_parser = When::parse)]
    at: When,

    /// Since when and until when each store accepts the chain: 2026-01-01..2028-01-01
    #[arg(
        long, value_name = "FROM..UNTIL", allow_hyphen_values = true, conflicts_with_all = ["at", "batch"],
        value_parser = Over::parse
    )]
    over: Option<Over>,

    /// What the certificate is to be used for
    #[arg(long, value_enum, default_value_t = PurposeWord::Server)]
    purpose: PurposeWord,

    /// Whose rules
    #[arg(long, value_enum, default_value_t = ProfileWord::Browser)]
    profile: ProfileWord,

    /// A certificate revocation list, PEM or DER; may be repeated
    #[arg(long, value_name = "FILE", conflicts_with = "batch")]
    crl: Vec<PathBuf>,

    /// An OCSP answer, PEM or DER; may be repeated
    #[arg(long, value_name = "FILE", conflicts_with_all = ["batch", "over"])]
    ocsp: Vec<PathBuf>,

    /// A file whose first line is the password of the key store
    #[arg(long, value_name = "FILE", env = "NOLAPSE_PASSWORD_FILE", hide_env = true)]
    password_file: Option<PathBuf>,

    /// Many chains: lines of JSON from this file, or - for standard input; an answer a line
    #[arg(long, value_name = "FILE")]
    batch: Option<PathBuf>,

    /// The format
    #[arg(short, long, value_enum, default_value_t = Format::Text, env = "NOLAPSE_FORMAT", hide_env = true)]
    format: Format,

    /// The same as --format json
    #[arg(long)]
    json: bool,

    /// When to colour
    #[arg(long, value_enum, default_value_t = Colour::Auto, env = "NOLAPSE_COLOR", hide_env = true)]
    color: Colour,
}

/// The formats of `verify`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One object
    Json,
}

const AFTER_HELP: &str = "\
Every public store is asked unless --roots or --store names others. The chain is valid when all the public stores
accept it, or one of your own; of stores named by --store all must. With --over it is valid when it is so the whole time.
--at and --over hold a root that a store dropped against the day on which it did (`trust-stores show` lists them); when roots
were added is not known. A refused chain is drawn as far as it goes. Names are asked only when --host says whose. The profile `browser` holds against a chain what clients hold against it;
`strict` beside that what RFC 5280 and the CA/Browser Forum ask of issuers, and an unknown standing when lists were given.

A line of --batch is an object with the members `chain` (PEM in one string or in a list, or DER in base64) and, if
wanted, `id`, `known`, `roots`, `store`, `host`, `at`, `purpose`, `profile`, `crl`, `ocsp`, `max_depth`, `policies`, `explicit_policy`, `inhibit_policy_mapping`, `inhibit_any_policy`; what it lacks is taken from the flags.

Exit status: 0 valid; 1 not valid; 2 wrong usage, or something that cannot be judged: no chain, or signatures and keys that
this program cannot verify. Of --batch the worst.";

/// Runs it.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    if let Some(path) = &args.batch {
        return batch::run(path, args);
    }
    let mut reading = Reading::new(args.password_file.as_deref())?;
    let task = task(args, &mut reading)?;
    reading.remarks.iter().for_each(|remark| say::warning(remark));
    if args.purpose == PurposeWord::Client && args.roots.is_none() && args.trust_stores.is_empty() {
        say::warning(
            "public stores vouch for servers: what they say of a client's certificate is of little worth; name --roots",
        );
    }
    let memory = SignatureMemory::with_capacity(SIGNATURES);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let machine = args.json || args.format == Format::Json;
    let style = Style::for_stdout(args.color);
    let valid = match args.over {
        Some(over) => {
            let histories = task.histories(&memory, over.span());
            let valid = task.is_valid(histories.iter().map(|history| {
                let always = history.spans.iter().all(|span| is_trusted(&span.outcome));
                (history.kind, always)
            }));
            if machine {
                machines::histories(&task, &histories, (over.span(), valid), &mut out)?;
            } else {
                people::histories(&task, &histories, valid, style, &mut out)?;
            }
            Some(valid)
        }
        None => {
            let verdicts = task.verdicts(&memory);
            let valid = task.is_valid(
                verdicts
                    .iter()
                    .map(|verdict| (verdict.kind, verdict.is_trusted())),
            );
            let valid = (valid || !task.is_beyond_us(&verdicts)).then_some(valid);
            let unheard = task.unheard(&verdicts, &memory);
            unheard
                .iter()
                .for_each(|words| say::warning(&format!("does not count: {words}")));
            reading.remarks.extend(unheard);
            if machine {
                machines::verdicts(&task, &verdicts, valid, &reading.remarks, &mut out)?;
            } else {
                people::verdicts(&task, &verdicts, valid, style, &mut out)?;
            }
            valid
        }
    };
    out.flush()?;
    Ok(match valid {
        Some(true) => Exit::Fine,
        Some(false) => Exit::Findings,
        None => Exit::Usage,
    })
}

/// More than a chain of the greatest length has.
const SIGNATURES: usize = 4_096;

const fn is_trusted(trust: &assess::Trust) -> bool {
    matches!(trust, assess::Trust::Trusted { .. })
}

/// What the flags ask.
fn task(args: &Args, reading: &mut Reading) -> anyhow::Result<Task> {
    let Some(path) = &args.chain else {
        bail!("no chain: name its file with --chain FILE, the leaf first");
    };
    let files = [path].into_iter().chain(&args.known).chain(&args.roots);
    let files = files.chain(&args.crl).chain(&args.ocsp);
    if files.filter(|file| file.as_os_str() == "-").count() > 1 {
        bail!("standard input (-) is named for several files: it can be read once, name the others");
    }
    let chain = reading.chain(path)?;
    let mut known = Vec::new();
    for path in &args.known {
        known.extend(reading.certificates(path)?);
    }
    let mut crls = Vec::new();
    for path in &args.crl {
        crls.extend(reading.lists(path)?);
    }
    let mut replies = Vec::new();
    for path in &args.ocsp {
        replies.extend(reading.replies(path)?);
    }
    let roots = args
        .roots
        .as_deref()
        .map(anchors::read_or_standard_input)
        .transpose()?;
    Ok(Task {
        chain,
        known,
        stores: task::stores(roots, &args.stores, &args.trust_stores)?,
        host: args.host.clone(),
        at: args.at.moment(),
        purpose: args.purpose.into(),
        profile: args.profile.into(),
        crls,
        replies,
        max_depth: None,
        policies: PolicyInputs::default(),
    })
}
