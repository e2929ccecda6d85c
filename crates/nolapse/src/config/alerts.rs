//! `[channel.NAME]`, `[[route]]`, `[alerts]`: who is told of what, and how.

use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use engine::alert::teller::Digest;
use jiff::civil::Weekday;
use model::alert::Pattern;
use notify::channel::settings::{Given, KINDS, Settings};
use notify::route::{REPEAT, Route, Routes};
use serde::Deserialize as _;
use toml::{Table, Value};

use super::value;
use crate::text;

/// Who is told of what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Telling {
    /// Channels by name.
    pub(crate) channels: Vec<(Box<str>, Settings)>,
    /// Which of them hears of what.
    pub(crate) routes: Routes,
    /// Who gets everything that is open once a week.
    pub(crate) digest: Option<Digest>,
    /// Who calls for help when we fall silent.
    pub(crate) dead_man: Option<Given>,
}

/// Channels of one configuration: a person cannot look after more.
const CHANNELS: usize = 64;

/// Reads all of it; files are found from where the configuration stands.
pub(super) fn read(table: &Table, path: &Path) -> anyhow::Result<Telling> {
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let mut telling = Telling::default();
    if let Some(sections) = super::section(table, "channel")? {
        for (name, section) in sections {
            let settings = channel(name, section, folder).with_context(|| format!("channel.{name}"))?;
            telling.channels.push((name.as_str().into(), settings));
        }
    }
    if telling.channels.len() > CHANNELS {
        bail!("channel: there are more than {CHANNELS}");
    }
    telling.routes.channels = telling.channels.iter().map(|(name, _)| name.clone()).collect();
    match table.get("route") {
        None => {}
        Some(Value::Array(routes)) => {
            for (number, section) in (1..).zip(routes) {
                let route = route(section, &telling).with_context(|| format!("route {number}"))?;
                telling.routes.routes.push(route);
            }
        }
        Some(_) => bail!("route: expected tables, such as [[route]]"),
    }
    let nothing = Table::new();
    let section = super::section(table, "alerts")?.unwrap_or(&nothing);
    general(section, folder, &mut telling).context("alerts")?;
    Ok(telling)
}

fn channel(name: &str, section: &Value, folder: &Path) -> anyhow::Result<Settings> {
    let is_name =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(is_name) {
        bail!("a channel is called by small letters, digits, - and _");
    }
    let Value::Table(section) = section else {
        bail!("expected a table");
    };
    let kind = value::text(section, "kind")?;
    let kind = kind.ok_or_else(|| anyhow!("kind is missing: one of {}", KINDS.join(", ")))?;
    if !KINDS.contains(&&*kind) {
        let near = text::nearest(&kind, KINDS.iter().copied());
        let near = near
            .map(|near| format!(": did you mean `{near}`?"))
            .unwrap_or_default();
        bail!("no kind `{}`{near}", model::untrusted::shown(&kind));
    }
    let mut settings = Settings::deserialize(Value::Table(section.clone()))
        .map_err(|error| anyhow!("{}", super::sources::said(error.message())))?;
    for file in settings.files() {
        *file = folder.join(&*file);
    }
    Ok(settings)
}

fn route(section: &Value, telling: &Telling) -> anyhow::Result<Route> {
    let Value::Table(section) = section else {
        bail!("expected a table");
    };
    let keys = ["match", "channels", "repeat", "escalate", "escalate_after"];
    value::known("[[route]]", section, &keys)?;
    let pattern = value::text(section, "match")?;
    let pattern = pattern
        .map(|words| Pattern::parse(&words).map_err(|error| anyhow!("match: {error}")))
        .transpose()?;
    let repeat = match section.get("repeat").and_then(Value::as_str) {
        Some("never") => None,
        _ => Some(value::duration(section, "repeat")?.unwrap_or(REPEAT)),
    };
    let after = value::duration(section, "escalate_after")?;
    let further = known(value::texts(section, "escalate")?, telling)?;
    let escalation = match (after, further.is_empty()) {
        (None, true) => None,
        (Some(after), false) => Some((after, further)),
        _ => bail!("escalate and escalate_after belong together"),
    };
    if section.get("channels").is_none() {
        bail!("channels is missing: a list of names, or [] to tell nobody");
    }
    Ok(Route {
        pattern,
        channels: known(value::texts(section, "channels")?, telling)?,
        repeat,
        escalation,
    })
}

/// Names of channels that are there.
fn known(names: Vec<String>, telling: &Telling) -> anyhow::Result<Vec<Box<str>>> {
    let names = names.into_iter().map(|name| {
        let all = telling.channels.iter().map(|(name, _)| &**name);
        if telling.channels.iter().any(|(known, _)| **known == *name) {
            return Ok(name.into_boxed_str());
        }
        let near = text::nearest(&name, all)
            .map(|near| format!(": did you mean `{near}`?"))
            .unwrap_or_default();
        Err(anyhow!(
            "no channel is called `{}`{near}",
            model::untrusted::shown(&name)
        ))
    });
    names.collect()
}

fn general(section: &Table, folder: &Path, telling: &mut Telling) -> anyhow::Result<()> {
    value::known(
        "[alerts]",
        section,
        &["page", "dead_man", "digest", "digest_channels"],
    )?;
    if let Some(page) = value::text(section, "page")? {
        if !(page.starts_with("https://") || page.starts_with("http://"))
            || page.contains(char::is_whitespace)
        {
            bail!("page: expected the URL under which people reach nolapse");
        }
        telling.routes.page = Some(page);
    }
    telling.dead_man = match value::text(section, "dead_man")?.map(Given::from) {
        Some(Given::File(path)) => Some(Given::File(folder.join(path))),
        Some(Given::Text(_)) => bail!("dead_man: the URL is a secret: write \"file:PATH\" or \"env:NAME\""),
        other => other,
    };
    let channels = value::texts(section, "digest_channels")?;
    let channels = match channels.is_empty() {
        true => telling.routes.channels.clone(),
        false => known(channels, telling)?,
    };
    let digest = value::text(section, "digest")?.unwrap_or_else(|| USUAL.to_owned());
    if digest != "never" {
        let (day, minute) = moment(&digest).ok_or_else(|| {
            anyhow!("digest: expected a day and a time (UTC), such as \"mon 07:00\", or \"never\"")
        })?;
        telling.digest = Some(Digest {
            day,
            minute,
            channels,
        });
    }
    Ok(())
}

/// When the digest comes unless another time is said.
const USUAL: &str = "mon 07:00";

/// `mon 07:00`.
fn moment(text: &str) -> Option<(Weekday, u16)> {
    const DAYS: [(&str, Weekday); 7] = [
        ("mon", Weekday::Monday),
        ("tue", Weekday::Tuesday),
        ("wed", Weekday::Wednesday),
        ("thu", Weekday::Thursday),
        ("fri", Weekday::Friday),
        ("sat", Weekday::Saturday),
        ("sun", Weekday::Sunday),
    ];
    let (day, time) = text.split_once(' ')?;
    let (_, day) = DAYS
        .into_iter()
        .find(|(word, _)| word.eq_ignore_ascii_case(day))?;
    let (hour, minute) = time.split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute < 60).then_some((day, hour * 60 + minute))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use jiff::SignedDuration;

    use super::*;

    fn parse(text: &str) -> anyhow::Result<Telling> {
        read(
            &text.parse::<Table>().unwrap(),
            Path::new("/etc/nolapse/nolapse.toml"),
        )
    }

    const OPS: &str = "[channel.ops]\nkind = \"slack\"\nurl = \"file:slack.url\"\n";

    #[test]
    fn everything_can_be_said() {
        let telling = parse(&format!(
            "{OPS}[channel.pager]\nkind = \"pagerduty\"\nkey = \"env:PD\"\n\
             [[route]]\nmatch = \"name:*.shop.example least:critical\"\nchannels = [\"pager\"]\nrepeat = \"4h\"\n\
             escalate_after = \"2h\"\nescalate = [\"ops\"]\n[[route]]\nchannels = []\nrepeat = \"never\"\n\
             [alerts]\npage = \"https://nolapse.example/\"\ndead_man = \"file:dead\"\ndigest = \"Fri 16:30\"\ndigest_channels = [\"ops\"]\n"
        ))
        .unwrap();
        let mut settings = telling.channels[0].1.clone();
        assert_eq!(
            settings.files().next(),
            Some(&mut PathBuf::from("/etc/nolapse/slack.url"))
        );
        let [shop, rest] = telling.routes.routes.as_slice() else {
            panic!()
        };
        assert_eq!(shop.repeat, Some(SignedDuration::from_hours(4)));
        assert_eq!(
            shop.escalation,
            Some((SignedDuration::from_hours(2), vec!["ops".into()]))
        );
        assert_eq!((rest.repeat, rest.channels.len()), (None, 0));
        let digest = telling.digest.unwrap();
        assert_eq!((digest.day, digest.minute), (Weekday::Friday, 16 * 60 + 30));
        assert_eq!(telling.dead_man, Some(Given::File("/etc/nolapse/dead".into())));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_place() {
        for (text, words) in [
            ("[channel.ops]\nurl = \"x\"\n", "kind is missing"),
            ("[channel.ops]\nkind = \"slak\"\n", "`slack`"),
            ("[channel.ops]\nkind = \"slack\"\nulr = \"x\"\n", "`url`"),
            ("[channel.\"A B\"]\nkind = \"slack\"\n", "small letters"),
            (&format!("{OPS}[[route]]\nchannels = [\"opps\"]\n"), "`ops`"),
            (
                &format!("{OPS}[[route]]\nmatch = \"owner:me\"\nchannels = [\"ops\"]\n"),
                "owner:me",
            ),
            (
                &format!("{OPS}[[route]]\nmatch = \"rule:expired\"\n"),
                "channels is missing",
            ),
            (
                &format!("{OPS}[[route]]\nchannels = [\"ops\"]\nescalate = [\"ops\"]\n"),
                "belong together",
            ),
            ("[alerts]\ndigest = \"someday\"\n", "mon 07:00"),
            ("[alerts]\ndead_man = \"https://hc.example/x\"\n", "secret"),
            ("[alerts]\npage = \"nolapse\"\n", "URL"),
        ] {
            let refused = format!("{:#}", parse(text).unwrap_err());
            assert!(refused.contains(words), "{text}: {refused}");
        }
    }
}
