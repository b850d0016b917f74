//! The observable table: formulas, noise, and the placeholders that measurements fill.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::findings::Findings;
use super::math::{self, Formula};
use super::parameters::Parameters;
use super::symbols::Symbols;
use super::table::{Cell, Row, Table, shortened};
use crate::diagnostic::{Diagnostic, FileId, Sources, Span, suggest};
use crate::model::expression::Expression;
use crate::model::problem::{Noise, NoiseDistribution, Observable, Scale};

const REQUIRED: [&str; 3] = ["observableId", "observableFormula", "noiseFormula"];
const KNOWN: [&str; 3] = ["observableName", "observableTransformation", "noiseDistribution"];
const SCALES: [(&str, Scale); 3] = [("lin", Scale::Linear), ("log", Scale::Log), ("log10", Scale::Log10)];
const DISTRIBUTIONS: [(&str, NoiseDistribution); 2] =
    [("normal", NoiseDistribution::Normal), ("laplace", NoiseDistribution::Laplace)];

/// More placeholders of one observable than anybody has: their numbers are counted up to the highest one.
const MOST_PLACEHOLDERS: usize = 1000;

/// The prefixes of placeholders, which go on with a number, `_` and the observable's id.
pub const PLACEHOLDERS: [&str; 2] = ["observableParameter", "noiseParameter"];

/// The observables of a problem, in the order of the table.
#[derive(Debug, Default)]
pub struct Observables {
    /// The observables, their placeholders still in the formulas.
    pub all: Vec<Observable>,
    /// How many placeholders of the observable and of the noise measurements have to fill.
    pub placeholders: Vec<[usize; 2]>,
    /// Index and place of each by its id.
    pub index: BTreeMap<String, (usize, Span)>,
    /// Ids that formulas use.
    pub used: BTreeSet<String>,
}

/// What formulas may use beside placeholders.
pub struct Known<'a> {
    /// The model's ids.
    pub symbols: &'a Symbols,
    /// The parameter table.
    pub parameters: &'a Parameters,
    /// The columns of the condition table.
    pub columns: &'a BTreeSet<String>,
}

/// Reads the observable tables.
pub fn read(files: &[FileId], sources: &Sources, known: &Known<'_>, findings: &mut Findings) -> Observables {
    let mut observables = Observables::default();
    for &file in files {
        let Some(table) = Table::read(file, sources, &REQUIRED, &KNOWN, findings) else { continue };
        for row in table.rows() {
            observables.add(&row, known, findings);
        }
    }
    observables
}

impl Observables {
    fn add(&mut self, row: &Row<'_>, known: &Known<'_>, findings: &mut Findings) -> Option<()> {
        let cell = row.get("observableId")?;
        let id = cell.id("the observable's id", findings)?.to_owned();
        if let Some((_, first)) = self.index.get(&id) {
            let finding = Diagnostic::error("duplicate-id", format!("observable `{id}` stands there twice"));
            findings.push(finding.at(cell.span(), "again").at(*first, "first here"));
            return None;
        }
        if known.symbols.get(&id).is_some() {
            let message = format!("observable `{id}` has the id of something in the model");
            let help = "in the observableFormula the id means the model's";
            findings.push(Diagnostic::warning("duplicate-id", message).at(cell.span(), "this id").help(help));
        }
        let transformation = optional(row, "observableTransformation", &SCALES, Scale::Linear, findings);
        let distribution = optional(row, "noiseDistribution", &DISTRIBUTIONS, NoiseDistribution::Normal, findings);
        let mut counts = [0; 2];
        let formula = self.formula(row.get("observableFormula")?, &id, &mut counts, false, known, findings);
        let noise = self.formula(row.get("noiseFormula")?, &id, &mut counts, true, known, findings);
        // A line with findings keeps its id, so that measurements of it are no further ones.
        let fallback = || Expression::Number(f64::NAN);
        self.index.insert(id.clone(), (self.all.len(), cell.span()));
        self.placeholders.push(counts);
        self.all.push(Observable {
            id,
            formula: formula.unwrap_or_else(fallback),
            noise: Noise { distribution, transformation, scale: noise.unwrap_or_else(fallback) },
        });
        Some(())
    }

    fn formula(
        &mut self,
        cell: Cell<'_>,
        observable: &str,
        counts: &mut [usize; 2],
        is_noise: bool,
        known: &Known<'_>,
        findings: &mut Findings,
    ) -> Option<Expression> {
        let what = if is_noise { "noiseFormula" } else { "observableFormula" };
        if cell.text.is_empty() {
            let message = format!("the {what} of `{observable}` is missing");
            findings.error("missing-value", message, cell.span(), "an empty cell");
            return None;
        }
        let Formula { expression, names } = match math::parse(cell.text) {
            Ok(formula) => formula,
            Err(wrong) => {
                let finding =
                    Diagnostic::error("bad-formula", format!("the {what} of `{observable}`: {}", wrong.message))
                        .at(cell.part(&wrong.place), wrong.label)
                        .maybe_help(wrong.help);
                findings.push(finding);
                return None;
            }
        };
        let mut sound = true;
        let mut constants = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for (name, place) in names {
            if !seen.insert(name.clone()) {
                continue;
            }
            if let Some((kind, number)) = placeholder(&name, observable) {
                sound &= is_sound(kind, number, is_noise, &cell, &place, findings);
                counts[kind] = counts[kind].max(number.min(MOST_PLACEHOLDERS));
            } else if known.has(&name) || (is_noise && name == observable) {
                self.used.insert(name);
            } else if let Some(value) = math::constant(&name) {
                constants.insert(name, value);
            } else {
                findings.push(unknown(&name, observable, what, &cell, &place, known));
                sound = false;
            }
        }
        let has_time = known.symbols.get("time").is_some();
        sound.then(|| settled(expression, has_time, &constants))
    }
}

impl Known<'_> {
    fn has(&self, name: &str) -> bool {
        name == "time"
            || self.symbols.get(name).is_some()
            || self.parameters.index.contains_key(name)
            || self.columns.contains(name)
    }
}

/// May the placeholder stand in this formula?
fn is_sound(
    kind: usize,
    number: usize,
    is_noise: bool,
    cell: &Cell<'_>,
    place: &Range<usize>,
    findings: &mut Findings,
) -> bool {
    let message = match (kind, number) {
        (_, 0 | MOST_PLACEHOLDERS..) => "placeholders are counted from 1".to_owned(),
        (1, _) if !is_noise => "the noise's placeholders belong into the noiseFormula".to_owned(),
        _ => return true,
    };
    findings.error("bad-formula", message, cell.part(place), "this placeholder");
    false
}

/// The kind (index into [`PLACEHOLDERS`]) and number of a placeholder of an observable.
pub fn placeholder(name: &str, observable: &str) -> Option<(usize, usize)> {
    PLACEHOLDERS.iter().enumerate().find_map(|(kind, prefix)| {
        let (number, id) = name.strip_prefix(prefix)?.split_once('_')?;
        (id == observable).then_some((kind, number.parse().ok()?))
    })
}

fn optional<T: Copy>(row: &Row<'_>, column: &str, choices: &[(&str, T)], default: T, findings: &mut Findings) -> T {
    row.filled(column).and_then(|cell| cell.choice(column, choices, findings)).unwrap_or(default)
}

fn unknown(
    name: &str,
    observable: &str,
    what: &str,
    cell: &Cell<'_>,
    place: &Range<usize>,
    known: &Known<'_>,
) -> Diagnostic {
    let is_foreign = PLACEHOLDERS.iter().any(|prefix| {
        let rest = name.strip_prefix(prefix).map(|rest| rest.trim_start_matches(|digit: char| digit.is_ascii_digit()));
        rest.is_some_and(|rest| rest.starts_with('_') && rest.len() + prefix.len() < name.len())
    });
    let help = if is_foreign {
        Some(format!("the placeholders of this observable end in `_{observable}`"))
    } else {
        let names = known.symbols.ids().chain(known.parameters.index.keys().map(String::as_str));
        suggest(name, names).map(|near| format!("did you mean `{near}`?"))
    };
    let message = format!(
        "the {what} of `{observable}` uses `{}`, which neither the model nor the parameter table has",
        shortened(name)
    );
    Diagnostic::error("unknown-name", message).at(cell.part(place), "unknown").maybe_help(help)
}

/// The tree with constants by what they are, and time unless the model has an id for something else.
fn settled(expression: Expression, has_time: bool, constants: &BTreeMap<String, f64>) -> Expression {
    match expression {
        Expression::Symbol(name) => match constants.get(&name) {
            Some(value) => Expression::Number(*value),
            None if name == "time" && !has_time => Expression::Time,
            None => Expression::Symbol(name),
        },
        Expression::Apply(function, arguments) => {
            Expression::Apply(function, arguments.into_iter().map(|part| settled(part, has_time, constants)).collect())
        }
        other => other,
    }
}
