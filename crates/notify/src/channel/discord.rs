//! Discord: a webhook. Mentions are switched off, and Markdown of strangers is escaped.

use serde_json::{Value, json};

use crate::message::{Message, Told, What, moment};

/// A message may have ten embeds with 6,000 characters in all.
const EMBEDS: usize = 10;
/// Of each text, so that ten embeds stay within that.
const TEXT: usize = 250;

pub(super) fn body(message: &Message) -> Value {
    let shown = message.alerts.len().min(EMBEDS);
    let more = message.count().saturating_sub(u64::try_from(shown).unwrap_or(0));
    let mut content = format!("**{}**", escaped(&message.headline(), 1_000));
    if more > 0 && shown > 0 {
        content.push_str(&format!("\nand {more} more"));
    }
    content.extend(message.page.iter().map(|page| format!("\n{page}")));
    let embeds: Vec<Value> = message.alerts.iter().take(EMBEDS).map(embed).collect();
    json!({ "content": content, "embeds": embeds, "allowed_mentions": { "parse": [] } })
}

fn embed(told: &Told) -> Value {
    let colour = match (told.what, told.severity.as_str()) {
        (What::Resolved, _) => 0x0057_8a4b,
        (_, "WARNING" | "ERROR") => 0x00b7_791f,
        _ => 0x00c5_3030,
    };
    let remedy = match told.what {
        What::Resolved => String::new(),
        _ => format!("\n{}", escaped(&told.remedy, TEXT)),
    };
    json!({
        "title": escaped(&told.line(), TEXT),
        "description": format!("since {}; alert `{}`{remedy}", moment(told.since), told.id),
        "color": colour,
    })
}

fn escaped(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars().take(most) {
        if character.is_ascii_punctuation()
            && !matches!(
                character,
                '.' | ',' | ':' | '/' | '-' | '\'' | '"' | '%' | '?' | '!' | ';' | '+' | '='
            )
        {
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
    fn mentions_and_markup_of_strangers_do_nothing() {
        let body = body(&message(&["@everyone [x](https://evil.example) **y**"]));
        assert_eq!(body["allowed_mentions"]["parse"], json!([]));
        let title = body["embeds"][0]["title"].as_str().unwrap();
        assert!(
            title.contains("\\@everyone \\[x\\]\\(") && title.contains("\\*\\*y"),
            "{title}"
        );
    }

    #[test]
    fn a_storm_keeps_to_the_bounds_of_discord() {
        let long = "x".repeat(2_000);
        let body = body(&message(&vec![long.as_str(); 20]));
        assert!(body["content"].as_str().unwrap().chars().count() <= 2_000);
        let embeds = body["embeds"].as_array().unwrap();
        let characters: usize = embeds
            .iter()
            .map(|embed| {
                embed["title"].as_str().unwrap().len() + embed["description"].as_str().unwrap().len()
            })
            .sum();
        assert!(embeds.len() == 10 && characters <= 6_000, "{characters}");
    }
}
