//! `explain`: what a rule finds or a failure means, and how to mend it.

use std::io::Write as _;

use anyhow::bail;
use assess::rules::{self, Rule};
use assess::words;
use assess::words::doubts::ALL as DOUBTS;
use assess::words::reasons::{ALL as REASONS, Explained};
use model::finding::IssuanceRule;
use model::untrusted;

use crate::failure::{KINDS, Kind};
use crate::terminal::{Colour, Style};
use crate::{Exit, text};

/// Arguments of `explain`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A rule (`chain-incomplete`), a failure (`timed-out`), a store's reason (`not-in-store`) or a doubt (`stale`); without one, list all
    #[arg(value_name = "WORD")]
    word: Option<String>,
}

/// Runs it.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let style = Style::for_stdout(Colour::Auto);
    let shown = match &args.word {
        None => list(style),
        Some(word) => one(style, word.trim())?,
    };
    std::io::stdout().lock().write_all(shown.as_bytes())?;
    Ok(Exit::Fine)
}

fn one(style: Style, word: &str) -> anyhow::Result<String> {
    let lower = word.to_ascii_lowercase();
    let failure = KINDS.iter().find(|kind| kind.word == lower);
    let reason = REASONS.iter().find(|reason| reason.word == lower);
    let issuance = IssuanceRule::ALL.iter().find(|rule| rule.word() == lower);
    let doubt = DOUBTS.iter().find(|doubt| doubt.word == lower);
    // What third parties said may bear the word of something else: then both are meant.
    let doubted = |page: String| match doubt {
        Some(doubt) => format!("{page}\n{}", doubt_page(style, doubt)),
        None => page,
    };
    match (rules::find(&lower), failure, reason) {
        (Some(rule), ..) => Ok(doubted(rule_page(style, rule))),
        (None, Some(kind), _) => Ok(doubted(failure_page(style, kind))),
        (None, None, Some(reason)) => Ok(doubted(reason_page(style, reason))),
        (None, None, None) => {
            if let Some(rule) = issuance {
                return Ok(issuance_page(style, *rule));
            }
            if let Some(doubt) = doubt {
                return Ok(doubt_page(style, doubt));
            }
            let words = words();
            let hint = text::nearest(&lower, words)
                .or_else(|| rules::nearest(&lower))
                .map_or_else(
                    || "`nolapse explain` lists all".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
            bail!(
                "no rule, failure or reason is called `{}`: {hint}",
                untrusted::shown(word)
            )
        }
    }
}

fn rule_page(style: Style, rule: &Rule) -> String {
    let mut out = format!(
        "{}   {}\n\n",
        style.strong(rule.id),
        style.severity(rule.severity, rule.severity.word())
    );
    paragraphs(&mut out, style, rule.title);
    paragraphs(&mut out, style, rule.explanation);
    paragraphs(&mut out, style, &format!("To mend it: {}", rule.remedy));
    paragraphs(&mut out, style, &format!("See {}", rule.citation));
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// Every word that has a page.
fn words() -> impl Iterator<Item = &'static str> {
    rules::ALL
        .iter()
        .map(|rule| rule.id)
        .chain(KINDS.iter().map(|kind| kind.word))
        .chain(REASONS.iter().map(|reason| reason.word))
        .chain(IssuanceRule::ALL.iter().map(|rule| rule.word()))
        .chain(DOUBTS.iter().map(|doubt| doubt.word))
}

fn issuance_page(style: Style, rule: IssuanceRule) -> String {
    let mut out = format!("{}   a rule for issuers is broken\n\n", style.strong(rule.word()));
    let meaning = format!(
        "A certificate of the path {}. RFC 5280 or the CA/Browser Forum ask otherwise of whoever issues it; clients at large take it \
         as it is, so that only `nolapse verify --profile strict` refuses it",
        words::issuance_rule(rule)
    );
    paragraphs(&mut out, style, &meaning);
    paragraphs(
        &mut out,
        style,
        "To mend it: nothing in haste; get the next one from an authority that keeps the rule",
    );
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn reason_page(style: Style, reason: &Explained) -> String {
    explained_page(style, "a trust store refuses a path", reason)
}

fn doubt_page(style: Style, doubt: &Explained) -> String {
    explained_page(style, "a third party was asked and is of no use", doubt)
}

fn explained_page(style: Style, what: &str, reason: &Explained) -> String {
    let mut out = format!("{}   {what}\n\n", style.strong(reason.word));
    paragraphs(&mut out, style, reason.meaning);
    paragraphs(&mut out, style, &format!("To mend it: {}", reason.remedy));
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn failure_page(style: Style, kind: &Kind) -> String {
    let mut out = format!("{}   a look was stopped\n\n", style.strong(kind.word));
    paragraphs(&mut out, style, kind.meaning);
    paragraphs(&mut out, style, &format!("To mend it: {}", kind.remedy));
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn paragraphs(out: &mut String, style: Style, words: &str) {
    for paragraph in words.split("\n\n") {
        for line in text::wrap(
            &paragraph.replace('\n', " "),
            style.width.min(100) - 2,
            usize::MAX,
            style.mark(),
        ) {
            out.push_str("  ");
            out.push_str(&line);
            out.push('\n');
        }
        out.push('\n');
    }
}

/// A word, and a sentence wrapped beside it.
fn rows(out: &mut String, style: Style, word: &str, sentence: &str) {
    let columns = style.width.saturating_sub(28).max(20);
    let is_long = text::width(word) > 24;
    if is_long {
        out.push_str(&format!("  {word}\n"));
    }
    for (number, line) in text::wrap(sentence, columns, 8, style.mark()).iter().enumerate() {
        let word = if number == 0 && !is_long { word } else { "" };
        out.push_str(&format!("  {}  {line}\n", text::pad(word, 24)));
    }
}

fn list(style: Style) -> String {
    let mut out = String::from("Rules:\n");
    rules::ALL
        .iter()
        .for_each(|rule| rows(&mut out, style, rule.id, rule.title));
    let known = |kind: &&Kind| rules::find(kind.word).is_none();
    let rest: Vec<&Kind> = KINDS.iter().filter(known).collect();
    if !rest.is_empty() {
        out.push_str("\nFailures, where they have no rule of the same name:\n");
        rest.iter()
            .for_each(|kind| rows(&mut out, style, kind.word, kind.meaning));
    }
    out.push_str("\nWhy a trust store refuses a path, where there is no rule of the same name:\n");
    for reason in REASONS.iter().filter(|reason| rules::find(reason.word).is_none()) {
        rows(&mut out, style, reason.word, reason.meaning);
    }
    out.push_str("\nWhy a third party is of no use, where nothing above has the same name:\n");
    let is_new = |doubt: &&Explained| {
        let named = REASONS.iter().any(|reason| reason.word == doubt.word);
        !named && rules::find(doubt.word).is_none() && !KINDS.iter().any(|kind| kind.word == doubt.word)
    };
    for doubt in DOUBTS.iter().filter(is_new) {
        rows(&mut out, style, doubt.word, doubt.meaning);
    }
    out.push_str("\nRules for issuers, asked by `verify --profile strict` alone; a certificate\n");
    for rule in IssuanceRule::ALL {
        rows(&mut out, style, rule.word(), words::issuance_rule(*rule));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Style = Style {
        width: 80,
        colour: false,
        unicode: false,
    };

    #[test]
    fn every_rule_and_failure_has_a_page_that_fits() {
        assert!(list(PLAIN).lines().all(|line| text::width(line) <= 80));
        for word in words() {
            let page = one(PLAIN, word).unwrap();
            assert!(page.contains("To mend it: "), "{word}");
            assert!(page.lines().all(|line| text::width(line) <= 80), "{page}");
        }
    }

    #[test]
    fn a_typing_error_gets_the_nearest_name() {
        let error = one(PLAIN, "chain-incomplet").unwrap_err().to_string();
        assert!(error.ends_with("did you mean `chain-incomplete`?"), "{error}");
        let error = one(PLAIN, "\u{1b}[31m").unwrap_err().to_string();
        assert!(
            !error.contains('\u{1b}') && error.contains("lists all"),
            "{error}"
        );
    }
}
