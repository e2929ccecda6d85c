//! Revocation lists of the tests, written by hand, since they may need what no honest library writes.

use std::sync::Arc;

use model::certificate::Certificate;
use model::revocation::RevocationList;

use crate::world::Authority;

/// What a list will say; a test changes what it is about.
pub(crate) struct Sketch {
    /// The encoded name of the issuer.
    pub(crate) issuer: Vec<u8>,
    /// UTCTime.
    pub(crate) this_update: &'static str,
    pub(crate) next_update: &'static str,
    /// Encoded extensions of the list.
    pub(crate) extensions: Vec<Vec<u8>>,
    /// Serial number, and encoded extensions of the entry.
    pub(crate) entries: Vec<(Vec<u8>, Vec<Vec<u8>>)>,
}

/// A list of `authority`, in force at `world::now`, on which `revoked` stand as compromised.
pub(crate) fn minted(
    authority: &Authority,
    revoked: &[&Arc<Certificate>],
    change: impl FnOnce(&mut Sketch),
) -> Arc<RevocationList> {
    let entry = |certificate: &&Arc<Certificate>| {
        let serial = certificate.facts().serial.to_vec();
        (serial, vec![extension(21, false, &[0x0a, 1, 1])])
    };
    let mut sketch = Sketch {
        issuer: authority.certificate.facts().subject.raw_bytes.to_vec(),
        this_update: "260525000000Z",
        next_update: "260608000000Z",
        extensions: vec![number(20, 7)],
        entries: revoked.iter().map(entry).collect(),
    };
    change(&mut sketch);
    Arc::new(RevocationList::from_der(sketch.signed(authority)))
}

impl Sketch {
    fn signed(&self, authority: &Authority) -> Vec<u8> {
        let ecdsa_with_sha256 = tlv(0x30, &tlv(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]));
        let entry = |(serial, extensions): &(Vec<u8>, Vec<Vec<u8>>)| {
            let mut content = [tlv(2, serial), tlv(0x17, b"260526000000Z")].concat();
            if !extensions.is_empty() {
                content.extend(tlv(0x30, &extensions.concat()));
            }
            tlv(0x30, &content)
        };
        let entries: Vec<Vec<u8>> = self.entries.iter().map(entry).collect();
        let mut parts = vec![
            tlv(2, &[1]),
            ecdsa_with_sha256.clone(),
            self.issuer.clone(),
            tlv(0x17, self.this_update.as_bytes()),
            tlv(0x17, self.next_update.as_bytes()),
        ];
        if !entries.is_empty() {
            parts.push(tlv(0x30, &entries.concat()));
        }
        parts.push(tlv(0xa0, &tlv(0x30, &self.extensions.concat())));
        let list = tlv(0x30, &parts.concat());
        let signature = [vec![0], authority.sign(&list)].concat();
        tlv(0x30, &[list, ecdsa_with_sha256, tlv(3, &signature)].concat())
    }
}

/// An extension 2.5.29.`arc`.
pub(crate) fn extension(arc: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    let mut content = tlv(6, &[0x55, 0x1d, arc]);
    if critical {
        content.extend([1, 1, 0xff]);
    }
    content.extend(tlv(4, value));
    tlv(0x30, &content)
}

/// The extension 2.5.29.`arc` that is one INTEGER: the number of a list (20), or of a delta's base (27, critical).
pub(crate) fn number(arc: u8, number: u8) -> Vec<u8> {
    extension(arc, arc == 27, &[2, 1, number])
}

/// Tag, length in as many bytes as it takes, content.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        short @ 0..0x80 => out.push(u8::try_from(short).unwrap()),
        long => {
            let bytes = u32::try_from(long).unwrap().to_be_bytes();
            let significant = bytes.iter().position(|byte| *byte != 0).unwrap();
            out.push(0x80 | u8::try_from(bytes.len() - significant).unwrap());
            out.extend(&bytes[significant..]);
        }
    }
    out.extend(content);
    out
}
