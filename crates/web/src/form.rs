//! What a person sent with a form: read within limits, by name.

use std::collections::HashMap;

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use model::limits;

use crate::look::Page;
use crate::pages::failure;

/// The fields of a form, by name; of several with one name the last counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given(HashMap<String, String>);

impl Given {
    /// What stands in a field, without space around it; empty when there is no such field.
    pub(crate) fn of(&self, name: &str) -> &str {
        self.0.get(name).map(|value| value.trim()).unwrap_or_default()
    }
}

impl<S: Send + Sync> FromRequest<S> for Given {
    type Rejection = Page;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Page> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let is_form = kind
            .and_then(|kind| kind.to_str().ok())
            .and_then(|kind| kind.split(';').next())
            .is_some_and(|kind| {
                kind.trim()
                    .eq_ignore_ascii_case("application/x-www-form-urlencoded")
            });
        if !is_form {
            return Err(failure::not_taken(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "This is no form",
                "Expected application/x-www-form-urlencoded, as a page sends it.",
            ));
        }
        let body = to_bytes(request.into_body(), limits::WEB_FORM_BYTES);
        // Who announces a form and does not send it would hold a connection for ever.
        let body = tokio::time::timeout(limits::WEB_FORM, body).await.map_err(|_| {
            failure::not_taken(
                StatusCode::REQUEST_TIMEOUT,
                "The form did not come in time",
                "Nothing was changed. Send it again.",
            )
        })?;
        let body = body.map_err(|_| {
            failure::not_taken(
                StatusCode::PAYLOAD_TOO_LARGE,
                "That is too much for a form",
                "Nothing was changed. Send less, or try again if the connection broke off.",
            )
        })?;
        Ok(Self(form_urlencoded::parse(&body).into_owned().collect()))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use std::time::Duration;

    use axum::body::{Body, Bytes};
    use hyper::body::Frame;

    use super::*;

    /// A body that is announced and never comes.
    struct Never;

    impl hyper::body::Body for Never {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_form_that_does_not_come_is_not_waited_for() {
        let request = Request::post("/")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::new(Never))
            .unwrap();
        let read = Given::from_request(request, &());
        let refused = tokio::time::timeout(Duration::from_secs(3600), read).await;
        let page = refused.expect("within an hour").unwrap_err();
        assert_eq!(page.status, StatusCode::REQUEST_TIMEOUT);
    }
}
