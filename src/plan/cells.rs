//! Texts of cells: a table's text from its bytes, and where each cell stands in it.

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

/// Start and end of a cell of the line that begins at `row` or after blank lines from there.
pub(super) fn place(text: &str, row: usize, column: usize) -> (usize, usize) {
    let bytes = text.as_bytes();
    let mut at = row.min(bytes.len());
    while matches!(bytes.get(at), Some(b'\r' | b'\n')) {
        at += 1;
    }
    let mut start = at;
    let mut index = 0;
    let mut quoted = false;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => quoted = !quoted,
            b'\r' | b'\n' if !quoted => break,
            b',' if !quoted => {
                if index == column {
                    break;
                }
                index += 1;
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    let cell = &text[start.min(at)..at];
    let lead = cell.len() - cell.trim_start().len();
    let tail = cell.trim_end().len();
    if tail > lead { (start + lead, start + tail) } else { (start, at) }
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn cells_are_found_by_column() {
        let text = "a,b,c\n\r\n\"x, y\", 1 ,\nlast";
        let cell = |row, column| {
            let (start, end) = place(text, row, column);
            &text[start..end]
        };
        assert_eq!(cell(0, 0), "a");
        assert_eq!(cell(0, 2), "c");
        assert_eq!(cell(5, 0), "\"x, y\"");
        assert_eq!(cell(5, 1), "1");
        assert_eq!(cell(5, 2), "");
        assert_eq!(cell(text.len() + 7, 2), "");
    }
}
