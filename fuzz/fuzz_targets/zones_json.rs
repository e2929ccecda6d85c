//! Any octets are an export of zones or an error; what is read is written, and reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sources::zones_json::{Export, Writer};
use sources::{dns_cert_checker, key_file, name_list};

fn records(export: &Export) -> Vec<String> {
    let mut out = Vec::new();
    for zone in export.zones() {
        export.records(zone, &mut |record| out.push(record.to_string()), &mut |error| {
            assert!(!error.to_string().chars().any(char::is_control));
        });
    }
    out
}

fuzz_target!(|octets: &[u8]| {
    // The other texts that people hand over are read from the same octets.
    drop(dns_cert_checker::parse(octets));
    if let Ok(text) = std::str::from_utf8(octets) {
        drop(key_file::parse(text));
        drop(name_list::parse(text));
    }
    let Ok(export) = Export::parse(octets) else {
        return;
    };
    let mut writer = Writer::new(Vec::new()).unwrap();
    let mut written = Vec::new();
    for zone in export.zones() {
        writer.zone(zone).unwrap();
        export.records(
            zone,
            &mut |record| {
                if sources::record_text::shown(record).is_some() {
                    written.push(record.to_string());
                }
                writer.record(record).unwrap();
            },
            &mut |_| {},
        );
    }
    let again = Export::parse(&writer.finish().unwrap()).expect("what we write is an export");
    let mut names: Vec<_> = export.zones().collect();
    names.dedup();
    if names.len() == again.zones().count() {
        assert_eq!(records(&again).len(), written.len());
    }
});
