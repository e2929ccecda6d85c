//! Writes DER, well formed or not, for tests.

/// A value with an identifier octet and the shortest length.
pub(crate) fn tlv(tag: u8, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let mut out = vec![tag];
    match content.len() {
        length @ 0..=0x7f => out.push(length as u8),
        length => {
            let bytes = length.to_be_bytes();
            let significant: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
            out.push(0x80 | significant.len() as u8);
            out.extend(significant);
        }
    }
    out.extend_from_slice(content);
    out
}

/// A SEQUENCE of values.
pub(crate) fn sequence(values: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, values.concat())
}

/// A SET of values.
pub(crate) fn set(values: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x31, values.concat())
}

/// An OBJECT IDENTIFIER.
pub(crate) fn oid(dotted: &str) -> Vec<u8> {
    tlv(6, model::oid::Oid::from_dotted(dotted).unwrap().content())
}

/// A BIT STRING without unused bits.
pub(crate) fn bits(content: impl AsRef<[u8]>) -> Vec<u8> {
    tlv(3, [&[0], content.as_ref()].concat())
}

/// A Name of one attribute.
pub(crate) fn name(attribute: &str, tag: u8, value: impl AsRef<[u8]>) -> Vec<u8> {
    sequence(&[set(&[sequence(&[oid(attribute), tlv(tag, value)])])])
}

/// An extension.
pub(crate) fn extension(dotted: &str, critical: bool, value: impl AsRef<[u8]>) -> Vec<u8> {
    let mut parts = vec![oid(dotted)];
    if critical {
        parts.push(tlv(1, [0xff]));
    }
    parts.push(tlv(4, value));
    sequence(&parts)
}

/// The parts of a certificate, each an encoded value that a test may replace.
pub(crate) struct Draft {
    pub(crate) version: Vec<u8>,
    pub(crate) serial: Vec<u8>,
    pub(crate) algorithm: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) validity: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) key: Vec<u8>,
    pub(crate) extensions: Vec<Vec<u8>>,
    pub(crate) outer_algorithm: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl Default for Draft {
    fn default() -> Self {
        let algorithm = sequence(&[oid("1.2.840.10045.4.3.2")]);
        let point = [&[4][..], &[7; 64]].concat();
        let curve = sequence(&[oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")]);
        Self {
            version: tlv(0xa0, tlv(2, [2])),
            serial: tlv(2, [1]),
            algorithm: algorithm.clone(),
            issuer: name("2.5.4.3", 0x0c, "issuer"),
            validity: sequence(&[tlv(0x17, "240101000000Z"), tlv(0x17, "250101000000Z")]),
            subject: name("2.5.4.3", 0x0c, "subject"),
            key: sequence(&[curve, bits(point)]),
            extensions: Vec::new(),
            outer_algorithm: algorithm,
            signature: bits([1, 2, 3]),
        }
    }
}

impl Draft {
    /// The certificate's DER.
    pub(crate) fn der(&self) -> Vec<u8> {
        let mut fields = vec![
            self.version.clone(),
            self.serial.clone(),
            self.algorithm.clone(),
            self.issuer.clone(),
            self.validity.clone(),
            self.subject.clone(),
            self.key.clone(),
        ];
        if !self.extensions.is_empty() {
            fields.push(tlv(0xa3, sequence(&self.extensions)));
        }
        sequence(&[
            sequence(&fields),
            self.outer_algorithm.clone(),
            self.signature.clone(),
        ])
    }
}
