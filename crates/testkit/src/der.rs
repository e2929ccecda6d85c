//! Just enough DER to replace parts of a certificate that rcgen does not let one choose.

/// INTEGER.
pub(crate) const INTEGER: u8 = 0x02;
/// SEQUENCE.
pub(crate) const SEQUENCE: u8 = 0x30;
/// BIT STRING.
pub(crate) const BIT_STRING: u8 = 0x03;

/// Tag, length, and content.
pub(crate) fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    if content.len() < 0x80 {
        out.push(content.len() as u8);
    } else {
        let bytes = content.len().to_be_bytes();
        let significant = &bytes[bytes.iter().position(|byte| *byte != 0).unwrap_or(0)..];
        out.push(0x80 | significant.len() as u8);
        out.extend_from_slice(significant);
    }
    out.extend_from_slice(content);
    out
}

/// The elements inside a constructed element, each with its tag and length.
pub(crate) fn children(element: &[u8]) -> Vec<&[u8]> {
    let mut rest = split(element).0;
    let mut out = Vec::new();
    while !rest.is_empty() {
        let (content, length) = split(rest);
        let whole = content.as_ptr() as usize - rest.as_ptr() as usize + length;
        out.push(&rest[..whole]);
        rest = &rest[whole..];
    }
    out
}

/// What is inside an element.
pub(crate) fn content(element: &[u8]) -> &[u8] {
    split(element).0
}

/// The content of the first element of `bytes`, and its length.
fn split(bytes: &[u8]) -> (&[u8], usize) {
    let (header, length) = match bytes[1] {
        short @ 0..0x80 => (2, usize::from(short)),
        long => {
            let count = usize::from(long & 0x7f);
            (
                2 + count,
                bytes[2..2 + count]
                    .iter()
                    .fold(0, |sum, byte| sum << 8 | usize::from(*byte)),
            )
        }
    };
    (&bytes[header..header + length], length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_split_again() {
        let long = encode(0x04, &[7; 300]);
        let short = encode(0x02, &[1]);
        let whole = encode(SEQUENCE, &[long.as_slice(), &short].concat());
        assert_eq!(children(&whole), [long.as_slice(), &short]);
        assert_eq!(&long[..4], [0x04, 0x82, 0x01, 0x2c]);
    }
}
