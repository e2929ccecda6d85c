//! Numbers, spans and moments as pages say them.

use std::time::Duration;

use jiff::Timestamp;
use maud::{Markup, html};

/// A count with commas: `3,890`.
pub(crate) fn count(number: u64) -> String {
    assess::words::count(number)
}

/// `1 endpoint`, `41 endpoints`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{} {noun}s", count(number))
    }
}

/// A small number as a sentence begins with it: `Three`, `41`.
pub(crate) fn number(number: u64) -> String {
    const WORDS: [&str; 13] = [
        "No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven",
        "Twelve",
    ];
    let word = usize::try_from(number).ok().and_then(|number| WORDS.get(number));
    word.map_or_else(|| count(number), |word| (*word).to_owned())
}

/// What is left until `end` or is over since: `5 d 22 h`, `ended 2 d ago`.
pub(crate) fn left(end: Timestamp, now: Timestamp) -> String {
    if end > now {
        span(now, end)
    } else {
        format!("ended {} ago", span(end, now))
    }
}

/// How long ago: `4 d 5 h`, `12 min`.
pub(crate) fn span(from: Timestamp, until: Timestamp) -> String {
    assess::words::span(Duration::try_from(until.duration_since(from)).unwrap_or_default())
}

/// `Tue 8 Dec`, with the year when it is another one.
pub(crate) fn day(at: Timestamp, now: Timestamp) -> String {
    let format = if at.strftime("%Y").to_string() == now.strftime("%Y").to_string() {
        "%a %-d %b"
    } else {
        "%a %-d %b %Y"
    };
    at.strftime(format).to_string()
}

/// A moment in full, as machines read it too.
pub(crate) fn moment(at: Timestamp) -> Markup {
    let machine = Timestamp::from_second(at.as_second()).unwrap_or(at);
    html! {
        time datetime=(machine) { (at.strftime("%a %-d %b %Y, %H:%M:%S UTC")) }
    }
}

/// A day, as machines read it too.
pub(crate) fn date(at: Timestamp, now: Timestamp) -> Markup {
    let machine = Timestamp::from_second(at.as_second()).unwrap_or(at);
    html! {
        time datetime=(machine) title=(at.strftime("%a %-d %b %Y, %H:%M:%S UTC")) { (day(at, now)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_begin_with_words_and_spans_have_two_units() {
        assert_eq!(
            (number(0), number(3), number(13)),
            ("No".into(), "Three".into(), "13".into())
        );
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = time("2026-11-23T14:00:00Z");
        assert_eq!(left(time("2026-11-29T12:00:00Z"), now), "5 d 22 h");
        assert_eq!(left(time("2026-11-21T12:00:00Z"), now), "ended 2 d 2 h ago");
        assert_eq!(day(time("2026-12-08T00:00:00Z"), now), "Tue 8 Dec");
        assert_eq!(day(time("2027-01-08T00:00:00Z"), now), "Fri 8 Jan 2027");
    }
}
