//! RDP negotiation (MS-RDPBCGR 2.2.1.1 and 2.2.1.2).
//!
//! A connection request that offers TLS and CredSSP (both begin with a TLS handshake), a connection confirm that chooses
//! one of them or says why not.

use model::observation::Failure;
use tokio::io::{AsyncRead, AsyncWrite};

use super::line::{Dialogue, refused};

/// TPKT of 19 bytes; X.224 connection request; RDP_NEG_REQ with the protocols TLS (1), CredSSP (2) and CredSSP with
/// early user authorisation (8).
const REQUEST: &[u8] = &[3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 0x0b, 0, 0, 0];

const CONNECTION_CONFIRM: u8 = 0xd0;
const DISCONNECT_REQUEST: u8 = 0x80;
const NEGOTIATION_RESPONSE: u8 = 2;
const NEGOTIATION_FAILURE: u8 = 3;

/// Comes as far as the go-ahead, or says why not.
pub(super) async fn begin<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
) -> Result<(), Failure> {
    dialogue.say(REQUEST).await?;
    let head = dialogue.bytes(4).await?;
    // Four bytes of TPKT head, and the seven that a connection confirm has at least.
    let rest = match head.as_slice() {
        [3, _, high, low] => usize::from(u16::from_be_bytes([*high, *low]))
            .checked_sub(4)
            .filter(|rest| *rest >= 7),
        _ => None,
    };
    let Some(rest) = rest else {
        return Err(dialogue.wrong_protocol().await);
    };
    let confirm = dialogue.bytes(rest).await?;
    match confirm.as_slice() {
        [_, DISCONNECT_REQUEST, _, _, _, _, reason, ..] => {
            Err(refused(format!("disconnected for reason {reason}")))
        }
        // Nothing behind the confirm: a server from before the negotiation, with RDP's own encryption only.
        [_, CONNECTION_CONFIRM, _, _, _, _, _] => Err(Failure::NotOffered),
        [
            _,
            CONNECTION_CONFIRM,
            _,
            _,
            _,
            _,
            _,
            NEGOTIATION_RESPONSE,
            _,
            8,
            0,
            chosen @ ..,
        ] => match little_endian(chosen) {
            Some(0) => Err(Failure::NotOffered),
            Some(_) => Ok(()),
            None => Err(dialogue.wrong_protocol().await),
        },
        [
            _,
            CONNECTION_CONFIRM,
            _,
            _,
            _,
            _,
            _,
            NEGOTIATION_FAILURE,
            _,
            8,
            0,
            code @ ..,
        ] => match little_endian(code) {
            Some(code) => Err(refused(format!("failure {code}: {}", failure_name(code)))),
            None => Err(dialogue.wrong_protocol().await),
        },
        _ => Err(dialogue.wrong_protocol().await),
    }
}

fn little_endian(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes))
}

/// The failure codes of MS-RDPBCGR 2.2.1.2.2.
const fn failure_name(code: u32) -> &'static str {
    match code {
        1 => "SSL_REQUIRED_BY_SERVER, the server wants TLS and did not take our offer of it",
        2 => "SSL_NOT_ALLOWED_BY_SERVER, the server is set to RDP's own encryption only",
        3 => "SSL_CERT_NOT_ON_SERVER, the server has no certificate",
        4 => "INCONSISTENT_FLAGS, the server finds our request contradictory",
        5 => "HYBRID_REQUIRED_BY_SERVER, the server wants CredSSP",
        6 => "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER, the server wants TLS with a client certificate",
        _ => "a code without a name",
    }
}
