//! By which domains public authorities are named in CAA records (RFC 8659 section 4.2).
//!
//! An issuer's name comes in, the domains that it recognises go out. Facts of the authorities' own practice statements
//! and of the list of recognised domains that CCADB keeps, read in November 2026. An authority that is not in the list is
//! not judged.

use model::certificate::DistinguishedName;

/// The beginning of an organisation's name, in lower case, and its domains.
const DOMAINS: &[(&str, &[&str])] = &[
    ("let's encrypt", &["letsencrypt.org"]),
    ("internet security research group", &["letsencrypt.org"]),
    (
        "digicert",
        &[
            "digicert.com",
            "www.digicert.com",
            "symantec.com",
            "thawte.com",
            "geotrust.com",
            "rapidssl.com",
        ],
    ),
    ("google trust services", &["pki.goog", "google.com"]),
    (
        "sectigo",
        &[
            "sectigo.com",
            "comodoca.com",
            "comodo.com",
            "usertrust.com",
            "trust-provider.com",
        ],
    ),
    ("zerossl", &["sectigo.com", "comodoca.com", "trust-provider.com"]),
    ("globalsign", &["globalsign.com"]),
    (
        "amazon",
        &["amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"],
    ),
    ("godaddy", &["godaddy.com", "starfieldtech.com"]),
    ("starfield technologies", &["starfieldtech.com", "godaddy.com"]),
    ("entrust", &["entrust.net", "affirmtrust.com"]),
    ("ssl corporation", &["ssl.com"]),
    ("ssl corp", &["ssl.com"]),
    ("identrust", &["identrust.com"]),
    ("buypass", &["buypass.com", "buypass.no"]),
    ("actalis", &["actalis.it"]),
    ("certigna", &["certigna.fr"]),
    ("harica", &["harica.gr"]),
    ("hellenic academic and research institutions", &["harica.gr"]),
    ("swisssign", &["swisssign.com", "swisssign.net"]),
    ("d-trust", &["d-trust.net", "dtrust.de"]),
    ("quovadis", &["quovadisglobal.com", "digicert.com"]),
];

/// The domains by which CAA records may name the authority of this name; `None` when they are not known here.
pub(crate) fn caa_domains(issuer: &DistinguishedName) -> Option<&'static [&'static str]> {
    let organization = issuer.organization.as_ref()?.raw().to_lowercase();
    let mut known = DOMAINS.iter();
    known
        .find(|(beginning, _)| organization.starts_with(beginning))
        .map(|(_, domains)| *domains)
}
