//! The look was stopped: one rule for each thing that a person would do something different about. They share one
//! function, since what decides is the failure alone.

use model::finding::{Finding, Reason, Severity};
use model::observation::{Failure, Outcome};

use super::Rule;
use crate::case::Case;

/// A rule that speaks when the look was stopped by a failure of its own.
macro_rules! stopped {
    (@severity ANONYMOUS) => {
        Severity::Critical
    };
    (@severity $name:ident) => {
        Severity::Error
    };
    // A macro, because a function pointer cannot carry the rule that it belongs to.
    ($name:ident, $id:literal, $title:literal, $explanation:literal, $citation:literal, $remedy:literal) => {
        pub(super) static $name: Rule = Rule {
            id: $id,
            title: $title,
    severity: stopped!(@severity $name),
            explanation: $explanation,
            citation: $citation,
            remedy: $remedy,
            check: |case, found| say(case, &$name, found),
        };
    };
}

stopped!(
    NAME_UNKNOWN,
    "name-unknown",
    "The name has no address",
    "The name does not exist (NXDOMAIN), or exists without A and AAAA records",
    "RFC 1035; RFC 8020",
    "correct the name, or take it from the list"
);
stopped!(
    RESOLVER_FAILED,
    "resolver-failed",
    "No resolver answered for the name",
    "It says nothing about the name: the resolvers of this machine did not answer, or answered that they cannot",
    "RFC 1035; RFC 8914",
    "see that this machine's resolvers work, then look again"
);
stopped!(
    UNREACHABLE,
    "unreachable",
    "The port refuses connections, or there is no route to it",
    "Nothing listens there, or a firewall says no",
    "RFC 9293 section 3.10.7",
    "see that the service runs and listens on this address and port, and that a firewall lets this machine in"
);
stopped!(
    LOCAL_FAILURE,
    "local-failure",
    "This machine would not open the connection",
    "The fault is here: descriptors, permissions, or addresses",
    "the operating system's own words",
    "raise the limit of open files or lower `--concurrency`, then look again"
);
stopped!(
    TIMED_OUT,
    "timed-out",
    "Nothing came within the time of a stage",
    "In connect it is mostly a firewall that drops packets; later it is a server that hangs, or one that expects \
     another protocol",
    "limits as shown by `nolapse limits`",
    "see that a firewall lets this machine in, and that this port speaks the protocol that was asked for"
);
stopped!(
    RESET,
    "reset",
    "The other side reset the connection",
    "Mostly a firewall or load balancer that dislikes the source or the server name, or a service that crashed",
    "RFC 9293 section 3.5.2",
    "look into the server's log and the log of what stands before it"
);
stopped!(
    CLOSED,
    "closed",
    "The other side closed the connection before it had said enough",
    "Mostly a server without a certificate for this name, or one that expects another protocol",
    "RFC 8446 section 6.1",
    "look into the server's log; see that the protocol and the server name are the right ones"
);
stopped!(
    STARTTLS_NOT_OFFERED,
    "starttls-not-offered",
    "The server speaks the protocol and does not offer TLS in it",
    "What goes over this port goes in the clear, or somebody on the way removed the offer",
    "RFC 3207; RFC 9051 section 6.2.1; RFC 4511 section 4.14",
    "switch on STARTTLS in the server, or look at the port with implicit TLS"
);
stopped!(
    STARTTLS_REFUSED,
    "starttls-refused",
    "The server offers TLS and refused to begin it",
    "Its words are in the finding; mostly a certificate or key that it could not load, or a limit on connections",
    "RFC 3207 section 4; RFC 4511 section 4.14.1",
    "look into the server's log for why it cannot begin TLS"
);
stopped!(
    TURNED_AWAY,
    "turned-away",
    "The server turned this machine away before TLS could be offered",
    "Its words are in the finding; mostly a block list, a limit on connections, or a service that is closed for now",
    "RFC 5321 section 3.1; RFC 9051 section 7.1.5",
    "let this machine's address in, or look from one that the server talks to"
);
stopped!(
    WRONG_PROTOCOL,
    "wrong-protocol",
    "What answered does not speak the protocol that was asked for",
    "The port belongs to another service, or the protocol was chosen wrongly",
    "the protocol's own document",
    "name the protocol in the target, as in `smtp://name:port`, or correct the port"
);
stopped!(
    NOT_TLS,
    "not-tls",
    "What answered does not speak TLS",
    "A plain-text service, or one that begins TLS only after an exchange",
    "RFC 8446 section 5.1",
    "correct the port, or name the protocol that begins TLS, as in `imap://name:143`"
);
stopped!(
    TLS_REFUSED,
    "tls-refused",
    "The server refused every offer with a TLS alert",
    "The alert is in the finding: handshake_failure for want of a common suite, unrecognized_name for an unknown \
     server name, and so on",
    "RFC 8446 section 6.2",
    "see that the server name is the right one, and what versions and suites the server allows"
);
stopped!(
    TLS_BROKEN,
    "tls-broken",
    "The server speaks TLS and breaks its rules",
    "What it broke is in the finding; clients end the connection there too",
    "RFC 8446; RFC 5246",
    "update the server, or look at what stands between it and this machine"
);
stopped!(
    TOO_MUCH,
    "too-much",
    "The server sent more than the limit of something",
    "No honest server comes near the limits; reading on would let it choose how much memory and time it costs",
    "limits as shown by `nolapse limits`",
    "see what this server is; if it is honest, report the limit as a fault of nolapse"
);
stopped!(
    ANONYMOUS,
    "anonymous",
    "The server negotiates TLS without a certificate",
    "Without a certificate whoever is on the way can be the server",
    "RFC 5246 appendix F.1.1.1; RFC 9325 section 4.1",
    "switch off anonymous and pre-shared-key suites, and give the server a certificate"
);
stopped!(
    INTERNAL,
    "internal",
    "nolapse itself broke",
    "A bug: it was caught, nothing else was lost, and it says nothing about the server",
    "SECURITY.md, or the issue tracker",
    "report it with the words of the finding and, if you may, the target"
);

/// A look that was stopped with a chain in hand could be judged: the stop is a warning then, and an error otherwise.
fn say(case: &Case<'_>, rule: &Rule, found: &mut Vec<Finding>) {
    if !case.is_main() {
        return;
    }
    let severity = if rule.id == ANONYMOUS.id {
        // Nothing is missing to judge that.
        ANONYMOUS.severity
    } else if case.leaf().is_some() {
        Severity::Warning
    } else {
        Severity::Error
    };
    match (&case.observation.outcome, case.handshake) {
        (Outcome::Stopped { stage, failure }, _) if rule.id == rule_of(failure).id => {
            let reason = Reason::Stopped {
                stage: *stage,
                failure: failure.clone(),
            };
            found.push(Case::about_endpoint(rule, severity, reason));
        }
        (Outcome::Handshaken, Some(handshake)) if handshake.chain.is_empty() && rule.id == ANONYMOUS.id => {
            let reason = Reason::NoCertificate {
                cipher: handshake.cipher,
            };
            found.push(Case::about_endpoint(rule, severity, reason));
        }
        _ => {}
    }
}

fn rule_of(failure: &Failure) -> &'static Rule {
    match failure {
        Failure::NameUnknown | Failure::NoAddress => &NAME_UNKNOWN,
        Failure::ResolverFailed { .. } => &RESOLVER_FAILED,
        Failure::Refused | Failure::NoRoute => &UNREACHABLE,
        Failure::Local { .. } => &LOCAL_FAILURE,
        Failure::TimedOut => &TIMED_OUT,
        Failure::Reset => &RESET,
        Failure::Closed => &CLOSED,
        Failure::NotOffered => &STARTTLS_NOT_OFFERED,
        Failure::RefusedUpgrade { .. } => &STARTTLS_REFUSED,
        Failure::TurnedAway { .. } => &TURNED_AWAY,
        Failure::Authenticated { .. } => &STARTTLS_NOT_OFFERED,
        Failure::WrongProtocol { .. } => &WRONG_PROTOCOL,
        Failure::NotTls { .. } => &NOT_TLS,
        Failure::Alert { .. } => &TLS_REFUSED,
        Failure::Malformed { .. } => &TLS_BROKEN,
        Failure::TooMuch { .. } => &TOO_MUCH,
        Failure::Anonymous { .. } => &ANONYMOUS,
        Failure::Internal { .. } => &INTERNAL,
    }
}

#[cfg(test)]
mod tests {
    use model::observation::Stage;
    use model::status::Status;
    use model::tls::CipherSuite;
    use model::untrusted::Untrusted;

    use super::*;
    use crate::world::{Good, judged, rules, severity, stopped, with};

    #[test]
    fn every_failure_is_exactly_one_error() {
        let text = || Untrusted::new("x");
        let failures = [
            Failure::NameUnknown,
            Failure::NoAddress,
            Failure::ResolverFailed { reason: text() },
            Failure::Refused,
            Failure::NoRoute,
            Failure::Local {
                reason: "x".to_owned(),
            },
            Failure::TimedOut,
            Failure::Reset,
            Failure::Closed,
            Failure::NotOffered,
            Failure::RefusedUpgrade { reply: text() },
            Failure::TurnedAway { reply: text() },
            Failure::Authenticated { reply: text() },
            Failure::WrongProtocol {
                saw: text(),
                looks_like: None,
            },
            Failure::NotTls {
                saw: text(),
                looks_like: Some("ssh"),
            },
            Failure::Alert { description: 40 },
            Failure::Malformed { what: "x" },
            Failure::TooMuch { what: "x", limit: 1 },
            Failure::Anonymous {
                cipher: CipherSuite(0x0018),
            },
            Failure::Internal {
                reason: "x".to_owned(),
            },
        ];
        for failure in failures {
            let expected = rule_of(&failure).id;
            let assessment = judged(&stopped(Stage::Handshake, failure), &Good::new().stores());
            assert_eq!(rules(&assessment), [expected]);
            let status = if expected == ANONYMOUS.id {
                Status::Critical
            } else {
                Status::Error
            };
            assert_eq!(assessment.status, status);
            assert!(assessment.trust.is_empty());
        }
    }

    #[test]
    fn a_look_that_was_not_stopped_says_nothing() {
        let good = Good::new();
        assert!(rules(&judged(&good.observed(), &good.stores())).is_empty());
    }

    #[test]
    fn a_stop_with_the_chain_in_hand_is_a_warning_beside_the_verdict() {
        let good = Good::new();
        let mut seen = good.observed();
        seen.outcome = Outcome::Stopped {
            stage: Stage::Handshake,
            failure: Failure::TimedOut,
        };
        let assessment = judged(&seen, &good.stores());
        assert_eq!(severity(&assessment, "timed-out"), Some(Severity::Warning));
        assert!(assessment.trust[0].is_trusted());
    }

    #[test]
    fn a_handshake_without_certificates_is_anonymous() {
        let good = Good::new();
        let seen = with(good.observed(), |handshake| {
            handshake.chain.clear();
            handshake.cipher = CipherSuite(0x0018);
        });
        assert_eq!(rules(&judged(&seen, &good.stores())), ["anonymous"]);
    }
}
