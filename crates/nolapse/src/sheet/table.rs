//! A table for people: rows in columns whose widths follow the first rows and the terminal. What does not fit is cut in the
//! middle, since both ends of a name tell most. Rows that would be cut to pieces stand as blocks instead: the first two
//! cells on a line of their own, and below it every other one behind its head.

use std::io::{self, Write};

use model::{Severity, untrusted};

use super::{Cell, ROWS_THAT_COUNT, Row, Sheet};
use crate::text;

/// Between two columns.
const GAP: usize = 2;
/// No column is cut below this, so that a date and a number are always whole: where that does not fit, a row is a block.
const LEAST: usize = 16;
/// What stands below the first cell of a block begins here.
const INDENT: usize = 4;
/// A block goes on for so many lines at most.
const BLOCK_LINES: usize = 12;

/// How rows are laid out, once it is known.
pub(super) enum Layout {
    /// In columns of these widths.
    Columns(Vec<usize>),
    /// Each a block.
    Blocks,
}

impl<W: Write> Sheet<W> {
    /// Takes a row; the first ones wait until the widths are known.
    pub(super) fn table_row(&mut self, row: Row) -> io::Result<()> {
        if self.layout.is_some() {
            return self.line(&row);
        }
        self.waiting.push(row);
        if self.waiting.len() < ROWS_THAT_COUNT {
            return Ok(());
        }
        self.settle()
    }

    /// Decides the widths and writes what waited.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        if self.layout.is_some() || self.waiting.is_empty() {
            return Ok(());
        }
        let mut widths: Vec<usize> = self
            .for_people()
            .map(|(column, _)| text::width(column.head))
            .collect();
        for row in &self.waiting {
            for (width, (_, place)) in widths.iter_mut().zip(self.for_people()) {
                let needed = row
                    .get(place)
                    .map_or(0, |cell| text::width(&untrusted::shown(&cell.shown())));
                *width = needed.max(*width);
            }
        }
        if fit(&mut widths, self.style.width) == Fit::TooWide {
            self.layout = Some(Layout::Blocks);
        } else {
            let heads: Vec<String> = self
                .for_people()
                .map(|(column, _)| column.head.to_owned())
                .collect();
            let line = laid_out(&heads, &widths, self.mark());
            writeln!(self.out, "{}", self.style.strong(line.trim_end()))?;
            self.layout = Some(Layout::Columns(widths));
        }
        for row in std::mem::take(&mut self.waiting) {
            self.line(&row)?;
        }
        Ok(())
    }

    fn line(&mut self, row: &Row) -> io::Result<()> {
        let cells: Vec<(&str, String)> = self
            .for_people()
            .map(|(column, place)| {
                let text = row.get(place).map(|cell| untrusted::shown(&cell.shown()));
                (column.head, text.unwrap_or_default())
            })
            .collect();
        let lines = match &self.layout {
            Some(Layout::Columns(widths)) => {
                let cells: Vec<String> = cells.into_iter().map(|(_, text)| text).collect();
                vec![laid_out(&cells, widths, self.mark())]
            }
            Some(Layout::Blocks) | None => block(&cells, self.style.width, self.mark()),
        };
        let severity = row.iter().find_map(severity);
        for (place, line) in lines.iter().enumerate() {
            let line = line.trim_end();
            // The first line of a block carries its colour.
            match severity.filter(|_| place == 0) {
                Some(severity) => writeln!(self.out, "{}", self.style.severity(severity, line))?,
                None => writeln!(self.out, "{line}")?,
            }
        }
        Ok(())
    }

    const fn mark(&self) -> &'static str {
        if self.style.unicode { "…" } else { "..." }
    }
}

/// The colour of a row is that of the status in it.
fn severity(cell: &Cell) -> Option<Severity> {
    match cell {
        Cell::Word("EXPIRED") => Some(Severity::Expired),
        Cell::Word("CRITICAL") => Some(Severity::Critical),
        Cell::Word("WARNING") => Some(Severity::Warning),
        Cell::Word("ERROR") => Some(Severity::Error),
        _ => None,
    }
}

fn laid_out(cells: &[String], widths: &[usize], mark: &str) -> String {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        line.push_str(&text::pad(&text::cut_middle(cell, *width, mark), width + GAP));
    }
    line
}

/// A row as a block: cells without anything in them are left out.
fn block(cells: &[(&str, String)], width: usize, mark: &str) -> Vec<String> {
    let mut cells = cells.iter().filter(|(_, text)| !text.is_empty() && text != "-");
    let mut lines = Vec::new();
    let first: Vec<&str> = cells.by_ref().take(2).map(|(_, text)| text.as_str()).collect();
    lines.push(text::cut_middle(&first.join("  "), width, mark));
    let rest: Vec<String> = cells
        .map(|(head, text)| format!("{} {text}", head.to_lowercase()))
        .collect();
    let room = width.saturating_sub(INDENT);
    for line in text::wrap(&rest.join("; "), room, BLOCK_LINES, mark) {
        lines.push(format!("{:INDENT$}{line}", ""));
    }
    lines
}

/// Whether columns fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    /// They do.
    Fits,
    /// They would have to be cut to pieces.
    TooWide,
}

/// Takes from the widest column until all fit, or none can give any more.
fn fit(widths: &mut [usize], columns: usize) -> Fit {
    let room = columns.saturating_sub(GAP * widths.len().saturating_sub(1));
    while widths.iter().sum::<usize>() > room {
        match widths.iter_mut().max() {
            Some(widest) if *widest > LEAST => *widest -= 1,
            _ => return Fit::TooWide,
        }
    }
    Fit::Fits
}

#[cfg(test)]
mod tests {
    use super::{Fit, block, fit};

    #[test]
    fn a_row_that_does_not_fit_is_a_block() {
        let cells = [
            ("Certificate", "shop.example".to_owned()),
            ("Old at", "2".to_owned()),
            ("New ends", "-".to_owned()),
            (
                "Still old",
                "shop.example:443 [192.0.2.1], shop.example:443 [192.0.2.2]".to_owned(),
            ),
        ];
        assert_eq!(
            block(&cells, 60, "..."),
            [
                "shop.example  2",
                "    still old shop.example:443 [192.0.2.1], shop.example:443",
                "    [192.0.2.2]"
            ]
        );
    }

    #[test]
    fn the_widest_column_gives_first() {
        let mut widths = [10, 80, 20];
        assert_eq!(fit(&mut widths, 60), Fit::Fits);
        assert_eq!(widths, [10, 26, 20]);
        assert_eq!(fit(&mut [16; 40], 60), Fit::TooWide, "nothing is cut to nothing");
        assert_eq!(fit(&mut [], 60), Fit::Fits);
    }
}
