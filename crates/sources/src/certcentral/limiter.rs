//! Both rate limits of an account, as rolling windows. Pure: the time comes in, how long to wait goes out.
//!
//! DigiCert allows a key 1000 questions in 3 minutes and 100 in 5 seconds (services API, "Rate limits", read 2026-11).
//! A twentieth is left to whoever else uses the key, and to the difference between our clock and theirs.

use std::collections::VecDeque;
use std::time::Duration;

/// Questions asked lately.
#[derive(Debug)]
pub(super) struct Limiter {
    windows: [Window; 2],
}

#[derive(Debug)]
struct Window {
    span: Duration,
    most: usize,
    asked: VecDeque<Duration>,
}

impl Limiter {
    pub(super) fn new() -> Self {
        Self {
            windows: [
                Window::new(Duration::from_secs(5), 95),
                Window::new(Duration::from_mins(3), 950),
            ],
        }
    }

    /// How long to wait before the next question; it is then counted as asked at that time.
    pub(super) fn wait(&mut self, now: Duration) -> Duration {
        let at = self
            .windows
            .iter()
            .filter_map(Window::free_at)
            .fold(now, Duration::max);
        for window in &mut self.windows {
            window.note(at);
        }
        at.saturating_sub(now)
    }
}

impl Window {
    fn new(span: Duration, most: usize) -> Self {
        Self {
            span,
            most,
            asked: VecDeque::with_capacity(most),
        }
    }

    /// When the window has room; at any time when it is not full.
    fn free_at(&self) -> Option<Duration> {
        if self.asked.len() < self.most {
            return None;
        }
        self.asked.front().map(|oldest| *oldest + self.span)
    }

    fn note(&mut self, at: Duration) {
        if self.asked.len() == self.most {
            self.asked.pop_front();
        }
        self.asked.push_back(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The moments of so many questions, asked as fast as the limiter lets them.
    fn moments(count: usize) -> Vec<Duration> {
        let mut limiter = Limiter::new();
        let mut now = Duration::ZERO;
        let mut out = Vec::new();
        for _ in 0..count {
            now += limiter.wait(now);
            out.push(now);
        }
        out
    }

    fn most_within(moments: &[Duration], span: Duration) -> usize {
        let within = |begin: &Duration| {
            moments
                .iter()
                .filter(|moment| **moment >= *begin && **moment < *begin + span)
                .count()
        };
        moments.iter().map(within).max().unwrap_or(0)
    }

    #[test]
    fn no_window_ever_holds_more_than_is_allowed() {
        let moments = moments(3000);
        assert_eq!(most_within(&moments, Duration::from_secs(5)), 95);
        assert_eq!(most_within(&moments, Duration::from_mins(3)), 950);
    }

    #[test]
    fn few_questions_wait_for_nothing() {
        assert!(moments(95).iter().all(Duration::is_zero));
        assert_eq!(moments(96).last(), Some(&Duration::from_secs(5)));
    }

    #[test]
    fn twenty_thousand_certificates_take_about_an_hour() {
        let last = moments(20_000).last().copied().unwrap();
        assert!(
            last > Duration::from_mins(60) && last < Duration::from_mins(65),
            "{last:?}"
        );
    }
}
