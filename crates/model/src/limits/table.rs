//! The limits as a table, in the order in which a look meets them.

use std::time::Duration;

use super::*;

/// Every limit.
pub const ALL: &[Limit] = &[
    time("connecting by TCP, if --timeout is not shorter", CONNECT, None),
    time("everything for one endpoint", ENDPOINT, Some("--timeout")),
    time("the exchange before TLS (STARTTLS)", UPGRADE, None),
    bytes("plaintext read before TLS", UPGRADE_BYTES),
    count("lines read before TLS", UPGRADE_LINES, None),
    bytes("one line before TLS", UPGRADE_LINE_BYTES),
    time("resolving one name, if --timeout is not shorter", RESOLVE, None),
    count("addresses taken of one name", ADDRESSES_PER_NAME, None),
    time("first byte of the answer to a ClientHello", FIRST_BYTE, None),
    bytes("TLS bytes read from one connection", TLS_BYTES),
    bytes("one handshake message", HANDSHAKE_MESSAGE_BYTES),
    bytes("one certificate message", GIANT_MESSAGE_BYTES),
    count("TLS records without progress", IDLE_RECORDS, None),
    count("certificates kept of one chain", CHAIN_CERTIFICATES, None),
    bytes("one certificate", CERTIFICATE_BYTES),
    count(
        "certificates kept in memory between endpoints",
        SHELF_CERTIFICATES,
        None,
    ),
    count("names parsed of one certificate", NAMES_PARSED, None),
    count("names shown of one certificate", NAMES_SHOWN, None),
    count("nesting of DER", DER_DEPTH, None),
    count("oddities noted of one certificate", ODDITIES, None),
    count("extensions kept of one certificate", EXTENSIONS, None),
    count("usages or addresses kept of one certificate", LIST_ENTRIES, None),
    count("parts kept of one distinguished name", NAME_PARTS, None),
    count("certificates and CRLs kept of one file", BUNDLE_ITEMS, None),
    count("SCTs read from one list", SCTS, None),
    count("names of client CAs kept", CLIENT_AUTHORITIES, None),
    bytes("a stapled OCSP answer", STAPLE_BYTES),
    bytes("text from the network shown to a person", TEXT_SHOWN_BYTES),
    count("signature relations looked at for one chain", PATH_EDGES, None),
    count("signatures verified for one chain", PATH_SIGNATURES, None),
    count("certificates in one path", PATH_LENGTH, None),
    count(
        "name constraints compared for one chain",
        PATH_NAME_COMPARISONS,
        None,
    ),
    count("certificates that may stand on a path", PATH_CANDIDATES, None),
    count("paths held against names, policies and lists", PATHS_HELD, None),
    count("moments of trust over a span of time", TIMELINE_MOMENTS, None),
    count(
        "distribution points compared for one certificate",
        CRL_COMPARISONS,
        None,
    ),
    count("connections open at once", CONCURRENT, Some("--concurrency")),
    count(
        "connections open at once to one address",
        PER_ADDRESS,
        Some("--per-address"),
    ),
    count(
        "connections open at once to one /24 or /48",
        PER_NETWORK,
        Some("--per-network"),
    ),
    bytes("one line of targets", TARGET_LINE_BYTES),
    wide_count("addresses of one range", RANGE_ADDRESSES, Some("--large-ranges")),
    count("CNAME and DNAME records followed in a row", CNAME_CHAIN, None),
    long_count("records of one zone transfer", TRANSFER_RECORDS),
    wide_bytes("bytes of one zone transfer", TRANSFER_BYTES),
    count("zones and other places asked at once", PLACES_AT_ONCE, None),
    time("one zone transfer", TRANSFER, None),
    time("silence in the midst of a zone transfer", TRANSFER_IDLE, None),
    time("difference of clocks that a TSIG bears", TSIG_FUDGE, None),
    count(
        "messages of a transfer without TSIG in a row",
        TSIG_UNSIGNED,
        None,
    ),
    count("questions on their way to one resolver", DNS_IN_FLIGHT, None),
    count("zones of one list, export or account", ZONES, None),
    count("master files that include one another", INCLUDE_DEPTH, None),
    long_count("records that one $GENERATE makes", GENERATED_RECORDS),
    bytes("one entry of a master file", MASTER_ENTRY_BYTES),
    bytes("one page of a provider's interface", PROVIDER_PAGE_BYTES),
    bytes("one page of an account's orders", ACCOUNT_PAGE_BYTES),
    count("pages of one listing at a provider", PROVIDER_PAGES, None),
    count("examples kept of what a source skips", SOURCE_EXAMPLES, None),
    bytes("one row of a table of certificates", TABLE_ROW_BYTES),
    count("columns of a table of certificates", TABLE_COLUMNS, None),
    count("folders entered one below the other", WALK_DEPTH, None),
    count("files and folders looked at in one search", WALK_FILES, None),
    bytes("one page of a cluster's secrets", CLUSTER_PAGE_BYTES),
    bytes("a kubeconfig", KUBECONFIG_BYTES),
    bytes("a key, token or passphrase in a file", SECRET_BYTES),
    wide_bytes("a file that is inspected", FILE_BYTES),
    wide_bytes("a bundle of trust stores", TRUST_BUNDLE_BYTES),
    count("public trust stores in one bundle", PUBLIC_STORES, None),
    time("one fetch by HTTP", FETCH, None),
    count("redirects followed", HTTP_REDIRECTS, None),
    bytes("the header of an HTTP answer", HTTP_HEADER_BYTES),
    bytes("an URL that is followed", URL_BYTES),
    count(
        "URLs of one kind followed for one certificate",
        URLS_PER_CERTIFICATE,
        None,
    ),
    bytes("a fetched OCSP answer", OCSP_BYTES),
    bytes("a fetched CRL", CRL_BYTES),
    bytes("fetched issuers", ISSUER_BYTES),
    count("issuers fetched one above the other", ISSUERS_ABOVE, None),
    bytes("fetched evidence kept at hand", EVIDENCE_KEPT_BYTES),
    count(
        "failures until a server of evidence is left",
        EVIDENCE_FAILURES as usize,
        None,
    ),
    count("names of one leaf asked for CAA records", CAA_NAMES, None),
    count("CAA records read of one name", CAA_RECORDS, None),
    count("connections to the pages at once", WEB_CONNECTIONS, None),
    time("the head of a request to the pages", WEB_HEADERS, None),
    bytes("the head of a request to the pages, in bytes", WEB_HEADER_BYTES),
    bytes("what a form of the pages sends", WEB_FORM_BYTES),
    time("a form to come", WEB_FORM, None),
    time("answers under way when the service ends", WEB_DRAIN, None),
    count(
        "certificates or endpoints with series of their own",
        METRICS_OBJECTS,
        None,
    ),
    time("one page of metrics handed out again", METRICS_KEPT, None),
    count("alerts open at once", ALERTS_OPEN, None),
    count("names kept of one alert", ALERT_NAMES, None),
    count("endpoints shown of one alert", ALERT_EXAMPLES, None),
    bytes("words that say which alerts are meant", ALERT_PATTERN_BYTES),
    bytes("the reason of a silence or acknowledgement", ALERT_REASON_BYTES),
    count("alerts told in one letter", LETTER_ALERTS, None),
    count("letters that wait for one channel", LETTERS_WAITING, None),
    bytes("the answer of a channel", LETTER_ANSWER_BYTES),
];

const fn time(name: &'static str, bound: Duration, flag: Option<&'static str>) -> Limit {
    Limit {
        name,
        bound: Bound::Time(bound),
        flag,
    }
}

const fn bytes(name: &'static str, bound: usize) -> Limit {
    wide_bytes(name, bound as u64)
}

const fn wide_bytes(name: &'static str, bound: u64) -> Limit {
    Limit {
        name,
        bound: Bound::Bytes(bound),
        flag: None,
    }
}

const fn count(name: &'static str, bound: usize, flag: Option<&'static str>) -> Limit {
    Limit {
        name,
        bound: Bound::Count(bound as u64),
        flag,
    }
}

const fn long_count(name: &'static str, bound: u64) -> Limit {
    Limit {
        name,
        bound: Bound::Count(bound),
        flag: None,
    }
}

const fn wide_count(name: &'static str, bound: u128, flag: Option<&'static str>) -> Limit {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is larger is shown as the largest number"
    )]
    let bound = if bound > u64::MAX as u128 {
        u64::MAX
    } else {
        bound as u64
    };
    Limit {
        name,
        bound: Bound::Count(bound),
        flag,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_constant_has_its_row() {
        let declared: BTreeSet<&str> = include_str!("../limits.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("pub const "))
            .filter_map(|rest| rest.split(':').next())
            .collect();
        assert!(declared.len() > 30);
        let rows = include_str!("table.rs").split("];").next().unwrap();
        for constant in &declared {
            let uses = rows.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'));
            assert_eq!(uses.filter(|word| word == constant).count(), 1, "{constant}");
        }
        assert_eq!(ALL.len(), declared.len());
    }

    #[test]
    fn every_row_reads_differently() {
        let names: BTreeSet<&str> = ALL.iter().map(|limit| limit.name).collect();
        assert_eq!(names.len(), ALL.len());
    }
}
