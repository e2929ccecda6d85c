//! Why a trust store refuses a path, for whoever asks what a word of a report means.
//!
//! The words are those of [`model::finding::PathReason::word`]; a test holds them against each other.

/// A word, what it means, and what to do.
#[derive(Clone, Copy, Debug)]
pub struct Explained {
    /// The word in every output.
    pub word: &'static str,
    /// What it means, as a sentence without full stop.
    pub meaning: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

pub(super) const fn explained(word: &'static str, meaning: &'static str, remedy: &'static str) -> Explained {
    Explained {
        word,
        meaning,
        remedy,
    }
}

/// All of them.
pub const ALL: &[Explained] = &[
    explained(
        "unparsable",
        "a certificate of the path cannot be read far enough to judge it",
        "have it issued anew; `nolapse inspect` says where it breaks",
    ),
    explained(
        "self-signed",
        "the leaf is signed by its own key, and the store does not hold it",
        "get a certificate from an authority, or give this one with `--trust-store NAME=FILE`",
    ),
    explained(
        "issuer-not-sent",
        "the issuer of a certificate was neither sent nor is in the store",
        "give your root with `--trust-store NAME=FILE` if the authority is your own; otherwise send the issuer behind the leaf",
    ),
    explained(
        "not-in-store",
        "the path ends at a root that the store does not hold",
        "give the root with `--trust-store NAME=FILE` if it is your own; otherwise get a certificate that clients trust",
    ),
    explained(
        "distrusted-after",
        "the store trusts the root only for what was issued up to a date, and this was issued later",
        "get a certificate from another authority: clients that use the store refuse this one",
    ),
    explained(
        "removed-from-store",
        "the store held the root and no longer does, from a date on that is said",
        "get a certificate from another authority, or send the cross-signed certificate that leads to another root",
    ),
    explained(
        "expired",
        "a certificate of the path has ended",
        "renew it, or send the one that replaced it",
    ),
    explained(
        "not-yet-valid",
        "a certificate of the path is not valid yet",
        "wait for its first day, or see that the clocks are right",
    ),
    explained(
        "bad-signature",
        "the key of the issuer did not make the signature of a certificate that names it",
        "send the issuer that signed it: an authority may have several certificates of one name",
    ),
    explained(
        "unsupported-algorithm",
        "a signature is of a kind that nolapse cannot verify, which says nothing about whether it is right",
        "see what clients make of it; most verify no more kinds",
    ),
    explained(
        "algorithms-disagree",
        "a certificate names two different signature algorithms",
        "have it issued anew",
    ),
    explained(
        "not-ca",
        "a certificate issues another and is no authority",
        "send the certificate of the authority in its place",
    ),
    explained(
        "path-too-long",
        "an authority allows fewer authorities below it than the path has",
        "have the certificate issued by an authority higher up",
    ),
    explained(
        "key-usage",
        "the key usage of an authority does not let it sign certificates",
        "have the authority's certificate issued anew",
    ),
    explained(
        "extended-key-usage",
        "a certificate of the path may not be used for this purpose",
        "have it issued for TLS servers (serverAuth)",
    ),
    explained(
        "unknown-critical",
        "a certificate has a critical extension that nobody knows, and that therefore must not be passed over",
        "have it issued without the extension, or with it not critical",
    ),
    explained(
        "name-constraint",
        "an authority vouches for a name that its own constraints exclude",
        "have the certificate issued by an authority that may name it",
    ),
    explained(
        "precertificate",
        "a precertificate was served, which is only for the logs of Certificate Transparency",
        "serve the certificate that was issued for it",
    ),
    explained(
        "not-named",
        "the certificate does not name what was asked for",
        "have it issued with that name in its Subject Alternative Name",
    ),
    explained(
        "weak-key",
        "a key of the path is too weak",
        "make a new key, of RSA 2048 bits or P-256 at least",
    ),
    explained(
        "unsupported-curve",
        "a key is on an elliptic curve that no browser takes, such as secp256k1 or a brainpool one",
        "make a new key on P-256 and have the certificate issued anew with it",
    ),
    explained(
        "weak-signature",
        "a signature of the path stands on a hash that is broken",
        "have the certificate issued anew with SHA-256 or better",
    ),
    explained(
        "revoked",
        "the issuer took a certificate of the path back",
        "have it issued anew with a new key",
    ),
    explained(
        "revocation-unknown",
        "whether the issuer took a certificate back could not be found out, and that was asked for",
        "give its revocation list or OCSP answer",
    ),
    explained(
        "no-policy",
        "the path is valid for none of the policies that were asked for",
        "ask for a policy that the authority issues under",
    ),
    explained(
        "any-policy-mapped",
        "an authority maps anyPolicy, which no authority may",
        "have the authority's certificate issued anew",
    ),
    explained(
        "too-deep",
        "there are more authorities between leaf and anchor than were asked for",
        "ask for a deeper path, or take another chain",
    ),
    explained(
        "malformed",
        "a strict reader refuses the encoding of a certificate of the path",
        "have it issued anew; `nolapse inspect` says where it breaks",
    ),
    explained(
        "too-complex",
        "the chain offers more paths, signatures or names than will be looked at: it was made to cost work",
        "send the leaf and the intermediates between it and the root, nothing else",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_a_path_reason_is_explained() {
        let source = include_str!("../../../model/src/finding/path.rs");
        let words = source
            .split("impl PathReason {")
            .nth(1)
            .and_then(|rest| rest.split("\n}\n").next())
            .unwrap();
        let mut count = 0;
        for word in words
            .lines()
            .filter_map(|line| line.split_once("=> \""))
            .filter_map(|(_, rest)| rest.split('"').next())
        {
            count += 1;
            assert!(ALL.iter().any(|explained| explained.word == word), "{word}");
        }
        assert!(count >= 20, "{count}");
    }
}
