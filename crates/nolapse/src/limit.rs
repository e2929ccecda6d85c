//! How many files this process may have open, raised as far as it is allowed.

/// Descriptors kept for what is not an endpoint: standard streams, files, resolver, runtimes.
const RESERVED: u64 = 64;
/// More is never needed, and some systems pay for every one that is allowed.
const WANTED: u64 = 65_536;

/// Raises the soft limit and gives how many connections may be open at once; `None` when nobody limits it.
#[cfg(unix)]
pub(crate) fn connections() -> Option<usize> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(WANTED, |maximum| maximum.min(WANTED));
    let current = limit.current?;
    if current < wanted {
        let raised = Rlimit {
            current: Some(wanted),
            maximum: limit.maximum,
        };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            return Some(usable(wanted));
        }
    }
    Some(usable(current))
}

/// There is no such limit.
#[cfg(not(unix))]
pub(crate) fn connections() -> Option<usize> {
    None
}

/// Four fifths: the rest is for connections that the system has not quite given back yet, and for us.
fn usable(limit: u64) -> usize {
    usize::try_from(limit.saturating_sub(RESERVED) / 5 * 4)
        .unwrap_or(usize::MAX)
        .max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_is_always_left_for_one_connection() {
        assert_eq!(usable(0), 1);
        assert_eq!(usable(1_024), 768);
        assert!(connections().is_none_or(|connections| connections >= 1));
    }
}
