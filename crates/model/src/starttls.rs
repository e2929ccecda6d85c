//! How TLS begins on an endpoint, and which well-known port means what.

use std::fmt;

/// How TLS begins: at once, or after an exchange in another protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StartTls {
    /// Implicit TLS: the first byte is TLS.
    None,
    /// SMTP (RFC 3207).
    Smtp,
    /// LMTP (RFC 2033), as SMTP with `LHLO`.
    Lmtp,
    /// IMAP (RFC 9051 section 6.2.1).
    Imap,
    /// POP3 (RFC 2595 section 4).
    Pop3,
    /// ManageSieve (RFC 5804 section 2.2).
    Sieve,
    /// NNTP (RFC 4642).
    Nntp,
    /// FTP (RFC 4217).
    Ftp,
    /// LDAP (RFC 4511 section 4.14).
    Ldap,
    /// XMPP client to server (RFC 6120 section 5).
    Xmpp,
    /// XMPP server to server (RFC 6120 section 5).
    XmppServer,
    /// PostgreSQL `SSLRequest`.
    Postgres,
    /// MySQL and MariaDB `SSLRequest`.
    Mysql,
    /// RDP negotiation (MS-RDPBCGR 2.2.1.1).
    Rdp,
    /// IRC `STARTTLS` (IRCv3 tls).
    Irc,
    /// NATS `INFO`.
    Nats,
    /// Microsoft SQL Server: TLS inside TDS PRELOGIN packets (MS-TDS 2.2.6.5).
    Mssql,
}

/// One row: a scheme that people write, how TLS begins then, and the port it means when none is written.
struct Scheme {
    name: &'static str,
    starttls: StartTls,
    port: u16,
}

const fn scheme(name: &'static str, starttls: StartTls, port: u16) -> Scheme {
    Scheme { name, starttls, port }
}

/// Every scheme. The first row of a STARTTLS protocol gives its name.
const SCHEMES: &[Scheme] = &[
    scheme("tls", StartTls::None, 443),
    scheme("https", StartTls::None, 443),
    scheme("smtp", StartTls::Smtp, 25),
    scheme("submission", StartTls::Smtp, 587),
    scheme("smtps", StartTls::None, 465),
    scheme("submissions", StartTls::None, 465),
    scheme("lmtp", StartTls::Lmtp, 24),
    scheme("imap", StartTls::Imap, 143),
    scheme("imaps", StartTls::None, 993),
    scheme("pop3", StartTls::Pop3, 110),
    scheme("pop3s", StartTls::None, 995),
    scheme("sieve", StartTls::Sieve, 4190),
    scheme("nntp", StartTls::Nntp, 119),
    scheme("nntps", StartTls::None, 563),
    scheme("ftp", StartTls::Ftp, 21),
    scheme("ftps", StartTls::None, 990),
    scheme("ldap", StartTls::Ldap, 389),
    scheme("ldaps", StartTls::None, 636),
    scheme("xmpp", StartTls::Xmpp, 5222),
    scheme("xmpps", StartTls::None, 5223),
    scheme("xmpp-server", StartTls::XmppServer, 5269),
    scheme("xmpps-server", StartTls::None, 5270),
    scheme("postgres", StartTls::Postgres, 5432),
    scheme("postgresql", StartTls::Postgres, 5432),
    scheme("mysql", StartTls::Mysql, 3306),
    scheme("mariadb", StartTls::Mysql, 3306),
    scheme("rdp", StartTls::Rdp, 3389),
    scheme("irc", StartTls::Irc, 6667),
    scheme("ircs", StartTls::None, 6697),
    scheme("nats", StartTls::Nats, 4222),
    scheme("mssql", StartTls::Mssql, 1433),
    scheme("rediss", StartTls::None, 6379),
    scheme("amqps", StartTls::None, 5671),
    scheme("mqtts", StartTls::None, 8883),
    scheme("sips", StartTls::None, 5061),
    scheme("dot", StartTls::None, 853),
    scheme("wss", StartTls::None, 443),
];

/// Ports on which TLS begins by an exchange, beside each protocol's own default in `SCHEMES`.
const FURTHER_PORTS: &[(u16, StartTls)] = &[
    (587, StartTls::Smtp),
    (2525, StartTls::Smtp),
    (220, StartTls::Imap),
    (109, StartTls::Pop3),
    (433, StartTls::Nntp),
    (3268, StartTls::Ldap),
    (6432, StartTls::Postgres),
    (2000, StartTls::Sieve),
];

impl StartTls {
    /// The word used on the command line and in every output; `none` for implicit TLS.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            other => SCHEMES
                .iter()
                .find(|row| row.starttls == other)
                .map_or("none", |row| row.name),
        }
    }

    /// What the well-known port says when nobody says anything: implicit TLS unless the port is a STARTTLS one.
    pub fn for_port(port: u16) -> Self {
        let primary = SCHEMES
            .iter()
            .filter(|row| row.starttls != Self::None)
            .map(|row| (row.port, row.starttls));
        primary
            .chain(FURTHER_PORTS.iter().copied())
            .find(|(known, _)| *known == port)
            .map_or(Self::None, |(_, starttls)| starttls)
    }

    /// What a scheme means: how TLS begins and the port when none is written. `None` for an unknown scheme.
    pub fn for_scheme(name: &str) -> Option<(Self, u16)> {
        SCHEMES
            .iter()
            .find(|row| row.name.eq_ignore_ascii_case(name))
            .map(|row| (row.starttls, row.port))
    }

    /// Whether the port is one that is known for TLS of either kind.
    pub fn is_well_known_port(port: u16) -> bool {
        SCHEMES.iter().any(|row| row.port == port) || FURTHER_PORTS.iter().any(|(known, _)| *known == port)
    }

    /// Every scheme that can be written, for help texts and "did you mean".
    pub fn schemes() -> impl Iterator<Item = &'static str> {
        SCHEMES.iter().map(|row| row.name)
    }
}

impl fmt::Display for StartTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_well_known_port_chooses() {
        assert_eq!(StartTls::for_port(443), StartTls::None);
        assert_eq!(StartTls::for_port(587), StartTls::Smtp);
        assert_eq!(StartTls::for_port(465), StartTls::None);
        assert_eq!(StartTls::for_port(3268), StartTls::Ldap);
    }

    #[test]
    fn every_protocol_has_a_scheme_of_its_own_word() {
        for row in SCHEMES.iter().filter(|row| row.starttls != StartTls::None) {
            assert_eq!(
                StartTls::for_scheme(row.starttls.word()).map(|(found, _)| found),
                Some(row.starttls)
            );
        }
        assert_eq!(StartTls::for_scheme("SMTPS"), Some((StartTls::None, 465)));
        assert_eq!(StartTls::for_scheme("htps"), None);
    }
}
