//! What rustls-webpki and OpenSSL say of a case: nothing, or in a word why they refuse.

use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::certificate::Certificate;
use model::endpoint::Identity;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use crate::corpus::Case;

/// rustls-webpki: the name of its error.
pub(crate) fn webpki(case: &Case) -> Result<(), String> {
    let name = |error: &webpki::Error| {
        let whole = format!("{error:?}");
        whole.split([' ', '(', '{']).next().unwrap().to_owned()
    };
    let der = |certificate: &Certificate| CertificateDer::from(certificate.der().to_vec());
    let anchors: Vec<_> = case.anchors.iter().map(|anchor| der(anchor)).collect();
    let anchors: Vec<_> = anchors
        .iter()
        .filter_map(|anchor| webpki::anchor_from_trusted_cert(anchor).ok())
        .collect();
    let (leaf, others) = (der(&case.chain[0]), case.chain.iter().skip(1));
    let others: Vec<_> = others.map(|other| der(other)).collect();
    let time = UnixTime::since_unix_epoch(Duration::from_secs(case.now.as_second().unsigned_abs()));
    let usage = if case.is_client() {
        webpki::KeyUsage::client_auth()
    } else {
        webpki::KeyUsage::server_auth()
    };
    let leaf = webpki::EndEntityCert::try_from(&leaf).map_err(|error| name(&error))?;
    let algorithms = webpki::ALL_VERIFICATION_ALGS;
    leaf.verify_for_usage(algorithms, &anchors, &others, time, usage, None, None)
        .map_err(|error| name(&error))?;
    let host = case.host.as_ref().map(|host| match host {
        Identity::Name(name) => ServerName::try_from(name.as_str().to_owned()).unwrap(),
        Identity::Address(address) => ServerName::from(*address),
    });
    match host {
        Some(host) => leaf
            .verify_is_valid_for_subject_name(&host)
            .map_err(|error| name(&error)),
        None => Ok(()),
    }
}

/// Whether there is an `openssl` to ask.
pub(crate) fn has_openssl() -> bool {
    let there = Command::new("openssl").arg("version").output();
    there.is_ok_and(|output| output.status.success())
}

/// OpenSSL: the number of its first error (`X509_V_ERR_`), or `unread`.
pub(crate) fn openssl(case: &Case) -> Result<(), String> {
    let folder = std::env::temp_dir().join(format!("nolapse-differential-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, certificates: &[std::sync::Arc<Certificate>]| {
        let file = folder.join(format!("{}-{name}", case.id.replace("::", "-")));
        let text: String = certificates.iter().map(|certificate| pem(certificate)).collect();
        std::fs::write(&file, text).unwrap();
        file
    };
    let (leaf, others) = case.chain.split_at(1);
    let (leaf, others, anchors) = (
        write("leaf", leaf),
        write("others", others),
        write("anchors", &case.anchors),
    );
    let mut command = Command::new("openssl");
    command.args(["verify", "-no-CApath", "-no-CAstore", "-partial_chain"]);
    command.args([
        "-purpose",
        if case.is_client() {
            "sslclient"
        } else {
            "sslserver"
        },
    ]);
    command.arg("-attime").arg(case.now.as_second().to_string());
    match &case.host {
        Some(Identity::Name(name)) => command.arg("-verify_hostname").arg(name.as_str()),
        Some(Identity::Address(address)) => command.arg("-verify_ip").arg(address.to_string()),
        None => &mut command,
    };
    command.arg("-CAfile").arg(&anchors);
    if case.chain.len() > 1 {
        command.arg("-untrusted").arg(&others);
    }
    let output = command.arg(&leaf).output().unwrap();
    for file in [leaf, others, anchors] {
        std::fs::remove_file(file).unwrap();
    }
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let number = text
        .lines()
        .find_map(|line| line.strip_prefix("error ")?.split(' ').next());
    Err(number.unwrap_or("unread").to_owned())
}

fn pem(certificate: &Certificate) -> String {
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in STANDARD.encode(certificate.der()).as_bytes().chunks(64) {
        text += std::str::from_utf8(line).unwrap();
        text.push('\n');
    }
    text + "-----END CERTIFICATE-----\n"
}
