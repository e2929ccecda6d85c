//! A table for people: rows in columns whose widths follow the first rows and the terminal. What does not fit is cut in the
//! middle, since both ends of a name tell most.

use std::io::{self, Write};

use model::{Severity, untrusted};

use super::{Cell, ROWS_THAT_COUNT, Row, Sheet};
use crate::text;

/// Between two columns.
const GAP: usize = 2;
/// No column is cut below this.
const LEAST: usize = 6;

impl<W: Write> Sheet<W> {
    /// Takes a row; the first ones wait until the widths are known.
    pub(super) fn table_row(&mut self, row: Row) -> io::Result<()> {
        if self.widths.is_some() {
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
        if self.widths.is_some() || self.waiting.is_empty() {
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
        fit(&mut widths, self.style.width);
        let heads: Vec<String> = self
            .for_people()
            .map(|(column, _)| column.head.to_owned())
            .collect();
        let line = laid_out(&heads, &widths, self.mark());
        writeln!(self.out, "{}", self.style.strong(line.trim_end()))?;
        self.widths = Some(widths);
        for row in std::mem::take(&mut self.waiting) {
            self.line(&row)?;
        }
        Ok(())
    }

    fn line(&mut self, row: &Row) -> io::Result<()> {
        let widths = self.widths.clone().unwrap_or_default();
        let cells: Vec<String> = self
            .for_people()
            .map(|(_, place)| {
                row.get(place)
                    .map(|cell| untrusted::shown(&cell.shown()))
                    .unwrap_or_default()
            })
            .collect();
        let line = laid_out(&cells, &widths, self.mark());
        let line = line.trim_end();
        let coloured = match row.iter().find_map(severity) {
            Some(severity) => self.style.severity(severity, line),
            None => line.to_owned(),
        };
        writeln!(self.out, "{coloured}")
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

/// Takes from the widest column until all fit.
fn fit(widths: &mut [usize], columns: usize) {
    let room = columns.saturating_sub(GAP * widths.len().saturating_sub(1));
    loop {
        let sum: usize = widths.iter().sum();
        let Some(widest) = widths.iter_mut().max() else {
            return;
        };
        if sum <= room || *widest <= LEAST {
            return;
        }
        // In one step as far as the excess goes, but never past the point where another column is the widest.
        *widest -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn the_widest_column_gives_first() {
        let mut widths = [10, 80, 20];
        fit(&mut widths, 60);
        assert_eq!(widths, [10, 26, 20]);
        let mut many = [10; 40];
        fit(&mut many, 60);
        assert_eq!(many, [6; 40], "nothing is cut to nothing");
        fit(&mut [], 60);
    }
}
