//! Looks of a scan into the inventory (`scan --save`).
//!
//! Workers hand over looks in the words of the inventory; here they are gathered and written, with the service that was asked
//! for, so that `serve` goes on looking at it. What is written is durable before the scan ends.

use anyhow::Context as _;
use engine::due;
use engine::schedule::Cadence;
use jiff::Timestamp;
use model::Untrusted;
use model::inventory::{Look, Place, RunEnd, RunOutcome, SourceRun, Vantage};
use model::sighting::{EndpointSighting, Sighted, Sighting, SourceKind, SourceName};
use net::clock::SystemClock;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::Store;

use super::Where;

/// A look to be kept.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// What was seen.
    pub(crate) look: Look,
    /// Whether the address was found by resolving the name.
    pub(crate) resolved: bool,
}

/// Where looks of a scan go.
pub(crate) struct Saver {
    store: Store,
    cadence: Cadence,
    source: SourceName,
    began: Timestamp,
    waiting: Vec<Kept>,
    saved: u64,
}

/// Looks that are written together.
const AT_ONCE: usize = 1_000;

impl Saver {
    /// Opens the inventory.
    pub(crate) fn open(place: &Where) -> anyhow::Result<Self> {
        let inventory = place.open()?;
        Ok(Self {
            store: inventory.store,
            cadence: inventory.config.cadence,
            source: SourceName::parse("scan").context("the name of scans")?,
            began: SystemClock.now(),
            waiting: Vec::new(),
            saved: 0,
        })
    }

    /// Takes looks; writes when there are enough.
    pub(crate) async fn take(&mut self, kept: Vec<Kept>) -> anyhow::Result<()> {
        self.waiting.extend(kept);
        if self.waiting.len() >= AT_ONCE {
            self.write().await
        } else {
            Ok(())
        }
    }

    /// Writes what waits.
    pub(crate) async fn write(&mut self) -> anyhow::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let kept = std::mem::take(&mut self.waiting);
        let vantage = Vantage::local();
        let mut sightings = Vec::with_capacity(kept.len());
        let mut turns = Vec::with_capacity(kept.len());
        for Kept { look, resolved } in &kept {
            let asked = Place {
                service: look.place.service.clone(),
                address: look.place.address.filter(|_| !resolved),
            };
            sightings.push(Sighting {
                at: look.at,
                what: Sighted::Endpoint(EndpointSighting {
                    service: Arc::new(asked.service.clone()),
                    address: asked.address,
                    because: vec![Untrusted::new("nolapse scan")],
                }),
            });
            if *resolved && look.place.address.is_some() {
                turns.push(due::never(look.place.clone(), &vantage));
            }
            turns.push(due::due_after(&self.cadence, &vantage, asked, look));
        }
        let count = kept.len();
        self.store
            .sight(&self.source, SourceKind::Looks, sightings)
            .await?;
        let looks = kept.into_iter().map(|kept| kept.look).collect();
        self.store.ingest(looks, turns, None).await?;
        self.saved += u64::try_from(count).unwrap_or(u64::MAX);
        Ok(())
    }

    /// Writes the rest, and that a scan was made. Gives the number of looks.
    pub(crate) async fn finish(mut self) -> anyhow::Result<u64> {
        self.write().await?;
        let outcome = RunOutcome {
            ended: SystemClock.now().max(self.began),
            end: RunEnd::Complete,
            found: self.saved,
            stored: self.saved,
            skipped: BTreeMap::new(),
            error: None,
        };
        let run = SourceRun {
            source: self.source.clone(),
            kind: SourceKind::Looks,
            began: self.began,
            outcome: Some(outcome),
        };
        self.store.note_run(run).await?;
        Ok(self.saved)
    }
}
