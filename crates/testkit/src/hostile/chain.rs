//! A server of TLS 1.2 that sends any certificate message at all, in the clear, as far as ServerHelloDone.

use std::io;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use tokio::io::AsyncWriteExt;

use super::hello::{self, Hello};
use super::running::Guest;

/// What is sent.
#[derive(Clone, Debug)]
pub struct ClearChain {
    body: Vec<u8>,
    proof: Proof,
}

/// How the server claims to hold the key of its leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// By RSA key exchange, which is no proof yet; where it is not offered, as `Wrong`.
    RsaKeyExchange,
    /// By a signature that verifies with nothing.
    Wrong,
    /// By a true ECDSA signature of this P-256 key (PKCS#8).
    Signed(Vec<u8>),
}

impl ClearChain {
    /// These certificates, leaf first.
    pub fn of(certificates: &[Vec<u8>]) -> Self {
        let list: Vec<u8> = certificates
            .iter()
            .flat_map(|certificate| hello::counted24(certificate))
            .collect();
        Self::raw(hello::counted24(&list))
    }

    /// A message body as it is, true to the format or not.
    pub const fn raw(body: Vec<u8>) -> Self {
        Self {
            body,
            proof: Proof::Wrong,
        }
    }

    /// With another claim to the key.
    #[must_use]
    pub fn proven_by(mut self, proof: Proof) -> Self {
        self.proof = proof;
        self
    }
}

/// RSA key exchange, then ephemeral keys with ECDSA and RSA.
const RSA_SUITES: &[u16] = &[0x009c, 0x009d, 0x003c, 0x003d, 0x002f, 0x0035, 0x000a];
const ECDHE_SUITES: &[u16] = &[
    0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc009, 0xc013, 0xc00a, 0xc014,
];

const CERTIFICATE: u8 = 11;
const SERVER_KEY_EXCHANGE: u8 = 12;
const SERVER_HELLO_DONE: u8 = 14;
/// The alert `handshake_failure`.
const HANDSHAKE_FAILURE: u8 = 40;
const ECDSA_SECP256R1_SHA256: [u8; 2] = [4, 3];
/// The base point of X25519: a public key like any other.
const PUBLIC_KEY: [u8; 32] = {
    let mut point = [0; 32];
    point[0] = 9;
    point
};
const SERVER_RANDOM: [u8; 32] = [0x5a; 32];

pub(super) async fn host(chain: &ClearChain, guest: &mut Guest) -> io::Result<()> {
    let hello = hello::read(guest).await?;
    let first = |suites: &[u16]| suites.iter().copied().find(|suite| hello.suites.contains(suite));
    let rsa = if chain.proof == Proof::RsaKeyExchange {
        first(RSA_SUITES)
    } else {
        None
    };
    let Some(suite) = rsa.or_else(|| first(ECDHE_SUITES)) else {
        return guest.write_all(&hello::alert(HANDSHAKE_FAILURE)).await;
    };
    let mut flight = server_hello(suite);
    flight.append(&mut hello::message(CERTIFICATE, &chain.body));
    if rsa.is_none() {
        flight.append(&mut hello::message(
            SERVER_KEY_EXCHANGE,
            &key_exchange(&hello, &chain.proof)?,
        ));
    }
    flight.append(&mut hello::message(SERVER_HELLO_DONE, &[]));
    guest
        .write_all(&hello::records(hello::HANDSHAKE, &flight))
        .await?;
    guest.listen().await;
    Ok(())
}

/// A ServerHello of TLS 1.2 without extensions.
pub(super) fn server_hello(suite: u16) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend_from_slice(&SERVER_RANDOM);
    body.push(0);
    body.extend_from_slice(&suite.to_be_bytes());
    body.push(0);
    hello::message(2, &body)
}

/// A suite of TLS 1.2 that was offered, or one that everybody knows.
pub(super) fn any_suite(hello: &Hello) -> u16 {
    ECDHE_SUITES
        .iter()
        .copied()
        .find(|suite| hello.suites.contains(suite))
        .unwrap_or(0xc02f)
}

/// Named curve X25519, a public key, and a signature over both randoms and them (RFC 8422 section 5.4).
fn key_exchange(hello: &Hello, proof: &Proof) -> io::Result<Vec<u8>> {
    let mut parameters = vec![3, 0, 0x1d, 32];
    parameters.extend_from_slice(&PUBLIC_KEY);
    let signature = match proof {
        Proof::Signed(pkcs8) => {
            let key =
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8).map_err(io::Error::other)?;
            let signed = [hello.random.as_slice(), &SERVER_RANDOM, &parameters].concat();
            let signature = key
                .sign(&SystemRandom::new(), &signed)
                .map_err(io::Error::other)?;
            signature.as_ref().to_vec()
        }
        // Well formed, r = s = 1.
        Proof::RsaKeyExchange | Proof::Wrong => vec![0x30, 6, 2, 1, 1, 2, 1, 1],
    };
    let mut body = parameters;
    body.extend_from_slice(&ECDSA_SECP256R1_SHA256);
    body.extend_from_slice(&(signature.len() as u16).to_be_bytes());
    body.extend_from_slice(&signature);
    Ok(body)
}
