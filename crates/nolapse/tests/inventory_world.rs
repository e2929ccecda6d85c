//! An account and live servers, joined: orders that are renewed and not deployed, one address with two backends, one name that
//! answers differently on IPv6, and what neither side knows of. Every finding is read from `report --format json`, before and
//! after the process was started anew, and is gone once the world is mended and looked at again.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panics; the lints spare only the test functions themselves"
)]

mod cli_world;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use serde_json::Value;
use testkit::ca::{Minted, Pki, Template};
use testkit::certcentral::{Account, Certificate, Habits, Order};
use testkit::folder::Folder;
use testkit::hostile::Running;
use testkit::loopback;
use testkit::tls::Backends;

use crate::cli_world::{Ran, nolapse};

type Keyed = (Vec<Vec<u8>>, Vec<u8>);

/// A server whose certificates can be exchanged.
struct Site {
    socket: SocketAddr,
    backends: Arc<Backends>,
    _running: Running,
}

struct World {
    pki: Pki,
    folder: Folder,
    account: Account,
    old: Minted,
    new: Minted,
    shops: Vec<Site>,
    vip: Site,
    six: Site,
    four: Site,
    one: Minted,
    other: Minted,
}

const SHOP: [&str; 2] = ["shop.test", "www.shop.test"];

impl World {
    fn new() -> Self {
        let pki = Pki::new();
        let mint = |names: &[&str], days: (i64, i64)| {
            Template::server(names[0])
                .names(names)
                .valid_days(days.0, days.1)
                .issued_by(&pki.intermediate)
        };
        let (old, new) = (mint(&SHOP, (-50, 40)), mint(&SHOP, (-10, 80)));
        let lonely = mint(&["lonely.test"], (-10, 80));
        let (one, other) = (mint(&["both.test"], (-10, 80)), mint(&["both.test"], (-9, 81)));
        let orders = vec![
            Order::issued(1, Certificate::of(11, &old, &SHOP, (-50, 40))),
            Order::issued(2, Certificate::of(12, &new, &SHOP, (-10, 80))),
            Order::issued(3, Certificate::of(13, &lonely, &["lonely.test"], (-10, 80))),
        ];
        let account = Account::start(orders, Habits::default());
        let keyed = |leaf: &Minted| keyed(&pki, leaf);
        let site = |socket: SocketAddr, leaves: &[&Minted]| {
            let backends: Vec<Keyed> = leaves.iter().map(|leaf| keyed(leaf)).collect();
            let (backends, running) = Backends::start_on(socket, &backends);
            Site {
                socket,
                backends,
                _running: running,
            }
        };
        // Four addresses of one name at one port.
        let port = loopback::socket().port();
        let shops = [&old, &old, &old, &new]
            .map(|leaf| site(SocketAddr::new(loopback::address().into(), port), &[leaf]))
            .into();
        let vip = site(loopback::socket(), &[&one, &other]);
        let six = loopback::socket_v6();
        let four = SocketAddr::new(loopback::address().into(), six.port());
        let (six, four) = (site(six, &[&one]), site(four, &[&other]));
        let world = Self {
            folder: Folder::new(),
            account,
            shops,
            vip,
            six,
            four,
            old,
            new,
            one,
            other,
            pki,
        };
        world.configure();
        world
    }

    fn configure(&self) {
        let closed = loopback::refusing();
        let mut fleet: Vec<String> = self
            .shops
            .iter()
            .map(|site| target("shop.test", site.socket))
            .collect();
        fleet.push(target("vip.test", self.vip.socket));
        fleet.push(target("both.test", self.six.socket));
        fleet.push(target("both.test", self.four.socket));
        fleet.push(target("closed.test", closed));
        self.folder.file("fleet.txt", fleet.join("\n"));
        self.folder.secret("key", "view-only-key\n");
        let config = format!(
            "[store]\nurl = \"inventory.db\"\n\
             [source.account]\nkind = \"certcentral\"\nregion = \"{}\"\nkey_file = \"key\"\n\
             [source.fleet]\nkind = \"list\"\nfile = \"fleet.txt\"\n",
            self.account.base()
        );
        self.folder.file("nolapse.toml", config);
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let config = self.folder.at("nolapse.toml").display().to_string();
        let mut all: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        all.extend(["--config".to_owned(), config]);
        nolapse(&all)
    }

    fn serve(&self, how: &str) -> Ran {
        let store = format!("own={}", self.pki.root_file().display());
        let ran = self.run(&["serve", how, "--trust-store", &store]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran
    }

    fn report(&self, kind: &str) -> Vec<Value> {
        let ran = self.run(&["report", kind, "--format", "json"]);
        assert_eq!(ran.code, 0, "{kind}: {}", ran.err);
        serde_json::from_str(&ran.out).expect(&ran.out)
    }

    /// Everything that is asserted of the broken world.
    fn assert_broken(&self) {
        let not_served = self.report("not-served");
        assert_eq!(not_served.len(), 1, "{not_served:#?}");
        let one = &not_served[0];
        assert_eq!(
            (&one["endpoints_old"], &one["endpoints"]),
            (&Value::from(3), &Value::from(4))
        );
        assert_eq!(one["sha256"].as_str(), Some(&*self.old.sha256()));
        assert_eq!(one["newer_sha256"].as_str(), Some(&*self.new.sha256()));
        assert_eq!(one["places"].as_array().map(Vec::len), Some(3));

        let split = self.report("split");
        let of = |name: &str| split.iter().find(|row| row["name"] == name);
        assert_eq!(
            of("vip.test").map(|row| &row["kind"]),
            Some(&Value::from("backends")),
            "{split:#?}"
        );
        assert_eq!(
            of("both.test").map(|row| &row["kind"]),
            Some(&Value::from("addresses"))
        );
        assert!(
            of("shop.test").is_some(),
            "three addresses of four serve another certificate"
        );
        let likelihood = of("vip.test").and_then(|row| row["likelihood"].as_f64());
        assert!(
            likelihood.is_some_and(|likelihood| likelihood >= 0.95),
            "{likelihood:?}"
        );

        let unknown = self.report("unknown");
        let found = |finding: &str| -> Vec<&Value> {
            unknown.iter().filter(|row| row["finding"] == finding).collect()
        };
        let never = found("issued-never-served");
        assert_eq!(never.len(), 1, "{unknown:#?}");
        assert_eq!(
            (&never[0]["common_name"], &never[0]["detail"]),
            (&Value::from("lonely.test"), &Value::from("not-looked-at"))
        );
        assert_eq!(found("served-in-no-account").len(), 2, "{unknown:#?}");

        let blind = self.report("blind-spots");
        let kinds = |subject: &str| -> Vec<&str> {
            let rows = blind.iter().filter(|row| {
                row["subject"]
                    .as_str()
                    .is_some_and(|what| what.starts_with(subject))
            });
            rows.filter_map(|row| row["kind"].as_str()).collect()
        };
        assert_eq!(kinds("lonely.test"), ["never-looked-at"], "{blind:#?}");
        assert_eq!(kinds("www.shop.test"), ["never-looked-at"]);
        assert_eq!(kinds("closed.test"), ["not-seen"]);
        let coverage = &self.report("coverage")[0];
        assert_eq!(
            (&coverage["known"], &coverage["seen"]),
            (&Value::from(10), &Value::from(7)),
            "{coverage}"
        );
    }
}

fn keyed(pki: &Pki, leaf: &Minted) -> Keyed {
    (
        vec![leaf.der().to_vec(), pki.intermediate.der().to_vec()],
        leaf.key_der(),
    )
}

fn target(name: &str, socket: SocketAddr) -> String {
    match socket.ip() {
        IpAddr::V4(address) => format!("{name}@{address}:{}", socket.port()),
        IpAddr::V6(address) => format!("{name}@[{address}]:{}", socket.port()),
    }
}

#[test]
fn findings_are_there_after_a_restart_and_gone_once_the_world_is_mended() {
    let world = World::new();
    world.serve("--once");
    // One look does not tell a second backend; the next one may.
    world.serve("--everything");
    world.serve("--everything");
    world.assert_broken();
    let sources = world.run(&["source", "list", "--format", "ndjson"]).records();
    let account = sources
        .iter()
        .find(|row| row["source"] == "account")
        .expect("it was asked");
    assert_eq!(
        (&account["end"], &account["found"], &account["stored"]),
        (&Value::from("complete"), &Value::from(3), &Value::from(3))
    );

    // Another process finds the same, and has nothing to do.
    let again = world.serve("--once");
    assert!(again.err.contains("done: 0 looks"), "{}", again.err);
    world.assert_broken();
    let downloads = world.account.asked_for("download");
    world.serve("--everything");
    assert_eq!(
        world.account.asked_for("download"),
        downloads,
        "a certificate is fetched once"
    );

    for site in &world.shops {
        site.backends.serve(&[keyed(&world.pki, &world.new)]);
    }
    world.vip.backends.serve(&[keyed(&world.pki, &world.other)]);
    world.six.backends.serve(&[keyed(&world.pki, &world.other)]);
    world.serve("--everything");
    assert_eq!(world.report("not-served"), Vec::<Value>::new());
    assert_eq!(world.report("split"), Vec::<Value>::new());
    let changes = world.report("changes");
    let replaced = changes
        .iter()
        .filter(|row| row["change"] == "replaced" && row["name"] == "shop.test");
    assert_eq!(replaced.count(), 3, "{changes:#?}");
    assert!(world.one.sha256() != world.other.sha256());
}

#[test]
fn a_source_that_fails_takes_nothing_back_and_its_error_is_shown() {
    let world = World::new();
    world.serve("--once");
    let before = world.report("names");
    world.account.change_habits(|habits| habits.forbidden = true);
    let ran = world.run(&["source", "run", "account"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert_eq!(world.report("names"), before);
    let sources = world.run(&["source", "list", "--format", "ndjson"]).records();
    let account = sources
        .iter()
        .find(|row| row["source"] == "account")
        .expect("it was asked");
    assert_eq!(account["end"], "failed");
    assert!(
        account["error"].as_str().is_some_and(|error| !error.is_empty())
            && !account["last_complete"].is_null()
    );
    let blind = world.report("blind-spots");
    assert!(
        blind.iter().any(|row| row["kind"] == "source-failing"),
        "{blind:#?}"
    );
}

#[test]
fn every_report_is_written_in_every_format() {
    let world = World::new();
    world.serve("--once");
    let kinds = [
        "expiring",
        "certificates",
        "endpoints",
        "names",
        "not-served",
        "split",
        "blind-spots",
        "unknown",
        "key-reuse",
        "wildcards",
        "changes",
        "renewals",
        "coverage",
    ];
    for kind in kinds {
        for format in ["table", "csv", "json", "ndjson", "markdown", "html"] {
            let ran = world.run(&["report", kind, "--format", format]);
            assert_eq!((ran.code, &*ran.err), (0, ""), "{kind} {format}");
        }
    }
    let html = world.run(&["report", "renewals", "--format", "html"]).out;
    assert!(html.contains("<svg") && html.trim_end().ends_with("</html>"));
    assert!(
        !html.contains("<script") && !html.contains("://") && !html.contains("src="),
        "a page that needs nothing else"
    );
    let names = world.run(&["report", "names", "--format", "csv"]).out;
    let head = "hostname,common_name,issuer,expiry_date,days_until_expiry,status,protocol,cipher,source,endpoints,sha256";
    assert_eq!(names.lines().next(), Some(head));
    assert!(
        names
            .lines()
            .any(|line| line.starts_with("www.shop.test,") && line.contains("account")),
        "{names}"
    );
    let past = world.run(&["report", "endpoints", "--format", "json", "--at", "2020-01-01"]);
    assert_eq!(past.out.trim().replace('\n', ""), "[]", "nothing was known then");
}

#[test]
fn a_backup_is_put_back_and_an_export_read_in() {
    let world = World::new();
    world.serve("--once");
    let before = world.report("names");
    let (backup, folder) = (world.folder.at("copy.db"), world.folder.at("copy"));
    let path = |path: &std::path::Path| path.display().to_string();
    for (out, back, place) in [("backup", "restore", &backup), ("export", "import", &folder)] {
        assert_eq!(world.run(&[out, &path(place)]).code, 0, "{out}");
        let store = path(&world.folder.at(&format!("{back}.db")));
        let ran = world.run(&[back, &path(place), "--store", &store]);
        assert_eq!(ran.code, 0, "{back}: {}", ran.err);
        let report = world.run(&["report", "names", "--format", "json", "--store", &store]);
        let after: Vec<Value> = serde_json::from_str(&report.out).expect(&report.out);
        assert_eq!(sorted(after), sorted(before.clone()), "{back}");
    }
}

fn sorted(mut rows: Vec<Value>) -> Vec<String> {
    let mut rows: Vec<String> = rows.drain(..).map(|row| row.to_string()).collect();
    rows.sort();
    rows
}

#[test]
fn a_scan_saves_what_it_sees_and_serve_goes_on() {
    let world = World::new();
    let store = format!("own={}", world.pki.root_file().display());
    let inventory = world.folder.at("scanned.db").display().to_string();
    let target = target("shop.test", world.shops[0].socket);
    let ran = nolapse([
        "scan",
        "--save",
        "--store",
        &inventory,
        "--trust-store",
        &store,
        &target,
    ]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let rows = nolapse(["report", "endpoints", "--format", "json", "--store", &inventory]);
    let rows: Vec<Value> = serde_json::from_str(&rows.out).expect(&rows.err);
    assert_eq!(
        (rows.len(), &rows[0]["name"], &rows[0]["status"]),
        (1, &Value::from("shop.test"), &Value::from("OK"))
    );
    let served = nolapse([
        "serve",
        "--everything",
        "--store",
        &inventory,
        "--trust-store",
        &store,
    ]);
    assert!(served.err.contains("done: 1 look "), "{}", served.err);
}

#[test]
fn there_must_be_an_inventory_and_it_must_be_ours() {
    let folder = Folder::new();
    let missing = folder.at("none.db").display().to_string();
    let ran = nolapse(["report", "names", "--store", &missing]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("there is no such database"), "{}", ran.err);
    let foreign = folder
        .file(
            "foreign.db",
            "this is not a database, but long enough to be looked at as one",
        )
        .display()
        .to_string();
    let ran = nolapse(["serve", "--once", "--store", &foreign]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("foreign.db"), "{}", ran.err);
    let config = folder.file("bad.toml", "[stroe]\n").display().to_string();
    let ran = nolapse(["serve", "--once", "--config", &config]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("`store`"), "{}", ran.err);
}
