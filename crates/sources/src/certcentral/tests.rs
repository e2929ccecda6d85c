use std::time::Duration;

use model::sighting::{OrderState, SightedCertificate};
use testkit::ca::Template;
use testkit::certcentral::{Account, Certificate, Download, Habits, Order};
use testkit::folder::Folder;

use crate::asking::{Asked, Asker};
use crate::run::{Clock as _, End, Follows};

/// A key in a file, and the settings for an account.
struct Key {
    folder: Folder,
}

impl Key {
    fn new(key: &str) -> Self {
        let folder = Folder::new();
        folder.secret("key", format!("{key}\n"));
        Self { folder }
    }

    fn settings(&self, account: &Account, more: &str) -> String {
        format!(
            "kind = \"certcentral\"\nregion = \"{}\"\nkey_file = \"{}\"\n{more}",
            account.base(),
            self.folder.at("key").display()
        )
    }
}

fn ask(asker: &Asker, account: &Account, more: &str) -> Asked {
    let key = Key::new("view-only-key");
    asker.ask(&key.settings(account, more))
}

fn name(id: u64) -> String {
    format!("n{id}.test")
}

fn orders(count: u64) -> Vec<Order> {
    (1..=count)
        .map(|id| Order::issued(id, Certificate::new(100_000 + id, &[&name(id)])))
        .collect()
}

#[test]
fn orders_of_every_standing() {
    let account = Account::start(
        vec![
            Order::issued(1, Certificate::new(11, &["a.test", "www.a.test"]))
                .duplicate(Certificate::new(12, &["a.test", "www.a.test"]).status("approved"))
                .duplicate(Certificate::new(13, &["a.test", "www.a.test"]).status("revoked"))
                .reissued(Certificate::new(10, &["a.test"]).status("approved")),
            Order::issued(2, Certificate::new(21, &["old.test"]).valid_days(-500, -135)).renewed(),
            Order::issued(3, Certificate::new(31, &["late.test"]).valid_days(-400, -2)),
            Order::issued(4, Certificate::new(41, &["taken.test"])).status("revoked"),
            Order::json(
                r#"{"id": 5, "status": "pending", "certificate": {"common_name": "soon.test", "dns_names": ["soon.test"]}}"#,
            ),
            Order::json(r#"{"id": 6, "status": "pending"}"#),
            Order::json(
                r#"{"id": 7, "status": "rejected", "certificate": {"id": 71, "common_name": "never.test"}}"#,
            ),
            Order::json(r#"{"id": 8, "status": "issued", "certificate": "odd"}"#),
        ],
        Habits::default(),
    );
    let asked = ask(&Asker::new(), &account, "");
    assert_eq!(asked.error(), "");
    assert_eq!(
        asked.lines(),
        [
            "whole a.test #1/12 issued",
            "claim a.test www.a.test #1/13 revoked",
            "whole a.test #1/10 issued",
            "whole a.test #1/11 issued",
            "claim old.test #2/21 issued",
            "whole late.test #3/31 issued",
            "claim taken.test #4/41 revoked",
            "claim soon.test #5/- pending",
            "claim  #7/71 ended",
        ]
    );
    assert_eq!(
        asked.reasons(),
        (vec![("nothing-said", 1), ("malformed", 1)], Vec::new())
    );
    let order = asked.certificates()[4].order.clone().unwrap();
    assert!(order.renewed);
    assert_eq!(order.ordered, "2024-10-29T10:11:12Z".parse().ok());
    assert_eq!(asked.run.end(), End::Partial);
}

#[test]
fn a_certificate_is_fetched_once_and_a_reissue_is_asked_for_when_it_changes() {
    let account = Account::start(orders(5), Habits::default());
    let asker = Asker::new();
    assert_eq!(ask(&asker, &account, "").run.end(), End::Complete);
    assert_eq!(
        (account.asked_for("/download/"), account.asked_for("/reissue")),
        (5, 5)
    );
    account.forget();
    let again = ask(&asker, &account, "");
    assert_eq!(account.asked(), ["/order/certificate?offset=0&limit=500"]);
    assert_eq!(again.lines().len(), 5);
    assert!(again.lines().iter().all(|line| line.starts_with("whole ")));
    account.change_orders(|orders| {
        let former = orders[2].certificate.replace(Certificate::new(7, &["new.test"]));
        orders[2].reissues = former.into_iter().collect();
    });
    account.forget();
    let reissued = ask(&asker, &account, "");
    assert_eq!(
        (account.asked_for("/download/"), account.asked_for("/reissue")),
        (1, 1)
    );
    assert_eq!(
        reissued.lines()[2..4],
        ["whole n3.test #3/100003 issued", "whole new.test #3/7 issued"]
    );
}

#[test]
fn five_thousand_orders_within_both_rate_limits() {
    let mut all = orders(5000);
    // The account keeps to its own size of a page.
    all.iter_mut().for_each(|order| {
        order
            .certificate
            .iter_mut()
            .for_each(|certificate| certificate.days = (-900, -500))
    });
    for order in all.iter_mut().take(200) {
        order
            .certificate
            .iter_mut()
            .for_each(|certificate| certificate.days = (-10, 300));
    }
    let habits = Habits {
        page: 77,
        throttled_every: 40,
        fails_every: 33,
        ..Habits::default()
    };
    let account = Account::start(all, habits);
    let asker = Asker::new();
    let asked = ask(&asker, &account, "page_size = 1000");
    assert_eq!((asked.error(), asked.run.end()), (String::new(), End::Complete));
    assert_eq!((asked.run.tally.found, asked.run.tally.given), (5000, 5000));
    let whole = asked
        .lines()
        .iter()
        .filter(|line| line.starts_with("whole"))
        .count();
    assert_eq!(whole, 200);
    // 65 pages, 200 reissue lists and downloads, and what was repeated.
    let asked = account.asked().len();
    assert!((465..520).contains(&asked), "{asked}");
    assert!(
        asker.clock.elapsed() >= Duration::from_secs(20),
        "{:?}",
        asker.clock.elapsed()
    );
}

#[test]
fn fetch_says_what_is_fetched() {
    let account = Account::start(
        vec![
            Order::issued(1, Certificate::new(1, &["a.test"])),
            Order::issued(2, Certificate::new(2, &["b.test"]).valid_days(-900, -500)),
            Order::issued(3, Certificate::new(3, &["c.test"])).status("revoked"),
        ],
        Habits::default(),
    );
    let whole = |fetch: &str| {
        let asked = ask(&Asker::new(), &account, &format!("fetch = \"{fetch}\""));
        asked
            .lines()
            .iter()
            .filter(|line| line.starts_with("whole"))
            .count()
    };
    assert_eq!([whole("none"), whole("current"), whole("all")], [0, 1, 3]);
}

#[test]
fn a_run_that_breaks_off_says_where_and_the_next_fetches_nothing_twice() {
    let habits = Habits {
        page: 10,
        breaks_at: Some((40, 200, "<html>maintenance</html>".to_owned())),
        ..Habits::default()
    };
    let account = Account::start(orders(60), habits);
    let asker = Asker::new();
    let broken = ask(&asker, &account, "");
    assert_eq!(broken.run.end(), End::Partial);
    assert_eq!(broken.run.tally.given, 40);
    let words = broken.error();
    assert!(
        words.starts_with("page 5 (orders from 40 on): the answer is no list of orders: it begins with `<html>maintenance</html>`"),
        "{words}"
    );
    assert_eq!(broken.run.error.unwrap().follows(), Follows::Again);
    account.change_habits(|habits| habits.breaks_at = None);
    account.forget();
    let whole = ask(&asker, &account, "");
    assert_eq!((whole.run.end(), whole.run.tally.given), (End::Complete, 60));
    assert_eq!(account.asked_for("/download/"), 20);
}

#[test]
fn faults_are_outlasted_up_to_a_bound() {
    let habits = Habits {
        fails_every: 1,
        ..Habits::default()
    };
    let account = Account::start(orders(1), habits);
    let asker = Asker::new();
    let asked = ask(&asker, &account, "");
    assert_eq!(
        asked.error(),
        "page 1 (orders from 0 on): the account answered with status 500, internal_error"
    );
    assert_eq!((account.asked().len(), asked.run.end()), (6, End::Failed));
    assert_eq!(asker.clock.elapsed(), Duration::from_secs(1 + 2 + 4 + 8 + 16));
}

#[test]
fn a_plea_for_patience_is_obeyed_as_long_as_it_says() {
    let habits = Habits {
        throttled_every: 1,
        retry_after: Some(7),
        ..Habits::default()
    };
    let account = Account::start(orders(1), habits);
    let asker = Asker::new();
    let asked = ask(&asker, &account, "");
    assert!(
        asked.error().contains("again and again (status 429)"),
        "{}",
        asked.error()
    );
    assert_eq!(asker.clock.elapsed(), Duration::from_secs(5 * 7));
    account.change_habits(|habits| habits.retry_after = None);
    let patient = Asker::new();
    ask(&patient, &account, "");
    assert_eq!(
        patient.clock.elapsed(),
        Duration::from_secs(5 + 10 + 20 + 40 + 80)
    );
}

#[test]
fn a_key_that_is_refused_says_what_it_lacks() {
    let account = Account::start(orders(1), Habits::default());
    let wrong = Key::new("another-key");
    let asked = Asker::new().ask(&wrong.settings(&account, ""));
    assert!(
        asked
            .error()
            .contains("refuses the key (status 401, access_denied|invalid_api_key)"),
        "{}",
        asked.error()
    );
    assert!(!asked.error().contains("another-key"));
    assert_eq!(asked.run.error.unwrap().follows(), Follows::Person);
    account.change_habits(|habits| habits.forbidden = true);
    let asked = ask(&Asker::new(), &account, "");
    assert!(
        asked.error().contains("restriction `View Only`"),
        "{}",
        asked.error()
    );
}

#[test]
fn keys_come_from_one_file_or_one_variable() {
    let account = Account::start(orders(1), Habits::default());
    let mut asker = Asker::new();
    let region = format!("kind = \"certcentral\"\nregion = \"{}\"\n", account.base());
    let named = format!("{region}key_variable = \"DIGICERT_KEY\"\n");
    assert!(
        asker
            .ask(&named)
            .error()
            .ends_with("the environment has no variable DIGICERT_KEY")
    );
    asker
        .variables
        .insert("DIGICERT_KEY".to_owned(), "view-only-key".to_owned());
    assert_eq!(asker.ask(&named).run.end(), End::Complete);
    assert!(asker.ask(&region).error().starts_with("no key: "));
    let both = format!("{named}key_file = \"/nowhere\"\n");
    assert!(asker.ask(&both).error().contains("keep one of them"));
    let readable = asker
        .ask("kind = \"certcentral\"\nregion = \"http://ca.example/v2\"\nkey_variable = \"DIGICERT_KEY\"");
    assert!(readable.error().contains("is not https"), "{}", readable.error());
    let unknown = toml::from_str::<crate::settings::Settings>("kind = \"certcentral\"\nkey = \"secret\"");
    assert!(unknown.unwrap_err().to_string().contains("unknown field `key`"));
}

#[test]
fn what_is_handed_out_must_be_what_was_ordered() {
    let minted = Template::server("given.test").valid_days(-3, 40).self_signed();
    let certificate = |id, download| Certificate::new(id, &[&name(id)]).download(download);
    let account = Account::start(
        vec![
            Order::issued(1, certificate(1, Download::Foreign)),
            Order::issued(2, certificate(2, Download::Text("no PEM".to_owned()))),
            Order::issued(3, certificate(3, Download::Refused(404))),
            Order::issued(4, Certificate::of(4, &minted, &["given.test"], (-3, 40))),
            Order::issued(5, certificate(5, Download::Refused(403))),
            Order::issued(6, certificate(6, Download::Mint)),
        ],
        Habits::default(),
    );
    let asked = ask(&Asker::new(), &account, "");
    assert_eq!(
        asked.lines(),
        [
            "claim n1.test #1/1 issued",
            "claim n2.test #2/2 issued",
            "claim n3.test #3/3 issued",
            "whole given.test #4/4 issued",
            "claim n5.test #5/5 issued",
            // A key that may not download is not asked to again.
            "claim n6.test #6/6 issued",
        ]
    );
    assert_eq!(
        asked.reasons(),
        (
            Vec::new(),
            vec![("withheld", 2), ("foreign", 1), ("no-certificate", 1)]
        )
    );
    let foreign = asked.run.tally.remarks.values().nth(1).unwrap();
    assert!(
        foreign.examples[0].starts_with("certificate 1 of order 1: its serial number is "),
        "{foreign:?}"
    );
    let SightedCertificate::Whole(whole) = &asked.certificates()[3].certificate else {
        panic!("a whole certificate");
    };
    assert_eq!(whole.der(), minted.der());
}

#[test]
fn orders_without_numbers_days_or_names() {
    let account = Account::start(
        vec![
            Order::issued(
                1,
                Certificate {
                    serial: None,
                    dated: false,
                    ..Certificate::new(1, &["a.test"])
                },
            ),
            Order::issued(
                2,
                Certificate {
                    serial: None,
                    dated: false,
                    ..Certificate::new(2, &[])
                },
            ),
            Order::json(
                r#"{"id": 3, "status": "strange", "certificate": {"dns_names": ["c.test"], "valid_till": "never"}}"#,
            ),
            Order::json(r#"{"status": "issued", "certificate": {"id": "x/../y", "common_name": "d.test"}}"#),
        ],
        Habits::default(),
    );
    let asked = ask(&Asker::new(), &account, "");
    assert_eq!(asked.error(), "");
    let lines = asked.lines();
    assert_eq!(
        lines[..3],
        [
            "whole a.test #1/1 issued",
            "whole  #2/2 issued",
            "claim c.test #3/- other"
        ]
    );
    assert_eq!(
        asked.certificates()[2].order.as_ref().unwrap().state,
        OrderState::Other("strange".into())
    );
    assert!(
        account
            .asked()
            .contains(&"/certificate/x%2F..%2Fy/download/format/pem_all".to_owned())
    );
}

#[test]
fn nobody_listening_ends_the_run() {
    let account = Account::start(orders(10), Habits::default());
    let asker = Asker {
        most: 3,
        ..Asker::new()
    };
    let asked = ask(&asker, &account, "");
    assert_eq!(
        (asked.error(), asked.sightings.len()),
        ("stopped before its end".to_owned(), 3)
    );
}

#[test]
fn a_list_that_promises_more_than_it_gives_is_not_complete() {
    let habits = Habits {
        breaks_at: Some((0, 200, r#"{"orders": [], "page": {"total": 5}}"#.to_owned())),
        ..Habits::default()
    };
    let account = Account::start(orders(5), habits);
    let asked = ask(&Asker::new(), &account, "");
    assert_eq!(
        asked.error(),
        "page 1 (orders from 0 on): the list promises 5 orders and gives none here"
    );
}

#[test]
fn a_list_that_goes_round_in_a_circle_is_not_followed() {
    let page = r#"{"orders": [{"id": 1, "status": "pending"}], "page": {"total": 1000000000}}"#;
    let habits = Habits {
        breaks_at: Some((0, 200, page.to_owned())),
        ..Habits::default()
    };
    let account = Account::start(orders(5), habits);
    let asked = ask(&Asker::new(), &account, "");
    assert_eq!(
        asked.error(),
        "page 21 (orders from 20 on): the list gives the same orders again and again: 20 pages in a row held none that is new"
    );
    assert_eq!(asked.run.end(), End::Failed);
}
