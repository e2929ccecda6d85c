//! Reaching out: the only room that opens connections or reads the time.
//!
//! A [`Network`] is made once per worker thread from [`Settings`] and a shared [`Permits`]; it resolves names to every
//! address they have and dials addresses within the limits that make us a polite guest. What goes wrong comes back as
//! a [`model::observation::Failure`], never as an error of ours. It knows nothing of the TLS that is looked at; the TLS
//! of [`http`] carries data for us.

pub mod api;
pub mod clock;
mod dial;
pub mod dns;
pub mod http;
mod permits;
mod resolve;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub use dial::Connection;
pub use permits::{Caps, Permit, Permits};
pub use resolve::{Families, Resolution};

/// How to reach out.
#[derive(Clone, Debug)]
pub struct Settings {
    /// DNS servers to ask; empty means those of the operating system.
    pub resolvers: Vec<SocketAddr>,
    /// Which address families are wanted.
    pub families: Families,
    /// How long one TCP connect may take.
    pub connect_timeout: Duration,
    /// How long resolving one name may take, all its queries included.
    pub resolve_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            resolvers: Vec::new(),
            families: Families::Both,
            connect_timeout: model::limits::CONNECT,
            resolve_timeout: model::limits::RESOLVE,
        }
    }
}

/// A way out for one worker thread: its own resolver, and limits that are shared with the other workers.
pub struct Network {
    settings: Settings,
    permits: Arc<Permits>,
    resolver: resolve::Lazy,
}

impl Network {
    /// A network that obeys `permits` together with every other holder of them. Must be used within a tokio runtime.
    pub fn new(settings: Settings, permits: Arc<Permits>) -> Self {
        Self {
            settings,
            permits,
            resolver: resolve::Lazy::default(),
        }
    }
}
