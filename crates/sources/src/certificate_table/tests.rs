use std::io::Write as _;

use testkit::ca::Template;
use testkit::folder::Folder;

use crate::asking::{Asked, Asker};
use crate::run::End;

fn ask(table: impl AsRef<[u8]>, more: &str) -> Asked {
    let folder = Folder::new();
    let path = folder.file("table.csv", table);
    Asker::new().ask(&format!("kind = \"csv\"\nfile = \"{}\"\n{more}", path.display()))
}

#[test]
fn the_eight_columns_of_a_scan_merged_with_an_account() {
    let table = "Hostname,Common Name,Issuer,Expiry Date,Days Until Expiry,Status,Protocol,Cipher\n\
        www.a.test,*.a.test,Some CA,2027-01-02,40,Valid,TLSv1.3,TLS_AES_256_GCM_SHA384\n\
        mail.a.test:8443,*.a.test,Some CA,2027-01-02,40,Valid,TLSv1.2,\n\
        a.b.test,a.b.test,DigiCert,2027-03-04,100,Valid,,\n\
        b.b.test,a.b.test,DigiCert,2027-03-04,100,Valid,,\n\
        c.b.test,a.b.test,DigiCert,2027-03-05,101,Valid,,\n\
        ,,,,,,,\n";
    let asked = ask(table, "");
    assert_eq!(
        asked.lines(),
        [
            "claim  @line 2",
            "claim  @line 3",
            "claim a.b.test b.b.test @line 4",
            "claim c.b.test @line 6",
        ]
    );
    let endpoints: Vec<String> = asked
        .endpoints()
        .iter()
        .map(|endpoint| format!("{} {}", endpoint.service, endpoint.because[0]))
        .collect();
    assert_eq!(endpoints, ["www.a.test:443 line 2", "mail.a.test:8443 line 3"]);
    assert_eq!((asked.run.tally.found, asked.run.tally.given), (6, 5));
    assert_eq!(asked.reasons(), (vec![("nothing-said", 1)], Vec::new()));
    assert_eq!(asked.run.end(), End::Complete);
}

#[test]
fn columns_are_what_the_settings_say() {
    let table = "Nr;Namen;Ablauf;Nummer;Wer\n7;DNS:a.test, DNS:b.test;31.12.2026;00:AB:cd;Müller CA\n";
    let more = "date_format = \"%d.%m.%Y\"\n[columns]\nnames = \"namen\"\nnot_after = \"Ablauf\"\nserial = \"Nummer\"\nissuer = \"WER\"\norder = \"nr\"\n";
    let asked = ask(table, more);
    assert_eq!(asked.lines(), ["claim a.test b.test @line 2 #7/- issued"]);
    let model::sighting::SightedCertificate::Claimed(claim) = &asked.certificates()[0].certificate else {
        panic!("a claim");
    };
    assert_eq!(claim.serial.as_deref(), Some(&[0xab, 0xcd][..]));
    assert_eq!(claim.not_after, "2026-12-31T23:59:59Z".parse().ok());
    assert_eq!(claim.issuer, Some("Müller CA".into()));
}

#[test]
fn a_column_that_is_missing_is_named_with_what_is_there() {
    let asked = ask(
        "Host,Expires\na.test,2027-01-01\n",
        "[columns]\nserial = \"Seriennummer\"\n",
    );
    assert_eq!(
        asked.error(),
        "columns.serial: the table has no column `Seriennummer`; it has `Host`, `Expires`"
    );
    let asked = ask("Host,Expires\na.test,2027-01-01\n", "");
    assert!(
        asked.error().ends_with("the table has `Host`, `Expires`"),
        "{}",
        asked.error()
    );
    assert_eq!(asked.run.end(), End::Failed);
}

#[test]
fn what_is_no_table_says_so() {
    assert!(ask("", "").error().starts_with("the table is empty"));
    assert!(ask(b"PK\x03\x04rest", "").error().contains("export it as CSV"));
    assert!(
        ask("x".repeat(3 << 20), "")
            .error()
            .contains("is this a table in CSV?")
    );
    let asked = Asker::new().ask("kind = \"csv\"\nfile = \"/nowhere/table.csv\"\n");
    assert!(
        asked
            .error()
            .starts_with("cannot read the table /nowhere/table.csv: ")
    );
    let wrong = "kind = \"csv\"\nfile = \"a\"\ndelimiter = \"ab\"";
    let error = toml::from_str::<crate::settings::Settings>(wrong)
        .unwrap_err()
        .to_string();
    assert!(error.contains("separates no fields"), "{error}");
}

#[test]
fn bad_rows_are_counted_with_their_line_and_the_others_stand() {
    let table = "common name,serial,not after\na.test,01,2027-01-01\nb.test,02\nc.test,zz,soon\n\"d.test\",04,2027-01-01,x\ne.test,05,2027-01-01\n";
    let asked = ask(table, "");
    assert_eq!(asked.lines().len(), 3);
    assert_eq!(asked.reasons(), (vec![("bad-row", 2)], vec![("bad-field", 2)]));
    let told = asked.run.tally.skipped.values().next().unwrap();
    assert_eq!(
        told.examples,
        [
            "line 3: 2 fields where the header has 3",
            "line 5: 4 fields where the header has 3"
        ]
    );
    assert_eq!(asked.run.end(), End::Partial);
}

#[test]
fn encodings_are_told_and_mixed_ones_are_said() {
    let text = "common name,issuer\na.test,Müller\n";
    let utf16: Vec<u8> = format!("\u{feff}{text}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let latin = b"common name,issuer\na.test,M\xfcller\nb.test,M\xc3\xbcller\n";
    for (table, lines) in [(text.as_bytes(), 1), (&utf16, 1), (latin, 2)] {
        let asked = ask(table, "");
        assert_eq!(asked.lines().len(), lines);
        for sighting in asked.certificates() {
            let model::sighting::SightedCertificate::Claimed(claim) = &sighting.certificate else {
                panic!("a claim");
            };
            assert_eq!(claim.issuer, Some("Müller".into()));
        }
    }
    let asked = ask(latin, "");
    assert_eq!(asked.reasons().1, [("encoding", 1)]);
    assert_eq!(ask(latin, "encoding = \"latin-1\"").reasons().1, []);
}

#[test]
fn whole_certificates_are_taken_when_they_fit() {
    let minted = Template::server("a.test").self_signed();
    let pem = minted.pem();
    let bare: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let table = format!("cn,pem\na.test,\"{pem}\"\na.test,{bare}\nb.test,{bare}\nc.test,nonsense\n");
    let asked = ask(&table, "");
    // The lines of a PEM in quotes are lines of the file.
    let second = 2 + pem.lines().count() + 1;
    assert_eq!(
        asked.lines()[..2],
        [
            "whole a.test @line 2".to_owned(),
            format!("whole a.test @line {second}")
        ]
    );
    assert_eq!(asked.lines().len(), 4);
    assert_eq!(
        asked.reasons(),
        (Vec::new(), vec![("foreign", 1), ("no-certificate", 1)])
    );
}

#[test]
fn a_million_rows_are_streamed() {
    let folder = Folder::new();
    let path = folder.at("big.csv");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    writeln!(file, "common name,serial number,not after").unwrap();
    for row in 0..1_000_000 {
        writeln!(file, "h{row}.test,{row:08x},2027-01-01").unwrap();
    }
    file.into_inner().unwrap();
    let settings = super::Settings {
        file: path,
        ..super::Settings::default()
    };
    let mut count = 0;
    let mut sink = |_| {
        count += 1;
        std::ops::ControlFlow::Continue(())
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let file = std::fs::File::open(&settings.file).unwrap();
    let run = runtime.block_on(super::run_on(
        &settings,
        file,
        jiff::Timestamp::UNIX_EPOCH,
        &mut sink,
    ));
    assert!(run.error.is_none(), "{:?}", run.error);
    assert_eq!((count, run.tally.given), (1_000_000, 1_000_000));
}
