//! How the targets of a run are meant: ports, how TLS begins, the name sent, whether large ranges are meant.
//!
//! Words come in, services go out, or a complaint with the place drawn below the line.

use std::net::IpAddr;

use model::target::{Ranges, ServerNameChoice, Target, TargetError, TargetErrorKind, parse_line};
use model::{Service, StartTls, untrusted};

use crate::text;

/// How every target of a run is meant.
#[derive(Clone, Debug)]
pub(crate) struct Wishes {
    /// Ports of targets that name none.
    pub(crate) ports: Vec<u16>,
    /// The name sent.
    pub(crate) server_name: ServerNameChoice,
    /// How TLS begins where no scheme says so.
    pub(crate) starttls: Option<StartTls>,
    /// Whether large ranges are meant.
    pub(crate) ranges: Ranges,
}

/// A target that could not be understood.
#[derive(Clone, Debug)]
pub(crate) struct Complaint {
    typed: String,
    error: Box<TargetError>,
}

/// Lines that a sentence may take: it is of our own words, but for a piece of what was typed.
const SENTENCE_LINES: usize = 8;
/// Characters of a line that are shown on each side of the place.
const AROUND: usize = 36;

impl Wishes {
    /// Reads one argument.
    pub(crate) fn parse(&self, typed: &str) -> Result<Target, Complaint> {
        Target::parse(typed, self.ranges).map_err(|error| Complaint::new(typed, error))
    }

    /// Reads one line of a list; nothing for a blank line or comment.
    pub(crate) fn parse_line(&self, typed: &str) -> Option<Result<Target, Complaint>> {
        let parsed = parse_line(typed, self.ranges)?;
        Some(parsed.map_err(|error| Complaint::new(typed, error)))
    }

    /// The services of a target, one at a time.
    pub(crate) fn expand(&self, target: &Target) -> impl Iterator<Item = (Service, Option<IpAddr>)> + use<> {
        target.services(&self.ports, self.server_name.clone(), self.starttls)
    }

    /// How many services a target stands for.
    pub(crate) fn count(&self, target: &Target) -> u64 {
        let ports = if target.port.is_some() {
            1
        } else {
            self.per_target()
        };
        u64::try_from(target.addresses())
            .unwrap_or(u64::MAX)
            .saturating_mul(ports)
    }

    /// Services of a target that is a name without a port.
    pub(crate) fn per_target(&self) -> u64 {
        u64::try_from(self.ports.len().max(1)).unwrap_or(u64::MAX)
    }
}

impl Complaint {
    /// Keeps what was typed, but for a password in it.
    fn new(typed: &str, error: TargetError) -> Self {
        let typed = if error.kind == TargetErrorKind::UserInformation {
            let hidden = error.column.saturating_sub(1)..error.column.saturating_sub(1) + error.length;
            let masked = |(place, character)| if hidden.contains(&place) { '*' } else { character };
            typed.chars().enumerate().map(masked).collect()
        } else {
            typed.to_owned()
        };
        Self {
            typed,
            error: Box::new(error),
        }
    }

    /// What was typed, without secrets.
    pub(crate) fn typed(&self) -> &str {
        &self.typed
    }

    /// One line.
    pub(crate) fn sentence(&self) -> String {
        format!("`{}`: {}", untrusted::shown(&self.typed), self.error)
    }

    /// What is wrong, in lines of at most `columns` where its words allow; the line; and the place in it.
    pub(crate) fn shown(&self, place: Option<(&str, u64)>, columns: usize) -> String {
        let TargetError {
            column,
            length,
            kind,
            expected,
            suggestion,
        } = &*self.error;
        let place = place
            .map(|(source, line)| format!("{source}:{line}:{column}: "))
            .unwrap_or_default();
        let characters: Vec<char> = self.typed.chars().collect();
        let at = column.saturating_sub(1).min(characters.len());
        let end = (at + length).min(characters.len());
        let part = |range: std::ops::Range<usize>| -> String {
            untrusted::shown(
                &characters
                    .get(range)
                    .unwrap_or_default()
                    .iter()
                    .collect::<String>(),
            )
        };
        let from = at.saturating_sub(AROUND);
        let (before, marked) = (part(from..at), part(at..end.min(at + AROUND)));
        let after = part(end.min(at + AROUND)..(end + AROUND).min(characters.len()));
        let caret = "^".repeat(text::width(&marked).max(1));
        let mark = format!("  {}{caret}", " ".repeat(text::width(&before)));
        let hint = suggestion
            .as_ref()
            .map(|meant| format!("did you mean `{}`?", untrusted::shown(meant)));
        let hint = match hint {
            Some(hint) if text::width(&mark) + 1 + text::width(&hint) <= columns => format!(" {hint}"),
            Some(hint) => format!("\n  {hint}"),
            None => String::new(),
        };
        let words = format!("error: {place}{kind}: expected {expected}");
        let words = text::wrap(&words, columns, SENTENCE_LINES, "...").join("\n  ");
        format!("{words}\n  {before}{marked}{after}\n{mark}{hint}")
    }
}

/// Parses `443`, `443,8443`, `9000-9010`; no port twice.
pub(crate) fn ports(typed: &str) -> Result<Vec<u16>, String> {
    let mut ports = Vec::new();
    for part in typed.split(',').map(str::trim) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let port = |text: &str| {
            text.trim()
                .parse::<u16>()
                .ok()
                .filter(|port| *port > 0)
                .ok_or_else(|| {
                    format!(
                        "`{}` is no port: expected 1 to 65535, such as 443,8443 or 9000-9010",
                        untrusted::shown(text)
                    )
                })
        };
        let (first, last) = (port(first)?, port(last)?);
        if first > last {
            return Err(format!("the range {first}-{last} ends before it begins"));
        }
        ports.extend(first..=last);
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes() -> Wishes {
        Wishes {
            ports: Vec::new(),
            server_name: ServerNameChoice::Default,
            starttls: None,
            ranges: Ranges::Ordinary,
        }
    }

    #[test]
    fn a_complaint_draws_the_place() {
        let complaint = wishes().parse("htps://example.com").unwrap_err();
        let shown = complaint.shown(Some(("fleet.txt", 17)), 140);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[0].starts_with("error: fleet.txt:17:1: "), "{shown}");
        assert_eq!(lines[1], "  htps://example.com");
        assert!(lines[2].starts_with("  ^^^^"), "{shown}");
        assert!(lines[2].contains("https"), "{shown}");
    }

    #[test]
    fn a_hostile_line_is_shown_in_part_and_escaped() {
        let complaint = wishes()
            .parse(&format!("{}\u{1b}[31m{}", "a".repeat(500), "b".repeat(500)))
            .unwrap_err();
        let shown = complaint.shown(None, 80);
        assert!(!shown.contains('\u{1b}'));
        assert!(shown.lines().all(|line| line.len() < 200), "{shown}");
    }

    #[test]
    fn complaints_fit_the_terminal() {
        for typed in [
            "htps://example.com",
            "10.0.0.1/8",
            "a:b:c:d:e",
            "x y",
            "2001:db8::1:443",
            "@nested",
        ] {
            let shown = wishes()
                .parse(typed)
                .unwrap_err()
                .shown(Some(("fleet.txt", 17)), 80);
            assert!(shown.lines().all(|line| text::width(line) <= 80), "{shown}");
        }
    }

    #[test]
    fn a_password_is_never_said_again() {
        for typed in [
            "https://user:s3cret@example.com/x",
            "https://user:s3cret@192.0.2.1:443",
            "user:s3cret@example.com",
            "https://user:s3@cret@example.com",
        ] {
            let complaint = wishes().parse(typed).unwrap_err();
            let said = format!("{}{}", complaint.sentence(), complaint.shown(None, 80));
            assert!(said.contains("passwords are not taken"), "{said}");
            assert!(!said.contains("s3") && !said.contains("cret"), "{said}");
            assert!(
                said.contains("192.0.2.1") || said.contains("example.com"),
                "{said}"
            );
        }
        assert!(wishes().parse("smtp://mail.example@192.0.2.1:25").is_ok());
    }

    #[test]
    fn lists_do_not_nest() {
        let said = |typed| wishes().parse(typed).unwrap_err().sentence();
        assert!(
            said("@nested.txt").contains("lists do not nest"),
            "{}",
            said("@nested.txt")
        );
        assert!(said("@").contains("no file behind"), "{}", said("@"));
    }

    #[test]
    fn ports_are_lists_and_ranges() {
        assert_eq!(ports("443").unwrap(), [443]);
        assert_eq!(
            ports("443, 8443,9000-9002").unwrap(),
            [443, 8443, 9000, 9001, 9002]
        );
        for wrong in ["", "0", "65536", "x", "5-3", "443,"] {
            assert!(ports(wrong).is_err(), "{wrong}");
        }
    }
}
