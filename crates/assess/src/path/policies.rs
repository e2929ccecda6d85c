//! Certificate policies along one path (RFC 5280 section 6.1 as RFC 9618 amends it): a graph of policies, one level for
//! each certificate, whose size is bounded by what the certificates say, and not by what it multiplies to.

use std::sync::Arc;

use model::certificate::{Certificate, Facts, Oid};
use model::finding::PathReason;

use super::Policies;

/// anyPolicy.
const ANY: &[u8] = &[0x55, 0x1d, 0x20, 0];

/// Why the path (leaf first, without its anchor) is valid for no policy that is asked for, if it is not.
pub(super) fn breach(path: &[Arc<Certificate>], asked: Policies<'_>) -> Option<PathReason> {
    let mut graph = Graph::new(path.len(), asked);
    for (place, certificate) in path.iter().enumerate().rev() {
        let (facts, is_leaf) = (certificate.facts(), place == 0);
        let certificate = || Arc::clone(certificate);
        graph.take_policies(facts, is_leaf);
        if graph.explicit == 0 && graph.is_empty() {
            return Some(PathReason::NoPolicy {
                certificate: certificate(),
            });
        }
        if is_leaf {
            graph.end(facts);
        } else if facts
            .policy_mappings
            .iter()
            .any(|(from, to)| is_any(from) || is_any(to))
        {
            return Some(PathReason::AnyPolicyMapped {
                certificate: certificate(),
            });
        } else {
            graph.map(facts);
            graph.count(facts);
        }
    }
    let is_enough = graph.explicit > 0 || graph.reaches(asked.acceptable);
    let certificate = path.first().filter(|_| !is_enough)?;
    Some(PathReason::NoPolicy {
        certificate: Arc::clone(certificate),
    })
}

/// Whether policies of this certificate can keep a path from being valid although nobody asks for a policy.
pub(super) fn can_refuse(facts: &Facts) -> bool {
    let explicit = facts
        .policy_constraints
        .and_then(|bounds| bounds.require_explicit);
    explicit.is_some() || !facts.policy_mappings.is_empty()
}

fn is_any(policy: &Oid) -> bool {
    policy.content() == ANY
}

/// The valid policy graph, and the three counters of section 6.1.2 (d) to (f).
struct Graph<'a> {
    /// The levels above the present one, the anchor's side first.
    done: Vec<Level<'a>>,
    level: Level<'a>,
    explicit: usize,
    mapping: usize,
    any: usize,
}

/// The policies at one depth.
#[derive(Default)]
struct Level<'a> {
    nodes: Vec<Node<'a>>,
    has_any: bool,
}

struct Node<'a> {
    policy: &'a Oid,
    /// The policies one level above that this one stands for; none: anyPolicy does.
    parents: Vec<&'a Oid>,
}

impl<'a> Level<'a> {
    fn has(&self, policy: &Oid) -> bool {
        self.nodes.iter().any(|node| node.policy == policy)
    }

    /// A policy that anyPolicy above allows.
    fn add(&mut self, policy: &'a Oid) {
        if !self.has(policy) {
            let parents = Vec::new();
            self.nodes.push(Node { policy, parents });
        }
    }

    /// `policy` stands for `parent`, one level above.
    fn connect(&mut self, parent: &'a Oid, policy: &'a Oid) {
        match self.nodes.iter_mut().find(|node| node.policy == policy) {
            Some(node) if !node.parents.contains(&parent) => node.parents.push(parent),
            Some(_) => {}
            None => self.nodes.push(Node {
                policy,
                parents: vec![parent],
            }),
        }
    }
}

impl<'a> Graph<'a> {
    fn new(length: usize, asked: Policies<'_>) -> Self {
        let beyond = length.saturating_add(1);
        let unless = |inhibited: bool| if inhibited { 0 } else { beyond };
        Self {
            done: Vec::new(),
            level: Level {
                nodes: Vec::new(),
                has_any: true,
            },
            explicit: unless(asked.explicit),
            mapping: unless(asked.mapping_inhibited),
            any: unless(asked.any_inhibited),
        }
    }

    fn is_empty(&self) -> bool {
        self.level.nodes.is_empty() && !self.level.has_any
    }

    /// Section 6.1.3 (d) and (e).
    fn take_policies(&mut self, facts: &'a Facts, is_leaf: bool) {
        let level = &mut self.level;
        let any_counts = self.any > 0 || (!is_leaf && facts.self_issued());
        let has_any = facts.policies.iter().any(is_any) && any_counts;
        let above_has_any = level.has_any;
        if !has_any {
            level.nodes.retain(|node| facts.policies.contains(node.policy));
            level.has_any = false;
        }
        if above_has_any {
            for policy in facts.policies.iter().filter(|policy| !is_any(policy)) {
                level.add(policy);
            }
        }
    }

    /// Section 6.1.4 (b): ends the present level and begins the next.
    fn map(&mut self, facts: &'a Facts) {
        let mut level = std::mem::take(&mut self.level);
        let mappings = facts.policy_mappings.as_slice();
        if self.mapping == 0 {
            let is_mapped = |policy: &Oid| mappings.iter().any(|(from, _)| from == policy);
            level.nodes.retain(|node| !is_mapped(node.policy));
        } else if level.has_any {
            mappings.iter().for_each(|(from, _)| level.add(from));
        }
        let mut next = Level {
            nodes: Vec::new(),
            has_any: level.has_any,
        };
        let allowed = if self.mapping == 0 { &[] } else { mappings };
        for node in &level.nodes {
            let mut targets = allowed.iter().filter(|(from, _)| from == node.policy).peekable();
            if targets.peek().is_none() {
                next.connect(node.policy, node.policy);
            }
            targets.for_each(|(_, to)| next.connect(node.policy, to));
        }
        self.done.push(level);
        self.level = next;
    }

    /// Section 6.1.4 (h) to (j).
    fn count(&mut self, facts: &Facts) {
        if !facts.self_issued() {
            for counter in [&mut self.explicit, &mut self.mapping, &mut self.any] {
                *counter = counter.saturating_sub(1);
            }
        }
        let bounds = facts.policy_constraints.unwrap_or_default();
        let lower = |counter: &mut usize, bound: Option<u32>| {
            if let Some(bound) = bound.and_then(|bound| usize::try_from(bound).ok()) {
                *counter = (*counter).min(bound);
            }
        };
        lower(&mut self.explicit, bounds.require_explicit);
        lower(&mut self.mapping, bounds.inhibit_mapping);
        lower(&mut self.any, facts.inhibit_any_policy);
    }

    /// Section 6.1.5 (a) and (b).
    fn end(&mut self, facts: &Facts) {
        self.explicit = self.explicit.saturating_sub(1);
        let bounds = facts.policy_constraints.unwrap_or_default();
        if bounds.require_explicit == Some(0) {
            self.explicit = 0;
        }
    }

    /// Section 6.1.5 (g): whether some policy of the leaf stands, at the anchor, for one of `acceptable`.
    fn reaches(&self, acceptable: &[Oid]) -> bool {
        if self.level.has_any {
            return true;
        }
        if acceptable.is_empty() || acceptable.iter().any(is_any) {
            return !self.level.nodes.is_empty();
        }
        let mut wanted: Vec<&Oid> = self.level.nodes.iter().map(|node| node.policy).collect();
        for level in std::iter::once(&self.level).chain(self.done.iter().rev()) {
            let mut above: Vec<&Oid> = Vec::new();
            for node in level.nodes.iter().filter(|node| wanted.contains(&node.policy)) {
                if node.parents.is_empty() && acceptable.contains(node.policy) {
                    return true;
                }
                above.extend(&node.parents);
            }
            above.sort_unstable();
            above.dedup();
            wanted = above;
        }
        false
    }
}
