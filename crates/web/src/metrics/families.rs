//! The families `nolapse_*`: what the inventory holds, how its endpoints stand, and when their certificates end.
//!
//! A certificate has its series while an endpoint serves it, whatever is wrong with it, and none once it is replaced.

use jiff::Timestamp;
use model::Status;
use model::inventory::{CertificateRow, Counters, EndpointRow, RowId, SourceRow};
use store::{Error, Store};

use super::exposition::Family;

/// Rows read at once: a few hundred kilobytes.
const ROWS: u32 = 500;

/// The page as of `now`, with series of single objects where there are at most `objects` of a kind.
pub(super) async fn page(store: &Store, now: Timestamp, objects: usize) -> Result<String, Error> {
    let (certificates, certificates_cut) = served(store, objects).await?;
    let (endpoints, endpoints_cut) = standing(store, objects).await?;
    let mut families = sums(&store.counters().await?, now);
    families.extend(sources(&store.sources().await?));
    families.extend(certificates);
    families.extend(endpoints);
    families.push(cut(certificates_cut, endpoints_cut));
    Ok(families.iter().map(Family::text).collect())
}

fn sums(counters: &Counters, now: Timestamp) -> Vec<Family> {
    let mut build = Family::gauge("nolapse_build_info", "The version that answers; always 1.");
    build.sample(&[("version", env!("CARGO_PKG_VERSION"))], 1);
    let mut made = Family::gauge("nolapse_page_timestamp_seconds", "When this page was made.");
    made.sample(&[], now.as_second());
    let mut looks = Family::counter("nolapse_looks_total", "Looks taken in, repeated ones included.");
    looks.sample(&[], counters.looks);
    let mut endpoints = Family::gauge("nolapse_endpoints", "Endpoints looked at, by how they stand.");
    for status in Status::WORST_FIRST {
        let count = counters.standings.get(&status).copied().unwrap_or_default();
        endpoints.sample(&[("status", status.word())], count);
    }
    let held = [
        (
            "nolapse_certificates",
            "Whole certificates known.",
            counters.certificates,
        ),
        (
            "nolapse_claims",
            "Certificates that accounts claim to have issued.",
            counters.claims,
        ),
        (
            "nolapse_names",
            "Distinct names in certificates and claims.",
            counters.names,
        ),
        (
            "nolapse_places",
            "Endpoints known, looked at or not.",
            counters.places,
        ),
    ];
    let held = held.map(|(name, help, count)| {
        let mut family = Family::gauge(name, help);
        family.sample(&[], count);
        family
    });
    [build, made, looks, endpoints].into_iter().chain(held).collect()
}

fn sources(rows: &[SourceRow]) -> Vec<Family> {
    let mut failures = Family::gauge("nolapse_source_failures", "Askings in a row that failed.");
    let mut complete = Family::gauge(
        "nolapse_source_last_complete_timestamp_seconds",
        "When the source last told everything; 0 when it never did.",
    );
    for row in rows {
        let labels = [("source", row.source.as_str())];
        failures.sample(&labels, row.failures);
        let ended = row.last_complete.as_ref().and_then(|run| run.outcome.as_ref());
        complete.sample(&labels, ended.map_or(0, |outcome| outcome.ended.as_second()));
    }
    vec![failures, complete]
}

/// Certificates that some endpoint serves now; `true` when there are too many to list.
async fn served(store: &Store, most: usize) -> Result<(Vec<Family>, bool), Error> {
    let mut not_after = Family::gauge(
        "nolapse_certificate_not_after_timestamp_seconds",
        "End of validity of a certificate that an endpoint serves.",
    );
    let mut not_before = Family::gauge(
        "nolapse_certificate_not_before_timestamp_seconds",
        "Begin of validity of a certificate that an endpoint serves.",
    );
    let (mut after, mut count) = (RowId::START, 0_usize);
    loop {
        let rows = store.certificates_served(after, ROWS).await?;
        let Some(last) = rows.last() else {
            return Ok((vec![not_after, not_before], false));
        };
        after = last.id;
        count += rows.len();
        if count > most {
            return Ok((Vec::new(), true));
        }
        for row in &rows {
            certificate(row, &mut not_after, &mut not_before);
        }
    }
}

/// A date that cannot be read is no number, and the series is there all the same.
fn certificate(row: &CertificateRow, not_after: &mut Family, not_before: &mut Family) {
    let fingerprint = row.fingerprint.to_string();
    let common_name = row.common_name.as_ref().map_or("", |name| name.raw());
    let labels = [
        ("fingerprint", fingerprint.as_str()),
        ("cn", common_name),
        ("issuer", row.issuer.raw()),
    ];
    for (family, date) in [(not_after, row.not_after), (not_before, row.not_before)] {
        match date {
            Some(date) => family.sample(&labels, date.as_second()),
            None => family.sample(&labels, "NaN"),
        }
    }
}

/// Endpoints as they stand; `true` when there are too many to list.
async fn standing(store: &Store, most: usize) -> Result<(Vec<Family>, bool), Error> {
    let mut families = Endpoints::new();
    let (mut after, mut count) = (RowId::START, 0_usize);
    loop {
        let rows = store.endpoints(after, ROWS).await?;
        let Some(last) = rows.last() else {
            return Ok((families.all(), false));
        };
        after = last.id;
        count += rows.len();
        if count > most {
            return Ok((Vec::new(), true));
        }
        for row in &rows {
            families.add(row);
        }
    }
}

struct Endpoints {
    status: Family,
    looked: Family,
    certificate: Family,
}

impl Endpoints {
    fn new() -> Self {
        Self {
            status: Family::gauge(
                "nolapse_endpoint_status",
                "How an endpoint stands: 0 OK, 1 WARNING, 2 CRITICAL, 3 EXPIRED, 4 ERROR.",
            ),
            looked: Family::gauge(
                "nolapse_endpoint_last_look_timestamp_seconds",
                "When an endpoint was last looked at.",
            ),
            certificate: Family::gauge(
                "nolapse_endpoint_certificate_info",
                "The certificate that an endpoint serves, by its SHA-256; always 1.",
            ),
        }
    }

    /// The labels are the key of the place and the vantage, so that no two rows have equal ones.
    fn add(&mut self, row: &EndpointRow) {
        let service = &row.place.service;
        let (name, port) = (service.identity.to_string(), service.port.to_string());
        let starttls = service.starttls.to_string();
        let address = row.place.address.map(|address| address.to_string());
        let server_name = service.server_name.as_ref().map(model::Name::as_str);
        let key = [
            ("name", name.as_str()),
            ("port", port.as_str()),
            ("server_name", server_name.unwrap_or_default()),
            ("starttls", starttls.as_str()),
            ("address", address.as_deref().unwrap_or_default()),
            ("vantage", row.vantage.as_str()),
        ];
        self.status.sample(&key, number(row.state.status));
        self.looked.sample(&key, row.at.as_second());
        if let Some(leaf) = row.leaf {
            let fingerprint = leaf.to_string();
            let [name, port, server_name, starttls, address, vantage] = key;
            let shown = ("fingerprint", fingerprint.as_str());
            self.certificate
                .sample(&[name, port, server_name, starttls, address, vantage, shown], 1);
        }
    }

    fn all(self) -> Vec<Family> {
        vec![self.status, self.looked, self.certificate]
    }
}

/// A number for every status, so that a series stays the same one while the endpoint gets worse or better.
const fn number(status: Status) -> u8 {
    match status {
        Status::Ok => 0,
        Status::Warning => 1,
        Status::Critical => 2,
        Status::Expired => 3,
        Status::Error => 4,
    }
}

fn cut(certificates: bool, endpoints: bool) -> Family {
    let mut family = Family::gauge(
        "nolapse_series_left_out",
        "1 when there are too many objects of a kind for a series each.",
    );
    family.sample(&[("kind", "certificate")], u8::from(certificates));
    family.sample(&[("kind", "endpoint")], u8::from(endpoints));
    family
}
