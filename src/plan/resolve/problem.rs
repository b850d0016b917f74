//! `problem name { ... }`: from the lines of a problem and its model to an objective.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::diagnostic::{Diagnostic, Severity, Sources, Span};
use crate::model::expression::Expression;
use crate::model::problem::{
    Noise, NoiseDistribution, ObjectiveKind, Observable, Preequilibration, Problem, ProblemParameter, Scale,
    SolverSettings, Treatment,
};
use crate::plan::check;
use crate::schema::Value;
use crate::syntax::ast::{Entry, EntryKind, Expr, ExprKind, Name};

use super::analysis;
use super::estimate::{Candidate, estimates, priors};
use super::experiment::{Declaration, Origin, ProblemDeclaration};
use super::kinetics::convert;
use super::measurements;
use super::network::{Model, parameter};
use super::settings::misplaced;
use super::symbols::{SymbolKind, Symbols};
use super::{synthetic, words};

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
        Some(ProblemDeclaration { problem, span: declaration.span, sources: self.origins })
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

    /// The observables, and whether all of them could be built.
    fn observables(&mut self, entries: &[&Entry]) -> (Option<Vec<Observable>>, bool) {
        let mut found = Vec::new();
        let mut complete = true;
        for entry in entries {
            let EntryKind::Observable { name, formula, noise } = &entry.kind else { continue };
            let place = formula.span;
            let formula = self.formula(formula, None);
            let Some(noise) = noise else {
                self.findings.push(
                    Diagnostic::error("missing-noise", format!("observable `{}` has no noise", name.text))
                        .at(name.span, "expected `noise ...` after the formula")
                        .help("how far may a measurement lie from it? add `noise normal(sd)`, `lognormal(sd)` or `laplace(scale)`"),
                );
                complete = complete && formula.is_some();
                // The table can still be checked against its name.
                if let Some(formula) = formula {
                    found.push(Observable { id: name.text.clone(), formula, noise: placeholder_noise() });
                }
                continue;
            };
            let own = formula.as_ref().map(|formula| (name.text.as_str(), formula));
            let noise = self.noise(noise, own);
            match (formula, noise) {
                (Some(formula), noise) => {
                    self.fed(name, place, &formula);
                    let noise = noise.unwrap_or_else(placeholder_noise);
                    found.push(Observable { id: name.text.clone(), formula, noise });
                }
                _ => complete = false,
            }
        }
        (Some(found), complete)
    }

    /// Can the value of an observable change at all?
    fn fed(&mut self, name: &Name, place: Span, formula: &Expression) {
        if let Some(finding) = check::problem::unfed(&self.parts.model.network, &name.text, formula) {
            self.findings.push(finding.at(place, "uses no species that changes"));
        }
    }

    fn noise(&mut self, expr: &Expr, own: Option<(&str, &Expression)>) -> Option<Noise> {
        const KNOWN: [&str; 6] = ["normal", "lognormal", "log10_normal", "laplace", "log_laplace", "log10_laplace"];
        let expected = "expected normal(sd), lognormal(sd), log10_normal(sd) or laplace(scale)";
        let ExprKind::Call { name, arguments } = &expr.kind else {
            self.findings.push(Diagnostic::error("wrong-type", "noise is a distribution").at(expr.span, expected));
            return None;
        };
        let (distribution, transformation) = match name.text.as_str() {
            "normal" => (NoiseDistribution::Normal, Scale::Linear),
            "lognormal" => (NoiseDistribution::Normal, Scale::Log),
            "log10_normal" => (NoiseDistribution::Normal, Scale::Log10),
            "laplace" => (NoiseDistribution::Laplace, Scale::Linear),
            "log_laplace" => (NoiseDistribution::Laplace, Scale::Log),
            "log10_laplace" => (NoiseDistribution::Laplace, Scale::Log10),
            other => {
                let finding = Diagnostic::error("unknown-choice", format!("there is no noise `{other}`"));
                self.findings.push(finding.at(name.span, expected).maybe_help(words::near(other, KNOWN)));
                return None;
            }
        };
        let [argument] = arguments.as_slice() else {
            let message = format!("`{}` takes 1 argument; here are {}", name.text, arguments.len());
            self.findings.push(Diagnostic::error("argument-count", message).at(name.span, expected));
            return None;
        };
        let scale = self.formula(&argument.value, own)?;
        let constant = super::kinetics::evaluate(&scale);
        if constant <= 0.0 {
            self.findings.push(
                Diagnostic::error("out-of-bounds", "noise needs a width above 0")
                    .at(argument.value.span, "expected more than 0"),
            );
            return None;
        }
        Some(Noise { distribution, transformation, scale })
    }

    fn treatments(&mut self, entries: &[&Entry]) -> Option<Vec<Treatment>> {
        let mut found = Vec::new();
        let mut places = BTreeMap::new();
        for entry in entries {
            let EntryKind::Group { name: Some(name), entries, .. } = &entry.kind else { continue };
            let mut treatment = Treatment { id: name.text.clone(), overrides: Vec::new(), before: None };
            let mut first: BTreeMap<&str, Span> = BTreeMap::new();
            for inner in entries {
                let EntryKind::Setting { key, value } = &inner.kind else {
                    self.findings.push(misplaced(&inner.kind, inner.span, "treatment"));
                    continue;
                };
                if let Some(first) = first.insert(&key.text, key.span) {
                    self.findings.push(
                        Diagnostic::error("duplicate-setting", format!("`{}` is said twice", key.text))
                            .at(key.span, "said again")
                            .at(first, "first said here"),
                    );
                } else if key.text == "before" {
                    if let Some((before, span)) = self.before(value) {
                        places.insert(name.text.clone(), span);
                        treatment.before = Some(Preequilibration { treatment: before });
                    }
                } else if let Some(expression) = self.formula(value, None)
                    && self.overridable(key)
                {
                    treatment.overrides.push((key.text.clone(), expression));
                }
            }
            if found.iter().all(|known: &Treatment| known.id != treatment.id) {
                found.push(treatment);
            }
        }
        if found.is_empty() {
            found.push(Treatment { id: "default".to_owned(), overrides: Vec::new(), before: None });
        }
        check::treatments::run(&found, &places, self.findings);
        Some(found)
    }

    fn overridable(&mut self, key: &Name) -> bool {
        let fits = |kind| matches!(kind, SymbolKind::Parameter | SymbolKind::Compartment | SymbolKind::Species);
        let wrong = match self.symbols.all.get(&key.text) {
            Some((kind, _)) if fits(*kind) => return true,
            Some((kind, place)) => Diagnostic::error(
                "wrong-kind",
                format!("`{}` is {}: a treatment cannot set it", key.text, kind.described()),
            )
            .at(key.span, "expected a parameter, a compartment or the initial value of a species")
            .at(*place, "declared here"),
            None => Diagnostic::error("unknown-symbol", format!("there is no parameter `{}`", key.text))
                .at(key.span, "expected a parameter, a compartment or a species")
                .maybe_help(words::near(&key.text, self.symbols.of(fits).into_iter().chain(["before"]))),
        };
        self.findings.push(wrong);
        false
    }

    /// The treatment in `steady_state(treatment)`.
    fn before(&mut self, value: &Expr) -> Option<(String, Span)> {
        if let ExprKind::Call { name, arguments } = &value.kind
            && name.text == "steady_state"
            && let [argument] = arguments.as_slice()
            && let ExprKind::Name(treatment) = &argument.value.kind
        {
            return Some((treatment.clone(), argument.value.span));
        }
        self.findings.push(
            Diagnostic::error("wrong-type", "`before` holds a steady state")
                .at(value.span, "expected `steady_state(treatment)`"),
        );
        None
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

/// Stands in for noise that is missing or wrong while the rest of a problem, which fails anyway, is checked.
fn placeholder_noise() -> Noise {
    Noise { distribution: NoiseDistribution::Normal, transformation: Scale::Linear, scale: Expression::Number(1.0) }
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
