//! A zone from its servers, one after the other until one gives all of it.
//!
//! Servers and a zone come in, records go out as they arrive; [`Delivered`] says whether they are the zone. With a folder of
//! copies ([`crate::zone_copy`]) only what changed is asked for, and an unchanged zone costs one question. A zone that broke off
//! is asked of the next server from its start: [`Piece::Again`] says so. What was given of a zone that never became
//! whole is partial, whoever asks.

use std::io;
use std::net::SocketAddr;

use model::zone::{Domain, RecordRef};
use net::Network;
use net::dns::stream::SigningClock;
use net::dns::{Ask, Change, Ended, Key, Server, TransferError};

use crate::zone_copy::{Changes, Copies, Copy, Fault, NewCopy};

/// A zone and who has it.
#[derive(Clone, Debug)]
pub struct Zone {
    /// Its name.
    pub apex: Domain,
    /// Its servers, the preferred one first.
    pub servers: Vec<Server>,
    /// What questions are signed with.
    pub key: Option<Key>,
    /// What the source is called.
    pub source: String,
    /// What tells its copy from those of other servers and keys, which may have another view of the zone.
    pub copy: String,
}

/// What comes of a zone.
#[derive(Clone, Copy, Debug)]
pub enum Piece<'a> {
    /// A record.
    Record(RecordRef<'a>),
    /// What came so far broke off; the zone comes again from its start.
    Again,
}

/// One server that did not give the zone.
#[derive(Clone, Debug)]
pub struct Failed {
    /// Which.
    pub server: SocketAddr,
    /// Why.
    pub error: TransferError,
}

/// What became of a zone.
#[derive(Debug)]
pub struct Delivered {
    /// Whether the records are the zone.
    pub extent: Extent,
    /// Servers that failed, in the order in which they were asked.
    pub failed: Vec<Failed>,
    /// The server that gave it.
    pub server: Option<SocketAddr>,
    /// Why the copy of an earlier run was of no use; the zone itself is none the worse.
    pub not_used: Option<Fault>,
    /// Why no copy could be kept; the zone itself is none the worse.
    pub not_kept: Option<io::Error>,
}

/// Whether records are a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it came just now.
    Whole {
        /// Its serial number.
        serial: u32,
        /// Records that the server sent.
        sent: u64,
    },
    /// It has not changed; the copy was given.
    Unchanged {
        /// Its serial number.
        serial: u32,
    },
    /// A part of it came.
    Partial {
        /// Records given.
        given: u64,
    },
    /// Nothing came.
    Nothing,
}

/// Takes pieces.
pub type Pieces<'p> = dyn FnMut(Piece<'_>) + 'p;

/// Brings a zone.
pub async fn bring(
    network: &Network,
    clock: &SigningClock,
    zone: &Zone,
    copies: Option<&Copies>,
    pieces: &mut Pieces<'_>,
) -> Delivered {
    let mut delivered = Delivered {
        extent: Extent::Nothing,
        failed: Vec::new(),
        server: None,
        not_used: None,
        not_kept: None,
    };
    let mut given = Given::default();
    for server in &zone.servers {
        given.begin();
        let mut attempt = Attempt {
            network,
            clock,
            zone,
            copies,
            given: &mut given,
            not_used: &mut delivered.not_used,
            not_kept: &mut delivered.not_kept,
        };
        match attempt.from(server, pieces).await {
            Ok(extent) => {
                delivered.extent = extent;
                delivered.server = Some(server.socket);
                return delivered;
            }
            Err(error) => delivered.failed.push(Failed {
                server: server.socket,
                error,
            }),
        }
    }
    given.begin();
    if given.earlier > 0 {
        delivered.extent = Extent::Partial { given: given.earlier };
    }
    delivered
}

/// Records given on.
#[derive(Default)]
struct Given {
    /// By this server.
    now: u64,
    /// By one before it, and not yet told to be forgotten: a server that gives nothing takes nothing back.
    earlier: u64,
}

impl Given {
    /// Begins with another server.
    fn begin(&mut self) {
        if self.now > 0 {
            self.earlier = std::mem::take(&mut self.now);
        }
    }

    fn record(&mut self, record: RecordRef<'_>, pieces: &mut Pieces<'_>) {
        if self.earlier > 0 {
            pieces(Piece::Again);
            self.earlier = 0;
        }
        self.now += 1;
        pieces(Piece::Record(record));
    }
}

/// One server being asked.
struct Attempt<'a> {
    network: &'a Network,
    clock: &'a SigningClock,
    zone: &'a Zone,
    copies: Option<&'a Copies>,
    given: &'a mut Given,
    not_used: &'a mut Option<Fault>,
    not_kept: &'a mut Option<io::Error>,
}

impl Attempt<'_> {
    async fn from(&mut self, server: &Server, pieces: &mut Pieces<'_>) -> Result<Extent, TransferError> {
        let found = match self.copies {
            Some(copies) => copies.find(&self.zone.apex, &self.zone.copy),
            None => Ok(None),
        };
        let copy = found.unwrap_or_else(|fault| {
            *self.not_used = Some(fault);
            None
        });
        let Some(copy) = copy else {
            return self.whole(server, pieces).await;
        };
        match self.changes(server, &copy, pieces).await {
            // The server cannot say what changed, or what it says does not fit: all of it, then.
            Err(error) if error.is_about_changes() && self.given.now == 0 => self.whole(server, pieces).await,
            other => other,
        }
    }

    async fn whole(&mut self, server: &Server, pieces: &mut Pieces<'_>) -> Result<Extent, TransferError> {
        let mut keeping = Keeping::new(self.copies, self.zone);
        let ask = self.ask(None);
        let given = &mut *self.given;
        let ended = self
            .network
            .transfer(server, &ask, self.clock, &mut |change| {
                if let Change::Add(record) = change {
                    keeping.add(record);
                    given.record(record, pieces);
                }
            })
            .await?;
        *self.not_kept = keeping.commit().err();
        Ok(match ended {
            Ended::Unchanged { serial } => Extent::Whole { serial, sent: 0 },
            Ended::Whole { serial, records } => Extent::Whole {
                serial,
                sent: records,
            },
        })
    }

    async fn changes(
        &mut self,
        server: &Server,
        copy: &Copy,
        pieces: &mut Pieces<'_>,
    ) -> Result<Extent, TransferError> {
        let mut keeping = Keeping::new(self.copies, self.zone);
        let mut changes = Changes::default();
        let mut is_whole = false;
        let ask = self.ask(Some(copy.serial()));
        let given = &mut *self.given;
        let ended = self
            .network
            .transfer(server, &ask, self.clock, &mut |change| match change {
                Change::Whole => is_whole = true,
                Change::Changes => {}
                Change::Add(record) if is_whole => {
                    keeping.add(record);
                    given.record(record, pieces);
                }
                Change::Add(record) => changes.add(record),
                Change::Remove(record) => changes.remove(record),
            })
            .await?;
        let stale = |_| TransferError::MixedUp("changes that do not fit what came before");
        match ended {
            // The server has another zone than the copy is of: an older one, for one thing.
            Ended::Unchanged { serial } if serial != copy.serial() => self.whole(server, pieces).await,
            Ended::Unchanged { .. } => {
                copy.records(&mut |record| {
                    given.record(record, pieces);
                })
                .map_err(stale)?;
                Ok(Extent::Unchanged {
                    serial: copy.serial(),
                })
            }
            Ended::Whole { serial, records } => {
                if !is_whole {
                    // Tried to the end before anything is given on: they may not fit.
                    changes.clone().apply(copy, &mut |_| {}).map_err(stale)?;
                    keeping.serial = Some(serial);
                    let given_on = changes.apply(copy, &mut |record| {
                        keeping.add(record);
                        given.record(record, pieces);
                    });
                    given_on.map_err(stale)?;
                }
                *self.not_kept = keeping.commit().err();
                Ok(Extent::Whole {
                    serial,
                    sent: records,
                })
            }
        }
    }

    fn ask(&self, serial: Option<u32>) -> Ask {
        Ask {
            zone: self.zone.apex.clone(),
            serial,
            key: self.zone.key.clone(),
        }
    }
}

/// A copy that is kept along the way, if one is wanted at all.
struct Keeping<'a> {
    copies: Option<&'a Copies>,
    zone: &'a Zone,
    copy: Option<NewCopy>,
    /// The serial number, when it is known before the first record (SOA) says it.
    serial: Option<u32>,
    failed: Option<io::Error>,
}

impl<'a> Keeping<'a> {
    const fn new(copies: Option<&'a Copies>, zone: &'a Zone) -> Self {
        Self {
            copies,
            zone,
            copy: None,
            serial: None,
            failed: None,
        }
    }

    fn add(&mut self, record: RecordRef<'_>) {
        let Some(copies) = self.copies.filter(|_| self.failed.is_none()) else {
            return;
        };
        let kept = match &mut self.copy {
            Some(copy) => copy.add(record),
            None => self.begin(copies, record),
        };
        if let Err(error) = kept {
            self.failed = Some(error);
            self.copy = None;
        }
    }

    fn begin(&mut self, copies: &Copies, record: RecordRef<'_>) -> io::Result<()> {
        let serial = match (self.serial, record.data()) {
            (Some(serial), _) | (None, model::zone::Data::Soa(serial)) => serial,
            (None, _) => 0,
        };
        let mut copy = copies.create(&self.zone.apex, &self.zone.copy, serial)?;
        copy.add(record)?;
        self.copy = Some(copy);
        Ok(())
    }

    fn commit(self) -> io::Result<()> {
        match (self.failed, self.copy) {
            (Some(error), _) => Err(error),
            (None, Some(copy)) => copy.commit(),
            (None, None) => Ok(()),
        }
    }
}
