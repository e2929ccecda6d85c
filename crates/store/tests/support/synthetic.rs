//! Certificates by the million: well formed, distinct, and signed by nobody.
//!
//! The store never verifies anything, and minting a million real ones would take longer than all else.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use model::finding::Severity;
use model::inventory::{Look, Place, Reached, Said, Seen, StoreSaid, TlsWords, Vantage};
use model::observation::Depth;
use model::{Certificate, Identity, Name, Service, StartTls, Status, Untrusted};

/// What a certificate should say.
#[derive(Clone, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) serial: u64,
    pub(crate) issuer: &'a str,
    pub(crate) names: &'a [String],
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    /// Certificates of one number share a key.
    pub(crate) key: u64,
}

/// Makes it, about 900 bytes of DER.
pub(crate) fn certificate(wanted: &Wanted<'_>) -> Arc<Certificate> {
    Arc::new(Certificate::from_der(der(wanted)))
}

fn der(wanted: &Wanted<'_>) -> Vec<u8> {
    let algorithm = tlv(
        0x30,
        &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
    );
    let serial = [
        &[0x4a_u8][..],
        &wanted.serial.to_be_bytes(),
        &noise(wanted.serial, 7),
    ]
    .concat();
    let names: Vec<u8> = wanted
        .names
        .iter()
        .flat_map(|name| tlv(0x82, name.as_bytes()))
        .collect();
    let subject = wanted.names.first().map(String::as_str).unwrap_or_default();
    let point = [&[0, 4][..], &noise(wanted.key, 64)].concat();
    let curve = [
        0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
        0x01, 0x07,
    ];
    let spki = tlv(0x30, &[tlv(0x30, &curve), tlv(0x03, &point)].concat());
    let extensions = [
        extension(&[0x55, 0x1d, 0x11], &tlv(0x30, &names)),
        // As large as what authorities put there: timestamps, policies, addresses.
        extension(&[0x2a, 0x03, 0x04, 0x05], &tlv(0x04, &noise(wanted.serial, 420))),
    ];
    let to_be_signed = [
        tlv(0xa0, &[2, 1, 2]),
        tlv(0x02, &serial),
        algorithm.clone(),
        name(wanted.issuer),
        tlv(0x30, &[time(wanted.not_before), time(wanted.not_after)].concat()),
        name(subject),
        spki,
        tlv(0xa3, &tlv(0x30, &extensions.concat())),
    ];
    let signature = [&[0][..], &noise(wanted.serial ^ 0x55, 71)].concat();
    tlv(
        0x30,
        &[
            tlv(0x30, &to_be_signed.concat()),
            algorithm,
            tlv(0x03, &signature),
        ]
        .concat(),
    )
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        Ok(short) => out.extend([0x81, short]),
        Err(_) => {
            out.push(0x82);
            out.extend(u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    out.extend_from_slice(content);
    out
}

fn name(common: &str) -> Vec<u8> {
    let attribute = tlv(
        0x30,
        &[vec![0x06, 3, 0x55, 4, 3], tlv(0x0c, common.as_bytes())].concat(),
    );
    tlv(0x30, &tlv(0x31, &attribute))
}

fn extension(oid: &[u8], value: &[u8]) -> Vec<u8> {
    tlv(0x30, &[tlv(0x06, oid), tlv(0x04, value)].concat())
}

fn time(at: Timestamp) -> Vec<u8> {
    tlv(0x18, at.strftime("%Y%m%d%H%M%SZ").to_string().as_bytes())
}

/// Bytes that look random and are the same every time (an xorshift).
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut out = Vec::with_capacity(length + 8);
    while out.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend(state.to_be_bytes());
    }
    out.truncate(length);
    out
}

/// A day, counted from 2026-01-01.
pub(crate) fn day(number: i64) -> Timestamp {
    let begin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap_or(Timestamp::UNIX_EPOCH);
    begin
        .checked_add(SignedDuration::from_hours(24 * number))
        .unwrap_or(begin)
}

/// A place of a name at an address made of `number`.
pub(crate) fn place(name: &str, number: u32) -> Place {
    let name = Name::parse(name).unwrap();
    Place {
        service: Service {
            identity: Identity::Name(name.clone()),
            port: 443,
            server_name: Some(name),
            starttls: StartTls::None,
        },
        address: Some(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 | number))),
    }
}

/// A certificate for `names`, valid for 90 days from day `from`.
pub(crate) fn leaf(serial: u64, names: &[&str], from: i64) -> Arc<Certificate> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    certificate(&Wanted {
        serial,
        issuer: "Synthetic CA 1",
        names: &names,
        not_before: day(from),
        not_after: day(from + 90),
        key: serial,
    })
}

/// What an endpoint in order shows.
pub(crate) fn in_order() -> Seen {
    let stores = ["mozilla", "apple", "microsoft", "android", "java", "chrome"];
    Seen {
        depth: Depth::Full,
        reached: Reached::Handshaken,
        tls: Some(TlsWords {
            version: "TLS 1.3".into(),
            cipher: "TLS_AES_128_GCM_SHA256".into(),
            group: Some("X25519".into()),
            proof: "proven".into(),
        }),
        status: Status::Ok,
        findings: Vec::new(),
        trust: stores
            .iter()
            .map(|store| StoreSaid {
                store: (*store).into(),
                trusted: true,
                reason: "".into(),
            })
            .collect(),
    }
}

/// What an endpoint with one finding shows.
pub(crate) fn with_finding(rule: &str, severity: Severity) -> Seen {
    Seen {
        status: Status::from(severity),
        findings: vec![Said {
            rule: rule.into(),
            severity,
            certificate: None,
            message: Untrusted::new(format!("{rule} was found")),
            remedy: Untrusted::new("mend it"),
        }],
        ..in_order()
    }
}

/// What an endpoint that refuses shows.
pub(crate) fn refused() -> Seen {
    Seen {
        reached: Reached::Stopped {
            stage: "connect".into(),
            failure: "refused".into(),
            detail: Untrusted::new("the port refused the connection"),
        },
        tls: None,
        status: Status::Error,
        trust: Vec::new(),
        ..in_order()
    }
}

/// A look from here.
pub(crate) fn look(place: &Place, at: Timestamp, seen: Seen, chain: &[Arc<Certificate>]) -> Look {
    Look {
        place: place.clone(),
        vantage: Vantage::local(),
        at,
        judged_at: at,
        seen,
        chain: chain.to_vec(),
        further: Vec::new(),
    }
}
