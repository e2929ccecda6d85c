//! Signals: the first Ctrl-C (or SIGTERM, or SIGHUP) asks for an orderly end, the second ends at once; SIGUSR1 asks for a line.
//! To a service, SIGHUP says to read the configuration anew, unless a terminal sends it because it goes away.
//!
//! They are awaited on a thread of their own, since the writer may be waiting for a slow reader of its output.

use std::io::IsTerminal as _;
use std::sync::Arc;

use tokio::sync::{Notify, watch};

/// How the rest of the program hears of signals.
#[derive(Clone)]
pub(crate) struct Signals {
    /// Turns true at the first Ctrl-C.
    pub(crate) stop: watch::Receiver<bool>,
    /// Told at each SIGUSR1.
    pub(crate) line: Arc<Notify>,
    /// Told at each SIGHUP when that does not mean to end.
    pub(crate) reload: Arc<Notify>,
}

/// What SIGHUP means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HangUp {
    Ends,
    Reloads,
}

impl Signals {
    /// Begins to listen. When that is impossible, Ctrl-C does what it does to any program.
    pub(crate) fn listen() -> Self {
        Self::begin(HangUp::Ends)
    }

    /// The same for what runs on and on: SIGHUP asks to reload, unless there is a terminal that would send it at its end.
    pub(crate) fn listen_as_a_service() -> Self {
        Self::begin(match std::io::stdin().is_terminal() {
            true => HangUp::Ends,
            false => HangUp::Reloads,
        })
    }

    fn begin(meaning: HangUp) -> Self {
        let (stop, stopped) = watch::channel(false);
        let signals = Self {
            stop: stopped,
            line: Arc::default(),
            reload: Arc::default(),
        };
        let (line, reload) = (Arc::clone(&signals.line), Arc::clone(&signals.reload));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
        if let Ok(runtime) = runtime {
            // Not joined: it waits for a signal that may never come, and ends with the process.
            let thread = std::thread::Builder::new().name("signals".to_owned());
            drop(thread.spawn(move || runtime.block_on(wait(&stop, &line, &reload, meaning))));
        }
        signals
    }
}

#[cfg(unix)]
async fn wait(stop: &watch::Sender<bool>, line: &Notify, reload: &Notify, meaning: HangUp) {
    use tokio::signal::unix::{Signal, SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut user)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
        signal(SignalKind::user_defined1()),
    ) else {
        return;
    };
    let mut hang_up = match hang_up_is_ignored() {
        false => signal(SignalKind::hangup()).ok(),
        true => None,
    };
    let hung_up = async |hang_up: &mut Option<Signal>| match hang_up {
        Some(hang_up) => hang_up.recv().await,
        None => std::future::pending().await,
    };
    loop {
        tokio::select! {
            _ = interrupt.recv() => end(stop),
            _ = terminate.recv() => end(stop),
            _ = hung_up(&mut hang_up) => match meaning {
                HangUp::Ends => end(stop),
                HangUp::Reloads => reload.notify_one(),
            },
            _ = user.recv() => line.notify_one(),
        }
    }
}

/// Whether whoever started us wants us to outlive the terminal (`nohup`): to listen would undo that. Where the system
/// does not tell, the signal keeps doing what it does to any program.
#[cfg(unix)]
fn hang_up_is_ignored() -> bool {
    let told = std::fs::read_to_string("/proc/self/status").ok();
    let mask = told
        .as_deref()
        .and_then(|status| status.lines().find_map(|line| line.strip_prefix("SigIgn:")))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // The lowest bit is signal 1, SIGHUP.
    mask.is_none_or(|mask| mask & 1 == 1)
}

#[cfg(not(unix))]
async fn wait(stop: &watch::Sender<bool>, _line: &Notify, _reload: &Notify, _meaning: HangUp) {
    while tokio::signal::ctrl_c().await.is_ok() {
        end(stop);
    }
}

fn end(stop: &watch::Sender<bool>) {
    if stop.send_replace(true) {
        at_once();
    }
}

#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "asked twice to end, by somebody who will not wait"
)]
fn at_once() {
    std::process::exit(130);
}
