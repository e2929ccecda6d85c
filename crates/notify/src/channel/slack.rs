//! Slack: blocks of an incoming webhook. `&`, `<` and `>` are its markup, and nothing of a stranger's becomes a link or a mention.

use serde_json::{Value, json};

use crate::message::{Message, Told, What, moment};

/// A section may have 3,000 characters.
const SECTION: usize = 2_900;
/// A message may have 50 blocks; the headline and the end are two.
const BLOCKS: usize = 48;

pub(super) fn body(message: &Message) -> Value {
    let mut blocks = vec![section(&format!("*{}*", escaped(&message.headline())))];
    blocks.extend(
        message
            .alerts
            .iter()
            .take(BLOCKS)
            .map(|told| section(&alert(told))),
    );
    let mut end = Vec::new();
    if message.more > 0 {
        end.push(format!("and {} more", message.more));
    }
    end.extend(
        message
            .page
            .as_ref()
            .map(|page| format!("<{}|Open nolapse>", escaped(page))),
    );
    if !end.is_empty() {
        blocks.push(section(&end.join(" · ")));
    }
    // What a notification shows, and clients that know no blocks.
    json!({ "text": escaped(&message.headline()), "blocks": blocks, "unfurl_links": false, "unfurl_media": false })
}

fn alert(told: &Told) -> String {
    let mut text = format!("*{}* {}", escaped(&told.severity), escaped(&told.title));
    if told.what != What::Opened {
        text = format!("_{}_ {text}", told.what.word());
    }
    text.push_str(&format!(
        "\n{} · since {} · `{}`",
        escaped(&told.reached()),
        moment(told.since),
        told.id
    ));
    if told.what != What::Resolved && !told.remedy.is_empty() {
        text.push_str(&format!("\n{}", escaped(&told.remedy)));
    }
    text
}

fn section(text: &str) -> Value {
    let text: String = text.chars().take(SECTION).collect();
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text, "verbatim": true } })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use crate::message::samples::message;

    use super::*;

    #[test]
    fn nothing_of_a_stranger_is_a_link_or_a_mention() {
        let body = body(&message(&["<!channel> <https://evil.example|ok> & more"]));
        let text = body.to_string();
        assert!(!text.contains("<!") && !text.contains("<https://evil"), "{text}");
        assert!(text.contains("&lt;!channel&gt;") && text.contains("&amp; more"));
        assert!(text.contains("<https://nolapse.example/alerts|Open nolapse>"));
    }

    #[test]
    fn a_section_keeps_to_its_length() {
        let long = "x".repeat(4_000);
        let body = body(&message(&[&long]));
        let longest = body["blocks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|block| block["text"]["text"].as_str().unwrap().len());
        assert!(longest.max().unwrap() <= SECTION);
    }
}
