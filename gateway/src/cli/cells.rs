//! Tables for spreadsheets: CSV (RFC 4180), one line of heads and one a row.

use super::Failure;

/// A cell.
pub(super) enum Cell {
    /// A text, which may come from anywhere.
    Text(String),
    /// A number or an instant, exactly.
    Exact(String),
}

/// Writes a table.
pub(super) fn write(heads: &[&str], rows: impl IntoIterator<Item = Vec<Cell>>) -> Result<String, Failure> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let failed = |error: csv::Error| Failure::new(format!("the table cannot be written: {error}"));
    writer.write_record(heads).map_err(failed)?;
    for row in rows {
        writer
            .write_record(row.into_iter().map(Cell::guarded))
            .map_err(failed)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| failed(error.into_error().into()))?;
    String::from_utf8(bytes).map_err(|error| Failure::new(format!("the table is no text: {error}")))
}

impl Cell {
    /// An exact value.
    pub(super) fn exact(value: impl ToString) -> Self {
        Self::Exact(value.to_string())
    }

    /// A text.
    pub(super) fn text(value: impl Into<String>) -> Self {
        Self::Text(value.into())
    }

    /// An exact value, or an empty cell.
    pub(super) fn perhaps(value: Option<impl ToString>) -> Self {
        Self::Exact(value.map(|value| value.to_string()).unwrap_or_default())
    }

    /// A text that a spreadsheet would take for a formula begins with an apostrophe (OWASP, "CSV Injection"): user agents and
    /// names are what clients say.
    fn guarded(self) -> String {
        match self {
            Self::Text(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) => {
                format!("'{text}")
            }
            Self::Text(text) | Self::Exact(text) => text,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_texts_and_numbers_stay() {
        let rows = [
            vec![Cell::text("=HYPERLINK(\"x\")"), Cell::exact(-0.5)],
            vec![Cell::text("@a, \"b\"\nc"), Cell::perhaps(None::<u64>)],
            vec![Cell::text("+1"), Cell::exact(7)],
            vec![Cell::text("-"), Cell::exact(u64::MAX)],
            vec![Cell::text("a=b"), Cell::perhaps(Some(1))],
        ];
        let expected = "who,count\r\n\"'=HYPERLINK(\"\"x\"\")\",-0.5\r\n\"'@a, \"\"b\"\"\nc\",\r\n'+1,7\r\n'-,18446744073709551615\r\na=b,1\r\n";
        assert_eq!(write(&["who", "count"], rows).map_err(|f| f.0).unwrap(), expected);
    }
}
