//! One target in detail: its addresses, the certificates it serves, what stores say, what TLS was agreed on.

use std::fmt::Write as _;
use std::time::Duration;

use assess::ct::{SctOutcome, SctVerdict};
use assess::revocation::{CertificateRevocation, Said};
use assess::{SignatureMemory, StoreVerdict, Trust, path, words};
use jiff::Timestamp;
use model::certificate::{Certificate, GeneralName};
use model::evidence::{Caa, FetchedIssuer};
use model::observation::{ClientCertificate, Handshake, Outcome, Proof};
use model::{StartTls, limits, untrusted};

use crate::failure;
use crate::names;
use crate::report::table::Detail;
use crate::terminal::Style;
use crate::text;
use engine::look::Look;

/// Lines of what third parties said of one certificate: six sources of two lines each in a narrow terminal.
const EVIDENCE_LINES: usize = 24;

/// Signatures of one target's chains.
const SIGNATURES: usize = 1_024;

/// Columns of the labels on the left: `  Certificate   `.
const LABEL: usize = 16;

/// `shop.example.com    2 addresses, port 443`.
pub(crate) fn head(style: Style, looks: &[Look], first: &Look) -> String {
    let service = &first.observation.service;
    let name = untrusted::shown(&match &service.identity {
        model::Identity::Name(name) => shown_name(name),
        model::Identity::Address(address) => address.to_string(),
    });
    let addresses = looks
        .iter()
        .filter(|look| look.observation.address.is_some())
        .count();
    let mut aside = match (addresses, &service.identity) {
        (0, _) => "no address, ".to_owned(),
        (_, model::Identity::Address(_)) => String::new(),
        (1, _) => "1 address, ".to_owned(),
        (many, _) => format!("{many} addresses, "),
    };
    let _ = write!(aside, "port {}", service.port);
    if service.starttls != StartTls::None {
        let _ = write!(aside, ", {}", service.starttls);
    }
    let room = style.width.saturating_sub(text::width(&aside) + 4);
    let name = text::cut_middle(&name, room, style.mark());
    format!("{}    {aside}\n", style.strong(&name))
}

/// An internationalised name in both its forms, since the one a person reads can be made to look like another.
fn shown_name(name: &model::Name) -> String {
    let unicode = name.unicode();
    if unicode == name.as_str() {
        unicode
    } else {
        format!("{unicode} ({name})")
    }
}

/// The lines below the findings.
pub(crate) fn body(style: Style, detail: Detail, looks: &[Look]) -> String {
    let mut body = Body {
        style,
        detail,
        out: String::new(),
    };
    let mut served: Vec<&Handshake> = Vec::new();
    for handshake in looks.iter().flat_map(handshakes) {
        let same = |known: &&Handshake| match detail {
            Detail::Usual => known.chain.first() == handshake.chain.first(),
            Detail::More => known.chain == handshake.chain,
        };
        if !served.iter().any(same) {
            served.push(handshake);
        }
    }
    for handshake in &served {
        body.certificates(handshake, looks.first());
    }
    body.trust(looks);
    body.revocation(looks);
    body.asked(looks);
    let mut agreed: Vec<(String, &Look)> = Vec::new();
    for look in looks {
        for handshake in handshakes(look) {
            // The verdicts are on the first handshake.
            let is_first = look
                .observation
                .handshake
                .as_ref()
                .is_some_and(|first| std::ptr::eq(first, handshake));
            let verdicts = if is_first {
                look.assessment.scts.as_slice()
            } else {
                &[]
            };
            agreed.push((tls(handshake, verdicts), look));
        }
    }
    for line in with_addresses(agreed.into_iter()) {
        body.line("TLS", &line);
    }
    body.seen(looks);
    body.out
}

fn handshakes(look: &Look) -> impl Iterator<Item = &Handshake> {
    look.observation
        .handshake
        .iter()
        .chain(&look.observation.further_handshakes)
}

struct Body {
    style: Style,
    detail: Detail,
    out: String,
}

impl Body {
    /// A label and a text, wrapped below itself.
    fn line(&mut self, label: &str, words: &str) {
        self.lines(label, words, 6);
    }

    /// The same in at most so many lines.
    fn lines(&mut self, label: &str, words: &str, most: usize) {
        let columns = self.style.width - LABEL;
        for (number, line) in text::wrap_columns(words, columns, most, self.style.mark())
            .iter()
            .enumerate()
        {
            let label = if number == 0 {
                format!("  {}", text::pad(label, LABEL - 2))
            } else {
                " ".repeat(LABEL)
            };
            let _ = writeln!(self.out, "{}{line}", self.style.dim(&label));
        }
    }

    fn certificates(&mut self, handshake: &Handshake, look: Option<&Look>) {
        let at = look.map(|look| look.assessment.at);
        let Some(leaf) = handshake.chain.first() else {
            return self.line("Certificate", "none was sent");
        };
        self.line("Certificate", &certificate(leaf, at));
        if self.detail == Detail::Usual {
            return;
        }
        for (place, link) in handshake.chain.iter().enumerate() {
            let facts = link.facts();
            self.line(
                &format!("  {place}"),
                &untrusted::shown_escaped(facts.subject.text.raw()),
            );
            self.line(
                "",
                &format!("by {}", untrusted::shown_escaped(facts.issuer.text.raw())),
            );
            self.line("", &format!("sha256 {}", link.fingerprint()));
            if let (Some(begin), Some(end)) = (facts.not_before, facts.not_after) {
                self.line("", &format!("{} to {}", words::moment(begin), words::moment(end)));
            }
            self.line(
                "",
                &format!(
                    "{}   {}",
                    names::key(&facts.public_key.kind),
                    names::signature(&facts.signature_algorithm)
                ),
            );
            let shown: Vec<_> = facts
                .subject_alt_names
                .iter()
                .flatten()
                .take(limits::NAMES_SHOWN)
                .map(name)
                .collect();
            if !shown.is_empty() {
                self.line("", &shown.join(", "));
            }
        }
    }

    /// What the stores say: once when it is the same at every address, else with the addresses in front.
    fn trust(&mut self, looks: &[Look]) {
        let verdicts = looks
            .iter()
            .filter(|look| !look.assessment.trust.is_empty())
            .map(|look| (stores(&look.assessment.trust), look));
        for line in with_addresses(verdicts) {
            self.line("Trust", &line);
        }
        if self.detail == Detail::Usual {
            return;
        }
        let memory = SignatureMemory::with_capacity(SIGNATURES);
        let drawn = looks.iter().filter(|look| !look.assessment.trust.is_empty());
        let received = drawn.clone().map(|look| (received(look), look));
        for line in with_addresses(received) {
            self.lines("Received", &line, EVIDENCE_LINES);
        }
        for (label, trusted) in [("Verified", true), ("Reached", false)] {
            let ways = drawn.clone().flat_map(|look| {
                let ways = ways(look, trusted, &memory);
                ways.into_iter().map(move |way| (way, look))
            });
            for line in with_addresses(ways) {
                self.lines(label, &line, EVIDENCE_LINES);
            }
        }
    }

    /// What is known about revocation: a line for each certificate, once for all addresses that agree.
    fn revocation(&mut self, looks: &[Look]) {
        let mut lines: Vec<String> = Vec::new();
        for revocation in looks.iter().flat_map(|look| &look.assessment.revocation) {
            let line = self::revocation(revocation);
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        // Each source has its address and its reason, and the reason stands last: it must not be what is cut.
        lines
            .iter()
            .for_each(|line| self.lines("Revocation", line, EVIDENCE_LINES));
    }

    /// What came of looking for issuers that were not sent, and of asking DNS who may issue.
    fn asked(&mut self, looks: &[Look]) {
        let evidence = || looks.iter().map(|look| &look.evidence);
        let issuers = evidence().flat_map(|evidence| &evidence.fetched_issuers);
        let issuers = issuers.map(|issuer| ("Issuer", fetched(issuer)));
        let caa = evidence().flat_map(|evidence| &evidence.caa);
        let caa = caa.map(|caa| ("CAA", self::caa(caa)));
        let mut said: Vec<(&str, String)> = Vec::new();
        for line in issuers.chain(caa) {
            if !said.contains(&line) {
                said.push(line);
            }
        }
        said.iter()
            .for_each(|(label, line)| self.lines(label, line, EVIDENCE_LINES));
    }

    fn seen(&mut self, looks: &[Look]) {
        let seen: Vec<String> = looks
            .iter()
            .filter_map(|look| {
                let address = look.observation.address?;
                let took = text::measured(look.observation.elapsed.total);
                Some(match &look.observation.outcome {
                    Outcome::Handshaken => format!("{address} in {took}"),
                    Outcome::Stopped { stage, .. } => {
                        format!("{address} stopped in {} after {took}", stage.word())
                    }
                })
            })
            .collect();
        if !seen.is_empty() {
            self.line("Seen", &seen.join(", "));
        }
    }
}

/// `shop.example.com (9c41 7e02) good   ocsp http://ocsp.example/ good, until 2026-11-29 11:58 UTC`.
pub(crate) fn revocation(revocation: &CertificateRevocation) -> String {
    let mut out = format!(
        "{} {}",
        words::certificate(&revocation.certificate),
        revocation.verdict.word()
    );
    for source in &revocation.sources {
        let _ = write!(out, "   {}", source.source.word());
        if let Some(url) = &source.url {
            let _ = write!(out, " {url}");
        }
        let _ = write!(out, " {}", source.said.word());
        match (&source.said, source.next_update) {
            (Said::Doubtful(doubt), _) => drop(write!(out, " ({})", words::doubt(*doubt))),
            (Said::Unavailable(why), _) => drop(write!(out, " ({})", words::unavailable(why))),
            (_, Some(until)) => drop(write!(out, " until {}", words::moment(until))),
            _ => {}
        }
    }
    out
}

/// The chain as it was sent.
fn received(look: &Look) -> String {
    let chain = look
        .observation
        .handshake
        .iter()
        .flat_map(|handshake| &handshake.chain);
    let labels: Vec<String> = chain.map(|step| words::certificate(step)).collect();
    labels.join(", ")
}

/// The way that each store verified, or how far each of the others came, once for stores that agree:
/// `Apple, Mozilla: leaf > EC 2 > R1`.
fn ways(look: &Look, trusted: bool, memory: &SignatureMemory) -> Vec<String> {
    let handshake = look.observation.handshake.as_ref();
    let chain = handshake
        .map(|handshake| handshake.chain.as_slice())
        .unwrap_or_default();
    let mut said: Vec<(String, Vec<String>)> = Vec::new();
    let verdicts = look.assessment.trust.iter();
    for verdict in verdicts.filter(|verdict| verdict.is_trusted() == trusted) {
        let way = path::reached(chain, &look.evidence.issuers, verdict, memory);
        let drawn = words::way(&way, chain, verdict.reasons());
        let name = untrusted::shown(&verdict.store);
        match said.iter_mut().find(|(known, _)| *known == drawn) {
            Some((_, names)) => names.push(name),
            None => said.push((drawn, vec![name])),
        }
    }
    let told = said
        .iter()
        .map(|(drawn, names)| format!("{}: {drawn}", names.join(", ")));
    told.collect()
}

/// `http://ca.example/r2.der has R2 (9c41 7e02)`, or why it could not be had.
fn fetched(issuer: &FetchedIssuer) -> String {
    let url = issuer.fetched.url.shown();
    match &issuer.fetched.outcome {
        Ok(found) => format!("{url} has {}", words::certificate(found)),
        Err(why) => format!("{url} {} ({})", why.word(), words::unavailable(why)),
    }
}

/// `shop.example letsencrypt.org, by the records of example`, or why nobody knows.
fn caa(caa: &Caa) -> String {
    let star = if caa.wildcard { "*." } else { "" };
    let name = format!("{star}{}", caa.name);
    let set = match &caa.outcome {
        Ok(set) => set,
        Err(why) => {
            let word = failure::Kind::of(why).word;
            return format!("{name} {word} ({})", words::caa_unavailable(why));
        }
    };
    let place = set.at.as_ref().map(|at| format!(", by the records of {at}"));
    let who = match set.issuers(caa.wildcard) {
        None => "everybody may issue".to_owned(),
        Some(issuers) if issuers.is_empty() => "nobody may issue".to_owned(),
        Some(issuers) => {
            let shown: Vec<String> = issuers.iter().map(|issuer| untrusted::shown(issuer)).collect();
            format!("only {} may issue", shown.join(", "))
        }
    };
    format!("{name} {who}{}", place.unwrap_or_default())
}

/// Each different line once; where addresses differ in them, with the addresses behind it.
fn with_addresses<'a>(lines: impl Iterator<Item = (String, &'a Look)>) -> Vec<String> {
    let mut known: Vec<(String, Vec<String>)> = Vec::new();
    for (line, look) in lines {
        let address = look.observation.address;
        let address = address.map(|address| address.to_string()).unwrap_or_default();
        match known.iter_mut().find(|(known, _)| *known == line) {
            Some((_, addresses)) if addresses.contains(&address) => {}
            Some((_, addresses)) => addresses.push(address),
            None => known.push((line, vec![address])),
        }
    }
    let first = known.first().map(|(_, addresses)| addresses.clone());
    let split = known
        .iter()
        .any(|(_, addresses)| Some(addresses) != first.as_ref());
    let told = |(line, addresses): (String, Vec<String>)| {
        if split {
            format!("{line}   at {}", addresses.join(", "))
        } else {
            line
        }
    };
    known.into_iter().map(told).collect()
}

/// `Android, Apple, Mozilla ok   corp no (issuer-not-sent)`: each answer once, in the order of the stores.
pub(crate) fn stores(verdicts: &[StoreVerdict]) -> String {
    let mut said: Vec<(String, Vec<String>)> = Vec::new();
    for verdict in verdicts {
        let answer = match &verdict.outcome {
            Trust::Trusted { .. } => "ok".to_owned(),
            Trust::Refused { reasons } => {
                let reason = reasons.first().map_or("no reason", |reason| reason.word());
                format!("no ({reason})")
            }
        };
        let name = untrusted::shown(&verdict.store);
        match said.iter_mut().find(|(known, _)| *known == answer) {
            Some((_, names)) => names.push(name),
            None => said.push((answer, vec![name])),
        }
    }
    let groups = said
        .iter()
        .map(|(answer, names)| format!("{} {answer}", names.join(", ")));
    groups.collect::<Vec<_>>().join("   ")
}

/// `9c41 7e02   CN=shop.example.com and 5 more names   P-256   90 d, 86 left`.
fn certificate(leaf: &Certificate, at: Option<Timestamp>) -> String {
    let facts = leaf.facts();
    let names = facts.subject_alt_names.as_deref().unwrap_or_default();
    let title = match (facts.subject.common_name.as_ref(), names.first()) {
        (Some(common), _) => format!("CN={}", common.shown()),
        (None, Some(first)) => name(first),
        (None, None) => untrusted::shown_escaped(facts.subject.text.raw()),
    };
    let is_title = |other: &&GeneralName| {
        let common = facts.subject.common_name.as_ref().map(model::Untrusted::raw);
        matches!(other, GeneralName::Dns(dns) if Some(dns.raw()) == common)
    };
    let repeated = if facts.subject.common_name.is_some() {
        names.iter().filter(is_title).count()
    } else {
        1
    };
    let more = facts.subject_alt_name_count.saturating_sub(repeated);
    let mut out = format!("{}   {title}", leaf.fingerprint().short());
    if more > 0 {
        let _ = write!(
            out,
            " and {}",
            text::counted(u64::try_from(more).unwrap_or(u64::MAX), "more name")
        );
    }
    let _ = write!(out, "   {}", names::key(&facts.public_key.kind));
    if let (Some(begin), Some(end)) = (facts.not_before, facts.not_after) {
        let lifetime =
            text::days_left(end, begin) + i64::from((end.as_second() - begin.as_second()) % 86_400 == 86_399);
        let days = |days: i64| text::count(days.unsigned_abs());
        let _ = write!(out, "   {} d", days(lifetime));
        match at {
            // In the words of the finding, so that one report says one age.
            Some(at) if end < at => {
                let ago = Duration::try_from(at.duration_since(end)).unwrap_or_default();
                let _ = write!(out, ", ended {} ago", words::span(ago));
            }
            Some(at) => drop(write!(out, ", {} left", days(text::days_left(end, at)))),
            None => {}
        }
    }
    out
}

fn name(name: &GeneralName) -> String {
    names::shown(name, &names::general(name))
}

/// `, both verified`, `, 1 of 3 verified`; nothing when none was looked at.
fn verified(verdicts: &[SctVerdict]) -> String {
    let valid = |verdict: &&SctVerdict| matches!(verdict.outcome, SctOutcome::Valid(_));
    match (verdicts.iter().filter(valid).count(), verdicts.len()) {
        (_, 0) => String::new(),
        (1, 1) => ", verified".to_owned(),
        (2, 2) => ", both verified".to_owned(),
        (valid, all) if valid == all => ", all verified".to_owned(),
        (valid, all) => format!(", {valid} of {all} verified"),
    }
}

/// `1.3  TLS_AES_128_GCM_SHA256  X25519  h2   SCT 2, both verified   staple none`.
fn tls(handshake: &Handshake, verdicts: &[SctVerdict]) -> String {
    let mut out = format!(
        "{}  {}",
        handshake.version.to_string().trim_start_matches("TLS "),
        handshake.cipher
    );
    if let Some(group) = handshake.group {
        let _ = write!(out, "  {group}");
    }
    if let Some(bits) = handshake.dh_bits {
        let _ = write!(out, "  DH {bits}");
    }
    if let Some(alpn) = &handshake.alpn {
        let _ = write!(out, "  {alpn}");
    }
    let _ = write!(out, "   SCT {}{}", handshake.scts.len(), verified(verdicts));
    out.push_str(if handshake.staple.is_some() {
        "   staple sent"
    } else {
        "   staple none"
    });
    match handshake.proof {
        Proof::Proven(_) => out.push_str("   key proven"),
        Proof::NotSeen => out.push_str("   nothing proven (glance)"),
        Proof::NoSignature => out.push_str("   key exchange without proof"),
        Proof::Failed(_) => out.push_str("   key NOT proven"),
        Proof::Unverifiable(_) => out.push_str("   proof cannot be checked"),
    }
    if let ClientCertificate::Asked { authorities } = &handshake.client_certificate {
        out.push_str("   asks for a client certificate");
        if !authorities.is_empty() {
            let _ = write!(out, " ({} acceptable)", authorities.len());
        }
    }
    out
}
