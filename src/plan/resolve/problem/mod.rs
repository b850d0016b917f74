//! `problem name { ... }`: from the lines of a problem and its model to an objective.

mod observables;
mod treatments;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::diagnostic::{Diagnostic, Severity, Sources, Span};
use crate::model::expression::Expression;
use crate::model::problem::{ObjectiveKind, Problem, ProblemParameter, SolverSettings};
use crate::plan::check;
use crate::schema::Value;
use crate::syntax::ast::{Entry, EntryKind, Expr};

use super::analysis;
use super::estimate::{Candidate, estimates, priors};
use super::experiment::{Declaration, Origin, ProblemDeclaration};
use super::kinetics::convert;
use super::measurements;
use super::network::{Model, parameter};
use super::symbols::{SymbolKind, Symbols};
use super::synthetic;

/// Everything that a problem is built from.
pub(super) struct Parts<'a> {
    pub declaration: &'a Declaration,
    /// The name in the declaration.
    pub place: Span,
    pub entries: &'a [&'a Entry],
    pub model: &'a Model,
    /// Paths are relative to it.
    pub folder: &'a Path,
}

/// Does an entry belong to a problem, beside its settings?
pub(super) fn belongs(entry: &Entry) -> bool {
    match &entry.kind {
        EntryKind::Parameter { .. }
        | EntryKind::Observable { .. }
        | EntryKind::Estimate { .. }
        | EntryKind::Prior { .. } => true,
        EntryKind::Group { word, .. } => word.text == "treatment",
        _ => false,
    }
}

/// Builds a problem; `None` when something in it is wrong.
pub(super) fn build(
    parts: &Parts<'_>,
    sources: &mut Sources,
    findings: &mut Vec<Diagnostic>,
) -> Option<ProblemDeclaration> {
    let mut found = Vec::new();
    let built = Builder {
        parts,
        symbols: parts.model.symbols.clone(),
        findings: &mut found,
        origins: parts.declaration.origins.clone(),
    }
    .build(sources);
    let sound = found.iter().all(|finding| finding.severity != Severity::Error);
    findings.append(&mut found);
    built.filter(|_| sound)
}

struct Builder<'a> {
    parts: &'a Parts<'a>,
    symbols: Symbols,
    findings: &'a mut Vec<Diagnostic>,
    origins: BTreeMap<String, Origin>,
}

impl Builder<'_> {
    fn build(mut self, sources: &mut Sources) -> Option<ProblemDeclaration> {
        let Parts { declaration, place, entries, model, folder } = self.parts;
        let network = &model.network;
        let own = self.declare(entries);
        let (observables, complete) = self.observables(entries);
        let treatments = self.treatments(entries);
        let candidates = candidates(model, &own, &self.symbols);
        let lines: Vec<_> = entries
            .iter()
            .filter_map(|entry| match &entry.kind {
                EntryKind::Estimate { names, bounds } => Some((names.as_slice(), bounds)),
                _ => None,
            })
            .collect();
        let mut estimated = estimates(&lines, &candidates, self.findings);
        let lines: Vec<_> = entries
            .iter()
            .filter_map(|entry| match &entry.kind {
                EntryKind::Prior { name, distribution } => Some((name, distribution)),
                _ => None,
            })
            .collect();
        priors(&lines, &mut estimated, self.findings);
        if !entries.iter().any(|entry| matches!(entry.kind, EntryKind::Estimate { .. })) {
            self.findings.push(
                Diagnostic::error("estimate-nothing", format!("problem `{}` estimates nothing", declaration.name))
                    .at(*place, "expected an `estimate` line")
                    .help("add, for example, `estimate kinetic in nominal/1e3 .. nominal*1e3 log10`"),
            );
        }
        let is_synthetic = declaration.word("measurements") == Some("synthetic");
        if !is_synthetic && !entries.iter().any(|entry| matches!(entry.kind, EntryKind::Observable { .. })) {
            self.findings.push(
                Diagnostic::error("no-observable", format!("problem `{}` has no observable", declaration.name))
                    .at(*place, "expected an `observable` line")
                    .help("add, for example, `observable y = S noise normal(0.1)`"),
            );
        }
        for one in &estimated {
            self.origins.insert(one.id.clone(), Origin::File(one.span));
        }
        let known: BTreeSet<&str> = estimated.iter().map(|one| one.id.as_str()).collect();
        let fixed: Vec<_> = own.iter().filter(|(id, _)| !known.contains(id.as_str())).collect();
        let mut parameters: Vec<ProblemParameter> = estimated
            .iter()
            .map(|one| {
                let estimate = Some(one.estimate.clone());
                ProblemParameter { id: one.id.clone(), nominal: one.nominal, estimate }
            })
            .collect();
        parameters.extend(fixed.into_iter().map(|(id, nominal)| ProblemParameter {
            id: id.clone(),
            nominal: *nominal,
            estimate: None,
        }));
        // Cells of the table can be judged only when every observable and treatment is known.
        let mut measured = Vec::new();
        if let (Some(Value::Text(path)), Some((observables, treatments)), true) =
            (declaration.value("measurements.path"), observables.as_ref().zip(treatments.as_ref()), complete)
        {
            let from = declaration.origin("measurements.path").span().unwrap_or(*place);
            let noise_names: Vec<_> = candidates.iter().map(|one| one.id).collect();
            let path = folder.join(path);
            measured = measurements::read(&path, from, observables, treatments, &noise_names, sources, self.findings);
        }
        let mut observables = observables?;
        let treatments = treatments?;
        let mut recipe = None;
        if is_synthetic {
            let count = treatments.len();
            let symbols = &self.symbols;
            recipe = synthetic::recipe(declaration, network, symbols, count, &mut observables, *place, self.findings);
            if let Some(span) = declaration.origin("measurements").span() {
                self.origins.insert("synthetic".to_owned(), Origin::File(span));
                for observable in &observables {
                    self.origins.entry(observable.id.clone()).or_insert(Origin::File(span));
                }
            }
        }
        let problem = Problem {
            id: declaration.name.clone(),
            network: network.clone(),
            parameters,
            observables,
            treatments,
            measurements: measured,
            objective: match declaration.word("objective") {
                Some("sse") => ObjectiveKind::Sse,
                Some("chi2") => ObjectiveKind::Chi2,
                _ => ObjectiveKind::Nllh,
            },
            solver: solver(declaration, is_synthetic),
            synthetic: recipe,
        };
        if self.findings.iter().all(|finding| finding.severity != Severity::Error) {
            let place_of = |id: &str| self.symbols.all.get(id).map(|(_, span)| *span);
            check::problem::run(&problem, model.imported, &place_of, *place, self.findings);
        }
        self.origins.insert("network".to_owned(), Origin::File(model.place));
        for (name, (_, span)) in &model.symbols.all {
            self.origins.entry(name.clone()).or_insert(Origin::File(*span));
        }
        let petab_name = match declaration.value("petab_name") {
            Some(Value::Text(name)) => Some(name.clone()),
            _ => None,
        };
        let outside = declaration.word("outside").map(str::to_owned);
        Some(ProblemDeclaration { problem, petab_name, outside, span: declaration.span, sources: self.origins })
    }

    /// Declares parameters, observables and treatments; returns the problem's own parameters.
    fn declare(&mut self, entries: &[&Entry]) -> Vec<(String, f64)> {
        let mut own = Vec::new();
        for entry in entries {
            match &entry.kind {
                EntryKind::Parameter { name, value } => {
                    let declared = self.symbols.declare(name, SymbolKind::Parameter, self.findings);
                    let value = parameter(name, value, self.findings);
                    if let (true, Some(value)) = (declared, value) {
                        self.origins.insert(name.text.clone(), Origin::File(entry.span));
                        own.push((name.text.clone(), value));
                    }
                }
                EntryKind::Observable { name, .. } => {
                    self.symbols.declare(name, SymbolKind::Observable, self.findings);
                    self.origins.insert(name.text.clone(), Origin::File(entry.span));
                }
                EntryKind::Group { name: Some(name), .. } => {
                    self.symbols.declare(name, SymbolKind::Treatment, self.findings);
                    self.origins.insert(name.text.clone(), Origin::File(entry.span));
                }
                EntryKind::Group { word, name: None, .. } => self.findings.push(
                    Diagnostic::error("missing-name", "a treatment needs a name")
                        .at(word.span, "expected `treatment name { ... }`"),
                ),
                _ => {}
            }
        }
        own
    }

    fn formula(&mut self, expr: &Expr, itself: Option<(&str, &Expression)>) -> Option<Expression> {
        let symbols = &self.symbols;
        let mut lookup = |name: &str, span: Span| match symbols.all.get(name) {
            _ if name == "time" => Ok(Expression::Time),
            Some((kind, _)) if kind.valued() => Ok(Expression::Symbol(name.to_owned())),
            _ => match itself {
                Some((own, formula)) if own == name => Ok(formula.clone()),
                _ => Err(symbols.unknown(name, span)),
            },
        };
        convert(expr, &mut lookup, self.findings)
    }
}

/// Constant parameters: those of the model, then the problem's own.
fn candidates<'a>(model: &'a Model, own: &'a [(String, f64)], symbols: &Symbols) -> Vec<Candidate<'a>> {
    let network = &model.network;
    let kinetic: BTreeSet<_> = analysis::kinetic(network).into_iter().collect();
    let place = |id: &str| symbols.all.get(id).map(|(_, span)| *span);
    let constant = analysis::constants(network).into_iter().map(|one| Candidate {
        id: &one.id,
        nominal: one.value,
        place: place(&one.id),
        kinetic: kinetic.contains(one.id.as_str()),
    });
    let own = own.iter().map(|(id, nominal)| Candidate { id, nominal: *nominal, place: place(id), kinetic: false });
    constant.chain(own).collect()
}

/// Where nothing is said, what is simulated is resolved more finely than what is measured: models of which nobody knows
/// how large their values are.
fn solver(declaration: &Declaration, is_synthetic: bool) -> SolverSettings {
    let number = |path: &str, default: f64| match declaration.value(path) {
        Some(Value::Number(value)) => *value,
        _ => default,
    };
    let most_steps = match declaration.value("solver.steps") {
        Some(Value::Integer(steps)) => usize::try_from(*steps).unwrap_or(usize::MAX),
        _ => 10_000,
    };
    let mut settings =
        SolverSettings { rtol: number("solver.rtol", 1e-8), atol: number("solver.atol", 1e-8), most_steps };
    if is_synthetic && declaration.origin("solver.atol") == Origin::Default {
        settings.atol = 1e-12;
    }
    settings
}
