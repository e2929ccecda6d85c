//! What the tests of the pages share: an inventory in a file, and requests without a network.

#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test uses a part, and which parts differs from test to test"
)]

#[path = "../../../store/tests/support/synthetic.rs"]
pub(crate) mod synthetic;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use model::Untrusted;
use model::finding::Severity;
use model::inventory::{RunEnd, RunOutcome, SourceRun};
use model::sighting::{SourceKind, SourceName};
use store::{Address, Opening, Store};
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt as _;
use web::Parts;

use synthetic::{day, in_order, leaf, look, place, refused, with_finding};

/// The day on which tests of pages take place.
pub(crate) const TODAY: i64 = 60;

/// An inventory with the pages over it.
pub(crate) struct World {
    pub(crate) router: Router,
    /// The same behind HTTPS.
    pub(crate) secure: Router,
    pub(crate) store: Store,
    _stop: watch::Sender<bool>,
    _folder: TempDir,
}

impl World {
    /// Nothing is known.
    pub(crate) async fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = Address::parse(folder.path().join("nolapse.db").to_str().unwrap()).unwrap();
        let store = Store::open(&address, Opening::at(day(0))).await.unwrap();
        let (stop, stopped) = watch::channel(false);
        let parts = |secure| Parts {
            store: store.clone(),
            clock: Arc::new(|| day(TODAY)),
            policy: assess::Policy::DEFAULT,
            names: vec!["nolapse.example.com".into()],
            secure,
            stop: stopped.clone(),
        };
        Self {
            router: web::router(parts(false)),
            secure: web::router(parts(true)),
            store,
            _stop: stop,
            _folder: folder,
        }
    }

    /// So many certificates, all in order.
    pub(crate) async fn with_many(number: u32) -> Self {
        let world = Self::empty().await;
        let looks = (0..number).map(|number| {
            let name = format!("n{number}.example.com");
            let certificate = leaf(u64::from(number), &[&name], TODAY - i64::from(number % 7));
            look(&place(&name, number), day(TODAY), in_order(), &[certificate])
        });
        world
            .store
            .ingest(looks.collect(), Vec::new(), None)
            .await
            .unwrap();
        world
    }

    /// A source whose last asking failed.
    pub(crate) async fn failed_source(&self) {
        let run = SourceRun {
            source: SourceName::parse("account").unwrap(),
            kind: SourceKind::Account,
            began: day(TODAY - 1),
            outcome: Some(RunOutcome {
                ended: day(TODAY - 1),
                end: RunEnd::Failed,
                found: 0,
                stored: 0,
                skipped: BTreeMap::new(),
                error: Some(Untrusted::new("the key was refused")),
            }),
        };
        self.store.note_run(run).await.unwrap();
    }

    /// One certificate of each kind: one that ends soon and is critical at one endpoint, one in order at two endpoints, one
    /// with a hostile name, and an endpoint that refuses.
    pub(crate) async fn filled() -> Self {
        let world = Self::empty().await;
        let soon = leaf(1, &["soon.example.com", "www.soon.example.com"], TODAY - 85);
        let fine = leaf(2, &["fine.example.com"], TODAY - 10);
        let hostile = leaf(3, &[HOSTILE], TODAY - 20);
        let looks = vec![
            look(
                &place("soon.example.com", 1),
                day(TODAY),
                with_finding("expiring", Severity::Critical),
                &[soon],
            ),
            look(
                &place("fine.example.com", 2),
                day(TODAY),
                in_order(),
                std::slice::from_ref(&fine),
            ),
            look(&place("fine.example.com", 3), day(TODAY), in_order(), &[fine]),
            look(&place("odd.example.com", 4), day(TODAY), in_order(), &[hostile]),
            look(&place("gone.example.com", 5), day(TODAY), refused(), &[]),
        ];
        world.store.ingest(looks, Vec::new(), None).await.unwrap();
        world
    }
}

/// A name that nobody has.
pub(crate) const HOSTILE: &str = "<script>alert(1)</script>\u{202e}.example";

/// An answer, whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// Asks for an address of this machine.
pub(crate) async fn get(router: &Router, path: &str) -> Answer {
    get_as(router, "127.0.0.1:8787", path).await
}

/// Asks for a path by some name.
pub(crate) async fn get_as(router: &Router, host: &str, path: &str) -> Answer {
    let request = Request::get(path)
        .header("host", host)
        .body(Body::empty())
        .unwrap();
    answered(router, request).await
}

async fn answered(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    Answer {
        status,
        headers,
        text: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

/// Sends a form to an address of this machine, with these further headers.
pub(crate) async fn post(
    router: &Router,
    path: &str,
    fields: &[(&str, &str)],
    headers: &[(&str, &str)],
) -> Answer {
    let body: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let mut request = Request::post(path)
        .header("host", "127.0.0.1:8787")
        .header("content-type", "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    answered(router, request.body(Body::from(body)).unwrap()).await
}
