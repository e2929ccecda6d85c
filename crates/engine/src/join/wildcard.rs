//! A wildcard's reach: how much one key opens when it is stolen, and how many machines must be told when it is renewed.
//!
//! One valid certificate with a wildcard name comes in, with counts of what it is served at and what it could stand for.

/// A wildcard and where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wildcard {
    /// Endpoints that serve a certificate with it now.
    pub places: u64,
    /// Addresses among them.
    pub addresses: u64,
    /// Known names below it that are served by it.
    pub names_served: u64,
}

/// How far it reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Nothing serves it.
    Unused,
    /// One machine.
    One,
    /// Several machines: its key is on each of them.
    Shared,
    /// At least [`WIDE`] machines.
    Wide,
}

/// From so many addresses on a reach is wide: nobody deploys to as many by hand in one go.
pub const WIDE: u64 = 10;

impl Reach {
    /// The word used in every output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unused => "unused",
            Self::One => "one",
            Self::Shared => "shared",
            Self::Wide => "wide",
        }
    }
}

/// How far a wildcard reaches.
pub const fn reach(wildcard: &Wildcard) -> Reach {
    match wildcard.addresses {
        0 => Reach::Unused,
        1 => Reach::One,
        few if few < WIDE => Reach::Shared,
        _ => Reach::Wide,
    }
}

/// Whether a name lies directly below a wildcard, as clients match it (RFC 9525 section 6.3): the star is one label. Both in
/// lower case.
pub fn is_below(name: &str, wildcard: &str) -> bool {
    let parent = wildcard.strip_prefix("*.");
    let above = name
        .split_once('.')
        .filter(|(label, _)| !label.is_empty() && *label != "*");
    matches!((parent, above), (Some(parent), Some((_, above))) if parent == above)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(addresses: u64) -> Reach {
        reach(&Wildcard {
            places: addresses,
            addresses,
            names_served: 0,
        })
    }

    #[test]
    fn machines_are_counted_not_names() {
        assert_eq!(
            [0, 1, 2, 9, 10].map(at),
            [
                Reach::Unused,
                Reach::One,
                Reach::Shared,
                Reach::Shared,
                Reach::Wide
            ]
        );
    }

    #[test]
    fn a_star_is_one_label() {
        assert!(is_below("a.example.com", "*.example.com"));
        for name in [
            "example.com",
            "a.b.example.com",
            "*.example.com",
            ".example.com",
            "a.example.org",
            "",
        ] {
            assert!(!is_below(name, "*.example.com"), "{name}");
        }
        assert!(!is_below("a.example.com", "example.com"));
    }
}
