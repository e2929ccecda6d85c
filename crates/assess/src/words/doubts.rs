//! Why third parties were of no use: what was said about revocation does not count, or nothing came.
//!
//! The words are those of [`model::finding::Unknown`], [`model::doubt::OcspDoubt`] and
//! [`model::evidence::Unavailable`]; a test holds them against each other.

use super::reasons::{Explained, explained};

/// All of them.
pub const ALL: &[Explained] = &[
    explained(
        "nothing-covers",
        "no list or answer at hand is about this certificate: another issuer's, another part of the issuer's, or none",
        "give the list that the certificate names (CRL distribution point), or an answer about this certificate",
    ),
    explained(
        "no-signer",
        "whoever signed the list or answer may not speak for the issuer: no CRL signing, no OCSP signing, or unknown",
        "tell the issuer; from files, give the signer's certificate with --known",
    ),
    explained(
        "unsupported-algorithm",
        "the list or answer is signed in a way that nolapse cannot verify",
        "see what clients make of it; most verify no more kinds",
    ),
    explained(
        "bad-signature",
        "the signature of the list or answer does not verify: it was changed, or is of a namesake",
        "ask again; if it stays so, tell the issuer",
    ),
    explained(
        "malformed",
        "the list or answer cannot be read, or breaks its standard",
        "tell the issuer; `nolapse inspect` says where it breaks",
    ),
    explained(
        "not-understood",
        "the list has a critical extension that nobody knows, so that it must not be used",
        "tell the issuer",
    ),
    explained(
        "not-yet",
        "the list or answer is in force only later",
        "see that this machine's clock is right, then tell the issuer",
    ),
    explained(
        "stale",
        "the list or answer is out of date: a newer one should have come",
        "ask again, or tell the issuer that its responder or list stands still",
    ),
    explained(
        "some-reasons",
        "the lists at hand cover only some of the reasons for revocation",
        "give the lists for the other reasons: the certificate names them",
    ),
    explained(
        "too-complex",
        "there are more lists, names or signatures than are looked at",
        "give only the lists of this path",
    ),
    explained(
        "malformed-request",
        "the responder says that it does not understand the question",
        "tell the issuer: the question is of the form that RFC 5019 asks for",
    ),
    explained(
        "internal-error",
        "the responder says that it is broken",
        "ask again later",
    ),
    explained("try-later", "the responder says to ask later", "ask again later"),
    explained(
        "signature-required",
        "the responder wants signed questions, which nobody but its own clients asks",
        "ask for the revocation list instead",
    ),
    explained(
        "unauthorized",
        "the responder does not answer for this issuer or certificate",
        "tell the issuer: the certificate names this responder",
    ),
    explained(
        "not-answered",
        "the responder refused in a way that its standard does not know",
        "tell the issuer",
    ),
    explained(
        "not-about",
        "the answer is about another certificate",
        "give the answer about this one, or tell the issuer",
    ),
    explained(
        "not-known",
        "the responder does not know the certificate: it was never issued, or the responder has not heard of it yet",
        "ask again in an hour for a new certificate; otherwise tell the issuer",
    ),
    explained(
        "not-that",
        "something else came than a list, an answer or a certificate: often a page for people",
        "see what stands in the way, such as a proxy; otherwise tell the issuer",
    ),
    explained(
        "left-alone",
        "the server failed several times in a row and was not asked again",
        "see whether this machine may reach it, and run again",
    ),
    explained(
        "no-question",
        "no question can be made of the certificate: its serial number or issuer cannot be read",
        "have it issued anew; `nolapse inspect` says where it breaks",
    ),
    explained("url-malformed", "the address in the certificate is no URL", URL),
    explained(
        "url-scheme",
        "the address in the certificate is neither http nor https, as with ldap",
        URL,
    ),
    explained(
        "url-credentials",
        "the address in the certificate carries a name or password, which is not sent",
        URL,
    ),
    explained(
        "url-port",
        "the address in the certificate names a port that is not asked by HTTP",
        URL,
    ),
    explained("url-host", "the address in the certificate names no host", URL),
    explained(
        "forbidden-address",
        "the address leads into a network that is not public, where nothing is fetched unless a person allows it",
        "allow the network with `--evidence-networks NETWORK`",
    ),
    explained("unresolved", "the name in the address was not resolved", REACH),
    explained(
        "unreachable",
        "no connection to the server in the address came about",
        REACH,
    ),
    explained("tls", "the server in the address failed in TLS", REACH),
    explained("timed-out", "no answer came in time", REACH),
    explained(
        "too-large",
        "what came is larger than is read",
        "tell the issuer; `nolapse limits` lists the limits",
    ),
    explained(
        "redirects",
        "the server sent from place to place more often than is followed",
        "tell the issuer",
    ),
    explained("broken", "the answer is no whole HTTP", REACH),
    explained(
        "http-status",
        "the server answered with an HTTP status that is no success",
        REACH,
    ),
];

const URL: &str = "tell the issuer: no client can follow it";
const REACH: &str = "see whether this machine may reach the address; otherwise tell the issuer";

#[cfg(test)]
mod tests {
    use super::*;

    /// The words in the `fn word` of a type, and in the one below it.
    fn words(source: &'static str, of: &str) -> Vec<&'static str> {
        let body = source
            .split(&format!("impl {of} {{"))
            .nth(1)
            .and_then(|rest| rest.split("\n}\n").next())
            .unwrap();
        let lines = body.lines().filter_map(|line| line.split_once("=> \""));
        lines.filter_map(|(_, rest)| rest.split('"').next()).collect()
    }

    #[test]
    fn every_word_of_a_doubt_is_explained_and_every_explanation_is_of_a_word() {
        let mut all = words(include_str!("../../../model/src/finding.rs"), "Unknown");
        let doubts = include_str!("../../../model/src/doubt.rs");
        all.extend(words(doubts, "OcspDoubt"));
        all.extend(words(
            include_str!("../../../model/src/evidence.rs"),
            "Unavailable",
        ));
        all.extend(words(include_str!("../../../model/src/http.rs"), "HttpError"));
        assert!(all.len() >= 30, "{all:?}");
        for word in &all {
            assert!(ALL.iter().any(|explained| explained.word == *word), "{word}");
        }
        for explained in ALL {
            assert!(all.contains(&explained.word), "{}", explained.word);
        }
    }
}
