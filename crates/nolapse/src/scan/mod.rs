//! A scan: targets come in, looks are made and judged, a report goes out.
//!
//! One thread reads the targets and feeds a bounded channel; a worker per core looks and judges; the calling thread
//! writes. Nothing is held that grows with the number of targets:
//!
//! - [`targets`]: from what was typed to numbered items; [`learnt`]: from what DNS names;
//! - [`work`]: one worker, from items to batches of rendered or judged looks (one look is made by `engine::look`);
//! - [`run`]: all of it together, with signals, progress and output;
//! - [`resume`], [`known`]: what is kept between runs;
//! - [`tally`], [`progress`]: counts.

pub(crate) mod known;
pub(crate) mod learnt;
pub(crate) mod progress;
pub(crate) mod resume;
pub(crate) mod run;
pub(crate) mod signals;
pub(crate) mod tally;
pub(crate) mod targets;
pub(crate) mod wishes;
pub(crate) mod work;
