//! PostgreSQL over TLS, with a password from a file: let in when the server is who it says, told why not otherwise.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panics; the lints spare only the test functions themselves"
)]

use std::fs;

use jiff::Timestamp;
use store::{Address, Opening, Store, Trouble};
use testkit::ca::Pki;
use testkit::servers::postgres::Cluster;

fn opened(url: &str) -> Result<Store, Trouble> {
    let opening = Opening::at(Timestamp::UNIX_EPOCH);
    Store::open_blocking(&Address::parse(url).unwrap(), &opening).map_err(|error| error.trouble)
}

#[test]
fn a_server_is_let_write_to_only_when_it_is_verified() {
    let (pki, stranger) = (Pki::new(), Pki::new());
    let served = pki.serve(&pki.leaf("db.test"));
    let cluster = Cluster::start_secure(&served, "pass word");
    let folder = tempfile::tempdir().unwrap();
    let (right, wrong) = (folder.path().join("right"), folder.path().join("wrong"));
    fs::write(&right, "pass word\n").unwrap();
    fs::write(&wrong, "guess\n").unwrap();
    let (address, port) = (cluster.socket().ip(), cluster.socket().port());
    let url = |name: &str, more: &str| {
        format!("postgres://nolapse@{name}:{port}/postgres?hostaddr={address}&{more}")
    };
    let roots = format!("sslmode=verify-full&sslrootcert={}", pki.root_file().display());
    let password = format!("password_file={}", right.display());

    let store = opened(&url("db.test", &format!("{roots}&{password}"))).unwrap();
    drop(store);
    // A word for less is taken for the same.
    let less = roots.replace("verify-full", "require");
    assert!(opened(&url("db.test", &format!("{less}&{password}"))).is_ok());

    let refused = |name: &str, more: &str| opened(&url(name, more)).err().unwrap();
    let plain = refused("db.test", &password);
    assert!(matches!(plain, Trouble::Refused { .. }), "{plain:?}");
    let other_name = refused("other.test", &format!("{roots}&{password}"));
    assert!(matches!(other_name, Trouble::Tls { .. }), "{other_name:?}");
    let of_stranger = format!("sslmode=require&sslrootcert={}", stranger.root_file().display());
    for roots in [
        &*of_stranger,
        "sslmode=require",
        "sslmode=require&sslrootcert=/nonexistent.pem",
    ] {
        let untrusted = refused("db.test", &format!("{roots}&{password}"));
        assert!(matches!(untrusted, Trouble::Tls { .. }), "{roots}: {untrusted:?}");
    }
    for file in [wrong.display().to_string(), "/nonexistent".to_owned()] {
        let refused = refused("db.test", &format!("{roots}&password_file={file}"));
        assert!(matches!(refused, Trouble::Refused { .. }), "{file}: {refused:?}");
    }
}

#[test]
fn a_server_without_tls_is_not_spoken_to_in_the_clear() {
    let cluster = Cluster::start();
    let refused = opened(&format!("{}?sslmode=verify-full", cluster.url("postgres")))
        .err()
        .unwrap();
    assert!(matches!(refused, Trouble::Tls { .. }), "{refused:?}");
}
