//! Measured values from a CSV table.

use std::collections::BTreeMap;
use std::path::Path;

use crate::diagnostic::{self, Diagnostic, FileId, Sources, Span};
use crate::model::expression::Expression;
use crate::model::problem::{Measurement, Observable, Treatment};

use super::imports::{bytes_of, tidy};
use super::words;
use crate::plan::cells;

/// Bad cells that are shown one by one.
const MOST_SHOWN: usize = 20;

/// Columns that a table may have; the first three it must have.
const COLUMNS: [&str; 5] = ["observable", "time", "value", "treatment", "noise"];

/// Reads the table at `path`, which the experiment names at `from`.
pub(super) fn read(
    path: &Path,
    from: Span,
    observables: &[Observable],
    treatments: &[Treatment],
    noise_names: &[&str],
    sources: &mut Sources,
    findings: &mut Vec<Diagnostic>,
) -> Vec<Measurement> {
    let path = tidy(path);
    let text = bytes_of(&path, Some(from)).and_then(|bytes| cells::text(&path, bytes, from));
    let text = match text {
        Ok(text) => text,
        Err(wrong) => {
            findings.push(wrong);
            return Vec::new();
        }
    };
    let file = sources.add(path.display().to_string(), text);
    let text = sources.text(file);
    let mut table = Table {
        file,
        text,
        observables: observables.iter().enumerate().map(|(index, one)| (one.id.as_str(), index)).collect(),
        treatments: treatments.iter().enumerate().map(|(index, one)| (one.id.as_str(), index)).collect(),
        noise_names,
        findings,
        bad: 0,
    };
    let measurements = table.measurements(from);
    let hidden = table.bad.saturating_sub(MOST_SHOWN);
    if hidden > 0 {
        findings.push(
            Diagnostic::error("bad-cell", format!("{hidden} more bad cells in {}", sources.name(file)))
                .at(from, "this table"),
        );
    }
    measurements
}

struct Table<'a> {
    file: FileId,
    text: &'a str,
    observables: BTreeMap<&'a str, usize>,
    treatments: BTreeMap<&'a str, usize>,
    noise_names: &'a [&'a str],
    findings: &'a mut Vec<Diagnostic>,
    bad: usize,
}

/// One cell: its text, and where to find it when it is wrong.
struct Cell<'a> {
    text: &'a str,
    row: usize,
    column: usize,
}

impl Table<'_> {
    fn measurements(&mut self, from: Span) -> Vec<Measurement> {
        let text = self.text;
        let Some((header, row, lines)) = cells::Lines::open(text) else {
            self.findings.push(
                Diagnostic::error("empty-table", "the table is empty")
                    .at(from, "expected a line with the columns observable, time, value"),
            );
            return Vec::new();
        };
        let Some(columns) = self.columns(&header, row) else { return Vec::new() };
        let mut found = Vec::new();
        for line in lines {
            match line {
                Ok((row, record)) => found.extend(self.measurement(&record, row, &columns)),
                Err(broken) => self.report(broken.row, broken.column, broken.message, broken.label, None),
            }
        }
        if found.is_empty() && self.bad == 0 {
            self.findings.push(
                Diagnostic::error("empty-table", "the table has no measurements")
                    .at(from, "expected at least one line"),
            );
        }
        found
    }

    /// Where each known column stands; `None` after a finding.
    fn columns(&mut self, header: &csv::StringRecord, row: usize) -> Option<[Option<usize>; 5]> {
        let mut places = [None; 5];
        for (index, name) in header.iter().enumerate() {
            let name = name.trim();
            match COLUMNS.iter().position(|known| *known == name) {
                Some(column) if places[column].is_some() => {
                    self.report(row, index, format!("the column `{name}` stands there twice"), "again", None);
                }
                Some(column) => places[column] = Some(index),
                None => {
                    let help = words::near(name, COLUMNS).or_else(|| words::listed("columns", COLUMNS));
                    self.report(row, index, format!("there is no column `{name}`"), "unknown column", help);
                }
            }
        }
        if let (1, Some(only)) = (header.len(), header.get(0))
            && let Some(separator) = [';', '\t'].into_iter().find(|separator| only.contains(*separator))
        {
            self.bad = 0;
            self.findings.pop();
            let help = Some("save the table with commas between cells and points in numbers".to_owned());
            let name = if separator == ';' { "semicolons" } else { "tabs" };
            self.report(row, 0, format!("the columns are separated by {name}"), "expected commas", help);
            return None;
        }
        for (column, name) in COLUMNS.iter().enumerate().take(3) {
            if places[column].is_none() {
                let help = Some(
                    "the first line names the columns: observable, time, value [, treatment] [, noise]".to_owned(),
                );
                self.report(row, 0, format!("the column `{name}` is missing"), "expected it in this line", help);
            }
        }
        if places[3].is_none() && self.treatments.len() > 1 {
            let names: Vec<_> = self.treatments.keys().copied().collect();
            let help = words::listed("treatments", names);
            let message = "the column `treatment` is missing, and there is more than one treatment".to_owned();
            self.report(row, 0, message, "expected it in this line", help);
        }
        (self.bad == 0).then_some(places)
    }

    fn measurement(
        &mut self,
        record: &csv::StringRecord,
        row: usize,
        columns: &[Option<usize>; 5],
    ) -> Option<Measurement> {
        let cell = |which: usize| {
            let column = columns[which]?;
            Some(Cell { text: record.get(column).unwrap_or_default(), row, column })
        };
        let observable = cell(0).and_then(|cell| self.observable(&cell));
        let time = cell(1).and_then(|cell| self.number(&cell, "time"));
        let value = cell(2).and_then(|cell| self.number(&cell, "value"));
        let treatment = match cell(3) {
            Some(cell) => self.treatment(&cell),
            None => Some(0),
        };
        let noise = match cell(4) {
            Some(cell) if !cell.text.is_empty() => self.noise(&cell).map(Some),
            _ => Some(None),
        };
        if let (Some(time), Some(cell)) = (time, cell(1))
            && time < 0.0
        {
            self.report(
                cell.row,
                cell.column,
                format!("the time {} is negative", cell.text),
                "expected 0 or more",
                None,
            );
            return None;
        }
        Some(Measurement {
            observable: observable?,
            treatment: treatment?,
            time: time?,
            value: value?,
            observable_overrides: Vec::new(),
            noise_override: noise?,
        })
    }

    fn observable(&mut self, cell: &Cell<'_>) -> Option<usize> {
        if cell.text.is_empty() {
            self.report(cell.row, cell.column, "the observable is missing".to_owned(), "an empty cell", None);
            return None;
        }
        let found = self.observables.get(cell.text).copied();
        if found.is_none() {
            let names: Vec<_> = self.observables.keys().copied().collect();
            let help = words::near(cell.text, names.iter().copied()).or_else(|| words::listed("observables", names));
            self.report(cell.row, cell.column, format!("there is no observable `{}`", cell.text), "unknown", help);
        }
        found
    }

    fn treatment(&mut self, cell: &Cell<'_>) -> Option<usize> {
        if cell.text.is_empty() && self.treatments.len() == 1 {
            return Some(0);
        }
        let found = self.treatments.get(cell.text).copied();
        if found.is_none() {
            let names: Vec<_> = self.treatments.keys().copied().collect();
            let help = words::near(cell.text, names.iter().copied()).or_else(|| words::listed("treatments", names));
            let message = if cell.text.is_empty() {
                "the treatment is missing".to_owned()
            } else {
                format!("there is no treatment `{}`", cell.text)
            };
            self.report(cell.row, cell.column, message, "expected a treatment", help);
        }
        found
    }

    fn number(&mut self, cell: &Cell<'_>, what: &str) -> Option<f64> {
        let message = match cell.text.parse::<f64>() {
            Ok(value) if value.is_finite() => return Some(value),
            Ok(_) => format!("the {what} `{}` is not finite", cell.text),
            Err(_) if cell.text.is_empty() => format!("the {what} is missing"),
            Err(_) => format!("`{}` is not a number", cell.text),
        };
        let decimal_comma = cell.text.contains(',') && cell.text.replace(',', ".").parse::<f64>().is_ok();
        let help = decimal_comma.then(|| "numbers have a decimal point".to_owned());
        self.report(cell.row, cell.column, message, &format!("expected the {what}, a number"), help);
        None
    }

    fn noise(&mut self, cell: &Cell<'_>) -> Option<Expression> {
        if let Ok(value) = cell.text.parse::<f64>() {
            if value > 0.0 && value.is_finite() {
                return Some(Expression::Number(value));
            }
            self.report(
                cell.row,
                cell.column,
                format!("the noise `{}` is no scale", cell.text),
                "expected more than 0",
                None,
            );
            return None;
        }
        if self.noise_names.contains(&cell.text) {
            return Some(Expression::Symbol(cell.text.to_owned()));
        }
        let help = words::near(cell.text, self.noise_names.iter().copied());
        let message = format!("`{}` is neither a number nor a parameter", cell.text);
        self.report(cell.row, cell.column, message, "expected a number or a parameter", help);
        None
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
