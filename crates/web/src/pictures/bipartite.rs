//! Names on the left, places on the right, and a line where a name is served.

use maud::{Markup, html};

const ROW: usize = 22;
/// More rows than this are a list, not a picture.
const MOST: usize = 24;

/// Whether so many can be drawn.
pub(crate) const fn fits(names: usize, places: usize) -> bool {
    names <= MOST && places <= MOST
}

/// The picture. Texts are safe to show already; an edge is a name's and a place's number.
pub(crate) fn picture(names: &[String], edges: &[(usize, usize)], places: &[String]) -> Markup {
    let height = names.len().max(places.len()) * ROW + 6;
    let y = |place: usize| place * ROW + 15;
    let served = names
        .iter()
        .enumerate()
        .filter(|(at, _)| edges.iter().any(|(name, _)| name == at))
        .count();
    let title = format!(
        "{served} of {} names are served where they were looked for",
        names.len()
    );
    html! {
        svg.chart.pairs height=(height) role="img" aria-label=(title) {
            title { (title) }
            @for (name, place) in edges {
                line.axis x1="42%" x2="54%" y1=(y(*name) - 4) y2=(y(*place) - 4) {}
            }
            @for (at, name) in names.iter().enumerate() { text.end x="41%" y=(y(at)) { (name) } }
            @for (at, place) in places.iter().enumerate() { text x="55%" y=(y(at)) { (place) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_and_place_is_drawn_and_every_edge() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let drawn = picture(&texts(&["a", "b"]), &[(0, 0), (0, 1)], &texts(&["x", "y"])).into_string();
        assert_eq!(
            (drawn.matches("<line").count(), drawn.matches("<text").count()),
            (2, 4)
        );
        assert!(drawn.contains("1 of 2 names"), "{drawn}");
    }
}
