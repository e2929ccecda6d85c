//! From rows to sightings.

use std::io::Read;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use model::der::tag;
use model::pem::{self, Content};
use model::sighting::{
    CertificateSighting, Claim, EndpointSighting, OrderFacts, OrderState, Sighted, SightedCertificate,
};
use model::target::{Ranges, ServerNameChoice, Target};
use model::{Certificate, Untrusted, limits};

use super::columns::{Layout, Role};
use super::records::Records;
use crate::run::{Reason, SourceError, Telling};
use crate::said::{self, Edge};

pub(super) struct Rows<'a> {
    layout: Layout,
    date_format: Option<&'a str>,
    /// A certificate whose names come in rows of their own, as long as the next row may have one more.
    open: Option<(Claim, u64)>,
}

impl<'a> Rows<'a> {
    pub(super) const fn new(layout: Layout, date_format: Option<&'a str>) -> Self {
        Self {
            layout,
            date_format,
            open: None,
        }
    }

    /// Takes the row that was read last.
    pub(super) fn take<R: Read>(
        &mut self,
        row: &Records<R>,
        line: u64,
        telling: &mut Telling<'_, '_>,
    ) -> Result<(), SourceError> {
        if row.fields() != self.layout.width {
            let (has, width) = (row.fields(), self.layout.width);
            telling.tally.skip(Reason::BadRow, || {
                format!("line {line}: {has} fields where the header has {width}")
            });
            return Ok(());
        }
        let claim = self.claim(row, line, telling);
        let hostname = self.layout.hostname.map_or("", |place| row.field(place));
        let scan = self.layout.is_scan(row);
        let endpoint = match self.layout.text(row, Role::Endpoint) {
            "" if scan => hostname,
            endpoint => endpoint,
        };
        let endpoint_told = Self::endpoint(endpoint, line, telling)?;
        let whole = self.whole(row, &claim, line, telling);
        if whole.is_none() && !scan && !hostname.is_empty() {
            self.one_name_more(claim, hostname, line, telling)?;
            telling.tally.give();
            return Ok(());
        }
        let certificate = match whole {
            Some(whole) => SightedCertificate::Whole(Arc::new(whole)),
            None if said::tells(&claim) => SightedCertificate::Claimed(claim),
            None if endpoint_told => {
                telling.tally.give();
                return Ok(());
            }
            None => {
                telling.tally.skip(Reason::NothingSaid, || format!("line {line}"));
                return Ok(());
            }
        };
        say(certificate, self.order(row, line, telling), line, telling)?;
        telling.tally.give();
        Ok(())
    }

    /// Says what was still open.
    pub(super) fn end(&mut self, telling: &mut Telling<'_, '_>) -> Result<(), SourceError> {
        match self.open.take() {
            None => Ok(()),
            Some((claim, line)) => say(SightedCertificate::Claimed(claim), None, line, telling),
        }
    }

    /// Adds a name to the open certificate, or opens another.
    fn one_name_more(
        &mut self,
        mut claim: Claim,
        name: &str,
        line: u64,
        telling: &mut Telling<'_, '_>,
    ) -> Result<(), SourceError> {
        let name = Untrusted::new(name);
        let same = |open: &Claim| {
            open.serial == claim.serial
                && open.common_name == claim.common_name
                && open.issuer == claim.issuer
                && open.not_after == claim.not_after
                && open.not_after.is_some()
        };
        match &mut self.open {
            Some((open, _)) if same(open) && open.names.len() < limits::NAMES_PARSED => {
                // Doubles stand beside one another, since rows of one certificate do.
                if open.names.last() != Some(&name) {
                    open.names.push(name);
                }
            }
            _ => {
                self.end(telling)?;
                if !claim.names.contains(&name) {
                    claim.names.push(name);
                }
                self.open = Some((claim, line));
            }
        }
        Ok(())
    }

    fn claim<R: Read>(&self, row: &Records<R>, line: u64, telling: &mut Telling<'_, '_>) -> Claim {
        let text = |role| self.layout.text(row, role);
        let serial = said::serial(text(Role::Serial));
        if serial.is_none() && !text(Role::Serial).is_empty() {
            odd(telling, line, "serial number", text(Role::Serial));
        }
        let separators = |character: char| character.is_whitespace() || matches!(character, ',' | ';' | '|');
        let names = text(Role::Names).split(separators).map(|name| {
            let kind = name.find(':').filter(|colon| {
                name.get(..*colon)
                    .is_some_and(|kind| kind.eq_ignore_ascii_case("dns") || kind.eq_ignore_ascii_case("ip"))
            });
            kind.and_then(|colon| name.get(colon + 1..)).unwrap_or(name)
        });
        Claim {
            issuer: said::text(Some(text(Role::Issuer))),
            serial,
            common_name: said::text(Some(text(Role::CommonName))),
            names: said::names(names),
            not_before: self.moment(row, Role::NotBefore, line, telling),
            not_after: self.moment(row, Role::NotAfter, line, telling),
        }
    }

    fn moment<R: Read>(
        &self,
        row: &Records<R>,
        role: Role,
        line: u64,
        telling: &mut Telling<'_, '_>,
    ) -> Option<Timestamp> {
        let edge = match role {
            Role::NotAfter => Edge::End,
            _ => Edge::Begin,
        };
        let text = self.layout.text(row, role);
        let moment = match self.date_format {
            None => said::moment(text, edge),
            Some(format) => said::moment_in(format, text, edge),
        };
        if moment.is_none() && !text.is_empty() {
            odd(telling, line, "day (date_format says how days are written)", text);
        }
        moment
    }

    /// A whole certificate in the row, if it is the one that the row speaks of.
    fn whole<R: Read>(
        &self,
        row: &Records<R>,
        claim: &Claim,
        line: u64,
        telling: &mut Telling<'_, '_>,
    ) -> Option<Certificate> {
        let text = self.layout.text(row, Role::Certificate);
        if text.is_empty() {
            return None;
        }
        let Some(certificate) = certificate(text) else {
            telling
                .tally
                .remark(Reason::NoCertificate, || format!("line {line}"));
            return None;
        };
        match said::fits(claim, &certificate) {
            Ok(()) => Some(certificate),
            Err(misfit) => {
                telling
                    .tally
                    .remark(Reason::Foreign, || format!("line {line}: {misfit}"));
                None
            }
        }
    }

    fn order<R: Read>(
        &self,
        row: &Records<R>,
        line: u64,
        telling: &mut Telling<'_, '_>,
    ) -> Option<OrderFacts> {
        let text = |role| said::text(Some(self.layout.text(row, role)));
        let order = text(Role::Order)?;
        Some(OrderFacts {
            order,
            certificate: None,
            state: state(self.layout.text(row, Role::Status)),
            product: text(Role::Product),
            organization: text(Role::Organization),
            ordered: self.moment(row, Role::NotBefore, line, telling),
            renewed: false,
        })
    }

    /// Says the endpoint of the row; whether there is one.
    fn endpoint(text: &str, line: u64, telling: &mut Telling<'_, '_>) -> Result<bool, SourceError> {
        if text.is_empty() {
            return Ok(false);
        }
        let target = match Target::parse(text, Ranges::Ordinary) {
            // A row is of one host: a range in it is a slip.
            Ok(target) if target.addresses() == 1 => target,
            _ => {
                odd(telling, line, "host", text);
                return Ok(false);
            }
        };
        for (service, address) in target.services(&[], ServerNameChoice::Default, None) {
            telling.say(Sighted::Endpoint(EndpointSighting {
                service: Arc::new(service),
                address,
                because: vec![Untrusted::new(format!("line {line}"))],
            }))?;
        }
        Ok(true)
    }
}

fn odd(telling: &mut Telling<'_, '_>, line: u64, what: &str, text: &str) {
    telling.tally.remark(Reason::BadField, || {
        format!("line {line}: no {what}: {}", Untrusted::new(text))
    });
}

fn say(
    certificate: SightedCertificate,
    order: Option<OrderFacts>,
    line: u64,
    telling: &mut Telling<'_, '_>,
) -> Result<(), SourceError> {
    telling.say(Sighted::Certificate(Box::new(CertificateSighting {
        certificate,
        place: Some(Untrusted::new(format!("line {line}"))),
        order,
    })))
}

/// A certificate in PEM, or in base64 without the lines around it.
fn certificate(text: &str) -> Option<Certificate> {
    let der = if pem::is_pem(text.as_bytes()) {
        pem::blocks(text.as_bytes())
            .filter_map(Result::ok)
            .find_map(|block| match block.content {
                Content::Der(der) => Some(der),
                Content::PrivateKey => None,
            })?
    } else {
        let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        STANDARD.decode(digits).ok()?
    };
    let certificate = (der.first() == Some(&tag::SEQUENCE)).then(|| Certificate::from_der(der))?;
    (!certificate.facts().serial.is_empty()).then_some(certificate)
}

/// What the words of tables mean.
fn state(word: &str) -> OrderState {
    match word.to_ascii_lowercase().as_str() {
        "" | "issued" | "valid" | "active" | "ok" | "expired" | "expiring" | "approved" => OrderState::Issued,
        "pending" | "processing" | "requested" => OrderState::Pending,
        "revoked" => OrderState::Revoked,
        "rejected" | "canceled" | "cancelled" | "denied" | "failed" => OrderState::Ended,
        _ => OrderState::Other(Untrusted::new(word)),
    }
}
