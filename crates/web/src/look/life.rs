//! Life left: the line is the whole life, the bar what remains of it, the ticks the two thresholds.

use std::time::Duration;

use assess::Policy;
use jiff::Timestamp;
use maud::{Markup, html};

/// The picture of one life. Its colour speaks of time alone.
pub(crate) fn life(not_before: Timestamp, not_after: Timestamp, policy: &Policy, now: Timestamp) -> Markup {
    let whole = span(not_before, not_after);
    let left = span(now, not_after).min(whole);
    let (warning, critical) = (policy.warning_at(whole), policy.critical_at(whole));
    let class = if left.is_zero() {
        "exp"
    } else if left <= critical {
        "crit"
    } else if left <= warning {
        "warn"
    } else {
        "ok"
    };
    let at = |left: Duration| 100.0 - share(left, whole);
    html! {
        svg class={ "life " (class) } aria-hidden="true" {
            rect.whole y="5" width="100%" height="2" {}
            @if !left.is_zero() {
                rect.left x=(percent(at(left))) y="2" width=(percent(share(left, whole))) height="8" {}
            }
            rect.tick x=(percent(at(warning))) y="11" width="1" height="3" {}
            rect.tick x=(percent(at(critical))) y="11" width="1" height="3" {}
        }
    }
}

fn span(from: Timestamp, until: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(from)).unwrap_or_default()
}

fn share(part: Duration, whole: Duration) -> f64 {
    if whole.is_zero() {
        return 0.0;
    }
    (part.as_secs_f64() / whole.as_secs_f64() * 100.0).clamp(0.0, 100.0)
}

fn percent(share: f64) -> String {
    format!("{share:.1}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(from: &str, until: &str, now: &str) -> String {
        let time = |text: &str| text.parse().unwrap();
        life(time(from), time(until), &Policy::DEFAULT, time(now)).into_string()
    }

    #[test]
    fn the_bar_is_what_is_left_and_its_colour_says_whether_that_is_little() {
        let [from, until] = ["2026-01-01T00:00:00Z", "2026-04-11T00:00:00Z"];
        let half = drawn(from, until, "2026-02-20T00:00:00Z");
        assert!(
            half.contains("life ok") && half.contains(r#"x="50.0%" y="2" width="50.0%""#),
            "{half}"
        );
        assert!(drawn(from, until, "2026-04-01T00:00:00Z").contains("life warn"));
        assert!(drawn(from, until, "2026-04-10T00:00:00Z").contains("life crit"));
        let over = drawn(from, until, "2026-04-12T00:00:00Z");
        assert!(
            over.contains("life exp") && !over.contains("class=\"left\""),
            "{over}"
        );
        assert!(
            drawn(until, from, from).contains("life exp"),
            "a life that ends before it begins is over"
        );
    }
}
