//! Certificates that were read before, by fingerprint: the same few intermediates come with thousands of leaves.
//!
//! Two generations of bounded size: what is asked for stays, what is not goes within two turnovers. Losing one costs
//! the time to read it again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Certificate;
use crate::fingerprint::Fingerprint;
use crate::limits;

/// A bounded shelf of certificates. Shared by whoever holds it; the lock is held for a look-up only.
#[derive(Debug, Default)]
pub struct Shelf {
    generations: Mutex<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Fingerprint, Arc<Certificate>>,
    old: HashMap<Fingerprint, Arc<Certificate>>,
}

impl Shelf {
    /// The certificate of `der`: from the shelf when it stands there, else read and, unless it is larger than
    /// [`limits::CERTIFICATE_BYTES`], put there.
    pub fn certificate(&self, der: &[u8]) -> Arc<Certificate> {
        if der.len() > limits::CERTIFICATE_BYTES {
            return Arc::new(Certificate::from_der(der));
        }
        let fingerprint = Fingerprint::of(der);
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = generations.young.get(&fingerprint) {
            return Arc::clone(known);
        }
        let certificate = generations
            .old
            .remove(&fingerprint)
            .unwrap_or_else(|| Arc::new(Certificate::from_der(der)));
        if generations.young.len() >= limits::SHELF_CERTIFICATES {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(fingerprint, Arc::clone(&certificate));
        certificate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_give_the_same_certificate_and_the_shelf_stays_bounded() {
        let shelf = Shelf::default();
        let first = shelf.certificate(b"same");
        assert!(Arc::ptr_eq(&first, &shelf.certificate(b"same")));
        for number in 0..10 * limits::SHELF_CERTIFICATES {
            shelf.certificate(&number.to_be_bytes());
        }
        let generations = shelf.generations.lock().unwrap();
        assert!(generations.young.len() + generations.old.len() <= 2 * limits::SHELF_CERTIFICATES);
    }
}
