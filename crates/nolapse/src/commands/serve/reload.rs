//! The configuration read anew while serving: all of it, or nothing and the reason.

use anyhow::{Context as _, bail};
use store::Store;

use super::{Args, supervisor, telling};
use crate::config::Config;
use crate::say;
use crate::scan::signals::Signals;

/// Waits until a sound configuration was asked for, and gives it. One that is not is said, and waited on.
pub(super) async fn asked_for(args: &Args, store: &Store, signals: &Signals, running: &str) -> Config {
    loop {
        signals.reload.notified().await;
        supervisor::reloading();
        match read(args, store) {
            Ok(config) => return config,
            Err(error) => {
                say::warning(&format!(
                    "the configuration was not taken: {error:#}; still serving by the one of before; mend it and send SIGHUP again"
                ));
                supervisor::ready(&format!(
                    "{running}; the newest configuration has an error and was not taken"
                ));
            }
        }
    }
}

/// Reads it with everything that it leads to.
fn read(args: &Args, store: &Store) -> anyhow::Result<Config> {
    let config = Config::load(args.place.config.as_deref())?;
    let address = args.place.address(&config)?;
    if address.to_string() != store.address().to_string() {
        bail!(
            "it keeps the inventory at another place ({}), which needs a new start",
            model::untrusted::shown(&address.to_string())
        );
    }
    if let Some(pair) = args.pages.pair(&config.web) {
        pair.load().context("[web]")?;
    }
    telling::channels(&config.telling)?;
    Ok(config)
}
