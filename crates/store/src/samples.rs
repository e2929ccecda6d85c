//! The last sights of a place in as few bytes as they need, since each look rewrites them.
//!
//! Layout: number of distinct leaves, those leaves (32 bytes each), number of samples; then for each sample, the latest
//! first, its time (milliseconds before the previous one's, the first since 1970) and, when there are several leaves,
//! which. Numbers are LEB128. 32 looks of one leaf four hours apart take 170 bytes.

use model::Fingerprint;
use model::inventory::episode::{SAMPLES, Sample};

use crate::error::Trouble;
use crate::words::time;

/// The samples as bytes. They are sorted, the latest first, and no two have the same time.
pub(crate) fn write(samples: &[Sample]) -> Vec<u8> {
    let mut leaves: Vec<Fingerprint> = Vec::new();
    for sample in samples {
        if !leaves.contains(&sample.leaf) {
            leaves.push(sample.leaf);
        }
    }
    let mut bytes = Vec::with_capacity(8 + 32 * leaves.len() + 5 * samples.len());
    number(&mut bytes, leaves.len() as u64);
    for leaf in &leaves {
        bytes.extend_from_slice(leaf.as_bytes());
    }
    number(&mut bytes, samples.len() as u64);
    let mut before: Option<i64> = None;
    for sample in samples {
        let at = sample.at.as_millisecond();
        let distance = before.map_or(at, |before| before.saturating_sub(at));
        // Times before 1970 are none of ours; they count as 1970.
        number(&mut bytes, u64::try_from(distance).unwrap_or(0));
        before = Some(at);
        if leaves.len() > 1 {
            let which = leaves
                .iter()
                .position(|leaf| *leaf == sample.leaf)
                .unwrap_or_default();
            number(&mut bytes, which as u64);
        }
    }
    bytes
}

/// The samples from their bytes.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Sample>, Trouble> {
    let mut rest = bytes;
    parse(&mut rest).ok_or_else(|| Trouble::Damaged {
        reason: "the last sights of a place cannot be read".into(),
    })
}

fn parse(rest: &mut &[u8]) -> Option<Vec<Sample>> {
    let count = usize::try_from(take(rest)?).ok()?;
    let mut leaves = Vec::new();
    for _ in 0..count {
        let (leaf, after) = rest.split_first_chunk::<32>()?;
        leaves.push(Fingerprint::from_bytes(*leaf));
        *rest = after;
    }
    let count = usize::try_from(take(rest)?).ok()?;
    let mut samples = Vec::with_capacity(count.min(SAMPLES));
    let mut before: Option<i64> = None;
    for _ in 0..count {
        let distance = i64::try_from(take(rest)?).ok()?;
        let at = before.map_or(Some(distance), |before| before.checked_sub(distance))?;
        before = Some(at);
        let which = if leaves.len() > 1 {
            usize::try_from(take(rest)?).ok()?
        } else {
            0
        };
        let leaf = *leaves.get(which)?;
        samples.push(Sample {
            at: time(at).ok()?,
            leaf,
        });
    }
    Some(samples)
}

fn number(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

fn take(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use model::inventory::episode::sample;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn samples_come_back_as_they_were(sights in prop::collection::vec((0_i64..4_000_000_000_000, 0_u8..3), 0..50)) {
            let mut samples = Vec::new();
            for (at, leaf) in sights {
                let new = Sample { at: time(at).unwrap(), leaf: Fingerprint::from_bytes([leaf; 32]) };
                sample(&mut samples, new);
            }
            prop_assert_eq!(read(&write(&samples)).unwrap(), samples);
        }

        #[test]
        fn arbitrary_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            drop(read(&bytes));
        }
    }

    #[test]
    fn thirty_two_looks_of_one_leaf_are_small() {
        let mut samples = Vec::new();
        for look in 0..32 {
            let at = time(1_800_000_000_000 + look * 4 * 3_600_000).unwrap();
            sample(
                &mut samples,
                Sample {
                    at,
                    leaf: Fingerprint::of(b"x"),
                },
            );
        }
        assert!(write(&samples).len() <= 170, "{}", write(&samples).len());
    }
}
