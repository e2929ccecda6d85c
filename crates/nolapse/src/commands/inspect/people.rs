//! The contents of a source as text for people. Everything that a stranger wrote is escaped before it is laid out.

use std::fmt::Write as _;

use assess::words::{moment, span};
use jiff::Timestamp;
use model::certificate::{Certificate, DistinguishedName, Facts, GeneralName, OddityKind, SigningRequest};
use model::certificate::{NameConstraints, Oddity, Oid};
use model::revocation::{BasicAnswer, CertificateStatus, Crl, OcspAnswer, ResponderId, RevocationReason};
use model::sct::{SctOrigin, parse_list};
use model::{Fingerprint, Untrusted, limits, untrusted};

use super::contents::{Contents, Item, Thing};
use super::{stamps, words};
use crate::terminal::Style;
use crate::{names, text};

/// Columns of the labels on the left.
const LABEL: usize = 16;
/// Lines of one field; a field that needs more is cut and says so.
const LINES: usize = 60;
/// Entries of a CRL that are shown; their number is always said.
const ENTRIES: usize = 10;

/// The text about one source.
pub(super) fn report(source: &str, contents: &Contents, now: Timestamp, style: Style) -> String {
    let mut page = Page {
        out: String::new(),
        style,
        now,
        certificates: stamps::certificates(contents),
    };
    let title = untrusted::shown(source);
    let aside = format!("{}, {}", contents.wrapping.word(), summary(contents));
    let room = style.width.saturating_sub(text::width(&aside) + 4);
    let _ = writeln!(
        page.out,
        "{}    {aside}",
        style.strong(&text::cut_middle(&title, room, style.mark()))
    );
    for remark in &contents.remarks {
        page.field("Seen", remark);
    }
    for problem in &contents.problems {
        page.field("! not read", problem);
    }
    for (place, item) in contents.items.iter().enumerate() {
        page.item(place + 1, item);
    }
    page.out
}

/// `3 certificates, 1 private key`.
fn summary(contents: &Contents) -> String {
    let nouns = [
        "certificate",
        "request",
        "CRL",
        "OCSP answer",
        "private key",
        "other block",
    ];
    let kind = |item: &Item| match item.thing {
        Thing::Certificate(_) => "certificate",
        Thing::Request(_) => "request",
        Thing::Crl { .. } => "CRL",
        Thing::Ocsp { .. } => "OCSP answer",
        Thing::PrivateKey { .. } => "private key",
        Thing::Other { .. } => "other block",
    };
    let count = |noun: &str| contents.items.iter().filter(|item| kind(item) == noun).count();
    let parts: Vec<String> = nouns
        .into_iter()
        .map(|noun| (noun, count(noun)))
        .filter(|(_, count)| *count > 0)
        .map(|(noun, count)| text::counted(u64::try_from(count).unwrap_or(u64::MAX), noun))
        .collect();
    if parts.is_empty() {
        "nothing in it".to_owned()
    } else {
        parts.join(", ")
    }
}

struct Page<'a> {
    out: String,
    style: Style,
    now: Timestamp,
    /// The certificates of the source.
    certificates: Vec<&'a Certificate>,
}

impl Page<'_> {
    /// A label and safe text, wrapped below itself; nothing when there is no text.
    fn field(&mut self, label: &str, words: &str) {
        if words.is_empty() {
            return;
        }
        let columns = self.style.width.saturating_sub(LABEL + 3);
        let words = &breakable(words, columns);
        for (number, line) in text::wrap(words, columns, LINES, self.style.mark())
            .iter()
            .enumerate()
        {
            let label = text::pad(if number == 0 { label } else { "" }, LABEL);
            let _ = writeln!(self.out, "   {}{line}", self.style.dim(&label));
        }
    }

    fn title(&mut self, place: usize, what: &str, item: &Item) {
        let mut aside = String::new();
        if let Some(label) = &item.label {
            let _ = write!(aside, "   `{}`", label.shown());
        }
        if let Some(line) = item.line {
            let _ = write!(aside, "   line {line}");
        }
        let aside = text::cut_middle(&aside, self.style.width.saturating_sub(30), self.style.mark());
        let _ = writeln!(
            self.out,
            "\n{place}  {}{}",
            self.style.strong(what),
            self.style.dim(&aside)
        );
    }

    fn item(&mut self, place: usize, item: &Item) {
        match &item.thing {
            Thing::Certificate(certificate) => {
                self.title(place, "Certificate", item);
                self.certificate(certificate);
            }
            Thing::Request(request) => {
                self.title(place, "Certificate signing request", item);
                self.request(request);
            }
            Thing::Crl { crl, der } => {
                self.title(place, "Certificate revocation list", item);
                self.crl(crl, der);
            }
            Thing::Ocsp { answer, der } => {
                self.title(place, "OCSP answer", item);
                self.ocsp(answer, der.len());
            }
            Thing::PrivateKey { kind } => {
                self.title(place, "Private key", item);
                self.field("Kind", kind);
                self.field("Content", "not shown");
            }
            Thing::Other { kind } => {
                self.title(place, "Something else", item);
                self.field("Kind", kind);
            }
        }
    }

    fn certificate(&mut self, certificate: &Certificate) {
        let facts = certificate.facts();
        self.field("Subject", &name(&facts.subject));
        self.field("Issuer", &name(&facts.issuer));
        if facts.self_issued() && !facts.subject.raw_bytes.is_empty() {
            self.field("", "the same as its subject");
        }
        self.field("Serial", &words::serial(&facts.serial));
        self.validity(facts);
        self.asked_for(facts);
        self.field(
            "Key id",
            &facts
                .subject_key_id
                .as_deref()
                .map(words::serial)
                .unwrap_or_default(),
        );
        self.field(
            "Issuer's key id",
            &facts
                .authority_key_id
                .as_deref()
                .map(words::serial)
                .unwrap_or_default(),
        );
        self.field("OCSP", &list(&facts.ocsp_urls));
        self.field("Issuer at", &list(&facts.issuer_urls));
        self.field("CRL at", &list(&facts.crl_urls));
        self.field("Policies", &oids(&facts.policies));
        self.scts(certificate);
        if facts.must_staple {
            self.field(
                "Must staple",
                "yes: the server must staple an OCSP answer (RFC 7633)",
            );
        }
        if facts.precertificate {
            self.field(
                "Precertificate",
                "yes: made for CT logs, never to be served (RFC 6962)",
            );
        }
        self.extensions(facts);
        self.field("Signature", &signature(facts));
        self.field("SHA-256", &certificate.fingerprint().to_string());
        self.key_fingerprint(certificate.der(), facts);
        self.field("Size", &bytes(certificate.der().len()));
        self.oddities(&facts.oddities);
    }

    fn request(&mut self, request: &SigningRequest) {
        let facts = request.facts();
        self.field("Subject", &name(&facts.subject));
        self.asked_for(facts);
        if facts.must_staple {
            self.field("Must staple", "yes (RFC 7633)");
        }
        self.extensions(facts);
        self.field("Signature", &names::signature(&facts.signature_algorithm));
        self.key_fingerprint(request.der(), facts);
        self.oddities(&facts.oddities);
    }

    fn validity(&mut self, facts: &Facts) {
        let read = |at: Option<Timestamp>| at.map_or_else(|| "not read".to_owned(), moment);
        let mut words = format!("{} to {}", read(facts.not_before), read(facts.not_after));
        if let Some(end) = facts.not_after {
            let left = text::days_left(end, self.now).unsigned_abs();
            let _ = match facts.not_before.filter(|begin| *begin > self.now) {
                Some(begin) => write!(words, ", begins in {}", span(until(self.now, begin))),
                None if end < self.now => write!(words, ", ended {} ago", span(until(end, self.now))),
                None => write!(words, ", {} d left", text::count(left)),
            };
        }
        self.field("Valid", &words);
    }

    /// What certificates and requests have in common.
    fn asked_for(&mut self, facts: &Facts) {
        let shown: Vec<String> = facts
            .subject_alt_names
            .iter()
            .flatten()
            .take(limits::NAMES_SHOWN)
            .map(general_name)
            .collect();
        if facts.subject_alt_names.is_some() {
            let left = facts.subject_alt_name_count.saturating_sub(shown.len());
            let more = if left > 0 {
                format!(" and {} more", text::number(left))
            } else {
                String::new()
            };
            self.field(
                "Names",
                &format!(
                    "{}: {}{more}",
                    text::number(facts.subject_alt_name_count),
                    shown.join(", ")
                ),
            );
        }
        self.field("Key", &names::key(&facts.public_key.kind));
        if let Some(constraints) = facts.basic_constraints {
            let length = constraints.path_length.map(|length| {
                format!(
                    ", at most {} below it",
                    text::counted(length.into(), "CA certificate")
                )
            });
            let ca = if constraints.ca { "yes" } else { "no" };
            self.field("CA", &format!("{ca}{}", length.unwrap_or_default()));
        }
        if let Some(usage) = facts.key_usage {
            self.field("Key usage", &words::key_usages(usage).join(", "));
        }
        if let Some(usages) = &facts.extended_key_usages {
            self.field("Used for", &oids(usages));
        }
        if let Some(NameConstraints { permitted, excluded }) = &facts.name_constraints {
            self.field("Only names in", &subtrees(permitted));
            self.field("No names in", &subtrees(excluded));
        }
    }

    fn scts(&mut self, certificate: &Certificate) {
        let Some(range) = certificate.facts().embedded_scts.clone() else {
            return;
        };
        let bytes = certificate.der().get(range).unwrap_or_default();
        let read = parse_list(bytes, SctOrigin::Certificate);
        if read.scts.is_empty() && read.flaw.is_none() {
            return;
        }
        let known = crate::commands::trust_stores::installed::collection();
        let verified = stamps::examine(
            certificate,
            &self.certificates,
            &read.scts,
            known.logs(),
            self.now,
        );
        for (sct, outcome) in read.scts.iter().zip(verified) {
            let at = sct.timestamp.map(moment).unwrap_or_default();
            let log = match known.logs().find(&sct.log_id) {
                Some(log) => untrusted::shown(&log.name),
                None => format!("log {}", hex::encode(sct.log_id)),
            };
            self.field("SCT", &format!("{at} by {log}, {}", stamps::words(&outcome)));
        }
        self.field(
            "SCT",
            &read.flaw.map(|flaw| format!("! {flaw}")).unwrap_or_default(),
        );
    }

    fn extensions(&mut self, facts: &Facts) {
        let words: Vec<String> = facts
            .extensions
            .iter()
            .map(|extension| {
                let critical = if extension.critical { " (critical)" } else { "" };
                format!("{}{critical}", words::oid(&extension.oid))
            })
            .collect();
        self.field("Extensions", &words.join(", "));
    }

    fn key_fingerprint(&mut self, der: &[u8], facts: &Facts) {
        let spki = der
            .get(facts.public_key.spki.clone())
            .filter(|spki| !spki.is_empty());
        self.field(
            "SHA-256 of key",
            &spki
                .map(|spki| Fingerprint::of(spki).to_string())
                .unwrap_or_default(),
        );
    }

    fn oddities(&mut self, oddities: &[Oddity]) {
        for oddity in oddities {
            self.field(
                "! Odd",
                &format!("byte {}, {}: {}", oddity.offset, oddity.field, odd(oddity.kind)),
            );
        }
        if oddities.len() == limits::ODDITIES {
            self.field("", "and perhaps more");
        }
    }

    fn crl(&mut self, crl: &Crl, der: &[u8]) {
        self.field("Issuer", &name(&crl.issuer));
        self.field("Issued", &crl.this_update.map(moment).unwrap_or_default());
        if let Some(next) = crl.next_update {
            let late = if next < self.now { ", which is over" } else { "" };
            self.field("Next", &format!("{}{late}", moment(next)));
        }
        self.field(
            "Number",
            &crl.number.as_deref().map(words::serial).unwrap_or_default(),
        );
        self.field(
            "Issuer's key id",
            &crl.authority_key_id
                .as_deref()
                .map(words::serial)
                .unwrap_or_default(),
        );
        if crl.delta {
            self.field("Delta", "yes: only what changed since another list");
        }
        self.field("Signature", &names::signature(&crl.signature_algorithm));
        self.field("Size", &bytes(der.len()));
        let count = crl.entries(der).filter(Result::is_ok).count();
        self.field(
            "Revoked",
            &text::counted(u64::try_from(count).unwrap_or(u64::MAX), "certificate"),
        );
        for entry in crl.entries(der).flatten().take(ENTRIES) {
            let at = entry.revoked_at.map(moment).unwrap_or_default();
            let reason = entry
                .reason
                .map(|reason| format!(", {}", reason.word()))
                .unwrap_or_default();
            self.field("", &format!("{} on {at}{reason}", words::serial(entry.serial)));
        }
        if count > ENTRIES {
            let left = u64::try_from(count - ENTRIES).unwrap_or(u64::MAX);
            self.field("", &format!("and {} more", text::count(left)));
        }
        if let Some(error) = crl.entries(der).find_map(Result::err) {
            self.field(
                "! Odd",
                &format!("byte {}, entry {}: {}", error.offset, count + 1, odd(error.kind)),
            );
        }
        self.oddities(&crl.oddities);
    }

    fn ocsp(&mut self, answer: &OcspAnswer, size: usize) {
        self.field("Status", answer.status.word());
        if let Some(basic) = &answer.basic {
            self.basic(basic);
        }
        self.field("Size", &bytes(size));
        self.oddities(&answer.oddities);
    }

    fn basic(&mut self, basic: &BasicAnswer) {
        let responder = match &basic.responder {
            ResponderId::Name(responder) => name(responder),
            ResponderId::KeyHash(hash) => format!("key {}", words::serial(hash)),
            ResponderId::Unread => String::new(),
        };
        self.field("Responder", &responder);
        self.field("Produced", &basic.produced_at.map(moment).unwrap_or_default());
        for single in &basic.answers {
            self.field(
                "Certificate",
                &format!(
                    "serial {}: {}",
                    words::serial(&single.serial),
                    status(single.status)
                ),
            );
            let next = single.next_update.map(|next| {
                let late = if next < self.now { ", which is over" } else { "" };
                format!(", next {}{late}", moment(next))
            });
            let this = single.this_update.map(moment).unwrap_or_default();
            self.field("", &format!("as of {this}{}", next.unwrap_or_default()));
        }
        if basic.nonce {
            self.field("Nonce", "yes");
        }
        self.field("Signature", &names::signature(&basic.signature_algorithm));
        let count = u64::try_from(basic.certificates.len()).unwrap_or(u64::MAX);
        self.field("With it", &text::counted(count, "certificate"));
    }
}

/// With spaces in digits that are too long for a line: unlike names, they must not be cut.
fn breakable(words: &str, columns: usize) -> String {
    let is_digits = |word: &str| word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':');
    // A multiple of six breaks behind a whole octet, with and without colons.
    let chunk = (columns / 6 * 6).max(6);
    let mut out = String::with_capacity(words.len());
    for word in words.split(' ') {
        if word.len() <= columns || !is_digits(word) {
            out.push_str(word);
            out.push(' ');
            continue;
        }
        for (place, digit) in word.chars().enumerate() {
            if place > 0 && place % chunk == 0 {
                out.push(' ');
            }
            out.push(digit);
        }
        out.push(' ');
    }
    out
}

fn until(from: Timestamp, to: Timestamp) -> std::time::Duration {
    std::time::Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

fn name(name: &DistinguishedName) -> String {
    if name.raw_bytes.is_empty() {
        return "not read".to_owned();
    }
    if name.text.raw().is_empty() {
        "(empty)".to_owned()
    } else {
        untrusted::shown_escaped(name.text.raw())
    }
}

fn general_name(name: &GeneralName) -> String {
    names::shown(name, &names::general(name))
}

fn subtrees(list: &[GeneralName]) -> String {
    let shown = list.iter().take(limits::NAMES_SHOWN);
    let shown: Vec<String> = shown
        .map(|name| names::shown(name, &words::subtree(name)))
        .collect();
    let left = list.len().saturating_sub(shown.len());
    if left > 0 {
        format!("{} and {} more", shown.join(", "), text::number(left))
    } else {
        shown.join(", ")
    }
}

fn list(texts: &[Untrusted]) -> String {
    texts.iter().map(Untrusted::shown).collect::<Vec<_>>().join(" ")
}

fn oids(list: &[Oid]) -> String {
    list.iter().map(words::oid).collect::<Vec<_>>().join(", ")
}

fn signature(facts: &Facts) -> String {
    let differ = if facts.signature_algorithms_agree {
        ""
    } else {
        " (inside it another one is named)"
    };
    format!("{}{differ}", names::signature(&facts.signature_algorithm))
}

fn bytes(count: usize) -> String {
    text::counted(u64::try_from(count).unwrap_or(u64::MAX), "byte")
}

fn status(status: CertificateStatus) -> String {
    match status {
        CertificateStatus::Good => "good".to_owned(),
        CertificateStatus::Unknown => "unknown".to_owned(),
        CertificateStatus::Revoked { at, reason } => {
            let at = at.map(|at| format!(" on {}", moment(at))).unwrap_or_default();
            let reason = reason
                .map(RevocationReason::word)
                .map(|word| format!(", {word}"))
                .unwrap_or_default();
            format!("REVOKED{at}{reason}")
        }
    }
}

/// What an oddity means.
const fn odd(kind: OddityKind) -> &'static str {
    match kind {
        OddityKind::Truncated => "a value reaches past the end of what holds it",
        OddityKind::TrailingBytes => "bytes stand behind the value",
        OddityKind::UnexpectedTag => "another type than the one that must stand here",
        OddityKind::NonMinimalLength => "a length in more bytes than needed",
        OddityKind::NonMinimalInteger => "a number with needless leading bytes, or without any",
        OddityKind::NonCanonicalBoolean => "a truth value or default that is not written as DER has it",
        OddityKind::BadBitString => "unused bits that are impossible, or not zero",
        OddityKind::BadOid => "an object identifier that is empty, unfinished or padded",
        OddityKind::BadText => "text that is not of its declared kind",
        OddityKind::BadTime => "a time that does not exist, or in a form that RFC 5280 forbids",
        OddityKind::UnusualTime => "a GeneralizedTime before 2050, which RFC 5280 forbids to write",
        OddityKind::BadAddress => "an address of an impossible length",
        OddityKind::DuplicateExtension => "the same extension for the second time",
        OddityKind::TooManyNames => "more names than are read",
        OddityKind::TooManyEntries => "more entries than are read",
        OddityKind::TooDeep => "nested deeper than is followed",
        OddityKind::BadKey => "a key whose inner structure does not fit",
        OddityKind::NotACertificate => "not a certificate at all",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_digits_are_broken_and_not_cut() {
        let digest = "0123456789abcdef".repeat(4);
        let broken = breakable(&format!("sha256 {digest}"), 40);
        assert!(broken.split(' ').all(|word| word.len() <= 40));
        assert_eq!(broken.replace(' ', ""), format!("sha256{digest}"));
        assert_eq!(breakable(&"x".repeat(90), 40).trim_end(), "x".repeat(90));
    }
}
