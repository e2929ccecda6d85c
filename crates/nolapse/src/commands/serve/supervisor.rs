//! Whoever started us, when that is a supervisor such as systemd: what it is told, and what it hands over.
//!
//! `sd_notify(3)` and `sd_listen_fds(3)`. Nobody is told anything when nobody asked.

use std::net::TcpListener;

#[cfg(unix)]
use sd_notify::NotifyState;

use crate::say;

/// The listener that was opened for us, the first of them. `None` without one.
///
/// # Errors
/// What was handed over first is not a listener of TCP.
pub(super) fn inherited() -> std::io::Result<Option<TcpListener>> {
    #[cfg(unix)]
    {
        listenfd::ListenFd::from_env().take_tcp_listener(0)
    }
    #[cfg(not(unix))]
    {
        Ok(None)
    }
}

/// We do what we are for, from now on or again.
pub(super) fn ready(status: &str) {
    #[cfg(unix)]
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
    #[cfg(not(unix))]
    let _ = status;
}

/// We read the configuration anew; [`ready`] follows, whatever comes of it.
pub(super) fn reloading() {
    #[cfg(unix)]
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// We end in order.
pub(super) fn stopping() {
    #[cfg(unix)]
    tell(&[NotifyState::Stopping]);
}

/// Says that we are alive for as long as the runtime it runs on makes progress, when a supervisor wants to hear it.
pub(super) fn keep_alive() {
    #[cfg(unix)]
    if let Some(every) = sd_notify::watchdog_enabled() {
        tokio::spawn(async move {
            // Twice as often as it must be.
            let mut beat = tokio::time::interval((every / 2).max(std::time::Duration::from_millis(1)));
            loop {
                beat.tick().await;
                tell(&[NotifyState::Watchdog]);
            }
        });
    }
}

#[cfg(unix)]
fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        say::warning(&format!(
            "cannot tell the supervisor how it goes (NOTIFY_SOCKET): {}",
            crate::file::reason(&error)
        ));
    }
}
