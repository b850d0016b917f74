//! Where a cell stands in the text of a table.

/// Start and end of a cell of the line that begins at `row` or after blank lines from there.
#[must_use]
pub fn cell(text: &str, separator: u8, row: usize, column: usize) -> (usize, usize) {
    let bytes = text.as_bytes();
    let mut at = row.min(bytes.len());
    if text[at..].starts_with('\u{feff}') {
        at += '\u{feff}'.len_utf8();
    }
    while matches!(bytes.get(at), Some(b'\r' | b'\n')) {
        at += 1;
    }
    let mut start = at;
    let mut index = 0;
    let mut quoted = false;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            // Elsewhere than at its beginning, a quotation mark is a letter of the cell.
            b'"' if quoted || text[start..at].trim().is_empty() => quoted = !quoted,
            b'\r' | b'\n' if !quoted => break,
            _ if byte == separator && !quoted => {
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
    // A short line ends before the column.
    let start = if index == column { start.min(at) } else { at };
    let cell = &text[start..at];
    let lead = cell.len() - cell.trim_start().len();
    let tail = cell.trim_end().len();
    if tail > lead { (start + lead, start + tail) } else { (start, at) }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn cells_between_tabs_are_found_by_column() {
        let text = "a\tb\tc\n\r\n\"x\ty\"\t 1 \t\nlast";
        let cell = |row, column| {
            let (start, end) = cell(text, b'\t', row, column);
            &text[start..end]
        };
        assert_eq!(cell(0, 0), "a");
        assert_eq!(cell(0, 2), "c");
        assert_eq!(cell(5, 0), "\"x\ty\"");
        assert_eq!(cell(5, 1), "1");
        assert_eq!(cell(5, 2), "");
        assert_eq!(cell(5, 7), "");
        assert_eq!(cell(text.len() + 7, 2), "");
    }

    #[test]
    fn cells_between_commas_are_found_by_column() {
        let text = "a,b,c\n\r\n\"x, y\", 1 ,\nlast";
        let cell = |row, column| {
            let (start, end) = cell(text, b',', row, column);
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
