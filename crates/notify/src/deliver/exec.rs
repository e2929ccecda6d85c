//! Starts a program, writes the message to its standard input, and waits for its end.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use crate::channel::exec::Exec;
use crate::message::Message;

/// A program that has not ended by then is ended.
const WITHIN: Duration = Duration::from_secs(30);
/// What is read of what it says.
const SAID_BYTES: u64 = 1024;

/// The variable with the letter's id.
const ID: &str = "NOLAPSE_LETTER";

pub(super) async fn run(exec: &Exec, id: &str, message: &Message) -> Result<String, String> {
    let body = serde_json::to_vec(message).map_err(|error| error.to_string())?;
    let mut child = Command::new(&exec.program)
        .args(&exec.arguments)
        .env(ID, id)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| {
            format!(
                "{} cannot be started: {error}",
                model::untrusted::shown(&exec.program)
            )
        })?;
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let talk = async {
        let write = async move {
            // A program that does not want to read is fine: its exit status says whether it is content.
            if let Some(mut stdin) = stdin {
                drop(stdin.write_all(&body).await);
            }
        };
        let read = async move {
            let mut said = Vec::new();
            if let Some(stderr) = stderr {
                let mut first = stderr.take(SAID_BYTES);
                drop(first.read_to_end(&mut said).await);
                // The rest is read and thrown away, so that it does not wait for us.
                drop(tokio::io::copy(&mut first.into_inner(), &mut tokio::io::sink()).await);
            }
            said
        };
        let ((), said, status) = tokio::join!(write, read, child.wait());
        (said, status)
    };
    let Ok((said, status)) = tokio::time::timeout(WITHIN, talk).await else {
        return Err(format!("it did not end within {} s", WITHIN.as_secs()));
    };
    let status = status.map_err(|error| error.to_string())?;
    if status.success() {
        return Ok("ended in order".to_owned());
    }
    let said = model::untrusted::shown(String::from_utf8_lossy(&said).trim());
    Err(format!("it ended with {status}: {said}"))
}
