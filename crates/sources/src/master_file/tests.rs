//! Zone files of a few lines, and exactly the records in them.

use super::*;

fn text(file: &str) -> Result<Vec<String>, MasterError> {
    let origin = Domain::parse("example.com").unwrap();
    let mut out = Vec::new();
    read_text(file.as_bytes(), &origin, 100_000, &mut |record| {
        out.push(record.to_string())
    })?;
    Ok(out)
}

#[test]
fn a_zone_file_as_people_write_it() {
    let file = "\
$TTL 1h
@   IN SOA ns1 hostmaster ( 2026112401 ; serial
        7200 3600
        1209600 3600 )
    NS ns1
ns1 A 192.0.2.53
    600 IN AAAA 2001:db8::53
www IN 60 CNAME @
txt TXT \"a ; b ( c\" unquoted
$ORIGIN sub
a   A 192.0.2.1
*.w A 192.0.2.2
b.other. A 192.0.2.3
";
    assert_eq!(
        text(file).unwrap(),
        [
            "example.com. 3600 IN SOA (serial 2026112401)",
            "example.com. 3600 IN NS ns1.example.com.",
            "ns1.example.com. 3600 IN A 192.0.2.53",
            "ns1.example.com. 600 IN AAAA 2001:db8::53",
            "www.example.com. 60 IN CNAME example.com.",
            "txt.example.com. 3600 IN TXT \\# 0",
            "a.sub.example.com. 3600 IN A 192.0.2.1",
            "*.w.sub.example.com. 3600 IN A 192.0.2.2",
            "b.other. 3600 IN A 192.0.2.3",
        ]
    );
}

#[test]
fn generate_makes_records() {
    assert_eq!(
        text("$GENERATE 1-3 h$ 60 A 192.0.2.$\n").unwrap(),
        [
            "h1.example.com. 60 IN A 192.0.2.1",
            "h2.example.com. 60 IN A 192.0.2.2",
            "h3.example.com. 60 IN A 192.0.2.3"
        ]
    );
}

#[test]
fn records_are_bounded() {
    let origin = Domain::parse("example.com").unwrap();
    let error = read_text(b"$GENERATE 1-9 h$ A 192.0.2.$", &origin, 5, &mut |_| {}).unwrap_err();
    assert_eq!(error.mistake, Mistake::TooMany(5));
}

#[test]
fn mistakes_have_their_line() {
    let wrong = |file: &str| text(file).unwrap_err().to_string();
    assert_eq!(
        wrong("a A 192.0.2.1\n\nb A 192.0.2\n"),
        "text:3: `192.0.2` is no IPv4 address"
    );
    assert_eq!(wrong("a A (\n192.0.2.1\n"), "text:1: `(` is never closed");
    assert_eq!(wrong("a A 192.0.2.1 )\n"), "text:1: `)` closes nothing");
    assert_eq!(wrong("a TXT \"x\n"), "text:1: a quote is never closed");
    assert_eq!(
        wrong("  A 192.0.2.1\n"),
        "text:1: there is no record before it whose name it could share"
    );
    assert!(wrong("a 60 IN ADDRESS x\n").starts_with("text:1: `ADDRESS` is no type of record"));
    assert!(wrong("a CH TXT x\n").contains("class CH"));
    assert!(wrong("$INCLUDED x\n").contains("no directive `$INCLUDED`"));
    assert!(wrong("a\n").contains("expected a type of record"));
    assert!(wrong("a..b A 192.0.2.1\n").contains("empty label"));
    assert!(wrong("$INCLUDE /etc/passwd\n").contains("outside the folder"));
    let late = format!("{}x A bad\n", "a A 192.0.2.1\n".repeat(39_999));
    assert!(wrong(&late).starts_with("text:40000: "));
    let mut bytes = b"a A 192.0.2.1\n".to_vec();
    bytes.extend(b"\xff A 192.0.2.1\n");
    let origin = Domain::parse("example.com").unwrap();
    let error = read_text(&bytes, &origin, 10, &mut |_| {}).unwrap_err();
    assert_eq!((error.line, error.mistake), (2, Mistake::NotText));
}

#[test]
fn an_endless_entry_is_bounded() {
    let file = format!("a TXT ( {}", "x ".repeat(limits::MASTER_ENTRY_BYTES));
    assert_eq!(text(&file).unwrap_err().mistake, Mistake::TooLong);
    let file = format!("a TXT (\n{}", "x\n".repeat(limits::MASTER_ENTRY_BYTES));
    assert_eq!(text(&file).unwrap_err().mistake, Mistake::TooLong);
}

#[test]
fn included_files_lie_in_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("zones");
    std::fs::create_dir(&inner).unwrap();
    std::fs::create_dir(inner.join("more")).unwrap();
    let write = |name: &str, content: &str| std::fs::write(inner.join(name), content).unwrap();
    std::fs::write(folder.path().join("secret"), "s A 192.0.2.9\n").unwrap();
    write("more/hosts", "h A 192.0.2.2\n$INCLUDE deeper x\n");
    write("more/deeper", "d A 192.0.2.3\n");
    write(
        "zone",
        "@ SOA ns host 1 2 3 4 5\na A 192.0.2.1\n$INCLUDE more/hosts sub\n  AAAA 2001:db8::1\n",
    );
    let origin = Domain::parse("example.com").unwrap();
    let file = |name: &str| {
        let mut out = Vec::new();
        read(&inner.join(name), &origin, &mut |record| {
            out.push(record.owner.to_string())
        })
        .map(|_| out)
    };
    assert_eq!(
        file("zone").unwrap(),
        [
            "example.com.",
            "a.example.com.",
            "h.sub.example.com.",
            "d.x.sub.example.com.",
            "a.example.com."
        ]
    );
    write("out", "a A 192.0.2.1\n\n$INCLUDE ../secret\n");
    let error = file("out").unwrap_err();
    assert_eq!(
        (error.line, error.mistake),
        (3, Mistake::Outside("../secret".to_owned()))
    );
    write("self", "$INCLUDE self\n");
    assert_eq!(file("self").unwrap_err().mistake, Mistake::TooDeep);
    write("gone", "$INCLUDE nothing\n");
    assert!(
        file("gone")
            .unwrap_err()
            .to_string()
            .ends_with("`nothing`: no such file")
    );
    assert!(file("missing").unwrap_err().to_string().contains("no such file"));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path().join("secret"), inner.join("link")).unwrap();
        write("through", "$INCLUDE link\n");
        assert!(matches!(
            file("through").unwrap_err().mistake,
            Mistake::Outside(_)
        ));
    }
}
