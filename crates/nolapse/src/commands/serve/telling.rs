//! Alerts while serving: channels of the configuration come in, a thread that tells goes out.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::{Context as _, anyhow};
use engine::alert::teller::Teller;
use engine::conductor::Score;
use net::{Caps, Permits};
use notify::channel::settings::{Given, Want};
use notify::deliver::Ping;
use notify::{Channel, Secret};
use store::Store;
use tokio::sync::watch;

use crate::config::{Config, Telling};
use crate::inventory::runtime;
use crate::{file, say};

/// A thread that tells until this is dropped.
pub(super) struct Thread {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

/// Begins to tell. Without a channel alerts are remembered all the same, for whoever looks.
pub(super) fn begin(config: &Config, store: &Store, score: &Score) -> anyhow::Result<Thread> {
    let telling = &config.telling;
    let channels = channels(telling)?;
    let dead_man = telling.dead_man.as_ref().map(|given| {
        let url = read(given, Want::Line).map_err(|reason| anyhow!("alerts.dead_man: {reason}"))?;
        Ping::new(&url).map_err(|wrong| anyhow!("alerts.dead_man: {}", wrong.reason))
    });
    let (stop, stopped) = watch::channel(false);
    let judge = Arc::clone(&score.judge);
    let teller = Teller {
        store: store.clone(),
        channels,
        routes: telling.routes.clone(),
        digest: telling.digest.clone(),
        dead_man: dead_man.transpose()?,
        network: score.network.clone(),
        permits: Permits::new(Caps::default()),
        clock: Arc::new(move || judge.time.now()),
        held: score.held.subscribe(),
        stop: stopped,
    };
    let runtime = runtime()?;
    let thread = std::thread::Builder::new().name("alerts".to_owned());
    let thread = thread.spawn(move || {
        runtime.block_on(teller.tell(&mut |error| say::warning(&format!("alerts: {error}; trying again"))));
    });
    Ok(Thread {
        stop,
        thread: Some(thread.context("cannot tell of alerts")?),
    })
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Every channel of the configuration, with its secrets read.
pub(crate) fn channels(telling: &Telling) -> anyhow::Result<BTreeMap<Box<str>, Arc<Channel>>> {
    let channels = telling.channels.iter().map(|(name, settings)| {
        let channel =
            Channel::new(name, settings, &read).map_err(|wrong| anyhow!("channel.{name}.{wrong}"))?;
        Ok((name.clone(), Arc::new(channel)))
    });
    channels.collect()
}

/// What a setting names.
fn read(given: &Given, want: Want) -> Result<Secret, String> {
    match given {
        Given::Text(text) => Ok(Secret::new(text.as_str())),
        Given::Variable(name) => {
            let value = std::env::var_os(name).map(OsString::into_string);
            let shown = model::untrusted::shown(name);
            match value {
                Some(Ok(value)) if !value.is_empty() => Ok(Secret::new(value)),
                Some(Ok(_)) => Err(format!("the variable {shown} is empty")),
                Some(Err(_)) => Err(format!("the variable {shown} is no UTF-8 text")),
                None => Err(format!("the environment has no variable {shown}")),
            }
        }
        Given::File(path) if want == Want::Line => {
            let line = sources::secret::Secret::line_of(path).map_err(|error| error.to_string())?;
            match line.expose().trim_end() {
                "" => Err(format!(
                    "{} is empty: its first line should be the secret",
                    model::untrusted::shown(&path.display().to_string())
                )),
                line => Ok(Secret::new(line)),
            }
        }
        Given::File(path) => {
            let shown = model::untrusted::shown(&path.display().to_string());
            let bytes = file::read_bounded(path, model::limits::FILE_BYTES)
                .map_err(|error| format!("cannot read {shown}: {}", file::reason(&error)))?;
            let text = String::from_utf8(bytes).map_err(|_| format!("{shown} is no UTF-8 text"))?;
            Ok(Secret::new(text))
        }
    }
}
