//! Rows as the store gives them back. What is a stranger's text in there is [`Untrusted`] or a name that was parsed.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::episode::{Episode, Sample};
use super::{Place, Seen, SourceRun, State, Vantage};
use crate::fingerprint::Fingerprint;
use crate::sighting::{SourceKind, SourceName};
use crate::status::Status;
use crate::untrusted::Untrusted;

/// Where a row stands in its list: the place from which to go on reading. Means nothing in another database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowId(pub i64);

impl RowId {
    /// Before the first row.
    pub const START: Self = Self(0);
}

/// What one source said of one certificate, claim or place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// Who.
    pub source: SourceName,
    /// First and last time it said so.
    pub when: Episode,
    /// What else it said there, as JSON: `place`, `order` and `because`, as they were in the sighting. Empty object when
    /// nothing.
    pub detail: Box<str>,
}

/// A whole certificate.
#[derive(Clone, Debug, PartialEq)]
pub struct CertificateRow {
    /// From where to go on.
    pub id: RowId,
    /// SHA-256 of its DER.
    pub fingerprint: Fingerprint,
    /// Subject as RFC 4514 text.
    pub subject: Untrusted,
    /// Issuer as RFC 4514 text.
    pub issuer: Untrusted,
    /// Common name of the subject.
    pub common_name: Option<Untrusted>,
    /// Serial number as in the certificate.
    pub serial: Box<[u8]>,
    /// Begin of validity.
    pub not_before: Option<Timestamp>,
    /// End of validity.
    pub not_after: Option<Timestamp>,
    /// Kind and size of its key, in words.
    pub key: Box<str>,
    /// SHA-256 of its SubjectPublicKeyInfo.
    pub spki: Fingerprint,
    /// Whether it is a CA's.
    pub is_ca: bool,
    /// Whether issuer and subject are the same.
    pub is_self_issued: bool,
    /// Its names (`dNSName` and `iPAddress`), in lower case, sorted, each once; the common name when it has none.
    pub names: Vec<Box<str>>,
    /// First time that a look or a source showed it.
    pub first_known: Timestamp,
    /// Who told us. Looks are not among them: see [`EndpointRow`].
    pub told: Vec<Told>,
}

/// A claimed certificate.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimRow {
    /// From where to go on.
    pub id: RowId,
    /// What the source calls the issuer.
    pub issuer: Option<Untrusted>,
    /// Serial number without leading zero octets.
    pub serial: Option<Box<[u8]>>,
    /// Common name.
    pub common_name: Option<Untrusted>,
    /// Names, in lower case, sorted, each once.
    pub names: Vec<Box<str>>,
    /// Begin of validity.
    pub not_before: Option<Timestamp>,
    /// End of validity.
    pub not_after: Option<Timestamp>,
    /// Who claims it.
    pub told: Vec<Told>,
    /// The whole certificate that it is, when that is there ([`super::fit::fits`]): then the row says nothing new.
    pub fits: Option<Fingerprint>,
}

/// How one place stands for one vantage.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointRow {
    /// Number of the place: from where to go on.
    pub id: RowId,
    /// Which place.
    pub place: Place,
    /// For whom.
    pub vantage: Vantage,
    /// The last look (at or before the time that was asked about).
    pub at: Timestamp,
    /// As of when it was judged.
    pub judged_at: Timestamp,
    /// The leaf it showed.
    pub leaf: Option<Fingerprint>,
    /// Number of that certificate, for questions about it.
    pub leaf_id: Option<RowId>,
    /// Since when the leaf is seen there without a gap.
    pub leaf_since: Option<Timestamp>,
    /// The chain as sent, leaf first. Empty when a past time was asked about.
    pub chain: Vec<Fingerprint>,
    /// How it stands.
    pub state: State,
    /// Since when it stands like this without a gap.
    pub state_since: Timestamp,
    /// All that was seen; `None` when a past time was asked about, of which only the state is kept.
    pub seen: Option<Seen>,
    /// The last sights, the latest first.
    pub samples: Vec<Sample>,
}

/// All that is remembered of one place from one vantage.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryRow {
    /// Number of the place: from where to go on.
    pub id: RowId,
    /// Which place.
    pub place: Place,
    /// For whom.
    pub vantage: Vantage,
    /// Which leaf was seen when, sorted by first time, then leaf.
    pub leaves: Vec<(Episode, Fingerprint)>,
    /// How it stood when, sorted by first time, then state.
    pub states: Vec<(Episode, State)>,
    /// The last sights, the latest first.
    pub samples: Vec<Sample>,
}

impl HistoryRow {
    /// How the place stood as of a past time, as far as intervals can tell; `None` when nobody had looked yet.
    ///
    /// Of several leaves or states whose episodes cover the time, the one that had begun last counts. A leaf counts only
    /// when it was seen no earlier than the state: what refused connections since served nothing.
    pub fn as_of(&self, at: Timestamp) -> Option<EndpointRow> {
        let (state_when, state) = latest(&self.states, at)?;
        let seen_at = state_when.last.min(at);
        let leaf = latest(&self.leaves, at).filter(|(when, _)| when.last.min(at) >= seen_at);
        Some(EndpointRow {
            id: self.id,
            place: self.place.clone(),
            vantage: self.vantage.clone(),
            at: seen_at,
            judged_at: seen_at,
            leaf: leaf.map(|(_, leaf)| *leaf),
            leaf_id: None,
            leaf_since: leaf.map(|(when, _)| when.first),
            chain: Vec::new(),
            state: state.clone(),
            state_since: state_when.first,
            seen: None,
            samples: self
                .samples
                .iter()
                .filter(|sample| sample.at <= at)
                .copied()
                .collect(),
        })
    }
}

/// Of what had begun by `at`, what was seen last before it; of several the one that began last.
fn latest<T: Ord>(episodes: &[(Episode, T)], at: Timestamp) -> Option<(&Episode, &T)> {
    let begun = episodes.iter().filter(|(when, _)| when.first <= at);
    let last = begun.max_by_key(|(when, what)| (when.last.min(at), when.first, what));
    last.map(|(when, what)| (when, what))
}

/// A place, looked at or not.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceRow {
    /// From where to go on.
    pub id: RowId,
    /// Which place.
    pub place: Place,
    /// First time that anybody told of it or looked at it.
    pub first_known: Timestamp,
    /// Who told us.
    pub told: Vec<Told>,
    /// Last look from each vantage.
    pub looked: Vec<(Vantage, Timestamp, Status)>,
}

/// A name that stands in certificates or claims.
#[derive(Clone, Debug, PartialEq)]
pub struct NameRow {
    /// From where to go on.
    pub id: RowId,
    /// The name in lower case; may be a wildcard, an address, or nonsense.
    pub name: Box<str>,
    /// Whole certificates that have it.
    pub certificates: u64,
    /// Claims that have it.
    pub claims: u64,
    /// Places whose identity it is.
    pub places: u64,
    /// Of these, those that were looked at.
    pub looked_at: u64,
}

/// A key that stands in more than one certificate.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyGroup {
    /// SHA-256 of the SubjectPublicKeyInfo: from where to go on.
    pub spki: Fingerprint,
    /// The certificates that have it, at most [`Self::SHOWN`] of them.
    pub certificates: Vec<CertificateRow>,
    /// How many there are.
    pub count: u64,
}

impl KeyGroup {
    /// Certificates given with one key: enough to see what is going on.
    pub const SHOWN: usize = 100;
}

/// A source with how it went.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceRow {
    /// Which source.
    pub source: SourceName,
    /// What kind.
    pub kind: SourceKind,
    /// When it is to be asked again.
    pub due: Option<Timestamp>,
    /// Askings in a row that failed.
    pub failures: u32,
    /// Last asking.
    pub last: Option<SourceRun>,
    /// Last asking that was complete: what it did not tell of is no longer there.
    pub last_complete: Option<SourceRun>,
    /// Certificates, claims and places it ever told of.
    pub told: u64,
}

/// A place whose turn it is.
#[derive(Clone, Debug, PartialEq)]
pub struct DuePlace {
    /// Number of the place.
    pub id: RowId,
    /// Which place.
    pub place: Place,
    /// Since when.
    pub due: Timestamp,
    /// Looks in a row that were stopped, as the scheduler counted them.
    pub failures: u32,
    /// The last look from this vantage and how it ended; `None` when there was none.
    pub last: Option<(Timestamp, Status)>,
}

/// Numbers that are kept, not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Whole certificates.
    pub certificates: u64,
    /// Claimed certificates.
    pub claims: u64,
    /// Distinct names.
    pub names: u64,
    /// Places.
    pub places: u64,
    /// Standings (place and vantage) by status.
    pub standings: BTreeMap<Status, u64>,
    /// Looks taken in, repeated ones included.
    pub looks: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Identity, Service, StartTls};

    fn day(number: i64) -> Timestamp {
        Timestamp::from_second(number * 86_400).unwrap()
    }

    fn episode(first: i64, last: i64) -> Episode {
        Episode {
            first: day(first),
            last: day(last),
        }
    }

    fn state(status: Status, reached: &str) -> State {
        State {
            status,
            reached: reached.into(),
            rules: std::collections::BTreeSet::new(),
        }
    }

    #[test]
    fn a_past_day_is_answered_from_intervals() {
        let (old, new) = (Fingerprint::of(b"old"), Fingerprint::of(b"new"));
        let address = "192.0.2.1".parse().unwrap();
        let service = Service {
            identity: Identity::Address(address),
            port: 443,
            server_name: None,
            starttls: StartTls::None,
        };
        let history = HistoryRow {
            id: RowId(1),
            place: Place {
                service,
                address: Some(address),
            },
            vantage: Vantage::local(),
            leaves: vec![(episode(10, 30), old), (episode(30, 60), new)],
            states: vec![
                (episode(10, 60), state(Status::Ok, "handshaken")),
                (episode(40, 42), state(Status::Error, "refused")),
            ],
            samples: Vec::new(),
        };
        assert_eq!(history.as_of(day(9)), None);
        let on = |number| history.as_of(day(number)).unwrap();
        assert_eq!((on(20).leaf, on(20).state.status), (Some(old), Status::Ok));
        assert_eq!(on(30).leaf, Some(new), "what began last");
        assert_eq!(on(41).state.status, Status::Error);
        assert_eq!(on(50).state.status, Status::Ok);
        assert_eq!((on(90).leaf, on(90).at), (Some(new), day(60)));
    }
}
