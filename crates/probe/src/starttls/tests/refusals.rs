//! What each protocol's servers say when TLS does not begin.

use model::observation::Failure;
use testkit::script::{Protocol, Script, mysql_greeting};

use super::failure;

fn say(words: impl AsRef<[u8]>) -> Script {
    Script::new().send(words)
}

#[track_caller]
fn assert_refused(failure: &Failure, words: &str) {
    let (Failure::RefusedUpgrade { reply } | Failure::TurnedAway { reply }) = failure else {
        panic!("{failure:?}")
    };
    assert_eq!(reply.raw(), words);
}

fn smtp(offer: &str) -> Script {
    say("220 mail.test ESMTP\r\n")
        .expect("EHLO probe.example\r\n")
        .send(offer)
}

#[tokio::test]
async fn smtp_that_mentions_starttls_does_not_offer_it() {
    for offer in [
        "250 mail.test\r\n",
        "250-STARTTLS is spoken of here\r\n250 HELP\r\n",
        "250-mail.test\r\n250-XSTARTTLS\r\n250-HELP STARTTLS\r\n250 AUTH=STARTTLS\r\n",
        "502 command not implemented\r\n",
    ] {
        assert_eq!(
            failure(Protocol::Smtp, smtp(offer)).await,
            Failure::NotOffered,
            "{offer}"
        );
    }
}

#[tokio::test]
async fn smtp_keywords_are_of_any_case_and_may_have_parameters() {
    let script = smtp("250-x\r\n250 starttls REQUIRED\r\n")
        .expect("STARTTLS\r\n")
        .send("220\r\n");
    let (upgraded, played) = super::rehearse(Protocol::Smtp, script, super::Segments::Bytes).await;
    upgraded.unwrap();
    played.unwrap();
}

#[tokio::test]
async fn smtp_refusals_keep_their_words() {
    for (words, kept) in [
        ("454 4.7.0 TLS not available\r\n", "454 4.7.0 TLS not available"),
        (
            "421 4.3.2 too many connections\r\n",
            "421 4.3.2 too many connections",
        ),
        ("502 5.5.1 not here\r\n", "502 5.5.1 not here"),
        ("530-first\r\n530 second\r\n", "530 first second"),
    ] {
        let script = smtp("250-x\r\n250 STARTTLS\r\n")
            .expect("STARTTLS\r\n")
            .send(words);
        assert_refused(&failure(Protocol::Smtp, script).await, kept);
    }
    assert_refused(&failure(Protocol::Smtp, say("421 busy\r\n")).await, "421 busy");
    assert_refused(
        &failure(Protocol::Smtp, say("554-no\r\n554 service\r\n")).await,
        "554 no service",
    );
    assert_refused(
        &failure(Protocol::Smtp, smtp("550 who are you\r\n")).await,
        "550 who are you",
    );
}

#[tokio::test]
async fn smtp_that_closes_after_its_greeting_has_closed() {
    assert_eq!(failure(Protocol::Smtp, smtp("")).await, Failure::Closed);
    assert_eq!(
        failure(Protocol::Smtp, smtp("250-mail.test\r\n250-STARTT")).await,
        Failure::Closed
    );
}

#[tokio::test]
async fn smtp_replies_whose_codes_change_are_not_smtp() {
    let found = failure(Protocol::Smtp, say("220-x\r\n221 y\r\n")).await;
    assert!(matches!(found, Failure::WrongProtocol { .. }), "{found:?}");
}

#[tokio::test]
async fn three_digit_protocols_are_told_apart() {
    let looks_like = async |protocol, script| match failure(protocol, script).await {
        Failure::WrongProtocol { looks_like, .. } => looks_like,
        other => panic!("{protocol:?}: {other:?}"),
    };
    let ftp = say("220 (vsFTPd 3.0.5)\r\n")
        .expect_line("EHLO")
        .send("530 Please login with USER and PASS.\r\n");
    let hangs_up = say("220 ProFTPD Server ready.\r\n").expect_line("EHLO");
    assert_eq!(looks_like(Protocol::Smtp, hangs_up).await, Some("ftp"));
    assert_eq!(looks_like(Protocol::Smtp, ftp).await, Some("ftp"));
    let smtp = say("220 mail.test ESMTP Postfix\r\n")
        .expect("FEAT\r\n")
        .send("502 5.5.2 not recognized\r\n");
    assert_eq!(looks_like(Protocol::Ftp, smtp).await, Some("smtp"));
    let lmtp = say("220 mail.test LMTP\r\n")
        .expect_line("EHLO")
        .send("500 5.5.1 unknown\r\n");
    assert_eq!(looks_like(Protocol::Smtp, lmtp).await, Some("lmtp"));
    let smtp = say("220 mail.test ESMTP\r\n")
        .expect_line("LHLO")
        .send("500 5.5.1 unknown\r\n");
    assert_eq!(looks_like(Protocol::Lmtp, smtp).await, Some("smtp"));
    assert_eq!(
        looks_like(Protocol::Nntp, say("220 mail.test ESMTP\r\n")).await,
        Some("smtp")
    );
}

#[tokio::test]
async fn imap_refusals() {
    let capability = |words: &str| say("* OK x\r\n").expect("a1 CAPABILITY\r\n").send(words);
    for words in [
        "* CAPABILITY IMAP4rev1 AUTH=STARTTLS XSTARTTLS\r\na1 OK\r\n",
        "* OK STARTTLS is spoken of here\r\na1 OK STARTTLS\r\n",
        "a1 OK nothing\r\n",
    ] {
        assert_eq!(
            failure(Protocol::Imap, capability(words)).await,
            Failure::NotOffered,
            "{words}"
        );
    }
    assert_refused(
        &failure(Protocol::Imap, capability("a1 BAD what\r\n")).await,
        "a1 BAD what",
    );
    assert_refused(
        &failure(Protocol::Imap, capability("* BYE busy\r\n")).await,
        "* BYE busy",
    );
    assert_refused(
        &failure(Protocol::Imap, say("* BYE full\r\n")).await,
        "* BYE full",
    );
    let offered = capability("* CAPABILITY STARTTLS\r\na1 OK\r\n").expect("a2 STARTTLS\r\n");
    assert_refused(
        &failure(Protocol::Imap, offered.clone().send("a2 NO later\r\n")).await,
        "a2 NO later",
    );
    assert_refused(
        &failure(Protocol::Imap, offered.send("* 1 EXISTS\r\na2 BAD no\r\n")).await,
        "a2 BAD no",
    );
}

#[tokio::test]
async fn pop3_refusals() {
    assert_refused(&failure(Protocol::Pop3, say("-ERR busy\r\n")).await, "-ERR busy");
    let listed = |list: &str| say("+OK\r\n").expect("CAPA\r\n").send(list);
    assert_eq!(
        failure(Protocol::Pop3, listed("+OK STLS\r\nXSTLS\r\nSASL STLS\r\n.\r\n")).await,
        Failure::NotOffered
    );
    let refused = listed("+OK\r\nSTLS\r\n.\r\n")
        .expect("STLS\r\n")
        .send("-ERR not now\r\n");
    assert_refused(&failure(Protocol::Pop3, refused).await, "-ERR not now");
    let old = listed("-ERR unknown\r\n")
        .expect("STLS\r\n")
        .send("-ERR unknown\r\n");
    assert_eq!(failure(Protocol::Pop3, old).await, Failure::NotOffered);
}

#[tokio::test]
async fn pop3_without_a_list_is_asked_all_the_same() {
    let script = say("+OK\r\n")
        .expect("CAPA\r\n")
        .send("-ERR\r\n")
        .expect("STLS\r\n")
        .send("+OK\r\n");
    super::rehearse(Protocol::Pop3, script, super::Segments::Whole)
        .await
        .0
        .unwrap();
}

#[tokio::test]
async fn sieve_refusals() {
    let without = say("\"IMPLEMENTATION\" \"STARTTLS\"\r\n\"SASL\" {8}\r\nSTARTTLS\r\nOK\r\n");
    assert_eq!(failure(Protocol::Sieve, without).await, Failure::NotOffered);
    assert_refused(
        &failure(Protocol::Sieve, say("BYE \"full\"\r\n")).await,
        "BYE \"full\"",
    );
    let offered = say("\"STARTTLS\"\r\nOK (TAG {3+}\r\nabc) \"x\"\r\n").expect("STARTTLS\r\n");
    assert_refused(
        &failure(Protocol::Sieve, offered.clone().send("NO {5}\r\nlater\r\n")).await,
        "NO {5} later",
    );
    super::rehearse(Protocol::Sieve, offered.send("OK\r\n"), super::Segments::Whole)
        .await
        .0
        .unwrap();
}

#[tokio::test]
async fn nntp_refusals() {
    assert_refused(
        &failure(Protocol::Nntp, say("502 not you\r\n")).await,
        "502 not you",
    );
    let listed = |list: &str| say("201 x\r\n").expect("CAPABILITIES\r\n").send(list);
    assert_eq!(
        failure(Protocol::Nntp, listed("101 STARTTLS\r\nVERSION 2\r\n.\r\n")).await,
        Failure::NotOffered
    );
    for words in ["580 no TLS", "502 not now", "483 stronger"] {
        let script = listed("101\r\nSTARTTLS\r\n.\r\n")
            .expect("STARTTLS\r\n")
            .send(format!("{words}\r\n"));
        assert_refused(&failure(Protocol::Nntp, script).await, words);
    }
    let old = listed("500 what\r\n").expect("STARTTLS\r\n");
    assert_eq!(
        failure(Protocol::Nntp, old.clone().send("500 what\r\n")).await,
        Failure::NotOffered
    );
    super::rehearse(Protocol::Nntp, old.send("382 go\r\n"), super::Segments::Whole)
        .await
        .0
        .unwrap();
}

#[tokio::test]
async fn nntp_leads_readers_to_their_own_capabilities() {
    let script = say("200 x\r\n")
        .expect("CAPABILITIES\r\n")
        .send("101\r\nMODE-READER\r\n.\r\n")
        .expect("MODE READER\r\n")
        .send("200 reader\r\n")
        .expect("CAPABILITIES\r\n")
        .send("101\r\nREADER\r\nSTARTTLS\r\n.\r\n")
        .expect("STARTTLS\r\n")
        .send("382 go\r\n");
    super::rehearse(Protocol::Nntp, script, super::Segments::Bytes)
        .await
        .0
        .unwrap();
}

#[tokio::test]
async fn ftp_refusals() {
    assert_refused(
        &failure(Protocol::Ftp, say("421 too many\r\n")).await,
        "421 too many",
    );
    let features = |words: &str| say("220 FTP\r\n").expect("FEAT\r\n").send(words);
    let mentioned = features("211-AUTH TLS\r\n MDTM\r\n XAUTH TLS\r\n AUTH GSSAPI\r\n211 AUTH TLS\r\n");
    assert_eq!(failure(Protocol::Ftp, mentioned).await, Failure::NotOffered);
    for words in ["530 no", "534 policy", "502 no", "504 no"] {
        let script = features("211-\r\n AUTH TLS\r\n211 \r\n")
            .expect("AUTH TLS\r\n")
            .send(format!("{words}\r\n"));
        assert_refused(&failure(Protocol::Ftp, script).await, words);
    }
    for words in ["500 no", "502 no", "504 no"] {
        let script = features("500 what\r\n")
            .expect("AUTH TLS\r\n")
            .send(format!("{words}\r\n"));
        assert_eq!(failure(Protocol::Ftp, script).await, Failure::NotOffered);
    }
}

#[tokio::test]
async fn ftp_is_asked_when_the_list_is_refused_and_for_what_the_list_names() {
    let delayed = say("120 in a minute\r\n220 FTP\r\n")
        .expect("FEAT\r\n")
        .send("530 login first\r\n");
    let script = delayed.expect("AUTH TLS\r\n").send("234 go\r\n");
    super::rehearse(Protocol::Ftp, script, super::Segments::Bytes)
        .await
        .0
        .unwrap();
    let old = say("220 FTP\r\n")
        .expect("FEAT\r\n")
        .send("211-\r\n AUTH SSL\r\n211 \r\n");
    super::rehearse(
        Protocol::Ftp,
        old.expect("AUTH SSL\r\n").send("234 go\r\n"),
        super::Segments::Whole,
    )
    .await
    .0
    .unwrap();
}

/// An ExtendedResponse with short lengths: result, diagnostic, and what follows it.
fn ldap(number: u8, code: u8, diagnostic: &str, rest: &[u8]) -> Script {
    let mut operation = vec![0x0a, 1, code, 4, 0, 4, u8::try_from(diagnostic.len()).unwrap()];
    operation.extend_from_slice(diagnostic.as_bytes());
    operation.extend_from_slice(rest);
    let length = u8::try_from(operation.len()).unwrap();
    let message = [&[0x30, length + 5, 2, 1, number, 0x78, length][..], &operation].concat();
    Script::new().skip(31).send(message)
}

#[tokio::test]
async fn ldap_refusals() {
    assert_eq!(
        failure(Protocol::Ldap, ldap(1, 2, "unsupported", b"")).await,
        Failure::NotOffered
    );
    assert_refused(
        &failure(Protocol::Ldap, ldap(1, 52, "no certificate", b"")).await,
        "result 52 (unavailable): no certificate",
    );
    assert_refused(
        &failure(Protocol::Ldap, ldap(1, 53, "", b"")).await,
        "result 53 (unwillingToPerform)",
    );
    // A Notice of Disconnection with a result that looks like success is no go-ahead.
    let notice = b"\x8a\x161.3.6.1.4.1.1466.20036";
    assert_refused(
        &failure(Protocol::Ldap, ldap(0, 0, "bye", notice)).await,
        "result 0 (success): bye",
    );
    assert_refused(
        &failure(Protocol::Ldap, ldap(0, 2, "bye", notice)).await,
        "result 2 (protocolError): bye",
    );
}

#[tokio::test]
async fn ldap_success_is_read_in_every_form() {
    for rest in [
        &b""[..],
        b"\x8a\x161.3.6.1.4.1.1466.20037",
        b"\xa3\x02\x04\0\x8a\x161.3.6.1.4.1.1466.20037\x8b\x01x",
    ] {
        super::rehearse(Protocol::Ldap, ldap(1, 0, "", rest), super::Segments::Bytes)
            .await
            .0
            .unwrap();
    }
    // Success in the wrong place, cut short, of indefinite length.
    for bytes in [
        &b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\0\x04\0\x04\0"[..],
        b"\x30\x05\x02\x01\x01\x78\x07",
        b"\x30\x80\x02\x01\x01\x78\x07\x0a\x01\0\x04\0\x04\0\0\0",
    ] {
        let script = Script::new().skip(31).send(bytes);
        let (found, _) = super::rehearse(Protocol::Ldap, script, super::Segments::Whole).await;
        assert!(matches!(found, Err(Failure::WrongProtocol { .. })), "{found:?}");
    }
}

fn xmpp(words: &str) -> Script {
    Script::new()
        .expect_until("xmlns:stream='http://etherx.jabber.org/streams'>")
        .send(format!(
            "<?xml version='1.0'?>\n<stream:stream version='1.0' xmlns='jabber:client'>{words}"
        ))
}

#[tokio::test]
async fn xmpp_that_mentions_starttls_does_not_offer_it() {
    for words in [
        "<stream:features/>",
        "<stream:features><starttls/></stream:features>",
        "<stream:features><mechanisms><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></mechanisms></stream:features>",
        "<stream:features>starttls<!-- <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/> --></stream:features>",
        "<stream:features a='<starttls xmlns=\"urn:ietf:params:xml:ns:xmpp-tls\"/>'><b/></stream:features>",
    ] {
        assert_eq!(
            failure(Protocol::Xmpp, xmpp(words)).await,
            Failure::NotOffered,
            "{words}"
        );
    }
    let old = Script::new()
        .expect_until("streams'>")
        .send("<stream:stream xmlns='jabber:client'>");
    assert_eq!(failure(Protocol::XmppServer, old).await, Failure::NotOffered);
}

#[tokio::test]
async fn xmpp_refusals() {
    let unknown = "<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>";
    assert_refused(
        &failure(Protocol::Xmpp, xmpp(unknown)).await,
        "host-unknown: the server does not serve the XMPP domain chat.example; the domain is needed here, not the \
         machine's name",
    );
    let policy = "<stream:error><text>no</text><policy-violation/></stream:error>";
    assert_refused(
        &failure(Protocol::XmppServer, xmpp(policy)).await,
        "policy-violation",
    );
    let offered =
        "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'></starttls></stream:features>";
    let script = xmpp(offered).expect_until("xmpp-tls'/>");
    let refused = script
        .clone()
        .send("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>");
    assert_refused(
        &failure(Protocol::Xmpp, refused).await,
        "failure: the server cannot begin TLS now",
    );
    assert_eq!(
        failure(Protocol::Xmpp, script.clone().send("</stream:stream>")).await,
        Failure::Closed
    );
    let long = script.send("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'>\n</proceed>");
    super::rehearse(Protocol::Xmpp, long, super::Segments::Bytes)
        .await
        .0
        .unwrap();
}

#[tokio::test]
async fn xmpp_servers_are_told_who_asks_and_for_whom() {
    let header = "<?xml version='1.0'?><stream:stream to='chat.example' from='probe.example' version='1.0' \
                  xml:lang='en' xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'>";
    let (_, played) = super::rehearse(
        Protocol::XmppServer,
        Script::new().expect(header),
        super::Segments::Whole,
    )
    .await;
    played.unwrap();
}

#[tokio::test]
async fn postgres_refusals() {
    let answer = |bytes: &[u8]| Script::new().skip(8).send(bytes);
    assert_eq!(
        failure(Protocol::Postgres, answer(b"N")).await,
        Failure::NotOffered
    );
    assert_eq!(
        failure(Protocol::Postgres, answer(b"E")).await,
        Failure::NotOffered
    );
    assert_eq!(
        failure(Protocol::Postgres, answer(b"EFATAL 1: unsupported\n\0")).await,
        Failure::NotOffered
    );
    let error = answer(b"E\0\0\0\x28SFATAL\0C53300\0Mtoo many connections\0\0");
    assert_refused(&failure(Protocol::Postgres, error).await, "too many connections");
}

#[tokio::test]
async fn mysql_refusals() {
    let without = say(mysql_greeting(!0x0800));
    assert_eq!(failure(Protocol::Mysql, without).await, Failure::NotOffered);
    assert_eq!(
        failure(Protocol::Mysql, say(b"\x08\0\0\0\x093.20.0\0")).await,
        Failure::NotOffered
    );
    let blocked = say(b"\x1a\0\0\0\xff\x69\x04Host 'probe' is blocked");
    assert_refused(
        &failure(Protocol::Mysql, blocked).await,
        "error 1129: Host 'probe' is blocked",
    );
    let many = say(b"\x1d\0\0\0\xff\x10\x04#08004Too many connections");
    assert_refused(
        &failure(Protocol::Mysql, many).await,
        "error 1040: Too many connections",
    );
    let short = failure(Protocol::Mysql, say(b"\x08\0\0\0\x0a8.0.40\0")).await;
    assert!(matches!(short, Failure::WrongProtocol { .. }), "{short:?}");
}

#[tokio::test]
async fn rdp_refusals() {
    let answer = |negotiation: &[u8]| {
        let length = u8::try_from(11 + negotiation.len()).unwrap();
        let head = [3, 0, 0, length, length - 5, 0xd0, 0, 0, 0, 0, 0];
        Script::new().skip(19).send([&head[..], negotiation].concat())
    };
    assert_eq!(failure(Protocol::Rdp, answer(&[])).await, Failure::NotOffered);
    assert_eq!(
        failure(Protocol::Rdp, answer(&[2, 0, 8, 0, 0, 0, 0, 0])).await,
        Failure::NotOffered
    );
    for (code, name) in [
        (1, "SSL_REQUIRED_BY_SERVER"),
        (2, "SSL_NOT_ALLOWED_BY_SERVER"),
        (3, "SSL_CERT_NOT_ON_SERVER"),
        (4, "INCONSISTENT_FLAGS"),
        (5, "HYBRID_REQUIRED_BY_SERVER"),
        (6, "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER"),
    ] {
        let found = failure(Protocol::Rdp, answer(&[3, 0, 8, 0, code, 0, 0, 0])).await;
        let Failure::RefusedUpgrade { reply } = found else {
            panic!("{found:?}")
        };
        assert!(
            reply.raw().starts_with(&format!("failure {code}: {name}, ")),
            "{reply}"
        );
    }
    for protocol in [1, 2, 8] {
        let script = answer(&[2, 0, 8, 0, protocol, 0, 0, 0]);
        super::rehearse(Protocol::Rdp, script, super::Segments::Bytes)
            .await
            .0
            .unwrap();
    }
}

#[tokio::test]
async fn irc_refusals() {
    let answer = |words: &str| say(":i NOTICE * :hi\r\n").expect("CAP LS 302\r\n").send(words);
    for words in [
        ":i CAP * LS :sasl sts=port=6697 xtls tls-x\r\n",
        ":i CAP x LS * :sasl\r\n:i CAP x LS :\r\n",
    ] {
        assert_eq!(
            failure(Protocol::Irc, answer(words)).await,
            Failure::NotOffered,
            "{words}"
        );
    }
    assert_refused(
        &failure(Protocol::Irc, answer("ERROR :throttled\r\n")).await,
        "ERROR :throttled",
    );
    let offered = answer(":i CAP * LS :tls\r\n").expect("STARTTLS\r\n");
    assert_refused(
        &failure(Protocol::Irc, offered.send(":i 691 x :no TLS\r\n")).await,
        ":i 691 x :no TLS",
    );
    let old = answer(":i 421 * CAP :Unknown command\r\n").expect("STARTTLS\r\n");
    assert_eq!(
        failure(Protocol::Irc, old.clone().send(":i 451 * :register\r\n")).await,
        Failure::NotOffered
    );
    super::rehearse(
        Protocol::Irc,
        old.send(":i 670 * :go\r\n"),
        super::Segments::Bytes,
    )
    .await
    .0
    .unwrap();
}

#[tokio::test]
async fn nats_refusals() {
    for object in [
        "{}",
        "{\"tls_required\":false,\"tls_available\" : false}",
        "{\"a\":\"tls_required\",\"b\":true}",
        "{\"a\":{\"tls_required\":true},\"b\":[\"\\\"tls_required\\\":true\"]}",
    ] {
        let found = failure(Protocol::Nats, say(format!("INFO {object} \r\n"))).await;
        assert_eq!(found, Failure::NotOffered, "{object}");
    }
    assert_refused(
        &failure(Protocol::Nats, say("-ERR 'maximum connections exceeded'\r\n")).await,
        "-ERR 'maximum connections exceeded'",
    );
    let available = say("INFO {\"x\":[1,{}],\"tls_available\" : true}\r\n");
    super::rehearse(Protocol::Nats, available, super::Segments::Bytes)
        .await
        .0
        .unwrap();
    let cut = failure(Protocol::Nats, say("INFO {\"tls_required\":true\r\n")).await;
    assert!(
        matches!(cut, Failure::WrongProtocol { looks_like: None, .. }),
        "{cut:?}"
    );
}

#[tokio::test]
async fn mssql_refusals() {
    let option = |encryption: u8| {
        Script::new()
            .skip(47)
            .send([4, 1, 0, 15, 0, 0, 1, 0, 1, 0, 6, 0, 1, 0xff, encryption])
    };
    assert_eq!(failure(Protocol::Mssql, option(2)).await, Failure::NotOffered);
    for encryption in [0, 1, 3] {
        super::rehearse(Protocol::Mssql, option(encryption), super::Segments::Bytes)
            .await
            .0
            .unwrap();
    }
    let error = b"\x04\x01\0\x19\0\0\x01\0\xaa\x0e\0\x02\0\0\0\x01\x0e\x03\0n\0o\0!\0";
    assert_refused(
        &failure(Protocol::Mssql, Script::new().skip(47).send(error)).await,
        "no!",
    );
    // In two packets, the option behind another one; and without the option.
    let parts =
        b"\x04\0\0\x0d\0\0\x01\0\0\0\x0b\0\x06\x04\x01\0\x15\0\0\x01\0\x01\0\x11\0\x01\xff\0\0\0\0\0\0\x03";
    super::rehearse(
        Protocol::Mssql,
        Script::new().skip(47).send(parts),
        super::Segments::Whole,
    )
    .await
    .0
    .unwrap();
    let none = failure(
        Protocol::Mssql,
        Script::new().skip(47).send(b"\x04\x01\0\x09\0\0\x01\0\xff"),
    )
    .await;
    assert!(matches!(none, Failure::WrongProtocol { .. }), "{none:?}");
}

#[tokio::test]
async fn refusals_are_cut() {
    let script = say(format!("554 {}\r\n", "x".repeat(4000)));
    let Failure::TurnedAway { reply } = failure(Protocol::Smtp, script).await else {
        panic!()
    };
    assert_eq!(reply.raw().len(), 512);
}

#[tokio::test]
async fn who_is_turned_away_was_offered_nothing() {
    for (protocol, words) in [
        (Protocol::Smtp, "554 go away\r\n"),
        (Protocol::Imap, "* BYE go away\r\n"),
        (Protocol::Pop3, "-ERR go away\r\n"),
        (Protocol::Ftp, "421 go away\r\n"),
        (Protocol::Nntp, "400 go away\r\n"),
    ] {
        let found = failure(protocol, say(words)).await;
        let Failure::TurnedAway { reply } = found else {
            panic!("{words}: {found:?}")
        };
        assert!(reply.raw().ends_with("go away"), "{words}");
    }
    let found = failure(Protocol::Imap, say("* PREAUTH hi\r\n")).await;
    let reply = model::Untrusted::new("* PREAUTH hi");
    assert_eq!(found, Failure::Authenticated { reply });
}
