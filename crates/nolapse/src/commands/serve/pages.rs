//! The pages of `serve`: an address is listened on before anything else begins, and answered on a thread of its own, so
//! that looks and readers do not wait for each other.
//!
//! The address stays open while the configuration is read anew; what answers there is built anew.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::{Context as _, anyhow, bail};
use engine::conductor::Score;
use store::Store;
use tokio::sync::watch;
use web::{Identity, Parts};

use crate::commands::serve::pair::Pair;
use crate::commands::serve::supervisor;
use crate::config::Web;
use crate::inventory::runtime;
use crate::{file, say};

/// Where the pages are.
#[derive(clap::Args, Default)]
#[command(next_help_heading = "Pages")]
pub(super) struct PageArgs {
    /// Where the pages are; 127.0.0.1:8787 unless given
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        conflicts_with_all = ["once", "everything"],
        env = "NOLAPSE_LISTEN",
        hide_env = true
    )]
    listen: Option<SocketAddr>,

    /// No pages
    #[arg(long, conflicts_with = "listen", env = "NOLAPSE_NO_WEB", hide_env = true)]
    no_web: bool,

    /// A name under which the pages are reached, besides addresses and localhost; may be repeated
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        env = "NOLAPSE_WEB_NAME",
        hide_env = true,
        value_parser = name
    )]
    web_name: Vec<model::Name>,

    /// Speak HTTPS: the chain to show, in PEM, leaf first. Read anew when the file changes
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_key",
        env = "NOLAPSE_TLS_CERTIFICATE",
        hide_env = true
    )]
    tls_certificate: Option<PathBuf>,

    /// The key of that certificate, in PEM, without a passphrase
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_certificate",
        env = "NOLAPSE_TLS_KEY",
        hide_env = true
    )]
    tls_key: Option<PathBuf>,
}

/// Unless another is named. Nobody else's by custom, and easy to remember beside 8080.
const PORT: u16 = 8787;

fn name(typed: &str) -> Result<model::Name, String> {
    model::Name::parse(typed).map_err(|error| error.to_string())
}

/// An address that is listened on.
pub(super) struct Listening {
    listener: TcpListener,
    names: Vec<Box<str>>,
}

/// Pages that are answered until this is dropped.
pub(super) struct Pages {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl PageArgs {
    /// Pages at an address, or at the usual one.
    pub(super) fn at(listen: Option<SocketAddr>) -> Self {
        Self {
            listen,
            ..Self::default()
        }
    }

    /// Begins to listen. `None` when nobody wants pages, or when the usual address is taken: then it is said.
    pub(super) fn listen(&self, said: &Web) -> anyhow::Result<Option<Listening>> {
        if self.no_web {
            return Ok(None);
        }
        let chosen = self.listen.or(said.listen);
        let Some(listener) = self.listener(chosen)? else {
            return Ok(None);
        };
        let address = listener.local_addr()?;
        if !address.ip().is_loopback() {
            bail!(
                "cannot show the pages on {address}: nobody signs in yet, so that they are for this machine alone; listen on 127.0.0.1 \
                 and let a proxy ask for a password"
            );
        }
        listener.set_nonblocking(true)?;
        let scheme = match self.pair(said) {
            Some(_) => "https",
            None => "http",
        };
        say::line(&format!("pages on {scheme}://{address}/"));
        let typed = self.web_name.iter().chain(&said.names);
        Ok(Some(Listening {
            listener,
            names: typed.map(|name| name.as_str().into()).collect(),
        }))
    }

    /// What whoever started us listens on already, else the address of our own.
    fn listener(&self, chosen: Option<SocketAddr>) -> anyhow::Result<Option<TcpListener>> {
        if self.listen.is_none()
            && let Some(inherited) =
                supervisor::inherited().context("the socket that was handed over cannot be used")?
        {
            return Ok(Some(inherited));
        }
        let address = chosen.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, PORT).into());
        match TcpListener::bind(address) {
            Ok(listener) => Ok(Some(listener)),
            Err(error) if chosen.is_none() => {
                let why = file::reason(&error);
                say::warning(&format!(
                    "no pages: cannot listen on {address}: {why}; --listen names another address"
                ));
                Ok(None)
            }
            Err(error) => Err(anyhow!("cannot listen on {address}: {}", file::reason(&error))),
        }
    }

    /// The files of certificate and key, when HTTPS is to be spoken.
    pub(super) fn pair(&self, said: &Web) -> Option<Pair> {
        match (&self.tls_certificate, &self.tls_key) {
            (Some(certificate), Some(key)) => Some(Pair {
                certificate: certificate.clone(),
                key: key.clone(),
            }),
            _ => said.pair.clone(),
        }
    }
}

impl Listening {
    /// Begins to answer, by TLS when there is an identity.
    pub(super) fn answer(
        &self,
        store: &Store,
        score: &Score,
        identity: Option<(Pair, Identity)>,
    ) -> anyhow::Result<Pages> {
        let (stop, stopped) = watch::channel(false);
        let judge = Arc::clone(&score.judge);
        let clock: web::Clock = {
            let judge = Arc::clone(&judge);
            Arc::new(move || judge.time.now())
        };
        let parts = Parts {
            store: store.clone(),
            policy: judge.policy,
            clock: Arc::clone(&clock),
            names: self.names.clone(),
            secure: identity.is_some(),
            stop: stopped.clone(),
        };
        let runtime = runtime()?;
        let listener = self.listener.try_clone()?;
        let answer = async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let router = web::router(parts);
            match identity {
                None => web::serve(listener, None, router, stopped).await,
                Some((pair, identity)) => {
                    let (newer, shown) = watch::channel(identity);
                    let served = web::serve(listener, Some(shown), router, stopped);
                    tokio::select! {
                        ended = served => ended,
                        never = pair.follow(&newer, || clock()) => match never {},
                    }
                }
            }
        };
        let thread = std::thread::Builder::new().name("pages".to_owned());
        let thread = thread.spawn(move || {
            if let Err(error) = runtime.block_on(answer) {
                let why = file::reason(&error);
                say::warning(&format!(
                    "the pages ended: {why}; endpoints are still looked at; start `nolapse serve` anew"
                ));
            }
        });
        Ok(Pages {
            stop,
            thread: Some(thread.context("cannot answer the pages")?),
        })
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
