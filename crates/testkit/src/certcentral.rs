//! A stand-in of DigiCert CertCentral on loopback: orders, their duplicates and reissues, and certificates to download.
//!
//! `GET /services/v2/order/certificate` (`offset`, `limit`), `.../order/certificate/ID/duplicate`, `.../ID/reissue`, and
//! `/services/v2/certificate/ID/download/format/pem_all`; the header `X-DC-DEVKEY` is demanded, any method but `GET` refused.
//! Certificates are minted when they are first asked for, by an authority of the account's own. [`Habits`] say how it
//! misbehaves: throttling, faults, slowness, pages that are none.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use rcgen::SerialNumber;

use crate::ca::{Minted, Template, pem};
use crate::der;
use crate::web::{Answer, Request, Web};

/// A certificate of an order.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The account's number for it.
    pub id: u64,
    /// Common name.
    pub common_name: String,
    /// Names.
    pub names: Vec<String>,
    /// Serial number, as the list writes it; nothing leaves it out.
    pub serial: Option<String>,
    /// Validity in days from now.
    pub days: (i64, i64),
    /// Its own status, which duplicates and reissues have.
    pub status: Option<String>,
    /// Whether the list says its days.
    pub dated: bool,
    /// What comes when it is downloaded.
    pub download: Download,
}

/// What comes when a certificate is downloaded.
#[derive(Clone, Debug)]
pub enum Download {
    /// A certificate as it is listed, minted then.
    Mint,
    /// This one, in DER.
    Given(Vec<u8>),
    /// One with another serial number and name.
    Foreign,
    /// A text that is none.
    Text(String),
    /// A refusal with this status.
    Refused(u16),
}

impl Certificate {
    /// A certificate for these names, the first of which is the common name: valid from 30 days ago to 60 days from now.
    pub fn new(id: u64, names: &[&str]) -> Self {
        Self {
            id,
            common_name: names.first().copied().unwrap_or_default().to_owned(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            serial: Some(format!("{:032x}", u128::from(id) << 64 | 0x0102_0304)),
            days: (-30, 60),
            status: None,
            dated: true,
            download: Download::Mint,
        }
    }

    /// One that was minted before, and may be served somewhere: `names` and `days` as it was minted with.
    pub fn of(id: u64, minted: &Minted, names: &[&str], days: (i64, i64)) -> Self {
        let to_be_signed = der::children(der::children(minted.der())[0]);
        let serial = der::content(to_be_signed[1]);
        Self {
            serial: Some(serial.iter().map(|octet| format!("{octet:02x}")).collect()),
            days,
            download: Download::Given(minted.der().to_vec()),
            ..Self::new(id, names)
        }
    }

    /// Another validity, in days from now.
    #[must_use]
    pub const fn valid_days(mut self, from: i64, till: i64) -> Self {
        self.days = (from, till);
        self
    }

    /// Another answer to its download.
    #[must_use]
    pub fn download(mut self, download: Download) -> Self {
        self.download = download;
        self
    }

    /// A status of its own.
    #[must_use]
    pub fn status(mut self, status: &str) -> Self {
        self.status = Some(status.to_owned());
        self
    }
}

/// An order.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its number.
    pub id: u64,
    /// Its status, in the account's words.
    pub status: String,
    /// Its present certificate; nothing for orders that never had one.
    pub certificate: Option<Certificate>,
    /// Duplicates.
    pub duplicates: Vec<Certificate>,
    /// What it was before it was reissued.
    pub reissues: Vec<Certificate>,
    /// Whether a later order renews it.
    pub renewed: bool,
    /// The order in JSON, in place of all that.
    pub json: Option<String>,
}

impl Order {
    /// An order that was issued.
    pub const fn issued(id: u64, certificate: Certificate) -> Self {
        Self {
            id,
            status: String::new(),
            certificate: Some(certificate),
            duplicates: Vec::new(),
            reissues: Vec::new(),
            renewed: false,
            json: None,
        }
    }

    /// An order of another status.
    #[must_use]
    pub fn status(mut self, status: &str) -> Self {
        status.clone_into(&mut self.status);
        self
    }

    /// An order in JSON of the test's own.
    pub fn json(text: &str) -> Self {
        let mut order = Self::issued(0, Certificate::new(0, &[]));
        order.json = Some(text.to_owned());
        order
    }

    /// With one more duplicate.
    #[must_use]
    pub fn duplicate(mut self, certificate: Certificate) -> Self {
        self.duplicates.push(certificate);
        self
    }

    /// With one more certificate that it had before.
    #[must_use]
    pub fn reissued(mut self, former: Certificate) -> Self {
        self.reissues.push(former);
        self
    }

    /// Renewed by a later order.
    #[must_use]
    pub const fn renewed(mut self) -> Self {
        self.renewed = true;
        self
    }
}

/// How the account behaves.
#[derive(Clone, Debug)]
pub struct Habits {
    /// The key that opens it.
    pub key: String,
    /// Most orders of one page, whatever is asked for.
    pub page: usize,
    /// Every so many questions get a 429; 0 means none.
    pub throttled_every: u64,
    /// What a 429 says in `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
    /// Every so many questions get a 500; 0 means none.
    pub fails_every: u64,
    /// From this offset on, pages are this text with this status.
    pub breaks_at: Option<(usize, u16, String)>,
    /// How long each answer takes.
    pub slow: Duration,
    /// Whether the key may do nothing.
    pub forbidden: bool,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            key: "view-only-key".to_owned(),
            page: 1000,
            throttled_every: 0,
            retry_after: None,
            fails_every: 0,
            breaks_at: None,
            slow: Duration::ZERO,
            forbidden: false,
        }
    }
}

/// A running account.
#[derive(Debug)]
pub struct Account {
    web: Web,
    shop: Arc<Shop>,
}

#[derive(Debug)]
struct Shop {
    orders: Mutex<Vec<Order>>,
    habits: Mutex<Habits>,
    asked: Mutex<Vec<String>>,
    minted: Mutex<HashMap<u64, String>>,
    authority: Minted,
}

impl Account {
    /// Serves these orders.
    pub fn start(orders: Vec<Order>, habits: Habits) -> Self {
        let shop = Arc::new(Shop {
            orders: Mutex::new(orders),
            habits: Mutex::new(habits),
            asked: Mutex::default(),
            minted: Mutex::default(),
            authority: Template::authority("account's authority").self_signed(),
        });
        let serves = Arc::clone(&shop);
        let listener =
            TcpListener::bind((crate::loopback::address(), 0)).expect("a free socket can be listened on");
        let web = Web::start(listener, None, move |request| serves.answer(request));
        Self { web, shop }
    }

    /// Its base: `http://127.1.2.3:4321/services/v2`.
    pub fn base(&self) -> String {
        format!("http://{}/services/v2", self.web.socket())
    }

    /// Where it listens.
    pub const fn socket(&self) -> SocketAddr {
        self.web.socket()
    }

    /// Every question so far: path and query behind the base.
    pub fn asked(&self) -> Vec<String> {
        self.shop.asked.lock().expect("no thread panicked").clone()
    }

    /// How many questions had this in them.
    pub fn asked_for(&self, part: &str) -> usize {
        self.asked()
            .iter()
            .filter(|question| question.contains(part))
            .count()
    }

    /// Forgets the questions.
    pub fn forget(&self) {
        self.shop.asked.lock().expect("no thread panicked").clear();
    }

    /// Changes its orders.
    pub fn change_orders(&self, change: impl FnOnce(&mut Vec<Order>)) {
        change(&mut self.shop.orders.lock().expect("no thread panicked"));
    }

    /// Changes its habits.
    pub fn change_habits(&self, change: impl FnOnce(&mut Habits)) {
        change(&mut self.shop.habits.lock().expect("no thread panicked"));
    }

    /// The authority that issues what is minted here.
    pub fn authority(&self) -> &Minted {
        &self.shop.authority
    }
}

impl Shop {
    fn answer(&self, request: &Request) -> Answer {
        let habits = self.habits.lock().expect("no thread panicked").clone();
        let target = request.target.strip_prefix("/services/v2").unwrap_or_default();
        let number = {
            let mut asked = self.asked.lock().expect("no thread panicked");
            asked.push(target.to_owned());
            asked.len() as u64
        };
        if !habits.slow.is_zero() {
            std::thread::sleep(habits.slow);
        }
        if request.header("x-dc-devkey") != Some(&habits.key) {
            return fault(401, "access_denied|invalid_api_key", "");
        }
        if habits.forbidden {
            return fault(
                403,
                "access_denied|insufficient_permission",
                "You do not have permission",
            );
        }
        if request.method != "GET" {
            return fault(405, "method_not_allowed", "this key may only view");
        }
        let every = |often: u64| often > 0 && number.is_multiple_of(often);
        if every(habits.throttled_every) {
            let mut answer = fault(
                429,
                "request_limit_exceeded",
                "Service unavailable, please limit requests",
            );
            if let Some(seconds) = habits.retry_after {
                answer.headers.push(("Retry-After", seconds.to_string()));
            }
            return answer;
        }
        if every(habits.fails_every) {
            return fault(500, "internal_error", "");
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match parts.as_slice() {
            ["order", "certificate"] => self.list(query, &habits),
            ["order", "certificate", id, "duplicate"] => self.further(id, |order| &order.duplicates),
            ["order", "certificate", id, "reissue"] => self.further(id, |order| &order.reissues),
            ["certificate", id, "download", "format", "pem_all"] => self.download(id),
            _ => fault(404, "not_found|route", ""),
        }
    }

    fn list(&self, query: &str, habits: &Habits) -> Answer {
        let number = |name: &str| {
            let pair = query
                .split('&')
                .find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name));
            pair.and_then(|(_, value)| value.parse::<usize>().ok())
        };
        let offset = number("offset").unwrap_or(0);
        let limit = number("limit").unwrap_or(habits.page).min(habits.page);
        if let Some((from, status, text)) = &habits.breaks_at
            && offset >= *from
        {
            return Answer::new(*status, "text/html", text.clone());
        }
        let orders = self.orders.lock().expect("no thread panicked");
        let shown: Vec<String> = orders.iter().skip(offset).take(limit).map(order_json).collect();
        let body = format!(
            "{{\"orders\":[{}],\"page\":{{\"total\":{},\"limit\":{limit},\"offset\":{offset}}}}}",
            shown.join(","),
            orders.len()
        );
        Answer::new(200, "application/json", body)
    }

    fn further(&self, id: &str, which: fn(&Order) -> &Vec<Certificate>) -> Answer {
        let orders = self.orders.lock().expect("no thread panicked");
        let found = orders
            .iter()
            .find(|order| order.json.is_none() && order.id.to_string() == id);
        let Some(order) = found else {
            return fault(404, "not_found|order", "");
        };
        let all: Vec<String> = which(order).iter().map(certificate_json).collect();
        Answer::new(
            200,
            "application/json",
            format!("{{\"certificates\":[{}]}}", all.join(",")),
        )
    }

    fn download(&self, id: &str) -> Answer {
        let found = {
            let orders = self.orders.lock().expect("no thread panicked");
            let mut all = orders.iter().flat_map(|order| {
                order
                    .certificate
                    .iter()
                    .chain(&order.duplicates)
                    .chain(&order.reissues)
            });
            all.find(|certificate| certificate.id.to_string() == id).cloned()
        };
        let Some(certificate) = found else {
            return fault(404, "not_found|certificate", "");
        };
        let leaf = match &certificate.download {
            Download::Refused(status) => return fault(*status, "access_denied", "not for this key"),
            Download::Text(text) => return Answer::new(200, "application/x-pem-file", text.clone()),
            Download::Given(der) => pem("CERTIFICATE", der),
            Download::Mint => self.mint(&certificate),
            Download::Foreign => {
                let other = Certificate::new(certificate.id + 1_000_000, &["someone-else.test"]);
                self.mint(&other)
            }
        };
        let body = format!("{leaf}{}", self.authority.pem());
        Answer::new(200, "application/x-pem-file", body)
    }

    /// A certificate as it is listed, in PEM; the same each time.
    fn mint(&self, listed: &Certificate) -> String {
        let mut minted = self.minted.lock().expect("no thread panicked");
        let make = || {
            let names: Vec<&str> = listed.names.iter().map(String::as_str).collect();
            let serial = listed.serial.as_deref().map(octets);
            Template::server(&listed.common_name)
                .names(&names)
                .valid_days(listed.days.0, listed.days.1)
                .edit(|params| params.serial_number = serial.map(|octets| SerialNumber::from_slice(&octets)))
                .issued_by(&self.authority)
                .pem()
        };
        minted.entry(listed.id).or_insert_with(make).clone()
    }
}

fn octets(hexadecimal: &str) -> Vec<u8> {
    let pairs = hexadecimal.as_bytes().chunks(2);
    let octets: Vec<u8> = pairs
        .map(|pair| u8::from_str_radix(&String::from_utf8_lossy(pair), 16).expect("hexadecimal"))
        .collect();
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets[zeros..].to_vec()
}

fn order_json(order: &Order) -> String {
    if let Some(json) = &order.json {
        return json.clone();
    }
    let status = if order.status.is_empty() {
        "issued"
    } else {
        &order.status
    };
    let certificate = order
        .certificate
        .as_ref()
        .map(|certificate| format!(",\"certificate\":{}", certificate_json(certificate)));
    format!(
        "{{\"id\":{},\"status\":\"{status}\",\"is_renewed\":{},\"has_duplicates\":{},\"date_created\":\"2024-10-29T10:11:12+00:00\",\
         \"organization\":{{\"id\":1,\"name\":\"Example\"}},\"product\":{{\"name_id\":\"ssl_basic\",\"name\":\"Basic OV\",\"type\":\"ssl_certificate\"}},\
         \"disable_renewal_notifications\":false{}}}",
        order.id,
        order.renewed,
        !order.duplicates.is_empty(),
        certificate.unwrap_or_default()
    )
}

fn certificate_json(certificate: &Certificate) -> String {
    let names: Vec<String> = certificate
        .names
        .iter()
        .map(|name| format!("\"{name}\""))
        .collect();
    let mut out = format!(
        "{{\"id\":{},\"common_name\":\"{}\",\"dns_names\":[{}],\"signature_hash\":\"sha256\"",
        certificate.id,
        certificate.common_name,
        names.join(",")
    );
    let mut field = |name: &str, value: &str| write!(out, ",\"{name}\":\"{value}\"").expect("strings grow");
    if let Some(serial) = &certificate.serial {
        field("serial_number", serial);
    }
    if let Some(status) = &certificate.status {
        field("status", status);
    }
    if certificate.dated {
        field("valid_from", &day(certificate.days.0));
        field("valid_till", &day(certificate.days.1));
    }
    out + "}"
}

/// The day that is so many days from now: `2026-11-25`.
fn day(days: i64) -> String {
    let distance = Duration::from_secs(days.unsigned_abs() * 86_400);
    let moment = if days < 0 {
        SystemTime::now() - distance
    } else {
        SystemTime::now() + distance
    };
    let seconds = moment
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("after 1970")
        .as_secs();
    // Days to civil, by eras of 400 years that begin in March (public knowledge).
    let shifted = i64::try_from(seconds / 86_400).expect("a day of our time") + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

fn fault(status: u16, code: &str, message: &str) -> Answer {
    let body = format!("{{\"errors\":[{{\"code\":\"{code}\",\"message\":\"{message}\"}}]}}");
    Answer::new(status, "application/json", body)
}
