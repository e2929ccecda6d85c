//! LDAP (RFC 4511 section 4.14).
//!
//! An ExtendedRequest with the StartTLS name, an ExtendedResponse with result 0. BER lengths are read in any definite
//! form: Active Directory writes all of them with four octets.

use model::limits;
use model::observation::Failure;
use tokio::io::{AsyncRead, AsyncWrite};

use super::line::{Dialogue, refused, too_much};

/// LDAPMessage { messageID 1, extendedReq { requestName "1.3.6.1.4.1.1466.20037" } }.
const REQUEST: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

/// Comes as far as the go-ahead, or says why not.
pub(super) async fn begin<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
) -> Result<(), Failure> {
    dialogue.say(REQUEST).await?;
    let message = message(dialogue).await?;
    let Some(response) = Response::parse(&message) else {
        return Err(dialogue.wrong_protocol().await);
    };
    // Without a name the response is known by its message number; with one, the name must be that of the request. A
    // Notice of Disconnection (section 4.4.1) has number 0 and a name of its own.
    let is_answer = response.number == [1] && response.name.is_none_or(|name| name == START_TLS);
    match response.code {
        0 if is_answer => Ok(()),
        // The server does not know the operation.
        2 if is_answer => Err(Failure::NotOffered),
        _ => Err(refused(response.words())),
    }
}

/// The content of the next LDAPMessage.
async fn message<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
) -> Result<Vec<u8>, Failure> {
    let first = dialogue.bytes(1).await?;
    if first != [0x30] {
        return Err(dialogue.wrong_protocol().await);
    }
    let first = dialogue.byte().await?;
    let length = match first {
        0..=0x7f => usize::from(first),
        0x81..=0x84 => {
            let mut length = 0_usize;
            for _ in 0x80..first {
                length = (length << 8) | usize::from(dialogue.byte().await?);
            }
            length
        }
        // Indefinite, reserved, or longer than anything we would read (section 5.1 allows definite lengths only).
        _ => return Err(dialogue.wrong_protocol().await),
    };
    if length > limits::UPGRADE_BYTES {
        return Err(too_much("bytes before TLS", limits::UPGRADE_BYTES));
    }
    dialogue.bytes(length).await
}

/// An ExtendedResponse.
#[derive(Debug)]
struct Response<'a> {
    number: &'a [u8],
    code: u32,
    diagnostic: &'a [u8],
    name: Option<&'a [u8]>,
}

impl<'a> Response<'a> {
    fn parse(message: &'a [u8]) -> Option<Self> {
        let (number, rest) = element(message, 0x02)?;
        // Controls may follow the operation; they say nothing about it.
        let (operation, _) = element(rest, 0x78)?;
        let (code, rest) = element(operation, 0x0a)?;
        let (_matched_name, rest) = element(rest, 0x04)?;
        let (diagnostic, mut rest) = element(rest, 0x04)?;
        let mut name = None;
        while let Some((tag, content, behind)) = any_element(rest) {
            if tag == 0x8a {
                name = Some(content);
            }
            rest = behind;
        }
        if !rest.is_empty() || code.is_empty() || code.len() > 4 {
            return None;
        }
        let code = code.iter().fold(0, |code, byte| (code << 8) | u32::from(*byte));
        Some(Self {
            number,
            code,
            diagnostic,
            name,
        })
    }

    fn words(&self) -> Vec<u8> {
        let mut words = format!("result {} ({})", self.code, code_name(self.code)).into_bytes();
        if !self.diagnostic.is_empty() {
            words.extend_from_slice(b": ");
            words.extend_from_slice(self.diagnostic);
        }
        words
    }
}

/// The names of result codes that occur here (RFC 4511 appendix A).
const fn code_name(code: u32) -> &'static str {
    match code {
        0 => "success",
        1 => "operationsError",
        2 => "protocolError",
        3 => "timeLimitExceeded",
        8 => "strongerAuthRequired",
        10 => "referral",
        13 => "confidentialityRequired",
        50 => "insufficientAccessRights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwillingToPerform",
        80 => "other",
        _ => "no name",
    }
}

/// The content of the element at the front when it has `tag`, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    any_element(bytes)
        .filter(|(found, ..)| *found == tag)
        .map(|(_, content, rest)| (content, rest))
}

/// Tag and content of the element at the front, and what follows it.
fn any_element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [tag, first, rest @ ..] = bytes else {
        return None;
    };
    let (length, rest) = match *first {
        length @ 0..=0x7f => (usize::from(length), rest),
        first @ 0x81..=0x84 => {
            let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (
                octets
                    .iter()
                    .fold(0, |length, octet| (length << 8) | usize::from(*octet)),
                rest,
            )
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}
