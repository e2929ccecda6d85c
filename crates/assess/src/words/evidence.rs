//! Sentences about what third parties say, and about why they say nothing.

use model::doubt::{Doubt, OcspDoubt, Source};
use model::evidence::Unavailable;
use model::finding::Reason;
use model::http::{HttpError, UrlFault};
use model::observation::Failure;
use model::untrusted::Untrusted;

use super::reason;
use super::unit::{label, moment, short, span};

/// What is wrong, and the evidence.
pub(super) fn evidence(reason: &Reason) -> Option<String> {
    let text = match reason {
        Reason::Revoked {
            at, reason, source, ..
        } => {
            let when = at.map_or_else(String::new, |at| format!(" on {}", moment(at)));
            let why = reason.map_or_else(String::new, |reason| format!(", {}", reason.word()));
            let who = match source {
                Some(Source::Staple) => "its stapled answer says",
                Some(Source::Ocsp) => "its responder says",
                Some(Source::Crl) | None => "its revocation list says",
            };
            format!("was revoked by its issuer{when}{why}: {who} so")
        }
        Reason::RevocationUnknown { doubt: what, url } => {
            format!(
                "nobody can tell whether it is revoked: {}{}",
                doubt(*what),
                at(url.as_ref())
            )
        }
        Reason::RevocationUnavailable { why, url } => {
            format!(
                "nobody could be asked whether it is revoked: {}{}",
                unavailable(why),
                at(url.as_ref())
            )
        }
        Reason::IssuerUnavailable { why, url } => {
            format!(
                "its issuer could not be fetched: {}{}",
                unavailable(why),
                at(Some(url))
            )
        }
        Reason::CaaUnavailable { name, why } => {
            format!("DNS did not say who may issue for {name}: {}", resolved(why))
        }
        Reason::StapleDoubtful { doubt } => {
            format!("the stapled OCSP answer does not count: {}", ocsp_doubt(*doubt))
        }
        Reason::StapleStale { next_update, ago } => format!(
            "the stapled OCSP answer is out of date since {}, {}",
            span(*ago),
            moment(*next_update)
        ),
        Reason::CaaForbids { name, at, allowed } => {
            let place = match at {
                Some(at) if at != name => format!("the CAA records of {at}, which count for {name},"),
                _ => format!("the CAA records of {name}"),
            };
            let named: Vec<String> = allowed.iter().take(3).map(short).collect();
            if named.is_empty() {
                format!("{place} let nobody issue")
            } else {
                format!("{place} name {} and not its issuer", named.join(", "))
            }
        }
        _ => return None,
    };
    Some(text)
}

/// `: http://...`, if there is any.
fn at(url: Option<&Untrusted>) -> String {
    url.map_or_else(String::new, |url| format!(" ({})", short(url)))
}

/// What to do, where the reason knows better than the rule.
pub(super) fn remedy(reason: &Reason) -> Option<String> {
    match reason {
        Reason::Revoked { certificate, .. } if certificate.facts().is_ca() => Some(format!(
            "get a certificate from an authority other than {}",
            label(certificate)
        )),
        Reason::RevocationUnavailable {
            why: Unavailable::Http(HttpError::Forbidden { address }),
            ..
        }
        | Reason::IssuerUnavailable {
            why: Unavailable::Http(HttpError::Forbidden { address }),
            ..
        } => Some(format!("allow its network with `--evidence-networks {address}`")),
        _ => None,
    }
}

/// Why what was said does not count.
pub(super) fn doubt(doubt: Doubt) -> String {
    match doubt {
        Doubt::Ocsp(doubt) => ocsp_doubt(doubt),
        Doubt::Crl(unknown) => reason::unknown(unknown),
    }
}

fn ocsp_doubt(doubt: OcspDoubt) -> String {
    match doubt {
        OcspDoubt::Malformed => "the answer cannot be read".to_owned(),
        OcspDoubt::NotAnswered(status) => format!("the responder refused with {}", status.word()),
        OcspDoubt::NotAbout => "the answer is about another certificate".to_owned(),
        OcspDoubt::NotKnown => "the responder does not know the certificate".to_owned(),
        OcspDoubt::NoSigner => "whoever signed the answer may not answer for the issuer".to_owned(),
        OcspDoubt::BadSignature => "the signature of the answer does not verify".to_owned(),
        OcspDoubt::UnsupportedAlgorithm => {
            "the signature of the answer cannot be verified by nolapse".to_owned()
        }
        OcspDoubt::NotYet { this_update } => format!("the answer counts only from {}", moment(this_update)),
        OcspDoubt::Stale { next_update } => format!("the answer counted until {}", moment(next_update)),
    }
}

/// Why nothing was said.
pub(super) fn unavailable(why: &Unavailable) -> String {
    match why {
        Unavailable::Http(error) => http(error),
        Unavailable::NotThat { saw } if saw.raw().is_empty() => "the answer is empty".to_owned(),
        Unavailable::NotThat { saw } => format!("something else came, beginning {}", short(saw)),
        Unavailable::LeftAlone { last } => {
            format!("left alone after several failures, the last: {}", http(last))
        }
        Unavailable::NoQuestion => "no question can be made of the certificate".to_owned(),
    }
}

fn http(error: &HttpError) -> String {
    match error {
        HttpError::Url(fault) => match fault {
            UrlFault::Malformed => "the address is no URL".to_owned(),
            UrlFault::Scheme => "the address is neither http nor https".to_owned(),
            UrlFault::Credentials => "the address carries credentials".to_owned(),
            UrlFault::Port(port) => format!("port {port} is not asked by HTTP"),
            UrlFault::Host => "the address names no host".to_owned(),
        },
        HttpError::Forbidden { address } => format!("{address} is not on the public internet"),
        HttpError::Unresolved(failure) | HttpError::Unreachable(failure) => reached(failure),
        HttpError::Tls { reason } => format!("TLS failed: {}", short(reason)),
        HttpError::TimedOut => "no answer in time".to_owned(),
        HttpError::TooLarge { limit } => format!("the answer is larger than {limit} bytes"),
        HttpError::Redirects { limit } => format!("more than {limit} redirects"),
        HttpError::Broken { reason } => format!("the answer is no whole HTTP: {}", short(reason)),
        HttpError::Status(status) => format!("HTTP status {status}"),
    }
}

/// Why DNS gave no answer.
pub(super) fn resolved(failure: &Failure) -> String {
    match failure {
        Failure::ResolverFailed { reason } => format!("no resolver gave an answer: {}", short(reason)),
        Failure::TimedOut => "no answer in time".to_owned(),
        Failure::NameUnknown => "the name does not exist".to_owned(),
        _ => "no answer".to_owned(),
    }
}

fn reached(failure: &Failure) -> String {
    match failure {
        Failure::NameUnknown => "its name does not exist".to_owned(),
        Failure::NoAddress => "its name has no address".to_owned(),
        Failure::ResolverFailed { reason } => format!("no resolver gave an answer: {}", short(reason)),
        Failure::Refused => "the connection was refused".to_owned(),
        Failure::NoRoute => "there is no route to it".to_owned(),
        Failure::TimedOut => "no connection in time".to_owned(),
        _ => "no connection".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_words_stay_on_their_line() {
        let hostile = Untrusted::new("\u{1b}[2J<html>\r\n");
        for line in [
            unavailable(&Unavailable::NotThat { saw: hostile.clone() }),
            http(&HttpError::Broken {
                reason: hostile.clone(),
            }),
            at(Some(&hostile)),
        ] {
            assert!(!line.chars().any(char::is_control), "{line:?}");
        }
    }
}
