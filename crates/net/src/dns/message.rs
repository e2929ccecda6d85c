//! The wire format of DNS messages (RFC 1035 section 4), read without an allocation per record.
//!
//! Bytes come in, a [`Header`] and [`RecordRef`]s go out, names decompressed and in lower case, names inside data too, so
//! that equal records are equal octets. A compression pointer must point backwards: loops cannot be built.

use model::zone::domain::NAME_OCTETS;
use model::zone::{DomainRef, Kind, RecordRef};

/// Octets of a header.
pub const HEADER_OCTETS: usize = 12;
/// Class IN (RFC 1035 section 3.2.4).
pub const IN: u16 = 1;
/// Class ANY.
pub const ANY: u16 = 255;

/// The header of a message (RFC 1035 section 4.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Chosen by whoever asked.
    pub id: u16,
    /// QR, opcode, AA, TC, RD, RA, Z and the code, as they stand.
    pub flags: u16,
    /// Questions.
    pub questions: u16,
    /// Answers.
    pub answers: u16,
    /// Records of the authority section.
    pub authorities: u16,
    /// Records of the additional section.
    pub additionals: u16,
}

/// Bytes that are no message; the offset says where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message cannot be read at octet {at}: {what}")]
pub struct Malformed {
    /// What should have stood there.
    pub what: &'static str,
    /// Offset in the message.
    pub at: usize,
}

/// Room for one record, used again for the next of the same message.
#[derive(Debug, Default)]
pub struct Scratch {
    owner: Vec<u8>,
    data: Vec<u8>,
    /// Where the last owner went on by a pointer.
    pointed: Option<usize>,
    /// The name that stands there, decompressed: owners of a zone mostly end in the same one.
    suffix: Vec<u8>,
}

impl Scratch {
    /// To be called in front of each message: what the last one had at a place says nothing of this one.
    pub const fn forget(&mut self) {
        self.pointed = None;
    }

    /// Reads the name at `at` into `owner`.
    fn read_owner(&mut self, message: &[u8], at: usize) -> Result<usize, Malformed> {
        self.owner.clear();
        let Some((here, to)) = leads_to(message, at, &mut self.owner) else {
            self.owner.clear();
            return read_name(message, at, &mut self.owner);
        };
        if self.pointed != Some(to) {
            self.pointed = None;
            self.suffix.clear();
            read_name(message, to, &mut self.suffix)?;
            self.pointed = Some(to);
        }
        if self.owner.len() + self.suffix.len() > NAME_OCTETS {
            return Err(too_long(at));
        }
        self.owner.extend_from_slice(&self.suffix);
        Ok(here + 2)
    }
}

/// Appends the labels at `at` up to the first pointer; gives where the pointer stands and where it points. Nothing when
/// there is no pointer, or something is wrong: [`read_name`] says what.
fn leads_to(message: &[u8], at: usize, out: &mut Vec<u8>) -> Option<(usize, usize)> {
    let mut here = at;
    loop {
        let length = *message.get(here)?;
        match length {
            1..=63 => {
                let end = here + 1 + usize::from(length);
                push_lower(message.get(here..end)?, out);
                here = end;
            }
            192.. => {
                let to = usize::from(u16_at(message, here).ok()? & 0x3fff);
                return (to < at).then_some((here, to));
            }
            0 | 64..=191 => return None,
        }
    }
}

/// Appends octets in lower case.
fn push_lower(octets: &[u8], out: &mut Vec<u8>) {
    let begin = out.len();
    out.extend_from_slice(octets);
    if let Some(new) = out.get_mut(begin..) {
        new.make_ascii_lowercase();
    }
}

const fn too_long(at: usize) -> Malformed {
    Malformed {
        what: "a name of at most 255 octets",
        at,
    }
}

/// The fixed part of a record, and where its data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Type.
    pub kind: Kind,
    /// Class.
    pub class: u16,
    /// Time to live.
    pub ttl: u32,
    /// Where the data begins.
    pub data: usize,
    /// Where it ends, which is where the next record begins.
    pub end: usize,
}

impl Header {
    /// Reads it.
    pub fn read(message: &[u8]) -> Result<Self, Malformed> {
        let word = |at: usize| u16_at(message, at);
        Ok(Self {
            id: word(0)?,
            flags: word(2)?,
            questions: word(4)?,
            answers: word(6)?,
            authorities: word(8)?,
            additionals: word(10)?,
        })
    }

    /// Whether it is an answer (QR).
    pub const fn is_answer(&self) -> bool {
        self.flags & 0x8000 != 0
    }

    /// What is asked for (opcode); 0 is an ordinary question.
    pub const fn opcode(&self) -> u16 {
        (self.flags >> 11) & 0xf
    }

    /// Whether something was left out (TC).
    pub const fn is_truncated(&self) -> bool {
        self.flags & 0x0200 != 0
    }

    /// The code of the answer (RCODE).
    pub const fn code(&self) -> u16 {
        self.flags & 0xf
    }
}

fn u16_at(message: &[u8], at: usize) -> Result<u16, Malformed> {
    let octets = message.get(at..).and_then(|rest| rest.first_chunk::<2>());
    octets.map(|octets| u16::from_be_bytes(*octets)).ok_or(Malformed {
        what: "two octets of a number",
        at,
    })
}

fn u32_at(message: &[u8], at: usize) -> Result<u32, Malformed> {
    let octets = message.get(at..).and_then(|rest| rest.first_chunk::<4>());
    octets.map(|octets| u32::from_be_bytes(*octets)).ok_or(Malformed {
        what: "four octets of a number",
        at,
    })
}

/// Appends the name at `at`, decompressed and in lower case, and gives where the next thing begins.
pub fn read_name(message: &[u8], at: usize, out: &mut Vec<u8>) -> Result<usize, Malformed> {
    let begin = out.len();
    let mut here = at;
    let mut behind = None;
    // Every pointer must point in front of the last one, so there is an end to them.
    let mut bound = at;
    loop {
        let length = *message.get(here).ok_or(Malformed {
            what: "a label of a name",
            at: here,
        })?;
        match length {
            0 => {
                out.push(0);
                return Ok(behind.unwrap_or(here + 1));
            }
            1..=63 => {
                let end = here + 1 + usize::from(length);
                let label = message.get(here..end).ok_or(Malformed {
                    what: "a whole label",
                    at: here,
                })?;
                if out.len() - begin + label.len() + 1 > NAME_OCTETS {
                    return Err(too_long(at));
                }
                push_lower(label, out);
                here = end;
            }
            192.. => {
                let to = usize::from(u16_at(message, here)? & 0x3fff);
                if to >= bound {
                    return Err(Malformed {
                        what: "a pointer that points backwards",
                        at: here,
                    });
                }
                behind = behind.or(Some(here + 2));
                bound = to;
                here = to;
            }
            64..=191 => {
                return Err(Malformed {
                    what: "a label or a pointer",
                    at: here,
                });
            }
        }
    }
}

/// Passes over the name at `at`.
pub fn skip_name(message: &[u8], at: usize) -> Result<usize, Malformed> {
    let mut here = at;
    loop {
        let length = *message.get(here).ok_or(Malformed {
            what: "a label of a name",
            at: here,
        })?;
        match length {
            0 => return Ok(here + 1),
            1..=63 => here += 1 + usize::from(length),
            192.. => return Ok(here + 2),
            64..=191 => {
                return Err(Malformed {
                    what: "a label or a pointer",
                    at: here,
                });
            }
        }
    }
}

/// Reads the fixed part of the record whose owner ends at `at` (RFC 1035 section 4.1.3).
pub fn envelope(message: &[u8], at: usize) -> Result<Envelope, Malformed> {
    let data = at + 10;
    let end = data + usize::from(u16_at(message, at + 8)?);
    if end > message.len() {
        return Err(Malformed {
            what: "the whole data of a record",
            at: data,
        });
    }
    Ok(Envelope {
        kind: Kind(u16_at(message, at)?),
        class: u16_at(message, at + 2)?,
        ttl: u32_at(message, at + 4)?,
        data,
        end,
    })
}

/// Reads the record at `at` into `scratch`, and gives where the next one begins and its class. Between two messages
/// [`Scratch::forget`] is to be called.
pub fn read_record<'s>(
    message: &[u8],
    at: usize,
    scratch: &'s mut Scratch,
) -> Result<(usize, u16, RecordRef<'s>), Malformed> {
    scratch.data.clear();
    let behind = scratch.read_owner(message, at)?;
    let envelope = envelope(message, behind)?;
    read_data(message, &envelope, &mut scratch.data)?;
    let Some((owner, _)) = DomainRef::split(&scratch.owner) else {
        return Err(Malformed { what: "a name", at });
    };
    let record = RecordRef {
        owner,
        kind: envelope.kind,
        ttl: envelope.ttl,
        data: &scratch.data,
    };
    Ok((envelope.end, envelope.class, record))
}

/// A part of data.
#[derive(Clone, Copy)]
enum Part {
    /// So many octets.
    Fixed(usize),
    /// A name, which may be compressed.
    Name,
    /// A length and so many octets.
    Text,
    /// All that is left.
    Rest,
}

/// The parts of data in which names may be compressed (RFC 3597 section 4), or are written in upper case.
const fn parts(kind: Kind) -> &'static [Part] {
    use Part::{Fixed, Name, Rest, Text};
    match kind.0 {
        // NS, MD, MF, CNAME, MB, MG, MR, PTR, DNAME
        2 | 3 | 4 | 5 | 7 | 8 | 9 | 12 | 39 => &[Name],
        // SOA
        6 => &[Name, Name, Fixed(20)],
        // MINFO, RP
        14 | 17 => &[Name, Name],
        // MX, AFSDB, RT, KX
        15 | 18 | 21 | 36 => &[Fixed(2), Name],
        // PX
        26 => &[Fixed(2), Name, Name],
        // SRV
        33 => &[Fixed(6), Name],
        // NAPTR
        35 => &[Fixed(4), Text, Text, Text, Name],
        // SVCB, HTTPS
        64 | 65 => &[Fixed(2), Name, Rest],
        _ => &[Rest],
    }
}

fn read_data(message: &[u8], envelope: &Envelope, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let whole = message.get(..envelope.end).unwrap_or(message);
    let mut at = envelope.data;
    for part in parts(envelope.kind) {
        let length = match part {
            Part::Name => {
                let behind = read_name(whole, at, out)?;
                at = behind;
                continue;
            }
            Part::Fixed(length) => *length,
            Part::Text => {
                1 + usize::from(*whole.get(at).ok_or(Malformed {
                    what: "the length of a text",
                    at,
                })?)
            }
            Part::Rest => whole.len().saturating_sub(at),
        };
        let octets = whole.get(at..at + length).ok_or(Malformed {
            what: "the whole data of a record",
            at,
        })?;
        out.extend_from_slice(octets);
        at += length;
    }
    if at == envelope.end {
        Ok(())
    } else {
        Err(Malformed {
            what: "the end of a record's data",
            at,
        })
    }
}

/// Writes a question (RFC 1035 section 4.1.2) in a message of its own.
pub fn question(id: u16, name: DomainRef<'_>, kind: Kind) -> Vec<u8> {
    let mut message = Vec::with_capacity(HEADER_OCTETS + name.wire().len() + 4);
    push_question(id, name, kind, &mut message);
    message
}

/// Appends the same to `message`, which should be empty.
pub(super) fn push_question(id: u16, name: DomainRef<'_>, kind: Kind, message: &mut Vec<u8>) {
    message.extend(id.to_be_bytes());
    message.extend([0; 2]);
    message.extend(1_u16.to_be_bytes());
    message.extend([0; 6]);
    message.extend(name.wire());
    message.extend(kind.0.to_be_bytes());
    message.extend(IN.to_be_bytes());
}

/// Makes a question that [`push_question`] wrote another one about the same name.
pub(super) fn set_id_and_kind(question: &mut [u8], id: u16, kind: Kind) {
    if let Some(octets) = question.first_chunk_mut::<2>() {
        *octets = id.to_be_bytes();
    }
    let kind_at = question.len().saturating_sub(4);
    if let Some(octets) = question
        .get_mut(kind_at..)
        .and_then(|rest| rest.first_chunk_mut::<2>())
    {
        *octets = kind.0.to_be_bytes();
    }
}

/// Adds one to a count of the header: `place` is 4 for questions, then 6, 8 and 10.
pub(super) fn count_up(message: &mut [u8], place: usize) {
    if let Some(octets) = message
        .get_mut(place..)
        .and_then(|rest| rest.first_chunk_mut::<2>())
    {
        *octets = u16::from_be_bytes(*octets).saturating_add(1).to_be_bytes();
    }
}

/// Whether the one question of a message is this one; an answer may leave the question out after the first message.
pub fn repeats_question(
    message: &[u8],
    header: &Header,
    name: DomainRef<'_>,
    kind: Kind,
) -> Result<bool, Malformed> {
    if header.questions != 1 {
        return Ok(header.questions == 0);
    }
    // Nearly every server repeats it as it was written.
    let wire = name.wire();
    let asked = message
        .get(HEADER_OCTETS..)
        .and_then(|rest| rest.split_at_checked(wire.len()));
    if let Some((asked, behind)) = asked
        && asked == wire
        && let Some(rest) = behind.first_chunk::<4>()
    {
        let [a, b, c, d] = *rest;
        return Ok([a, b] == kind.0.to_be_bytes() && [c, d] == IN.to_be_bytes());
    }
    let mut asked = Vec::with_capacity(name.wire().len());
    let behind = read_name(message, HEADER_OCTETS, &mut asked)?;
    Ok(asked == name.wire() && u16_at(message, behind)? == kind.0 && u16_at(message, behind + 2)? == IN)
}

/// Where the answers begin.
pub fn answers_at(message: &[u8], header: &Header) -> Result<usize, Malformed> {
    let mut at = HEADER_OCTETS;
    for _ in 0..header.questions {
        at = skip_name(message, at)? + 4;
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use model::zone::Domain;

    use super::*;

    fn name(message: &[u8], at: usize) -> Result<(String, usize), Malformed> {
        let mut out = Vec::new();
        let behind = read_name(message, at, &mut out)?;
        Ok((DomainRef::split(&out).unwrap().0.to_string(), behind))
    }

    #[test]
    fn pointers_point_backwards_or_not_at_all() {
        let message = b"\x03CoM\0\x01a\xc0\0\x01b\xc0\x05";
        assert_eq!(name(message, 0).unwrap(), ("com.".to_owned(), 5));
        assert_eq!(name(message, 5).unwrap(), ("a.com.".to_owned(), 9));
        assert_eq!(name(message, 9).unwrap(), ("b.a.com.".to_owned(), 13));
        assert!(name(b"\xc0\x00", 0).is_err());
        assert!(name(b"\xc0\x02\xc0\x00", 0).is_err());
        assert!(name(b"\x01a\xc0\x00", 0).is_err(), "a name that contains itself");
        assert!(name(b"\x01a\xc0\x01", 2).is_err());
        assert!(name(b"\x40", 0).is_err());
        assert!(name(b"\x05ab", 0).is_err());
    }

    #[test]
    fn owners_that_point_to_one_place_are_read_once() {
        // example. at 0, test. at 9; then owners in the same message.
        let mut message = b"\x07example\0\x04TEST\0".to_vec();
        let mut places = Vec::new();
        for owner in [
            b"\x01A\xc0\0".as_slice(),
            b"\x01b\xc0\0",
            b"\x01c\xc0\x09",
            b"\xc0\0",
            b"\x01d\0",
            b"\x01e\xc0\x0f",
        ] {
            places.push(message.len());
            message.extend_from_slice(owner);
            message.extend_from_slice(b"\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01");
        }
        let mut scratch = Scratch::default();
        let mut owner = |message: &[u8], at| {
            let (_, _, record) = read_record(message, at, &mut scratch).unwrap();
            record.owner.to_string()
        };
        let owners: Vec<String> = places.iter().map(|at| owner(&message, *at)).collect();
        assert_eq!(
            owners,
            [
                "a.example.",
                "b.example.",
                "c.test.",
                "example.",
                "d.",
                "e.a.example."
            ]
        );
        // Another message has another name at the same place.
        message.splice(..9, *b"\x07elpmaxe\0");
        scratch.forget();
        let (_, _, record) = read_record(&message, *places.first().unwrap(), &mut scratch).unwrap();
        assert_eq!(record.owner.to_string(), "a.elpmaxe.");
    }

    #[test]
    fn a_name_of_256_octets_is_refused() {
        let mut message = Vec::new();
        for _ in 0..4 {
            message.push(63);
            message.extend([b'a'; 63]);
        }
        message.push(0);
        assert!(name(&message, 0).is_err());
        // The same in two parts, the second reached by a pointer.
        message.splice(..64, []);
        let at = message.len();
        message.push(63);
        message.extend([b'a'; 63]);
        message.extend(b"\xc0\0\0\x01\0\x01\0\0\0\x3c\0\0");
        let mut scratch = Scratch::default();
        assert!(read_record(&message, at, &mut scratch).is_err());
        message.splice(at..at + 64, [61]);
        message.splice(at + 1..at + 1, [b'a'; 61]);
        let longest = read_record(&message, at, &mut scratch).unwrap().2;
        assert_eq!(longest.owner.wire().len(), NAME_OCTETS);
    }

    #[test]
    fn names_in_data_come_out_whole() {
        // example. at 0; then a record: owner pointer, MX, IN, ttl, data with a pointer
        let message = b"\x07example\0\xc0\0\0\x0f\0\x01\0\0\0\x3c\0\x09\0\x0a\x04MaiL\xc0\0";
        let mut scratch = Scratch::default();
        let (end, class, record) = read_record(message, 9, &mut scratch).unwrap();
        assert_eq!((end, class), (message.len(), IN));
        assert_eq!(record.to_string(), "example. 60 IN MX 10 mail.example.");
        // Data that ends inside the name.
        let mut short = message.to_vec();
        short[20] = 8;
        assert!(read_record(&short, 9, &mut scratch).is_err());
        // Data behind the name.
        let mut long = message.to_vec();
        long[20] = 10;
        long.push(0);
        assert!(read_record(&long, 9, &mut scratch).is_err());
    }

    #[test]
    fn a_question_is_known_again() {
        let zone = Domain::parse("example.com").unwrap();
        let message = question(7, zone.borrowed(), Kind(252));
        let header = Header::read(&message).unwrap();
        assert!(repeats_question(&message, &header, zone.borrowed(), Kind(252)).unwrap());
        assert!(!repeats_question(&message, &header, zone.borrowed(), Kind(251)).unwrap());
        assert_eq!(answers_at(&message, &header).unwrap(), message.len());
        assert!(Header::read(&message[..11]).is_err());
    }
}
