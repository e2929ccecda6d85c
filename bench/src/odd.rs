//! Certificates as no honest authority makes them: giants, broken DER, names made to hurt whoever shows them.
//!
//! In: a [`Mint`]. Out: a list of cases, each served at an address of its own on the farm's `odd` port.

use std::net::Ipv4Addr;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{Error, SignatureAlgorithm, SignatureScheme};

use crate::der;
use crate::mint::{Authority, LeafPlan, Mint, to_be_signed};

/// One odd host.
pub struct Case {
    /// What it is called in reports.
    pub name: String,
    /// `giant`, `der` or `text`.
    pub group: &'static str,
    /// What it shows.
    pub certified: Arc<CertifiedKey>,
}

/// The address of case number `index`.
pub fn address_of(index: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 200, (index / 250) as u8, (1 + index % 250) as u8)
}

/// The case at `address`; beyond the list, the first.
pub fn at(cases: &[Case], address: Ipv4Addr) -> &Case {
    let octets = address.octets();
    let index = usize::from(octets[2]) * 250 + usize::from(octets[3]).saturating_sub(1);
    &cases[index % cases.len()]
}

/// Every case.
pub fn cases(mint: &Mint) -> Vec<Case> {
    let mut all = giants(mint);
    all.extend(broken(mint));
    all.extend(texts(mint));
    all
}

/// Texts that attack a terminal, a browser, a spreadsheet, a log or a parser of ours.
const TEXTS: &[(&str, &[u8])] = &[
    ("ansi", b"\x1b[31mred\x1b[2J\x1b[H"),
    ("osc8-link", b"\x1b]8;;http://evil.test\x07click\x1b]8;;\x07"),
    ("osc-title", b"\x1b]0;owned\x07"),
    ("c1", "\u{9b}31m\u{9d}0;x\u{9c}".as_bytes()),
    ("bidi", "\u{202e}moc.elpmaxe\u{202c}\u{2066}x\u{2069}".as_bytes()),
    (
        "zero-width",
        "exa\u{200b}mple\u{feff}.test\u{2028}next".as_bytes(),
    ),
    ("nul", b"good.test\0.evil.test"),
    ("crlf", b"a\r\nSet-Cookie: owned=1\r\n\r\nb"),
    ("backspace", b"evil\x08\x08\x08\x08good\x7f"),
    ("script", b"<script>alert(1)</script>"),
    ("attribute", b"\"><img src=x onerror=alert(1)>"),
    ("formula-equals", b"=HYPERLINK(\"http://evil.test\",\"x\")"),
    ("formula-plus", b"+cmd|' /C calc'!A0"),
    ("formula-at", b"@SUM(1+1)*cmd|' /C calc'!A0"),
    ("formula-tab", b"\t=1+1"),
    ("markdown", b"[x](javascript:alert(1)) | `a` | <b>"),
    ("metrics", b"a\"} 1\nowned_metric 1"),
    ("json", b"\"},{\"status\":\"OK\",\"x\":\""),
    ("not-utf8", b"\xff\xfe\x1b[31m\xc3\x28"),
];

fn texts(mint: &Mint) -> Vec<Case> {
    let hostile = |name: &str, text: &[u8]| {
        let (issuer, _) = mint.odd_issuer();
        let mut leaf = plan(mint, der::name("Odd", text), san(&[text]));
        leaf.subject = der::name(&String::from_utf8_lossy(text), text);
        let body = to_be_signed(&leaf, issuer.key().algorithm(), &der::name("Odd issuer", text));
        case("text", format!("text-{name}"), mint, vec![issuer.seal(&body)])
    };
    let mut all: Vec<Case> = TEXTS.iter().map(|(name, text)| hostile(name, text)).collect();
    all.push(hostile("60-kilobytes", &b"\x1b[31mA".repeat(10_000)));
    all.push(hostile("1-megabyte", &b"\x1b[31mA".repeat(170_000)));
    all
}

fn giants(mint: &Mint) -> Vec<Case> {
    let names = |count: usize| {
        (0..count)
            .map(|at| format!("n{at:05}.giant.test").into_bytes())
            .collect::<Vec<_>>()
    };
    let with_names = |count: usize| {
        let names = names(count);
        let san = san(&names.iter().map(Vec::as_slice).collect::<Vec<_>>());
        vec![
            mint.odd_issuer()
                .0
                .sign(&plan(mint, der::name("Odd", b"giant.test"), san)),
        ]
    };
    let filler = mint.odd_issuer().1.to_vec();
    let long_chain = |count: usize| {
        let mut chain = with_names(1);
        chain.extend(std::iter::repeat_n(filler.clone(), count - 1));
        chain
    };
    let extensions = |count: u32| {
        let one = |at: u32| {
            let [_, a, b, c] = at.to_be_bytes();
            der::extension(
                &[0x2b, 6, 1, 4, 1, 0x81, a & 0x7f, 0x80 | (b & 0x7f), c & 0x7f],
                false,
                &[5, 0],
            )
        };
        let all = (0..count).flat_map(one).collect();
        vec![
            mint.odd_issuer()
                .0
                .sign(&plan(mint, der::name("Odd", b"giant.test"), all)),
        ]
    };
    let mut all = vec![
        case("giant", "sans-1000".into(), mint, with_names(1_000)),
        case("giant", "sans-20000".into(), mint, with_names(20_000)),
        case("giant", "chain-100".into(), mint, long_chain(100)),
        case("giant", "chain-1000".into(), mint, long_chain(1_000)),
        case("giant", "extensions-2000".into(), mint, extensions(2_000)),
        case("giant", "bytes-900000".into(), mint, vec![vec![0x30; 900_000]]),
        case("giant", "bytes-15000000".into(), mint, vec![vec![0; 15_000_000]]),
        case("giant", "chain-empty".into(), mint, vec![]),
    ];
    for (name, bits, exponent) in [
        ("rsa-16384", 16_384, 3),
        ("rsa-16384-exponent-16384", 16_384, 2_048),
        ("rsa-65536", 65_536, 3),
    ] {
        all.push(giant_rsa(mint, name, bits, exponent));
    }
    all
}

/// A key that nobody holds: a modulus and an exponent of so many bytes, and signatures of noise that a client pays to refuse.
fn giant_rsa(mint: &Mint, name: &str, bits: usize, exponent_bytes: usize) -> Case {
    let odd = |bytes: usize| der::integer(&vec![0xfb; bytes]);
    let public = der::sequence(&[&odd(bits / 8), &odd(exponent_bytes)]);
    let algorithm = der::sequence(&[&der::oid(b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"), &[5, 0]]);
    let spki = der::sequence(&[&algorithm, &der::bit_string(&public)]);
    let mut leaf = plan(mint, der::name("Odd", b"giant.test"), san(&[b"giant.test"]));
    leaf.spki = &spki;
    let chain = vec![CertificateDer::from(mint.odd_issuer().0.sign(&leaf))];
    let certified = Arc::new(CertifiedKey::new(chain, Arc::new(Noise { bytes: bits / 8 })));
    Case {
        name: name.to_owned(),
        group: "giant",
        certified,
    }
}

/// Leaves that break DER or RFC 5280 in one way each.
fn broken(mint: &Mint) -> Vec<Case> {
    let good = mint
        .odd_issuer()
        .0
        .sign(&plan(mint, der::name("Odd", b"odd.test"), san(&[b"odd.test"])));
    let mut all: Vec<(&str, Vec<u8>)> = vec![
        ("truncated", good[..good.len() / 2].to_vec()),
        ("one-byte", vec![0x30]),
        ("empty", vec![]),
        ("trailing", [good.as_slice(), b"trailing"].concat()),
        ("indefinite-length", [&[0x30, 0x80], &good[4..], &[0, 0]].concat()),
        (
            "length-4-gigabytes",
            [&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &good[4..]].concat(),
        ),
        (
            "length-of-127-bytes",
            [&[0x30, 0xff], vec![0xff; 127].as_slice()].concat(),
        ),
        ("nested-10000", nested(10_000)),
        (
            "noise",
            (0..900_u64).map(|at| crate::host::mixed(at) as u8).collect(),
        ),
    ];
    all.extend(broken_bodies(mint));
    all.into_iter()
        .map(|(name, leaf)| case("der", format!("der-{name}"), mint, vec![leaf]))
        .collect()
}

/// Whole and signed, but with one field that no parser expects.
fn broken_bodies(mint: &Mint) -> Vec<(&'static str, Vec<u8>)> {
    let issuer: &Authority = mint.odd_issuer().0;
    let with = |change: &dyn Fn(&mut LeafPlan<'_>)| {
        let mut leaf = plan(mint, der::name("Odd", b"odd.test"), san(&[b"odd.test"]));
        change(&mut leaf);
        issuer.sign(&leaf)
    };
    vec![
        (
            "negative-serial",
            with(&|leaf| leaf.serial = der::element(2, &[0x80, 1])),
        ),
        (
            "giant-serial",
            with(&|leaf| leaf.serial = der::integer(&[0x7f; 5_000])),
        ),
        ("empty-serial", with(&|leaf| leaf.serial = der::element(2, &[]))),
        (
            "giant-oid",
            with(&|leaf| leaf.extensions = der::extension(&[0xff; 20_000], false, &[5, 0])),
        ),
        (
            "oid-without-end",
            with(&|leaf| leaf.extensions = der::extension(&[0x2b, 0x80, 0x80], false, &[5, 0])),
        ),
        (
            "duplicate-extensions",
            with(&|leaf| leaf.extensions = leaf.extensions.repeat(3)),
        ),
        ("extensions-empty", with(&|leaf| leaf.extensions = vec![])),
        ("san-empty", with(&|leaf| leaf.extensions = san(&[]))),
        (
            "san-address-of-5-bytes",
            with(&|leaf| leaf.extensions = raw_san(&der::element(0x87, &[1; 5]))),
        ),
        (
            "san-nested",
            with(&|leaf| leaf.extensions = raw_san(&nested(2_000))),
        ),
        (
            "time-year-0",
            with(&|leaf| leaf.validity = (-62_167_219_200, -62_167_219_000)),
        ),
        (
            "time-backwards",
            with(&|leaf| leaf.validity = (leaf.validity.1, leaf.validity.0)),
        ),
        ("subject-empty", with(&|leaf| leaf.subject = der::sequence(&[]))),
        ("subject-deep", with(&|leaf| leaf.subject = nested(3_000))),
        (
            "unknown-critical",
            with(&|leaf| {
                leaf.extensions
                    .extend(der::extension(&[0x2b, 6, 1, 9], true, &[5, 0]))
            }),
        ),
    ]
}

fn case(group: &'static str, name: String, mint: &Mint, chain: Vec<Vec<u8>>) -> Case {
    let chain = chain.into_iter().map(CertificateDer::from).collect();
    Case {
        name,
        group,
        certified: Arc::new(CertifiedKey::new(chain, mint.odd_key().signer())),
    }
}

fn plan(mint: &Mint, subject: Vec<u8>, extensions: Vec<u8>) -> LeafPlan<'_> {
    let now = mint.now();
    LeafPlan {
        subject,
        validity: (now - 864_000, now + 6_912_000),
        serial: der::integer(&[0x42; 16]),
        spki: mint.odd_key().spki(),
        extensions,
    }
}

fn san(names: &[&[u8]]) -> Vec<u8> {
    raw_san(
        &names
            .iter()
            .flat_map(|name| der::element(0x82, name))
            .collect::<Vec<_>>(),
    )
}

fn raw_san(content: &[u8]) -> Vec<u8> {
    der::extension(&[0x55, 0x1d, 0x11], false, &der::sequence(&[content]))
}

/// `SEQUENCE` in `SEQUENCE`, so many deep, built from the inside.
fn nested(depth: usize) -> Vec<u8> {
    let mut lengths = vec![0_usize];
    for at in 1..depth {
        let inner = lengths[at - 1];
        lengths.push(inner + der::element(0x30, &vec![0; inner]).len() - inner);
    }
    let mut out = Vec::with_capacity(depth * 4);
    for &length in lengths.iter().rev() {
        let whole = der::element(0x30, &vec![0; length]);
        out.extend_from_slice(&whole[..whole.len() - length]);
    }
    out
}

/// Signs by noise.
#[derive(Clone, Copy, Debug)]
struct Noise {
    bytes: usize,
}

impl SigningKey for Noise {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered
            .contains(&SignatureScheme::RSA_PSS_SHA256)
            .then(|| Box::new(*self) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::RSA
    }
}

impl Signer for Noise {
    fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(vec![0x5a; self.bytes])
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::RSA_PSS_SHA256
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_well_formed() {
        assert_eq!(nested(3), [0x30, 4, 0x30, 2, 0x30, 0]);
    }

    #[test]
    fn every_case_has_an_address_of_its_own() {
        let mint = Mint::new(1_800_000_000).unwrap();
        let cases = cases(&mint);
        for (index, case) in cases.iter().enumerate() {
            assert_eq!(at(&cases, address_of(index)).name, case.name);
        }
    }
}
