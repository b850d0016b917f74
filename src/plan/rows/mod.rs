//! Training rows that the user brings as a table: parameter vectors with their fvals, from earlier runs or other tools.
//!
//! A column `ID` holds a parameter on the linear scale, `parameter.ID` on the estimation scale, as kexp's own tables have
//! it; every estimated parameter of the problem needs one of the two. `fval` is the objective value, `inf` or empty where
//! the solve failed; without that column the rows are evaluated. Rows with the same number in `descent` belong together:
//! they are held out together.

mod columns;
mod csv_table;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::diagnostic::{self, Diagnostic, Severity, Sources, Span};
use crate::model::problem::Problem;
use crate::table::{Column, Table};
use columns::{Columns, Target};

/// How the rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// Text with commas and a header.
    Csv,
    /// Apache Parquet.
    Parquet,
}

/// A table of rows as it was when the plan was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFile {
    /// Where it lies.
    pub path: PathBuf,
    /// How it is written.
    pub format: Format,
    /// The BLAKE3 hash of its bytes.
    pub checksum: String,
}

/// Rows for one problem.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// The descent that each row belongs to, numbered from 0 in the order of first mention.
    pub descents: Vec<usize>,
    /// The fval of each row, infinite where its solve failed; nothing when the table has no such column.
    pub fvals: Option<Vec<f64>>,
    /// The vectors on the estimation scale.
    pub vectors: Vec<Vec<f64>>,
    /// Rows of the table that were left out because they lie outside the bounds of the problem.
    pub outside: usize,
}

/// The hash of a table's bytes.
#[must_use]
pub fn checksum(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// Reads the rows of a table for a problem; `from` is where the experiment names the table. Nothing after an error, which
/// then stands in `findings`.
pub fn read(
    file: &RowFile,
    bytes: Vec<u8>,
    problem: &Problem,
    from: Span,
    sources: &mut Sources,
    findings: &mut Vec<Diagnostic>,
) -> Option<Rows> {
    let before = findings.len();
    let mut target = Target::new(problem);
    match file.format {
        Format::Csv => csv_table::read(&file.path, bytes, from, &mut target, sources, findings),
        Format::Parquet => parquet(&file.path, from, &mut target, findings),
    }
    if findings[before..].iter().any(|finding| finding.severity == Severity::Error) {
        return None;
    }
    let rows = target.rows;
    let lost = if rows.outside == 0 { String::new() } else { format!(" inside the bounds of `{}`", problem.id) };
    if rows.vectors.is_empty() || rows.fvals.as_ref().is_some_and(|fvals| fvals.iter().all(|fval| fval.is_infinite())) {
        let what = if rows.vectors.is_empty() { "no rows" } else { "no row with a finite fval" };
        findings.push(
            Diagnostic::error("empty-table", format!("{} has {what}{lost}", file.path.display()))
                .at(from, "expected rows to learn from"),
        );
        return None;
    }
    if rows.outside > 0 {
        let all = rows.outside + rows.vectors.len();
        findings.push(
            Diagnostic::warning("out-of-bounds", format!("{} of {all} rows are left out", rows.outside))
                .at(from, format!("outside the bounds of `{}`", problem.id))
                .help("a generator proposes vectors inside the bounds: widen them to learn from these rows"),
        );
    }
    Some(rows)
}

/// Reads the rows once more when they are needed.
///
/// # Errors
/// When the file has changed since the plan was made, or with everything that is wrong in it.
pub fn load(file: &RowFile, problem: &Problem) -> Result<Rows, String> {
    let shown = file.path.display();
    let bytes = std::fs::read(&file.path).map_err(|error| format!("cannot read {shown}: {error}"))?;
    if checksum(&bytes) != file.checksum {
        return Err(format!("{shown} has changed since the plan was made; run the command again"));
    }
    let mut sources = Sources::default();
    let from = Span { file: sources.add("the plan", ""), start: 0, end: 0 };
    let mut findings = Vec::new();
    read(file, bytes, problem, from, &mut sources, &mut findings)
        .ok_or_else(|| diagnostic::render(&sources, &findings, false))
}

fn parquet(path: &Path, from: Span, target: &mut Target<'_>, findings: &mut Vec<Diagnostic>) {
    let shown = path.display();
    let table = match Table::read_parquet(path) {
        Ok(table) => table,
        Err(error) => {
            let message = format!("cannot read {shown}: {error}");
            findings
                .push(Diagnostic::error("unreadable-file", message).at(from, "no Parquet table of numbers and words"));
            return;
        }
    };
    let names: Vec<&str> = table.names().collect();
    let (columns, wrong) = Columns::find(&names, target);
    for one in wrong {
        let finding = match one.is_error {
            true => Diagnostic::error("bad-column", format!("{shown}: {}", one.message)),
            false => Diagnostic::warning("unused-column", format!("{shown}: {}", one.message)),
        };
        findings.push(finding.at(from, "this table").maybe_help(one.help));
    }
    let Some(columns) = columns else { return };
    let mut bad = 0;
    for row in 0..table.rows() {
        let mut cells = Vec::with_capacity(columns.roles.len());
        for (place, role) in &columns.roles {
            let value = match table.column(names[*place]) {
                Some(Column::Number(values)) => Ok(values[row]),
                Some(Column::Integer(values)) => Ok(values[row] as f64),
                _ => Err("holds words".to_owned()),
            };
            match value.and_then(|value| target.check(*role, value)) {
                Ok(value) => cells.push(value),
                Err(wrong) => {
                    bad += 1;
                    if bad <= MOST_SHOWN {
                        let name = names[*place];
                        let message = format!("{shown}: column `{name}`, row {}: {wrong}", row + 1);
                        findings.push(Diagnostic::error("bad-cell", message).at(from, "this table"));
                    }
                }
            }
        }
        if cells.len() == columns.roles.len() {
            target.push(&columns, &cells);
        }
    }
    if bad > MOST_SHOWN {
        let message = format!("{} more bad cells in {shown}", bad - MOST_SHOWN);
        findings.push(Diagnostic::error("bad-cell", message).at(from, "this table"));
    }
}

/// Bad cells that are shown one by one.
const MOST_SHOWN: usize = 20;
