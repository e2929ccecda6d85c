//! An RSA key that was made by the broken generator of CVE-2017-15361 ("ROCA").

use model::certificate::{Certificate, KeyKind};
use model::finding::{Finding, Flaw, Reason, Severity};

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "roca-key",
    title: "An RSA key has the shape of ROCA and can be factored",
    severity: Severity::Critical,
    explanation: "Smart cards and TPMs with a library of Infineon's (2012 to 2017) made primes of the form k*M + 65537^a \
                  mod M, M being a product of the first primes. Their modulus is a power of 65537 modulo each of them, which a random \
                  one is by chance once in 2^27 or less. Keys of 1024 and 2048 bits have been factored",
    citation: "CVE-2017-15361; Nemec and others, The Return of Coppersmith's Attack, ACM CCS 2017",
    remedy: "make a new key by other means, issue the certificate anew and have this one revoked",
    check,
};

/// An odd prime, and which remainders are powers of 65537 modulo it: bit n of 256 for n.
struct Prime {
    number: u64,
    low: u128,
    high: u128,
}

impl Prime {
    const fn new(number: u64) -> Self {
        let (mut low, mut high, mut power) = (0, 0, 1);
        loop {
            if power < 128 {
                low |= 1 << power;
            } else {
                high |= 1 << (power - 128);
            }
            power = power * 65_537 % number;
            if power == 1 {
                return Self { number, low, high };
            }
        }
    }

    const fn has(&self, remainder: u64) -> bool {
        if remainder < 128 {
            self.low >> remainder & 1 == 1
        } else {
            self.high >> (remainder - 128) & 1 == 1
        }
    }
}

/// Primes with few powers of 65537 for their size: random numbers pass all of them once in a thousand times.
const FIRST: [Prime; 7] = [
    Prime::new(11),
    Prime::new(37),
    Prime::new(13),
    Prime::new(17),
    Prime::new(19),
    Prime::new(53),
    Prime::new(47),
];
/// The product of [`FIRST`]: one remainder by it gives all of theirs.
const FIRST_PRODUCT: u64 = 11 * 37 * 13 * 17 * 19 * 53 * 47;
/// The other primes up to 167.
const OTHERS: [Prime; 31] = [
    Prime::new(3),
    Prime::new(5),
    Prime::new(7),
    Prime::new(23),
    Prime::new(29),
    Prime::new(31),
    Prime::new(41),
    Prime::new(43),
    Prime::new(59),
    Prime::new(61),
    Prime::new(67),
    Prime::new(71),
    Prime::new(73),
    Prime::new(79),
    Prime::new(83),
    Prime::new(89),
    Prime::new(97),
    Prime::new(101),
    Prime::new(103),
    Prime::new(107),
    Prime::new(109),
    Prime::new(113),
    Prime::new(127),
    Prime::new(131),
    Prime::new(137),
    Prime::new(139),
    Prime::new(149),
    Prime::new(151),
    Prime::new(157),
    Prime::new(163),
    Prime::new(167),
];

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    for (place, certificate) in case.used() {
        if modulus(certificate).is_some_and(is_shaped) {
            found.push(Finding {
                rule: RULE.id,
                severity: Severity::Critical,
                subject: case.place(place),
                reason: Reason::Flaw(Flaw::RocaShaped),
            });
        }
    }
}

/// Whether a modulus (big-endian) is a power of 65537 modulo every prime up to 167.
fn is_shaped(modulus: &[u8]) -> bool {
    let first = remainder(modulus, FIRST_PRODUCT);
    FIRST.iter().all(|prime| prime.has(first % prime.number))
        && OTHERS
            .iter()
            .all(|prime| prime.has(remainder(modulus, prime.number)))
}

/// The remainder of a big-endian number by a divisor below 2^32.
fn remainder(number: &[u8], divisor: u64) -> u64 {
    let (head, words) = number.split_at(number.len() % 4);
    let step = |rest: u64, byte: &u8| (rest << 8 | u64::from(*byte)) % divisor;
    let rest = head.iter().fold(0, step);
    words.chunks_exact(4).fold(rest, |rest, word| {
        let word = word
            .iter()
            .fold(0, |word: u64, byte| word << 8 | u64::from(*byte));
        (rest << 32 | word) % divisor
    })
}

/// The modulus of an RSA key (RFC 8017 section A.1.1), big-endian; `None` for other keys and for what does not parse.
fn modulus(certificate: &Certificate) -> Option<&[u8]> {
    let key = &certificate.facts().public_key;
    if !matches!(key.kind, KeyKind::Rsa { .. }) {
        return None;
    }
    let key = certificate.der().get(key.key.clone())?;
    content(content(key, 0x30)?, 0x02)
}

/// The content of the first value, when it has this tag.
fn content(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let (length, rest) = match bytes {
        [first, ..] if *first != tag => return None,
        [_, length @ 0..=0x7f, rest @ ..] => (usize::from(*length), rest),
        [_, 0x81, length, rest @ ..] => (usize::from(*length), rest),
        [_, 0x82, high, low, rest @ ..] => (usize::from(*high) << 8 | usize::from(*low), rest),
        _ => return None,
    };
    rest.get(..length)
}

#[cfg(test)]
mod tests {
    use rcgen::{KeyPair, PKCS_RSA_SHA256, PublicKeyData, SignatureAlgorithm};

    use super::*;
    use crate::world::{Good, corp, judged, rules, severity};

    /// 65537 to a power, big-endian, with a leading zero: a multiplication is a shift by 16 bits and a sum.
    fn power(exponent: usize) -> Vec<u8> {
        let mut number = vec![1_u8];
        for _ in 0..exponent {
            let mut shifted = number.clone();
            shifted.extend([0, 0]);
            let mut carry = 0;
            for (at, byte) in shifted.iter_mut().rev().enumerate() {
                let other = number.iter().rev().nth(at).copied().unwrap_or_default();
                let sum = u16::from(*byte) + u16::from(other) + carry;
                *byte = sum.to_be_bytes()[1];
                carry = sum >> 8;
            }
            assert_eq!(carry, 0);
            number = shifted;
        }
        number
    }

    /// An RSA public key of this modulus, and the exponent 65537.
    struct Key(Vec<u8>);

    impl Key {
        fn new(modulus: &[u8]) -> Self {
            let value = |tag: u8, content: &[u8]| {
                let length = u16::try_from(content.len()).unwrap().to_be_bytes();
                [&[tag, 0x82, length[0], length[1]], content].concat()
            };
            let padded = [&[0], modulus].concat();
            let numbers = [value(2, &padded), vec![2, 3, 1, 0, 1]].concat();
            Self(value(0x30, &numbers))
        }
    }

    impl PublicKeyData for Key {
        fn der_bytes(&self) -> &[u8] {
            &self.0
        }

        fn algorithm(&self) -> &'static SignatureAlgorithm {
            &PKCS_RSA_SHA256
        }
    }

    #[test]
    fn a_leaf_with_a_modulus_of_that_shape() {
        let good = Good::new();
        let shaped = power(128);
        assert_eq!(shaped.len(), 257, "2049 bits");
        let leaf = good
            .issuing
            .leaf_of(&Key::new(&shaped), &["shop.example"], |_| {});
        let assessment = judged(&good.with_leaf(&leaf), &good.stores());
        assert_eq!(severity(&assessment, "roca-key"), Some(Severity::Critical));
        assert!(!rules(&assessment).contains(&"weak-key"));
    }

    #[test]
    fn a_number_beside_it_is_not() {
        assert!(is_shaped(&power(128)) && is_shaped(&power(127)));
        for add in [2, 4, 254] {
            let mut beside = power(128);
            *beside.last_mut().unwrap() = beside.last().unwrap().wrapping_add(add);
            assert!(!is_shaped(&beside), "{add}");
        }
        assert!(!is_shaped(&[]) && !is_shaped(&[0; 256]));
    }

    #[test]
    fn an_ordinary_key_and_other_kinds_are_fine() {
        let good = Good::new();
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let leaf = good.issuing.leaf_of(&key, &["shop.example"], |_| {});
        assert_eq!(modulus(&leaf).map(<[u8]>::len), Some(257));
        assert!(rules(&judged(&good.with_leaf(&leaf), &corp(&[&good.root.certificate]))).is_empty());
        assert!(modulus(&good.leaf).is_none());
    }

    #[test]
    fn remainders_are_those_of_the_number() {
        assert_eq!(remainder(&[0x01, 0x00, 0x00, 0x00, 0x00], 97), (1 << 32) % 97);
        assert_eq!(
            remainder(&[0xff; 7], 4_257_101_563),
            ((1 << 56) - 1) % 4_257_101_563
        );
        assert_eq!(FIRST_PRODUCT, 4_257_101_563);
    }
}
