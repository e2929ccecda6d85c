//! When places go on: a look in the words of the inventory comes in, its next due time goes out as the store keeps it.

use jiff::Timestamp;
use model::Status;
use model::inventory::{Look as Remembered, Place, Vantage};
use store::Due;

use crate::schedule::{self, Cadence, Standing, Urgency};

/// When a place is due again after one look that somebody else made.
pub fn due_after(cadence: &Cadence, vantage: &Vantage, place: Place, look: &Remembered) -> Due {
    let failures = u32::from(look.chain.is_empty());
    let ends = look.chain.first().and_then(|leaf| leaf.facts().not_after);
    let standing = standing(look.seen.status, failures, ends);
    let due = schedule::next_look(cadence, schedule::key(place.key().as_bytes()), standing, look.at);
    Due {
        place,
        vantage: vantage.clone(),
        due: Some(due),
        failures,
    }
}

/// That a place has no turn of its own: it is looked at on the turn of its name.
pub fn never(place: Place, vantage: &Vantage) -> Due {
    Due {
        place,
        vantage: vantage.clone(),
        due: None,
        failures: 0,
    }
}

/// How a place stands for the schedule.
pub(crate) fn standing(status: Status, failures: u32, ends: Option<Timestamp>) -> Standing {
    match status {
        _ if failures > 0 => Standing::Unreachable { times: failures },
        Status::Ok => Standing::Fine { ends },
        Status::Warning => Standing::Open {
            urgency: Urgency::Warning,
            ends,
        },
        Status::Error | Status::Critical | Status::Expired => Standing::Open {
            urgency: Urgency::Critical,
            ends,
        },
    }
}
