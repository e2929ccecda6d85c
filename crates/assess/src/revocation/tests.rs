//! Lists: what they cover, when they count, who may sign them, and what a hostile one costs.

use std::sync::Arc;
use std::time::Instant;

use model::certificate::Certificate;
use model::finding::Unknown;
use model::limits;
use model::revocation::{Entries, RevocationList, RevocationReason};
use rcgen::{CustomExtension, KeyUsagePurpose};

use super::minted::{Sketch, extension, minted, number, tlv};
use super::{Lists, Standing, by_crls};
use crate::SignatureMemory;
use crate::path::Profile;
use crate::world::{Authority, Good, now};

struct World {
    good: Good,
    above: Vec<Arc<Certificate>>,
}

impl World {
    fn new() -> Self {
        let good = Good::new();
        let above = vec![
            Arc::clone(&good.issuing.certificate),
            Arc::clone(&good.root.certificate),
        ];
        Self { good, above }
    }

    /// What lists say of the good leaf.
    fn said(&self, crls: &[Arc<RevocationList>]) -> Standing {
        self.said_of(&self.good.leaf, crls, &[])
    }

    fn said_of(
        &self,
        leaf: &Arc<Certificate>,
        crls: &[Arc<RevocationList>],
        known: &[&Arc<Certificate>],
    ) -> Standing {
        let lists = Lists {
            crls,
            known,
            memory: &SignatureMemory::new(),
            profile: Profile::Strict,
            now: now(),
        };
        by_crls(leaf, &self.above, &lists)
    }

    /// What a list of the issuing authority with this change says of the good leaf.
    fn changed(&self, change: impl FnOnce(&mut Sketch)) -> Standing {
        self.said(&[minted(&self.good.issuing, &[], change)])
    }

    /// As [`Self::changed`], with the leaf on it.
    fn changed_with_leaf(&self, change: impl FnOnce(&mut Sketch)) -> Standing {
        self.said(&[minted(&self.good.issuing, &[&self.good.leaf], change)])
    }

    /// A leaf with this content as its distribution points.
    fn leaf_at(&self, points: Vec<u8>) -> Arc<Certificate> {
        self.good.issuing.leaf_with(&["shop.example"], |params| {
            let points = CustomExtension::from_oid_content(&[2, 5, 29, 31], points);
            params.custom_extensions.push(points);
        })
    }
}

fn unknown(why: Unknown) -> Standing {
    Standing::Unknown { why }
}

fn revoked(standing: &Standing) -> bool {
    matches!(standing, Standing::Revoked { .. })
}

/// An issuing distribution point.
fn scope(content: &[u8]) -> Vec<u8> {
    extension(28, true, &tlv(0x30, content))
}

/// A distribution point name with URIs.
fn urls(urls: &[&str]) -> Vec<u8> {
    let names: Vec<u8> = urls.iter().flat_map(|url| tlv(0x86, url.as_bytes())).collect();
    tlv(0xa0, &tlv(0xa0, &names))
}

/// A list of distribution points.
fn points(points: &[Vec<u8>]) -> Vec<u8> {
    let each: Vec<u8> = points.iter().flat_map(|point| tlv(0x30, point)).collect();
    tlv(0x30, &each)
}

#[test]
fn a_list_says_good_or_when_and_why_it_was_revoked() {
    let world = World::new();
    assert_eq!(world.changed(|_| {}), Standing::Good);
    let said = world.changed_with_leaf(|_| {});
    let at = Some("2026-05-26T00:00:00Z".parse().unwrap());
    let reason = Some(RevocationReason(1));
    assert_eq!(said, Standing::Revoked { at, reason });
    assert_eq!(world.said(&[]), unknown(Unknown::NothingCovers));
}

#[test]
fn a_list_out_of_time_says_nothing_but_what_it_revoked() {
    let world = World::new();
    let next_update = "2026-05-31T23:59:59Z".parse().unwrap();
    let said = world.changed(|sketch| sketch.next_update = "260531235959Z");
    assert_eq!(said, unknown(Unknown::Stale { next_update }));
    let said = world.changed_with_leaf(|sketch| sketch.next_update = "260531235959Z");
    assert!(
        matches!(said, Standing::Revoked { .. }),
        "a revocation never ends: {said:?}"
    );
    let last = world.changed(|sketch| sketch.next_update = "260601000000Z");
    assert_eq!(last, Standing::Good, "the last second counts");
    let this_update = "2026-06-01T00:00:01Z".parse().unwrap();
    let said = world.changed(|sketch| sketch.this_update = "260601000001Z");
    assert_eq!(said, unknown(Unknown::NotYet { this_update }));
}

#[test]
fn only_who_may_sign_lists_is_believed() {
    let world = World::new();
    let forger = Authority::root("Example Issuing 1");
    let forged = minted(&forger, &[&world.good.leaf], |_| {});
    let said = world.said(std::slice::from_ref(&forged));
    assert_eq!(said, unknown(Unknown::BadSignature));
    let said = world.said_of(&world.good.leaf, &[forged], &[&forger.certificate]);
    assert_eq!(
        said,
        unknown(Unknown::BadSignature),
        "the anchor does not vouch for it"
    );
    let silent = world.good.root.authority_with("Silent", |params| {
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    });
    let leaf = silent.leaf(&["shop.example"]);
    let lists = Lists {
        crls: &[minted(&silent, &[&leaf], |_| {})],
        known: &[],
        memory: &SignatureMemory::new(),
        profile: Profile::Browser,
        now: now(),
    };
    let above = [
        Arc::clone(&silent.certificate),
        Arc::clone(&world.good.root.certificate),
    ];
    assert_eq!(
        by_crls(&leaf, &above, &lists),
        unknown(Unknown::NoSigner),
        "no cRLSign"
    );
}

#[test]
fn a_key_of_its_own_for_lists_is_found_among_the_known() {
    let world = World::new();
    let name = "Example Issuing 1";
    let signer = world.good.root.authority_with(name, |params| {
        params.key_usages = vec![KeyUsagePurpose::CrlSign];
    });
    let crls = [
        minted(&signer, &[&world.good.leaf], |_| {}),
        minted(&world.good.root, &[], |_| {}),
    ];
    let leaf = &world.good.leaf;
    assert_eq!(world.said(&crls), unknown(Unknown::BadSignature), "not known");
    assert!(revoked(&world.said_of(leaf, &crls, &[&signer.certificate])));
    let gone = [
        Arc::clone(&crls[0]),
        minted(&world.good.root, &[&signer.certificate], |_| {}),
    ];
    let said = world.said_of(leaf, &gone, &[&signer.certificate]);
    assert!(!revoked(&said), "the signer itself was revoked: {said:?}");
}

#[test]
fn what_is_critical_and_unknown_makes_a_list_useless() {
    let world = World::new();
    let odd = || extension(99, true, &[5, 0]);
    let said = world.changed_with_leaf(|sketch| sketch.extensions.push(odd()));
    assert_eq!(said, unknown(Unknown::NotUnderstood));
    let said = world.changed(|sketch| sketch.entries.push((vec![9], vec![odd()])));
    assert_eq!(said, unknown(Unknown::NotUnderstood), "in the entry of another");
    let said = world.changed(|sketch| sketch.extensions.clear());
    assert_eq!(said, unknown(Unknown::Malformed), "no number");
    let said = world.changed(|sketch| sketch.extensions = vec![extension(20, true, &[2, 1, 7])]);
    assert_eq!(said, unknown(Unknown::Malformed), "a critical number");
}

#[test]
fn a_list_for_others_does_not_cover() {
    let world = World::new();
    let with = |content: &'static [u8]| world.changed(|sketch| sketch.extensions.push(scope(content)));
    assert_eq!(with(&[0x81, 1, 0xff]), Standing::Good, "end entities only");
    assert_eq!(
        with(&[0x82, 1, 0xff]),
        unknown(Unknown::NothingCovers),
        "authorities only"
    );
    assert_eq!(
        with(&[0x85, 1, 0xff]),
        unknown(Unknown::NothingCovers),
        "attributes only"
    );
    let empty_bits = with(&[0x83, 0]);
    assert!(
        !matches!(empty_bits, Standing::Good),
        "a BIT STRING without a byte: {empty_bits:?}"
    );
}

#[test]
fn every_point_and_every_name_of_it_is_looked_at() {
    let world = World::new();
    let leaf = world.leaf_at(points(&[
        urls(&["http://a.example/1.crl"]),
        urls(&["http://b.example/1.crl", "http://b.example/2.crl"]),
    ]));
    let list = |url: &str| {
        minted(&world.good.issuing, &[&leaf], |sketch| {
            sketch.extensions.push(scope(&urls(&[url])))
        })
    };
    assert!(revoked(&world.said_of(
        &leaf,
        &[list("http://a.example/1.crl")],
        &[]
    )));
    assert!(revoked(&world.said_of(
        &leaf,
        &[list("http://b.example/2.crl")],
        &[]
    )));
    let other = world.said_of(&leaf, &[list("http://c.example/")], &[]);
    assert_eq!(other, unknown(Unknown::NothingCovers));
    assert!(
        !revoked(&world.said(&[list("http://a.example/1.crl")])),
        "a leaf without points"
    );
}

#[test]
fn reasons_add_up() {
    let world = World::new();
    // keyCompromise and cACompromise; all others.
    let some = |bits: &[u8], revoked: &[&Arc<Certificate>]| {
        let content = tlv(0x83, bits);
        minted(&world.good.issuing, revoked, |sketch| {
            sketch.extensions.push(scope(&content))
        })
    };
    let keys = some(&[5, 0x60], &[]);
    let others = some(&[7, 0x1f, 0x80], &[]);
    assert_eq!(
        world.said(std::slice::from_ref(&keys)),
        unknown(Unknown::SomeReasons)
    );
    assert_eq!(world.said(&[Arc::clone(&keys), others]), Standing::Good);
    let listing = some(&[7, 0x1f, 0x80], &[&world.good.leaf]);
    assert!(revoked(&world.said(&[keys, listing])));
}

#[test]
fn a_delta_changes_what_its_base_says() {
    let world = World::new();
    let leaf = &world.good.leaf;
    let base = minted(&world.good.issuing, &[], |_| {});
    let delta = |base: u8, own: u8, reason: Option<u8>| {
        minted(&world.good.issuing, &[], |sketch| {
            sketch.extensions = vec![number(20, own), number(27, base)];
            let entry = |reason| {
                (
                    leaf.facts().serial.to_vec(),
                    vec![extension(21, false, &[0x0a, 1, reason])],
                )
            };
            sketch.entries = reason.map(entry).into_iter().collect();
        })
    };
    let said = |delta: Arc<RevocationList>| world.said(&[Arc::clone(&base), delta]);
    assert!(revoked(&said(delta(7, 8, Some(1)))));
    assert!(revoked(&said(delta(3, 8, Some(6)))), "an older base will do");
    assert_eq!(
        said(delta(8, 9, Some(1))),
        Standing::Good,
        "it builds on a newer list"
    );
    assert_eq!(
        said(delta(5, 6, Some(1))),
        Standing::Good,
        "it is older than the list"
    );
    let alone = world.said(&[delta(7, 8, None)]);
    assert_eq!(alone, unknown(Unknown::NothingCovers), "a delta is no list");
    let held = minted(&world.good.issuing, &[leaf], |_| {});
    assert!(revoked(&world.said(std::slice::from_ref(&held))));
    assert_eq!(
        world.said(&[held, delta(7, 8, Some(8))]),
        Standing::Good,
        "removed again"
    );
}

#[test]
fn an_indirect_list_means_whom_its_entries_name() {
    let world = World::new();
    let other = world.good.root.authority("Lists");
    let name = |authority: &Authority| {
        let name = authority.certificate.facts().subject.raw_bytes.to_vec();
        tlv(0xa4, &name)
    };
    let leaf = world.leaf_at(points(&[tlv(0xa2, &name(&other))]));
    let known = [&other.certificate];
    let list = |meant: &Authority, is_indirect: bool| {
        minted(&other, &[&leaf], |sketch| {
            if is_indirect {
                sketch.extensions.push(scope(&[0x84, 1, 0xff]));
            }
            sketch.entries[0]
                .1
                .push(extension(29, true, &tlv(0x30, &name(meant))));
        })
    };
    let root_list = minted(&world.good.root, &[], |_| {});
    let said = |list| world.said_of(&leaf, &[list, Arc::clone(&root_list)], &known);
    assert!(revoked(&said(list(&world.good.issuing, true))));
    assert_eq!(
        said(list(&other, true)),
        Standing::Good,
        "the same number of another issuer"
    );
    assert!(matches!(
        said(list(&world.good.issuing, false)),
        Standing::Unknown { .. }
    ));
    let plain = world.said_of(
        &world.good.leaf,
        &[list(&world.good.issuing, true), root_list],
        &known,
    );
    assert!(!revoked(&plain), "a leaf that names no other issuer of lists");
}

#[test]
fn a_long_list_is_searched_and_not_walked() {
    let world = World::new();
    let long = minted(&world.good.issuing, &[&world.good.leaf], |sketch| {
        let entry = |serial: u32| (serial.to_be_bytes().to_vec(), Vec::new());
        sketch
            .entries
            .extend((0x0100_0000..0x0100_0000 + 60_000).map(entry));
    });
    assert_eq!((long.len(), long.entries()), (60_001, Entries::Whole));
    let issuer = &world.good.issuing.certificate.facts().subject.canonical;
    let begun = Instant::now();
    for serial in 0x0100_0000_u32..0x0100_0000 + 20_000 {
        assert!(long.find(issuer, &serial.to_be_bytes()).is_some());
        assert!(long.find(issuer, &(serial + 0x0100_0000).to_be_bytes()).is_none());
    }
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    assert!(revoked(&world.said(&[long])));
}

#[test]
fn points_without_end_are_given_up() {
    let world = World::new();
    let many: Vec<String> = (0..600)
        .map(|number| format!("http://{number}.example/"))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let leaf = world.leaf_at(points(&[urls(&many)]));
    let list = minted(&world.good.issuing, &[&leaf], |sketch| {
        let odd: Vec<String> = (0..600).map(|number| format!("http://{number}.test/")).collect();
        let odd: Vec<&str> = odd.iter().map(String::as_str).collect();
        sketch.extensions.push(scope(&urls(&odd)));
    });
    const { assert!(600 * 600 > limits::CRL_COMPARISONS) };
    let said = world.said_of(&leaf, &[list], &[]);
    assert_eq!(said, unknown(Unknown::TooComplex));
}
