//! The handle: opening, writing, and the life of the database itself. Reading is in [`queries`](self::queries).

mod queries;
mod writes;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::address::Address;
use crate::desk::{Connect, Desk, Role};
use crate::error::{Error, Trouble};
use crate::migrate::Before;
use crate::session::Session;
use crate::session::postgres::Postgres;
use crate::session::sqlite::{Mode, Sqlite};
use crate::{backup, migrate, transfer};

/// The memory. Cheap to clone; all clones share the same connections, which close with the last one when what waits is
/// done.
#[derive(Clone)]
pub struct Store {
    pub(crate) desk: Arc<Desk>,
    address: Address,
    opened: Arc<Opened>,
}

/// What happened while opening.
#[derive(Debug)]
struct Opened {
    backup: Option<PathBuf>,
}

/// How a memory is opened.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The present time: names backups.
    pub now: Timestamp,
    /// For what.
    pub access: Access,
    /// Where backups before a change of the schema of PostgreSQL go. Without it such a change is refused; SQLite makes
    /// its backup beside the file.
    pub backups: Option<PathBuf>,
    /// Memory of each connection to SQLite for pages, in KiB. More makes bulk loads of millions faster.
    pub cache_kib: u32,
    /// How large a SQLite file may grow, in bytes: beyond it the disk counts as full. The log beside it is not counted.
    pub most_bytes: Option<u64>,
}

/// For what a memory is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// For reading and writing; it is made when it is not there, and brought to the present schema.
    Write,
    /// For reading alone, beside another process that writes perhaps; nothing is made or changed.
    Read,
}

impl Opening {
    /// For reading and writing, at this time.
    pub const fn at(now: Timestamp) -> Self {
        Self {
            now,
            access: Access::Write,
            backups: None,
            cache_kib: 32 * 1024,
            most_bytes: None,
        }
    }

    /// For reading alone.
    pub const fn reading(mut self) -> Self {
        self.access = Access::Read;
        self
    }
}

/// Connections that read beside the one that writes: a page of the dashboard and a report at a time, and one to spare.
const READERS: usize = 3;

impl Store {
    /// Opens a memory: makes it, or brings it to the present schema after a backup. Blocks: call it where that is right.
    ///
    /// # Errors
    /// Whatever is wrong with the file or the server, as a [`Trouble`] that says what to do next. Nothing was changed
    /// then, except that steps before the failing one of a change of schema stay done.
    pub fn open_blocking(address: &Address, opening: &Opening) -> Result<Self, Error> {
        open(address, opening).map_err(|trouble| Error {
            trouble,
            place: address.to_string().into(),
        })
    }

    /// As [`Store::open_blocking`], from asynchronous code.
    pub async fn open(address: &Address, opening: Opening) -> Result<Self, Error> {
        let address = address.clone();
        let place = address.to_string();
        let opened = tokio::task::spawn_blocking(move || Self::open_blocking(&address, &opening)).await;
        opened.unwrap_or_else(|_| {
            Err(Error {
                trouble: Trouble::broken("a panic while opening it"),
                place: place.into(),
            })
        })
    }

    /// Where it is.
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// The backup that was made while opening, when the schema was changed.
    pub fn backup_made(&self) -> Option<&Path> {
        self.opened.backup.as_deref()
    }

    /// Copies everything to `to`, which does not exist yet, while it is in use: a file for SQLite, a folder of NDJSON
    /// files for PostgreSQL. Whole or not there at all.
    pub async fn backup(&self, to: &Path) -> Result<(), Error> {
        let to = to.to_owned();
        self.alone(move |session| match session {
            Session::Sqlite(_) => backup::sqlite_into(session, &to),
            Session::Postgres(_) => transfer::export(session, &to, migrate::PRESENT),
        })
        .await
    }

    /// Writes everything as NDJSON files into the folder `to`, which does not exist yet.
    pub async fn export(&self, to: &Path) -> Result<(), Error> {
        let to = to.to_owned();
        self.alone(move |session| transfer::export(session, &to, migrate::PRESENT))
            .await
    }

    /// Puts a backup or an export where nothing is yet, and brings it to the present schema. `from` is a file that
    /// [`Store::backup`] made, or a folder of NDJSON files (into either database).
    pub fn restore_blocking(from: &Path, to: &Address, opening: &Opening) -> Result<Self, Error> {
        let failed = |trouble| Error {
            trouble,
            place: to.to_string().into(),
        };
        let put = match to {
            Address::Sqlite(path) if from.is_file() => backup::restore_sqlite(from, path),
            _ => import(from, to),
        };
        put.map_err(failed)?;
        Self::open_blocking(to, opening)
    }

    /// Whether the database finds itself in order. Reads all of it.
    pub async fn check(&self) -> Result<(), Error> {
        self.alone(|session| match session {
            Session::Sqlite(_) => backup::check(session),
            // The server checks its pages as it reads them.
            Session::Postgres(_) => Ok(()),
        })
        .await
    }

    /// Does something on a connection of its own, outside of the queues and of any transaction.
    async fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Error> {
        let address = self.address.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut session = connect(&address, Mode::Read, 8 * 1024)?;
            work(&mut session)
        });
        let done = done
            .await
            .unwrap_or_else(|_| Err(Trouble::broken("a panic while working on it")));
        done.map_err(|trouble| self.desk.error(trouble))
    }
}

fn open(address: &Address, opening: &Opening) -> Result<Store, Trouble> {
    let stamp = opening.now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let backup = match (address, opening.access) {
        (Address::Sqlite(path), Access::Write) => {
            let sqlite = Sqlite::open(path, Mode::Write, opening.cache_kib)?;
            migrate::sqlite(sqlite, path, &stamp, migrate::PRESENT)?.1
        }
        (Address::Postgres(url), Access::Write) => {
            let mut session = Session::Postgres(Box::new(Postgres::open(url)?));
            let before = opening
                .backups
                .as_deref()
                .map_or(Before::Refuse, Before::ExportInto);
            migrate::postgres(&mut session, before, &stamp, migrate::PRESENT)?
        }
        (_, Access::Read) => {
            look_at(address, opening.cache_kib)?;
            None
        }
    };
    let place = address.to_string();
    let (connecting, cache_kib, most_bytes) = (address.clone(), opening.cache_kib, opening.most_bytes);
    let connect: Connect = Arc::new(move |role| {
        let mode = if role == Role::Write {
            Mode::Write
        } else {
            Mode::Read
        };
        let mut session = connect(&connecting, mode, cache_kib)?;
        if let (Session::Sqlite(sqlite), Some(bytes)) = (&mut session, most_bytes) {
            sqlite.bound(bytes)?;
        }
        Ok(session)
    });
    let desk = match opening.access {
        Access::Write => Desk::open(&place, READERS, &connect)?,
        Access::Read => Desk::open_to_read(&place, READERS, &connect)?,
    };
    Ok(Store {
        desk: Arc::new(desk),
        address: address.clone(),
        opened: Arc::new(Opened { backup }),
    })
}

/// Whether a database that is only read is there and of the present schema.
fn look_at(address: &Address, cache_kib: u32) -> Result<(), Trouble> {
    if let Address::Sqlite(path) = address
        && !path.exists()
    {
        return Err(Trouble::Missing);
    }
    let mut session = connect(address, Mode::Read, cache_kib)?;
    let found = match address {
        Address::Sqlite(_) => migrate::found_in_sqlite(&mut session)?,
        Address::Postgres(_) => migrate::found_in_postgres(&mut session)?,
    };
    let known = migrate::PRESENT;
    match found {
        None => Err(Trouble::Missing),
        Some(found) if found > known => Err(Trouble::Future { found, known }),
        Some(found) if found < known => Err(Trouble::Past { found, known }),
        Some(_) => Ok(()),
    }
}

fn connect(address: &Address, mode: Mode, cache_kib: u32) -> Result<Session, Trouble> {
    Ok(match address {
        Address::Sqlite(path) => Session::Sqlite(Sqlite::open(path, mode, cache_kib)?),
        Address::Postgres(url) => Session::Postgres(Box::new(Postgres::open(url)?)),
    })
}

/// Reads an export into a database where nothing is yet, at the schema it was written from.
fn import(from: &Path, to: &Address) -> Result<(), Trouble> {
    let schema = transfer::schema_of(from)?;
    let known = migrate::PRESENT;
    if schema > known {
        return Err(Trouble::Future { found: schema, known });
    }
    match to {
        Address::Sqlite(path) => {
            if path.exists() {
                return Err(Trouble::NotEmpty);
            }
            let sqlite = Sqlite::open(path, Mode::Write, 32 * 1024)?;
            let (sqlite, _) = migrate::sqlite(sqlite, path, "", schema)?;
            let imported = transfer::import(&mut Session::Sqlite(sqlite), from);
            if imported.is_err() {
                // Made a moment ago by us, and holds nothing.
                drop(std::fs::remove_file(path));
            }
            imported
        }
        Address::Postgres(url) => {
            let mut session = Session::Postgres(Box::new(Postgres::open(url)?));
            if migrate::found_in_postgres(&mut session)?.is_some() {
                return Err(Trouble::NotEmpty);
            }
            migrate::postgres(&mut session, Before::Nothing, "", schema)?;
            transfer::import(&mut session, from)?;
            migrate::postgres(&mut session, Before::Nothing, "", known).map(drop)
        }
    }
}
