//! Postfix and Dovecot: SMTP, IMAP, POP3 and ManageSieve, each with STARTTLS and, where there is one, at once.

use testkit::ca::{KeyKind, Pki, Template};
use testkit::servers::{dovecot, postfix};

use crate::harness::{look, look_with};

#[test]
fn postfix_is_sound_behind_starttls_and_at_once() {
    let pki = Pki::new();
    let leaf = Template::server("mail.test")
        .key(KeyKind::Rsa2048)
        .issued_by(&pki.intermediate);
    let server = postfix::start(&pki.serve(&leaf), "");
    for (scheme, starttls) in [("smtp", "smtp"), ("smtps", "none")] {
        let look = look(&pki, &server.target(scheme, "mail.test"));
        look.is_sound(&[&leaf, &pki.intermediate]);
        assert_eq!(
            (look.text("/endpoint/starttls"), look.version()),
            (starttls, "TLS 1.3"),
            "{look:?}"
        );
    }
    let glance = look_with(&pki, &server.target("smtp", "mail.test"), &["--depth", "glance"]);
    glance.shows(&[&leaf, &pki.intermediate]);
    assert_eq!(glance.status(), "OK", "{glance:?}");
}

#[test]
fn postfix_without_tls_does_not_offer_it() {
    let pki = Pki::new();
    let leaf = pki.leaf("mail.test");
    let server = postfix::start(&pki.serve(&leaf), "smtpd_tls_security_level = none");
    let look = look(&pki, &server.target("smtp", "mail.test"));
    assert_eq!(
        (look.status(), look.failure(), look.text("/outcome/reached")),
        ("ERROR", "not-offered", "starttls")
    );
    assert_eq!(look.rules(), ["starttls-not-offered"]);
}

#[test]
fn postfix_with_an_expired_certificate_is_expired() {
    let pki = Pki::new();
    let leaf = Template::server("mail.test")
        .valid_days(-90, -2)
        .issued_by(&pki.intermediate);
    let server = postfix::start(&pki.serve(&leaf), "smtpd_tls_mandatory_protocols = >=TLSv1.2");
    let look = look(&pki, &server.target("smtp", "mail.test"));
    look.shows(&[&leaf, &pki.intermediate]);
    assert_eq!(
        (look.status(), look.rules()),
        ("EXPIRED", vec!["expired"]),
        "{look:?}"
    );
}

#[test]
fn dovecot_is_sound_in_every_protocol() {
    let pki = Pki::new();
    let leaf = pki.leaf("mail.test");
    let server = dovecot::start(&pki.serve(&leaf));
    for (scheme, starttls) in [
        ("imap", "imap"),
        ("imaps", "none"),
        ("pop3", "pop3"),
        ("pop3s", "none"),
        ("sieve", "sieve"),
    ] {
        let look = look(&pki, &server.target(scheme, "mail.test"));
        look.is_sound(&[&leaf, &pki.intermediate]);
        assert_eq!(look.text("/endpoint/starttls"), starttls, "{look:?}");
    }
}

#[test]
fn dovecot_without_tls_does_not_offer_it() {
    let pki = Pki::new();
    let server = dovecot::start_plain();
    for scheme in ["imap", "pop3", "sieve"] {
        let look = look(&pki, &server.target(scheme, "mail.test"));
        assert_eq!(
            (look.status(), look.failure()),
            ("ERROR", "not-offered"),
            "{scheme}: {look:?}"
        );
    }
}
