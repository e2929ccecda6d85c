//! A way drawn in one line: leaf first, with what each step lacks behind it.

use std::sync::Arc;

use model::certificate::Certificate;
use model::finding::PathReason;

use super::unit::{issuer, label};

/// `shop.example (9c41 7e02) [expired] > EC 2 (77ab 20c4) (not sent) > issuer R1 is missing`. What was not sent and is
/// not the end is what clients may lack; `chain` is what was sent.
pub(super) fn way(steps: &[Arc<Certificate>], chain: &[Arc<Certificate>], reasons: &[PathReason]) -> String {
    let drawn = |(place, step): (usize, &Arc<Certificate>)| {
        let mut text = label(step);
        if place + 1 < steps.len() && !chain.contains(step) {
            text.push_str(" (not sent)");
        }
        let about = reasons
            .iter()
            .filter(|reason| reason.certificate() == Some(step))
            .filter(|reason| !matches!(reason, PathReason::IssuerNotSent { .. }));
        let mut said: Vec<&str> = Vec::new();
        for word in about.map(PathReason::word) {
            if !said.contains(&word) {
                said.push(word);
            }
        }
        if !said.is_empty() {
            text.push_str(&format!(" [{}]", said.join(", ")));
        }
        text
    };
    let mut parts: Vec<String> = steps.iter().enumerate().map(drawn).collect();
    let missing = reasons.iter().find_map(|reason| match reason {
        PathReason::IssuerNotSent { certificate } => Some(certificate),
        _ => None,
    });
    if let Some(below) = missing {
        parts.push(format!("issuer {} is missing", issuer(below)));
    }
    parts.join(" > ")
}
