//! Tables with commas: a table's text from its bytes, and its lines with their places.

use std::path::Path;

use crate::diagnostic::{Diagnostic, Span};

/// The text of a table.
pub(super) fn text(path: &Path, bytes: Vec<u8>, from: Span) -> Result<String, Diagnostic> {
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count() + 1;
        Diagnostic::error("not-utf-8", format!("{}:{line}: this is not UTF-8 text", path.display()))
            .at(from, "not a text that can be read")
            .help("save the table with the encoding UTF-8")
    })
}

/// The lines of a table with commas, after its header.
pub(super) struct Lines<'a> {
    reader: csv::Reader<&'a [u8]>,
    /// Bytes before the first line.
    shift: usize,
    /// How many cells the header has.
    width: usize,
    ended: bool,
}

/// A line that cannot be used.
pub(super) struct BrokenLine {
    /// Where it begins.
    pub row: usize,
    /// The cell to point at.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What was expected.
    pub label: &'static str,
}

impl<'a> Lines<'a> {
    /// The header of a table, where it begins, and the lines after it; nothing when the table is empty.
    pub fn open(text: &'a str) -> Option<(csv::StringRecord, usize, Self)> {
        let body = text.trim_start_matches('\u{feff}');
        let shift = text.len() - body.len();
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(body.as_bytes());
        let mut header = csv::StringRecord::new();
        let Ok(true) = reader.read_record(&mut header) else { return None };
        let width = header.len();
        Some((header, shift, Self { reader, shift, width, ended: false }))
    }
}

impl Iterator for Lines<'_> {
    /// Where a line begins, and its cells. Blank lines are passed over.
    type Item = Result<(usize, csv::StringRecord), BrokenLine>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let row = self.shift + usize::try_from(self.reader.position().byte()).unwrap_or(0);
            let mut record = csv::StringRecord::new();
            match self.reader.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.ended = true;
                    let message = format!("this line cannot be read: {error}");
                    return Some(Err(BrokenLine { row, column: 0, message, label: "not CSV" }));
                }
            }
            if record.iter().all(str::is_empty) {
                continue;
            }
            if record.len() != self.width {
                let message = format!("this line has {} cells, the first one {}", record.len(), self.width);
                let column = record.len().saturating_sub(1).min(self.width);
                return Some(Err(BrokenLine { row, column, message, label: "expected one cell for each column" }));
            }
            return Some(Ok((row, record)));
        }
        None
    }
}
