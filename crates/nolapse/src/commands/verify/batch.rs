//! `verify --batch`: a line of JSON comes in, a line of JSON goes out, in the same order. A line that cannot be judged is
//! answered with `"valid": null` and a sentence; the others go on.

use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use assess::{SignatureMemory, Stores};
use model::certificate::Oid;
use model::{Certificate, limits, untrusted};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::reading::Reading;
use super::task::{self, Asked, PolicyInputs, ProfileWord, PurposeWord, Task};
use super::{Args, machines};
use crate::Exit;
use crate::when::When;

/// One question. What it lacks is taken from the flags.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default)]
    id: Value,
    chain: Texts,
    known: Option<Texts>,
    roots: Option<Texts>,
    store: Option<Texts>,
    host: Option<String>,
    at: Option<String>,
    purpose: Option<String>,
    profile: Option<String>,
    crl: Option<Texts>,
    ocsp: Option<Texts>,
    max_depth: Option<usize>,
    policies: Option<Texts>,
    #[serde(default)]
    explicit_policy: bool,
    #[serde(default)]
    inhibit_policy_mapping: bool,
    #[serde(default)]
    inhibit_any_policy: bool,
}

/// One text or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Several(Vec<String>),
}

impl Texts {
    fn all(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Several(texts) => texts,
        }
    }
}

/// Signatures remembered over all lines.
const SIGNATURES: usize = 65_536;

/// Answers every line of `path`.
pub(super) fn run(path: &Path, args: &Args) -> anyhow::Result<Exit> {
    let mut lines: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        let shown = untrusted::shown(&path.display().to_string());
        let file =
            std::fs::File::open(path).map_err(|error| anyhow!("{shown}: {}", crate::file::reason(&error)))?;
        Box::new(BufReader::new(file))
    };
    let bench = Bench {
        args,
        stores: task::stores(None, &args.stores, &args.trust_stores)?,
        reading: Reading::new(args.password_file.as_deref())?,
        memory: SignatureMemory::with_capacity(SIGNATURES),
    };
    let mut bench = bench;
    let mut out = io::BufWriter::new(io::stdout().lock());
    let (mut worst, mut number, mut answered) = (Exit::Fine, 0_u64, 0_u64);
    while let Some(line) = next(&mut lines).context("cannot read the lines")? {
        number += 1;
        if line.trim_ascii().is_empty() {
            continue;
        }
        answered += 1;
        let (answer, exit) = bench.answer(&line, number);
        machines::line(&answer, &mut out)?;
        // Somebody may wait for the answer before asking again.
        out.flush()?;
        worst = worse(worst, exit);
    }
    if answered == 0 {
        bail!("no line to judge: expected one JSON object a line, with the member `chain` at least");
    }
    Ok(worst)
}

/// What is wrong with a line, without the words of the parser for what it is made of.
fn wrong(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    match error.classify() {
        Category::Data => {
            let words = error.to_string();
            let words = words.split(" at line ").next().unwrap_or_default();
            if words.contains("untagged") || words.contains("struct Line") {
                "expected an object whose members are texts or lists of texts, `chain` at least".to_owned()
            } else {
                untrusted::shown(words)
            }
        }
        _ => format!("column {}: no JSON", error.column()),
    }
}

/// One line without its end; at most `limits::FILE_BYTES`, and nothing of the rest of a longer one.
fn next(lines: &mut Box<dyn BufRead>) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let most = limits::FILE_BYTES;
    let read = lines.by_ref().take(most).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') && u64::try_from(read).is_ok_and(|read| read == most) {
        loop {
            let chunk = lines.fill_buf()?;
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(chunk.len(), |end| end + 1);
            let is_last = end.is_some() || chunk.is_empty();
            lines.consume(used);
            if is_last {
                break;
            }
        }
    }
    Ok(Some(line))
}

const fn worse(one: Exit, other: Exit) -> Exit {
    match (one, other) {
        (Exit::Usage, _) | (_, Exit::Usage) => Exit::Usage,
        (Exit::Findings, _) | (_, Exit::Findings) => Exit::Findings,
        _ => one,
    }
}

struct Bench<'a> {
    args: &'a Args,
    stores: Asked,
    reading: Reading,
    memory: SignatureMemory,
}

impl Bench<'_> {
    fn answer(&mut self, line: &[u8], number: u64) -> (Map<String, Value>, Exit) {
        let place = |error: anyhow::Error| error.context(format!("line {number}"));
        let (id, judged) = match serde_json::from_slice::<Line>(line) {
            Ok(asked) => (asked.id.clone(), self.judge(&asked).map_err(place)),
            Err(error) => {
                // An identifier is answered with, even when the rest of the line is not understood.
                let id = serde_json::from_slice::<Value>(line)
                    .ok()
                    .and_then(|line| line.get("id").cloned());
                (
                    id.unwrap_or_default(),
                    Err(anyhow!("line {number}: {}", wrong(&error))),
                )
            }
        };
        let mut answer = Map::new();
        if !id.is_null() {
            answer.insert("id".to_owned(), id);
        }
        let exit = match judged {
            Ok((said, valid)) => {
                answer.extend(said);
                match valid {
                    Some(true) => Exit::Fine,
                    Some(false) => Exit::Findings,
                    None => Exit::Usage,
                }
            }
            Err(error) => {
                answer.insert("valid".to_owned(), Value::Null);
                answer.insert("error".to_owned(), format!("{error:#}").into());
                Exit::Usage
            }
        };
        let remarks: Vec<Value> = self.reading.remarks.drain(..).map(Value::from).collect();
        if !remarks.is_empty() {
            answer.insert("remarks".to_owned(), remarks.into());
        }
        (answer, exit)
    }

    fn judge(&mut self, asked: &Line) -> anyhow::Result<(Map<String, Value>, Option<bool>)> {
        let task = self.task(asked)?;
        let verdicts = task.verdicts(&self.memory);
        let valid = task.is_valid(
            verdicts
                .iter()
                .map(|verdict| (verdict.kind, verdict.is_trusted())),
        );
        let valid = (valid || !task.is_beyond_us(&verdicts)).then_some(valid);
        self.reading.remarks.extend(task.unheard(&verdicts, &self.memory));
        Ok((machines::answer(&task, &verdicts, valid), valid))
    }

    fn task(&mut self, asked: &Line) -> anyhow::Result<Task> {
        let chain = self.chain(&asked.chain)?;
        let known = self.certificates("known", asked.known.as_ref())?;
        let stores = match (&asked.roots, &asked.store) {
            (Some(roots), None) => {
                let roots = self.certificates("roots", Some(roots))?;
                if roots.is_empty() {
                    bail!("`roots`: no certificate in it: expected the roots to trust, PEM or DER in base64");
                }
                Asked::all(Stores::none().with_user_store("roots", roots)?)
            }
            (None, Some(names)) => self.stores.only(names.all())?,
            (None, None) => self.stores.clone(),
            (Some(_), Some(_)) => bail!("`roots` and `store`: name one of them"),
        };
        let mut crls = Vec::new();
        let texts = asked.crl.as_ref().map(Texts::all).unwrap_or_default();
        for (number, text) in texts.iter().enumerate() {
            let place = place("crl", number, texts);
            let contents = self.reading.of_bytes(&place, text.as_bytes())?;
            crls.extend(self.reading.lists_of(&place, contents));
        }
        let mut replies = Vec::new();
        let texts = asked.ocsp.as_ref().map(Texts::all).unwrap_or_default();
        for (number, text) in texts.iter().enumerate() {
            let place = place("ocsp", number, texts);
            let contents = self.reading.of_bytes(&place, text.as_bytes())?;
            replies.extend(self.reading.replies_of(&place, contents));
        }
        let at = asked.at.as_deref().map(When::parse).transpose();
        let at = at
            .map_err(|error| anyhow!("`at`: {error}"))?
            .unwrap_or(self.args.at);
        let host = asked.host.as_deref().map(task::host).transpose();
        Ok(Task {
            chain,
            known,
            stores,
            host: host.map_err(|error| anyhow!("`host`: {error}"))?,
            at: at.moment(),
            purpose: word::<PurposeWord>("purpose", asked.purpose.as_deref())?
                .unwrap_or(self.args.purpose)
                .into(),
            profile: word::<ProfileWord>("profile", asked.profile.as_deref())?
                .unwrap_or(self.args.profile)
                .into(),
            crls,
            replies,
            max_depth: asked.max_depth,
            policies: PolicyInputs {
                acceptable: policies(asked.policies.as_ref())?,
                explicit: asked.explicit_policy,
                mapping_inhibited: asked.inhibit_policy_mapping,
                any_inhibited: asked.inhibit_any_policy,
            },
        })
    }

    fn chain(&mut self, texts: &Texts) -> anyhow::Result<Vec<Arc<Certificate>>> {
        let mut chain = Vec::new();
        let texts = texts.all();
        if let Some(first) = texts.first() {
            let place = place("chain", 0, texts);
            let contents = self.reading.of_bytes(&place, first.as_bytes())?;
            chain = self.reading.chain_of(&place, contents)?;
        }
        chain.extend(self.readable("chain", texts, 1));
        if chain.is_empty() {
            bail!("`chain` is empty: expected the leaf, then whatever else was sent");
        }
        Ok(chain)
    }

    fn certificates(&mut self, member: &str, texts: Option<&Texts>) -> anyhow::Result<Vec<Arc<Certificate>>> {
        let texts = texts.map(Texts::all).unwrap_or_default();
        if let [text] = texts {
            let contents = self.reading.of_bytes(member, text.as_bytes())?;
            return Ok(self.reading.certificates_of(member, contents));
        }
        Ok(self.readable(member, texts, 0))
    }

    /// The certificates of what can be read of a list from `first` on; the rest is remarked upon with its place.
    fn readable(&mut self, member: &str, texts: &[String], first: usize) -> Vec<Arc<Certificate>> {
        let mut certificates = Vec::new();
        for (number, text) in texts.iter().enumerate().skip(first) {
            let place = place(member, number, texts);
            match self.reading.of_bytes(&place, text.as_bytes()) {
                Ok(contents) => certificates.extend(self.reading.certificates_of(&place, contents)),
                Err(error) => self.reading.remarks.push(format!("{error}; the others are used")),
            }
        }
        certificates
    }
}

/// The name of a text of a member: `chain`, or `chain[1]` when there are several.
fn place(member: &str, number: usize, texts: &[String]) -> String {
    if texts.len() == 1 {
        return member.to_owned();
    }
    format!("{member}[{number}]")
}

/// Object identifiers, `2.23.140.1.2.1`.
fn policies(texts: Option<&Texts>) -> anyhow::Result<Vec<Oid>> {
    let texts = texts.into_iter().flat_map(Texts::all);
    texts
        .map(|text| {
            let shown = || {
                anyhow!(
                    "`policies`: `{}` is no object identifier, such as 2.23.140.1.2.1",
                    untrusted::shown(text)
                )
            };
            Oid::from_dotted(text).ok_or_else(shown)
        })
        .collect()
}

/// A word of a list, as the flag of the same name takes it.
fn word<T: clap::ValueEnum>(place: &str, typed: Option<&str>) -> anyhow::Result<Option<T>> {
    let Some(typed) = typed else {
        return Ok(None);
    };
    let parsed = T::from_str(typed, true).map_err(|_| {
        let values = T::value_variants()
            .iter()
            .filter_map(clap::ValueEnum::to_possible_value);
        let values: Vec<_> = values.map(|value| format!("`{}`", value.get_name())).collect();
        anyhow!("`{place}`: expected {}", values.join(" or "))
    })?;
    Ok(Some(parsed))
}
