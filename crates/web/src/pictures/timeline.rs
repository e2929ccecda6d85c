//! Lives on one line of time: what of each is over, what is left, and where now is.

use jiff::Timestamp;
use maud::{Markup, html};

use crate::look::words;

/// One life.
pub(crate) struct Life {
    /// What it is called.
    pub(crate) name: String,
    /// Its begin.
    pub(crate) begin: Timestamp,
    /// Its end.
    pub(crate) end: Timestamp,
    /// Whether the page is about it.
    pub(crate) is_current: bool,
}

/// Height of one life, and of the line of months above.
const ROW: usize = 46;
const TOP: usize = 22;

/// The picture.
pub(crate) fn picture(lives: &[Life], now: Timestamp) -> Markup {
    let begin = lives.iter().map(|life| life.begin).min().unwrap_or(now).min(now);
    let end = lives.iter().map(|life| life.end).max().unwrap_or(now).max(now);
    let at = |moment: Timestamp| share(begin, end, moment);
    let height = TOP + lives.len() * ROW + 22;
    let words = lives
        .iter()
        .map(|life| format!("{}: {}", life.name, words::left(life.end, now)));
    let title = words.collect::<Vec<_>>().join("; ");
    html! {
        svg.chart height=(height) role="img" aria-label=(title) {
            title { (title) }
            line.axis x1="0" x2="100%" y1="20.5" y2="20.5" {}
            text x="0" y="13" { (words::day(begin, now)) }
            text.end x="100%" y="13" { (words::day(end, now)) }
            @for (place, life) in lives.iter().enumerate() {
                @let y = TOP + place * ROW;
                @let (from, until, present) = (at(life.begin), at(life.end), at(now));
                @let left = present.clamp(from, until);
                text.big x=(percent(from.min(70.0))) y=(y + 18) { tspan.b { (life.name) } }
                rect.thin x=(percent(from)) width=(percent(left - from)) y=(y + 30) height="2" {}
                rect class=(if life.is_current { "now-life" } else { "new" }) x=(percent(left)) width=(percent(until - left)) y=(y + 25) height="12" {}
            }
            line.rule x1=(percent(at(now))) x2=(percent(at(now))) y1="20" y2=(height - 18) {}
            text class=(if at(now) > 50.0 { "b end" } else { "b" }) x=(percent(at(now))) y=(height - 4) { "now" }
        }
    }
}

fn share(begin: Timestamp, end: Timestamp, at: Timestamp) -> f64 {
    let whole = end.duration_since(begin).as_secs_f64();
    if whole <= 0.0 {
        return 0.0;
    }
    (at.duration_since(begin).as_secs_f64() / whole * 100.0).clamp(0.0, 100.0)
}

fn percent(share: f64) -> String {
    format!("{share:.2}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_is_thin_and_what_is_left_is_thick() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let life = Life {
            name: "This one".to_owned(),
            begin: time("2026-01-01T00:00:00Z"),
            end: time("2026-01-11T00:00:00Z"),
            is_current: true,
        };
        let drawn = picture(&[life], time("2026-01-06T00:00:00Z")).into_string();
        assert!(
            drawn.contains(r#"x="0.00%" width="50.00%""#) && drawn.contains(r#"x="50.00%" width="50.00%""#),
            "{drawn}"
        );
        assert!(drawn.contains("This one: 5 d"), "{drawn}");
        picture(&[], time("2026-01-06T00:00:00Z"));
    }
}
