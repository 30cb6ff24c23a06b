//! Tables for terminals: columns as wide as what stands in them.

use crate::ledger::report::figures::harmless;

/// How a column is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Set {
    /// Texts.
    Left,
    /// Numbers.
    Right,
}

/// A table in the making.
pub(super) struct Columns {
    set: Vec<Set>,
    rows: Vec<Row>,
}

enum Row {
    Cells(Vec<String>),
    /// A line below a row, as it is.
    Line(String),
}

impl Columns {
    /// A table with these heads.
    pub(super) fn new(heads: &[(&str, Set)]) -> Self {
        let cells = heads.iter().map(|(head, _)| (*head).to_owned()).collect();
        Self {
            set: heads.iter().map(|(_, set)| *set).collect(),
            rows: vec![Row::Cells(cells)],
        }
    }

    /// Another row.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let safe = cells.into_iter().map(|cell| harmless(&cell));
        self.rows.push(Row::Cells(safe.collect()));
    }

    /// A line below the last row, which belongs to it.
    pub(super) fn below(&mut self, line: &str) {
        self.rows.push(Row::Line(format!("    {}", harmless(line))));
    }

    /// The table: two spaces between columns, none at the ends of lines.
    pub(super) fn write(&self) -> String {
        let widths = self.widths();
        let mut out = String::new();
        for row in &self.rows {
            let line = match row {
                Row::Line(line) => line.clone(),
                Row::Cells(cells) => {
                    let set = cells.iter().zip(&widths).zip(&self.set);
                    let set = set.map(|((cell, width), set)| place(cell, *width, *set));
                    set.collect::<Vec<_>>().join("  ")
                }
            };
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = vec![0; self.set.len()];
        for row in &self.rows {
            if let Row::Cells(cells) = row {
                for (width, cell) in widths.iter_mut().zip(cells) {
                    *width = (*width).max(cell.chars().count());
                }
            }
        }
        widths
    }
}

fn place(cell: &str, width: usize, set: Set) -> String {
    match set {
        Set::Left => format!("{cell:<width$}"),
        Set::Right => format!("{cell:>width$}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_stands_in_them() {
        let mut columns = Columns::new(&[("WHO", Set::Left), ("90 D", Set::Right), ("CONTACT", Set::Left)]);
        columns.row(["acme".to_owned(), "1,234,567".to_owned(), String::new()]);
        columns.below("sent  x");
        columns.row(["é\u{1b}[2J".to_owned(), "7".to_owned(), "a@b.example".to_owned()]);
        let expected = "\
WHO         90 D  CONTACT
acme   1,234,567
    sent  x
é\u{fffd}[2J          7  a@b.example
";
        assert_eq!(columns.write(), expected);
    }
}
