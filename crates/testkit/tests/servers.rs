//! Each real server starts, shows what it was given to an independent client (`openssl s_client`), and is gone when its
//! handle is.

use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use testkit::ca::{KeyKind, Pki, Served, Template};
use testkit::servers::{
    Server, dovecot, haproxy, mariadb, nginx, openssl, postfix, postgres, proftpd, prosody,
};
use testkit::servers::{redis, slapd};

struct World {
    pki: Pki,
    served: Served,
    sha256: String,
}

fn world() -> World {
    let pki = Pki::new();
    let leaf = Template::server("a.test")
        .key(KeyKind::Rsa2048)
        .issued_by(&pki.intermediate);
    World {
        served: pki.serve(&leaf),
        sha256: leaf.sha256(),
        pki,
    }
}

/// SHA-256 of the leaf that `s_client` was shown, and whether it could verify the chain.
fn shown(world: &World, socket: SocketAddr, arguments: &[&str]) -> (String, bool) {
    let root = world.pki.root_file();
    let output = Command::new("openssl")
        .args([
            "s_client",
            "-connect",
            &socket.to_string(),
            "-servername",
            "a.test",
            "-CAfile",
        ])
        .arg(root)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("openssl runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let Some(start) = text.find("-----BEGIN CERTIFICATE-----") else {
        panic!(
            "no certificate: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        )
    };
    let sum = testkit::ca::openssl(
        &["x509", "-noout", "-fingerprint", "-sha256"],
        &text.as_bytes()[start..],
    );
    let sum = String::from_utf8(sum).unwrap();
    let sum = sum
        .trim()
        .rsplit('=')
        .next()
        .unwrap()
        .replace(':', "")
        .to_lowercase();
    (sum, text.contains("Verify return code: 0 (ok)"))
}

/// Every labelled port shows the leaf and a chain that verifies; then the server goes and its ports refuse.
fn shows_and_ends(world: &World, server: Server, ports: &[(&str, &[&str])]) {
    let sockets: Vec<SocketAddr> = ports.iter().map(|(label, _)| server.at(label)).collect();
    for (label, arguments) in ports {
        let (sum, verified) = shown(world, server.at(label), arguments);
        assert_eq!(sum, world.sha256, "{label}");
        assert!(verified, "{label}: the chain does not verify");
    }
    drop(server);
    for socket in sockets {
        // Workers of an ended master go in their own time, and nothing says when the last of them has let go.
        let deadline = Instant::now() + Duration::from_secs(5);
        while TcpStream::connect(socket).is_ok() {
            assert!(Instant::now() < deadline, "{socket} still listens");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn nginx_starts_and_ends() {
    let world = world();
    let site = nginx::Site {
        name: "a.test",
        served: vec![&world.served],
        directives: "",
    };
    let server = nginx::start(&[nginx::Listener {
        label: "https",
        protocols: "TLSv1.2 TLSv1.3",
        sites: vec![site],
    }]);
    shows_and_ends(&world, server, &[("https", &[]), ("https-v6", &[])]);
}

#[test]
fn haproxy_starts_and_ends() {
    let world = world();
    let server = haproxy::start(&[&world.served], "");
    shows_and_ends(&world, server, &[("https", &[])]);
}

#[test]
fn postfix_starts_and_ends() {
    let world = world();
    let server = postfix::start(&world.served, "");
    shows_and_ends(
        &world,
        server,
        &[("smtp", &["-starttls", "smtp"]), ("smtps", &[])],
    );
}

#[test]
fn dovecot_starts_and_ends() {
    let world = world();
    let server = dovecot::start(&world.served);
    let ports: [(&str, &[&str]); 5] = [
        ("imap", &["-starttls", "imap"]),
        ("imaps", &[]),
        ("pop3", &["-starttls", "pop3"]),
        ("pop3s", &[]),
        ("sieve", &["-starttls", "sieve"]),
    ];
    shows_and_ends(&world, server, &ports);
}

#[test]
fn slapd_starts_and_ends() {
    let world = world();
    let server = slapd::start(&world.served);
    shows_and_ends(
        &world,
        server,
        &[("ldap", &["-starttls", "ldap"]), ("ldaps", &[])],
    );
}

#[test]
fn postgres_starts_and_ends() {
    let world = world();
    let server = postgres::start(&world.served);
    shows_and_ends(&world, server, &[("postgres", &["-starttls", "postgres"])]);
}

#[test]
fn mariadb_starts_and_ends() {
    let world = world();
    let server = mariadb::start(&world.served);
    shows_and_ends(&world, server, &[("mysql", &["-starttls", "mysql"])]);
}

#[test]
fn proftpd_starts_and_ends() {
    let world = world();
    let server = proftpd::start(Some(&world.served));
    shows_and_ends(&world, server, &[("ftp", &["-starttls", "ftp"])]);
}

#[test]
fn prosody_starts_and_ends() {
    let world = world();
    let server = prosody::start("a.test", &world.served);
    let ports: [(&str, &[&str]); 4] = [
        ("xmpp", &["-starttls", "xmpp", "-xmpphost", "a.test"]),
        (
            "xmpp-server",
            &["-starttls", "xmpp-server", "-xmpphost", "a.test"],
        ),
        ("xmpps", &[]),
        ("xmpps-server", &[]),
    ];
    shows_and_ends(&world, server, &ports);
}

#[test]
fn redis_starts_and_ends() {
    let world = world();
    let server = redis::start(&world.served, redis::Clients::Unknown);
    shows_and_ends(&world, server, &[("rediss", &[])]);
}

#[test]
fn s_server_starts_and_ends() {
    let world = world();
    let server = openssl::start(&world.served, &["-tls1", "-cipher", "ALL:@SECLEVEL=0"]);
    shows_and_ends(
        &world,
        server,
        &[("tls", &["-tls1", "-cipher", "ALL:@SECLEVEL=0"])],
    );
}
