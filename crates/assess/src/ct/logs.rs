//! The Certificate Transparency logs: who operates which, with which key, and what Apple and Chrome think of it.
//!
//! Our own form of their lists comes in, logs by their identifier go out. The lists are long and most looks need none of
//! them, so that they are read when the first timestamp is looked at.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use crate::trust_store::lines::{self, Line};

/// The logs that are known.
#[derive(Clone, Debug, Default)]
pub struct Logs {
    text: Arc<str>,
    read: OnceLock<HashMap<[u8; 32], Arc<Log>>>,
}

/// One log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// SHA-256 of its key.
    pub id: [u8; 32],
    /// Its SubjectPublicKeyInfo.
    pub key: Box<[u8]>,
    /// Who operates it.
    pub operator: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// What Apple says of it.
    pub apple: Option<Standing>,
    /// What Chrome says of it.
    pub chrome: Option<Standing>,
}

/// What a client says of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The state.
    pub state: LogState,
    /// Since when.
    pub since: Timestamp,
}

/// The states of a log, as both clients name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogState {
    /// Has asked to be accepted.
    Pending,
    /// Accepted, not by every client yet.
    Qualified,
    /// Accepted.
    Usable,
    /// Accepted; takes nothing new.
    ReadOnly,
    /// What it signed before it was retired counts as history.
    Retired,
    /// Counts for nothing.
    Rejected,
}

impl LogState {
    /// The word used in every output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Qualified => "qualified",
            Self::Usable => "usable",
            Self::ReadOnly => "read-only",
            Self::Retired => "retired",
            Self::Rejected => "rejected",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        let all = [
            Self::Pending,
            Self::Qualified,
            Self::Usable,
            Self::ReadOnly,
            Self::Retired,
            Self::Rejected,
        ];
        all.into_iter().find(|state| state.word() == word)
    }
}

impl Logs {
    /// Those of a text in our form, which is read when it is needed. What cannot be read then is left out.
    pub(crate) fn of(text: impl Into<Arc<str>>) -> Self {
        Self {
            text: text.into(),
            read: OnceLock::new(),
        }
    }

    /// The same, read now.
    ///
    /// # Errors
    /// The number of the first line that is not understood.
    pub fn parse(text: &str) -> Result<Self, usize> {
        let logs = Self::of(text);
        let read = parse(text)?;
        // It is empty: nobody else has it yet.
        drop(logs.read.set(read));
        Ok(logs)
    }

    /// These very logs.
    pub fn from_list(logs: impl IntoIterator<Item = Log>) -> Self {
        let by_id = logs.into_iter().map(|log| (log.id, Arc::new(log)));
        Self {
            text: Arc::from(""),
            read: OnceLock::from(by_id.collect::<HashMap<_, _>>()),
        }
    }

    /// The log of that identifier.
    pub fn find(&self, id: &[u8; 32]) -> Option<&Arc<Log>> {
        self.all().get(id)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn all(&self) -> &HashMap<[u8; 32], Arc<Log>> {
        self.read.get_or_init(|| parse(&self.text).unwrap_or_default())
    }
}

/// A log of which not all is read yet.
#[derive(Default)]
struct Draft {
    id: Option<[u8; 32]>,
    key: Box<[u8]>,
    operator: Arc<str>,
    name: Arc<str>,
    apple: Option<Standing>,
    chrome: Option<Standing>,
}

impl Draft {
    fn take(&mut self, key: &str, value: &str) -> Option<()> {
        match key {
            "id" => self.id = Some(lines::digest(value)?),
            "key" => self.key = lines::bytes(value)?.into(),
            "operator" => self.operator = Arc::from(value),
            "name" => self.name = Arc::from(value),
            "apple" => self.apple = Some(standing(value)?),
            "chrome" => self.chrome = Some(standing(value)?),
            // For whoever reads the list; neither client holds a timestamp against them.
            "protocol" | "covers" => {}
            _ => return None,
        }
        Some(())
    }

    fn finish(self) -> Option<Log> {
        Some(Log {
            id: self.id?,
            key: self.key,
            operator: self.operator,
            name: self.name,
            apple: self.apple,
            chrome: self.chrome,
        })
    }
}

fn parse(text: &str) -> Result<HashMap<[u8; 32], Arc<Log>>, usize> {
    let mut logs = HashMap::new();
    let mut draft: Option<(usize, Draft)> = None;
    let mut keep = |draft: Option<(usize, Draft)>| -> Result<(), usize> {
        if let Some((line, draft)) = draft {
            let log = draft.finish().ok_or(line)?;
            logs.insert(log.id, Arc::new(log));
        }
        Ok(())
    };
    for (line, read) in lines::read(text) {
        match (read, &mut draft) {
            (Ok(Line::Section("log")), _) => keep(draft.replace((line, Draft::default())))?,
            (Ok(Line::Pair { key, value }), Some((_, draft))) => draft.take(key, value).ok_or(line)?,
            // The head of the file says where it comes from.
            (Ok(Line::Pair { .. }), None) => {}
            _ => return Err(line),
        }
    }
    keep(draft)?;
    Ok(logs)
}

/// `usable 2025-11-15T00:00:00Z`.
fn standing(text: &str) -> Option<Standing> {
    let (state, since) = text.split_once(' ')?;
    Some(Standing {
        state: LogState::parse(state)?,
        since: since.parse().ok()?,
    })
}
