//! Certificates of the orders of an account at DigiCert CertCentral, by its services API of version 2.
//!
//! Settings come in, a sighting for each certificate of each order goes out: the order's own, its duplicates, and what it
//! was before it was reissued. Each says how the order stands. A certificate is fetched whole once, ever; what was fetched
//! is asked of the [`Ask`]'s memory by its number. What cannot be fetched, or is someone else's, stays a claim.
//!
//! - `GET /order/certificate?offset=&limit=` page by page until `page.total`, whatever the size of a page;
//! - `GET /order/certificate/ID/duplicate` for orders that have duplicates;
//! - `GET /order/certificate/ID/reissue` for orders whose present certificate was not seen before, since a reissue changes it;
//! - `GET /certificate/ID/download/format/pem_all`.
//!
//! A run that breaks off says on which page; the next one begins anew, and fetches nothing that is remembered.

mod client;
mod error;
mod limiter;
mod order;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use model::pem::{self, Content};
use model::sighting::{CertificateSighting, Claim, OrderFacts, OrderState, Sighted, SightedCertificate};
use model::{Certificate, Untrusted, limits};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use error::{AccountError, Trouble};
pub use settings::{Fetch, Region, Settings};

use self::client::Client;
use self::order::{Further, Order, OrderedCertificate, Page};
use crate::run::{Ask, Reason, Run, Sink, SourceError, Telling};
use crate::said;
use crate::secret::Secret;
use crate::sigv4::encoded;

/// Pages without any order that is new, in a row, after which a list is not followed any further.
pub(crate) const REPEATED_PAGES: usize = 20;
/// Orders asked for at once when the settings say nothing: half a page's bound of octets, were each to have 100 names.
const PAGE_SIZE: u32 = 500;
/// How long a certificate that has ended may still be served: longer, and it is seen by looking if at all.
const SERVED_AFTER_END: Duration = Duration::from_hours(90 * 24);

/// Asks the account once.
pub async fn run(settings: &Settings, ask: &Ask<'_>, sink: &mut Sink<'_>) -> Run {
    let mut telling = Telling::new(ask.now, sink);
    let result = match begin(settings, ask) {
        Ok(client) => {
            let account = Account {
                client,
                ask,
                fetch: settings.fetch,
                withheld: false,
                telling: &mut telling,
            };
            account.read(settings.page_size.unwrap_or(PAGE_SIZE)).await
        }
        Err(error) => Err(error.into()),
    };
    telling.end(result)
}

fn begin<'a>(settings: &Settings, ask: &'a Ask<'a>) -> Result<Client<'a>, AccountError> {
    let key = match (&settings.key_file, &settings.key_variable) {
        (Some(_), Some(_)) => return Err(AccountError::TwoKeys),
        (None, None) => return Err(AccountError::NoKey),
        (Some(path), None) => Secret::token_of(path)?,
        (None, Some(name)) => Secret::of_variable(name, (ask.variable)(name))?,
    };
    Client::new(ask, settings.region.base(), key).map_err(AccountError::Region)
}

struct Account<'a, 'b, 'c> {
    client: Client<'a>,
    ask: &'a Ask<'a>,
    fetch: Fetch,
    /// Whether the key may list and not download: asking on would only cost time.
    withheld: bool,
    telling: &'a mut Telling<'b, 'c>,
}

/// What stops in the midst of a page.
enum Stop {
    Trouble(Trouble),
    Run(SourceError),
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<SourceError> for Stop {
    fn from(error: SourceError) -> Self {
        Self::Run(error)
    }
}

impl Account<'_, '_, '_> {
    async fn read(mut self, page_size: u32) -> Result<(), SourceError> {
        // Orders that come while we read move others to the next page.
        let mut seen = HashSet::new();
        let mut offset = 0;
        // Orders that come while we read may fill a page with old ones, but hardly several in a row.
        let mut repeated = 0;
        for page in 1..=limits::PROVIDER_PAGES {
            let known = seen.len();
            let mut read = self.page(offset, page_size, &mut seen).await;
            repeated = if seen.len() > known { 0 } else { repeated + 1 };
            if matches!(read, Ok(Some(_))) && repeated >= REPEATED_PAGES {
                read = Err(Trouble::Repeats.into());
            }
            match read {
                Ok(Some(next)) => offset = next,
                Ok(None) => return Ok(()),
                Err(Stop::Run(error)) => return Err(error),
                Err(Stop::Trouble(trouble)) => {
                    return Err(AccountError::Broken {
                        page,
                        offset,
                        trouble,
                    }
                    .into());
                }
            }
        }
        let (page, trouble) = (limits::PROVIDER_PAGES, Trouble::Endless);
        Err(AccountError::Broken {
            page,
            offset,
            trouble,
        }
        .into())
    }

    /// Reads one page; gives where the next one begins, nothing behind the last.
    async fn page(
        &mut self,
        offset: u64,
        page_size: u32,
        seen: &mut HashSet<String>,
    ) -> Result<Option<u64>, Stop> {
        let path = format!("/order/certificate?offset={offset}&limit={page_size}");
        let answer = self.client.get(&path, limits::ACCOUNT_PAGE_BYTES).await?;
        match answer.status {
            200 => {}
            403 => return Err(Trouble::Forbidden(client::words(&answer.body)).into()),
            status => {
                let words = client::words(&answer.body);
                return Err(Trouble::Status { status, words }.into());
            }
        }
        let page: Page = shaped(&answer.body)?;
        let total = page.page.total;
        let given = u64::try_from(page.orders.len()).unwrap_or(u64::MAX);
        if given == 0 && offset < total {
            return Err(Trouble::Short { total }.into());
        }
        for (place, value) in (offset..).zip(page.orders) {
            match serde_json::from_value::<Order>(value) {
                Ok(order) => {
                    if order.id.clone().is_none_or(|id| seen.insert(id)) {
                        self.order(&order).await?;
                    }
                }
                Err(error) => self
                    .telling
                    .tally
                    .skip(Reason::Malformed, || format!("order at place {place}: {error}")),
            }
        }
        let next = offset.saturating_add(given);
        Ok((next < total).then_some(next))
    }

    /// Everything of one order. Its own certificate comes last, since its being remembered says that the others were seen.
    async fn order(&mut self, order: &Order) -> Result<(), Stop> {
        let none = OrderedCertificate::default();
        let own = order.certificate.as_ref().unwrap_or(&none);
        let mut done: HashSet<String> = own.id.iter().cloned().collect();
        let mut further = Vec::new();
        if order.has_duplicates == Some(true) {
            further.extend(self.further(order, "duplicate").await?);
        }
        let facts = order.facts(own);
        if self.is_wanted(&facts, &own.claim()) && own.id.as_deref().is_some_and(|id| !self.is_known(id)) {
            further.extend(self.further(order, "reissue").await?);
        }
        for certificate in &further {
            if certificate.id.clone().is_some_and(|id| done.insert(id)) {
                self.certificate(order, certificate).await?;
            }
        }
        self.certificate(order, own).await
    }

    /// Duplicates or reissues; none where the account has no such list.
    async fn further(&mut self, order: &Order, what: &str) -> Result<Vec<OrderedCertificate>, Stop> {
        let Some(id) = &order.id else {
            return Ok(Vec::new());
        };
        let path = format!("/order/certificate/{}/{what}", encoded(id));
        let answer = self.client.get(&path, limits::ACCOUNT_PAGE_BYTES).await?;
        let further = match answer.status {
            200 => shaped::<Further>(&answer.body)
                .map(|further| further.certificates)
                .map_err(|_| "not a list"),
            204 | 404 => Ok(Vec::new()),
            _ => Err("refused"),
        };
        let values: Vec<Value> = match further {
            Ok(values) => values,
            Err(words) => {
                let status = answer.status;
                self.telling.tally.skip(Reason::Malformed, || {
                    format!("{what}s of order {id}: {words} (status {status})")
                });
                return Ok(Vec::new());
            }
        };
        let mut out = Vec::new();
        for value in values.into_iter().take(limits::BUNDLE_ITEMS) {
            match serde_json::from_value(value) {
                Ok(certificate) => out.push(certificate),
                Err(error) => self
                    .telling
                    .tally
                    .skip(Reason::Malformed, || format!("a {what} of order {id}: {error}")),
            }
        }
        Ok(out)
    }

    async fn certificate(&mut self, order: &Order, certificate: &OrderedCertificate) -> Result<(), Stop> {
        let (facts, claim) = (order.facts(certificate), certificate.claim());
        let whole = match &certificate.id {
            Some(id) => match (self.ask.memory)(id) {
                Some(known) => Some(known),
                None if !self.withheld && self.is_wanted(&facts, &claim) => {
                    self.download(id, order, &claim).await?
                }
                None => None,
            },
            None => None,
        };
        let certificate = match whole {
            Some(whole) => SightedCertificate::Whole(whole),
            None if said::tells(&claim) => SightedCertificate::Claimed(claim),
            None => {
                self.telling
                    .tally
                    .skip(Reason::NothingSaid, || format!("order {}", facts.order));
                return Ok(());
            }
        };
        self.telling
            .say(Sighted::Certificate(Box::new(CertificateSighting {
                certificate,
                place: None,
                order: Some(facts),
            })))?;
        self.telling.tally.give();
        Ok(())
    }

    /// Fetches a certificate; nothing, and a remark, when what comes is not it.
    async fn download(
        &mut self,
        id: &str,
        order: &Order,
        claim: &Claim,
    ) -> Result<Option<Arc<Certificate>>, Stop> {
        let path = format!("/certificate/{}/download/format/pem_all", encoded(id));
        let answer = self.client.get(&path, limits::ISSUER_BYTES).await?;
        let place = || format!("certificate {id} of order {}", order.number());
        if answer.status != 200 {
            self.withheld = answer.status == 403;
            self.telling.tally.remark(Reason::Withheld, || {
                let words = client::words(&answer.body);
                format!("{} (status {}) {words}", place(), answer.status)
            });
            return Ok(None);
        }
        let mut candidates = certificates(&answer.body);
        // An order that says nothing of itself would be fitted by what issued it.
        candidates.sort_by_key(|candidate| candidate.facts().is_ca());
        let mut misfit = None;
        for candidate in candidates {
            match said::fits(claim, &candidate) {
                Ok(()) => return Ok(Some(Arc::new(candidate))),
                Err(reason) => misfit = misfit.or(Some(reason)),
            }
        }
        let tally = &mut self.telling.tally;
        match misfit {
            Some(misfit) => tally.remark(Reason::Foreign, || format!("{}: {misfit}", place())),
            None => tally.remark(Reason::NoCertificate, place),
        }
        Ok(None)
    }

    fn is_known(&self, id: &str) -> bool {
        (self.ask.memory)(id).is_some()
    }

    /// Whether the certificate is one of those that are fetched.
    fn is_wanted(&self, facts: &OrderFacts, claim: &Claim) -> bool {
        let issued = matches!(facts.state, OrderState::Issued | OrderState::Other(_));
        match self.fetch {
            Fetch::None => false,
            Fetch::All => issued || facts.state == OrderState::Revoked,
            Fetch::Current => {
                let until = self.ask.now.checked_sub(SERVED_AFTER_END).unwrap_or(self.ask.now);
                issued && claim.not_after.is_none_or(|end| end >= until)
            }
        }
    }
}

/// Certificates of what was downloaded: the order's own and those above it, in whatever order.
fn certificates(body: &[u8]) -> Vec<Certificate> {
    pem::blocks(body)
        .filter_map(Result::ok)
        .filter_map(|block| match block.content {
            Content::Der(der) if block.label.raw() == "CERTIFICATE" => Some(Certificate::from_der(der)),
            _ => None,
        })
        .take(limits::CHAIN_CERTIFICATES)
        .collect()
}

fn shaped<T: DeserializeOwned>(body: &[u8]) -> Result<T, Trouble> {
    serde_json::from_slice(body).map_err(|error| {
        let begin = String::from_utf8_lossy(body.get(..body.len().min(SHOWN)).unwrap_or_default());
        let begin = Untrusted::new(begin);
        Trouble::Shape(format!("it begins with `{begin}` ({error})"))
    })
}

/// Octets shown of an answer of another shape.
const SHOWN: usize = 60;
