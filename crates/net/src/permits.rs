//! How many connections may be open at once to one address and to one network, and how fast new ones may begin.
//!
//! Shared by all workers. A permit is held as long as its connection; a map entry lives only while somebody holds or
//! waits for it, so memory follows what is in flight, not what was ever seen.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::limits;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// The caps of a run.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// Connections open at once to one address; at least 1.
    pub per_address: usize,
    /// Connections open at once to one /24 (IPv4) or /48 (IPv6); at least 1.
    pub per_network: usize,
    /// New connections per second over all workers; `None` for no limit.
    pub rate: Option<f64>,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            per_address: limits::PER_ADDRESS,
            per_network: limits::PER_NETWORK,
            rate: None,
        }
    }
}

/// The caps and who holds what of them.
#[derive(Debug)]
pub struct Permits {
    caps: Caps,
    addresses: Shared<IpAddr>,
    networks: Shared<IpAddr>,
    next_start: Mutex<Option<Instant>>,
}

/// A right to have one connection open to one address; given back on drop.
#[derive(Debug)]
pub struct Permit {
    address: Held<IpAddr>,
    _network: Held<IpAddr>,
}

impl Permit {
    /// The address that it is for.
    pub const fn address(&self) -> IpAddr {
        self.address.key
    }
}

impl Permits {
    /// Permits within `caps`.
    pub fn new(caps: Caps) -> Arc<Self> {
        Arc::new(Self {
            caps,
            addresses: Shared::default(),
            networks: Shared::default(),
            next_start: Mutex::new(None),
        })
    }

    /// Waits for the right to connect to `address`: first its network, then the address.
    pub(crate) async fn acquire(&self, address: IpAddr) -> Permit {
        let network = self
            .networks
            .acquire(network_of(address), self.caps.per_network)
            .await;
        let address = self.addresses.acquire(address, self.caps.per_address).await;
        Permit {
            address,
            _network: network,
        }
    }

    /// Waits for our turn: starts are spread evenly, one every `1 / rate`, so that a burst never arrives as one.
    pub(crate) async fn pace(&self) {
        let Some(rate) = self.caps.rate.filter(|rate| rate.is_finite() && *rate > 0.0) else {
            return;
        };
        let gap = Duration::try_from_secs_f64(1.0 / rate).unwrap_or(Duration::from_secs(3600));
        let now = Instant::now();
        let turn = {
            let mut next = self.next_start.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = next.map_or(now, |planned| planned.max(now));
            *next = turn.checked_add(gap);
            turn
        };
        if turn > now {
            tokio::time::sleep_until(turn).await;
        }
    }
}

/// The /24 or /48 that an address lies in.
fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & 0xffff_ff00)),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 80))),
    }
}

type Entries<K> = Arc<Mutex<HashMap<K, Entry>>>;

/// Semaphores by key. The lock is held for a look-up only, never across an await.
#[derive(Debug)]
struct Shared<K> {
    entries: Entries<K>,
}

#[derive(Debug)]
struct Entry {
    semaphore: Arc<Semaphore>,
    /// Holders and waiters; the entry goes with the last of them.
    users: usize,
}

impl<K> Default for Shared<K> {
    fn default() -> Self {
        Self {
            entries: Arc::default(),
        }
    }
}

impl<K: Eq + Hash + Copy> Shared<K> {
    async fn acquire(&self, key: K, cap: usize) -> Held<K> {
        let semaphore = {
            let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
            let entry = entries.entry(key).or_insert_with(|| Entry {
                semaphore: Arc::new(Semaphore::new(cap.max(1))),
                users: 0,
            });
            entry.users += 1;
            Arc::clone(&entry.semaphore)
        };
        // Made before waiting, so that a cancelled waiter is counted out too.
        let mut held = Held {
            entries: Arc::clone(&self.entries),
            key,
            permit: None,
        };
        // The semaphore is never closed: an error cannot occur, and would only mean one connection more.
        held.permit = semaphore.acquire_owned().await.ok();
        held
    }
}

#[derive(Debug)]
struct Held<K: Eq + Hash + Copy> {
    entries: Entries<K>,
    key: K,
    permit: Option<OwnedSemaphorePermit>,
}

impl<K: Eq + Hash + Copy> Drop for Held<K> {
    fn drop(&mut self) {
        drop(self.permit.take());
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get_mut(&self.key) {
            entry.users -= 1;
            if entry.users == 0 {
                entries.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
    }

    #[test]
    fn no_more_than_the_cap_to_one_address_and_nothing_is_kept() {
        runtime().block_on(async {
            let permits = Permits::new(Caps {
                per_address: 1,
                per_network: 2,
                rate: None,
            });
            let here = IpAddr::from([127, 0, 0, 1]);
            let first = permits.acquire(here).await;
            let second = tokio::time::timeout(Duration::from_secs(1), permits.acquire(here)).await;
            assert!(
                second.is_err(),
                "a second connection to the same address must wait"
            );
            drop(first);
            drop(permits.acquire(here).await);
            assert!(permits.addresses.entries.lock().unwrap().is_empty());
            assert!(permits.networks.entries.lock().unwrap().is_empty());
        });
    }

    #[test]
    fn no_more_than_the_cap_to_one_network() {
        runtime().block_on(async {
            let permits = Permits::new(Caps {
                per_address: 4,
                per_network: 2,
                rate: None,
            });
            let _held = (
                permits.acquire([127, 0, 0, 1].into()).await,
                permits.acquire([127, 0, 0, 2].into()).await,
            );
            let third = permits.acquire([127, 0, 0, 3].into());
            assert!(tokio::time::timeout(Duration::from_secs(1), third).await.is_err());
            let elsewhere = permits.acquire([127, 0, 1, 3].into());
            assert!(
                tokio::time::timeout(Duration::from_secs(1), elsewhere)
                    .await
                    .is_ok()
            );
        });
    }

    #[test]
    fn starts_are_spread_at_the_rate() {
        runtime().block_on(async {
            let permits = Permits::new(Caps {
                rate: Some(10.0),
                ..Caps::default()
            });
            let begin = Instant::now();
            for _ in 1..=5 {
                permits.pace().await;
            }
            assert!(begin.elapsed() >= Duration::from_millis(400));
        });
    }
}
