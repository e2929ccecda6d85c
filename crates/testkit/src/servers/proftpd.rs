//! ProFTPD: `ftp` with `AUTH TLS`.

use super::{Server, sockets, word};
use crate::ca::Served;
use crate::folder::Folder;
use crate::process::Launch;

/// Starts ProFTPD, with TLS when there is something to serve; without it refuses `AUTH`.
pub fn start(served: Option<&Served>) -> Server {
    let folder = Folder::new();
    let sockets = sockets(&["ftp"]);
    let root = word(folder.path());
    // ProFTPD reads the chain beside the leaf from a file of its own.
    let tls = served.map_or_else(String::new, |served| {
        format!(
            "LoadModule mod_tls.c\nTLSEngine on\nTLSRSACertificateFile {chain}\nTLSRSACertificateKeyFile {key}\n\
             TLSProtocol TLSv1.2 TLSv1.3\nTLSCertificateChainFile {chain}\n",
            chain = served.chain.display(),
            key = served.key.display()
        )
    });
    let configuration = folder.file(
        "proftpd.conf",
        format!(
            "ServerName ftp.test\nServerType standalone\nModulePath /usr/lib/proftpd\nDefaultAddress {}\n\
             SocketBindTight on\nPort {}\nUser nobody\nGroup nogroup\nAuthOrder mod_auth_file.c\nUseReverseDNS off\n\
             ScoreboardFile {root}/score\nPidFile {root}/pid\nWtmpLog off\nSystemLog {root}/system.log\n{tls}",
            sockets[0].1.ip(),
            sockets[0].1.port(),
        ),
    );
    let log = folder.at("log");
    let launch = Launch::new(&log, ["/usr/sbin/proftpd", "-n", "-c", &word(&configuration)]);
    Server::start(folder, launch, sockets)
}
