//! Rules of one problem: what feeds its observables, and what nothing uses.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, Span};
use crate::model::expression::Expression;
use crate::model::network::Network;
use crate::model::problem::Problem;
use crate::plan::resolve::{dynamic, listed, reach, symbols_of, used};

/// An observable that neither a changing species nor time feeds has always the same value.
pub(in crate::plan) fn unfed(network: &Network, id: &str, formula: &Expression) -> Option<Diagnostic> {
    let mut direct = BTreeSet::new();
    symbols_of(formula, &mut direct);
    let reached = reach(network, direct);
    let changing = dynamic(network);
    if reached.contains("time") || reached.iter().any(|name| changing.contains(name)) {
        return None;
    }
    let constant: Vec<_> =
        network.species.iter().map(|one| one.id.as_str()).filter(|name| reached.contains(name)).collect();
    let help = if constant.is_empty() {
        listed(
            "species that change",
            network.species.iter().map(|one| one.id.as_str()).filter(|id| changing.contains(id)),
        )
    } else {
        Some(format!("nothing changes `{}`: no reaction, rule or event", constant.join("`, `")))
    };
    let message = format!("no species feeds observable `{id}`: its value cannot change");
    Some(Diagnostic::error("unfed-observable", message).maybe_help(help))
}

/// Warnings about what is declared and never used; of an imported model only what the problem itself says.
pub(in crate::plan) fn run(
    problem: &Problem,
    imported: bool,
    place_of: &dyn Fn(&str) -> Option<Span>,
    place: Span,
    findings: &mut Vec<Diagnostic>,
) {
    if !problem.measurements.is_empty() {
        for (index, observable) in problem.observables.iter().enumerate() {
            if !problem.measurements.iter().any(|measurement| measurement.observable == index) {
                findings.push(
                    Diagnostic::warning("unmeasured", format!("observable `{}` has no measurements", observable.id))
                        .at(place_of(&observable.id).unwrap_or(place), "nothing is compared with it"),
                );
            }
        }
        for (index, treatment) in problem.treatments.iter().enumerate() {
            let measured = problem.measurements.iter().any(|measurement| measurement.treatment == index);
            let before = |other: &&crate::model::problem::Treatment| {
                other.before.as_ref().is_some_and(|before| before.treatment == treatment.id)
            };
            if !measured && !problem.treatments.iter().any(|other| before(&other)) {
                findings.push(
                    Diagnostic::warning("unmeasured", format!("treatment `{}` has no measurements", treatment.id))
                        .at(place_of(&treatment.id).unwrap_or(place), "nothing is measured under it"),
                );
            }
        }
    }
    let used = uses(problem);
    let model = problem.network.parameters.iter().filter(|_| !imported).map(|parameter| parameter.id.as_str());
    let own = problem.parameters.iter().map(|parameter| parameter.id.as_str());
    let all: BTreeSet<&str> = model.chain(own).collect();
    for id in all {
        if used.contains(id) {
            continue;
        }
        let estimated = problem.parameters.iter().any(|parameter| parameter.id == id && parameter.estimate.is_some());
        let label = if estimated { "estimated, but it changes nothing" } else { "changes nothing" };
        findings.push(
            Diagnostic::warning("unused-parameter", format!("nothing uses parameter `{id}`"))
                .at(place_of(id).unwrap_or(place), label),
        );
    }
}

fn uses(problem: &Problem) -> BTreeSet<&str> {
    let mut found = used(&problem.network);
    for observable in &problem.observables {
        symbols_of(&observable.formula, &mut found);
        symbols_of(&observable.noise.scale, &mut found);
    }
    for treatment in &problem.treatments {
        for (_, expression) in &treatment.overrides {
            symbols_of(expression, &mut found);
        }
    }
    for measurement in &problem.measurements {
        for expression in measurement.observable_overrides.iter().chain(&measurement.noise_override) {
            symbols_of(expression, &mut found);
        }
    }
    found
}
