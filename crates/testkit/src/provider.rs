//! Stand-ins of two providers of DNS on loopback: what Route 53 and Cloudflare answer, page by page, with their throttling.
//!
//! Route 53: `GET /2013-04-01/hostedzone` (`maxitems`, `marker`) and `GET /2013-04-01/hostedzone/ID/rrset` (`maxitems`, `name`,
//! `type`, `identifier`), signed headers demanded. Cloudflare: `GET /client/v4/zones` and `GET /client/v4/zones/ID/dns_records`
//! (`page`, `per_page`), a bearer token demanded. Pages are small here, so that there is always a next one.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use crate::loopback;

/// A record set or record, in the provider's own words.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Name; Route 53 wants the dot at its end and escapes in octal.
    pub name: String,
    /// Type.
    pub kind: String,
    /// Values; one for Cloudflare.
    pub values: Vec<String>,
    /// The name that it is an alias of (Route 53).
    pub alias: Option<String>,
    /// Told apart from sets of the same name and type by this (Route 53: weighted records).
    pub identifier: String,
}

impl Entry {
    /// A record set with values.
    pub fn new(name: &str, kind: &str, values: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
            alias: None,
            identifier: String::new(),
        }
    }

    /// An alias of another name.
    pub fn alias(name: &str, kind: &str, of: &str) -> Self {
        Self {
            alias: Some(of.to_owned()),
            ..Self::new(name, kind, &[])
        }
    }

    /// One of several sets of one name and type.
    #[must_use]
    pub fn identified(mut self, identifier: &str) -> Self {
        identifier.clone_into(&mut self.identifier);
        self
    }
}

/// A zone of the account.
#[derive(Clone, Debug)]
pub struct Zone {
    /// What the provider calls it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is private.
    pub private: bool,
    /// Its entries, in the provider's order.
    pub entries: Vec<Entry>,
}

/// Which provider, and what opens the account.
#[derive(Clone, Debug)]
pub enum Kind {
    /// The id of the access key that a signature must name.
    Route53(String),
    /// The token.
    Cloudflare(String),
}

/// A stand-in, as long as the handle lives.
#[derive(Debug)]
pub struct Provider {
    socket: SocketAddr,
    ends: Arc<AtomicBool>,
    asked: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

struct Shop {
    kind: Kind,
    zones: Vec<Zone>,
    page: usize,
    /// Every so many questions are throttled; 0 means none.
    throttled_every: u64,
}

impl Provider {
    /// Serves these zones, `page` entries at a time, and throttles every so many questions (0: none).
    pub fn start(kind: Kind, zones: Vec<Zone>, page: usize, throttled_every: u64) -> Self {
        let listener = TcpListener::bind((loopback::address(), 0)).expect("a free socket can be listened on");
        let socket = listener.local_addr().expect("a bound socket has an address");
        let (ends, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (told, count) = (Arc::clone(&ends), Arc::clone(&asked));
        let shop = Shop {
            kind,
            zones,
            page,
            throttled_every,
        };
        let thread = std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if told.load(Ordering::Acquire) {
                    break;
                }
                let number = count.fetch_add(1, Ordering::AcqRel) + 1;
                drop(shop.serve(stream, number));
            }
        });
        Self {
            socket,
            ends,
            asked,
            thread: Some(thread),
        }
    }

    /// Where it is: `http://127.1.2.3:4321`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.socket)
    }

    /// Questions so far.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Acquire)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Release);
        if TcpStream::connect(self.socket).is_ok()
            && let Some(thread) = self.thread.take()
        {
            drop(thread.join());
        }
    }
}

/// What is answered: status line, further headers, body.
type Answer = (&'static str, &'static str, String);

impl Shop {
    fn serve(&self, stream: TcpStream, number: u64) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        let mut request = String::new();
        while reader.read_line(&mut request)? > 2 {}
        let target = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let authorization = request
            .lines()
            .find_map(|line| {
                line.split_once(':')
                    .filter(|(name, _)| name.eq_ignore_ascii_case("authorization"))
            })
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default();
        let throttled = self.throttled_every > 0 && number.is_multiple_of(self.throttled_every);
        let (status, headers, body) = match &self.kind {
            Kind::Route53(key) => self.route53(&target, &authorization, key, throttled),
            Kind::Cloudflare(token) => self.cloudflare(&target, &authorization, token, throttled),
        };
        let mut stream = reader.into_inner();
        write!(
            stream,
            "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    }

    fn route53(&self, target: &str, authorization: &str, key: &str, throttled: bool) -> Answer {
        let error = |code: &str, message: &str| {
            format!(
                "<?xml version=\"1.0\"?>\n<ErrorResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Error><Type>Sender</Type>\
                 <Code>{code}</Code><Message>{message}</Message></Error><RequestId>x</RequestId></ErrorResponse>"
            )
        };
        let head = format!("AWS4-HMAC-SHA256 Credential={key}/");
        if !authorization.starts_with(&head)
            || !authorization.contains("/us-east-1/route53/aws4_request, SignedHeaders=host;x-amz-date")
        {
            return (
                "403 Forbidden",
                "",
                error(
                    "InvalidClientTokenId",
                    "The security token included in the request is invalid.",
                ),
            );
        }
        if throttled {
            return ("400 Bad Request", "", error("Throttling", "Rate exceeded"));
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let rest = path.strip_prefix("/2013-04-01/hostedzone").unwrap_or_default();
        match rest
            .strip_prefix('/')
            .and_then(|rest| rest.strip_suffix("/rrset"))
        {
            None => ("200 OK", "", self.hosted_zones(query)),
            Some(id) => match self.zones.iter().find(|zone| zone.id == id) {
                Some(zone) => ("200 OK", "", self.record_sets(zone, query)),
                None => (
                    "404 Not Found",
                    "",
                    error("NoSuchHostedZone", "No hosted zone found"),
                ),
            },
        }
    }

    fn hosted_zones(&self, query: &str) -> String {
        let begin = self
            .zones
            .iter()
            .position(|zone| zone.id == parameter(query, "marker"))
            .unwrap_or(0);
        let end = (begin + self.page).min(self.zones.len());
        let mut out =
            String::from("<?xml version=\"1.0\"?>\n<ListHostedZonesResponse xmlns=\"x\"><HostedZones>");
        for zone in &self.zones[begin..end] {
            write!(
                out,
                "<HostedZone><Id>/hostedzone/{}</Id><Name>{}.</Name><CallerReference>r</CallerReference><Config><PrivateZone>{}</PrivateZone>\
                 </Config></HostedZone>",
                zone.id, zone.name, zone.private
            )
            .expect("strings grow");
        }
        match self.zones.get(end) {
            Some(next) => write!(
                out,
                "</HostedZones><IsTruncated>true</IsTruncated><NextMarker>{}</NextMarker>",
                next.id
            ),
            None => write!(out, "</HostedZones><IsTruncated>false</IsTruncated>"),
        }
        .expect("strings grow");
        out + "<MaxItems>100</MaxItems></ListHostedZonesResponse>"
    }

    fn record_sets(&self, zone: &Zone, query: &str) -> String {
        let wanted = [
            parameter(query, "name"),
            parameter(query, "type"),
            parameter(query, "identifier"),
        ];
        let is_wanted = |entry: &Entry| {
            entry.name == wanted[0] && entry.kind == wanted[1] && entry.identifier == wanted[2]
        };
        let begin = zone.entries.iter().position(is_wanted).unwrap_or(0);
        let end = (begin + self.page).min(zone.entries.len());
        let mut out =
            String::from("<?xml version=\"1.0\"?>\n<ListResourceRecordSetsResponse><ResourceRecordSets>");
        for entry in &zone.entries[begin..end] {
            write!(
                out,
                "<ResourceRecordSet><Name>{}</Name><Type>{}</Type>",
                entry.name, entry.kind
            )
            .expect("strings grow");
            if let Some(alias) = &entry.alias {
                write!(
                    out,
                    "<AliasTarget><HostedZoneId>Z</HostedZoneId><DNSName>{alias}</DNSName>\
                     <EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget>"
                )
                .expect("strings grow");
            } else {
                out.push_str("<TTL>300</TTL><ResourceRecords>");
                for value in &entry.values {
                    let value = value.replace('&', "&amp;").replace('"', "&quot;");
                    write!(out, "<ResourceRecord><Value>{value}</Value></ResourceRecord>")
                        .expect("strings grow");
                }
                out.push_str("</ResourceRecords>");
            }
            out.push_str("</ResourceRecordSet>");
        }
        out.push_str("</ResourceRecordSets>");
        match zone.entries.get(end) {
            Some(next) => {
                let identifier = match next.identifier.as_str() {
                    "" => String::new(),
                    identifier => format!("<NextRecordIdentifier>{identifier}</NextRecordIdentifier>"),
                };
                write!(
                    out,
                    "<IsTruncated>true</IsTruncated><NextRecordName>{}</NextRecordName><NextRecordType>{}</NextRecordType>{identifier}",
                    next.name, next.kind
                )
            }
            None => write!(out, "<IsTruncated>false</IsTruncated>"),
        }
        .expect("strings grow");
        out + "<MaxItems>300</MaxItems></ListResourceRecordSetsResponse>"
    }

    fn cloudflare(&self, target: &str, authorization: &str, token: &str, throttled: bool) -> Answer {
        let error = |message: &str| {
            format!(
                "{{\"success\":false,\"errors\":[{{\"code\":1,\"message\":\"{message}\"}}],\"result\":null}}"
            )
        };
        if authorization != format!("Bearer {token}") {
            return ("403 Forbidden", "", error("Authentication error"));
        }
        if throttled {
            return (
                "429 Too Many Requests",
                "Retry-After: 0\r\n",
                error("More than 1200 requests per 300 seconds reached"),
            );
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let number: usize = parameter(query, "page").parse().unwrap_or(1);
        let rest = path.strip_prefix("/client/v4/zones").unwrap_or_default();
        let all: Vec<String> = match rest
            .strip_prefix('/')
            .and_then(|rest| rest.strip_suffix("/dns_records"))
        {
            None => {
                let zone = |zone: &Zone| {
                    format!(
                        "{{\"id\":\"{}\",\"name\":\"{}\",\"status\":\"active\"}}",
                        zone.id, zone.name
                    )
                };
                self.zones.iter().map(zone).collect()
            }
            Some(id) => match self.zones.iter().find(|zone| zone.id == id) {
                Some(zone) => zone.entries.iter().map(cloudflare_entry).collect(),
                None => return ("404 Not Found", "", error("zone not found")),
            },
        };
        let pages = all.len().div_ceil(self.page);
        let part: Vec<String> = all
            .into_iter()
            .skip((number - 1) * self.page)
            .take(self.page)
            .collect();
        let body = format!(
            "{{\"success\":true,\"errors\":[],\"messages\":[],\"result\":[{}],\"result_info\":{{\"page\":{number},\"per_page\":{},\"total_pages\":{pages}}}}}",
            part.join(","),
            self.page
        );
        ("200 OK", "", body)
    }
}

fn cloudflare_entry(entry: &Entry) -> String {
    let value = entry.values.first().map_or("", String::as_str);
    // The preference of a mail server stands apart.
    let (priority, content) = match value.split_once(' ') {
        Some((priority, rest)) if matches!(entry.kind.as_str(), "MX" | "SRV") => {
            (format!(",\"priority\":{priority}"), rest)
        }
        _ => (String::new(), value),
    };
    format!(
        "{{\"id\":\"x\",\"type\":\"{}\",\"name\":\"{}\",\"content\":\"{content}\",\"ttl\":300,\"proxied\":false{priority}}}",
        entry.kind, entry.name
    )
}

/// A parameter of a query, decoded.
fn parameter(query: &str, name: &str) -> String {
    let found = query
        .split('&')
        .find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name));
    let value = found.map_or("", |(_, value)| value);
    let mut octets = Vec::new();
    let mut rest = value.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        match (first, behind.get(..2)) {
            (b'%', Some(digits)) => {
                let text = String::from_utf8_lossy(digits);
                octets.push(u8::from_str_radix(&text, 16).expect("two digits"));
                rest = &behind[2..];
            }
            _ => octets.push(*first),
        }
    }
    String::from_utf8(octets).expect("UTF-8")
}
