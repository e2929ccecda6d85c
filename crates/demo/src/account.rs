//! The account at an authority: orders as CertCentral lists them, and their certificates.
//!
//! The head of an HTTP request comes in, a whole response goes out. Only what a view-only key may ask is answered.

use crate::mint::Minted;

/// The key that opens the account.
pub const KEY: &str = "demo-view-only-key";

/// An order and its certificate.
pub(crate) struct Order {
    /// `issued` or `revoked`.
    pub(crate) status: &'static str,
    /// Whether a later order renews it.
    pub(crate) renewed: bool,
    /// The names that were ordered.
    pub(crate) names: Vec<String>,
    /// What was issued.
    pub(crate) certificate: Minted,
    /// A further certificate of the same order.
    pub(crate) duplicate: Option<Minted>,
}

/// The account.
pub(crate) struct Account {
    /// Authorities, in PEM, that are downloaded with each certificate.
    pub(crate) issuers: String,
    /// Orders, the first with the number [`FIRST`].
    pub(crate) orders: Vec<Order>,
}

/// Number of the first order; that of its certificate is the same, and of its duplicate [`DUPLICATE`] more.
const FIRST: usize = 1_001;
const DUPLICATE: usize = 1_000_000;
/// Orders of one page at most, so that there are several.
const PAGE: usize = 10;

impl Account {
    /// Answers a request.
    pub(crate) fn answer(&self, head: &str) -> String {
        let mut lines = head.lines();
        let line: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
        let is_known = lines.any(|line| {
            line.split_once(':')
                .is_some_and(|(name, value)| name.eq_ignore_ascii_case("x-dc-devkey") && value.trim() == KEY)
        });
        let (status, kind, body) = match line.as_slice() {
            _ if !is_known => fault("401 Unauthorized", "access_denied|invalid_api_key"),
            ["GET", target, ..] => self.asked(target),
            _ => fault("405 Method Not Allowed", "method_not_allowed"),
        };
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    }

    fn asked(&self, target: &str) -> Answer {
        let target = target.strip_prefix("/services/v2/").unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let parts: Vec<&str> = path.split('/').collect();
        match parts.as_slice() {
            ["order", "certificate"] => self.list(query),
            ["order", "certificate", id, "duplicate"] => self.duplicates(id),
            ["order", "certificate", _, "reissue"] => json("{\"certificates\":[]}".to_owned()),
            ["certificate", id, "download", "format", "pem_all"] => self.download(id),
            _ => fault("404 Not Found", "not_found|route"),
        }
    }

    fn list(&self, query: &str) -> Answer {
        let number = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .find(|(key, _)| *key == name)
                .and_then(|(_, value)| value.parse::<usize>().ok())
        };
        let offset = number("offset").unwrap_or(0);
        let limit = number("limit").unwrap_or(PAGE).min(PAGE);
        let numbered = (FIRST..).zip(&self.orders);
        let orders: Vec<String> = numbered
            .skip(offset)
            .take(limit)
            .map(|(id, order)| order_json(id, order))
            .collect();
        json(format!(
            "{{\"orders\":[{}],\"page\":{{\"total\":{},\"limit\":{limit},\"offset\":{offset}}}}}",
            orders.join(","),
            self.orders.len()
        ))
    }

    fn order(&self, id: usize) -> Option<&Order> {
        self.orders.get(id.checked_sub(FIRST)?)
    }

    fn duplicates(&self, id: &str) -> Answer {
        let found = id.parse().ok().and_then(|id| Some((id, self.order(id)?)));
        let Some((id, order)) = found else {
            return fault("404 Not Found", "not_found|order");
        };
        let duplicates = order
            .duplicate
            .as_ref()
            .map(|minted| certificate_json(id + DUPLICATE, order, minted));
        json(format!(
            "{{\"certificates\":[{}]}}",
            duplicates.unwrap_or_default()
        ))
    }

    fn download(&self, id: &str) -> Answer {
        let found = id.parse::<usize>().ok().and_then(|id| {
            if id >= DUPLICATE {
                self.order(id - DUPLICATE)?.duplicate.as_ref()
            } else {
                Some(&self.order(id)?.certificate)
            }
        });
        match found {
            Some(minted) => (
                "200 OK",
                "application/x-pem-file",
                format!("{}{}", minted.pem, self.issuers),
            ),
            None => fault("404 Not Found", "not_found|certificate"),
        }
    }
}

/// Status, kind and body.
type Answer = (&'static str, &'static str, String);

const fn json(body: String) -> Answer {
    ("200 OK", "application/json", body)
}

fn fault(status: &'static str, code: &str) -> Answer {
    (
        status,
        "application/json",
        format!("{{\"errors\":[{{\"code\":\"{code}\"}}]}}"),
    )
}

fn order_json(id: usize, order: &Order) -> String {
    format!(
        "{{\"id\":{id},\"status\":\"{}\",\"is_renewed\":{},\"has_duplicates\":{},\"organization\":{{\"name\":\"Demo Ltd\"}},\
         \"product\":{{\"name\":\"Basic OV\"}},\"certificate\":{}}}",
        order.status,
        order.renewed,
        order.duplicate.is_some(),
        certificate_json(id, order, &order.certificate)
    )
}

fn certificate_json(id: usize, order: &Order, minted: &Minted) -> String {
    let names: Vec<String> = order.names.iter().map(|name| format!("\"{name}\"")).collect();
    let serial = minted.params.serial_number.as_ref();
    let serial = serial.map(rcgen::SerialNumber::to_bytes).unwrap_or_default();
    let hexadecimal: String = serial.iter().map(|octet| format!("{octet:02x}")).collect();
    let (from, till) = (minted.params.not_before, minted.params.not_after);
    format!(
        "{{\"id\":{id},\"common_name\":\"{}\",\"dns_names\":[{}],\"serial_number\":\"{hexadecimal}\",\
         \"valid_from\":\"{:04}-{:02}-{:02}\",\"valid_till\":\"{:04}-{:02}-{:02}\"}}",
        order.names.first().map(String::as_str).unwrap_or_default(),
        names.join(","),
        from.year(),
        u8::from(from.month()),
        from.day(),
        till.year(),
        u8::from(till.month()),
        till.day()
    )
}
