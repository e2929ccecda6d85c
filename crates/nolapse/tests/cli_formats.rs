//! Every format against its contract: the schema, and nothing raw of what strangers wrote.

mod cli_world;

use cli_world::{Ran, Site, World, nolapse};
use testkit::loopback;
use testkit::rcgen::{DistinguishedName, DnType};

/// What a hostile certificate says of itself: terminal controls, a hyperlink, a right-to-left override, markup, a
/// formula, a forged row.
const HOSTILE: &str = "=HYPERLINK(\"http://x\")\u{1b}[31m\u{1b}]8;;http://x\u{7}\u{202e}\u{9b}2J<script>|`[x](y)\r\nOK: forged\0";

fn hostile(world: &World) -> Site {
    world.server(
        |template| {
            template.edit(|params| {
                let mut name = DistinguishedName::new();
                name.push(DnType::CommonName, HOSTILE);
                name.push(DnType::OrganizationName, "x".repeat(100_000));
                params.distinguished_name = name;
            })
        },
        "hostile.test",
    )
}

fn scan(world: &World, targets: &[String], format: &str) -> Ran {
    let mut arguments = vec!["scan", "--trust-store", &world.store, "--format", format];
    arguments.extend(targets.iter().map(String::as_str));
    nolapse(arguments)
}

/// The schema without the freedom of later versions to add members: what is written today is all described.
fn closed(mut schema: serde_json::Value) -> serde_json::Value {
    let close = |part: &mut serde_json::Value| {
        if let Some(part) = part
            .as_object_mut()
            .filter(|part| part.contains_key("properties"))
        {
            part.insert("additionalProperties".to_owned(), false.into());
        }
    };
    if let Some(definitions) = schema.get_mut("$defs").and_then(serde_json::Value::as_object_mut) {
        definitions.values_mut().for_each(close);
    }
    close(&mut schema);
    schema
}

fn is_clean(text: &str) -> bool {
    text.chars().all(|character| {
        let inert = !character.is_control() && !('\u{202a}'..='\u{202e}').contains(&character);
        inert || character == '\n'
    })
}

#[test]
fn every_record_validates_against_the_printed_schema() {
    let world = World::new();
    let sites = [
        world.sound(),
        world.incomplete(),
        hostile(&world),
        world.server(|template| template.valid_days(-90, -2), "late.test"),
    ];
    let mut targets: Vec<String> = sites.iter().map(Site::target).collect();
    targets.push(loopback::refusing().to_string());
    targets.push("unresolvable.invalid".to_owned());
    let schema = nolapse(["schema"]);
    assert_eq!(schema.code, 0);
    let schema: serde_json::Value = serde_json::from_str(&schema.out).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let validator = jsonschema::validator_for(&closed(schema)).unwrap();
    for depth in ["full", "glance"] {
        let mut arguments = vec![
            "scan",
            "--trust-store",
            &world.store,
            "--format",
            "ndjson",
            "--depth",
            depth,
        ];
        arguments.extend(targets.iter().map(String::as_str));
        // A resolver that refuses: the name ends in a record, and nothing leaves the machine.
        let refusing = loopback::refusing().to_string();
        arguments.extend(["--resolver", &refusing]);
        let ran = nolapse(arguments);
        let records = ran.records();
        assert_eq!(records.len(), targets.len(), "{}", ran.err);
        for record in &records {
            let errors: Vec<String> = validator
                .iter_errors(record)
                .map(|error| error.to_string())
                .collect();
            assert!(errors.is_empty(), "{errors:?} in {record}");
            assert_eq!(record["version"], 1);
        }
    }
    let array = scan(&world, &targets[..2], "json");
    let array: serde_json::Value = serde_json::from_str(&array.out).unwrap();
    assert!(
        array
            .as_array()
            .unwrap()
            .iter()
            .all(|record| validator.is_valid(record))
    );
}

#[test]
fn nothing_raw_of_a_hostile_certificate_reaches_any_output() {
    let world = World::new();
    let sites = [hostile(&world), hostile(&world)];
    let targets: Vec<String> = sites.iter().map(Site::target).collect();
    for format in ["table", "json", "ndjson", "csv", "markdown"] {
        for targets in [&targets[..1], &targets[..]] {
            let ran = scan(&world, targets, format);
            assert!(
                is_clean(&ran.out) && is_clean(&ran.err),
                "{format}: {:?}",
                ran.out
            );
            assert!(!ran.out.contains("OK: forged\n"), "{format}");
            let lines = ran.out.lines().filter(|line| line.starts_with('='));
            assert_eq!(lines.count(), 0, "{format}");
        }
    }
    let verbose = nolapse(["scan", &targets[0], "-v", "--all", "--color", "never"]);
    assert!(is_clean(&verbose.out), "{:?}", verbose.out);
    let record = &scan(&world, &targets[..1], "ndjson").records()[0];
    let subject = record["certificates"][0]["subject"].as_str().unwrap();
    assert!(
        subject.contains('\u{1b}') || subject.contains("\\1B"),
        "the reader of JSON gets the text: {subject:.200}"
    );
}

#[test]
fn csv_has_a_row_for_each_finding_and_opens_inert() {
    let world = World::new();
    let sites = [world.sound(), world.incomplete(), hostile(&world)];
    let targets: Vec<String> = sites.iter().map(Site::target).collect();
    let ran = scan(&world, &targets, "csv");
    let mut reader = csv::Reader::from_reader(ran.out.as_bytes());
    assert_eq!(
        reader.headers().unwrap(),
        vec!["ip_address", "port", "fqdn", "status", "message"]
    );
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert!(rows.iter().any(|row| row[0] == sites[1].address.ip().to_string()));
    assert!(
        rows.iter().all(|row| row[0] != sites[0].address.ip().to_string()),
        "what is fine has no row"
    );
    assert!(rows.iter().all(|row| ["warning", "error"].contains(&&row[3])));
    let all = nolapse([
        "scan",
        "--trust-store",
        &world.store,
        "-f",
        "csv",
        "--all",
        &targets[0],
    ]);
    let row = all.out.lines().nth(1).unwrap();
    assert!(
        row.contains(",ok,") && row.contains("ends in 59 d"),
        "{}",
        all.out
    );
    let risky = |cell: &str| cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    assert!(rows.iter().all(|row| row.iter().all(|cell| !risky(cell))));
    let fields = nolapse([
        "scan",
        &targets[2],
        "--format",
        "csv",
        "--fields",
        "endpoint.port,certificates.subject,status",
    ]);
    let mut reader = csv::Reader::from_reader(fields.out.as_bytes());
    assert_eq!(
        reader.headers().unwrap(),
        vec!["endpoint.port", "certificates.subject", "status"]
    );
    assert!(
        reader
            .records()
            .all(|row| row.unwrap().iter().all(|cell| !risky(cell)))
    );
}

#[test]
fn fields_are_chosen_listed_and_checked() {
    let refused = loopback::refusing().to_string();
    let ran = nolapse([
        "scan",
        &refused,
        "--format",
        "ndjson",
        "--fields",
        "status,outcome.failure.kind",
    ]);
    assert_eq!(
        ran.out,
        "{\"status\":\"ERROR\",\"outcome.failure.kind\":\"refused\"}\n"
    );
    let list = nolapse(["scan", "--fields"]);
    assert_eq!(list.code, 0);
    for path in [
        "endpoint.name",
        "tls.version",
        "certificates.not_after",
        "findings.rule",
        "elapsed.total_ms",
    ] {
        assert!(
            list.out
                .lines()
                .any(|line| line.split_whitespace().next() == Some(path)),
            "{path}"
        );
    }
    let wrong = nolapse(["scan", &refused, "--format", "ndjson", "--fields", "stat"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("no field `stat`"), "{}", wrong.err);
    let table = nolapse(["scan", &refused, "--fields", "status"]);
    assert_eq!(table.code, 2);
}

#[test]
fn markdown_is_a_document() {
    let world = World::new();
    let sites = [world.sound(), world.incomplete()];
    let targets: Vec<String> = sites.iter().map(Site::target).collect();
    let ran = scan(&world, &targets, "markdown");
    assert!(
        ran.out.starts_with("# TLS report\n\n2 endpoints: 1 ok, 1 "),
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .contains("| Status | Finding | Endpoints | What to do | Rule |\n"),
        "{}",
        ran.out
    );
    let cells = ran
        .out
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(|line| line.replace("\\|", "").matches('|').count());
    assert!(cells.into_iter().all(|count| count == 6), "{}", ran.out);
}
