//! What the labels of SRV and SVCB records say: how TLS begins, and whom the certificate must name.

use crate::starttls::StartTls;
use crate::zone::domain::DomainRef;

/// Whom the certificate of a service must name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whom {
    /// The domain that offers the service (XMPP: RFC 6120 section 13.7.2.1, SIP: RFC 5922 section 7.2).
    Domain,
    /// The host that serves it (RFC 6186 section 6).
    Host,
}

struct Row(&'static str, StartTls, Whom);

/// Services over TCP (names of the registry of RFC 6335, without the underscore).
const SERVICES: &[Row] = &[
    Row("xmpp-client", StartTls::Xmpp, Whom::Domain),
    Row("xmpp-server", StartTls::XmppServer, Whom::Domain),
    Row("xmpps-client", StartTls::None, Whom::Domain),
    Row("xmpps-server", StartTls::None, Whom::Domain),
    Row("imap", StartTls::Imap, Whom::Host),
    Row("imaps", StartTls::None, Whom::Host),
    Row("pop3", StartTls::Pop3, Whom::Host),
    Row("pop3s", StartTls::None, Whom::Host),
    Row("smtp", StartTls::Smtp, Whom::Host),
    Row("submission", StartTls::Smtp, Whom::Host),
    Row("submissions", StartTls::None, Whom::Host),
    Row("sieve", StartTls::Sieve, Whom::Host),
    Row("ldap", StartTls::Ldap, Whom::Host),
    Row("gc", StartTls::Ldap, Whom::Host),
    Row("ldaps", StartTls::None, Whom::Host),
    Row("ftp", StartTls::Ftp, Whom::Host),
    Row("ftps", StartTls::None, Whom::Host),
    Row("nntp", StartTls::Nntp, Whom::Host),
    Row("nntps", StartTls::None, Whom::Host),
    Row("postgresql", StartTls::Postgres, Whom::Host),
    Row("mysql", StartTls::Mysql, Whom::Host),
    Row("ms-wbt-server", StartTls::Rdp, Whom::Host),
    Row("ms-sql-s", StartTls::Mssql, Whom::Host),
    Row("irc", StartTls::Irc, Whom::Host),
    Row("ircs-u", StartTls::None, Whom::Host),
    Row("nats", StartTls::Nats, Whom::Host),
    Row("https", StartTls::None, Whom::Host),
    Row("caldavs", StartTls::None, Whom::Host),
    Row("carddavs", StartTls::None, Whom::Host),
    Row("jmap", StartTls::None, Whom::Host),
    Row("autodiscover", StartTls::None, Whom::Host),
    Row("amqps", StartTls::None, Whom::Host),
    Row("secure-mqtt", StartTls::None, Whom::Host),
    Row("domain-s", StartTls::None, Whom::Host),
    Row("stuns", StartTls::None, Whom::Host),
    Row("turns", StartTls::None, Whom::Host),
    Row("sips", StartTls::None, Whom::Domain),
    Row("sip-tls", StartTls::None, Whom::Domain),
    Row("matrix", StartTls::None, Whom::Domain),
    Row("matrix-fed", StartTls::None, Whom::Domain),
];

/// The service that the owner of an SRV record names.
pub(super) struct Offered<'a> {
    /// How TLS begins.
    pub(super) starttls: StartTls,
    /// Whom the certificate must name.
    pub(super) whom: Whom,
    /// The domain behind the labels of the service.
    pub(super) domain: DomainRef<'a>,
}

/// Reads `_service._protocol.domain`; nothing when it is not known how TLS begins there.
pub(super) fn offered(owner: DomainRef<'_>, port: u16) -> Option<Offered<'_>> {
    let mut labels = owner.labels();
    let service = std::str::from_utf8(labels.next()?.strip_prefix(b"_")?).ok()?;
    let protocol = labels.next()?;
    let domain = owner.parent()?.parent()?;
    // `_sip._tls` and its like: TLS is the transport.
    if protocol == b"_tls" {
        return Some(Offered {
            starttls: StartTls::None,
            whom: Whom::Domain,
            domain,
        });
    }
    if protocol != b"_tcp" {
        return None;
    }
    if let Some(Row(_, starttls, whom)) = SERVICES.iter().find(|Row(name, ..)| *name == service) {
        return Some(Offered {
            starttls: *starttls,
            whom: *whom,
            domain,
        });
    }
    StartTls::is_well_known_port(port).then(|| Offered {
        starttls: StartTls::for_port(port),
        whom: Whom::Host,
        domain,
    })
}

/// The host and port that the owner of an HTTPS or SVCB record means: `_8443._https.host`, `_dns.host`, or the host itself
/// (RFC 9460 section 2.3 and 9.1, RFC 9461 section 3).
pub(super) fn bound(owner: DomainRef<'_>) -> (DomainRef<'_>, Option<u16>, Scheme) {
    let mut host = owner;
    let mut port = None;
    let mut scheme = Scheme::Https;
    for label in owner.labels() {
        let Some(word) = label
            .strip_prefix(b"_")
            .and_then(|word| std::str::from_utf8(word).ok())
        else {
            break;
        };
        match word.parse::<u16>() {
            Ok(number) if port.is_none() => port = Some(number),
            _ => {
                scheme = match word {
                    "https" => Scheme::Https,
                    "dns" => Scheme::Dns,
                    _ => Scheme::Other,
                }
            }
        }
        host = host.parent().unwrap_or(host);
    }
    (host, port, scheme)
}

/// What is spoken at a bound service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// HTTP over TLS.
    Https,
    /// DNS over TLS or HTTPS.
    Dns,
    /// Something else.
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone::domain::Domain;

    #[test]
    fn srv_owners_name_a_service() {
        let read = |owner: &str, port| {
            let owner = Domain::parse(owner).unwrap();
            offered(owner.borrowed(), port)
                .map(|offered| (offered.starttls, offered.whom, offered.domain.to_string()))
        };
        let domain = "example.com.".to_owned();
        assert_eq!(
            read("_xmpp-client._tcp.example.com", 5222),
            Some((StartTls::Xmpp, Whom::Domain, domain.clone()))
        );
        assert_eq!(
            read("_imaps._tcp.example.com", 993),
            Some((StartTls::None, Whom::Host, domain.clone()))
        );
        assert_eq!(
            read("_sip._tls.example.com", 5061),
            Some((StartTls::None, Whom::Domain, domain.clone()))
        );
        assert_eq!(
            read("_odd._tcp.example.com", 993),
            Some((StartTls::None, Whom::Host, domain))
        );
        assert_eq!(read("_odd._tcp.example.com", 1), None);
        assert_eq!(read("_sip._udp.example.com", 5060), None);
        assert_eq!(read("example.com", 1), None);
    }

    #[test]
    fn bound_owners_name_host_and_port() {
        let read = |owner: &str| {
            let owner = Domain::parse(owner).unwrap();
            let (host, port, scheme) = bound(owner.borrowed());
            (host.to_string(), port, scheme)
        };
        assert_eq!(
            read("www.example."),
            ("www.example.".to_owned(), None, Scheme::Https)
        );
        assert_eq!(
            read("_8443._https.www.example."),
            ("www.example.".to_owned(), Some(8443), Scheme::Https)
        );
        assert_eq!(
            read("_dns.ns.example."),
            ("ns.example.".to_owned(), None, Scheme::Dns)
        );
    }
}
