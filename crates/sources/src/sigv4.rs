//! Signatures over requests as AWS wants them (Signature Version 4).
//!
//! A request and credentials come in, the value of its `Authorization` header goes out. Requests here have no body. Checked
//! against the published test suite (`aws-sig-v4-test-suite`).

use std::fmt::{self, Write as _};

use aws_lc_rs::{digest, hmac};
use jiff::Timestamp;

/// What opens an account. The secret and the token are never shown.
#[derive(Clone)]
pub struct Credentials {
    /// The access key's id.
    pub key_id: String,
    /// The secret key.
    pub secret: String,
    /// The token of a session, for credentials that end.
    pub token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "access key {}", model::untrusted::shown(&self.key_id))
    }
}

/// A request to be signed.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// GET, mostly.
    pub method: &'a str,
    /// The `Host` header.
    pub host: &'a str,
    /// The path, percent-encoded as it is sent.
    pub path: &'a str,
    /// Parameters, neither encoded nor sorted.
    pub query: &'a [(&'a str, &'a str)],
    /// The region.
    pub region: &'a str,
    /// The service.
    pub service: &'a str,
}

/// Headers to be sent beside `Host`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// `x-amz-date`.
    pub date: String,
    /// `x-amz-security-token`.
    pub token: Option<String>,
    /// `Authorization`.
    pub authorization: String,
}

/// Signs a request without a body at `now`.
pub fn sign(request: &Request<'_>, credentials: &Credentials, now: Timestamp) -> Signed {
    let date = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = date.get(..8).unwrap_or_default().to_owned();
    let mut headers = format!("host:{}\nx-amz-date:{date}\n", request.host);
    let mut names = String::from("host;x-amz-date");
    if let Some(token) = &credentials.token {
        headers.push_str(&format!("x-amz-security-token:{token}\n"));
        names.push_str(";x-amz-security-token");
    }
    let canonical = format!(
        "{}\n{}\n{}\n{headers}\n{names}\n{}",
        request.method,
        request.path,
        query(request.query),
        sha256(b"")
    );
    let scope = format!("{day}/{}/{}/aws4_request", request.region, request.service);
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
        sha256(canonical.as_bytes())
    );
    let mut key = format!("AWS4{}", credentials.secret).into_bytes();
    for part in [&*day, request.region, request.service, "aws4_request", &*to_sign] {
        key = hmac(&key, part.as_bytes());
    }
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}",
        credentials.key_id,
        hex(&key)
    );
    Signed {
        date,
        token: credentials.token.clone(),
        authorization,
    }
}

/// Parameters encoded and sorted, as they are signed and sent.
pub fn query(parameters: &[(&str, &str)]) -> String {
    let mut pairs: Vec<(String, String)> = parameters
        .iter()
        .map(|(key, value)| (encoded(key), encoded(value)))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    pairs.join("&")
}

/// Percent-encoding of everything that is not unreserved (RFC 3986 section 2.3).
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(octet));
        } else {
            write!(out, "%{octet:02X}").unwrap_or_default();
        }
    }
    out
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message)
        .as_ref()
        .to_vec()
}

fn sha256(octets: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, octets).as_ref())
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut out, octet| {
        write!(out, "{octet:02x}").unwrap_or_default();
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Credentials and time of the published suite.
    fn signature(method: &str, query: &[(&str, &str)]) -> String {
        let credentials = Credentials {
            key_id: "AKIDEXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            token: None,
        };
        let request = Request {
            method,
            host: "example.amazonaws.com",
            path: "/",
            query,
            region: "us-east-1",
            service: "service",
        };
        let signed = sign(&request, &credentials, "2015-08-30T12:36:00Z".parse().unwrap());
        assert_eq!(signed.date, "20150830T123600Z");
        let head = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=";
        signed.authorization.strip_prefix(head).unwrap().to_owned()
    }

    #[test]
    fn the_published_vectors() {
        // get-vanilla
        assert_eq!(
            signature("GET", &[]),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        );
        // get-vanilla-query-order-key-case
        assert_eq!(
            signature("GET", &[("Param2", "value2"), ("Param1", "value1")]),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        );
        // post-vanilla
        assert_eq!(
            signature("POST", &[]),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        );
    }

    #[test]
    fn a_token_is_signed_and_a_secret_is_not_shown() {
        let credentials = Credentials {
            key_id: "AKID".to_owned(),
            secret: "hush".to_owned(),
            token: Some("token".to_owned()),
        };
        let request = Request {
            method: "GET",
            host: "h",
            path: "/",
            query: &[],
            region: "r",
            service: "s",
        };
        let signed = sign(&request, &credentials, Timestamp::UNIX_EPOCH);
        assert!(
            signed
                .authorization
                .contains("SignedHeaders=host;x-amz-date;x-amz-security-token")
        );
        assert_eq!(format!("{credentials:?}"), "access key AKID");
    }

    #[test]
    fn parameters_are_encoded_and_sorted() {
        assert_eq!(query(&[("b", "x y"), ("a", "*.é")]), "a=%2A.%C3%A9&b=x%20y");
    }
}
