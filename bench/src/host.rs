//! What kind of host an address is. In: an address. Out: its key, versions and defect, the same on every run.

use std::net::Ipv4Addr;

/// What is wrong with a host's chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// The leaf's time is over.
    Expired,
    /// The leaf's time has not come.
    NotYetValid,
    /// The leaf names somebody else.
    WrongName,
    /// The leaf is signed by its own key.
    SelfSigned,
    /// The intermediate is not sent.
    Incomplete,
    /// The chain ends in a root that is in no store.
    Untrusted,
}

impl Defect {
    /// The word in the truth file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::WrongName => "wrong-name",
            Self::SelfSigned => "self-signed",
            Self::Incomplete => "incomplete",
            Self::Untrusted => "untrusted",
        }
    }
}

/// The versions of TLS that a host speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versions {
    /// TLS 1.2 and 1.3.
    Both,
    /// TLS 1.2 alone.
    Only12,
    /// TLS 1.3 alone.
    Only13,
}

impl Versions {
    /// The word in the truth file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Both => "1.2+1.3",
            Self::Only12 => "1.2",
            Self::Only13 => "1.3",
        }
    }
}

/// The kinds of keys in the farm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA with 2048 bits.
    Rsa,
    /// ECDSA on P-256.
    Ecdsa,
}

/// One host of the farm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host {
    /// The last three bytes of its address.
    pub id: u32,
    /// Its key.
    pub key: KeyKind,
    /// Its versions.
    pub versions: Versions,
    /// What is wrong with it.
    pub defect: Option<Defect>,
}

/// Thousandths of hosts up to and including each defect: 12 % in all.
const DEFECTS: [(u64, Defect); 6] = [
    (30, Defect::Expired),
    (40, Defect::NotYetValid),
    (65, Defect::WrongName),
    (90, Defect::SelfSigned),
    (110, Defect::Incomplete),
    (120, Defect::Untrusted),
];

impl Host {
    /// The host at `address`: 30 % RSA (none when `ecdsa_only`), 10 % TLS 1.2 alone, 5 % TLS 1.3 alone, 12 % with a defect.
    pub fn at(address: Ipv4Addr, ecdsa_only: bool) -> Self {
        let id = u32::from(address) & 0x00ff_ffff;
        let drawn = mixed(u64::from(id));
        let (key, versions, defect) = (drawn % 1000, (drawn >> 20) % 1000, (drawn >> 40) % 1000);
        Self {
            id,
            key: if key < 300 && !ecdsa_only {
                KeyKind::Rsa
            } else {
                KeyKind::Ecdsa
            },
            versions: match versions {
                0..100 => Versions::Only12,
                100..150 => Versions::Only13,
                _ => Versions::Both,
            },
            defect: DEFECTS
                .iter()
                .find(|(below, _)| defect < *below)
                .map(|(_, defect)| *defect),
        }
    }

    /// Its address.
    pub fn address(self) -> Ipv4Addr {
        Ipv4Addr::from(0x7f00_0000 | self.id)
    }

    /// Its name.
    pub fn name(self) -> String {
        format!("h{:06x}.farm.test", self.id)
    }
}

/// The address of host number `index`: neighbours in the list lie in different /24 networks, as in a real fleet of many
/// networks, so that politeness per network does not throttle one tool and spare another. Room for 15 million.
pub fn address_of(index: u32) -> Ipv4Addr {
    let (block, within) = (index / 62_500, index % 62_500);
    Ipv4Addr::new(
        127,
        (1 + block) as u8,
        (within % 250) as u8,
        (1 + within / 250) as u8,
    )
}

/// SplitMix64: every bit of the answer depends on every bit of `seed`.
pub fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ten_thousand_hosts_are_distinct_and_mixed_as_promised() {
        let hosts: Vec<Host> = (0..10_000)
            .map(|index| Host::at(address_of(index), false))
            .collect();
        assert_eq!(
            hosts.iter().map(|host| host.id).collect::<HashSet<_>>().len(),
            10_000
        );
        let share = |wanted: &dyn Fn(&Host) -> bool| hosts.iter().filter(|host| wanted(host)).count();
        assert!((2_850..3_150).contains(&share(&|host| host.key == KeyKind::Rsa)));
        assert!((900..1_100).contains(&share(&|host| host.versions == Versions::Only12)));
        assert!((430..570).contains(&share(&|host| host.versions == Versions::Only13)));
        assert!((1_100..1_300).contains(&share(&|host| host.defect.is_some())));
    }

    #[test]
    fn neighbours_lie_in_different_networks() {
        assert_ne!(address_of(0).octets()[2], address_of(1).octets()[2]);
        assert_eq!(Host::at(address_of(999_999), true).address(), address_of(999_999));
    }
}
