//! Object identifiers: kept as their encoded bytes, shown dotted.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Bytes that fit without an allocation; the longest OID in ordinary use (a template of a Windows CA) has 22.
const INLINE: usize = 22;

/// A dotted object identifier, such as `1.3.6.1.5.5.7.3.1`.
///
/// It keeps the content bytes of its DER, also those of a malformed one, which is shown as far as it can be read.
#[derive(Clone)]
pub struct Oid(Bytes);

#[derive(Clone)]
enum Bytes {
    Inline { length: u8, bytes: [u8; INLINE] },
    Long(Box<[u8]>),
}

impl Oid {
    /// `id-kp-serverAuth` (RFC 5280 section 4.2.1.12).
    pub const SERVER_AUTH: Self = Self::short([0x2b, 6, 1, 5, 5, 7, 3, 1]);
    /// `id-kp-clientAuth`.
    pub const CLIENT_AUTH: Self = Self::short([0x2b, 6, 1, 5, 5, 7, 3, 2]);
    /// `id-kp-OCSPSigning` (RFC 6960 section 4.2.2.2).
    pub const OCSP_SIGNING: Self = Self::short([0x2b, 6, 1, 5, 5, 7, 3, 9]);
    /// `anyExtendedKeyUsage`.
    pub const ANY_EXTENDED_KEY_USAGE: Self = Self::short([0x55, 0x1d, 0x25, 0]);
    /// Basic constraints (RFC 5280 section 4.2.1.9).
    pub const BASIC_CONSTRAINTS: Self = Self::short([0x55, 0x1d, 0x13]);
    /// Key usage (section 4.2.1.3).
    pub const KEY_USAGE: Self = Self::short([0x55, 0x1d, 0x0f]);
    /// Extended key usage (section 4.2.1.12).
    pub const EXTENDED_KEY_USAGE: Self = Self::short([0x55, 0x1d, 0x25]);
    /// Subject Alternative Name (section 4.2.1.6).
    pub const SUBJECT_ALT_NAME: Self = Self::short([0x55, 0x1d, 0x11]);
    /// Name constraints (section 4.2.1.10).
    pub const NAME_CONSTRAINTS: Self = Self::short([0x55, 0x1d, 0x1e]);
    /// Certificate policies (section 4.2.1.4).
    pub const CERTIFICATE_POLICIES: Self = Self::short([0x55, 0x1d, 0x20]);
    /// Policy mappings (section 4.2.1.5).
    pub const POLICY_MAPPINGS: Self = Self::short([0x55, 0x1d, 0x21]);
    /// Policy constraints (section 4.2.1.11).
    pub const POLICY_CONSTRAINTS: Self = Self::short([0x55, 0x1d, 0x24]);
    /// Inhibit anyPolicy (section 4.2.1.14).
    pub const INHIBIT_ANY_POLICY: Self = Self::short([0x55, 0x1d, 0x36]);
    /// The poison of a precertificate (RFC 6962 section 3.1).
    pub const PRECERTIFICATE_POISON: Self = Self::short([0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 3]);

    /// The name of an elliptic curve that is met in practice beside those with types of their own: brainpool (RFC 5639
    /// section 4.1) and the smaller ones of RFC 5480.
    pub fn curve_name(&self) -> Option<&'static str> {
        Some(match self.content() {
            [0x2b, 0x24, 3, 3, 2, 8, 1, 1, last] => match last {
                1 => "brainpoolP160r1",
                3 => "brainpoolP192r1",
                5 => "brainpoolP224r1",
                7 => "brainpoolP256r1",
                9 => "brainpoolP320r1",
                11 => "brainpoolP384r1",
                13 => "brainpoolP512r1",
                _ => return None,
            },
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1] => "P-192",
            [0x2b, 0x81, 4, 0, 33] => "P-224",
            _ => return None,
        })
    }

    /// From the content bytes of an OBJECT IDENTIFIER.
    pub fn from_content(content: &[u8]) -> Self {
        let mut bytes = [0; INLINE];
        match (bytes.get_mut(..content.len()), u8::try_from(content.len())) {
            (Some(head), Ok(length)) => {
                head.copy_from_slice(content);
                Self(Bytes::Inline { length, bytes })
            }
            _ => Self(Bytes::Long(content.into())),
        }
    }

    /// From dotted text; `None` when it is not an OID with arcs of at most 64 bits.
    pub fn from_dotted(text: &str) -> Option<Self> {
        let mut arcs = text.split('.').map(str::parse::<u64>);
        let first = arcs.next()?.ok().filter(|first| *first <= 2)?;
        let second = arcs.next()?.ok().filter(|second| first == 2 || *second < 40)?;
        let mut content = Vec::with_capacity(text.len());
        push_arc(&mut content, second.checked_add(first * 40)?);
        for arc in arcs {
            push_arc(&mut content, arc.ok()?);
        }
        Some(Self::from_content(&content))
    }

    /// The content bytes.
    pub fn content(&self) -> &[u8] {
        match &self.0 {
            Bytes::Inline { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Bytes::Long(bytes) => bytes,
        }
    }

    const fn short<const N: usize>(content: [u8; N]) -> Self {
        let mut bytes = [0; INLINE];
        let (head, _) = bytes.split_at_mut(N);
        head.copy_from_slice(&content);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "an array longer than INLINE fails in split_at_mut"
        )]
        let length = N as u8;
        Self(Bytes::Inline { length, bytes })
    }
}

/// Whether `content` is a well-formed OBJECT IDENTIFIER: not empty, terminated, no padded arc (X.690 section 8.19).
pub(crate) fn is_well_formed(content: &[u8]) -> bool {
    let mut starts = true;
    for byte in content {
        if starts && *byte == 0x80 {
            return false;
        }
        starts = byte & 0x80 == 0;
    }
    starts && !content.is_empty()
}

fn push_arc(content: &mut Vec<u8>, arc: u64) {
    let groups = (64 - arc.leading_zeros()).div_ceil(7).max(1);
    for group in (0..groups).rev() {
        let low = (arc >> (group * 7)).to_le_bytes()[0] & 0x7f;
        content.push(if group == 0 { low } else { low | 0x80 });
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut arc: u128 = 0;
        let mut first = true;
        let mut bits = 0;
        for byte in self.content() {
            arc = arc << 7 | u128::from(byte & 0x7f);
            bits += 7;
            if byte & 0x80 != 0 {
                if bits > 112 {
                    return f.write_str(if first { "?" } else { ".?" });
                }
                continue;
            }
            if first {
                let root = (arc / 40).min(2);
                write!(f, "{root}.{}", arc - root * 40)?;
                first = false;
            } else {
                write!(f, ".{arc}")?;
            }
            (arc, bits) = (0, 0);
        }
        match (bits, first) {
            (0, false) => Ok(()),
            (_, true) => f.write_str("?"),
            (_, false) => f.write_str(".?"),
        }
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Default for Oid {
    fn default() -> Self {
        Self(Bytes::Inline {
            length: 0,
            bytes: [0; INLINE],
        })
    }
}

impl PartialEq for Oid {
    fn eq(&self, other: &Self) -> bool {
        self.content() == other.content()
    }
}

impl Eq for Oid {}

impl PartialOrd for Oid {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Oid {
    fn cmp(&self, other: &Self) -> Ordering {
        self.content().cmp(other.content())
    }
}

impl Hash for Oid {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.content().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_text_and_bytes_agree() {
        for dotted in [
            "1.3.6.1.5.5.7.3.1",
            "2.5.29.17",
            "2.999.3",
            "0.39",
            "1.2.840.113549.1.1.11",
            "2.100000.4294967296",
        ] {
            assert_eq!(Oid::from_dotted(dotted).unwrap().to_string(), dotted);
        }
        assert_eq!(Oid::from_dotted("1.3.6.1.5.5.7.3.1"), Some(Oid::SERVER_AUTH));
        assert_eq!(Oid::PRECERTIFICATE_POISON.to_string(), "1.3.6.1.4.1.11129.2.4.3");
    }

    #[test]
    fn what_is_no_oid_is_refused() {
        for text in [
            "",
            "1",
            "3.1",
            "1.40",
            "1.2.x",
            "1..2",
            "1.2.99999999999999999999999",
        ] {
            assert_eq!(Oid::from_dotted(text), None, "{text}");
        }
    }

    #[test]
    fn malformed_bytes_are_shown_as_far_as_they_go() {
        assert_eq!(Oid::from_content(&[]).to_string(), "?");
        assert_eq!(Oid::from_content(&[0x2a, 0x86]).to_string(), "1.2.?");
        assert_eq!(Oid::from_content(&[0xff; 100]).to_string(), "?");
        assert!(!is_well_formed(&[0x2a, 0x80, 1]) && !is_well_formed(&[]) && !is_well_formed(&[0x2a, 0x86]));
        assert!(is_well_formed(&[0x2a, 0x86, 0x48]));
    }

    #[test]
    fn long_ones_are_equal_by_content() {
        let long = [0x2a; 40];
        assert_eq!(Oid::from_content(&long), Oid::from_content(&long));
        assert_eq!(Oid::from_content(&long).content(), long);
    }
}
