//! Pictures of counts, as SVG that stands within a page: no script, no link, colours by the page's own names, and a title in
//! words on every mark, so that nothing is known by colour alone.

use std::fmt::Write as _;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::text;

/// Weeks in a calendar: a year and the week that is under way.
const WEEKS: usize = 53;
/// Side of a day's square, with its gap.
const CELL: usize = 14;
/// Room for the names of days.
const LEFT: usize = 34;
/// Room for the names of months.
const TOP: usize = 18;

/// How many certificates end on each day of the coming year.
#[derive(Clone, Debug)]
pub(crate) struct Calendar {
    begin: Date,
    days: Vec<u64>,
    /// Ended before today.
    before: u64,
}

impl Calendar {
    /// From the Monday of this week on.
    pub(crate) fn new(now: Timestamp) -> Self {
        let today = now.to_zoned(TimeZone::UTC).date();
        let into = i64::from(today.weekday().to_monday_zero_offset());
        Self {
            begin: today.saturating_sub(into.days()),
            days: vec![0; WEEKS * 7],
            before: 0,
        }
    }

    /// Counts one end.
    pub(crate) fn count(&mut self, end: Timestamp) {
        let day = end.to_zoned(TimeZone::UTC).date();
        let after = day.duration_since(self.begin).as_hours() / 24;
        match usize::try_from(after) {
            Ok(place) => {
                if let Some(count) = self.days.get_mut(place) {
                    *count += 1;
                }
            }
            Err(_) => self.before += 1,
        }
    }

    /// The picture.
    pub(crate) fn picture(&self) -> String {
        let most = self.days.iter().copied().max().unwrap_or_default().max(1);
        let (width, height) = (LEFT + WEEKS * CELL, TOP + 7 * CELL + 4);
        let mut out = format!(
            "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
             aria-label=\"Certificates that end on each day of the coming year\">"
        );
        for (row, name) in ["Mo", "", "We", "", "Fr", "", "Su"].iter().enumerate() {
            let y = TOP + row * CELL + 10;
            let _ = write!(out, "<text x=\"0\" y=\"{y}\">{name}</text>");
        }
        let mut month = 0;
        for (place, count) in self.days.iter().enumerate() {
            let day = self
                .begin
                .saturating_add(i64::try_from(place).unwrap_or_default().days());
            let (x, y) = (LEFT + place / 7 * CELL, TOP + place % 7 * CELL);
            if place % 7 == 0 && day.month() != month {
                month = day.month();
                let _ = write!(out, "<text x=\"{x}\" y=\"11\">{}</text>", day.strftime("%b"));
            }
            let _ = write!(
                out,
                "<rect x=\"{x}\" y=\"{y}\" width=\"12\" height=\"12\" rx=\"2\" {}><title>{day}: {}</title></rect>",
                shade(*count, most),
                text::counted(*count, "certificate")
            );
        }
        out.push_str("</svg><figcaption>Certificates that end on each day of the coming year");
        if self.before > 0 {
            let _ = write!(out, "; {} ended before", text::count(self.before));
        }
        out.push_str("</figcaption>");
        out
    }
}

/// Four steps from few to many; none is a frame.
fn shade(count: u64, most: u64) -> &'static str {
    if count == 0 {
        return "fill=\"none\" stroke=\"var(--line)\" stroke-opacity=\".4\"";
    }
    // By the root, so that one busy day leaves the others visible.
    let share = u64::isqrt(count.saturating_mul(10_000) / most);
    match share {
        0..=25 => "fill=\"var(--warning)\" fill-opacity=\".3\"",
        26..=50 => "fill=\"var(--warning)\" fill-opacity=\".55\"",
        51..=75 => "fill=\"var(--critical)\" fill-opacity=\".7\"",
        _ => "fill=\"var(--critical)\"",
    }
}

/// One series of bars: what it is called, and a count for each week.
pub(crate) struct Series {
    /// Its name.
    pub(crate) name: &'static str,
    /// Beginning of each week, and its count.
    pub(crate) weeks: Vec<(Timestamp, u64)>,
}

/// Height of one series.
const BARS: u64 = 60;

/// Series of bars below each other, all on one scale.
pub(crate) fn bars(title: &str, series: &[Series]) -> String {
    let most = series
        .iter()
        .flat_map(|one| &one.weeks)
        .map(|(_, count)| *count)
        .max()
        .unwrap_or_default()
        .max(1);
    let weeks = series.iter().map(|one| one.weeks.len()).max().unwrap_or_default();
    let (width, row) = (120 + weeks * 8, BARS + 24);
    let height = row * u64::try_from(series.len()).unwrap_or_default();
    let title = super::html::escaped(title);
    let mut out = format!(
        "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{title}\">"
    );
    for (one, line) in series.iter().zip(0_u64..) {
        let base = row * line + BARS + 10;
        let sum: u64 = one.weeks.iter().map(|(_, count)| count).sum();
        let _ = write!(
            out,
            "<text x=\"0\" y=\"{}\">{}</text><text x=\"0\" y=\"{}\">{} in all</text>",
            base - 16,
            super::html::escaped(one.name),
            base - 2,
            text::count(sum)
        );
        for ((begin, count), place) in one.weeks.iter().zip(0_usize..) {
            let tall = count.saturating_mul(BARS).div_ceil(most);
            let (x, y) = (120 + place * 8, base - tall);
            let _ = write!(
                out,
                "<rect x=\"{x}\" y=\"{y}\" width=\"6\" height=\"{tall}\" fill=\"var(--ok)\"><title>week of {}: {}</title></rect>",
                begin.strftime("%Y-%m-%d"),
                text::counted(*count, "renewal")
            );
        }
        let _ = write!(out, "<path d=\"M120 {base}H{width}\" stroke=\"var(--line)\"/>");
    }
    let _ = write!(
        out,
        "</svg><figcaption>{title}; the highest bar is {}</figcaption>",
        text::count(most)
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_counts_every_end_once() {
        let now: Timestamp = "2026-11-26T12:00:00Z".parse().unwrap();
        let mut calendar = Calendar::new(now);
        for end in [
            "2026-11-23T00:00:00Z",
            "2026-11-26T23:59:59Z",
            "2026-11-22T23:59:59Z",
            "2027-11-20T00:00:00Z",
        ] {
            calendar.count(end.parse().unwrap());
        }
        assert_eq!((calendar.days[0], calendar.days[3], calendar.before), (1, 1, 1));
        let picture = calendar.picture();
        assert_eq!(picture.matches("<rect").count(), WEEKS * 7);
        assert!(picture.contains("2026-11-23: 1 certificate<") && picture.contains("1 ended before"));
    }

    #[test]
    fn bars_share_one_scale_and_say_their_numbers() {
        let begin: Timestamp = "2026-11-23T00:00:00Z".parse().unwrap();
        let series = |name, counts: &[u64]| Series {
            name,
            weeks: counts.iter().map(|count| (begin, *count)).collect(),
        };
        let picture = bars("a < b", &[series("one", &[1, 0]), series("two", &[60, 0])]);
        assert!(
            picture.contains("height=\"60\" fill") && picture.contains("height=\"1\" fill"),
            "{picture}"
        );
        assert!(picture.contains("a &lt; b") && picture.contains("60 renewals"));
        assert!(bars("none", &[]).starts_with("<svg"));
    }
}
