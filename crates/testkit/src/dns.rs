//! A name server on loopback that knows a few names and denies all others.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::loopback;

/// Type of an IPv4 address record (RFC 1035 section 3.2.2).
const A: u16 = 1;
/// Type of an IPv6 address record (RFC 3596).
const AAAA: u16 = 28;
/// Type of a record of who may issue certificates (RFC 8659).
const CAA: u16 = 257;
/// "Name Error" (RFC 1035 section 4.1.1).
const NXDOMAIN: u8 = 3;

/// What is known about a name.
#[derive(Debug)]
enum Data {
    Address(IpAddr),
    Issue(String),
}

/// A name server, as long as the handle lives.
#[derive(Debug)]
pub struct NameServer {
    socket: SocketAddr,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl NameServer {
    /// Serves these names with these addresses, and NXDOMAIN for every other name.
    pub fn start(names: &[(&str, &[IpAddr])]) -> Self {
        Self::start_with_issuers(names, &[])
    }

    /// The same, and `issue` records (CAA, RFC 8659) with these values for further names.
    pub fn start_with_issuers(names: &[(&str, &[IpAddr])], issuers: &[(&str, &str)]) -> Self {
        let mut known: BTreeMap<String, Vec<Data>> = BTreeMap::new();
        for (name, addresses) in names {
            let addresses = addresses.iter().map(|address| Data::Address(*address));
            known
                .entry(name.to_ascii_lowercase())
                .or_default()
                .extend(addresses);
        }
        for (name, issuer) in issuers {
            let data = Data::Issue((*issuer).to_owned());
            known.entry(name.to_ascii_lowercase()).or_default().push(data);
        }
        let names = known;
        let listener = UdpSocket::bind((loopback::address(), 0)).expect("loopback has free ports");
        let socket = listener.local_addr().expect("a bound socket has an address");
        let ends = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ends);
        let thread = std::thread::spawn(move || {
            let mut query = [0; 4096];
            while let Ok((length, from)) = listener.recv_from(&mut query) {
                if told.load(Ordering::Acquire) {
                    break;
                }
                if let Some(reply) = answer(&query[..length], &names) {
                    listener.send_to(&reply, from).expect("loopback takes datagrams");
                }
            }
        });
        Self {
            socket,
            ends,
            thread: Some(thread),
        }
    }

    /// For `--resolver`.
    pub const fn socket(&self) -> SocketAddr {
        self.socket
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Release);
        let woken =
            UdpSocket::bind((loopback::address(), 0)).and_then(|waker| waker.send_to(&[0], self.socket));
        if woken.is_ok()
            && let Some(thread) = self.thread.take()
        {
            drop(thread.join());
        }
    }
}

/// The reply to one query of one question; `None` for what is no query.
fn answer(query: &[u8], names: &BTreeMap<String, Vec<Data>>) -> Option<Vec<u8>> {
    let (name, end) = question_name(query)?;
    let kind = u16::from_be_bytes([*query.get(end)?, *query.get(end + 1)?]);
    let question = query.get(12..end + 4)?;
    let addresses = names.get(&name);
    let fitting: Vec<Vec<u8>> = addresses
        .into_iter()
        .flatten()
        .filter_map(|data| record(kind, data))
        .collect();
    let code = if addresses.is_some() { 0 } else { NXDOMAIN };
    // Response, authoritative, recursion desired and available.
    let mut reply = vec![
        query[0],
        query[1],
        0x85,
        0x80 | code,
        0,
        1,
        0,
        fitting.len() as u8,
        0,
        0,
        0,
        0,
    ];
    reply.extend_from_slice(question);
    reply.extend(fitting.concat());
    Some(reply)
}

/// The name asked for in lower case, and where it ends.
fn question_name(query: &[u8]) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    let mut place = 12;
    loop {
        let length = usize::from(*query.get(place)?);
        place += 1;
        if length == 0 {
            return Some((labels.join("."), place));
        }
        labels.push(String::from_utf8_lossy(query.get(place..place + length)?).to_ascii_lowercase());
        place += length;
    }
}

/// A resource record of this type for the name of the question; `None` when it is of another type.
fn record(kind: u16, data: &Data) -> Option<Vec<u8>> {
    let data = match (kind, data) {
        (A, Data::Address(IpAddr::V4(address))) => address.octets().to_vec(),
        (AAAA, Data::Address(IpAddr::V6(address))) => address.octets().to_vec(),
        // No flags, and the tag behind its length.
        (CAA, Data::Issue(issuer)) => [b"\x00\x05issue", issuer.as_bytes()].concat(),
        _ => return None,
    };
    let [high, low] = kind.to_be_bytes();
    // The name is a pointer to the question; class IN; a minute to live.
    let mut out = vec![0xc0, 12, high, low, 0, 1, 0, 0, 0, 60, 0, data.len() as u8];
    out.extend(data);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(server: &NameServer, name: &str, kind: u16) -> Vec<u8> {
        let mut query = vec![7, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            query.push(label.len() as u8);
            query.extend_from_slice(label.as_bytes());
        }
        query.extend([0, 0, kind as u8, 0, 1]);
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.send_to(&query, server.socket()).unwrap();
        let mut reply = [0; 512];
        let length = client.recv(&mut reply).unwrap();
        reply[..length].to_vec()
    }

    #[test]
    fn known_names_have_addresses_and_others_do_not_exist() {
        let server =
            NameServer::start(&[("a.test", &["127.1.2.3".parse().unwrap(), "::1".parse().unwrap()])]);
        assert!(ask(&server, "A.test", A).ends_with(&[127, 1, 2, 3]));
        assert!(ask(&server, "a.test", AAAA).ends_with(&[0, 0, 0, 1]));
        assert_eq!(ask(&server, "b.test", A)[3] & 0x0f, NXDOMAIN);
    }
}
