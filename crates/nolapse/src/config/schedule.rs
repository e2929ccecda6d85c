//! `[schedule]`: how often to look, when not at all, and how fast.

use anyhow::{anyhow, bail};
use engine::schedule::{Cadence, QuietHours};
use jiff::SignedDuration;
use toml::Table;

use super::{Config, value};

const KEYS: &[&str] = &[
    "every",
    "sources_every",
    "quiet",
    "concurrency",
    "per_address",
    "per_network",
    "rate",
    "timeout",
];

/// Reads it.
pub(super) fn read(table: &Table, config: &mut Config) -> anyhow::Result<()> {
    value::known("[schedule]", table, KEYS)?;
    if let Some(every) = period(table, "every")? {
        config.cadence.every = every;
    }
    if let Some(every) = period(table, "sources_every")? {
        config.cadence.sources_every = every;
    }
    for typed in value::texts(table, "quiet")? {
        let hours = quiet(&typed).ok_or_else(|| {
            anyhow!(
                "quiet: expected times of day such as 22:00-06:00 (UTC) or 22:00-06:00+02:00, which `{}` is not",
                model::untrusted::shown(&typed)
            )
        })?;
        config.cadence.quiet.push(hours);
    }
    let pace = &mut config.pace;
    pace.concurrency = value::count(table, "concurrency")?.unwrap_or(pace.concurrency);
    pace.per_address = value::count(table, "per_address")?.unwrap_or(pace.per_address);
    pace.per_network = value::count(table, "per_network")?.unwrap_or(pace.per_network);
    pace.rate = value::rate(table, "rate")?;
    if let Some(timeout) = value::duration(table, "timeout")? {
        let timeout = std::time::Duration::try_from(timeout).unwrap_or_default();
        if timeout.is_zero() || timeout.as_secs() > 3600 {
            bail!("timeout: expected between 1s and 1h");
        }
        pace.timeout = timeout;
    }
    Ok(())
}

/// A period within the bounds of a schedule.
pub(super) fn period(table: &Table, key: &str) -> anyhow::Result<Option<SignedDuration>> {
    let (least, most) = Cadence::RANGE;
    match value::duration(table, key)? {
        Some(period) if period < least || period > most => bail!("{key}: expected between 1m and 31d"),
        period => Ok(period),
    }
}

/// `22:00-06:00`, with `+02:00` behind it when it is not UTC.
fn quiet(typed: &str) -> Option<QuietHours> {
    let (begin, rest) = typed.trim().split_once('-')?;
    let (end, offset) = match rest.find(['+', '-']) {
        None => (rest, 0),
        Some(place) => {
            let (end, offset) = rest.split_at_checked(place)?;
            let (sign, of_day) = (if offset.starts_with('+') { 1 } else { -1 }, offset.get(1..)?);
            (end, sign * i16::try_from(minutes(of_day)?).ok()?)
        }
    };
    QuietHours::new(minutes(begin)?, minutes(end)?, offset)
}

/// `06:30` in minutes; `24:00` is 0.
fn minutes(typed: &str) -> Option<u16> {
    let (hours, minutes) = typed.trim().split_once(':')?;
    let number = |text: &str| { text.parse::<u16>().ok() }.filter(|_| text.len() == 2);
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours < 24 && minutes < 60 || hours == 24 && minutes == 0).then(|| (hours % 24) * 60 + minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_as_people_write_them() {
        assert_eq!(quiet("22:00-06:00"), QuietHours::new(22 * 60, 6 * 60, 0));
        assert_eq!(
            quiet("22:30-06:00+02:00"),
            QuietHours::new(22 * 60 + 30, 6 * 60, 120)
        );
        assert_eq!(quiet("00:00-05:00-03:30"), QuietHours::new(0, 300, -210));
        assert_eq!(quiet("18:00-24:00"), QuietHours::new(18 * 60, 0, 0));
        for wrong in [
            "",
            "22-6",
            "22:00",
            "25:00-06:00",
            "06:00-06:00",
            "6:00-7:00",
            "01:00-02:00+2",
        ] {
            assert_eq!(quiet(wrong), None, "{wrong}");
        }
    }
}
