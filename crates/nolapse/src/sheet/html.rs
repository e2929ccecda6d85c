//! One page of HTML that needs nothing else: no script, no font, no picture from elsewhere. Rows come in, bytes go out.
//!
//! A policy in the page forbids whatever could be smuggled in; every text is escaped all the same.

use model::untrusted;

use super::{Cell, Column, Head};

/// Text within an element or a quoted attribute.
pub(super) fn escaped(plain: &str) -> String {
    let shown = untrusted::shown_escaped(plain);
    let mut out = String::with_capacity(shown.len() + 8);
    for character in shown.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Colours have a contrast of at least 4.5 on their ground, in light and in dark; paper is light.
const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1f2328;--ground:#fff;--line:#8c959f;--soft:#57606a;--ok:#116329;--warning:#7a4b00;\
--critical:#b3140d;--expired:#6e1b7a}\
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--ground:#0d1117;--line:#6e7681;--soft:#9198a1;--ok:#57c26a;\
--warning:#e3a23b;--critical:#ff7b72;--expired:#d8a1e6}}\
@media print{:root{color-scheme:light;--ink:#000;--ground:#fff;--line:#8c959f;--soft:#57606a;--ok:#116329;--warning:#7a4b00;\
--critical:#b3140d;--expired:#6e1b7a}table{font-size:9px}thead{display:table-header-group}tr{break-inside:avoid}}\
body{font:14px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--ground);margin:2rem auto;max-width:90rem;padding:0 1rem}\
h1{font-size:1.5rem;margin:0 0 .25rem}p{margin:.25rem 0 1rem}figure{margin:1rem 0;overflow-x:auto}\
figcaption{color:var(--soft)}svg text{fill:var(--ink);font:11px system-ui,sans-serif}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;\
border-bottom:1px solid var(--line);overflow-wrap:anywhere}th{white-space:nowrap}td.number{text-align:right;white-space:nowrap}\
.ok{color:var(--ok)}.warning,.error{color:var(--warning);font-weight:600}.critical{color:var(--critical);font-weight:600}\
.expired{color:var(--expired);font-weight:600}footer{color:var(--soft);margin-top:1rem}";

/// Everything above the rows.
pub(super) fn begin(head: &Head, columns: &[Column], out: &mut Vec<u8>) {
    let title = escaped(&head.title);
    let lead = escaped(&head.lead);
    let pictures: String = head
        .pictures
        .iter()
        .map(|picture| format!("<figure>{picture}</figure>\n"))
        .collect();
    let heads: String = columns
        .iter()
        .filter(|column| !column.head.is_empty())
        .map(|column| format!("<th scope=\"col\">{}</th>", escaped(column.head)))
        .collect();
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p>{lead}</p>\n{pictures}\
         <table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n"
    );
    out.extend_from_slice(page.as_bytes());
}

/// One row.
pub(super) fn row(columns: &[Column], row: &[Cell], out: &mut Vec<u8>) {
    out.extend_from_slice(b"<tr>");
    for (_, cell) in columns
        .iter()
        .zip(row)
        .filter(|(column, _)| !column.head.is_empty())
    {
        let text = escaped(&cell.shown());
        let written = match cell {
            Cell::Number(_) | Cell::Days(_) | Cell::Share(_) => format!("<td class=\"number\">{text}</td>"),
            Cell::At(at) => format!("<td><time datetime=\"{}\">{text}</time></td>", super::moment(*at)),
            Cell::List(list) if list.len() > super::SHOWN_OF_A_LIST => {
                format!("<td title=\"{}\">{text}</td>", escaped(&list.join(" ")))
            }
            Cell::Word(word) => format!("<td class=\"{}\">{text}</td>", word.to_ascii_lowercase()),
            Cell::None | Cell::Port(_) | Cell::Text(_) | Cell::Flag(_) | Cell::List(_) => {
                format!("<td>{text}</td>")
            }
        };
        out.extend_from_slice(written.as_bytes());
    }
    out.extend_from_slice(b"</tr>\n");
}

/// Everything below the rows.
pub(super) fn end(tail: &str, out: &mut Vec<u8>) {
    let page = format!(
        "</tbody>\n</table>\n<p>{}</p>\n</main>\n<footer>nolapse {}</footer>\n</body>\n</html>\n",
        escaped(tail),
        env!("CARGO_PKG_VERSION")
    );
    out.extend_from_slice(page.as_bytes());
}
