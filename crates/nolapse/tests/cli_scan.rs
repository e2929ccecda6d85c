//! Stories of `nolapse scan`, told to the real binary.

mod cli_world;

use cli_world::{World, list, nolapse, nolapse_fed};
use testkit::dns::NameServer;
use testkit::folder::Folder;
use testkit::loopback;

#[test]
fn one_sound_server_is_fine() {
    let world = World::new();
    let site = world.sound();
    let ran = nolapse(["scan", &site.target(), "--trust-store", &world.store]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("own ok"), "{}", ran.out);
    assert!(ran.out.contains("1 endpoint: 1 ok"), "{}", ran.out);
    assert!(ran.out.contains(&site.leaf.sha256()[..4]), "{}", ran.out);
}

#[test]
fn an_expired_certificate_is_said_first_and_sets_the_exit_status() {
    let world = World::new();
    let (sound, expired) = (
        world.sound(),
        world.server(|template| template.valid_days(-90, -2), "late.test"),
    );
    let targets = [sound.target(), expired.target()];
    let arguments = ["scan", &targets[0], &targets[1], "--trust-store", &world.store];
    let ran = nolapse(arguments);
    assert_eq!(ran.code, 1, "{}", ran.out);
    let first = ran.out.lines().find(|line| !line.is_empty()).unwrap();
    assert!(
        first.contains("EXPIRED") && first.trim_end().ends_with("expired"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("2 endpoints: 1 ok, 1 expired"), "{}", ran.out);
    let never = nolapse(arguments.into_iter().chain(["--fail-on", "never"]));
    assert_eq!(never.code, 0);
}

#[test]
fn one_cause_is_said_once_with_its_reach() {
    let world = World::new();
    let sites: Vec<_> = (0..7).map(|_| world.incomplete()).collect();
    let targets: Vec<String> = sites.iter().map(cli_world::Site::target).collect();
    let mut arguments = vec!["scan", "--trust-store", &world.store];
    arguments.extend(targets.iter().map(String::as_str));
    let wide = cli_world::command(&arguments)
        .env("COLUMNS", "140")
        .output()
        .unwrap();
    let ran = cli_world::Ran::from(wide);
    assert_eq!(ran.out.matches("chain-incomplete").count(), 1, "{}", ran.out);
    assert!(
        ran.out
            .contains("7 endpoints, 7 certificates, one cause: nolapse test intermediate is not sent"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("and 2 more (--all)"), "{}", ran.out);
    arguments.push("--all");
    let all = nolapse(&arguments);
    assert!(
        sites.iter().all(|site| all.out.contains(&site.target())),
        "{}",
        all.out
    );
}

#[test]
fn every_target_is_in_exactly_one_class() {
    let world = World::new();
    let (sound, incomplete) = (world.sound(), world.incomplete());
    let refused = [loopback::refusing().to_string(), loopback::refusing().to_string()];
    let ran = nolapse([
        "scan",
        &sound.target(),
        &refused[0],
        &incomplete.target(),
        &refused[1],
        "--trust-store",
        &world.store,
        "--format",
        "ndjson",
    ]);
    let records = ran.records();
    assert_eq!(records.len(), 4, "{}", ran.out);
    let of = |status: &str| records.iter().filter(|record| record["status"] == status).count();
    assert_eq!(
        of("OK") + of("WARNING") + of("CRITICAL") + of("EXPIRED") + of("ERROR"),
        4
    );
    assert_eq!((of("OK"), of("ERROR")), (1, 2), "{}", ran.out);
    let kinds: Vec<_> = records
        .iter()
        .filter_map(|record| record["outcome"]["failure"]["kind"].as_str())
        .collect();
    assert_eq!(kinds, ["refused", "refused"]);
    assert_eq!(ran.code, 1);
}

#[test]
fn when_nothing_could_be_judged_the_status_is_3() {
    let refused = [loopback::refusing().to_string(), loopback::refusing().to_string()];
    let ran = nolapse(["scan", &refused[0], &refused[1]]);
    assert_eq!(ran.code, 3, "{}", ran.out);
    assert!(
        ran.out.contains("2 endpoints could not be judged: 2 refused"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("2 endpoints: 2 error"), "{}", ran.out);
}

#[test]
fn bad_targets_are_shown_with_their_place_and_the_others_go_on() {
    let folder = Folder::new();
    let refused = loopback::refusing().to_string();
    let file = folder.file(
        "fleet.txt",
        format!("# a comment\n\n{refused}\nhtps://example.com\n  \n\u{feff}{refused} # behind\n"),
    );
    let ran = nolapse(["scan", &format!("@{}", file.display()), "--format", "ndjson"]);
    assert_eq!(ran.records().len(), 2, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("fleet.txt:4:1: "), "{}", ran.err);
    assert!(ran.err.contains("\n  htps://example.com\n  ^^^^"), "{}", ran.err);
    assert!(ran.err.contains("did you mean `https"), "{}", ran.err);
    let table = nolapse(["scan", &format!("@{}", file.display())]);
    assert!(
        table.out.contains("1 line of") && table.out.contains("not understood: 4"),
        "{}",
        table.out
    );
}

#[test]
fn when_nothing_is_left_to_scan_the_status_is_2() {
    let folder = Folder::new();
    let empty = format!("@{}", folder.file("empty", "").display());
    let missing = format!("@{}", folder.at("missing").display());
    let directory = format!("@{}", folder.path().display());
    for (target, words) in [
        ("htps://x", "error: "),
        (empty.as_str(), "is empty"),
        (missing.as_str(), "no such file"),
        (directory.as_str(), "it is a directory"),
    ] {
        let ran = nolapse(["scan", target]);
        assert_eq!(ran.code, 2, "{target}: {}", ran.err);
        assert!(ran.err.contains(words), "{target}: {}", ran.err);
        assert!(ran.err.contains("nothing was looked at (exit 2)"), "{}", ran.err);
        assert_eq!(ran.out, "");
    }
    let none = nolapse(["scan"]);
    assert_eq!(none.code, 2);
    assert!(none.err.starts_with("error: no target"), "{}", none.err);
}

#[test]
fn lines_that_are_no_text_or_far_too_long_are_passed_over() {
    let refused = loopback::refusing().to_string();
    let mut input = b"\xff\xfe\x00\n".to_vec();
    input.extend(std::iter::repeat_n(b'x', 3_000_000));
    input.extend_from_slice(format!("\n{refused}").as_bytes());
    let ran = nolapse_fed(&["scan", "-", "--format", "ndjson"], &input);
    assert_eq!(ran.records().len(), 1, "{}", ran.err);
    assert!(ran.err.contains("standard input:1:1: not UTF-8"), "{}", ran.err);
    assert!(
        ran.err.contains("standard input:2: a line of 3,000,000 bytes"),
        "{}",
        ran.err
    );
}

#[test]
fn a_name_is_looked_at_by_every_address_and_an_unknown_one_is_a_record() {
    let world = World::new();
    let site = world.sound();
    let other = loopback::address();
    let names = NameServer::start(&[("sound.test", &[site.address.ip(), other.into()])]);
    let (target, unknown) = (format!("sound.test:{}", site.address.port()), "nowhere.test");
    let resolver = names.socket().to_string();
    let ran = nolapse([
        "scan",
        &target,
        unknown,
        "--resolver",
        &resolver,
        "--trust-store",
        &world.store,
        "--format",
        "ndjson",
    ]);
    let records = ran.records();
    assert_eq!(records.len(), 3, "{}{}", ran.out, ran.err);
    let ok = records
        .iter()
        .find(|record| record["status"] == "OK")
        .expect("the sound address");
    assert_eq!(ok["endpoint"]["name"], "sound.test");
    assert_eq!(ok["endpoint"]["server_name"], "sound.test");
    let unresolved = records
        .iter()
        .find(|record| record["endpoint"]["name"] == unknown)
        .expect("a record");
    assert_eq!(unresolved["outcome"]["reached"], "resolve");
    assert_eq!(unresolved["outcome"]["failure"]["kind"], "name-unknown");
    assert!(unresolved["endpoint"]["address"].is_null());
}

#[test]
fn a_range_and_ports_make_endpoints() {
    let ran = nolapse(["scan", "127.0.0.8/30", "--port", "1,2-3", "--format", "ndjson"]);
    let records = ran.records();
    assert_eq!(records.len(), 12, "{}{}", ran.out, ran.err);
    let large = nolapse(["scan", "10.0.0.0/8"]);
    assert_eq!(large.code, 2);
    assert!(large.err.contains("range"), "{}", large.err);
}

#[test]
fn a_report_goes_to_a_file_whole() {
    let folder = Folder::new();
    let refused = loopback::refusing().to_string();
    let place = folder.at("report.json");
    let ran = nolapse([
        "scan",
        &refused,
        "--format",
        "json",
        "--output",
        place.to_str().unwrap(),
    ]);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{}", ran.err);
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(&place).unwrap()).unwrap();
    assert_eq!(report.as_array().unwrap().len(), 1);
    let bad = nolapse(["scan", &refused, "--output", folder.path().to_str().unwrap()]);
    assert_eq!(bad.code, 2);
    assert!(
        bad.err.contains("cannot write the report to") && bad.err.contains("it is a directory"),
        "{}",
        bad.err
    );
}

#[test]
fn a_reader_that_goes_away_ends_the_scan_and_is_said() {
    use std::io::Read as _;
    let mut child = cli_world::command(["scan", "127.0.0.0/22", "--port", "1", "--format", "ndjson"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let ran: cli_world::Ran = child.wait_with_output().unwrap().into();
    let said = "error: the report could not be written: its reader went away\n";
    assert_eq!((ran.code, ran.err.as_str()), (2, said));
    let refused = loopback::refusing().to_string();
    for format in ["table", "markdown", "json", "csv", "ndjson"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = cli_world::command(["scan", &refused, "--format", format])
            .stdout(writer)
            .output()
            .unwrap();
        let ran = cli_world::Ran::from(output);
        assert_eq!((ran.code, ran.err.as_str()), (2, said), "{format}");
    }
}

#[cfg(unix)]
#[test]
fn a_report_goes_through_a_pipe_that_stays_a_pipe() {
    use std::os::unix::fs::FileTypeExt as _;
    let folder = Folder::new();
    let pipe = folder.at("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let reader = {
        let pipe = pipe.clone();
        std::thread::spawn(move || std::fs::read_to_string(pipe).unwrap())
    };
    let refused = loopback::refusing().to_string();
    let output = pipe.to_str().unwrap();
    let ran = nolapse(["scan", &refused, "--format", "ndjson", "--output", output]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert_eq!(reader.join().unwrap().lines().count(), 1);
    assert!(std::fs::metadata(&pipe).unwrap().file_type().is_fifo());
    for flag in ["--known", "--resume"] {
        let ran = nolapse(["scan", &refused, flag, output]);
        assert_eq!(ran.code, 2, "{flag}");
        assert!(ran.err.contains("it is no regular file"), "{flag}: {}", ran.err);
        assert!(std::fs::metadata(&pipe).unwrap().file_type().is_fifo(), "{flag}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let refused = loopback::refusing().to_string();
    let ran: cli_world::Ran = cli_world::command(["scan", &refused, "--format", "ndjson"])
        .stdout(full)
        .output()
        .unwrap()
        .into();
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("cannot write the report: the disk is full"),
        "{}",
        ran.err
    );
}

#[test]
fn known_signatures_are_kept_and_change_nothing() {
    let world = World::new();
    let folder = Folder::new();
    let site = world.sound();
    let known = folder.at("known");
    let target = site.target();
    let arguments = [
        "scan",
        &target,
        "--trust-store",
        &world.store,
        "--format",
        "ndjson",
        "--known",
        known.to_str().unwrap(),
    ];
    let first = nolapse(arguments);
    assert!(known.exists(), "{}", first.err);
    let second = nolapse(arguments);
    let verdict = |ran: &cli_world::Ran| {
        let record = &ran.records()[0];
        (
            record["status"].clone(),
            record["trust"].clone(),
            record["findings"].clone(),
        )
    };
    assert_eq!(verdict(&first), verdict(&second));
    std::fs::write(&known, "rubbish").unwrap();
    let third = nolapse(arguments);
    assert_eq!(verdict(&first), verdict(&third));
    assert!(third.err.contains("was set aside as"), "{}", third.err);
    assert_eq!(third.err.lines().count(), 1, "{}", third.err);
    assert!(folder.at("known.set-aside").exists() && known.exists());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            std::fs::metadata(&known).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}

#[test]
fn a_trust_store_that_cannot_be_read_is_said_by_name() {
    let ran = nolapse([
        "scan",
        "127.0.0.1:1",
        "--trust-store",
        "corp=/nonexistent/missing.pem",
    ]);
    assert_eq!(ran.code, 2);
    assert_eq!(
        ran.err,
        "error: cannot read the trust store `corp`: /nonexistent/missing.pem: no such file\n"
    );
}

#[test]
fn flags_can_be_variables_and_flags_win() {
    let refused = loopback::refusing().to_string();
    let by_variable = cli_world::command(["scan", &refused])
        .env("NOLAPSE_FORMAT", "ndjson")
        .output()
        .unwrap();
    assert_eq!(cli_world::Ran::from(by_variable).records().len(), 1);
    let by_flag = cli_world::command(["scan", &refused, "--format", "csv"])
        .env("NOLAPSE_FORMAT", "ndjson")
        .output()
        .unwrap();
    assert!(
        cli_world::Ran::from(by_flag)
            .out
            .starts_with("ip_address,port,fqdn,status,message\n")
    );
}

#[test]
fn the_width_and_the_locale_are_obeyed() {
    let folder = Folder::new();
    let lines: Vec<String> = (0..8).map(|_| loopback::refusing().to_string()).collect();
    let path = folder.at("list");
    list(&path, &lines);
    let target = format!("@{}", path.display());
    for columns in ["40", "80"] {
        let output = cli_world::command(["scan", &target])
            .env("COLUMNS", columns)
            .output()
            .unwrap();
        let ran = cli_world::Ran::from(output);
        let most = columns.parse().unwrap();
        assert!(ran.out.lines().all(|line| line.len() <= most), "{}", ran.out);
        assert!(ran.out.is_ascii());
    }
    let coloured = nolapse(["scan", &target, "--color", "always"]);
    assert!(coloured.out.contains("\u{1b}["));
}
