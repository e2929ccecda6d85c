//! Teams: an adaptive card for the workflow "Post to a channel when a webhook request is received".
//!
//! Texts of cards are read as a part of Markdown; what could be markup is escaped.

use serde_json::{Value, json};

use crate::message::{Message, Told, What, moment};

/// A card may have 28 KB; alerts shown with their facts.
const ALERTS: usize = 10;

pub(super) fn body(message: &Message) -> Value {
    let mut elements = vec![json!({
        "type": "TextBlock", "size": "Medium", "weight": "Bolder", "wrap": true, "text": escaped(&message.headline())
    })];
    elements.extend(message.alerts.iter().take(ALERTS).map(alert));
    let shown = u64::try_from(message.alerts.len().min(ALERTS)).unwrap_or(0);
    let more = message.count().saturating_sub(shown);
    if more > 0 {
        elements.push(json!({ "type": "TextBlock", "wrap": true, "text": format!("and {more} more") }));
    }
    let actions: Vec<Value> = { message.page.iter() }
        .map(|page| json!({ "type": "Action.OpenUrl", "title": "Open nolapse", "url": page }))
        .collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": { "width": "Full" },
                "body": elements,
                "actions": actions,
            },
        }],
    })
}

fn alert(told: &Told) -> Value {
    let colour = match (told.what, told.severity.as_str()) {
        (What::Resolved, _) => "Good",
        (_, "WARNING" | "ERROR") => "Warning",
        _ => "Attention",
    };
    let mut facts = vec![
        json!({ "title": "Reach", "value": escaped(&told.reached()) }),
        json!({ "title": "Since", "value": moment(told.since) }),
    ];
    if told.what != What::Resolved && !told.remedy.is_empty() {
        facts.push(json!({ "title": "Do", "value": escaped(&told.remedy) }));
    }
    facts.push(json!({ "title": "Alert", "value": told.id }));
    json!({
        "type": "Container", "separator": true, "items": [
            { "type": "TextBlock", "wrap": true, "color": colour, "text": escaped(&told.line()) },
            { "type": "FactSet", "facts": facts },
        ],
    })
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars().take(1_000) {
        if matches!(
            character,
            '\\' | '*' | '_' | '[' | ']' | '(' | ')' | '#' | '`' | '<' | '>' | '~'
        ) {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::message::samples::message;

    use super::*;

    #[test]
    fn a_card_stays_small_and_its_texts_are_no_markup() {
        let titles = vec!["[click](https://evil.example) **x**"; 20];
        let body = body(&message(&titles));
        let text = body.to_string();
        assert!(text.len() < 28_000, "{}", text.len());
        assert!(!text.contains("[click](") && text.contains("and 10 more"));
        assert_eq!(
            body["attachments"][0]["contentType"],
            "application/vnd.microsoft.card.adaptive"
        );
    }
}
