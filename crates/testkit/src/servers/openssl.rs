//! `openssl s_server` in the shapes that no honest operator would choose, and that are out there all the same.

use super::{Server, sockets, word};
use crate::ca::Served;
use crate::der;
use crate::folder::Folder;
use crate::process::Launch;

/// No strength is too little, from the first moment: arguments come too late for groups and keys that are loaded first.
const CARELESS: &str = "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = weak\n\
                        [weak]\nCipherString = DEFAULT:@SECLEVEL=0\n";

/// Starts `openssl s_server` at `tls` with these further arguments. It serves one connection after the other.
pub fn start(served: &Served, arguments: &[&str]) -> Server {
    with_certificates(&[("-cert", "-cert_chain", "-key", served)], arguments)
}

/// The same with a second certificate of another kind of key.
pub fn start_with_two(first: &Served, second: &Served, arguments: &[&str]) -> Server {
    let both = [
        ("-cert", "-cert_chain", "-key", first),
        ("-dcert", "-dcert_chain", "-dkey", second),
    ];
    with_certificates(&both, arguments)
}

/// A Diffie-Hellman group of any size from 1024 bits up in PEM, for `-dhparam`: `openssl dhparam` would insist on a safe prime, which takes
/// minutes, and on sizes that somebody finds reasonable.
pub fn dh_group(bits: u32) -> String {
    let prime = crate::ca::openssl(&["prime", "-generate", "-hex", "-bits", &bits.to_string()], &[]);
    let digits = String::from_utf8(prime).expect("hexadecimal digits");
    let digits = digits.trim();
    let digits = if digits.len().is_multiple_of(2) {
        digits.to_owned()
    } else {
        format!("0{digits}")
    };
    let pairs = (0..digits.len())
        .step_by(2)
        .map(|place| u8::from_str_radix(&digits[place..place + 2], 16));
    let mut number: Vec<u8> = pairs.collect::<Result<_, _>>().expect("hexadecimal digits");
    if number[0] >= 0x80 {
        number.insert(0, 0);
    }
    let group = [
        der::encode(der::INTEGER, &number),
        der::encode(der::INTEGER, &[2]),
    ]
    .concat();
    crate::ca::pem("DH PARAMETERS", &der::encode(der::SEQUENCE, &group))
}

fn with_certificates(certificates: &[(&str, &str, &str, &Served)], arguments: &[&str]) -> Server {
    let mut all: Vec<String> = Vec::new();
    for (leaf, above, key, served) in certificates {
        all.extend([
            (*leaf).to_owned(),
            word(&served.chain),
            (*key).to_owned(),
            word(&served.key),
        ]);
        if let Some(path) = &served.above {
            all.extend([(*above).to_owned(), word(path)]);
        }
    }
    let all: Vec<&str> = all
        .iter()
        .map(String::as_str)
        .chain(arguments.iter().copied())
        .collect();
    bare(&all)
}

/// The same without any certificate.
pub fn start_without_certificate(arguments: &[&str]) -> Server {
    bare(&[&["-nocert"], arguments].concat())
}

fn bare(arguments: &[&str]) -> Server {
    let folder = Folder::new();
    let sockets = sockets(&["tls"]);
    let log = folder.at("log");
    let careless = folder.file("openssl.cnf", CARELESS);
    // `-www` keeps it from ending at the end of its input, which is empty.
    let accept = sockets[0].1.to_string();
    let fixed = ["/usr/bin/openssl", "s_server", "-accept", &accept, "-www"];
    let launch = Launch::new(&log, [&fixed, arguments].concat()).variable("OPENSSL_CONF", word(&careless));
    Server::start(folder, launch, sockets)
}
