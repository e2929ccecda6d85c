//! One sentence for each reason.

use model::Severity;
use model::certificate::Oid;
use model::finding::{
    Budget, CipherWeakness, Distrust, KeyWeakness, PathReason, Purpose, Reason, Repair, Unknown,
};
use model::observation::{Failure, Stage};
use model::tls::alert_name;
use model::untrusted::Untrusted;

use super::evidence;
use super::flaw::flaw;
use super::issuance::issuance;
use super::unit::{
    algorithm, count, issuer, key, label, moment, name, no_store, oddity, short, short_escaped, span, stores,
};

/// What is wrong, and the evidence.
pub(super) fn sentence(reason: &Reason) -> String {
    dates(reason)
        .or_else(|| names(reason))
        .or_else(|| chain(reason))
        .or_else(|| certificate(reason))
        .or_else(|| timestamps(reason))
        .or_else(|| tls(reason))
        .or_else(|| evidence::evidence(reason))
        .unwrap_or_default()
}

/// What a client finds that fetches the missing issuer.
fn repair_words(repair: &Repair) -> String {
    let url = short(&repair.url);
    if repair.stores.is_empty() {
        return format!("; it is at {url} and does not help");
    }
    format!(
        "; browsers may repair this, curl and Java will not: {url} makes it trusted by {}",
        stores(&repair.stores)
    )
}

/// What to do, where the reason knows better than the rule.
pub(super) fn remedy(reason: &Reason, severity: Severity) -> Option<String> {
    let text = match reason {
        Reason::IssuerNotSent { certificate, .. } => {
            format!(
                "add the certificate of {} behind the leaf in the server's certificate file",
                issuer(certificate)
            )
        }
        Reason::NameMismatch {
            only_common_name: true,
            wanted,
            ..
        }
        | Reason::NoNames {
            only_common_name: true,
            wanted,
        } => {
            format!("issue the certificate anew with {wanted} in the Subject Alternative Name")
        }
        Reason::Refused { reason, .. } => return accepted(reason, severity),
        Reason::Stopped { stage, failure } => return unstop(*stage, failure),
        Reason::KeyUnverifiable { .. } => "nothing, unless clients have the same difficulty".to_owned(),
        Reason::IssuerEnded { needed: false, .. } => {
            "remove the ended certificate from the server's certificate file".to_owned()
        }
        _ => return evidence::remedy(reason),
    };
    Some(text)
}

/// What to do so that stores accept what they refuse for this reason.
fn accepted(reason: &PathReason, severity: Severity) -> Option<String> {
    let text = match reason {
        // No public store accepts it: most likely it is the authority of a house.
        PathReason::NotInStore { root } if severity == Severity::Critical => {
            format!(
                "give your root with `--trust-store NAME=FILE` if {} is an authority of your own; otherwise get a certificate \
                 that clients trust",
                name(root)
            )
        }
        PathReason::NotInStore { .. } => {
            "get a certificate that all of these clients trust, or send the cross-signed \
                                          certificate that leads to another root"
                .to_owned()
        }
        PathReason::IssuerNotSent { certificate } => {
            format!(
                "give your root with `--trust-store NAME=FILE` if {} is an authority of your own; otherwise send the issuer",
                issuer(certificate)
            )
        }
        PathReason::DistrustedAfter { root, .. } | PathReason::Removed { root, .. } => {
            format!(
                "get a certificate from another authority: clients no longer trust what {} issues",
                name(root)
            )
        }
        PathReason::TooComplex { .. } => {
            "send the leaf and the intermediates between it and the root, nothing else".to_owned()
        }
        _ => return None,
    };
    Some(text)
}

/// What to do about what stopped a look, where more is known than its rule says.
fn unstop(stage: Stage, failure: &Failure) -> Option<String> {
    let text = match (stage, failure) {
        (Stage::Resolve, Failure::TimedOut) => {
            "see that this machine's resolvers answer, or name another with --resolver ADDRESS"
        }
        (_, Failure::Authenticated { .. }) => {
            "let nobody be authenticated before TLS, or look at the port with implicit TLS"
        }
        // handshake_failure: the server found nothing among what was offered.
        (_, Failure::Alert { description: 40 }) => {
            "see that the server name is the right one, and that the server allows something of what was offered: TLS \
             1.0 to 1.3, every suite with a certificate, and in TLS 1.3 the groups X25519, P-256, P-384, P-521 and \
             X25519MLKEM768 (not X448, not finite fields)"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

fn dates(reason: &Reason) -> Option<String> {
    let text = match reason {
        Reason::Ended { not_after, ago } => format!("ended {} ago, {}", span(*ago), moment(*not_after)),
        Reason::NotYetValid { not_before, ahead } => {
            format!(
                "is not valid yet: begins in {}, {}",
                span(*ahead),
                moment(*not_before)
            )
        }
        Reason::Ending {
            not_after,
            left,
            lifetime,
            ..
        } => {
            format!(
                "ends in {} of {}, {}",
                span(*left),
                span(*lifetime),
                moment(*not_after)
            )
        }
        Reason::IssuerEnded {
            not_after,
            ago,
            needed,
        } => {
            let use_of_it = if *needed {
                "the chain needs it"
            } else {
                "the chain does without it"
            };
            format!("ended {} ago, {}; {use_of_it}", span(*ago), moment(*not_after))
        }
        _ => return None,
    };
    Some(text)
}

fn names(reason: &Reason) -> Option<String> {
    let text = match reason {
        Reason::NameMismatch {
            wanted,
            named,
            count,
            only_common_name,
        } => {
            let also = if *only_common_name {
                "; only its common name would match"
            } else {
                ""
            };
            format!("names {}, not {wanted}{also}", listed(named, *count))
        }
        Reason::NoNames {
            wanted,
            only_common_name: true,
        } => {
            format!("names nobody; only its common name is {wanted}, which clients ignore")
        }
        Reason::NoNames { wanted, .. } => format!("names nobody, so not {wanted}"),
        _ => return None,
    };
    Some(text)
}

/// A count of things.
fn number(things: usize) -> String {
    count(u64::try_from(things).unwrap_or(u64::MAX))
}

/// At most two names; the rest is a number.
fn listed(named: &[Untrusted], count: usize) -> String {
    let shown: Vec<String> = named.iter().take(2).map(short).collect();
    match (shown.as_slice(), count.saturating_sub(shown.len())) {
        ([], _) => "no name or address".to_owned(),
        (shown, 0) => shown.join(" and "),
        (shown, more) => format!("{} and {} more", shown.join(", "), number(more)),
    }
}

fn chain(reason: &Reason) -> Option<String> {
    let text = match reason {
        Reason::SelfSigned => "is signed by its own key, and no trust store holds it".to_owned(),
        Reason::IssuerNotSent {
            certificate,
            stores: refusing,
            repair,
        } => {
            let repaired = repair.as_ref().map_or_else(String::new, repair_words);
            format!(
                "its issuer {} is neither sent nor in {}{repaired}",
                issuer(certificate),
                no_store(refusing)
            )
        }
        Reason::Refused {
            stores: refusing,
            reason,
        } => format!("{} refuse: {}", stores(refusing), path(reason)).replacen(
            " refuse:",
            if refusing.len() == 1 {
                " refuses:"
            } else {
                " refuse:"
            },
            1,
        ),
        Reason::OutOfOrder { order } => {
            format!("the chain is out of order; in order it is {}", places(order))
        }
        Reason::Superfluous { places: superfluous } => {
            format!(
                "sent and needed by no path: certificates {} of the chain",
                places(superfluous)
            )
        }
        Reason::AnchorSent { store } => {
            format!(
                "the root is sent; {} has it already",
                stores(std::slice::from_ref(store))
            )
        }
        Reason::ChainTooLong { sent, limit } => {
            format!(
                "{} certificates are sent; clients look at no more than {limit}",
                number(*sent)
            )
        }
        _ => return None,
    };
    Some(text)
}

/// Places for people count from one; at most eight.
fn places(places: &[usize]) -> String {
    let shown: Vec<String> = places
        .iter()
        .take(8)
        .map(|place| place.saturating_add(1).to_string())
        .collect();
    let more = if places.len() > 8 { ", .." } else { "" };
    format!("{}{more}", shown.join(", "))
}

fn certificate(reason: &Reason) -> Option<String> {
    let text = match reason {
        Reason::WeakKey { kind, weakness } => match weakness {
            KeyWeakness::Short { bits, least } => format!(
                "weak key: {bits} bits, at least {least} are needed ({})",
                key(kind)
            ),
            KeyWeakness::Exponent => format!("weak key: {} with an exponent of 1 or an even one", key(kind)),
            KeyWeakness::Algorithm => format!("weak key: {}, which clients no longer accept", key(kind)),
            KeyWeakness::ExplicitCurve => "weak key: an elliptic curve with parameters of its own".to_owned(),
        },
        Reason::WeakSignature { algorithm: weak } => {
            format!("signed by {}, which is broken", algorithm(weak))
        }
        Reason::Giant { bytes, names } => {
            format!("{} KB large, with {} names", number(bytes / 1024), number(*names))
        }
        Reason::Malformed {
            kind,
            field,
            offset,
            count,
        } => {
            let more = match count.saturating_sub(1) {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            format!("malformed: {} in {field} (byte {offset}){more}", oddity(*kind))
        }
        Reason::Unparsable { kind, field, offset } => {
            format!("cannot be read: {} in {field} (byte {offset})", oddity(*kind))
        }
        Reason::NoServerAuth { usages } => {
            format!("may be used for {}, not for TLS servers", purposes(usages))
        }
        Reason::Flaw(found) => flaw(found),
        Reason::Unsent { certificate, reason } => {
            format!("{}, which is not sent: {}", label(certificate), sentence(reason))
        }
        Reason::CaAsLeaf => "is the certificate of an authority (CA:TRUE) and serves as a leaf".to_owned(),
        Reason::NoStaple => "demands a stapled OCSP answer, and none is sent".to_owned(),
        _ => return None,
    };
    Some(text)
}

fn timestamps(reason: &Reason) -> Option<String> {
    let text = match reason {
        Reason::NoScts { clients } => {
            format!(
                "no log has signed it (no SCT); {} refuse that",
                clients.join(" and ")
            )
        }
        Reason::TooFewScts {
            clients,
            sent,
            counted,
            needed,
        } => format!(
            "{counted} of {sent} SCTs count; {} ask for {needed} of distinct logs and two operators",
            clients.join(" and ")
        ),
        Reason::BadSct {
            log,
            at,
            future,
            count,
        } => {
            let what = match (future, at) {
                (true, Some(at)) => format!("is of the future, {}", moment(*at)),
                (true, None) => "is of a time beyond all calendars".to_owned(),
                (false, _) => "does not verify: it is not for this certificate and issuer".to_owned(),
            };
            let more = match count.saturating_sub(1) {
                0 => String::new(),
                more => format!(", and {more} more are bad"),
            };
            format!("the SCT of {log} {what}{more}")
        }
        Reason::UnknownLogs { count, sent } => {
            format!("{count} of {sent} SCTs are of logs that nolapse does not know")
        }
        _ => return None,
    };
    Some(text)
}

fn purposes(usages: &[Oid]) -> String {
    let words: Vec<&str> = usages
        .iter()
        .map(|usage| match usage.to_string().as_str() {
            "1.3.6.1.5.5.7.3.2" => "TLS clients",
            "1.3.6.1.5.5.7.3.3" => "code signing",
            "1.3.6.1.5.5.7.3.4" => "e-mail",
            "1.3.6.1.5.5.7.3.8" => "time stamping",
            "1.3.6.1.5.5.7.3.9" => "OCSP",
            "1.3.6.1.4.1.311.20.2.2" => "smart cards",
            _ => "another purpose",
        })
        .collect();
    if words.is_empty() {
        "nothing".to_owned()
    } else {
        words.join(", ")
    }
}

fn tls(reason: &Reason) -> Option<String> {
    let text = match reason {
        Reason::LegacyProtocol { version } => format!("negotiates {version} at best"),
        Reason::WeakCipher { cipher, weakness } => {
            let what = match weakness {
                CipherWeakness::Null => "no encryption",
                CipherWeakness::Anonymous => "no authentication",
                CipherWeakness::Export => "export-grade keys",
                CipherWeakness::Rc4 => "RC4",
                CipherWeakness::Des => "keys of 56 bits or fewer",
                CipherWeakness::TripleDes => "3DES",
            };
            format!("negotiates {cipher}: {what}")
        }
        Reason::SmallDh { bits } => format!("negotiates a Diffie-Hellman group of {bits} bits"),
        Reason::KeyNotProven { scheme } => {
            format!("the handshake's signature ({scheme}) does not verify: the server does not hold this key")
        }
        Reason::KeyUnverifiable { scheme } => {
            format!("the handshake's signature ({scheme}) cannot be verified by nolapse")
        }
        Reason::EarlyPlaintext { text } => format!("plaintext behind the go-ahead for TLS: {}", short(text)),
        Reason::NoCertificate { cipher } => format!("negotiates {cipher}, without any certificate"),
        Reason::Stopped { stage, failure } => stopped(*stage, failure),
        _ => return None,
    };
    Some(text)
}

fn stopped(stage: Stage, failure: &Failure) -> String {
    match failure {
        Failure::NameUnknown => "the name does not exist".to_owned(),
        Failure::NoAddress => "the name has neither A nor AAAA records".to_owned(),
        Failure::ResolverFailed { reason } => format!("no resolver gave an answer: {}", short(reason)),
        Failure::Refused => "the port refuses connections".to_owned(),
        Failure::NoRoute => "there is no route to the address".to_owned(),
        Failure::Local { reason } => format!(
            "this machine would not connect: {}",
            short(&Untrusted::new(reason.as_str()))
        ),
        Failure::TimedOut => format!("timed out in {}", stage.word()),
        Failure::Reset => format!("connection reset in {}", stage.word()),
        Failure::Closed => format!("connection closed in {}", stage.word()),
        Failure::NotOffered => "speaks the protocol and does not offer TLS".to_owned(),
        Failure::RefusedUpgrade { reply } => format!("offers TLS and refused to begin it: {}", short(reply)),
        Failure::TurnedAway { reply } => format!("turned this machine away: {}", short(reply)),
        Failure::Authenticated { reply } => {
            format!(
                "is authenticated from the start, where TLS cannot begin: {}",
                short(reply)
            )
        }
        Failure::WrongProtocol { saw, looks_like } => {
            another("does not speak the protocol", saw, *looks_like)
        }
        Failure::NotTls { saw, looks_like } => another("does not speak TLS", saw, *looks_like),
        Failure::Alert { description } => match alert_name(*description) {
            Some(alert) => format!("refused with the alert {alert}"),
            None => format!("refused with alert {description}"),
        },
        Failure::Malformed { what } => format!("breaks the rules of TLS: {what}"),
        Failure::TooMuch { what, limit } => format!("sent more than the limit of {what} ({})", count(*limit)),
        Failure::Anonymous { cipher } => format!("negotiates {cipher}, without any certificate"),
        Failure::Internal { reason } => format!("nolapse broke: {}", short(&Untrusted::new(reason.as_str()))),
    }
}

fn another(what: &str, saw: &Untrusted, looks_like: Option<&'static str>) -> String {
    match looks_like {
        Some(protocol) => format!("{what}; it looks like {protocol}"),
        None if saw.raw().is_empty() => what.to_owned(),
        None => format!("{what}; it said {}", short(saw)),
    }
}

/// Why a store refuses a path.
pub(super) fn path(reason: &PathReason) -> String {
    path_link(reason)
        .or_else(|| path_root(reason))
        .or_else(|| path_step(reason))
        .or_else(|| path_inquiry(reason))
        .unwrap_or_else(|| reason.word().to_owned())
}

/// What is wrong between certificates, or with the path as a whole.
fn path_link(reason: &PathReason) -> Option<String> {
    let text = match reason {
        PathReason::SelfSigned { .. } => "the leaf is signed by its own key".to_owned(),
        PathReason::IssuerNotSent { certificate } => {
            format!("the issuer {} was not sent", issuer(certificate))
        }
        PathReason::NotInStore { root } => format!("root {} is not in the store", label(root)),
        PathReason::BadSignature { certificate, issuer } if certificate == issuer => {
            format!(
                "{} calls itself its issuer and was not signed by its own key",
                label(certificate)
            )
        }
        PathReason::BadSignature { certificate, issuer } => {
            format!("{} was not signed by {}", label(certificate), label(issuer))
        }
        PathReason::UnsupportedAlgorithm { certificate } => {
            let by = algorithm(&certificate.facts().signature_algorithm);
            format!(
                "{} is signed by {by}, which cannot be verified",
                label(certificate)
            )
        }
        PathReason::PathTooLong { certificate, allowed } => {
            format!(
                "{} allows {allowed} authorities below it, and there are more",
                label(certificate)
            )
        }
        PathReason::NameConstraint { issuer, name, .. } => {
            // It may be a directory name.
            format!("{} may not vouch for {}", label(issuer), short_escaped(name))
        }
        PathReason::TooComplex { budget } => match budget {
            Budget::Edges => "too many possible paths".to_owned(),
            Budget::Signatures => "too many signatures to check".to_owned(),
            Budget::NameComparisons => "too many names and name constraints to compare".to_owned(),
        },
        _ => return None,
    };
    Some(text)
}

/// What the store has against its root.
fn path_root(reason: &PathReason) -> Option<String> {
    let text = match reason {
        PathReason::DistrustedAfter { root, since, by, at } => {
            let (how, what) = match by {
                Distrust::NotBefore => ("issued", "this leaf is of"),
                Distrust::Sct => ("seen by a log", "this leaf was first seen"),
            };
            let found = match at {
                Some(at) => format!("{what} {}", moment(*at)),
                None => "this leaf does not say when it was".to_owned(),
            };
            format!(
                "below root {} it trusts only what was {how} by {}; {found}",
                label(root),
                moment(*since)
            )
        }
        PathReason::Removed { root, since } => {
            format!(
                "root {} is not in the store any more, since {} at the latest",
                label(root),
                moment(*since)
            )
        }
        _ => return None,
    };
    Some(text)
}

/// What is wrong with one certificate of the path.
fn path_step(reason: &PathReason) -> Option<String> {
    let name = label(reason.certificate()?);
    let text = match reason {
        PathReason::Unparsable { .. } => format!("{name} cannot be read"),
        PathReason::Expired { not_after, .. } => format!("{name} ended on {}", moment(*not_after)),
        PathReason::NotYetValid { not_before, .. } => {
            format!("{name} is valid only from {}", moment(*not_before))
        }
        PathReason::AlgorithmsDisagree { .. } => format!("{name} names two signature algorithms"),
        PathReason::NotCa { .. } => format!("{name} issues and is no authority"),
        PathReason::KeyUsage { .. } => format!("{name} may not sign certificates"),
        PathReason::ExtendedKeyUsage { purpose, .. } => match purpose {
            Purpose::Server => format!("{name} is not for TLS servers"),
            Purpose::Client => format!("{name} is not for TLS clients"),
        },
        PathReason::UnknownCritical { extension, .. } => {
            let oid = short(&Untrusted::new(extension.to_string()));
            format!("{name} has a critical extension that nobody knows, {oid}")
        }
        PathReason::Precertificate { .. } => format!("{name} is a precertificate"),
        PathReason::NotNamed { wanted, .. } => {
            format!(
                "{name} does not name {}",
                short(&Untrusted::new(wanted.to_string()))
            )
        }
        PathReason::WeakKey { certificate, .. } => {
            format!(
                "{name} has a weak key ({})",
                key(&certificate.facts().public_key.kind)
            )
        }
        PathReason::UnsupportedCurve { certificate } => {
            let kind = key(&certificate.facts().public_key.kind);
            format!("{name} has a key that no browser takes ({kind})")
        }
        PathReason::WeakSignature { certificate } => {
            let by = algorithm(&certificate.facts().signature_algorithm);
            format!("{name} is signed by {by}, which is broken")
        }
        PathReason::Violation { rule, .. } => format!("{name} {}", issuance(*rule)),
        PathReason::Malformed { kind, field, .. } => {
            format!("{name} is malformed: {} in {field}", oddity(*kind))
        }
        _ => return None,
    };
    Some(text)
}

/// What was asked beside the path itself: revocation, policies, depth.
fn path_inquiry(reason: &PathReason) -> Option<String> {
    let name = label(reason.certificate()?);
    let text = match reason {
        PathReason::Revoked { at, reason, .. } => {
            let since = at.map_or_else(String::new, |at| format!(" on {}", moment(at)));
            let why = reason.map_or_else(String::new, |reason| format!(" ({})", reason.word()));
            format!("{name} was revoked{since}{why}")
        }
        PathReason::StandingUnknown { why, .. } => {
            format!("whether {name} is revoked is not known: {}", unknown(*why))
        }
        PathReason::NoPolicy { .. } => format!("from {name} on no required policy is left"),
        PathReason::AnyPolicyMapped { .. } => format!("{name} maps policies from or to any policy"),
        PathReason::TooDeep { allowed, .. } => {
            format!("more authorities than {allowed} stand between {name} and the root")
        }
        _ => return None,
    };
    Some(text)
}

/// Why a standing is not known.
pub fn unknown(why: Unknown) -> String {
    let text = match why {
        Unknown::NothingCovers => "nothing at hand covers it",
        Unknown::NoSigner => "nobody who may have signed is known",
        Unknown::UnsupportedAlgorithm => "signed in a way that cannot be verified",
        Unknown::BadSignature => "the signature does not verify",
        Unknown::Malformed => "malformed",
        Unknown::NotUnderstood => "a critical extension that nobody knows",
        Unknown::NotYet { this_update } => return format!("in force only from {}", moment(this_update)),
        Unknown::Stale { next_update } => return format!("out of date since {}", moment(next_update)),
        Unknown::SomeReasons => "only some reasons for revocation are covered",
        Unknown::TooComplex => "too much to look at",
    };
    text.to_owned()
}

#[cfg(test)]
mod tests;
