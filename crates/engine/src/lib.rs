//! Conducts: decides when to look, carries facts from place to place, and says what follows from all of them.
//!
//! - [`pipeline`]: the life of a fact, in one file; [`conductor`]: the heart-beat, which takes what is due and asks sources;
//! - [`source`]: a source on its turn;
//! - [`look`]: one look at one endpoint, from the connection to the verdict; `scan` and the inventory make the same one;
//! - [`inquiry`]: what third parties are asked about it;
//! - [`remember`]: a look in the words in which it is remembered;
//! - [`schedule`], [`due`]: when to look next; [`steady`]: what time it is, when the clock on the wall is wrong;
//! - [`join`]: what follows from all facts together;
//! - [`alert`]: what somebody should hear of, and whether they did;
//! - [`transition`]: what changed at a place, and when.
//!
//! It shows nothing, reads no configuration, and has no SQL.

pub mod alert;
pub mod conductor;
pub mod due;
pub mod inquiry;
pub mod join;
pub mod look;
pub mod pipeline;
pub mod remember;
pub mod schedule;
pub mod source;
pub mod steady;
pub mod transition;
