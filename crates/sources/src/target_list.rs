//! Targets of a file, as `nolapse scan` takes them: services that somebody wrote down.
//!
//! A file comes in, one sighting for each service goes out. A line that is no target is counted with its number, and the
//! others stand; ranges of addresses become one service for each of their addresses.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::PathBuf;
use std::sync::Arc;

use model::sighting::{EndpointSighting, Sighted};
use model::target::{Ranges, ServerNameChoice, Target, parse_line};
use model::{StartTls, Untrusted, limits, untrusted};
use serde::Deserialize;

use crate::run::{Ask, Reason, Run, Sink, SourceError, Telling};

/// Settings of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The file: one target a line.
    pub file: PathBuf,
    /// Ports of targets that name none; 443, or the port of the scheme, when it is left out.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// How TLS begins where neither scheme nor port says so, such as `smtp`.
    #[serde(default)]
    pub starttls: Option<String>,
    /// Whether ranges of more than 65,536 addresses are meant.
    #[serde(default)]
    pub large_ranges: bool,
}

/// Why a list cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TargetListError {
    /// Not there, or not to be read.
    #[error("cannot read the list of targets {path}: {error}")]
    Unreadable {
        /// Where.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// No such protocol.
    #[error("starttls: no protocol `{0}`: expected one of {words}", words = words())]
    Protocol(String),
    /// A port that none is.
    #[error("ports: 0 is no port")]
    Port,
}

/// Reads the list once.
pub async fn run(settings: &Settings, ask: &Ask<'_>, sink: &mut Sink<'_>) -> Run {
    let mut telling = Telling::new(ask.now, sink);
    let result = read(settings, &mut telling).await;
    telling.end(result)
}

async fn read(settings: &Settings, telling: &mut Telling<'_, '_>) -> Result<(), SourceError> {
    let starttls = match &settings.starttls {
        None => None,
        Some(word) => {
            let scheme = StartTls::for_scheme(word).map(|(starttls, _)| starttls);
            Some(scheme.ok_or_else(|| TargetListError::Protocol(untrusted::shown(word)))?)
        }
    };
    if settings.ports.contains(&0) {
        return Err(TargetListError::Port.into());
    }
    let failed = |error| TargetListError::Unreadable {
        path: untrusted::shown(&settings.file.display().to_string()),
        error,
    };
    let ranges = if settings.large_ranges {
        Ranges::Large
    } else {
        Ranges::Ordinary
    };
    let mut lines = Lines {
        input: BufReader::new(File::open(&settings.file).map_err(failed)?),
        number: 0,
    };
    while let Some(line) = lines.next().map_err(failed)? {
        let number = lines.number;
        let Some(text) = line else {
            telling.tally.skip(Reason::NoTarget, || {
                format!("line {number}: longer than {} bytes", limits::TARGET_LINE_BYTES)
            });
            continue;
        };
        match parse_line(&text, ranges) {
            None => {}
            Some(Err(error)) => telling
                .tally
                .skip(Reason::NoTarget, || format!("line {number}: {error}")),
            Some(Ok(target)) => {
                say(&target, settings, starttls, telling, number)?;
                telling.tally.give();
            }
        }
        if number.is_multiple_of(LINES_AT_ONCE) {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}

/// Others are let in between so many lines.
const LINES_AT_ONCE: u64 = 1000;

fn say(
    target: &Target,
    settings: &Settings,
    starttls: Option<StartTls>,
    telling: &mut Telling<'_, '_>,
    line: u64,
) -> Result<(), SourceError> {
    let because = vec![Untrusted::new(format!("line {line}"))];
    for (service, address) in target.services(&settings.ports, ServerNameChoice::Default, starttls) {
        telling.say(Sighted::Endpoint(EndpointSighting {
            service: Arc::new(service),
            address,
            because: because.clone(),
        }))?;
    }
    Ok(())
}

/// Lines of a bounded length.
struct Lines<R> {
    input: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// The next line, `Some(None)` for one that is too long.
    fn next(&mut self) -> io::Result<Option<Option<String>>> {
        let most = limits::TARGET_LINE_BYTES as u64 + 1;
        let mut line = Vec::new();
        if (&mut self.input).take(most).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        if line.last() != Some(&b'\n') && line.len() > limits::TARGET_LINE_BYTES {
            self.input.skip_until(b'\n')?;
            return Ok(Some(None));
        }
        Ok(Some(Some(String::from_utf8_lossy(&line).trim_end().to_owned())))
    }
}

fn words() -> String {
    StartTls::schemes().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use testkit::folder::Folder;

    use crate::asking::Asker;

    #[test]
    fn lines_become_services_and_bad_ones_are_counted() {
        let folder = Folder::new();
        let long = "x".repeat(5000);
        let list = format!(
            "# mine\na.test\nb.test:8443 # here\n192.0.2.0/30\nsmtp://mx.test\nnot a target\n{long}\n\nc.test@192.0.2.9\n"
        );
        let path = folder.file("list", list);
        let settings = format!(
            "kind = \"list\"\nfile = \"{}\"\nports = [443, 993]\n",
            path.display()
        );
        let asked = Asker::new().ask(&settings);
        let services: Vec<String> = asked
            .endpoints()
            .iter()
            .map(|endpoint| format!("{} {}", endpoint.service, endpoint.because[0]))
            .collect();
        assert_eq!(services.len(), 2 + 1 + 8 + 2 + 2, "{services:?}");
        assert_eq!(
            services[..3],
            ["a.test:443 line 2", "a.test:993 line 2", "b.test:8443 line 3"]
        );
        assert!(asked.endpoints().last().unwrap().address.is_some());
        assert_eq!((asked.run.tally.found, asked.run.tally.given), (7, 5));
        assert_eq!(asked.reasons().0, [("no-target", 2)]);
        let wrong = Asker::new().ask(&format!("{settings}starttls = \"gopher\""));
        assert!(
            wrong.error().starts_with("starttls: no protocol `gopher`"),
            "{}",
            wrong.error()
        );
        let missing = Asker::new().ask("kind = \"list\"\nfile = \"/nowhere\"");
        assert!(
            missing
                .error()
                .starts_with("cannot read the list of targets /nowhere")
        );
    }
}
