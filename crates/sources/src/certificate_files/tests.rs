use std::os::unix::fs::{PermissionsExt, symlink};

use testkit::ca::{Template, openssl};
use testkit::folder::{Folder, is_root};

use crate::asking::{Asked, Asker};
use crate::run::End;

fn ask(folder: &Folder, paths: &[&str], more: &str) -> Asked {
    let paths: Vec<String> = paths
        .iter()
        .map(|path| format!("\"{}\"", folder.at(path).display()))
        .collect();
    Asker::new().ask(&format!(
        "kind = \"files\"\npaths = [{}]\n{more}",
        paths.join(", ")
    ))
}

/// Lines without the folder's own name.
fn lines(folder: &Folder, asked: &Asked) -> Vec<String> {
    let prefix = format!("{}/", folder.path().display());
    asked
        .lines()
        .iter()
        .map(|line| line.replace(&prefix, ""))
        .collect()
}

/// A JKS of one trusted certificate, as `keytool` writes it.
fn java(alias: &str, der: &[u8], passphrase: &str) -> Vec<u8> {
    let mut out = vec![0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2];
    out.extend(u16::try_from(alias.len()).unwrap().to_be_bytes());
    out.extend(alias.as_bytes());
    out.extend([0; 8]);
    out.extend(b"\0\x05X.509");
    out.extend(u32::try_from(der.len()).unwrap().to_be_bytes());
    out.extend(der);
    let mut whole: Vec<u8> = passphrase.encode_utf16().flat_map(u16::to_be_bytes).collect();
    whole.extend(b"Mighty Aphrodite");
    whole.extend(&out);
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, &whole);
    out.extend(digest.as_ref());
    out
}

/// A folder with a chain in every wrapping, and the settings that open its key stores.
fn wrapped() -> (Folder, String) {
    let folder = Folder::new();
    let root = Template::authority("root").self_signed();
    let leaf = Template::server("leaf.test").issued_by(&root);
    let chain = format!("{}{}{}", leaf.key_pem(), leaf.pem(), root.pem());
    folder.folder("all");
    folder.file("all/a.pem", &chain);
    folder.file("all/b.der", leaf.der());
    folder.file(
        "all/c",
        leaf.pem()
            .lines()
            .filter(|line| !line.starts_with('-'))
            .collect::<String>(),
    );
    let at = |name: &str| folder.at(name).display().to_string();
    openssl(
        &[
            "crl2pkcs7",
            "-nocrl",
            "-certfile",
            &at("all/a.pem"),
            "-outform",
            "DER",
            "-out",
            &at("all/d.p7b"),
        ],
        b"",
    );
    openssl(
        &[
            "pkcs12",
            "-export",
            "-in",
            &at("all/a.pem"),
            "-name",
            "my name",
            "-passout",
            "pass:geheim",
            "-out",
            &at("all/e.p12"),
        ],
        b"",
    );
    folder.file("all/f.jks", java("Wurzel", root.der(), "changeit"));
    folder.file("all/g.key", leaf.key_pem());
    folder.file("all/h.txt", "nothing of certificates\n");
    folder.secret("p12.pass", "geheim\n");
    folder.secret("jks.pass", "changeit\n");
    let more = format!(
        "passphrase_files = [\"{}\", \"{}\"]",
        at("jks.pass"),
        at("p12.pass")
    );
    (folder, more)
}

#[test]
fn every_wrapping_is_told_by_its_bytes() {
    let (folder, more) = wrapped();
    let asked = ask(&folder, &["all"], &more);
    assert_eq!(asked.error(), "");
    let expected = [
        "whole leaf.test @all/a.pem (line 6)",
        "whole root @all/a.pem (line 16)",
        "whole leaf.test @all/b.der",
        "whole leaf.test @all/c",
        "whole leaf.test @all/d.p7b (number 1)",
        "whole root @all/d.p7b (number 2)",
        "whole leaf.test @all/e.p12 (my name)",
        "whole root @all/e.p12",
        "whole root @all/f.jks (Wurzel)",
    ];
    let got = lines(&folder, &asked);
    let shape = |line: &str| line.split(" (line").next().unwrap().to_owned();
    assert_eq!(
        got.iter().map(|line| shape(line)).collect::<Vec<_>>(),
        expected.map(shape)
    );
    assert_eq!(
        (asked.reasons(), asked.run.end()),
        ((Vec::new(), Vec::new()), End::Complete)
    );
}

#[test]
fn key_stores_that_do_not_open_say_so() {
    let folder = Folder::new();
    let leaf = Template::server("leaf.test").self_signed();
    folder.file("a.jks", java("one", leaf.der(), "changeit"));
    let at = |name: &str| folder.at(name).display().to_string();
    folder.file("a.pem", format!("{}{}", leaf.key_pem(), leaf.pem()));
    openssl(
        &[
            "pkcs12",
            "-export",
            "-in",
            &at("a.pem"),
            "-passout",
            "pass:geheim",
            "-out",
            &at("b.p12"),
        ],
        b"",
    );
    folder.secret("wrong", "wrong\n");
    let wrong = format!("passphrase_files = [\"{}\"]", at("wrong"));
    let asked = ask(&folder, &["a.jks", "b.p12"], &wrong);
    assert_eq!((asked.lines().len(), asked.reasons().0), (0, vec![("locked", 2)]));
    assert_eq!(asked.run.end(), End::Partial);
    let told = asked.run.tally.skipped.values().next().unwrap();
    assert!(
        told.examples[0]
            .ends_with("does not open with this passphrase, or was changed by somebody who does not know it")
    );
    // Without a passphrase, Java's certificates can be read all the same.
    let asked = ask(&folder, &["a.jks", "b.p12"], "");
    assert_eq!(asked.lines().len(), 1);
    assert_eq!(asked.reasons(), (vec![("locked", 1)], vec![("unchecked", 1)]));
    let asked = ask(&folder, &["a.jks"], "passphrase_files = [\"/nowhere\"]");
    assert!(
        asked
            .error()
            .starts_with("passphrase_files: cannot read the secret in /nowhere"),
        "{}",
        asked.error()
    );
}

#[test]
fn links_are_followed_and_loops_end() {
    let folder = Folder::new();
    let leaf = Template::server("leaf.test").self_signed();
    folder.folder("top/in/deep");
    folder.file("top/in/deep/a.pem", leaf.pem());
    symlink(folder.at("top/in/deep/a.pem"), folder.at("top/live.pem")).unwrap();
    symlink(folder.at("top"), folder.at("top/in/back")).unwrap();
    symlink("gone", folder.at("top/dangling.pem")).unwrap();
    symlink(folder.at("top/in/deep"), folder.at("top/again")).unwrap();
    let asked = ask(&folder, &["top"], "");
    let got = lines(&folder, &asked);
    assert_eq!(got.len(), 2, "{got:?}");
    assert!(got.iter().any(|line| line.contains("@top/live.pem")));
    assert_eq!(asked.reasons(), (Vec::new(), vec![("loop", 1)]));
    let shallow = ask(&folder, &["top"], "depth = 0");
    assert_eq!(lines(&folder, &shallow).len(), 1);
    let endings = ask(&folder, &["top"], "endings = [\".crt\"]");
    assert_eq!(endings.lines().len(), 0);
}

#[test]
fn what_cannot_be_read_is_said_and_hides_nothing_else() {
    let folder = Folder::new();
    let leaf = Template::server("leaf.test").self_signed();
    folder.folder("top/closed");
    folder.file("top/a.pem", leaf.pem());
    folder.file(
        "top/broken.pem",
        format!(
            "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n{}",
            leaf.pem()
        ),
    );
    let asked = ask(&folder, &["top", "missing.pem", "top/a.pem"], "");
    assert_eq!(asked.lines().len(), 3);
    assert_eq!(asked.reasons().0, [("unreadable", 1), ("malformed", 1)]);
    assert_eq!(asked.run.end(), End::Partial);
    folder.file("plain.txt", "text");
    assert_eq!(
        ask(&folder, &["plain.txt"], "").reasons().0,
        [("no-certificate", 1)]
    );
    assert!(
        Asker::new()
            .ask("kind = \"files\"\npaths = []")
            .error()
            .starts_with("paths is empty")
    );
    let big = std::fs::File::create(folder.at("top/big.pem")).unwrap();
    big.set_len(model::limits::FILE_BYTES + 1).unwrap();
    assert!(ask(&folder, &["top"], "").reasons().0.contains(&("too-large", 1)));
    if !is_root() {
        let closed = folder.at("top/closed");
        std::fs::set_permissions(&closed, PermissionsExt::from_mode(0o000)).unwrap();
        let asked = ask(&folder, &["top"], "");
        std::fs::set_permissions(&closed, PermissionsExt::from_mode(0o700)).unwrap();
        assert!(asked.reasons().0.contains(&("unreadable", 1)));
    }
}
