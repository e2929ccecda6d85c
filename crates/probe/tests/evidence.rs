//! Asking third parties that speak HTTP in their own ways.

#![expect(clippy::unwrap_used, reason = "a test that cannot build its world must fail")]

use std::sync::Arc;

use model::certificate::Certificate;
use model::evidence::Unavailable;
use model::http::HttpError;
use net::http::Client;
use net::{Caps, Network, Permits, Settings};
use probe::evidence::Gatherer;
use testkit::ca::{Minted, Pki, Say, Template};
use testkit::files::Files;

fn run<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(future)
}

fn network() -> Network {
    Network::new(Settings::default(), Permits::new(Caps::default()))
}

fn gatherer() -> Arc<Gatherer> {
    Gatherer::new(Client::new(vec!["127.0.0.0/8".parse().unwrap()]))
}

fn read(minted: &Minted) -> Arc<Certificate> {
    Arc::new(Certificate::from_der(minted.der()))
}

#[test]
fn a_responder_that_does_not_know_get_is_asked_by_post() {
    let (pki, files) = (Pki::new(), Files::start());
    // What is put below the path would be found by GET too: the shorter path is the POST.
    let leaf = Template::server("a.test")
        .information(Some(&files.url("/ocsp")), None)
        .issued_by(&pki.intermediate);
    files.put("/ocsp", pki.intermediate.ocsp_answer(&leaf, Say::Good, (-1, 24)));
    files.put("/ocsp/", "<html>405</html>");
    let (leaf, issuer) = (read(&leaf), read(&pki.intermediate));
    run(async {
        let (answers, lists) = gatherer().revocation(&network(), &[(&leaf, &issuer)]).await;
        assert!(lists.is_empty() && answers.len() == 1);
        assert!(answers[0].fetched.outcome.is_ok(), "{answers:?}");
        assert_eq!(files.asked("/ocsp"), 2, "first by GET, then by POST");
    });
}

#[test]
fn the_second_responder_is_asked_when_the_first_fails_and_no_more_than_three() {
    let (pki, files) = (Pki::new(), Files::start());
    let urls: Vec<String> = (0..6).map(|number| files.url(&format!("/{number}"))).collect();
    let leaf = Template::server("a.test").information_many(&urls).issued_by(&pki.intermediate);
    let (certificate, issuer) = (read(&leaf), read(&pki.intermediate));
    run(async {
        let (answers, _) = gatherer().revocation(&network(), &[(&certificate, &issuer)]).await;
        let missing = |answer: &model::evidence::FetchedOcsp| {
            answer.fetched.outcome == Err(Unavailable::Http(HttpError::Status(404)))
        };
        assert!(answers.len() == 3 && answers.iter().all(missing), "{answers:?}");
        files.put("/1", pki.intermediate.ocsp_answer(&leaf, Say::Good, (-1, 24)));
        let (answers, _) = gatherer().revocation(&network(), &[(&certificate, &issuer)]).await;
        assert!(answers.len() == 2 && missing(&answers[0]), "{answers:?}");
        assert!(answers[1].fetched.outcome.is_ok(), "{answers:?}");
    });
}

#[test]
fn a_dead_server_is_left_alone_and_an_ended_certificate_is_not_asked_about() {
    let pki = Pki::new();
    let dead = format!("http://{}/", testkit::loopback::refusing());
    let template = Template::server("a.test").information(Some(&dead), None);
    let leaves: Vec<_> = (0..5).map(|_| read(&template.issued_by(&pki.intermediate))).collect();
    let ended = read(&template.valid_days(-30, -1).issued_by(&pki.intermediate));
    let issuer = read(&pki.intermediate);
    run(async {
        let (gatherer, network) = (gatherer(), network());
        let mut words = Vec::new();
        for leaf in &leaves {
            let (answers, _) = gatherer.revocation(&network, &[(leaf, &issuer)]).await;
            words.extend(answers.into_iter().map(|answer| answer.fetched.outcome.unwrap_err().word()));
        }
        let refused = "unreachable";
        assert_eq!(words, [refused, refused, refused, "left-alone", "left-alone"]);
        let (answers, _) = gatherer.revocation(&network, &[(&ended, &issuer)]).await;
        assert!(answers.is_empty());
    });
}

#[test]
fn issuers_are_climbed_and_a_loop_ends() {
    let files = Files::start();
    let authority = |name: &str, path: &str| {
        Template::authority(name).information(None, Some(&files.url(path)))
    };
    let root = Template::authority("root").self_signed();
    let upper = authority("upper", "/root").issued_by(&root);
    let lower = authority("lower", "/upper").issued_by(&upper);
    let leaf = Template::server("a.test")
        .information(None, Some(&files.url("/lower")))
        .issued_by(&lower);
    for (path, certificate) in [("/root", &root), ("/upper", &upper), ("/lower", &lower)] {
        files.put(path, certificate.der());
    }
    // Two that name each other as issuers.
    let one = authority("one", "/two").issued_by(&authority("two", "/one").self_signed());
    let two = authority("two", "/one").issued_by(&one);
    files.put("/one", one.der());
    files.put("/two", two.der());
    run(async {
        let found = gatherer().issuers(&network(), &[read(&leaf)]).await;
        let fetched: Vec<_> = found.iter().map(|issuer| issuer.fetched.outcome.clone().unwrap()).collect();
        assert_eq!(fetched, [read(&lower), read(&upper), read(&root)]);
        let around = gatherer().issuers(&network(), &[read(&one)]).await;
        assert!(around.len() <= 2, "{around:?}");
    });
}

#[test]
fn changes_to_a_list_are_fetched_too() {
    let (pki, files) = (Pki::new(), Files::start());
    // freshestCRL: SEQUENCE of DistributionPoint with one URI as its full name.
    let url = files.url("/delta");
    let wrap = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
    let name = wrap(0xa0, &wrap(0xa0, &wrap(0x86, url.as_bytes())));
    let content = wrap(0x30, &wrap(0x30, &name));
    let leaf = Template::server("a.test")
        .list_at(&files.url("/list"))
        .edit(|params| {
            let oid = testkit::rcgen::CustomExtension::from_oid_content(&[2, 5, 29, 46], content);
            params.custom_extensions.push(oid);
        })
        .issued_by(&pki.intermediate);
    files.put("/list", testkit::ca::pem("X509 CRL", &pki.intermediate.revocation_list(&[], (-1, 24))));
    files.put("/delta", pki.intermediate.revocation_list(&[&leaf], (-1, 24)));
    let (leaf, issuer) = (read(&leaf), read(&pki.intermediate));
    run(async {
        let (_, lists) = gatherer().revocation(&network(), &[(&leaf, &issuer)]).await;
        let had: Vec<_> = lists.iter().map(|list| list.fetched.outcome.as_ref().unwrap().len()).collect();
        assert_eq!(had, [0, 1], "the list in PEM, and the changes: {lists:?}");
    });
}
