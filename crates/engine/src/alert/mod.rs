//! What somebody should hear of: how everything stands comes in, alerts and the letters that tell of them go out.
//!
//! [`condition`] says what is wrong now, once for each cause; [`round`] compares that with what was known and decides who is
//! told; [`teller`] does both again and again, and sees to it that letters arrive. The first two are pure: the same standings
//! in any order are the same conditions, and the same round.

pub mod condition;
pub mod round;
pub mod teller;
