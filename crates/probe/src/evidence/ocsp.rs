//! Asking responders (RFC 6960 appendix A, RFC 5019): by GET where the question is short, so that caches may answer, and by
//! POST where it is long or GET is not understood.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::certificate::Certificate;
use model::evidence::{Fetched, FetchedOcsp, Unavailable};
use model::revocation::{OcspReply, OcspStatus, ocsp_request};
use model::{Untrusted, limits};
use net::Network;
use net::clock::SystemClock;
use net::http::Bounds;

use super::flights::Landed;
use super::{Asked, FAILURE_KEPT, Gatherer, followed, kept_until, later, not_that};

/// The longest URL that a question goes into (RFC 5019 section 5).
const GET_BYTES: usize = 255;
const REQUEST_TYPE: &str = "application/ocsp-request";

impl Gatherer {
    /// Asks the responders of a certificate one after the other until one answers.
    pub(super) async fn ask_responders(
        &self,
        network: &Network,
        certificate: &Certificate,
        issuer: &Certificate,
    ) -> Vec<FetchedOcsp> {
        let mut asked = Vec::new();
        for url in followed(&certificate.facts().ocsp_urls) {
            let key = (url.clone(), certificate.fingerprint());
            let asking = self.ask_responder(network, url, certificate, issuer);
            let (at, outcome) = self.answers.get(&key, SystemClock.now(), asking).await;
            let is_answered = outcome
                .as_ref()
                .is_ok_and(|reply| reply.answer().status == OcspStatus::Successful);
            let fetched = Fetched {
                url: url.clone(),
                at,
                outcome,
            };
            asked.push(FetchedOcsp {
                of: certificate.fingerprint(),
                fetched,
            });
            if is_answered {
                break;
            }
        }
        asked
    }

    async fn ask_responder(
        &self,
        network: &Network,
        url: &Untrusted,
        certificate: &Certificate,
        issuer: &Certificate,
    ) -> Landed<Asked<Arc<OcspReply>>> {
        let now = SystemClock.now();
        let outcome = match ocsp_request(certificate, issuer) {
            Some(request) => self.exchange(network, url.raw(), &request).await,
            None => Err(Unavailable::NoQuestion),
        };
        let (until, bytes) = match &outcome {
            Ok(reply) => {
                let answers = reply
                    .answer()
                    .basic
                    .as_ref()
                    .map(|basic| basic.answers.as_slice());
                let next = answers
                    .unwrap_or_default()
                    .iter()
                    .filter_map(|answer| answer.next_update)
                    .min();
                (kept_until(now, next), reply.der().len())
            }
            Err(_) => (later(now, FAILURE_KEPT), 0),
        };
        Landed {
            value: (now, outcome),
            until,
            bytes,
        }
    }

    async fn exchange(
        &self,
        network: &Network,
        url: &str,
        request: &[u8],
    ) -> Result<Arc<OcspReply>, Unavailable> {
        if let Some(question) = question_url(url, request) {
            let answer = self
                .get(network, &question, limits::OCSP_BYTES)
                .await
                .and_then(|body| read(&body));
            match answer {
                // It is there, and does not speak GET.
                Err(Unavailable::Http(model::http::HttpError::Status(_)) | Unavailable::NotThat { .. }) => {}
                answer => return answer,
            }
        }
        let bounds = Bounds::bytes(limits::OCSP_BYTES);
        let asking = self.client.post(network, url, (REQUEST_TYPE, request), bounds);
        read(&self.watched(url, asking).await?)
    }
}

fn read(body: &[u8]) -> Result<Arc<OcspReply>, Unavailable> {
    let reply = OcspReply::from_der(body);
    if reply.answer().status == OcspStatus::Unread {
        return Err(not_that(body));
    }
    Ok(Arc::new(reply))
}

/// The URL with the question in it, unless that is too long.
fn question_url(url: &str, request: &[u8]) -> Option<String> {
    let encoded = STANDARD.encode(request);
    let mut out = url.trim_end_matches('/').to_owned();
    out.push('/');
    for character in encoded.chars() {
        match character {
            '+' => out.push_str("%2B"),
            '/' => out.push_str("%2F"),
            '=' => out.push_str("%3D"),
            other => out.push(other),
        }
    }
    (out.len() <= GET_BYTES).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_question_goes_into_the_url() {
        assert_eq!(
            question_url("http://ocsp.example/", &[0xfb, 0xff, 0xfe, 1]).unwrap(),
            "http://ocsp.example/%2B%2F%2F%2BAQ%3D%3D"
        );
        assert_eq!(
            question_url("http://ocsp.example", &[1]).unwrap(),
            "http://ocsp.example/AQ%3D%3D"
        );
        assert_eq!(question_url("http://ocsp.example", &[1; 200]), None);
    }
}
