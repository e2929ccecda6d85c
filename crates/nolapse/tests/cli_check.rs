//! Stories of `nolapse check`: what a monitoring system reads.

mod cli_world;

use cli_world::{World, nolapse};
use testkit::loopback;

#[test]
fn a_sound_server_is_ok_with_performance_data_for_each_certificate() {
    let world = World::new();
    let site = world.sound();
    let ran = nolapse(["check", &site.target(), "--trust-store", &world.store]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.starts_with("OK: "), "{}", ran.out);
    assert_eq!(ran.out.lines().count(), 1);
    let data = ran.out.split_once(" | ").expect("performance data").1.trim_end();
    assert!(
        data.starts_with("days_chain_elem1=59;30;7 days_chain_elem2="),
        "{data}"
    );
}

#[test]
fn thresholds_in_days_percent_and_by_lifetime_decide() {
    let world = World::new();
    // 90 days of life, 60 left.
    let site = world.sound();
    let target = site.target();
    let check = |warning: &str, critical: &str| {
        nolapse([
            "check",
            "-H",
            &target,
            "--trust-store",
            &world.store,
            "-w",
            warning,
            "-c",
            critical,
        ])
    };
    assert_eq!(check("59", "20").code, 0);
    assert_eq!(check("61", "20").code, 1);
    assert_eq!(check("90", "61").code, 2);
    assert_eq!(check("60%", "10%").code, 0);
    assert_eq!(check("70%", "10%").code, 1);
    assert_eq!(check("lifetime", "lifetime").code, 0);
    let warned = check("61", "20");
    assert!(
        warned.out.starts_with("WARNING: ") && warned.out.contains("=59;61;20"),
        "{}",
        warned.out
    );
}

#[test]
fn day_zero_and_days_past_are_said() {
    let world = World::new();
    for (hours, code, days) in [(12, 2, "=0;"), (36, 2, "=1;"), (-12, 2, "=0;"), (-36, 2, "=-1;")] {
        let site = world.server(|template| template.valid_hours(-24 * 90, hours), "end.test");
        let ran = nolapse(["check", &site.target(), "--trust-store", &world.store]);
        assert_eq!(ran.code, code, "{}", ran.out);
        assert!(
            ran.out.starts_with("CRITICAL: ") && ran.out.contains(days),
            "{hours}: {}",
            ran.out
        );
    }
}

#[test]
fn what_cannot_be_reached_is_critical_and_wrong_usage_is_unknown() {
    let refused = loopback::refusing();
    let port = refused.port().to_string();
    let ran = nolapse([
        "check",
        "-H",
        &refused.ip().to_string(),
        "-p",
        &port,
        "-t",
        "2",
        "-4",
    ]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(ran.out.starts_with("CRITICAL: "), "{}", ran.out);
    for wrong in [
        &["check"][..],
        &["check", "x", "-w", "many"],
        &["check", "htps://x"],
        &["check", "127.0.0.0/24"],
        &["check", "x", "--nonsense"],
        &["check", "x", "-w", "5", "-c", "100"],
        &["check", "x", "-w", "5%", "-c", "10%"],
    ] {
        let ran = nolapse(wrong);
        assert_eq!(ran.code, 3, "{wrong:?}");
        assert!(ran.out.starts_with("UNKNOWN: "), "{wrong:?}: {}", ran.out);
        assert_eq!(ran.out.lines().count(), 1, "{wrong:?}: {}", ran.out);
    }
}
