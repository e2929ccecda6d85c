//! nginx: several sites behind one port, chosen by SNI.

use std::fmt::Write;

use super::{Server, word};
use crate::ca::Served;
use crate::folder::Folder;
use crate::loopback;
use crate::process::Launch;

/// One port with its sites.
#[derive(Debug)]
pub struct Listener<'a> {
    /// What the test calls it: `Server::at(label)` is its IPv4 socket, `Server::at("label-v6")` the one at `[::1]`.
    pub label: &'a str,
    /// The value of `ssl_protocols`, which all sites of a port share.
    pub protocols: &'a str,
    /// The first answers whoever sends no name or an unknown one.
    pub sites: Vec<Site<'a>>,
}

/// One `server` block.
#[derive(Debug)]
pub struct Site<'a> {
    /// `server_name`.
    pub name: &'a str,
    /// Certificate files; several are served by kind of key.
    pub served: Vec<&'a Served>,
    /// Further directives, each with its semicolon.
    pub directives: &'a str,
}

/// Starts nginx with these listeners.
pub fn start(listeners: &[Listener<'_>]) -> Server {
    let folder = Folder::new();
    let mut sockets = Vec::new();
    let mut servers = String::new();
    for listener in listeners {
        let (v4, v6) = (loopback::socket(), loopback::socket_v6());
        for site in &listener.sites {
            let certificates: String = site.served.iter().fold(String::new(), |mut lines, served| {
                let (chain, key) = (served.chain.display(), served.key.display());
                writeln!(lines, "ssl_certificate {chain}; ssl_certificate_key {key};").expect("strings grow");
                lines
            });
            let (name, protocols, directives) = (site.name, listener.protocols, site.directives);
            write!(
                servers,
                "server {{ listen {v4} ssl; listen {v6} ssl; server_name {name}; ssl_protocols {protocols};\n\
                 {certificates}{directives}\nreturn 204; }}\n"
            )
            .expect("strings grow");
        }
        sockets.push((listener.label.to_owned(), v4));
        sockets.push((format!("{}-v6", listener.label), v6));
    }
    let root = word(folder.path());
    let user = if crate::folder::is_root() {
        "user root;"
    } else {
        ""
    };
    let configuration = folder.file(
        "nginx.conf",
        format!(
            "daemon off; master_process on; worker_processes 1; {user} pid {root}/pid; error_log stderr info;\n\
             events {{ worker_connections 256; }}\n\
             http {{ access_log off; client_body_temp_path {root}/b; proxy_temp_path {root}/p;\n\
             fastcgi_temp_path {root}/f; uwsgi_temp_path {root}/u; scgi_temp_path {root}/s;\n{servers}}}\n"
        ),
    );
    let log = folder.at("log");
    let launch = Launch::new(
        &log,
        [
            "/usr/sbin/nginx",
            "-e",
            "stderr",
            "-p",
            &root,
            "-c",
            &word(&configuration),
        ],
    );
    Server::start(folder, launch, sockets)
}
