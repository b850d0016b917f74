//! Rows from a CSV table, with the place of each cell that is wrong.

use std::path::Path;

use super::MOST_SHOWN;
use super::columns::{Columns, Role, Target};
use crate::diagnostic::{self, Diagnostic, FileId, Sources, Span};
use crate::plan::cells;

/// Reads the text of the table at `path`.
pub(super) fn read(
    path: &Path,
    bytes: Vec<u8>,
    from: Span,
    target: &mut Target<'_>,
    sources: &mut Sources,
    findings: &mut Vec<Diagnostic>,
) {
    match cells::text(path, bytes, from) {
        Err(wrong) => findings.push(wrong),
        Ok(text) => {
            let file = sources.add(path.display().to_string(), text);
            let mut reader = Reader { file, text: sources.text(file), findings, bad: 0 };
            reader.rows(from, target);
            let hidden = reader.bad.saturating_sub(MOST_SHOWN);
            if hidden > 0 {
                let message = format!("{hidden} more bad cells in {}", sources.name(file));
                findings.push(Diagnostic::error("bad-cell", message).at(from, "this table"));
            }
        }
    }
}

struct Reader<'a> {
    file: FileId,
    text: &'a str,
    findings: &'a mut Vec<Diagnostic>,
    bad: usize,
}

impl Reader<'_> {
    fn rows(&mut self, from: Span, target: &mut Target<'_>) {
        let Some((header, row, lines)) = cells::Lines::open(self.text) else {
            let finding = Diagnostic::error("empty-table", "the table is empty");
            self.findings.push(finding.at(from, "expected a line with the names of the columns"));
            return;
        };
        let Some(columns) = self.columns(&header, row, target) else { return };
        for line in lines {
            let (row, record) = match line {
                Ok(line) => line,
                Err(broken) => {
                    self.report(broken.row, broken.column, broken.message, broken.label, None);
                    continue;
                }
            };
            let before = self.bad;
            let mut values = Vec::with_capacity(columns.roles.len());
            for &(column, role) in &columns.roles {
                let cell = record.get(column).unwrap_or_default();
                match number(cell, role).and_then(|value| target.check(role, value)) {
                    Ok(value) => values.push(value),
                    Err(message) => {
                        let comma = cell.contains(',') && cell.replace(',', ".").parse::<f64>().is_ok();
                        let help = comma.then(|| "numbers have a decimal point".to_owned());
                        self.report(row, column, message, "expected a number", help);
                    }
                }
            }
            if self.bad == before {
                target.push(&columns, &values);
            }
        }
    }

    fn columns(&mut self, header: &csv::StringRecord, row: usize, target: &Target<'_>) -> Option<Columns> {
        if let (1, Some(only)) = (header.len(), header.get(0))
            && let Some((_, name)) =
                [(';', "semicolons"), ('\t', "tabs")].into_iter().find(|(separator, _)| only.contains(*separator))
        {
            let help = Some("save the table with commas between cells and points in numbers".to_owned());
            self.report(row, 0, format!("the columns are separated by {name}"), "expected commas", help);
            return None;
        }
        let names: Vec<&str> = header.iter().collect();
        let (columns, wrong) = Columns::find(&names, target);
        for one in wrong {
            let column = one.place.unwrap_or(0);
            let (start, end) = diagnostic::cell(self.text, b',', row, column);
            let span = Span { file: self.file, start, end };
            let label = match (one.is_error, one.place) {
                (true, None) => "expected it in this line",
                (true, Some(_)) => "expected one of them",
                (false, _) => "not used",
            };
            let finding = match one.is_error {
                true => Diagnostic::error("bad-column", one.message),
                false => Diagnostic::warning("unused-column", one.message),
            };
            self.findings.push(finding.at(span, label).maybe_help(one.help));
        }
        columns
    }

    /// Notes a bad cell with its place in the table; of very many, only the first ones.
    fn report(&mut self, row: usize, column: usize, message: String, label: &str, help: Option<String>) {
        self.bad += 1;
        if self.bad <= MOST_SHOWN {
            let (start, end) = diagnostic::cell(self.text, b',', row, column);
            let span = Span { file: self.file, start, end };
            self.findings.push(Diagnostic::error("bad-cell", message).at(span, label).maybe_help(help));
        }
    }
}

/// The number in a cell. An empty fval is that of a failed solve.
fn number(cell: &str, role: Role) -> Result<f64, String> {
    match cell.parse::<f64>() {
        Ok(value) => Ok(value),
        Err(_) if cell.is_empty() && role == Role::Fval => Ok(f64::INFINITY),
        Err(_) if cell.is_empty() => Err("the cell is empty".to_owned()),
        Err(_) => Err(format!("`{cell}` is not a number")),
    }
}
