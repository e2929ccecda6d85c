//! What can go wrong with a memory, and what a person does then.
//!
//! A trouble says which of three things follows: try again ([`Trouble::is_passing`]), ask a person, or it is a bug of
//! ours ([`Trouble::Broken`]). Whatever happens, what was acknowledged before stays.

use std::fmt;

/// One trouble with one database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What happened.
    pub trouble: Trouble,
    /// Where: a file, or an address without its password.
    pub place: Box<str>,
}

/// What happened to the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The URL is none that is understood.
    Url {
        /// Why.
        reason: Box<str>,
    },
    /// The file is not there and was to be read only.
    Missing,
    /// It holds something that is not ours.
    Foreign,
    /// A newer version of nolapse has written it.
    Future {
        /// Its schema.
        found: i64,
        /// The newest schema that is known here.
        known: i64,
    },
    /// It is an older schema and was to be read only.
    Past {
        /// Its schema.
        found: i64,
        /// The schema that is needed.
        known: i64,
    },
    /// It is cut off or overwritten.
    Damaged {
        /// What the database says.
        reason: Box<str>,
    },
    /// Another process holds it.
    Locked,
    /// The disk is full.
    Full,
    /// It may only be read.
    ReadOnly,
    /// This user may not open it.
    Forbidden {
        /// What the system says.
        reason: Box<str>,
    },
    /// Reading or writing failed below the database.
    Io {
        /// What the system says.
        reason: Box<str>,
    },
    /// No server answers.
    Unreachable {
        /// What the system says.
        reason: Box<str>,
    },
    /// The server does not let us in.
    Refused {
        /// What the server says.
        reason: Box<str>,
    },
    /// The server gives no TLS, or none that can be trusted.
    Tls {
        /// Why.
        reason: Box<str>,
    },
    /// The server went away; nothing of what was being written counts.
    Gone {
        /// What the connection says.
        reason: Box<str>,
    },
    /// Somebody else wrote the same at the same time, again and again.
    Contended,
    /// The lease under which this was to be written has passed to somebody else.
    Stale {
        /// The shard.
        shard: u16,
    },
    /// The backup before a change of the schema could not be made, so nothing was changed.
    NoBackup {
        /// Why.
        reason: Box<str>,
    },
    /// It is not empty, and what is restored or imported needs an empty one.
    NotEmpty,
    /// What is imported or restored cannot be read.
    Import {
        /// Why, with file and line.
        reason: Box<str>,
    },
    /// Closed by us meanwhile.
    Closed,
    /// A bug of ours.
    Broken {
        /// What the database says.
        reason: Box<str>,
    },
}

impl Trouble {
    /// Whether trying again later may go well without anybody doing anything.
    pub const fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Locked | Self::Unreachable { .. } | Self::Gone { .. } | Self::Contended
        )
    }

    pub(crate) fn broken(reason: impl Into<Box<str>>) -> Self {
        Self::Broken {
            reason: reason.into(),
        }
    }

    /// What to do next.
    const fn next(&self) -> &'static str {
        match self {
            Self::Url { .. } => "write a path, sqlite:PATH, or postgres://USER@ADDRESS:PORT/DATABASE",
            Self::Missing => "run `nolapse serve` or a scan that remembers first, or mend the path",
            Self::Foreign => "give nolapse a file or a database of its own",
            Self::Future { .. } => {
                "use that version or a later one, or restore the backup that it made before it changed the schema"
            }
            Self::Past { .. } => "open it once for writing with this version, which brings it up to date",
            Self::Damaged { .. } => {
                "keep a copy of it, restore the last backup, or save what `sqlite3 FILE .recover` still reads"
            }
            Self::Locked => "end the other process, or wait for it",
            Self::Full => "make room; nothing that was acknowledged is lost, and writing goes on by itself",
            Self::ReadOnly => "give this user the right to write there, or mount it for writing",
            Self::Forbidden { .. } => "give this user the right to read and write the file and its folder",
            Self::Io { .. } => "look at the disk and the system's log",
            Self::Unreachable { .. } => "start the server, or mend address and port",
            Self::Refused { .. } => {
                "mend user, password or database in the URL, or pg_hba.conf of the server"
            }
            Self::Tls { .. } => {
                "name who issued the server's certificate by sslrootcert=FILE, or mend name or certificate of the server"
            }
            Self::Gone { .. } => "nothing half-written is kept; it is tried again when the server is back",
            Self::Contended => "it is tried again; fewer replicas on the same places would help",
            Self::Stale { .. } => "nothing: the one who holds the lease now does the work",
            Self::NoBackup { .. } => {
                "make room or give the right to write beside the database, and start again"
            }
            Self::NotEmpty => "name a file that does not exist, or an empty database",
            Self::Import { .. } => "export again, or mend the line",
            Self::Closed => "nothing: the program is ending",
            Self::Broken { .. } => "report it: this is a bug of nolapse",
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url { reason } => write!(f, "no address of a database ({reason})"),
            Self::Missing => f.write_str("there is no such database"),
            Self::Foreign => f.write_str("it holds something that is not nolapse's"),
            Self::Future { found, known } => write!(
                f,
                "a newer version of nolapse has written it (schema {found}, this one knows {known})"
            ),
            Self::Past { found, known } => write!(f, "its schema is {found} and {known} is needed"),
            Self::Damaged { reason } => write!(f, "it is cut off or overwritten ({reason})"),
            Self::Locked => f.write_str("another process holds it"),
            Self::Full => f.write_str("the disk is full"),
            Self::ReadOnly => f.write_str("it may only be read"),
            Self::Forbidden { reason } => write!(f, "this user may not open it ({reason})"),
            Self::Io { reason } => write!(f, "reading or writing failed ({reason})"),
            Self::Unreachable { reason } => write!(f, "no server answers ({reason})"),
            Self::Refused { reason } => write!(f, "the server does not let us in ({reason})"),
            Self::Tls { reason } => write!(f, "it cannot be reached by TLS that is to be trusted ({reason})"),
            Self::Gone { reason } => write!(f, "the server went away ({reason})"),
            Self::Contended => f.write_str("others write the same again and again"),
            Self::Stale { shard } => write!(f, "the lease of shard {shard} has passed to somebody else"),
            Self::NoBackup { reason } => {
                write!(f, "the backup before the change of its schema failed ({reason})")
            }
            Self::NotEmpty => f.write_str("it is not empty"),
            Self::Import { reason } => write!(f, "what is to be imported cannot be read ({reason})"),
            Self::Closed => f.write_str("it was closed"),
            Self::Broken { reason } => write!(f, "it does not understand us ({reason})"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.trouble, self.trouble.next())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_says_where_what_and_what_next() {
        let error = Error {
            trouble: Trouble::Future { found: 9, known: 2 },
            place: "/var/lib/nolapse.db".into(),
        };
        let said = error.to_string();
        assert!(said.starts_with("/var/lib/nolapse.db: a newer version"), "{said}");
        assert!(
            said.contains("schema 9") && said.contains("restore the backup"),
            "{said}"
        );
    }
}
