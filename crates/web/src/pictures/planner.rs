//! The wall planner of ends: months down, days across, the number in the square. A table, since that is what it is.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use maud::{Markup, html};

use crate::address::Address;
use crate::look::words;

/// Months that are shown.
pub(crate) const MONTHS: i32 = 12;

/// The first day of the first month and the first day behind the last one.
pub(crate) fn span(now: Timestamp) -> (Date, Date) {
    let first = now.to_zoned(TimeZone::UTC).date().first_of_month();
    (first, first.saturating_add(MONTHS.months()))
}

/// The planner, from counts by days since 1970.
pub(crate) fn picture(ends: &BTreeMap<i64, u64>, now: Timestamp) -> Markup {
    let today = now.to_zoned(TimeZone::UTC).date();
    let (first, _) = span(now);
    let most = ends.values().copied().max().unwrap_or_default();
    let months = (0..MONTHS).map(|month| first.saturating_add(month.months()));
    html! {
        div.scroll role="region" tabindex="0" aria-label="Calendar of ends" {
            table.plan {
                caption.vh { "Certificates that end on each day of the next twelve months" }
                thead { tr {
                    th scope="col" { span.vh { "Month" } }
                    @for day in 1..=31 { th scope="col" { (day) } }
                    th.sum scope="col" { "ends" }
                } }
                tbody { @for month in months { (row(month, ends, today, most)) } }
            }
        }
    }
}

fn row(month: Date, ends: &BTreeMap<i64, u64>, today: Date, most: u64) -> Markup {
    let days = i32::from(month.days_in_month());
    let sum: u64 = (0..days)
        .filter_map(|day| ends.get(&number(month.saturating_add(day.days()))))
        .sum();
    let last = month.last_of_month();
    html! {
        tr {
            th scope="row" {
                (month.strftime("%b"))
                @if month.month() == 1 || month.first_of_month() == today.first_of_month() { span.wide { " " (month.year()) } }
            }
            @for day in 0..31 {
                @if day < days { (square(month.saturating_add(day.days()), ends, today, most)) } @else { td.no {} }
            }
            td.sum {
                @if sum > 0 { a href=(link(&format!("ends:{month}..{last}"))) { (words::count(sum)) } }
            }
        }
    }
}

fn square(day: Date, ends: &BTreeMap<i64, u64>, today: Date, most: u64) -> Markup {
    let count = ends.get(&number(day)).copied().unwrap_or_default();
    let mut class = String::new();
    if day < today {
        class.push_str("gone ");
    }
    if day == today {
        class.push_str("now ");
    }
    class.push_str(heat(count, most));
    html! {
        td class=(class) {
            @if count > 0 && day >= today {
                a href=(link(&format!("ends:{day}"))) title={ (day.strftime("%a %-d %b")) ": " (count) } { (words::count(count)) }
            }
        }
    }
}

/// Four steps, by the root, so that one busy day leaves the others visible.
fn heat(count: u64, most: u64) -> &'static str {
    if count == 0 {
        return "";
    }
    match u64::isqrt(count.saturating_mul(10_000) / most.max(1)) {
        0..=25 => "h1",
        26..=50 => "h2",
        51..=75 => "h3",
        _ => "h4",
    }
}

fn link(query: &str) -> Address {
    Address::new("/certificates").with("q", &format!("{query} ca:no"))
}

/// Days since 1970.
fn number(day: Date) -> i64 {
    day.to_zoned(TimeZone::UTC)
        .map_or(0, |begin| begin.timestamp().as_second().div_euclid(86_400))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_of_a_year_has_its_square_and_its_link() {
        let now: Timestamp = "2026-11-23T14:00:00Z".parse().unwrap();
        let day = |text: &str| number(text.parse().unwrap());
        let ends = BTreeMap::from([(day("2026-11-29"), 1), (day("2027-02-03"), 40)]);
        let drawn = picture(&ends, now).into_string();
        assert_eq!(drawn.matches("<tr>").count(), 13);
        assert!(
            drawn.contains("q=ends%3A2026-11-29+ca%3Ano") && drawn.contains("class=\"h4\""),
            "{drawn}"
        );
        assert!(
            drawn.contains("ends%3A2027-02-01..2027-02-28"),
            "the sum leads to the month"
        );
        assert_eq!(drawn.matches("gone").count(), 22);
    }
}
