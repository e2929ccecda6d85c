//! slapd, Prosody and ProFTPD: LDAP, XMPP and FTP.

use testkit::ca::{KeyKind, Pki, Template};
use testkit::servers::{proftpd, prosody, slapd};

use crate::harness::look;

#[test]
fn slapd_is_sound_behind_starttls_and_at_once() {
    let pki = Pki::new();
    let leaf = pki.leaf("ldap.test");
    let server = slapd::start(&pki.serve(&leaf));
    for (scheme, starttls) in [("ldap", "ldap"), ("ldaps", "none")] {
        let look = look(&pki, &server.target(scheme, "ldap.test"));
        look.is_sound(&[&leaf, &pki.intermediate]);
        assert_eq!(look.text("/endpoint/starttls"), starttls, "{look:?}");
    }
}

#[test]
fn slapd_without_a_certificate_does_not_offer_tls() {
    let pki = Pki::new();
    let server = slapd::start_plain();
    let look = look(&pki, &server.target("ldap", "ldap.test"));
    assert_eq!(
        (look.status(), look.text("/outcome/reached")),
        ("ERROR", "starttls"),
        "{look:?}"
    );
    assert!(
        ["not-offered", "refused-upgrade"].contains(&look.failure()),
        "{look:?}"
    );
}

#[test]
fn prosody_is_sound_for_clients_and_servers() {
    let pki = Pki::new();
    let leaf = pki.leaf("chat.test");
    let server = prosody::start("chat.test", &pki.serve(&leaf));
    for scheme in ["xmpp", "xmpp-server", "xmpps", "xmpps-server"] {
        let look = look(&pki, &server.target(scheme, "chat.test"));
        look.shows(&[&leaf, &pki.intermediate]);
        assert_eq!(
            (look.status(), look.rules()),
            ("OK", vec![]),
            "{scheme}: {look:?}"
        );
        let starttls = if scheme.starts_with("xmpps") {
            "none"
        } else {
            scheme
        };
        assert_eq!(look.text("/endpoint/starttls"), starttls, "{look:?}");
    }
}

#[test]
fn prosody_does_not_serve_another_domain() {
    let pki = Pki::new();
    let leaf = pki.leaf("chat.test");
    let server = prosody::start("chat.test", &pki.serve(&leaf));
    let look = look(&pki, &server.target("xmpp", "other.test"));
    assert_eq!(
        (look.status(), look.text("/outcome/reached")),
        ("ERROR", "starttls"),
        "{look:?}"
    );
    assert!(
        look.0["outcome"]["failure"]["detail"]
            .to_string()
            .contains("host-unknown"),
        "{look:?}"
    );
}

#[test]
fn proftpd_is_sound_behind_auth_tls() {
    let pki = Pki::new();
    let leaf = Template::server("ftp.test")
        .key(KeyKind::Rsa2048)
        .issued_by(&pki.intermediate);
    let server = proftpd::start(Some(&pki.serve(&leaf)));
    let look = look(&pki, &server.target("ftp", "ftp.test"));
    look.is_sound(&[&leaf, &pki.intermediate]);
}

#[test]
fn proftpd_without_tls_does_not_offer_it() {
    let pki = Pki::new();
    let server = proftpd::start(None);
    let look = look(&pki, &server.target("ftp", "ftp.test"));
    assert_eq!(
        (look.status(), look.failure()),
        ("ERROR", "not-offered"),
        "{look:?}"
    );
}
