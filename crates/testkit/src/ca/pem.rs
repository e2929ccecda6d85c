//! RFC 7468 text.

/// `bytes` as RFC 7468 text.
pub fn pem(label: &str, bytes: &[u8]) -> String {
    let encoded = base64_lines(bytes);
    format!("-----BEGIN {label}-----\n{encoded}-----END {label}-----\n")
}

/// Base64 in one line.
pub fn base64(bytes: &[u8]) -> String {
    base64_lines(bytes).replace('\n', "")
}

/// Base64 in lines of 64.
fn base64_lines(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for line in bytes.chunks(48) {
        for group in line.chunks(3) {
            let word = (0..3).fold(0_usize, |word, place| {
                word << 8 | usize::from(*group.get(place).unwrap_or(&0))
            });
            for place in 0..4 {
                let index = word >> (18 - 6 * place) & 0x3f;
                out.push(if place <= group.len() {
                    char::from(ALPHABET[index])
                } else {
                    '='
                });
            }
        }
        out.push('\n');
    }
    out
}
