//! Where the report of a scan goes: standard output, a pipe, or a file that takes its place when the run has ended.
//!
//! A path comes in, a stream and what ends it go out. What is written is not looked at, but for the first part of a
//! report that is continued.

use std::fs::{self, File};
use std::io::{self, IsTerminal as _, Read as _, Seek as _, Take, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use model::untrusted;

use crate::file::{self, AtomicFile, Readers};
use crate::report::Rendering;
use crate::scan::run::Output;

/// The output and, when it is a file, what puts it in its place.
pub(super) struct Opened {
    pub(super) output: Output,
    pub(super) file: Option<Pending>,
}

/// A file that is put in its place when the run has ended.
pub(super) struct Pending(Arc<std::sync::Mutex<Option<AtomicFile>>>);

/// The writer's hand on the same file.
struct Shared(Arc<std::sync::Mutex<Option<AtomicFile>>>);

pub(super) fn open(path: Option<&Path>, rendering: &Rendering, continues: bool) -> anyhow::Result<Opened> {
    let Some(path) = path else {
        let stdout = io::stdout();
        let watched = stdout.is_terminal();
        let output = Output {
            sink: Box::new(stdout),
            watched,
            continued: continues && rendering.can_be_appended_to(),
        };
        return Ok(Opened { output, file: None });
    };
    let shown = untrusted::shown(&path.display().to_string());
    let cannot =
        |error: &io::Error| anyhow::anyhow!("cannot write the report to {shown}: {}", file::reason(error));
    // A pipe or device gives nothing back of what was written to it.
    let is_there = fs::metadata(path).is_ok_and(|known| known.is_file());
    let earlier = (continues && is_there)
        .then(|| File::open(path))
        .transpose()
        .map_err(|error| cannot(&error))?;
    let mut first_part = earlier
        .map(|earlier| first_part(earlier, rendering))
        .transpose()
        .map_err(|error| cannot(&error))?
        .map(|part| {
            part.with_context(|| {
                format!(
                    "{shown} holds the first part of the report, and this format cannot be continued: name another --output"
                )
            })
        })
        .transpose()?;
    let mut file = AtomicFile::create(path, Readers::Anybody).map_err(|error| cannot(&error))?;
    let copied = first_part
        .as_mut()
        .map_or(Ok(0), |part| io::copy(part, &mut file))
        .map_err(|error| cannot(&error))?;
    let continued = copied > 0;
    let file = Arc::new(std::sync::Mutex::new(Some(file)));
    let sink = Box::new(Shared(Arc::clone(&file)));
    Ok(Opened {
        output: Output {
            sink,
            watched: false,
            continued,
        },
        file: Some(Pending(file)),
    })
}

/// The earlier part of a report from its begin to its tail; `None` when it cannot go on.
fn first_part(mut earlier: File, rendering: &Rendering) -> io::Result<Option<Take<File>>> {
    let Some(length) = rendering.length_without_tail(&mut earlier)? else {
        return Ok(None);
    };
    earlier.rewind()?;
    Ok(Some(earlier.take(length)))
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut file = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.as_mut().map_or_else(
            || Err(io::ErrorKind::NotConnected.into()),
            |file| file.write(bytes),
        )
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Pending {
    pub(super) fn commit(self, path: Option<&Path>) -> anyhow::Result<()> {
        let file = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        let Some(file) = file else { return Ok(()) };
        let shown = path
            .map(|path| untrusted::shown(&path.display().to_string()))
            .unwrap_or_default();
        file.commit()
            .map_err(|error| anyhow::anyhow!("cannot write the report to {shown}: {}", file::reason(&error)))
    }
}
