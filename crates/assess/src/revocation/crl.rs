//! What revocation lists say of one certificate (RFC 5280 section 6.3).
//!
//! Lists come in as they were fetched: each is used only where its scope, its time, its signature and the standing of
//! its signer allow it. All distribution points and all of their names are looked at. A certificate is good when lists
//! for every reason were seen and none of them has it.

use std::cmp::Ordering;
use std::sync::Arc;

use jiff::Timestamp;
use model::Fingerprint;
use model::certificate::{
    Certificate, DistributionPoint, DistributionPointName, GeneralName, KeyUsage, ReasonFlags,
};
use model::finding::Unknown;
use model::limits;
use model::oid::Oid;
use model::revocation::{Crl, CrlSubjects, Entries, RevocationList, RevocationReason, RevokedCertificate};

use super::Standing;
use crate::memory::SignatureMemory;
use crate::path::{Profile, is_fatal, may_issue};
use crate::signature::Signed;

/// What certificates are held against.
#[derive(Clone, Copy, Debug)]
pub struct Lists<'a> {
    /// The lists, complete ones and deltas, in any order.
    pub crls: &'a [Arc<RevocationList>],
    /// Certificates beside those of the path among which the signer of a list may be.
    pub known: &'a [&'a Arc<Certificate>],
    /// Remembers signatures.
    pub memory: &'a SignatureMemory,
    /// Under [`Profile::Strict`] a list must have a number that is not critical (section 5.2.3), and the standing of
    /// whoever signed it must be known.
    pub profile: Profile,
    /// The time at which a list must be in force.
    pub now: Timestamp,
}

/// What the lists say of `certificate`; `above` is its verified path: its issuer first, the anchor last.
pub fn by_crls(certificate: &Arc<Certificate>, above: &[Arc<Certificate>], lists: &Lists<'_>) -> Standing {
    let mut inquiry = Inquiry {
        lists,
        open: Vec::new(),
        comparisons: limits::CRL_COMPARISONS,
        signatures: limits::PATH_SIGNATURES,
    };
    inquiry.standing(certificate, above)
}

/// Signers of lists whose own standing is asked about, one behind the other. Two occur in practice.
const DEPTH: usize = 4;

/// `certificateHold` (section 5.3.1).
const HOLD: Option<RevocationReason> = Some(RevocationReason(6));
/// `removeFromCRL` (section 5.3.1).
const REMOVED: Option<RevocationReason> = Some(RevocationReason(8));

/// One question with all that follows from it.
struct Inquiry<'a> {
    lists: &'a Lists<'a>,
    /// The certificates that are being asked about.
    open: Vec<Fingerprint>,
    comparisons: usize,
    signatures: usize,
}

impl<'a> Inquiry<'a> {
    fn standing(&mut self, certificate: &Arc<Certificate>, above: &[Arc<Certificate>]) -> Standing {
        if self.open.contains(&certificate.fingerprint()) {
            // The signer of a list that is to say whether the signer is revoked: nobody else can, and the anchor vouches
            // for it. When it lists itself, that is found without asking again.
            return Standing::Good;
        }
        if self.open.len() == DEPTH {
            let why = Unknown::NoSigner;
            return Standing::Unknown { why };
        }
        self.open.push(certificate.fingerprint());
        let standing = self.search(certificate, above);
        self.open.pop();
        standing
    }

    fn search(&mut self, certificate: &Arc<Certificate>, above: &[Arc<Certificate>]) -> Standing {
        let facts = certificate.facts();
        // Section 6.3.3, at its end: a list that no distribution point names, of the certificate's own issuer.
        let implied = DistributionPoint {
            name: Some(DistributionPointName::Full(vec![GeneralName::Directory(
                Box::new(facts.issuer.clone()),
            )])),
            ..DistributionPoint::default()
        };
        let mut covered = 0;
        let mut why = Unknown::NothingCovers;
        for point in facts.crl_points.iter().chain([&implied]) {
            for list in self.lists.crls.iter().filter(|list| !list.header().delta) {
                if self.comparisons == 0 {
                    why = Unknown::TooComplex;
                    return Standing::Unknown { why };
                }
                let reasons = point.reasons.unwrap_or(ReasonFlags::ALL).0 & reasons(list.header());
                if reasons & !covered == 0 || !self.covers(list.header(), point, certificate) {
                    continue;
                }
                match self.read(list, certificate, above) {
                    Ok(Some(entry)) => {
                        let (at, reason) = (entry.revoked_at, entry.reason);
                        return Standing::Revoked { at, reason };
                    }
                    Ok(None) => covered |= reasons,
                    Err(gap) => why = why.max(gap),
                }
                if covered & ReasonFlags::ALL.0 == ReasonFlags::ALL.0 {
                    return Standing::Good;
                }
            }
        }
        if covered != 0 {
            why = why.max(Unknown::SomeReasons);
        }
        Standing::Unknown { why }
    }

    /// Steps (b) of section 6.3.3: whether the list is about this certificate, as this distribution point says.
    fn covers(&mut self, list: &Crl, point: &DistributionPoint, certificate: &Certificate) -> bool {
        let facts = certificate.facts();
        let scope = list.scope.as_ref();
        self.comparisons = self.comparisons.saturating_sub(1 + point.crl_issuers.len());
        let is_issuer = if point.crl_issuers.is_empty() {
            list.issuer.canonical == facts.issuer.canonical
        } else {
            let named = |name: &GeneralName| matches!(name, GeneralName::Directory(name) if name.canonical == list.issuer.canonical);
            scope.is_some_and(|scope| scope.indirect) && point.crl_issuers.iter().any(named)
        };
        let Some(scope) = scope.filter(|_| is_issuer) else {
            return is_issuer;
        };
        let fits = match scope.only {
            CrlSubjects::All => true,
            CrlSubjects::EndEntities => !facts.is_ca(),
            CrlSubjects::Authorities => facts.is_ca(),
            CrlSubjects::Others => false,
        };
        let Some(wanted) = scope.point.as_ref().filter(|_| fits) else {
            return fits;
        };
        let wanted = spelt_out(wanted, &list.issuer.canonical);
        let offered = match (&point.name, point.crl_issuers.as_slice()) {
            (None, issuers) => issuers.iter().map(Spelt::Name).collect(),
            (Some(name), [GeneralName::Directory(issuer), ..]) => spelt_out(name, &issuer.canonical),
            (Some(name), _) => spelt_out(name, &facts.issuer.canonical),
        };
        let work = wanted.len().saturating_mul(offered.len());
        let Some(left) = self.comparisons.checked_sub(work) else {
            self.comparisons = 0;
            return false;
        };
        self.comparisons = left;
        wanted
            .iter()
            .any(|wanted| offered.iter().any(|offered| wanted.is(offered)))
    }

    /// Steps (c) to (k): the entry for the certificate, if the list may be believed and has one.
    fn read(
        &mut self,
        list: &'a RevocationList,
        certificate: &Arc<Certificate>,
        above: &[Arc<Certificate>],
    ) -> Result<Option<RevokedCertificate<'a>>, Unknown> {
        let usable = self.is_usable(list);
        if !matches!(usable, Ok(()) | Err(Unknown::Stale { .. })) {
            usable?;
        }
        let signer = self.signer(list, above)?;
        let facts = certificate.facts();
        let (issuer, serial) = (&facts.issuer.canonical, &facts.serial);
        let changed = self
            .delta(list, &signer)
            .and_then(|delta| delta.find(issuer, serial));
        let entry = changed.or_else(|| list.find(issuer, serial));
        let entry = entry.filter(|entry| entry.reason != REMOVED);
        // A revocation that is no hold never ends: of an old list it is the one thing that still counts.
        match (usable, entry) {
            (Err(_), Some(entry)) if entry.reason != HOLD => Ok(Some(entry)),
            (Err(stale), _) => Err(stale),
            (Ok(()), entry) => Ok(entry),
        }
    }

    /// Whether the list is whole, understood, and in force.
    fn is_usable(&self, list: &RevocationList) -> Result<(), Unknown> {
        let header = list.header();
        let Some(this_update) = header.this_update else {
            return Err(Unknown::Malformed);
        };
        let is_malformed = header.oddities.iter().any(|oddity| is_fatal(oddity.kind));
        if is_malformed || !header.signature_algorithms_agree || list.entries() == Entries::Broken {
            return Err(Unknown::Malformed);
        }
        if header.unknown_critical().next().is_some() || list.entries() == Entries::NotUnderstood {
            return Err(Unknown::NotUnderstood);
        }
        if self.lists.profile == Profile::Strict && !has_plain_number(header) {
            return Err(Unknown::Malformed);
        }
        let now = self.lists.now.as_second();
        if now < this_update.as_second() {
            return Err(Unknown::NotYet { this_update });
        }
        match header.next_update {
            Some(next_update) if next_update.as_second() < now => Err(Unknown::Stale { next_update }),
            _ => Ok(()),
        }
    }

    /// Steps (f) and (g): a certificate of the list's issuer that may sign lists, whose key signed this one, and which
    /// the same anchor vouches for.
    fn signer(
        &mut self,
        list: &RevocationList,
        above: &[Arc<Certificate>],
    ) -> Result<Arc<Certificate>, Unknown> {
        let name = &list.header().issuer.canonical;
        let known = self.lists.known.iter().copied();
        let mut why = Unknown::NoSigner;
        for candidate in above.iter().chain(known) {
            let facts = candidate.facts();
            let may_sign = facts.key_usage.is_none_or(|usage| usage.has(KeyUsage::CRL_SIGN));
            if facts.subject.canonical != *name || !may_sign {
                continue;
            }
            self.spend_signature()?;
            match self.lists.memory.verify_list(list, candidate) {
                Signed::Valid if self.is_entitled(candidate, above)? => return Ok(Arc::clone(candidate)),
                Signed::Valid => {}
                Signed::Invalid => why = why.max(Unknown::BadSignature),
                Signed::Unsupported => why = why.max(Unknown::UnsupportedAlgorithm),
            }
        }
        Err(why)
    }

    /// Whether the anchor of the path vouches for a signer of lists, and nobody took its certificate back.
    fn is_entitled(
        &mut self,
        signer: &Arc<Certificate>,
        above: &[Arc<Certificate>],
    ) -> Result<bool, Unknown> {
        if above.contains(signer) {
            // Its standing is asked as a step of the path.
            return Ok(true);
        }
        let Some(way) = self.way_up(signer, above, DEPTH)? else {
            return Ok(false);
        };
        Ok(match self.standing(signer, &way) {
            Standing::Good => true,
            Standing::Revoked { .. } => false,
            Standing::Unknown { .. } => self.lists.profile == Profile::Browser,
        })
    }

    /// The certificates from the issuer of `certificate` to the anchor of the path `above`.
    fn way_up(
        &mut self,
        certificate: &Arc<Certificate>,
        above: &[Arc<Certificate>],
        depth: usize,
    ) -> Result<Option<Vec<Arc<Certificate>>>, Unknown> {
        let facts = certificate.facts();
        let second = self.lists.now.as_second();
        let is_valid = facts.not_before.is_some_and(|begin| begin.as_second() <= second)
            && facts.not_after.is_some_and(|end| second <= end.as_second());
        if !is_valid || depth == 0 {
            return Ok(None);
        }
        let is_named = |issuer: &Certificate| issuer.facts().subject.canonical == facts.issuer.canonical;
        for (place, issuer) in above.iter().enumerate().filter(|(_, issuer)| is_named(issuer)) {
            self.spend_signature()?;
            if self.lists.memory.verify(certificate, issuer) == Signed::Valid {
                return Ok(above.get(place..).map(<[_]>::to_vec));
            }
        }
        let known = self.lists.known;
        for issuer in known
            .iter()
            .filter(|issuer| is_named(issuer) && **issuer != certificate)
        {
            if !may_issue(issuer, self.lists.now) {
                continue;
            }
            self.spend_signature()?;
            if self.lists.memory.verify(certificate, issuer) == Signed::Valid
                && let Some(mut way) = self.way_up(issuer, above, depth - 1)?
            {
                way.insert(0, Arc::clone(issuer));
                return Ok(Some(way));
            }
        }
        Ok(None)
    }

    /// Step (c): the newest delta that builds on `list`, signed by the same key.
    fn delta(&mut self, list: &RevocationList, signer: &Arc<Certificate>) -> Option<&'a RevocationList> {
        let header = list.header();
        let all: &'a [Arc<RevocationList>] = self.lists.crls;
        let fitting = all.iter().filter(|delta| builds_on(delta, list));
        let newest = fitting
            .filter(|delta| self.is_usable(delta).is_ok())
            .max_by(|left, right| by_number(&left.header().number, &right.header().number))?;
        let is_newer = by_number(&header.number, &newest.header().number) == Ordering::Less;
        self.spend_signature().ok()?;
        let is_signed = self.lists.memory.verify_list(newest, signer) == Signed::Valid;
        (is_newer && is_signed).then_some(&**newest)
    }

    fn spend_signature(&mut self) -> Result<(), Unknown> {
        self.signatures = self.signatures.checked_sub(1).ok_or(Unknown::TooComplex)?;
        Ok(())
    }
}

/// The reasons that a list covers.
fn reasons(list: &Crl) -> u16 {
    let scope = list.scope.as_ref();
    scope
        .and_then(|scope| scope.reasons)
        .unwrap_or(ReasonFlags::ALL)
        .0
}

/// Section 5.2.3: a conforming list has a number, and does not mark it critical.
fn has_plain_number(list: &Crl) -> bool {
    let number = Oid::from_content(&[0x55, 0x1d, 20]);
    let mut extensions = list.extensions.iter();
    extensions.any(|extension| extension.oid == number && !extension.critical) && list.number.is_some()
}

/// Section 5.2.4: the same issuer, the same scope, the same key, and a base that is not newer than `list`.
fn builds_on(delta: &RevocationList, list: &RevocationList) -> bool {
    let (one, other) = (delta.header(), list.header());
    let scope = |list: &'_ RevocationList| -> Option<Box<[u8]>> {
        let range = list.header().scope.as_ref()?.value.clone();
        list.der().get(range).map(Box::from)
    };
    one.delta
        && one.issuer.canonical == other.issuer.canonical
        && one.authority_key_id == other.authority_key_id
        && other.number.is_some()
        && by_number(&one.base_number, &other.number) != Ordering::Greater
        && scope(delta) == scope(list)
}

/// Compares CRL numbers, which are not negative; none is the least.
fn by_number(left: &Option<Box<[u8]>>, right: &Option<Box<[u8]>>) -> Ordering {
    let digits = |number: &Option<Box<[u8]>>| -> Option<(usize, Box<[u8]>)> {
        let number = number.as_deref()?;
        let significant = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
        let digits = number.get(significant..)?;
        Some((digits.len(), digits.into()))
    };
    digits(left).cmp(&digits(right))
}

/// A name of a distribution point with nothing left to be added to it.
enum Spelt<'a> {
    Name(&'a GeneralName),
    Directory(Vec<u8>),
}

impl Spelt<'_> {
    fn is(&self, other: &Self) -> bool {
        match (self.directory(), other.directory()) {
            (Some(one), Some(other)) => return one == other,
            (None, None) => {}
            _ => return false,
        }
        match (self, other) {
            (Self::Name(GeneralName::Dns(one)), Self::Name(GeneralName::Dns(other))) => {
                one.raw().eq_ignore_ascii_case(other.raw())
            }
            (Self::Name(one), Self::Name(other)) => one == other,
            _ => false,
        }
    }

    fn directory(&self) -> Option<&[u8]> {
        match self {
            Self::Directory(name) => Some(name),
            Self::Name(GeneralName::Directory(name)) => Some(&name.canonical),
            Self::Name(_) => None,
        }
    }
}

/// All names of a distribution point; one that is relative is put behind `issuer`.
fn spelt_out<'a>(name: &'a DistributionPointName, issuer: &[u8]) -> Vec<Spelt<'a>> {
    match name {
        DistributionPointName::Full(names) => names.iter().map(Spelt::Name).collect(),
        DistributionPointName::Relative(part) => vec![Spelt::Directory([issuer, part].concat())],
    }
}
