//! The condition table: what other values parameters, compartments and initial species take in each condition.

use std::collections::{BTreeMap, BTreeSet};

use super::findings::{Findings, near_or_listed};
use super::parameters::Parameters;
use super::symbols::{Symbol, Symbols};
use super::table::{Cell, Table, shortened};
use crate::diagnostic::{Diagnostic, FileId, Sources, Span, suggest};
use crate::model::expression::Expression;

const REQUIRED: [&str; 1] = ["conditionId"];
const KNOWN: [&str; 1] = ["conditionName"];

/// The most values that all conditions set together.
pub const MOST_VALUES: usize = 1_000_000;

/// The tables, before it is known what their columns mean.
pub struct Tables<'s> {
    tables: Vec<Table<'s>>,
    /// The columns that name something.
    pub columns: BTreeSet<String>,
}

/// The conditions of a problem.
#[derive(Debug, Default)]
pub struct Conditions {
    /// What each condition sets, by its id. A cell without a value sets nothing: the model's value holds, or what the
    /// state was before.
    pub overrides: BTreeMap<String, Vec<(String, Expression)>>,
    /// Parameters that neither the model nor the parameter table has, but formulas use, each with the place of its
    /// column.
    pub outside: BTreeMap<String, Span>,
}

/// Opens the condition tables.
pub fn open<'s>(files: &[FileId], sources: &'s Sources, findings: &mut Findings) -> Tables<'s> {
    let tables: Vec<_> =
        files.iter().filter_map(|file| Table::read(*file, sources, &REQUIRED, &[], findings)).collect();
    let columns = tables.iter().flat_map(|table| table.columns().map(|(_, name)| name.to_owned()));
    let columns = columns.filter(|name| !is_label(name)).collect();
    Tables { tables, columns }
}

fn is_label(column: &str) -> bool {
    column.is_empty() || REQUIRED.contains(&column) || KNOWN.contains(&column)
}

impl Tables<'_> {
    /// The conditions. `used` are the ids in formulas.
    pub fn read(
        &self,
        symbols: &Symbols,
        parameters: &Parameters,
        used: &BTreeSet<String>,
        findings: &mut Findings,
    ) -> Conditions {
        let mut conditions = Conditions::default();
        let mut places: BTreeMap<&str, Span> = BTreeMap::new();
        let mut count = 0;
        for table in &self.tables {
            let mut targets = Vec::new();
            for (column, name) in table.columns().filter(|(_, name)| !is_label(name)) {
                let span = table.column_span(column);
                match is_target(name, symbols, parameters, used) {
                    Ok(()) => targets.push((column, name)),
                    Err(finding) => {
                        findings.push(finding.at(span, "this column"));
                        continue;
                    }
                }
                if symbols.get(name).is_none() && !parameters.index.contains_key(name) {
                    conditions.outside.entry(name.to_owned()).or_insert(span);
                }
            }
            for row in table.rows() {
                let Some(cell) = row.get("conditionId") else { continue };
                if cell.text.is_empty() {
                    findings.error("bad-cell", "the condition's id is missing", cell.span(), "an empty cell");
                    continue;
                }
                if let Some(first) = places.get(cell.text) {
                    let finding = Diagnostic::error(
                        "duplicate-id",
                        format!("condition `{}` stands there twice", shortened(cell.text)),
                    );
                    findings.push(finding.at(cell.span(), "again").at(*first, "first here"));
                    continue;
                }
                places.insert(cell.text, cell.span());
                let mut overrides = Vec::new();
                for &(column, name) in &targets {
                    let cell = row.at(column);
                    if !cell.is_empty()
                        && let Some(value) = value(&cell, symbols, parameters, findings)
                    {
                        overrides.push((name.to_owned(), value));
                    }
                }
                count += overrides.len();
                if count > MOST_VALUES {
                    let message = format!("conditions set more than {MOST_VALUES} values");
                    findings.error("too-large", message, cell.span(), "too much up to here");
                    return conditions;
                }
                conditions.overrides.insert(cell.text.to_owned(), overrides);
            }
        }
        conditions
    }
}

/// Can conditions set this id?
fn is_target(
    name: &str,
    symbols: &Symbols,
    parameters: &Parameters,
    used: &BTreeSet<String>,
) -> Result<(), Diagnostic> {
    match symbols.get(name) {
        Some(Symbol::Constant | Symbol::State) => Ok(()),
        Some(Symbol::Assigned) => {
            let message = format!("conditions cannot set `{name}`: a rule of the model computes it");
            Err(Diagnostic::error("not-a-target", message))
        }
        Some(Symbol::Rate) => {
            let message = format!("conditions cannot set `{name}`: it is the rate of a reaction");
            Err(Diagnostic::error("not-a-target", message))
        }
        None if parameters.index.contains_key(name) || used.contains(name) => Ok(()),
        None => {
            let near = suggest(name, symbols.ids()).map(|near| format!("did you mean `{near}`?"));
            let message = format!("conditions set `{}`, which the model does not have", shortened(name));
            Err(Diagnostic::error("unknown-name", message).maybe_help(near))
        }
    }
}

/// A number, or the id of a parameter.
fn value(cell: &Cell<'_>, symbols: &Symbols, parameters: &Parameters, findings: &mut Findings) -> Option<Expression> {
    if cell.text.parse::<f64>().is_ok() {
        return cell.number("the value", findings).map(Expression::Number);
    }
    reference(cell, cell.text, symbols, parameters, findings)
}

/// The id of a parameter in a part of a cell.
pub fn reference(
    cell: &Cell<'_>,
    text: &str,
    symbols: &Symbols,
    parameters: &Parameters,
    findings: &mut Findings,
) -> Option<Expression> {
    if parameters.index.contains_key(text) || symbols.get(text) == Some(Symbol::Constant) {
        return Some(Expression::Symbol(text.to_owned()));
    }
    let names = parameters.index.keys().map(String::as_str);
    let finding =
        Diagnostic::error("unknown-name", format!("`{}` is neither a number nor a parameter", shortened(text)))
            .at(cell.span(), "expected a number or the id of a parameter")
            .maybe_help(near_or_listed(text, "parameters", names));
    findings.push(finding);
    None
}
