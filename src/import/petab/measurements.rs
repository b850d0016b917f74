//! The measurement table, and the treatments that it makes of conditions.

use std::collections::{BTreeMap, BTreeSet};

use super::conditions::{Conditions, MOST_VALUES, reference};
use super::findings::{Findings, near_or_listed};
use super::observables::{Observables, placeholder};
use super::parameters::Parameters;
use super::symbols::Symbols;
use super::table::{Cell, Row, Table, shortened};
use crate::diagnostic::{Diagnostic, FileId, Sources, Span};
use crate::model::expression::Expression;
use crate::model::problem::{Measurement, Preequilibration, Scale, Treatment};

const REQUIRED: [&str; 4] = ["observableId", "simulationConditionId", "time", "measurement"];

/// Columns that mean something, here or to programs that draw.
const KNOWN: [&str; 5] =
    ["preequilibrationConditionId", "observableParameters", "noiseParameters", "datasetId", "replicateId"];

/// The most nodes of all measurements' formulas together: each measurement whose noise has placeholders has its own.
const MOST_NODES: usize = 5_000_000;

/// What the tables say.
#[derive(Debug, Default)]
pub struct Measurements {
    /// The measurements, in the order of the tables.
    pub all: Vec<Measurement>,
    /// One for each pair of conditions that is used, and each condition that others start from.
    pub treatments: Vec<Treatment>,
}

/// Reads the measurement tables.
pub fn read(files: &[FileId], sources: &Sources, known: &Known<'_>, findings: &mut Findings) -> Measurements {
    let mut reader = Reader { known, pairs: BTreeMap::new(), order: Vec::new(), nodes: 0 };
    let mut all = Vec::new();
    let mut lines = 0;
    for &file in files {
        let Some(table) = Table::read(file, sources, &REQUIRED, &KNOWN, findings) else {
            lines += 1;
            continue;
        };
        for row in table.rows() {
            lines += 1;
            all.extend(reader.measurement(&row, findings));
        }
    }
    if lines == 0
        && let Some(&file) = files.first()
    {
        let whole = Span { file, start: 0, end: 0 };
        findings.error("empty-table", "there are no measurements", whole, "expected at least one line");
    }
    Measurements { all, treatments: reader.treatments(findings) }
}

/// What measurements may refer to.
pub struct Known<'a> {
    /// The model's ids.
    pub symbols: &'a Symbols,
    /// The parameter table.
    pub parameters: &'a Parameters,
    /// The condition table.
    pub conditions: &'a Conditions,
    /// The observable table.
    pub observables: &'a Observables,
}

struct Reader<'a> {
    known: &'a Known<'a>,
    /// The treatment of each pair: the condition before, and the condition of the measurement.
    pairs: BTreeMap<(Option<String>, String), usize>,
    order: Vec<(Option<String>, String)>,
    nodes: usize,
}

impl Reader<'_> {
    fn measurement(&mut self, row: &Row<'_>, findings: &mut Findings) -> Option<Measurement> {
        let observable = self.observable(&row.get("observableId")?, findings);
        let value = row.get("measurement").and_then(|cell| Some((cell.number("the measurement", findings)?, cell)));
        let time = row.get("time").and_then(|cell| time(&cell, findings));
        let condition = self.condition(&row.get("simulationConditionId")?, findings);
        let before = match row.filled("preequilibrationConditionId") {
            Some(cell) => Some(self.condition(&cell, findings)?),
            None => None,
        };
        let observable = observable?;
        let [observed, noise] = [("observableParameters", 0), ("noiseParameters", 1)]
            .map(|(column, kind)| self.overrides(row, column, kind, observable, findings));
        let ((value, cell), condition) = (value?, condition?);
        let declared = &self.known.observables.all[observable];
        if declared.noise.transformation != Scale::Linear && value <= 0.0 {
            let message = format!("the measurement {} has no logarithm", cell.text);
            let label = "compared on a logarithmic scale";
            findings.error("bad-cell", message, cell.span(), label);
            return None;
        }
        let (observed, noise) = (observed?, noise?);
        let noise_override = match noise.is_empty() {
            true => None,
            false => Some(self.filled(row, observable, &noise, findings)?),
        };
        let pair = (before, condition);
        let treatment = *self.pairs.entry(pair).or_insert_with_key(|pair| {
            self.order.push(pair.clone());
            self.order.len() - 1
        });
        Some(Measurement { observable, treatment, time: time?, value, observable_overrides: observed, noise_override })
    }

    fn observable(&self, cell: &Cell<'_>, findings: &mut Findings) -> Option<usize> {
        if let Some((index, _)) = self.known.observables.index.get(cell.text) {
            return Some(*index);
        }
        let names = self.known.observables.index.keys().map(String::as_str);
        findings.push(unknown("observable", cell, names));
        None
    }

    fn condition(&self, cell: &Cell<'_>, findings: &mut Findings) -> Option<String> {
        if self.known.conditions.overrides.contains_key(cell.text) {
            return Some(cell.text.to_owned());
        }
        let names = self.known.conditions.overrides.keys().map(String::as_str);
        findings.push(unknown("condition", cell, names));
        None
    }

    /// The values for the placeholders of one kind: as many as the formulas have.
    fn overrides(
        &self,
        row: &Row<'_>,
        column: &str,
        kind: usize,
        observable: usize,
        findings: &mut Findings,
    ) -> Option<Vec<Expression>> {
        let expected = self.known.observables.placeholders[observable][kind];
        let id = &self.known.observables.all[observable].id;
        let Some(cell) = row.filled(column) else {
            if expected == 0 {
                return Some(Vec::new());
            }
            let cell = row.get(column).or_else(|| row.get("observableId"))?;
            let message = format!("`{id}` has {} for {column}, and no values stand there", placeholders(expected));
            findings.error("placeholders", message, cell.span(), "expected values for them");
            return None;
        };
        let parts: Vec<&str> = cell.text.split(';').map(str::trim).collect();
        if parts.len() != expected {
            let count = match parts.len() {
                1 => "is 1 value".to_owned(),
                count => format!("are {count} values"),
            };
            let message = format!("`{id}` has {} for {column}; here {count}", placeholders(expected));
            findings.error("placeholders", message, cell.span(), "another number of values");
            return None;
        }
        let mut values = Vec::with_capacity(parts.len());
        for part in parts {
            values.push(match part.parse::<f64>() {
                Ok(value) if value.is_finite() => Expression::Number(value),
                Ok(_) => {
                    findings.error("bad-cell", format!("`{part}` is not finite"), cell.span(), "expected a number");
                    return None;
                }
                Err(_) => reference(&cell, part, self.known.symbols, self.known.parameters, findings)?,
            });
        }
        Some(values)
    }

    /// The noise of an observable with its placeholders filled.
    fn filled(
        &mut self,
        row: &Row<'_>,
        observable: usize,
        values: &[Expression],
        findings: &mut Findings,
    ) -> Option<Expression> {
        let observable = &self.known.observables.all[observable];
        let filled = fill(&observable.noise.scale, &observable.id, values);
        let before = self.nodes;
        self.nodes += size(&filled);
        if self.nodes <= MOST_NODES {
            return Some(filled);
        }
        if before <= MOST_NODES
            && let Some(cell) = row.get("observableId")
        {
            let message = format!("the noise of all measurements has more than {MOST_NODES} operations");
            findings.error("too-large", message, cell.span(), "too much up to here");
        }
        None
    }

    fn treatments(self, findings: &mut Findings) -> Vec<Treatment> {
        let values = |id: &String| self.known.conditions.overrides.get(id).map_or(0, Vec::len);
        let count: usize = self.order.iter().map(|(before, id)| values(id) + before.as_ref().map_or(0, values)).sum();
        if count > MOST_VALUES {
            let message = format!("pairs of conditions set more than {MOST_VALUES} values");
            findings.push(Diagnostic::error("too-large", message));
            return Vec::new();
        }
        let overrides = |id: &String| self.known.conditions.overrides.get(id).cloned().unwrap_or_default();
        let mut treatments: Vec<Treatment> = self
            .order
            .iter()
            .map(|(before, id)| Treatment {
                id: before.as_ref().map_or_else(|| id.clone(), |before| format!("{id} after {before}")),
                overrides: overrides(id),
                before: before.clone().map(|treatment| Preequilibration { treatment }),
            })
            .collect();
        let mut alone: BTreeSet<&String> =
            self.order.iter().filter(|(before, _)| before.is_none()).map(|(_, id)| id).collect();
        for (before, _) in &self.order {
            let Some(before) = before else { continue };
            if alone.insert(before) {
                treatments.push(Treatment { id: before.clone(), overrides: overrides(before), before: None });
            }
        }
        treatments
    }
}

fn placeholders(count: usize) -> String {
    match count {
        0 => "no placeholders".to_owned(),
        1 => "1 placeholder".to_owned(),
        _ => format!("{count} placeholders"),
    }
}

/// A time from 0 on; infinity stands for the steady state.
fn time(cell: &Cell<'_>, findings: &mut Findings) -> Option<f64> {
    match cell.text.parse::<f64>() {
        Ok(time) if time == f64::INFINITY => Some(time),
        Ok(time) if time < 0.0 => {
            findings.error(
                "bad-cell",
                format!("the time {} is negative", cell.text),
                cell.span(),
                "expected 0 or more",
            );
            None
        }
        _ => cell.number("the time", findings),
    }
}

fn unknown<'a>(what: &str, cell: &Cell<'_>, names: impl Iterator<Item = &'a str> + Clone) -> Diagnostic {
    let message = match cell.text {
        "" => format!("the {what} is missing"),
        text => format!("there is no {what} `{}`", shortened(text)),
    };
    Diagnostic::error("unknown-name", message)
        .at(cell.span(), format!("expected the id of one {what}"))
        .maybe_help(near_or_listed(cell.text, &format!("{what}s"), names))
}

/// The expression with the noise's placeholders of an observable filled.
fn fill(expression: &Expression, observable: &str, values: &[Expression]) -> Expression {
    match expression {
        Expression::Symbol(name) => match placeholder(name, observable) {
            Some((1, number)) => number.checked_sub(1).and_then(|at| values.get(at)).unwrap_or(expression).clone(),
            _ => expression.clone(),
        },
        Expression::Apply(function, arguments) => {
            Expression::Apply(*function, arguments.iter().map(|part| fill(part, observable, values)).collect())
        }
        Expression::Number(_) | Expression::Time => expression.clone(),
    }
}

fn size(expression: &Expression) -> usize {
    match expression {
        Expression::Apply(_, arguments) => 1 + arguments.iter().map(size).sum::<usize>(),
        _ => 1,
    }
}
