//! Name constraints (RFC 5280 section 4.2.1.10): whether the names of one certificate lie within what an issuer above
//! it allows. Every comparison is counted; whoever makes the count run out is refused.

use std::net::IpAddr;
use std::sync::Arc;

use model::certificate::{Certificate, DistinguishedName, GeneralName, NameConstraints};
use model::finding::{Budget, PathReason};
use model::untrusted::Untrusted;

/// The first name of `subject` that `issuer` forbids.
pub(super) fn breach(
    issuer: &Arc<Certificate>,
    subject: &Arc<Certificate>,
    comparisons: &mut usize,
) -> Option<PathReason> {
    let constraints = issuer.facts().name_constraints.as_ref()?;
    let facts = subject.facts();
    let reason = |name: Untrusted| PathReason::NameConstraint {
        certificate: Arc::clone(subject),
        issuer: Arc::clone(issuer),
        name,
    };
    if facts
        .subject_alt_names
        .as_ref()
        .is_some_and(|names| names.len() < facts.subject_alt_name_count)
    {
        // Names that were not read cannot be held against anything.
        return Some(PathReason::TooComplex {
            budget: Budget::NameComparisons,
        });
    }
    let names = facts.subject_alt_names.iter().flatten().map(Presented::of);
    // An empty subject names nobody: SEQUENCE of no RDNs is two bytes.
    let subject_name = Some(&facts.subject)
        .filter(|name| name.raw_bytes.len() > 2)
        .map(Presented::Directory);
    // A mailbox in the subject counts where no other mailbox is named.
    let is_mailbox = |name: &GeneralName| matches!(name, GeneralName::Email(_));
    let confines_mailboxes = constraints
        .permitted
        .iter()
        .chain(&constraints.excluded)
        .any(is_mailbox);
    let names_mailbox = facts.subject_alt_names.iter().flatten().any(is_mailbox);
    let mailboxes = if confines_mailboxes && !names_mailbox {
        facts.subject.email_addresses()
    } else {
        Vec::new()
    };
    let mailboxes = mailboxes.iter().map(Presented::Email);
    for name in names.chain(subject_name).chain(mailboxes) {
        match judge(&name, constraints, comparisons) {
            Verdict::Within => {}
            Verdict::Outside => return Some(reason(name.text())),
            Verdict::Exhausted => {
                return Some(PathReason::TooComplex {
                    budget: Budget::NameComparisons,
                });
            }
        }
    }
    None
}

enum Verdict {
    Within,
    Outside,
    Exhausted,
}

/// A name that a certificate presents.
enum Presented<'a> {
    Dns(&'a Untrusted),
    Address(IpAddr),
    Email(&'a Untrusted),
    Uri(&'a Untrusted),
    Directory(&'a DistinguishedName),
    /// An address of odd length, or a kind without rules here, by its tag.
    Odd(u8),
}

impl<'a> Presented<'a> {
    const fn of(name: &'a GeneralName) -> Self {
        match name {
            GeneralName::Dns(text) => Self::Dns(text),
            GeneralName::Address(address) => Self::Address(*address),
            GeneralName::OddAddress(_) => Self::Odd(7),
            GeneralName::Email(text) => Self::Email(text),
            GeneralName::Uri(text) => Self::Uri(text),
            GeneralName::Directory(name) => Self::Directory(name),
            GeneralName::Other(tag) => Self::Odd(*tag),
        }
    }

    fn text(&self) -> Untrusted {
        match self {
            Self::Dns(text) | Self::Email(text) | Self::Uri(text) => (*text).clone(),
            Self::Address(address) => Untrusted::new(address.to_string()),
            Self::Directory(name) => name.text.clone(),
            Self::Odd(tag) => Untrusted::new(format!("name of kind {tag}")),
        }
    }
}

fn judge(name: &Presented<'_>, constraints: &NameConstraints, comparisons: &mut usize) -> Verdict {
    let work = constraints
        .permitted
        .len()
        .saturating_add(constraints.excluded.len());
    let Some(left) = comparisons.checked_sub(work) else {
        *comparisons = 0;
        return Verdict::Exhausted;
    };
    *comparisons = left;
    if constraints
        .excluded
        .iter()
        .any(|subtree| compare(name, subtree, Side::Excluded) == Match::Yes)
    {
        return Verdict::Outside;
    }
    let mut confined = false;
    for subtree in &constraints.permitted {
        match compare(name, subtree, Side::Permitted) {
            Match::Yes => return Verdict::Within,
            Match::No => confined = true,
            Match::OtherKind => {}
        }
    }
    if confined {
        Verdict::Outside
    } else {
        Verdict::Within
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Match {
    Yes,
    No,
    /// The constraint says nothing about names of this kind.
    OtherKind,
}

/// Which list a constraint stands in: a wildcard is excluded when *some* name that it covers is, and permitted only
/// when *every* one is; what cannot be read is excluded, and not permitted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Permitted,
    Excluded,
}

fn compare(name: &Presented<'_>, subtree: &GeneralName, side: Side) -> Match {
    let matched = match (name, subtree) {
        (Presented::Dns(name), GeneralName::Dns(base)) => dns(name.raw(), base.raw(), side),
        (Presented::Address(address), GeneralName::OddAddress(block)) => {
            match within_block(*address, block) {
                Block::Within => true,
                Block::Outside | Block::OtherFamily => false,
                Block::Nonsense => side == Side::Excluded,
            }
        }
        (Presented::Email(name), GeneralName::Email(base)) => email(name.raw(), base.raw(), side),
        (Presented::Uri(name), GeneralName::Uri(base)) => uri(name.raw(), base.raw(), side),
        (Presented::Directory(name), GeneralName::Directory(base)) => directory(name, base),
        (Presented::Odd(7), GeneralName::OddAddress(_))
        | (Presented::Address(_), GeneralName::Address(_)) => {
            // An address constraint is address and mask; without a mask it is no constraint that can be kept.
            side == Side::Excluded
        }
        (Presented::Odd(tag), GeneralName::Other(other)) if tag == other => side == Side::Excluded,
        _ => return Match::OtherKind,
    };
    if matched { Match::Yes } else { Match::No }
}

/// `example.com` holds itself and everything below; a dot in front means only what is below; empty holds all.
fn dns(name: &str, base: &str, side: Side) -> bool {
    let (name, base) = (
        name.strip_suffix('.').unwrap_or(name),
        base.strip_suffix('.').unwrap_or(base),
    );
    if base.is_empty() {
        return true;
    }
    if !is_plain(name) || name.starts_with('.') || !is_plain(base) {
        return side == Side::Excluded;
    }
    match name.strip_prefix("*.") {
        None => under(name, base),
        Some(parent) => match side {
            // Every name of the form label.parent is under the base when the wildcard's own text is.
            Side::Permitted => under(name, base),
            // Some such name is the base itself, or below it.
            Side::Excluded => {
                let bare = base.strip_prefix('.').unwrap_or(base);
                let base_parent = bare.split_once('.').map(|(_, parent)| parent);
                under(name, base)
                    || base_parent.is_some_and(|base_parent| base_parent.eq_ignore_ascii_case(parent))
            }
        },
    }
}

fn is_plain(name: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'*');
    !name.is_empty() && !name.contains("..") && name.bytes().all(letters)
}

/// Whether `name` is `base` or below it; below it only when `base` begins with a dot.
fn under(name: &str, base: &str) -> bool {
    let bare = base.strip_prefix('.').unwrap_or(base);
    if name.len() == bare.len() {
        return bare.len() == base.len() && name.eq_ignore_ascii_case(bare);
    }
    let tail = name
        .len()
        .checked_sub(bare.len())
        .and_then(|at| name.get(at..).zip(name.get(..at)));
    tail.is_some_and(|(tail, head)| tail.eq_ignore_ascii_case(bare) && head.ends_with('.'))
}

/// A host (of a mailbox or URI): exactly the base, or below it when the base begins with a dot.
fn host(name: &str, base: &str) -> bool {
    if base.starts_with('.') {
        under(name, base)
    } else {
        name.eq_ignore_ascii_case(base)
    }
}

fn email(name: &str, base: &str, side: Side) -> bool {
    let is_plain =
        |mailbox: &str| !mailbox.is_empty() && (mailbox.starts_with('"') || !mailbox.contains('@'));
    let Some((mailbox, domain)) = name.rsplit_once('@').filter(|(mailbox, _)| is_plain(mailbox)) else {
        return side == Side::Excluded;
    };
    match base.rsplit_once('@') {
        Some((wanted, base)) => mailbox == wanted && domain.eq_ignore_ascii_case(base),
        None => base.is_empty() || host(domain, base),
    }
}

/// Only the host counts. An address instead of a name, or no authority at all, cannot be confined and is refused.
fn uri(name: &str, base: &str, side: Side) -> bool {
    let authority = name
        .split_once("://")
        .map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(rest));
    let Some(authority) = authority else {
        return side == Side::Excluded;
    };
    let host_port = authority.rsplit_once('@').map_or(authority, |(_, rest)| rest);
    let bare = host_port.split_once(':').map_or(host_port, |(host, _)| host);
    if bare.is_empty() || host_port.starts_with('[') || bare.parse::<IpAddr>().is_ok() {
        return side == Side::Excluded;
    }
    host(bare, base)
}

/// A name lies under another when its parts begin with all of the other's, as names are compared (RFC 5280 section
/// 7.1). A base that says nothing holds all.
fn directory(name: &DistinguishedName, base: &DistinguishedName) -> bool {
    name.canonical.starts_with(&base.canonical)
}

enum Block {
    Within,
    Outside,
    OtherFamily,
    Nonsense,
}

/// Address and mask of equal lengths; a mask with holes is nonsense (RFC 4632 as of RFC 5280 section 4.2.1.10).
fn within_block(address: IpAddr, block: &[u8]) -> Block {
    let (base, mask) = block.split_at(block.len() / 2);
    let inverted = mask
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    if !inverted.is_sorted_by(|left, right| left >= right) || !matches!(block.len(), 8 | 32) {
        return Block::Nonsense;
    }
    let octets: Vec<u8> = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    if octets.len() != base.len() {
        return Block::OtherFamily;
    }
    let same = octets
        .iter()
        .zip(base)
        .zip(mask)
        .all(|((octet, base), mask)| octet & mask == base & mask);
    if same { Block::Within } else { Block::Outside }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_is_excluded_when_some_name_it_covers_is() {
        assert!(dns("*.example.com", "secret.example.com", Side::Excluded));
        assert!(dns("*.example.com", "example.com", Side::Excluded));
        assert!(!dns("*.example.com", "a.b.example.com", Side::Excluded));
        assert!(!dns("*.example.com", "example.org", Side::Excluded));
    }

    #[test]
    fn a_wildcard_is_permitted_when_all_names_it_covers_are() {
        assert!(dns("*.example.com", "example.com", Side::Permitted));
        assert!(dns("*.example.com", ".example.com", Side::Permitted));
        assert!(!dns("*.example.com", "secret.example.com", Side::Permitted));
    }

    #[test]
    fn a_dot_in_front_leaves_the_base_out() {
        assert!(dns("a.example.com", ".example.com", Side::Permitted));
        assert!(!dns("example.com", ".example.com", Side::Permitted));
        assert!(dns("EXAMPLE.com", "example.COM", Side::Permitted));
        assert!(!dns("notexample.com", "example.com", Side::Permitted));
        assert!(dns("anything.at.all", "", Side::Excluded));
    }

    #[test]
    fn mailboxes_and_uris() {
        assert!(email("a@example.com", "example.com", Side::Permitted));
        assert!(!email("a@sub.example.com", "example.com", Side::Permitted));
        assert!(email("a@sub.example.com", ".example.com", Side::Permitted));
        assert!(email("a@example.com", "a@example.com", Side::Permitted));
        assert!(!email("A@example.com", "a@example.com", Side::Permitted));
        assert!(uri(
            "https://user@sub.example.com:8443/x",
            ".example.com",
            Side::Permitted
        ));
        assert!(uri("https://192.0.2.1/", "example.com", Side::Excluded));
        assert!(!uri("https://192.0.2.1/", "example.com", Side::Permitted));
    }

    #[test]
    fn address_blocks() {
        let block = [192, 0, 2, 0, 255, 255, 255, 0];
        assert!(matches!(
            within_block("192.0.2.9".parse().unwrap(), &block),
            Block::Within
        ));
        assert!(matches!(
            within_block("192.0.3.9".parse().unwrap(), &block),
            Block::Outside
        ));
        assert!(matches!(
            within_block("::1".parse().unwrap(), &block),
            Block::OtherFamily
        ));
        let holes = [192, 0, 2, 0, 255, 0, 255, 0];
        assert!(matches!(
            within_block("192.0.2.9".parse().unwrap(), &holes),
            Block::Nonsense
        ));
    }
}
