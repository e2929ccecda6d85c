//! What a person writes to say where to look, and the services it stands for.
//!
//! One line comes in (`[scheme://]name[@address][:port]`, a URL, an address, a range of addresses), a [`Target`] or a
//! [`TargetError`] with its column goes out. A target expands lazily into services: a range costs no memory. Nothing
//! here resolves names or reads files (`@file` and `-` are the command line's affair).

mod error;
mod expand;
mod parse;

use std::net::IpAddr;

use ipnet::IpNet;

pub use error::{TargetError, TargetErrorKind};
pub use expand::ServerNameChoice;
pub use parse::is_numeric;

use crate::name::Name;
use crate::starttls::StartTls;

/// Where somebody wants to look.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The scheme, if one was written.
    pub scheme: Option<Scheme>,
    /// Name, address or range.
    pub what: What,
    /// The port, if one was written; never 0.
    pub port: Option<u16>,
}

/// What a written scheme means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scheme {
    /// How TLS begins.
    pub starttls: StartTls,
    /// The port when none is written.
    pub port: u16,
}

/// The part of a target that says who is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// A name, to be resolved unless its address was written too.
    Name {
        /// The name.
        name: Name,
        /// The address after `@`.
        address: Option<IpAddr>,
    },
    /// An address.
    Address(IpAddr),
    /// A range of at least two addresses. All of them are meant, also the first and the last ("network" and
    /// "broadcast") of an IPv4 range: whether hosts answer there is for the look to find out.
    Network(IpNet),
}

/// Whether ranges of more than [`limits::RANGE_ADDRESSES`](crate::limits::RANGE_ADDRESSES) addresses are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ranges {
    /// Refuse them: a slip of the pen (`/8` for `/28`) would knock at millions of doors.
    Ordinary,
    /// Take them.
    Large,
}

/// Reads one target of an ordinary size; see [`Target::parse`].
///
/// # Errors
/// As [`Target::parse`].
pub fn parse_target(text: &str) -> Result<Target, TargetError> {
    Target::parse(text, Ranges::Ordinary)
}

/// Reads one line of a list of targets: nothing for a blank line and for a comment, which begins with `#` at the start
/// of the line or behind white space.
pub fn parse_line(line: &str, ranges: Ranges) -> Option<Result<Target, TargetError>> {
    // A byte-order mark is what some editors put in front of a list.
    let line = line.strip_prefix('\u{feff}').unwrap_or(line);
    let mut behind_space = true;
    let end = line.find(|character: char| {
        let comment = character == '#' && behind_space;
        behind_space = character.is_whitespace();
        comment
    });
    let text = line.get(..end.unwrap_or(line.len())).unwrap_or_default();
    if text.trim().is_empty() {
        None
    } else {
        Some(Target::parse(text, ranges))
    }
}

impl Target {
    /// Reads one target; white space around it is passed over, and so is what follows the authority of a URL.
    ///
    /// Behind a scheme, `/` and one to three digits after an address make a range, not a path.
    ///
    /// # Errors
    /// [`TargetError`] with column and span in characters, what was expected, and, where one is near, what was
    /// probably meant.
    pub fn parse(text: &str, ranges: Ranges) -> Result<Self, TargetError> {
        parse::target(text, ranges)
    }

    /// How many addresses it names; 1 for a name that is still to be resolved.
    pub fn addresses(&self) -> u128 {
        match &self.what {
            What::Network(network) => expand::size(network),
            What::Name { .. } | What::Address(_) => 1,
        }
    }

    /// The services it stands for, each with its address when that is known: made one at a time, so that the largest
    /// range costs no memory. See [`ServerNameChoice`] for whom the certificate must name.
    ///
    /// The port is the written one, else each of `ports`, else the scheme's, else 443. How TLS begins is what the
    /// scheme says, else `starttls`, else what the port is known for.
    pub fn services(
        &self,
        ports: &[u16],
        server_name: ServerNameChoice,
        starttls: Option<StartTls>,
    ) -> impl Iterator<Item = (crate::Service, Option<IpAddr>)> + use<> {
        expand::services(self, ports, server_name, starttls)
    }
}
