//! What a live endpoint serves: the same look as `check` takes, shown as contents.

use std::fmt::Write as _;
use std::net::IpAddr;

use assess::words;
use model::target::Ranges;
use model::{Severity, Status};

use super::contents::of_chain;
use super::{Page, Trouble};
use crate::Exit;
use crate::commands::check;
use crate::commands::looking::Looking;
use crate::report::detail;
use crate::terminal::{Colour, Style};
use engine::look::Look;

/// One page for each different chain that the addresses of a target serve.
pub(super) fn pages(source: &str, looking: &Looking) -> Result<Vec<Page>, Trouble> {
    let target = looking
        .wishes(Ranges::Ordinary)
        .parse(source)
        .map_err(|complaint| Trouble {
            words: complaint.sentence(),
            drawn: Some(complaint.shown(None, Style::for_stderr(Colour::Never).width)),
            source: Some(complaint.typed().to_owned()),
            exit: Exit::Usage,
        })?;
    if target.addresses() > 1 {
        return Err(Trouble::usage(
            "a range is not one endpoint: `nolapse scan` looks at ranges".to_owned(),
        ));
    }
    let looks = check::looks_at(&target, looking)
        .map_err(|error| Trouble::usage(model::untrusted::shown(&format!("{error:#}"))))?;
    let mut groups: Vec<Vec<&Look>> = Vec::new();
    for look in looks.iter().filter(|look| look.observation.handshake.is_some()) {
        match groups
            .iter_mut()
            .find(|group| group.first().is_some_and(|first| same(first, look)))
        {
            Some(group) => group.push(look),
            None => groups.push(vec![look]),
        }
    }
    if groups.is_empty() {
        let words = looks
            .first()
            .map_or_else(|| "nothing was looked at".to_owned(), stopped);
        return Err(Trouble {
            words,
            drawn: None,
            source: None,
            exit: Exit::NothingJudged,
        });
    }
    Ok(groups.iter().filter_map(|group| page(group)).collect())
}

/// Whether two addresses serve the same service with the same chain.
fn same(one: &Look, other: &Look) -> bool {
    let chain = |look: &Look| {
        look.observation
            .handshake
            .as_ref()
            .map(|handshake| handshake.chain.clone())
    };
    one.observation.service == other.observation.service && chain(one) == chain(other)
}

fn page(group: &[&Look]) -> Option<Page> {
    let first = group.first()?;
    let handshake = first.observation.handshake.as_ref()?;
    let addresses: Vec<IpAddr> = group.iter().filter_map(|look| look.observation.address).collect();
    let mut title = first.observation.service.to_string();
    if matches!(first.observation.service.identity, model::Identity::Name(_)) {
        let list: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        let _ = write!(title, " [{}]", list.join(", "));
    }
    let mut remarks = vec![format!("{}, {}", handshake.version, handshake.cipher)];
    if handshake.chain_dropped > 0 {
        remarks.push(format!(
            "{} further certificates were sent and are not kept",
            handshake.chain_dropped
        ));
    }
    let trust = detail::stores(&first.assessment.trust);
    if !trust.is_empty() {
        remarks.push(format!("trust: {trust}"));
    }
    let findings = first
        .assessment
        .findings
        .iter()
        .filter(|finding| finding.severity > Severity::Note);
    remarks.extend(findings.map(|finding| {
        format!(
            "{}: {}",
            Status::from(finding.severity),
            words::message(finding, &first.observation)
        )
    }));
    let revocation = first.assessment.revocation.iter();
    remarks.extend(revocation.map(|known| format!("revocation: {}", detail::revocation(known))));
    let contents = of_chain(handshake.chain.iter().map(|certificate| &**certificate), remarks);
    Some(Page { title, contents })
}

/// Why nothing was seen.
fn stopped(look: &Look) -> String {
    match look.assessment.findings.first() {
        Some(finding) => words::message(finding, &look.observation),
        None => "no certificate was seen".to_owned(),
    }
}
