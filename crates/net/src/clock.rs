//! The wall clock. Verdicts and schedules take `now` as a value; it enters the program here.

use jiff::Timestamp;

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl SystemClock {
    /// The present moment (UTC).
    #[expect(
        clippy::disallowed_methods,
        reason = "the one lawful reader of the wall clock"
    )]
    pub fn now(self) -> Timestamp {
        Timestamp::now()
    }
}
