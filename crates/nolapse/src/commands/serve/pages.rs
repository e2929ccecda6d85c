//! The pages of `serve`: an address is listened on before anything else begins, and answered on a thread of its own, so
//! that looks and readers do not wait for each other.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::{Context as _, anyhow, bail};
use engine::conductor::Score;
use store::Store;
use tokio::sync::watch;
use web::Parts;

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
}

/// Unless another is named. Nobody else's by custom, and easy to remember beside 8080.
const PORT: u16 = 8787;

fn name(typed: &str) -> Result<model::Name, String> {
    model::Name::parse(typed).map_err(|error| error.to_string())
}

/// An address that is listened on, and not answered yet.
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
    /// Begins to listen. `None` when nobody wants pages, or when the usual address is taken: then it is said.
    pub(super) fn listen(&self) -> anyhow::Result<Option<Listening>> {
        if self.no_web {
            return Ok(None);
        }
        let address = self.listen.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, PORT).into());
        if !address.ip().is_loopback() {
            bail!(
                "cannot show the pages on {address}: nobody signs in yet, so that they are for this machine alone; listen on 127.0.0.1 \
                 and let a proxy ask for a password"
            );
        }
        let listener = match TcpListener::bind(address) {
            Ok(listener) => listener,
            Err(error) if self.listen.is_none() => {
                let why = file::reason(&error);
                say::warning(&format!(
                    "no pages: cannot listen on {address}: {why}; --listen names another address"
                ));
                return Ok(None);
            }
            Err(error) => return Err(anyhow!("cannot listen on {address}: {}", file::reason(&error))),
        };
        listener.set_nonblocking(true)?;
        say::line(&format!("pages on http://{}/", listener.local_addr()?));
        Ok(Some(Listening {
            listener,
            names: self.web_name.iter().map(|name| name.as_str().into()).collect(),
        }))
    }
}

impl Listening {
    /// Begins to answer.
    pub(super) fn answer(self, store: &Store, score: &Score) -> anyhow::Result<Pages> {
        let (stop, stopped) = watch::channel(false);
        let judge = Arc::clone(&score.judge);
        let parts = Parts {
            store: store.clone(),
            policy: judge.policy,
            clock: Arc::new(move || judge.time.now()),
            names: self.names,
            stop: stopped.clone(),
        };
        let runtime = runtime()?;
        let listener = self.listener;
        let answer = async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            web::serve(listener, web::router(parts), stopped).await
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
