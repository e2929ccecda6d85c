//! Key reuse: one public key in several certificates. Whoever steals it has them all, and a renewal with the old key does not
//! end the use of one that leaked.
//!
//! Certificates come in ordered by their key; groups of at least two that are valid now go out.

use jiff::Timestamp;

use super::CertificateNumber;

/// A certificate and its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keyed {
    /// SHA-256 of the SubjectPublicKeyInfo.
    pub key: [u8; 32],
    /// The certificate.
    pub certificate: CertificateNumber,
    /// End of validity.
    pub not_after: Timestamp,
    /// Endpoints that serve it now.
    pub places: u64,
}

/// A key that several certificates share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reuse {
    /// SHA-256 of the SubjectPublicKeyInfo.
    pub key: [u8; 32],
    /// How many certificates.
    pub count: u64,
    /// The first of them.
    pub certificates: Vec<CertificateNumber>,
    /// Endpoints that serve one of them now.
    pub places: u64,
}

/// Certificates that one finding names; a key of more is as bad, and the number is said.
pub const NAMED_AT_MOST: usize = 1_000;

/// Collects groups as certificates come in, ordered by key.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    open: Option<Reuse>,
}

impl Groups {
    /// Takes the next certificate; gives the group that it ends, if that is a finding.
    pub fn take(&mut self, next: &Keyed, now: Timestamp) -> Option<Reuse> {
        if next.not_after <= now {
            return None;
        }
        if let Some(open) = self.open.as_mut().filter(|open| open.key == next.key) {
            open.places += next.places;
            open.count += 1;
            if open.certificates.len() < NAMED_AT_MOST {
                open.certificates.push(next.certificate);
            }
            return None;
        }
        let ended = self.finish();
        self.open = Some(Reuse {
            key: next.key,
            count: 1,
            certificates: vec![next.certificate],
            places: next.places,
        });
        ended
    }

    /// The last group, if it is a finding.
    pub fn finish(&mut self) -> Option<Reuse> {
        self.open.take().filter(|group| group.certificates.len() > 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::join::times::day;

    fn keyed(key: u8, certificate: i64, ends: i64, places: u64) -> Keyed {
        Keyed {
            key: [key; 32],
            certificate,
            not_after: day(ends),
            places,
        }
    }

    fn found(all: &[Keyed]) -> Vec<Reuse> {
        let mut groups = Groups::default();
        let mut found: Vec<Reuse> = all.iter().filter_map(|one| groups.take(one, day(0))).collect();
        found.extend(groups.finish());
        found
    }

    #[test]
    fn a_key_of_two_certificates_is_found_with_its_endpoints() {
        let found = found(&[
            keyed(1, 10, 5, 2),
            keyed(1, 11, 5, 3),
            keyed(2, 12, 5, 1),
            keyed(3, 13, 5, 1),
            keyed(3, 14, 5, 0),
        ]);
        assert_eq!(
            found
                .iter()
                .map(|one| (one.key[0], one.places))
                .collect::<Vec<_>>(),
            [(1, 5), (3, 1)]
        );
        assert_eq!(found[0].certificates, [10, 11]);
    }

    #[test]
    fn a_key_of_one_valid_certificate_is_not() {
        assert_eq!(found(&[keyed(1, 10, 5, 1), keyed(2, 11, 5, 1)]), []);
        assert_eq!(
            found(&[keyed(1, 10, 0, 1), keyed(1, 11, 5, 1)]),
            [],
            "the other has ended"
        );
        assert_eq!(found(&[]), []);
    }

    #[test]
    fn a_key_of_very_many_names_a_thousand() {
        let all: Vec<Keyed> = (0..5_000).map(|number| keyed(1, number, 5, 1)).collect();
        let found = found(&all);
        assert_eq!(
            (found[0].certificates.len(), found[0].places),
            (NAMED_AT_MOST, 5_000)
        );
    }
}
