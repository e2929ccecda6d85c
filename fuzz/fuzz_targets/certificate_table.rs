//! Any bytes are a table of certificates or an error, and the counts of what is read add up.
#![no_main]

use std::ops::ControlFlow;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use libfuzzer_sys::fuzz_target;
use sources::certificate_table::{Settings, run_on};

fuzz_target!(|bytes: &[u8]| {
    let settings = Settings::default();
    let mut told = 0_u64;
    let mut sink = |_| {
        told += 1;
        ControlFlow::Continue(())
    };
    let now = "2026-11-25T00:00:00Z".parse().expect("a moment");
    let mut run = pin!(run_on(&settings, bytes, now, &mut sink));
    let mut context = Context::from_waker(Waker::noop());
    let run = loop {
        if let Poll::Ready(run) = run.as_mut().poll(&mut context) {
            break run;
        }
    };
    assert_eq!(run.tally.found, run.tally.given + run.tally.skipped_in_all());
    if let Some(error) = run.error {
        assert!(!error.to_string().chars().any(char::is_control));
    }
});
