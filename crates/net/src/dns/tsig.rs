//! Signatures over messages with a secret that both sides know (RFC 8945).
//!
//! A [`Key`] signs a question; a [`Verifier`] takes the messages of the answer one by one and says which of them are
//! proven. A secret is never shown, and nothing is said of a message before its signature was checked in constant time.

use std::fmt;

use aws_lc_rs::hmac;
use model::limits;
use model::zone::{Domain, Kind};

use super::message::{self, ANY, HEADER_OCTETS, Header, Malformed};

/// Type of the record that carries a signature.
pub const TSIG: Kind = Kind(250);

/// How a message is signed (RFC 8945 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// hmac-sha1, for servers that know no better.
    Sha1,
    /// hmac-sha224.
    Sha224,
    /// hmac-sha256.
    Sha256,
    /// hmac-sha384.
    Sha384,
    /// hmac-sha512.
    Sha512,
}

const ALGORITHMS: &[(Algorithm, &str)] = &[
    (Algorithm::Sha1, "hmac-sha1"),
    (Algorithm::Sha224, "hmac-sha224"),
    (Algorithm::Sha256, "hmac-sha256"),
    (Algorithm::Sha384, "hmac-sha384"),
    (Algorithm::Sha512, "hmac-sha512"),
];

impl Algorithm {
    /// The algorithm that a word means.
    pub fn for_word(word: &str) -> Option<Self> {
        let word = word.trim_end_matches('.');
        let found = ALGORITHMS
            .iter()
            .find(|(_, known)| known.eq_ignore_ascii_case(word));
        found.map(|(algorithm, _)| *algorithm)
    }

    /// Every word.
    pub fn words() -> impl Iterator<Item = &'static str> {
        ALGORITHMS.iter().map(|(_, word)| *word)
    }

    fn word(self) -> &'static str {
        let found = ALGORITHMS.iter().find(|(algorithm, _)| *algorithm == self);
        found.map_or("hmac-sha256", |(_, word)| word)
    }

    fn name(self) -> Domain {
        Domain::parse(self.word()).unwrap_or_else(|_| Domain::root())
    }

    const fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha224 => hmac::HMAC_SHA224,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }
}

/// A key that both sides know.
#[derive(Clone)]
pub struct Key {
    name: Domain,
    algorithm: Algorithm,
    secret: hmac::Key,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.algorithm.word())
    }
}

impl Key {
    /// A key of this name.
    pub fn new(name: Domain, algorithm: Algorithm, secret: &[u8]) -> Self {
        Self {
            name,
            algorithm,
            secret: hmac::Key::new(algorithm.hmac(), secret),
        }
    }

    /// Its name.
    pub const fn name(&self) -> &Domain {
        &self.name
    }

    /// Its algorithm.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Signs a question at `now` (seconds since 1970) and gives the signature, which the answer's signature covers.
    pub fn sign(&self, message: &mut Vec<u8>, now: u64) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.secret);
        context.update(message);
        let fudge = fudge();
        context.update(&self.variables(now, fudge, 0, &[]));
        let signature = context.sign().as_ref().to_vec();
        let id = message.first_chunk::<2>().copied().unwrap_or_default();
        append(
            message,
            self,
            &Stamp {
                now,
                fudge,
                signature: &signature,
                id,
            },
        );
        signature
    }

    /// What a signature covers beside the message (RFC 8945 section 4.3.3).
    fn variables(&self, time: u64, fudge: u16, error: u16, other: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        out.extend(self.name.wire());
        out.extend(ANY.to_be_bytes());
        out.extend([0; 4]);
        out.extend(self.algorithm.name().wire());
        out.extend(timers(time, fudge));
        out.extend(error.to_be_bytes());
        out.extend(u16::try_from(other.len()).unwrap_or(u16::MAX).to_be_bytes());
        out.extend(other);
        out
    }
}

fn fudge() -> u16 {
    u16::try_from(limits::TSIG_FUDGE.as_secs()).unwrap_or(u16::MAX)
}

/// 48 bits of time and 16 of fudge.
fn timers(time: u64, fudge: u16) -> [u8; 8] {
    let mut out = [0; 8];
    let (front, back) = out.split_at_mut(6);
    front.copy_from_slice(time.to_be_bytes().get(2..).unwrap_or(&[0; 6]));
    back.copy_from_slice(&fudge.to_be_bytes());
    out
}

struct Stamp<'a> {
    now: u64,
    fudge: u16,
    signature: &'a [u8],
    id: [u8; 2],
}

/// Puts the record at the end of a message.
fn append(message: &mut Vec<u8>, key: &Key, stamp: &Stamp<'_>) {
    let mut data = key.algorithm.name().wire().to_vec();
    data.extend(timers(stamp.now, stamp.fudge));
    data.extend(
        u16::try_from(stamp.signature.len())
            .unwrap_or(u16::MAX)
            .to_be_bytes(),
    );
    data.extend(stamp.signature);
    data.extend(stamp.id);
    // No error, nothing else to say.
    data.extend([0; 4]);
    message.extend(key.name.wire());
    message.extend(TSIG.0.to_be_bytes());
    message.extend(ANY.to_be_bytes());
    message.extend([0; 4]);
    message.extend(u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes());
    message.extend(data);
    message::count_up(message, 10);
}

/// Why a signature proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TsigError {
    /// The server does not know the key (BADKEY).
    #[error("the server does not know this key: its name or algorithm differs there")]
    UnknownKey,
    /// The server found our signature wrong (BADSIG).
    #[error("the server found our signature wrong: the secret differs there")]
    SecretDiffers,
    /// The clocks differ (BADTIME, or the time in the answer).
    #[error("the clocks of the server and of this machine differ by {} s, more than a signature bears ({} s): set the clock", .seconds.unsigned_abs(), limits::TSIG_FUDGE.as_secs())]
    ClockSkew {
        /// Server's time minus ours.
        seconds: i64,
    },
    /// A shortened signature was refused, or is one (BADTRUNC).
    #[error("the server asks for or sends a shortened signature")]
    Shortened,
    /// The answer carries no signature.
    #[error(
        "the server answered without signature although we signed: somebody may stand between, or the server does not check keys"
    )]
    Unsigned,
    /// The answer is signed with another key.
    #[error("the answer is signed with another key or algorithm")]
    OtherKey,
    /// The signature of the answer is wrong.
    #[error("the signature of the answer is wrong: the secret differs, or the answer was changed on its way")]
    Wrong,
    /// Too many messages without a signature in a row.
    #[error(
        "more than {} messages in a row came without signature",
        limits::TSIG_UNSIGNED
    )]
    TooManyUnsigned,
    /// The server names an error that nobody knows.
    #[error("the server refused our signature with error {0}")]
    Other(u16),
}

/// A signature as it stands in a message.
#[derive(Debug)]
struct Signature<'m> {
    /// Where its record begins, which is where the signed part ends.
    begin: usize,
    key: Vec<u8>,
    algorithm: Vec<u8>,
    time: u64,
    fudge: u16,
    mac: &'m [u8],
    id: [u8; 2],
    error: u16,
    other: &'m [u8],
}

/// What a message says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It and all before it are proven.
    Proven,
    /// A later message must prove it.
    Pending,
}

/// Checks the messages of one answer.
#[derive(Debug)]
pub struct Verifier {
    key: Key,
    /// The signature before: of the question, then of the last signed message.
    previous: Vec<u8>,
    context: Option<hmac::Context>,
    is_first: bool,
    unsigned: usize,
}

impl Verifier {
    /// Checks the answer to a question that was signed with `signature`.
    pub const fn new(key: Key, signature: Vec<u8>) -> Self {
        Self {
            key,
            previous: signature,
            context: None,
            is_first: true,
            unsigned: 0,
        }
    }

    /// Takes the next message, at `now` (seconds since 1970).
    ///
    /// # Errors
    /// What cannot be read, or proves nothing.
    pub fn take(&mut self, message: &[u8], header: &Header, now: u64) -> Result<Proof, VerifyError> {
        let found = signature(message, header)?;
        let Some(found) = found else {
            return self.without(message);
        };
        if found.key != self.key.name.wire() || found.algorithm != self.key.algorithm.name().wire() {
            // A server that does not know the key answers in its name, unsigned.
            return Err(refusal(&found, now).unwrap_or(TsigError::OtherKey).into());
        }
        if found.mac.is_empty() {
            return Err(refusal(&found, now).unwrap_or(TsigError::Unsigned).into());
        }
        let signed = message.get(..found.begin).unwrap_or(message);
        let mut context = self.begin();
        feed(&mut context, signed, header, found.id);
        if self.is_first {
            context.update(
                &self
                    .key
                    .variables(found.time, found.fudge, found.error, found.other),
            );
        } else {
            context.update(&timers(found.time, found.fudge));
        }
        let expected = context.sign();
        if aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_ref(), found.mac).is_err() {
            return Err(TsigError::Wrong.into());
        }
        if let Some(error) = refusal(&found, now) {
            return Err(error.into());
        }
        let skew = found.time.cast_signed() - now.cast_signed();
        if skew.unsigned_abs() > u64::from(found.fudge.max(1)) {
            return Err(TsigError::ClockSkew { seconds: skew }.into());
        }
        self.previous = found.mac.to_vec();
        self.context = None;
        self.is_first = false;
        self.unsigned = 0;
        Ok(Proof::Proven)
    }

    fn without(&mut self, message: &[u8]) -> Result<Proof, VerifyError> {
        // The first must be signed (RFC 8945 section 5.3.1).
        if self.is_first {
            return Err(TsigError::Unsigned.into());
        }
        self.unsigned += 1;
        if self.unsigned > limits::TSIG_UNSIGNED {
            return Err(TsigError::TooManyUnsigned.into());
        }
        let mut context = self.begin();
        context.update(message);
        self.context = Some(context);
        Ok(Proof::Pending)
    }

    /// What the next signature covers so far.
    fn begin(&mut self) -> hmac::Context {
        self.context.take().unwrap_or_else(|| {
            let mut context = hmac::Context::with_key(&self.key.secret);
            context.update(
                &u16::try_from(self.previous.len())
                    .unwrap_or(u16::MAX)
                    .to_be_bytes(),
            );
            context.update(&self.previous);
            context
        })
    }
}

/// The error that a signature's record names.
fn refusal(found: &Signature<'_>, now: u64) -> Option<TsigError> {
    Some(match found.error {
        0 => return None,
        16 => TsigError::SecretDiffers,
        17 => TsigError::UnknownKey,
        18 => {
            let mut octets = [0; 8];
            if let (Some(back), Some(time)) = (octets.get_mut(2..), found.other.first_chunk::<6>()) {
                back.copy_from_slice(time);
            }
            let server = u64::from_be_bytes(octets);
            TsigError::ClockSkew {
                seconds: server.cast_signed() - now.cast_signed(),
            }
        }
        22 => TsigError::Shortened,
        other => TsigError::Other(other),
    })
}

/// What stops a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The message cannot be read.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The signature proves nothing.
    #[error(transparent)]
    Tsig(#[from] TsigError),
}

/// The message as it was when it was signed: with its own id and without the signature's record.
fn feed(context: &mut hmac::Context, signed: &[u8], header: &Header, id: [u8; 2]) {
    context.update(&id);
    context.update(signed.get(2..10).unwrap_or_default());
    context.update(&header.additionals.saturating_sub(1).to_be_bytes());
    context.update(signed.get(HEADER_OCTETS..).unwrap_or_default());
}

/// The signature of a message, which is its last record; nothing when there is none.
fn signature<'m>(message: &'m [u8], header: &Header) -> Result<Option<Signature<'m>>, Malformed> {
    if header.additionals == 0 {
        return Ok(None);
    }
    let mut at = message::answers_at(message, header)?;
    let records = u32::from(header.answers) + u32::from(header.authorities) + u32::from(header.additionals);
    for _ in 1..records {
        let behind = message::skip_name(message, at)?;
        at = message::envelope(message, behind)?.end;
    }
    let mut key = Vec::new();
    let behind = message::read_name(message, at, &mut key)?;
    let envelope = message::envelope(message, behind)?;
    if envelope.kind != TSIG {
        return Ok(None);
    }
    let cut = Malformed {
        what: "the data of a signature (RFC 8945 section 4.2)",
        at: envelope.data,
    };
    let mut algorithm = Vec::new();
    let behind = message::read_name(message, envelope.data, &mut algorithm)?;
    let rest = message.get(behind..envelope.end).ok_or(cut)?;
    let (time, rest) = rest.split_first_chunk::<6>().ok_or(cut)?;
    let (fudge, rest) = rest.split_first_chunk::<2>().ok_or(cut)?;
    let (mac, rest) = counted(rest).ok_or(cut)?;
    let (id, rest) = rest.split_first_chunk::<2>().ok_or(cut)?;
    let (error, rest) = rest.split_first_chunk::<2>().ok_or(cut)?;
    let (other, rest) = counted(rest).ok_or(cut)?;
    if !rest.is_empty() || envelope.end != message.len() {
        return Err(cut);
    }
    let time = time.iter().fold(0, |time, octet| time << 8 | u64::from(*octet));
    Ok(Some(Signature {
        begin: at,
        key,
        algorithm,
        time,
        fudge: u16::from_be_bytes(*fudge),
        mac,
        id: *id,
        error: u16::from_be_bytes(*error),
        other,
    }))
}

fn counted(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = rest.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "data of a few octets")]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn key(secret: &[u8]) -> Key {
        Key::new(Domain::parse("k.example").unwrap(), Algorithm::Sha256, secret)
    }

    fn question() -> Vec<u8> {
        message::question(1, Domain::parse("example").unwrap().borrowed(), Kind(252))
    }

    /// What an honest server does with `message`: signs it over the signature before.
    fn answer(key: &Key, mut message: Vec<u8>, previous: &[u8], first: bool, now: u64) -> (Vec<u8>, Vec<u8>) {
        let mut context = hmac::Context::with_key(&key.secret);
        context.update(&(previous.len() as u16).to_be_bytes());
        context.update(previous);
        context.update(&message);
        if first {
            context.update(&key.variables(now, 300, 0, &[]));
        } else {
            context.update(&timers(now, 300));
        }
        let signature = context.sign().as_ref().to_vec();
        let id = [message[0], message[1]];
        append(
            &mut message,
            key,
            &Stamp {
                now,
                fudge: 300,
                signature: &signature,
                id,
            },
        );
        (message, signature)
    }

    fn take(verifier: &mut Verifier, message: &[u8], now: u64) -> Result<Proof, VerifyError> {
        let header = Header::read(message).unwrap();
        verifier.take(message, &header, now)
    }

    #[test]
    fn signed_unsigned_and_signed_again() {
        let key = key(b"secret");
        let mut asked = question();
        let signature = key.sign(&mut asked, NOW);
        let (first, mac) = answer(&key, question(), &signature, true, NOW);
        let mut verifier = Verifier::new(key.clone(), signature);
        assert_eq!(take(&mut verifier, &first, NOW), Ok(Proof::Proven));
        // A message without signature is covered by the next one's.
        let middle = question();
        assert_eq!(take(&mut verifier, &middle, NOW), Ok(Proof::Pending));
        let mut context = hmac::Context::with_key(&key.secret);
        context.update(&(mac.len() as u16).to_be_bytes());
        context.update(&mac);
        context.update(&middle);
        let mut last = question();
        context.update(&last);
        context.update(&timers(NOW, 300));
        let signature = context.sign().as_ref().to_vec();
        append(
            &mut last,
            &key,
            &Stamp {
                now: NOW,
                fudge: 300,
                signature: &signature,
                id: [0, 1],
            },
        );
        assert_eq!(take(&mut verifier, &last, NOW), Ok(Proof::Proven));
    }

    #[test]
    fn each_way_of_proving_nothing_is_told_apart() {
        let own = key(b"secret");
        let mut asked = question();
        let signature = own.sign(&mut asked, NOW);
        let check = |message: &[u8]| {
            take(&mut Verifier::new(own.clone(), signature.clone()), message, NOW).unwrap_err()
        };
        let (good, _) = answer(&own, question(), &signature, true, NOW);
        assert_eq!(check(&question()), TsigError::Unsigned.into());
        let (forged, _) = answer(&key(b"other"), question(), &signature, true, NOW);
        assert_eq!(check(&forged), TsigError::Wrong.into());
        let mut changed = good.clone();
        changed[14] ^= 1;
        assert_eq!(check(&changed), TsigError::Wrong.into());
        let (late, _) = answer(&own, question(), &signature, true, NOW - 3600);
        assert_eq!(check(&late), TsigError::ClockSkew { seconds: -3600 }.into());
        let other = Key::new(Domain::parse("other").unwrap(), Algorithm::Sha256, b"secret");
        let (named, _) = answer(&other, question(), &signature, true, NOW);
        assert_eq!(check(&named), TsigError::OtherKey.into());
        let cut = &good[..good.len() - 1];
        assert!(matches!(check(cut), VerifyError::Malformed(_)));
    }

    #[test]
    fn a_hundred_messages_without_signature_are_too_many() {
        let key = key(b"secret");
        let mut asked = question();
        let signature = key.sign(&mut asked, NOW);
        let (first, _) = answer(&key, question(), &signature, true, NOW);
        let mut verifier = Verifier::new(key, signature);
        assert_eq!(take(&mut verifier, &first, NOW), Ok(Proof::Proven));
        for _ in 0..limits::TSIG_UNSIGNED {
            assert_eq!(take(&mut verifier, &question(), NOW), Ok(Proof::Pending));
        }
        assert_eq!(
            take(&mut verifier, &question(), NOW),
            Err(TsigError::TooManyUnsigned.into())
        );
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert_eq!(format!("{:?}", key(b"secret")), "k.example. (hmac-sha256)");
    }
}
