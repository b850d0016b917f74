//! A table of a problem: tab separated (or comma separated) text with the columns' names in its first line.

use std::collections::BTreeMap;

use super::findings::Findings;
use crate::diagnostic::{self, Diagnostic, FileId, Sources, Span};

/// The most lines and columns of a table: far more than anybody measures, few enough to be held.
const MOST_LINES: usize = 2_000_000;
const MOST_COLUMNS: usize = 10_000;

/// A table whose cells know where they stand.
#[derive(Debug)]
pub struct Table<'s> {
    /// The file.
    pub file: FileId,
    text: &'s str,
    separator: u8,
    columns: Vec<String>,
    index: BTreeMap<String, usize>,
    /// Where each line begins, and its cells.
    rows: Vec<(usize, csv::StringRecord)>,
}

/// One line of a table.
#[derive(Debug, Clone, Copy)]
pub struct Row<'t> {
    table: &'t Table<'t>,
    index: usize,
}

/// One cell. A cell that a short line lacks is an empty one.
#[derive(Debug, Clone, Copy)]
pub struct Cell<'t> {
    /// Its text without the blanks around it.
    pub text: &'t str,
    table: &'t Table<'t>,
    row: usize,
    column: usize,
}

/// What separates the cells of a text: tabs, or commas where the first line has no tab.
#[must_use]
pub fn separator(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if !first.contains('\t') && first.contains(',') { b',' } else { b'\t' }
}

/// A reader for the lines of a table, the first one included.
pub fn lines(text: &str) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .delimiter(separator(text))
        .from_reader(text.as_bytes())
}

impl<'s> Table<'s> {
    /// Reads a table that must have the columns `required`; nothing after a finding that leaves no table.
    pub fn read(
        file: FileId,
        sources: &'s Sources,
        required: &[&str],
        known: &[&str],
        findings: &mut Findings,
    ) -> Option<Self> {
        let whole = sources.text(file);
        let text = whole.trim_start_matches('\u{feff}');
        let shift = whole.len() - text.len();
        let mut table = Table {
            file,
            text: whole,
            separator: separator(text),
            columns: Vec::new(),
            index: BTreeMap::new(),
            rows: Vec::new(),
        };
        let mut reader = lines(text);
        loop {
            let row = shift + usize::try_from(reader.position().byte()).unwrap_or(0);
            let mut record = csv::StringRecord::new();
            match reader.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    let span = table.place(row, 0);
                    findings.error("bad-cell", format!("this line cannot be read: {error}"), span, "no table");
                    return None;
                }
            }
            if record.iter().all(str::is_empty) {
                continue;
            }
            if record.len() > MOST_COLUMNS || table.rows.len() >= MOST_LINES {
                let message = format!("tables have at most {MOST_COLUMNS} columns and {MOST_LINES} lines");
                findings.error("too-large", message, table.place(row, 0), "too much here");
                return None;
            }
            if table.columns.is_empty() {
                table.header(&record, row, findings);
            } else if record.len() > table.columns.len() {
                let message = format!("this line has {} cells, the first one {}", record.len(), table.columns.len());
                let span = table.place(row, table.columns.len());
                findings.error("bad-cell", message, span, "one cell too many");
            } else {
                table.rows.push((row, record));
            }
        }
        table.is_complete(required, known, findings).then_some(table)
    }

    fn header(&mut self, record: &csv::StringRecord, row: usize, findings: &mut Findings) {
        for (index, name) in record.iter().enumerate() {
            self.columns.push(name.to_owned());
            if !name.is_empty() && self.index.insert(name.to_owned(), index).is_some() {
                let span = self.place(row, index);
                findings.error("bad-cell", format!("the column `{name}` stands there twice"), span, "again");
            }
        }
    }

    fn is_complete(&self, required: &[&str], known: &[&str], findings: &mut Findings) -> bool {
        let start = Span { file: self.file, start: 0, end: self.text.find(['\r', '\n']).unwrap_or(self.text.len()) };
        if self.columns.is_empty() {
            let finding = Diagnostic::error("empty-table", "the table is empty");
            findings.push(finding.at(start, "expected a line with the columns' names"));
            return false;
        }
        let mut complete = true;
        for name in required.iter().filter(|name| !self.index.contains_key(**name)) {
            let near = crate::diagnostic::suggest(name, self.columns.iter().map(String::as_str));
            let finding = Diagnostic::error("missing-column", format!("the column `{name}` is missing"))
                .at(start, "expected it in this line")
                .maybe_help(near.map(|near| format!("is it `{near}`?")));
            findings.push(finding);
            complete = false;
        }
        for (index, name) in self.columns.iter().enumerate() {
            let unknown = !known.contains(&name.as_str()) && !required.contains(&name.as_str());
            let absent = known.iter().copied().filter(|known| !self.index.contains_key(*known));
            if unknown
                && complete
                && let Some(near) = crate::diagnostic::suggest(name, absent)
            {
                let finding = Diagnostic::warning("unknown-column", format!("the column `{name}` is not used"))
                    .at(self.place(0, index), "unknown column")
                    .help(format!("did you mean `{near}`?"));
                findings.push(finding);
            }
        }
        complete
    }

    /// Its lines.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.rows.len()).map(|index| Row { table: self, index })
    }

    /// The names of its columns with their indices.
    pub fn columns(&self) -> impl Iterator<Item = (usize, &str)> {
        self.columns.iter().map(String::as_str).enumerate()
    }

    /// The place of a column's name.
    pub fn column_span(&self, column: usize) -> Span {
        self.place(0, column)
    }

    /// The place of a cell of the line that begins at `row` or after blank lines from there.
    fn place(&self, row: usize, column: usize) -> Span {
        let (start, end) = diagnostic::cell(self.text, self.separator, row, column);
        Span { file: self.file, start, end }
    }
}

impl<'t> Row<'t> {
    /// The cell in a column; nothing when the table has no such column.
    pub fn get(&self, column: &str) -> Option<Cell<'t>> {
        let column = *self.table.index.get(column)?;
        Some(self.at(column))
    }

    /// The cell in a column by its index.
    pub fn at(&self, column: usize) -> Cell<'t> {
        let text = self.table.rows[self.index].1.get(column).unwrap_or_default();
        Cell { text, table: self.table, row: self.table.rows[self.index].0, column }
    }

    /// The cell in a column, where there is one that is not empty.
    pub fn filled(&self, column: &str) -> Option<Cell<'t>> {
        self.get(column).filter(|cell| !cell.is_empty())
    }
}

impl Cell<'_> {
    /// Does it say nothing? `PEtab`'s tables are written by programs for which a missing value is "not a number".
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self.text, "" | "nan" | "NaN" | "NAN" | "NA" | "N/A" | "null" | "NULL")
    }

    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        self.table.place(self.row, self.column)
    }

    /// The place of bytes of its text.
    #[must_use]
    pub fn part(&self, place: &std::ops::Range<usize>) -> Span {
        let span = self.span();
        let quoted = usize::from(self.table.text[span.start..].starts_with('"'));
        let at = |offset: usize| self.table.text.floor_char_boundary((span.start + quoted + offset).min(span.end));
        Span { file: span.file, start: at(place.start), end: at(place.end) }
    }

    /// Its number, which must be finite.
    pub fn number(&self, what: &str, findings: &mut Findings) -> Option<f64> {
        let message = match self.text.parse::<f64>() {
            Ok(value) if value.is_finite() => return Some(value),
            _ if self.is_empty() => format!("{what} is missing"),
            Ok(_) => format!("{what} `{}` is not finite", shortened(self.text)),
            Err(_) => format!("`{}` is not a number", shortened(self.text)),
        };
        let decimal_comma = self.text.contains(',') && self.text.replace(',', ".").parse::<f64>().is_ok();
        let finding = Diagnostic::error("bad-cell", message)
            .at(self.span(), format!("expected {what}, a number"))
            .maybe_help(decimal_comma.then(|| "numbers have a decimal point".to_owned()));
        findings.push(finding);
        None
    }

    /// One of `choices` by its word, whatever its case.
    pub fn choice<T: Copy>(&self, what: &str, choices: &[(&str, T)], findings: &mut Findings) -> Option<T> {
        if let Some((_, value)) = choices.iter().find(|(word, _)| word.eq_ignore_ascii_case(self.text)) {
            return Some(*value);
        }
        let words = choices.iter().map(|(word, _)| *word);
        let message = match self.text {
            "" => format!("{what} is missing"),
            text => format!("there is no {what} `{}`", shortened(text)),
        };
        let help = super::findings::near_or_listed(self.text, what, words);
        findings.push(Diagnostic::error("bad-cell", message).at(self.span(), "expected another word").maybe_help(help));
        None
    }

    /// Its id, which must not be empty.
    pub fn id(&self, what: &str, findings: &mut Findings) -> Option<&str> {
        if self.text.is_empty() {
            findings.error("bad-cell", format!("{what} is missing"), self.span(), "an empty cell");
            return None;
        }
        if !is_id(self.text) {
            let finding = Diagnostic::error("bad-id", format!("`{}` is no id", shortened(self.text)))
                .at(self.span(), "not an id")
                .help("an id has letters, digits and `_`, and does not begin with a digit");
            findings.push(finding);
            return None;
        }
        Some(self.text)
    }
}

/// Is this an id of SBML?
#[must_use]
pub fn is_id(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// The beginning of a text that may be very long.
#[must_use]
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::is_id;

    #[test]
    fn ids_are_those_of_sbml() {
        assert!(is_id("_a1") && is_id("A"));
        assert!(!is_id("") && !is_id("1a") && !is_id("a b") && !is_id("a-b"));
    }
}
