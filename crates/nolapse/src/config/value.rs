//! Values of a configuration: TOML comes in, a typed value goes out, or a sentence that says what was expected.

use anyhow::{anyhow, bail};
use assess::Threshold;
use jiff::SignedDuration;
use toml::{Table, Value};

use crate::text;

/// Refuses keys that are not known.
pub(crate) fn known(what: &str, table: &Table, keys: &[&str]) -> anyhow::Result<()> {
    for key in table.keys() {
        if !keys.contains(&key.as_str()) {
            let near = text::nearest(key, keys.iter().copied());
            let near = near
                .map(|near| format!(": did you mean `{near}`?"))
                .unwrap_or_default();
            bail!("{what} has no key `{}`{near}", model::untrusted::shown(key));
        }
    }
    Ok(())
}

/// A text.
pub(crate) fn text(table: &Table, key: &str) -> anyhow::Result<Option<String>> {
    match table.get(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => bail!("{key}: expected a text"),
    }
}

/// A list of texts.
pub(crate) fn texts(table: &Table, key: &str) -> anyhow::Result<Vec<String>> {
    let text = |value: &Value| {
        value
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| anyhow!("{key}: expected a list of texts"))
    };
    match table.get(key) {
        None => Ok(Vec::new()),
        Some(Value::Array(values)) => values.iter().map(text).collect(),
        Some(_) => bail!("{key}: expected a list of texts"),
    }
}

/// Yes or no.
pub(crate) fn flag(table: &Table, key: &str) -> anyhow::Result<Option<bool>> {
    match table.get(key) {
        None => Ok(None),
        Some(Value::Boolean(flag)) => Ok(Some(*flag)),
        Some(_) => bail!("{key}: expected true or false"),
    }
}

/// A whole number of at least 1.
pub(crate) fn count(table: &Table, key: &str) -> anyhow::Result<Option<usize>> {
    let Some(value) = table.get(key) else {
        return Ok(None);
    };
    let number = value
        .as_integer()
        .and_then(|number| usize::try_from(number).ok())
        .filter(|number| *number > 0);
    number
        .map(Some)
        .ok_or_else(|| anyhow!("{key}: expected a whole number of at least 1"))
}

/// A number above 0.
pub(crate) fn rate(table: &Table, key: &str) -> anyhow::Result<Option<f64>> {
    let Some(value) = table.get(key) else {
        return Ok(None);
    };
    #[expect(clippy::cast_precision_loss, reason = "a rate that people type")]
    let number = value
        .as_float()
        .or_else(|| value.as_integer().map(|number| number as f64));
    number
        .filter(|number| number.is_finite() && *number > 0.0)
        .map(Some)
        .ok_or_else(|| anyhow!("{key}: expected a number above 0"))
}

/// A span of time: `90s`, `30m`, `4h`, `2d`.
pub(crate) fn duration(table: &Table, key: &str) -> anyhow::Result<Option<SignedDuration>> {
    let expected = || anyhow!("{key}: expected a time such as 30m, 4h or 2d");
    match table.get(key) {
        None => Ok(None),
        Some(Value::String(text)) => span(text).map(Some).ok_or_else(expected),
        Some(_) => Err(expected()),
    }
}

/// `90s`, `30m`, `4h`, `2d`, `1w`.
pub(crate) fn span(typed: &str) -> Option<SignedDuration> {
    let typed = typed.trim();
    let (digits, unit) = typed.split_at_checked(typed.len().checked_sub(1)?)?;
    let seconds: i64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    let number: u32 = digits.trim().parse().ok()?;
    Some(SignedDuration::from_secs(seconds * i64::from(number)))
}

/// A threshold as on the command line.
pub(crate) fn threshold(table: &Table, key: &str) -> anyhow::Result<Option<Threshold>> {
    match table.get(key) {
        None => Ok(None),
        Some(Value::String(text)) => crate::commands::looking::threshold(text)
            .map(Some)
            .map_err(|words| anyhow!("{key}: {words}")),
        Some(_) => bail!("{key}: expected a text, such as \"30d\" or \"33%\""),
    }
}
