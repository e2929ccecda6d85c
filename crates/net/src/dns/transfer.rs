//! AXFR and IXFR (RFC 5936, RFC 1995) as messages come in, without any connection.
//!
//! An [`Incoming`] is made of a question, takes the messages of the answer, and gives records on the way. Nothing of a
//! message is given on before its signature was checked, when there is a key. It says for sure when a zone is whole:
//! only the second record of its start (SOA) ends it. Everything that a server can do wrong is a [`TransferError`] of its
//! own.

use std::collections::VecDeque;

use model::limits;
use model::observation::Failure;
use model::zone::{Data, Domain, Kind, RecordRef};

use super::message::{self, Header, IN, Malformed, Scratch};
use super::tsig::{Key, Proof, TsigError, Verifier, VerifyError};

/// Asks for a whole zone (RFC 5936 section 2.1).
pub const AXFR: Kind = Kind(252);
/// Asks for what changed (RFC 1995 section 3).
pub const IXFR: Kind = Kind(251);

/// What to ask for.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The zone.
    pub zone: Domain,
    /// The serial number of what is here already; nothing asks for all of it.
    pub serial: Option<u32>,
    /// What the question is signed with.
    pub key: Option<Key>,
}

/// A piece of what came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// The whole zone follows, whatever was asked for.
    Whole,
    /// Changes to what is here already follow.
    Changes,
    /// This record is in the zone (again, when the zone was here).
    Add(RecordRef<'a>),
    /// This record is no longer in the zone.
    Remove(RecordRef<'a>),
}

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The zone has not changed since the serial number that was asked with.
    Unchanged {
        /// Its serial number.
        serial: u32,
    },
    /// Everything came.
    Whole {
        /// The serial number of the zone.
        serial: u32,
        /// Records given, of all that were added or removed.
        records: u64,
    },
}

/// Why there is no whole zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// No connection.
    #[error("cannot connect: {}", connect_words(.0))]
    Connect(Failure),
    /// It answers over UDP and not over TCP, over which alone zones are transferred.
    #[error("the server answers over UDP and not over TCP ({}): zones are transferred over TCP, so open its TCP port", connect_words(.0))]
    UdpOnly(Failure),
    /// No TLS (RFC 9103).
    #[error("no TLS with the server: {0}")]
    Tls(String),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// It was closed in the midst of the answer.
    #[error("the server closed the connection before the zone was whole")]
    Closed,
    /// Nothing came for a while.
    #[error("the server was silent for {} s", limits::TRANSFER_IDLE.as_secs())]
    Silent,
    /// It takes too long.
    #[error("the transfer was not done after {} s", limits::TRANSFER.as_secs())]
    TooSlow,
    /// REFUSED.
    #[error(
        "the server refuses to transfer this zone to us: allow this address or this key (allow-transfer, provide-xfr)"
    )]
    Refused,
    /// NOTAUTH.
    #[error("the server does not have this zone")]
    NotAuthoritative,
    /// SERVFAIL.
    #[error("the server has the zone and cannot give it (SERVFAIL): it may be expired or still loading")]
    ServerFailed,
    /// NOTIMP or FORMERR.
    #[error("the server does not know how to do this transfer ({0})")]
    NotImplemented(&'static str),
    /// NXDOMAIN.
    #[error("the server says that there is no such name")]
    NoSuchZone,
    /// Another code.
    #[error("the server answered with code {0}")]
    Code(u16),
    /// An answer without a record.
    #[error(
        "the server answered without a single record: it does not have this zone, or does not transfer it"
    )]
    Empty,
    /// The signature proves nothing.
    #[error("{0}")]
    Tsig(TsigError),
    /// The answer was cut (TC), which a transfer must not be.
    #[error("the server marks its answer as truncated, which it must not over TCP")]
    Truncated,
    /// What came is no DNS.
    #[error("{0}")]
    Malformed(Malformed),
    /// What came belongs to something else.
    #[error("the answer does not belong to the question: {0}")]
    MixedUp(&'static str),
    /// The zone changed while it was sent: its end is not its start.
    #[error("the zone changed from serial {from} to {to} while it was sent: try again")]
    Changed {
        /// Serial number at the start.
        from: u32,
        /// Serial number at the end.
        to: u32,
    },
    /// The same again and again.
    #[error("the server sends the same again and again")]
    Looping,
    /// No end within the bound.
    #[error("no end after {limit} {what}: `nolapse limits` shows the bounds")]
    Endless {
        /// Records or bytes.
        what: &'static str,
        /// The bound.
        limit: u64,
    },
}

fn connect_words(failure: &Failure) -> String {
    match failure {
        Failure::Refused => "nothing listens on the TCP port".to_owned(),
        Failure::TimedOut => "no answer in time".to_owned(),
        Failure::NoRoute => "no route to the server".to_owned(),
        Failure::Reset => "the connection was reset".to_owned(),
        Failure::Local { reason } => reason.clone(),
        other => format!("{other:?}"),
    }
}

impl TransferError {
    /// Whether the whole zone can be asked for after a question about changes failed like this: a server that was reached,
    /// and that did not answer it as it must. Servers without IXFR close the connection, for one thing.
    pub const fn is_about_changes(&self) -> bool {
        matches!(
            self,
            Self::NotImplemented(_)
                | Self::Refused
                | Self::Empty
                | Self::MixedUp(_)
                | Self::Looping
                | Self::ServerFailed
                | Self::Closed
                | Self::Broken(_)
                | Self::Code(_)
                | Self::Truncated
                | Self::Malformed(_)
        )
    }
}

impl From<VerifyError> for TransferError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Malformed(malformed) => Self::Malformed(malformed),
            VerifyError::Tsig(error) => Self::Tsig(error),
        }
    }
}

impl From<Malformed> for TransferError {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// Where an answer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing came.
    Begin,
    /// The first SOA came.
    Started,
    /// A whole zone comes.
    Whole,
    /// What was removed since `from` comes.
    Removing { from: u32 },
    /// What was added up to `to` comes.
    Adding { to: u32 },
    /// The last SOA came.
    Done,
}

/// An answer as it comes in.
pub struct Incoming {
    zone: Domain,
    asked_serial: Option<u32>,
    id: u16,
    state: State,
    /// The first SOA: its serial number and data.
    serial: u32,
    soa: Vec<u8>,
    soa_ttl: u32,
    verifier: Option<Verifier>,
    /// Messages that a later signature must prove.
    waiting: VecDeque<Vec<u8>>,
    scratch: Scratch,
    records: u64,
    bytes: u64,
    /// The records of the message before.
    previous: Vec<u8>,
}

/// Takes pieces.
pub type Sink<'s> = dyn FnMut(Change<'_>) + 's;

impl Incoming {
    /// Makes the question, with what takes its answer. `id` is to be chosen at random, `now` is seconds since 1970.
    pub fn ask(ask: &Ask, id: u16, now: u64) -> (Vec<u8>, Self) {
        let kind = if ask.serial.is_some() { IXFR } else { AXFR };
        let mut question = message::question(id, ask.zone.borrowed(), kind);
        if let Some(serial) = ask.serial {
            push_serial(&mut question, serial);
        }
        let verifier = ask.key.as_ref().map(|key| {
            let signature = key.sign(&mut question, now);
            Verifier::new(key.clone(), signature)
        });
        let incoming = Self {
            zone: ask.zone.clone(),
            asked_serial: ask.serial,
            id,
            state: State::Begin,
            serial: 0,
            soa: Vec::new(),
            soa_ttl: 0,
            verifier,
            waiting: VecDeque::new(),
            scratch: Scratch::default(),
            records: 0,
            bytes: 0,
            previous: Vec::new(),
        };
        (question, incoming)
    }

    /// Records given so far.
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// Takes the next message; gives how it ended when it was the last.
    ///
    /// # Errors
    /// Everything that makes the answer worthless from here on. What was given before came as it was given.
    pub fn take(
        &mut self,
        message: &[u8],
        now: u64,
        sink: &mut Sink<'_>,
    ) -> Result<Option<Ended>, TransferError> {
        let header = Header::read(message)?;
        if header.id != self.id || !header.is_answer() || header.opcode() != 0 {
            return Err(TransferError::MixedUp("another number, or no answer"));
        }
        self.bytes += u64::try_from(message.len()).unwrap_or(u64::MAX);
        if self.bytes > limits::TRANSFER_BYTES {
            return Err(TransferError::Endless {
                what: "bytes",
                limit: limits::TRANSFER_BYTES,
            });
        }
        if let Some(verifier) = &mut self.verifier {
            let proof = verifier.take(message, &header, now);
            // What is refused is often refused without signature: the refusal says more than that.
            if header.code() != 0
                && let Err(VerifyError::Tsig(TsigError::Unsigned)) = proof
            {
                return Err(refusal(&header));
            }
            if proof? == Proof::Pending {
                refused(&header)?;
                self.waiting.push_back(message.to_vec());
                return Ok(None);
            }
        }
        while let Some(earlier) = self.waiting.pop_front() {
            let header = Header::read(&earlier)?;
            if self.read(&earlier, &header, sink)?.is_some() {
                return Err(TransferError::MixedUp("more messages behind the end of the zone"));
            }
        }
        self.read(message, &header, sink)
    }

    fn read(
        &mut self,
        message: &[u8],
        header: &Header,
        sink: &mut Sink<'_>,
    ) -> Result<Option<Ended>, TransferError> {
        refused(header)?;
        if header.is_truncated() {
            return Err(TransferError::Truncated);
        }
        let kind = if self.asked_serial.is_some() { IXFR } else { AXFR };
        if !message::repeats_question(message, header, self.zone.borrowed(), kind)? {
            return Err(TransferError::MixedUp("another question"));
        }
        let begin = message::answers_at(message, header)?;
        let mut at = begin;
        if header.answers == 0 {
            return Err(match self.state {
                State::Begin => TransferError::Empty,
                _ => TransferError::MixedUp("a message without records"),
            });
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.forget();
        for _ in 0..header.answers {
            let (end, class, record) = message::read_record(message, at, &mut scratch)?;
            at = end;
            if class != IN {
                return Err(TransferError::MixedUp("a record of another class"));
            }
            self.record(record, sink)?;
        }
        self.scratch = scratch;
        self.same_again(message.get(begin..at).unwrap_or_default())?;
        Ok(self.ended())
    }

    /// A server that sends one message for ever.
    fn same_again(&mut self, records: &[u8]) -> Result<(), TransferError> {
        if self.previous == records {
            return Err(TransferError::Looping);
        }
        self.previous.clear();
        self.previous.extend_from_slice(records);
        Ok(())
    }

    fn ended(&self) -> Option<Ended> {
        match self.state {
            State::Done => Some(Ended::Whole {
                serial: self.serial,
                records: self.records,
            }),
            // One SOA alone: nothing changed (RFC 1995 section 2), or the server has an older zone than we.
            State::Started
                if self
                    .asked_serial
                    .is_some_and(|asked| !is_newer(self.serial, asked)) =>
            {
                Some(Ended::Unchanged { serial: self.serial })
            }
            State::Begin | State::Started | State::Whole | State::Removing { .. } | State::Adding { .. } => {
                None
            }
        }
    }

    fn record(&mut self, record: RecordRef<'_>, sink: &mut Sink<'_>) -> Result<(), TransferError> {
        self.records += 1;
        if self.records > limits::TRANSFER_RECORDS {
            return Err(TransferError::Endless {
                what: "records",
                limit: limits::TRANSFER_RECORDS,
            });
        }
        // In the midst of a zone nearly every record is just one more of it.
        if self.state == State::Whole && record.kind != Kind::SOA {
            sink(Change::Add(record));
            return Ok(());
        }
        let serial = match record.data() {
            Data::Soa(serial) if record.owner == self.zone.borrowed() => Some(serial),
            _ => None,
        };
        match (self.state, serial) {
            (State::Begin, Some(serial)) => {
                self.serial = serial;
                self.soa = record.data.to_vec();
                self.soa_ttl = record.ttl;
                self.state = State::Started;
            }
            (State::Begin, None) if record.kind == Kind::SOA => {
                return Err(TransferError::MixedUp("the start (SOA) of another zone"));
            }
            (State::Begin, None) => {
                return Err(TransferError::MixedUp(
                    "it does not begin with the start of the zone (SOA)",
                ));
            }
            (State::Started, Some(serial)) if self.asked_serial.is_some() && serial != self.serial => {
                sink(Change::Changes);
                sink(Change::Remove(record));
                self.state = State::Removing { from: serial };
            }
            (State::Started, _) => {
                self.start_whole(sink);
                self.whole(record, serial, sink)?;
            }
            (State::Whole, _) => self.whole(record, serial, sink)?,
            (State::Removing { from }, Some(to)) => {
                if !is_newer(to, from) {
                    return Err(TransferError::Looping);
                }
                sink(Change::Add(record));
                self.state = State::Adding { to };
            }
            (State::Removing { .. }, None) => sink(Change::Remove(record)),
            (State::Adding { to }, Some(serial)) => self.next_change(to, serial, record, sink)?,
            (State::Adding { .. }, None) => sink(Change::Add(record)),
            (State::Done, _) => return Err(TransferError::MixedUp("records behind the end of the zone")),
        }
        Ok(())
    }

    fn start_whole(&mut self, sink: &mut Sink<'_>) {
        sink(Change::Whole);
        self.state = State::Whole;
        sink(Change::Add(RecordRef {
            owner: self.zone.borrowed(),
            kind: Kind::SOA,
            ttl: self.soa_ttl,
            data: &self.soa,
        }));
    }

    fn whole(
        &mut self,
        record: RecordRef<'_>,
        serial: Option<u32>,
        sink: &mut Sink<'_>,
    ) -> Result<(), TransferError> {
        match serial {
            None => sink(Change::Add(record)),
            Some(_) if record.data == self.soa => self.state = State::Done,
            Some(to) if to == self.serial => {
                return Err(TransferError::MixedUp(
                    "its start and its end (SOA) have one serial number and differ",
                ));
            }
            Some(to) => {
                return Err(TransferError::Changed {
                    from: self.serial,
                    to,
                });
            }
        }
        Ok(())
    }

    fn next_change(
        &mut self,
        to: u32,
        serial: u32,
        record: RecordRef<'_>,
        sink: &mut Sink<'_>,
    ) -> Result<(), TransferError> {
        if to == self.serial && serial == self.serial {
            self.state = State::Done;
        } else if serial == to {
            sink(Change::Remove(record));
            self.state = State::Removing { from: serial };
        } else if is_newer(to, serial) {
            return Err(TransferError::Looping);
        } else {
            return Err(TransferError::MixedUp("changes that do not follow one another"));
        }
        Ok(())
    }
}

/// Puts the SOA with the serial number that is here into the authority section (RFC 1995 section 3).
fn push_serial(question: &mut Vec<u8>, serial: u32) {
    // The owner is the name of the question.
    question.extend([0xc0, 12]);
    question.extend(Kind::SOA.0.to_be_bytes());
    question.extend(IN.to_be_bytes());
    question.extend([0; 4]);
    question.extend(22_u16.to_be_bytes());
    // Both names are the root; only the serial number counts.
    question.extend([0, 0]);
    question.extend(serial.to_be_bytes());
    question.extend([0; 16]);
    message::count_up(question, 8);
}

/// Whether `left` comes after `right` (RFC 1982 section 3.2).
pub const fn is_newer(left: u32, right: u32) -> bool {
    let ahead = left.wrapping_sub(right);
    ahead != 0 && ahead < 0x8000_0000
}

fn refused(header: &Header) -> Result<(), TransferError> {
    if header.code() == 0 {
        Ok(())
    } else {
        Err(refusal(header))
    }
}

/// What the code of an answer means (RFC 1035 section 4.1.1, RFC 2136 section 2.2).
const fn refusal(header: &Header) -> TransferError {
    match header.code() {
        1 => TransferError::NotImplemented("FORMERR"),
        2 => TransferError::ServerFailed,
        3 => TransferError::NoSuchZone,
        4 => TransferError::NotImplemented("NOTIMP"),
        5 => TransferError::Refused,
        9 => TransferError::NotAuthoritative,
        other => TransferError::Code(other),
    }
}

#[cfg(test)]
mod tests;
