//! Any line is a target or a mistake with its place; what is a target stands for at least one service.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::target::{Ranges, ServerNameChoice, parse_line};

fuzz_target!(|line: &str| {
    match parse_line(line, Ranges::Large) {
        None => {}
        Some(Ok(target)) => {
            assert!(target.addresses() >= 1);
            let services = target.services(&[443, 25], ServerNameChoice::Default, None);
            assert!(services.take(100).count() >= 1);
        }
        Some(Err(error)) => {
            assert!(error.column >= 1 && error.column <= line.chars().count() + 1 && error.length >= 1);
            assert!(!error.to_string().chars().any(char::is_control));
        }
    }
});
