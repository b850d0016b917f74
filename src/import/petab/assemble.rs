//! From tables and model to a problem.

use std::collections::BTreeSet;

use super::conditions::{self, Conditions};
use super::files::{self, Files};
use super::findings::Findings;
use super::measurements::{self, Measurements};
use super::observables;
use super::parameters::{self, Parameters};
use super::symbols::{Symbol, Symbols};
use crate::diagnostic::{Diagnostic, Sources, suggest};
use crate::import::sbml;
use crate::model::expression::Expression;
use crate::model::network::Network;
use crate::model::problem::{ObjectiveKind, Problem, ProblemParameter, SolverSettings};

/// How the equations of imported problems are solved. Models come in all units, so that the absolute tolerance is far
/// below what a concentration may be. These are AMICI's own tolerances, with which published values of the benchmark
/// collection were computed: that of Crauste et al. (2017) holds no more digits than they give.
const SOLVER: SolverSettings = SolverSettings { rtol: 1e-8, atol: 1e-16, most_steps: 100_000 };

/// The problem of these files around their model; nothing after a finding that leaves none.
pub fn problem(
    id: &str,
    files: &Files,
    mut network: Network,
    sources: &Sources,
    findings: &mut Findings,
) -> Option<Problem> {
    let parameters = parameters::read(&files.parameters, sources, findings);
    let symbols = Symbols::of(&network);
    let tables = conditions::open(&files.conditions, sources, findings);
    let known = observables::Known { symbols: &symbols, parameters: &parameters, columns: &tables.columns };
    let observables = observables::read(&files.observables, sources, &known, findings);
    let conditions = tables.read(&symbols, &parameters, &observables.used, findings);
    let known = measurements::Known {
        symbols: &symbols,
        parameters: &parameters,
        conditions: &conditions,
        observables: &observables,
    };
    let Measurements { all: measurements, treatments } =
        measurements::read(&files.measurements, sources, &known, findings);
    check(&parameters, &symbols, findings);
    if findings.has_errors() {
        return None;
    }

    let mut references = observables.used.clone();
    for (_, value) in conditions.overrides.values().flatten() {
        collect(value, &mut references);
    }
    for measurement in &measurements {
        measurement.observable_overrides.iter().for_each(|value| collect(value, &mut references));
        measurement.noise_override.iter().for_each(|value| collect(value, &mut references));
    }
    for (id, span) in &parameters.index {
        if symbols.get(id).is_none() && !references.contains(id) {
            let message = format!("parameter `{id}` is used nowhere");
            let finding =
                Diagnostic::warning("unused-parameter", message).at(*span, "neither in the model nor in a table");
            findings.push(finding.maybe_help(near(id, &symbols)));
        }
    }
    let mut listed = listed(parameters, &mut network);
    listed.extend(outside(&conditions, &treatments, findings));
    Some(Problem {
        id: id.to_owned(),
        network,
        parameters: listed,
        observables: observables.all,
        treatments,
        measurements,
        objective: ObjectiveKind::Nllh,
        solver: SOLVER,
        synthetic: None,
    })
}

/// The model; nothing after a finding that leaves none. Documents that it takes submodels from are added to the sources.
pub fn network(files: &Files, sources: &mut Sources, findings: &mut Findings) -> Option<Network> {
    let file = files.model?;
    let text = sources.text(file).to_owned();
    let document = sbml::read(file, &text, &mut |from, name| files::external(from, name, sources));
    for finding in document.diagnostics {
        findings.push(finding);
    }
    document.network
}

/// Can the parameter table set all its parameters?
fn check(parameters: &Parameters, symbols: &Symbols, findings: &mut Findings) {
    for (id, span) in &parameters.index {
        let message = match symbols.get(id) {
            None | Some(Symbol::Constant) => continue,
            Some(Symbol::State) => format!("`{id}` is a species, whose start conditions set"),
            Some(Symbol::Assigned) => format!("`{id}` is no free parameter: a rule of the model computes it"),
            Some(Symbol::Rate) => format!("`{id}` is the rate of a reaction"),
        };
        findings.error("not-a-parameter", message, *span, "in the parameter table");
    }
}

/// The problem's own list of parameters: estimated ones first, then fixed ones that the model does not have. Those
/// that it has take their values there, and nothing else says how they start.
fn listed(parameters: Parameters, network: &mut Network) -> Vec<ProblemParameter> {
    let (estimated, fixed): (Vec<_>, Vec<_>) =
        parameters.all.into_iter().partition(|parameter| parameter.estimate.is_some());
    let mut listed = estimated;
    for parameter in fixed {
        if !set(network, &parameter.id, parameter.nominal) {
            listed.push(parameter);
        }
    }
    for parameter in &listed {
        set(network, &parameter.id, parameter.nominal);
    }
    listed
}

/// Sets a constant of the model; says whether it has it.
fn set(network: &mut Network, id: &str, value: f64) -> bool {
    if let Some(parameter) = network.parameters.iter_mut().find(|parameter| parameter.id == id) {
        (parameter.value, parameter.initial) = (value, None);
        return true;
    }
    if let Some(compartment) = network.compartments.iter_mut().find(|compartment| compartment.id == id) {
        (compartment.size, compartment.initial) = (value, None);
        return true;
    }
    false
}

/// Parameters that only formulas and conditions have. Each condition that is used must give them a value.
fn outside(
    conditions: &Conditions,
    treatments: &[crate::model::problem::Treatment],
    findings: &mut Findings,
) -> Vec<ProblemParameter> {
    let mut parameters = Vec::new();
    for (id, span) in &conditions.outside {
        if let Some(without) =
            treatments.iter().find(|treatment| treatment.overrides.iter().all(|(other, _)| other != id))
        {
            let message = format!("condition `{}` gives `{id}` no value, and nothing else does", without.id);
            findings.error("missing-value", message, *span, "this column");
        }
        let first =
            treatments.iter().flat_map(|treatment| &treatment.overrides).find_map(|(other, value)| match value {
                Expression::Number(value) if other == id => Some(*value),
                _ => None,
            });
        parameters.push(ProblemParameter { id: id.clone(), nominal: first.unwrap_or(0.0), estimate: None });
    }
    parameters
}

fn near(id: &str, symbols: &Symbols) -> Option<String> {
    suggest(id, symbols.ids()).map(|near| format!("did you mean `{near}`?"))
}

fn collect(expression: &Expression, names: &mut BTreeSet<String>) {
    match expression {
        Expression::Symbol(name) => {
            if !names.contains(name) {
                names.insert(name.clone());
            }
        }
        Expression::Apply(_, arguments) => arguments.iter().for_each(|part| collect(part, names)),
        Expression::Number(_) | Expression::Time => {}
    }
}
