//! Words for people: widths of text, cutting in the middle, numbers, durations and times.
//!
//! Text comes in that is already safe for a terminal; text of a known width goes out. Nothing here knows what the text
//! is about.

use std::time::Duration;

use jiff::Timestamp;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Columns that `text` takes in a terminal.
pub(crate) fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

/// At most `columns` wide: what does not fit is cut out of the middle, since both ends of a name tell most. `mark` stands
/// where something is missing.
pub(crate) fn cut_middle(text: &str, columns: usize, mark: &str) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(width(mark));
    let (head, tail) = (room - room / 2, room / 2);
    let mut out = take_columns(text.chars(), head);
    out.push_str(mark);
    let end: Vec<char> = take_columns(text.chars().rev(), tail).chars().rev().collect();
    out.extend(end);
    if width(&out) > columns {
        take_columns(text.chars(), columns)
    } else {
        out
    }
}

fn take_columns(characters: impl Iterator<Item = char>, columns: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    for character in characters {
        used += character.width().unwrap_or(0);
        if used > columns {
            break;
        }
        out.push(character);
    }
    out
}

/// Breaks a sentence at spaces into lines of at most `columns`; a word that is longer is cut in the middle. At most
/// `lines` lines: the last one ends with the mark when there was more.
pub(crate) fn wrap(text: &str, columns: usize, lines: usize, mark: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let word = cut_middle(word, columns, mark);
        let joined = width(&line) + 1 + width(&word);
        if line.is_empty() {
            line = word;
        } else if joined <= columns {
            line.push(' ');
            line.push_str(&word);
        } else {
            out.push(std::mem::replace(&mut line, word));
            if out.len() == lines {
                break;
            }
        }
    }
    if out.len() < lines {
        if !line.is_empty() {
            out.push(line);
        }
    } else if let Some(last) = out.last_mut() {
        while width(last) + 1 + width(mark) > columns
            && let Some(end) = last.rfind(' ')
        {
            last.truncate(end);
        }
        *last = cut_middle(&format!("{last} {mark}"), columns, mark);
    }
    out
}

/// As [`wrap`], but breaks first where two or more spaces stand, which part columns, and keeps them inside a line.
pub(crate) fn wrap_columns(text: &str, columns: usize, lines: usize, mark: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut rest = text.trim_start_matches(' ');
    while !rest.is_empty() && out.len() < lines {
        if width(rest) <= columns {
            out.push(rest.to_owned());
            break;
        }
        let fitting = take_columns(rest.chars(), columns + 1).len();
        let head = rest.get(..fitting).unwrap_or(rest);
        let place = head
            .rfind("  ")
            .or_else(|| head.rfind(' '))
            .filter(|place| *place > 0);
        let Some((line, after)) = place.and_then(|place| rest.split_at_checked(place)) else {
            let word = rest.split(' ').next().unwrap_or(rest);
            out.push(cut_middle(word, columns, mark));
            rest = rest.get(word.len()..).unwrap_or_default().trim_start_matches(' ');
            continue;
        };
        out.push(line.trim_end_matches(' ').to_owned());
        rest = after.trim_start_matches(' ');
    }
    out
}

/// `text` with spaces behind it up to `columns`.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    let mut out = text.to_owned();
    out.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(text))));
    out
}

/// A count with commas: `3,890`.
pub(crate) fn count(number: u64) -> String {
    assess::words::count(number)
}

/// A count of things in memory, with commas.
pub(crate) fn number(things: usize) -> String {
    count(u64::try_from(things).unwrap_or(u64::MAX))
}

/// `1 endpoint`, `41 endpoints`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{} {noun}s", count(number))
    }
}

/// A time that was measured: `0.9 s`, `41 ms`, `2 min 5 s`.
pub(crate) fn measured(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if duration < Duration::from_millis(1) {
        "under 1 ms".to_owned()
    } else if duration < Duration::from_millis(500) {
        format!("{} ms", duration.as_millis())
    } else if seconds < 60 {
        format!("{:.1} s", duration.as_secs_f64())
    } else if seconds < 3600 {
        format!("{} min {} s", seconds / 60, seconds % 60)
    } else {
        format!("{} h {} min", seconds / 3600, seconds % 3600 / 60)
    }
}

/// What is left until `end`, negative when it is over, in whole days rounded towards zero, as every span in a report:
/// half a day left or over is day 0.
pub(crate) fn days_left(end: Timestamp, now: Timestamp) -> i64 {
    (end.as_millisecond() - now.as_millisecond()) / 86_400_000
}

/// The entry of `all` that is nearest to what was typed, if any is near.
pub(crate) fn nearest<'a>(typed: &str, all: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (typed.chars().count() / 3).max(1);
    all.map(|known| (distance(typed, known), known))
        .filter(|(distance, known)| *distance <= allowed || known.starts_with(typed) && typed.len() >= 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// Edits between two words, two letters that changed places being one (optimal string alignment). Both are short: one was
/// typed, the other is ours; the first 64 characters count.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(64).collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=right.len()).collect()];
    let mut before: Option<char> = None;
    for (line, from) in left.chars().take(64).enumerate() {
        let row = rows.last().cloned().unwrap_or_default();
        let earlier = rows.len().checked_sub(2).and_then(|place| rows.get(place));
        let mut next = vec![line + 1];
        for (place, to) in right.iter().enumerate() {
            let same = |one: char, other: char| one.eq_ignore_ascii_case(&other);
            let at = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX / 2);
            let change = at(&row, place) + usize::from(!same(from, *to));
            let mut least = change.min(at(&row, place + 1) + 1).min(at(&next, place) + 1);
            let former = place
                .checked_sub(1)
                .and_then(|former| right.get(former).map(|letter| (former, *letter)));
            if let (Some(earlier), Some(before), Some((former, letter))) = (earlier, before, former)
                && same(before, *to)
                && same(from, letter)
            {
                least = least.min(at(earlier, former) + 1);
            }
            next.push(least);
        }
        rows.push(next);
        before = Some(from);
    }
    rows.last()
        .and_then(|row| row.last())
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_in_the_middle() {
        assert_eq!(cut_middle("short", 10, "..."), "short");
        assert_eq!(
            cut_middle("a-very-long-name.example.com", 15, "..."),
            "a-very...le.com"
        );
        assert_eq!(width(&cut_middle("例えば長い名前です.example", 12, "…")), 12);
        assert_eq!(cut_middle("abcdef", 2, "..."), "ab");
    }

    #[test]
    fn sentences_wrap_and_end_with_the_mark() {
        assert_eq!(wrap("one two three", 7, 5, "..."), ["one two", "three"]);
        assert_eq!(wrap("one two three four", 11, 1, "..."), ["one two ..."]);
        assert!(wrap(&"word ".repeat(100), 20, 2, "...").len() == 2);
        assert!(
            wrap(&"x".repeat(100), 20, 2, "...")
                .iter()
                .all(|line| width(line) <= 20)
        );
        assert!(wrap("", 20, 2, "...").is_empty());
    }

    #[test]
    fn columns_stay_together() {
        let text = "one two   three four   five";
        assert_eq!(wrap_columns(text, 40, 4, "..."), [text]);
        assert_eq!(wrap_columns(text, 21, 4, "..."), ["one two   three four", "five"]);
        assert_eq!(
            wrap_columns(text, 12, 4, "..."),
            ["one two", "three four", "five"]
        );
        assert_eq!(wrap_columns(&"x".repeat(30), 10, 4, "..."), ["xxxx...xxx"]);
        assert!(wrap_columns(&"word ".repeat(100), 20, 3, "...").len() == 3);
    }

    #[test]
    fn counts_have_commas_and_number() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(counted(1, "endpoint"), "1 endpoint");
        assert_eq!(counted(2, "endpoint"), "2 endpoints");
    }

    #[test]
    fn measured_times_are_short() {
        assert_eq!(measured(Duration::from_millis(941)), "0.9 s");
        assert_eq!(measured(Duration::from_millis(41)), "41 ms");
    }

    #[test]
    fn day_zero_negative_and_fractional_days() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let after = |seconds: i64| days_left(Timestamp::from_second(now.as_second() + seconds).unwrap(), now);
        assert_eq!(after(0), 0);
        assert_eq!(after(43_200), 0);
        assert_eq!(after(86_400), 1);
        assert_eq!(after(-1), 0);
        assert_eq!(after(-86_400), -1);
        assert_eq!(after(-86_401), -1);
    }

    #[test]
    fn typos_find_what_was_meant() {
        let all = ["expired", "expiring", "chain-incomplete"];
        assert_eq!(nearest("expird", all.into_iter()), Some("expired"));
        assert_eq!(nearest("chain", all.into_iter()), Some("chain-incomplete"));
        assert_eq!(nearest("zzz", all.into_iter()), None);
    }
}
