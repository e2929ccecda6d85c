//! A farm of many distinct TLS hosts on loopback, for benchmarks and hostile runs.
//!
//! Every address of 127.0.0.0/8 is a host. [`host`] says what kind of host an address is, [`mint`] makes its certificate when it is
//! first asked for, [`odd`] makes certificates that no authority would, [`behaviour`] answers connections, and [`serve`] runs the
//! ports: one port for each behaviour, the same on every address. Nothing outside the machine can reach it.

pub mod behaviour;
pub mod der;
pub mod host;
pub mod mint;
pub mod odd;
pub mod serve;
