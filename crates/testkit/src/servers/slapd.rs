//! OpenLDAP's slapd (on Debian with GnuTLS): `ldap` with StartTLS and `ldaps`.

use super::{Server, sockets, word};
use crate::ca::Served;
use crate::folder::Folder;
use crate::process::Launch;

/// Starts slapd without a database.
pub fn start(served: &Served) -> Server {
    configured(&format!(
        "TLSCertificateFile {}\nTLSCertificateKeyFile {}\n",
        served.chain.display(),
        served.key.display()
    ))
}

/// Starts slapd without a certificate: it speaks LDAP and refuses StartTLS. Only `ldap` listens.
pub fn start_plain() -> Server {
    configured("")
}

fn configured(tls: &str) -> Server {
    let folder = Folder::new();
    let sockets = if tls.is_empty() {
        sockets(&["ldap"])
    } else {
        sockets(&["ldap", "ldaps"])
    };
    let pid = folder.at("pid");
    let configuration = folder.file(
        "slapd.conf",
        format!(
            "include /etc/ldap/schema/core.schema\npidfile {}\n{tls}",
            pid.display()
        ),
    );
    let urls: Vec<String> = sockets
        .iter()
        .map(|(scheme, socket)| format!("{scheme}://{socket}/"))
        .collect();
    let log = folder.at("log");
    let launch = Launch::new(
        &log,
        [
            "/usr/sbin/slapd",
            "-d",
            "0",
            "-h",
            &urls.join(" "),
            "-f",
            &word(&configuration),
        ],
    );
    Server::start(folder, launch, sockets)
}
