//! What stops a look, as machines and `nolapse explain` name it: one word, one sentence, one thing to do.
//!
//! A failure comes in, words go out. The sentence about one endpoint is made by the rule that reports the failure; here
//! is what holds for all of them.

use model::observation::Failure;

/// One kind of failure.
pub(crate) struct Kind {
    /// The word used in every machine format.
    pub(crate) word: &'static str,
    /// What it means.
    pub(crate) meaning: &'static str,
    /// What to do.
    pub(crate) remedy: &'static str,
    /// How a report counts it: "31 refused".
    pub(crate) counted: &'static str,
}

const fn kind(
    word: &'static str,
    counted: &'static str,
    meaning: &'static str,
    remedy: &'static str,
) -> Kind {
    Kind {
        word,
        meaning,
        remedy,
        counted,
    }
}

/// Every kind, in the order of the stages in which they occur first.
pub(crate) const KINDS: &[Kind] = &[
    kind(
        "name-unknown",
        "name unknown",
        "DNS says that the name does not exist (NXDOMAIN)",
        "look for a typing error; otherwise remove the name from the list or add it to the zone",
    ),
    kind(
        "no-address",
        "without address",
        "the name exists and has neither an A nor an AAAA record",
        "add an address record, or give the address: name@address",
    ),
    kind(
        "resolver-failed",
        "not resolved",
        "no resolver gave an answer that says yes or no",
        "check the resolver of this machine, or name another with --resolver ADDRESS:PORT",
    ),
    kind(
        "refused",
        "refused",
        "the address answers and nothing listens on the port",
        "start the service, or look at the port on which it listens: name:port",
    ),
    kind(
        "no-route",
        "without route",
        "this machine has no route to the address",
        "look from a machine that reaches it; for IPv6 without a route use -4",
    ),
    kind(
        "local",
        "not tried",
        "this machine would not open the connection",
        "follow what the operating system says; `ulimit -n` and --concurrency bound open connections",
    ),
    kind(
        "timed-out",
        "timed out",
        "nothing came within the time of the stage",
        "check firewalls on the way and that the service is alive; --timeout waits longer",
    ),
    kind(
        "reset",
        "reset",
        "the other side reset the connection",
        "a firewall or the service cut it off: look at its log",
    ),
    kind(
        "closed",
        "closed early",
        "the other side closed the connection before it had said what was needed",
        "look at the log of the service; it may want another protocol on this port (smtp://, ldap://, ...)",
    ),
    kind(
        "not-offered",
        "without TLS",
        "the server speaks the protocol and does not offer TLS in it",
        "switch TLS on in the service; until then passwords cross the network readable",
    ),
    kind(
        "refused-upgrade",
        "STARTTLS refused",
        "the server offers TLS and refused to begin it",
        "its own words say why; often its certificate or key cannot be read",
    ),
    kind(
        "turned-away",
        "turned away",
        "the server turned this machine away before TLS could be offered",
        "its own words say why; let this machine's address in, or look from one that the server talks to",
    ),
    kind(
        "authenticated",
        "authenticated before TLS",
        "the connection is authenticated from its start (IMAP PREAUTH), where TLS cannot begin any more",
        "let nobody be authenticated before TLS, or look at the port with implicit TLS",
    ),
    kind(
        "wrong-protocol",
        "another protocol",
        "what answered does not speak the protocol that was asked for",
        "name the right one as a scheme: tls://, smtp://, imap://, postgres://, ...",
    ),
    kind(
        "not-tls",
        "not TLS",
        "what answered our greeting is not TLS",
        "if TLS begins by an exchange there, name the protocol as a scheme (smtp://, ldap://, ...); otherwise it is plain",
    ),
    kind(
        "alert",
        "refused TLS",
        "the server refused every greeting with a TLS alert",
        "it may want a server name (name@address), or no version and suite is left that it accepts",
    ),
    kind(
        "malformed",
        "broken TLS",
        "it speaks TLS and breaks its rules",
        "update the TLS software of the server, or of what stands in front of it",
    ),
    kind(
        "too-much",
        "too much sent",
        "it sent more than any honest server does; reading was stopped at the limit",
        "`nolapse limits` shows the bounds; look at what answers there",
    ),
    kind(
        "anonymous",
        "anonymous",
        "TLS was agreed on without any certificate, so anybody can stand in the middle",
        "remove anonymous and pre-shared-key suites from the configuration of the server",
    ),
    kind(
        "internal",
        "our bug",
        "nolapse broke while it looked; nothing else was lost",
        "please report it with the words shown",
    ),
];

impl Kind {
    /// The kind of a failure.
    pub(crate) fn of(failure: &Failure) -> &'static Self {
        let word = failure.word();
        // Every word stands in the table: a test makes one failure of each.
        KINDS.iter().find(|kind| kind.word == word).unwrap_or(&UNNAMED)
    }
}

const UNNAMED: Kind = kind("internal", "our bug", "", "");

#[cfg(test)]
mod tests {
    use model::Untrusted;
    use model::tls::CipherSuite;

    use super::*;

    fn one_of_each() -> Vec<Failure> {
        let saw = Untrusted::new("x");
        vec![
            Failure::NameUnknown,
            Failure::NoAddress,
            Failure::ResolverFailed { reason: saw.clone() },
            Failure::Refused,
            Failure::NoRoute,
            Failure::Local {
                reason: String::new(),
            },
            Failure::TimedOut,
            Failure::Reset,
            Failure::Closed,
            Failure::NotOffered,
            Failure::RefusedUpgrade { reply: saw.clone() },
            Failure::TurnedAway { reply: saw.clone() },
            Failure::Authenticated { reply: saw.clone() },
            Failure::WrongProtocol {
                saw: saw.clone(),
                looks_like: None,
            },
            Failure::NotTls {
                saw,
                looks_like: Some("http"),
            },
            Failure::Alert { description: 40 },
            Failure::Malformed { what: "x" },
            Failure::TooMuch { what: "x", limit: 1 },
            Failure::Anonymous {
                cipher: CipherSuite(0x34),
            },
            Failure::Internal {
                reason: String::new(),
            },
        ]
    }

    #[test]
    fn every_failure_has_a_kind_with_words() {
        let failures = one_of_each();
        assert_eq!(failures.len(), KINDS.len());
        for (failure, expected) in failures.iter().zip(KINDS) {
            let kind = Kind::of(failure);
            assert_eq!(kind.word, expected.word);
            assert!(!kind.meaning.is_empty() && !kind.remedy.is_empty() && !kind.counted.is_empty());
        }
    }
}
