//! Every class of difference, and why it is there.

/// A class: what we say first, what they say, and why.
pub(crate) struct Explained {
    pub(crate) ours: &'static str,
    pub(crate) theirs: &'static str,
    pub(crate) why: &'static str,
}

const fn class(ours: &'static str, theirs: &'static str, why: &'static str) -> Explained {
    Explained { ours, theirs, why }
}

/// Of rustls-webpki 0.103, which knows anchors by name, key and constraints alone.
pub(crate) const WEBPKI: &[Explained] = &[
    class(
        "accepted",
        "CaUsedAsEndEntity",
        "webpki takes no authority for a leaf; RFC 5280 does, and a scan says `ca-as-leaf`",
    ),
    class(
        "accepted",
        "RequiredEkuNotFoundContext",
        "webpki does not let anyExtendedKeyUsage stand for serverAuth; browsers let it stand in authorities",
    ),
    class(
        "accepted",
        "InvalidSignatureForPublicKey",
        "webpki counts and confines authorities issued by their own name, and takes no RSA key of 1024 bits as an anchor; \
              it then says what it found at the other candidates",
    ),
    class(
        "accepted",
        "NameConstraintViolation",
        "webpki does not compare directory names and refuses whatever is confined by them",
    ),
    class("expired", "accepted", "an anchor of webpki has no validity"),
    class("key-usage", "accepted", "webpki does not look at the key usage"),
    class(
        "not-ca",
        "accepted",
        "an anchor of webpki is not asked whether it is an authority",
    ),
    class(
        "unknown-critical",
        "accepted",
        "webpki does not read the extensions of anchors",
    ),
    class(
        "malformed",
        "accepted",
        "webpki does not read the extensions that it does not need",
    ),
    class(
        "weak-key",
        "accepted",
        "webpki does not look at the key of the leaf",
    ),
];

/// Of OpenSSL 3, asked with `-partial_chain`; its words are the numbers of `X509_V_ERR_`.
pub(crate) const OPENSSL: &[Explained] = &[
    class(
        "accepted",
        "10",
        "OpenSSL counts the last second of a validity as over; RFC 5280 includes it",
    ),
    class(
        "accepted",
        "20",
        "OpenSSL follows one way up and does not turn back when it ends",
    ),
    class(
        "accepted",
        "48",
        "OpenSSL does not look for another way when names are forbidden on the first, and confines a common name where no \
         DNS name stands beside it",
    ),
    class(
        "accepted",
        "26",
        "OpenSSL demands a key usage for the handshake of the leaf, which an authority as a leaf lacks, and does not let \
         anyExtendedKeyUsage stand for serverAuth",
    ),
    class(
        "malformed",
        "accepted",
        "OpenSSL does not read the extensions that it does not need",
    ),
    class(
        "name-constraint",
        "accepted",
        "OpenSSL holds neither wildcards nor nonsense against constraints as what they stand for (CVE-2025-61727)",
    ),
    class(
        "not-ca",
        "accepted",
        "OpenSSL, asked with `-partial_chain`, does not ask an anchor whether it is an authority",
    ),
    class(
        "not-named",
        "accepted",
        "OpenSSL matches wildcards within a label, and the common name where there is no alternative name",
    ),
    class(
        "unsupported-algorithm",
        "accepted",
        "OpenSSL verifies DSA and P-192",
    ),
    class(
        "weak-key",
        "accepted",
        "OpenSSL takes P-192, DSA and RSA of 1024 bits at its default level",
    ),
];
