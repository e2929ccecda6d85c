//! What every request must bear, and what every answer carries.
//!
//! A browser can be led to any address by any page, also to ours under a name that a stranger made to point here (DNS
//! rebinding). Therefore only requests for an address, for `localhost`, or for a name that a person configured are
//! answered. Answers forbid the browser whatever pages do not need: other sources, frames, plug-ins, and script that makes
//! markup from text (Trusted Types). What changes something is taken from our own pages, and from programs that are no browser.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};

use crate::Parts;
use crate::pages::failure;

/// Puts the guard around routes.
pub(crate) fn around(routes: Router<Arc<Parts>>, parts: &Arc<Parts>) -> Router<Arc<Parts>> {
    routes
        .layer(middleware::from_fn_with_state(Arc::clone(parts), meant_for_us))
        .layer(middleware::map_response(with_headers))
}

async fn meant_for_us(State(parts): State<Arc<Parts>>, request: Request, next: Next) -> Response {
    match asked_for(request.headers(), request.uri()) {
        Some(host) if is_ours(host, &parts.names) => {
            match is_harmless(&request) || is_from_us(request.headers()) {
                true => next.run(request).await,
                false => failure::foreign().into_response(),
            }
        }
        host => failure::misdirected(host.unwrap_or_default()).into_response(),
    }
}

/// The name that was asked for, without its port.
fn asked_for<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = match (uri.authority(), hosts.next(), hosts.next()) {
        (Some(authority), _, None) => authority.as_str(),
        (None, Some(host), None) => host.to_str().ok()?,
        _ => return None,
    };
    let without_port = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    Some(without_port)
}

/// Reading changes nothing (RFC 9110 section 9.2.1).
fn is_harmless(request: &Request) -> bool {
    request.method().is_safe()
}

/// Whether one of our own pages sent it, or no browser at all. Browsers say from where, in words that no page can forge: where
/// the request comes from in relation to us (Fetch Metadata), or the origin of the page (RFC 6454).
fn is_from_us(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    authority.is_some_and(|(_, authority)| host == Some(authority))
}

fn is_ours(host: &str, names: &[Box<str>]) -> bool {
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    inner.parse::<IpAddr>().is_ok()
        || host.eq_ignore_ascii_case("localhost")
        || names.iter().any(|name| name.eq_ignore_ascii_case(host))
}

/// What no page needs is forbidden; pages that are read are not kept by anybody on the way or by the browser.
const HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

async fn with_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The status of a request for somebody else (RFC 9110 section 15.5.20).
pub(crate) const MISDIRECTED: StatusCode = StatusCode::MISDIRECTED_REQUEST;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_configured_names_are_ours_and_no_other_name_is() {
        let names = ["nolapse.example.com".into()];
        for host in [
            "127.0.0.1",
            "[::1]",
            "192.0.2.7",
            "localhost",
            "LOCALHOST",
            "Nolapse.example.com",
        ] {
            assert!(is_ours(host, &names), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
        ] {
            assert!(!is_ours(host, &names), "{host}");
        }
    }

    #[test]
    fn the_name_is_that_of_the_one_host_header_or_of_the_address() {
        let headers = |hosts: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, HeaderValue::from_static(host));
            }
            headers
        };
        let path: Uri = "/x".parse().unwrap();
        let whole: Uri = "http://a.example:80/x".parse().unwrap();
        let asked = |headers: &HeaderMap, uri: &Uri| asked_for(headers, uri).map(str::to_owned);
        assert_eq!(
            asked(&headers(&["a.example:8787"]), &path),
            Some("a.example".into())
        );
        assert_eq!(asked(&headers(&["[::1]:8787"]), &path), Some("[::1]".into()));
        assert_eq!(asked(&headers(&["[::1]"]), &path), Some("[::1]".into()));
        assert_eq!(asked(&headers(&[]), &path), None);
        assert_eq!(asked(&headers(&["a.example", "b.example"]), &path), None);
        assert_eq!(
            asked(&headers(&["b.example"]), &whole),
            Some("a.example".into()),
            "the address wins"
        );
    }
}
