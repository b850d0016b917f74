//! `measurements = synthetic(observe = species, times = auto(50), noise = lognormal(0.05))`: observables for what is
//! observed, and the recipe by which their measurements are simulated when the problem is computed.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, Span};
use crate::model::expression::Expression;
use crate::model::network::Network;
use crate::model::problem::{Noise, NoiseDistribution, Observable, Scale, Synthetic, SyntheticTimes};
use crate::plan::check::problem::unfed;
use crate::plan::schema::plain;
use crate::schema::Value;

use super::analysis;
use super::experiment::Declaration;
use super::symbols::{SymbolKind, Symbols};
use super::words;

/// Measurements that one recipe may make.
const MOST_MEASUREMENTS: usize = 1_000_000;

/// The recipe of a problem. Observables for what it observes are added to those that the problem declares, which are
/// measured too. `None` for measurements from a table, and after a finding.
pub(super) fn recipe(
    declaration: &Declaration,
    network: &Network,
    symbols: &Symbols,
    treatments: usize,
    observables: &mut Vec<Observable>,
    place: Span,
    findings: &mut Vec<Diagnostic>,
) -> Option<Synthetic> {
    let at = |path: &str| declaration.origin(path).span().unwrap_or(place);
    let declared = observables.len();
    let (noise, is_relative) = noise(declaration)?;
    let observed = observed(declaration, network, symbols, observables, at("measurements.observe"), findings)?;
    for id in observed {
        let name = free_name(&id, symbols, observables);
        let scale = noise.clone();
        observables.push(Observable { id: name, formula: Expression::Symbol(id), noise: scale });
    }
    if observables.is_empty() {
        let finding =
            Diagnostic::error("observes-nothing", "the recipe observes nothing: no species of the model changes");
        findings.push(finding.at(at("measurements"), "nothing to measure"));
        return None;
    }
    let relative = if is_relative { (declared..observables.len()).collect() } else { Vec::new() };
    let times = times(declaration, at("measurements.times"), findings)?;
    let automatic = matches!(times, SyntheticTimes::Even { end: None, .. });
    if automatic && analysis::dynamic(network).is_empty() {
        let finding =
            Diagnostic::error("no-span", "the model has no state that moves, and so no span of time of its own")
                .at(at("measurements.times"), "when should be measured?")
                .help("say when: `times = 0 .. 10 by 0.5`, or until when: `times = auto(50, end = 10)`");
        findings.push(finding);
        return None;
    }
    let count = match &times {
        SyntheticTimes::Even { points, .. } => *points,
        SyntheticTimes::Listed(times) => times.len(),
    };
    let all = observables.len().saturating_mul(treatments.max(1)).saturating_mul(count);
    if all > MOST_MEASUREMENTS {
        let message = format!("{} observables at {count} times make {all} measurements", observables.len());
        findings.push(
            Diagnostic::error("out-of-bounds", message)
                .at(at("measurements"), format!("expected at most {MOST_MEASUREMENTS}"))
                .help("observe less: `observe = [A, B]`, or at fewer times"),
        );
        return None;
    }
    Some(Synthetic { times, relative })
}

/// The ids that get an observable of their own.
fn observed(
    declaration: &Declaration,
    network: &Network,
    symbols: &Symbols,
    observables: &[Observable],
    place: Span,
    findings: &mut Vec<Diagnostic>,
) -> Option<Vec<String>> {
    let wanted = declaration.words("measurements.observe");
    if wanted == ["species"] && !symbols.all.contains_key("species") {
        let changing = analysis::dynamic(network);
        let assigned: BTreeSet<&str> = network.assignments.iter().map(|rule| rule.variable.as_str()).collect();
        let changes = |id: &str| {
            changing.contains(id)
                || (assigned.contains(id) && unfed(network, id, &Expression::Symbol(id.to_owned())).is_none())
        };
        return Some(network.species.iter().map(|one| one.id.clone()).filter(|id| changes(id)).collect());
    }
    let mut found: Vec<String> = Vec::new();
    let mut sound = true;
    for id in wanted {
        let wrong = match symbols.all.get(id) {
            _ if found.iter().any(|known| known == id) => {
                Diagnostic::error("duplicate-value", format!("`{id}` is listed twice")).at(place, "observed twice")
            }
            // What is declared is measured anyway.
            Some((SymbolKind::Observable, _)) if observables.iter().any(|one| one.id == id) => continue,
            Some((kind, _)) if kind.valued() => match unfed(network, id, &Expression::Symbol(id.to_owned())) {
                Some(finding) => finding.at(place, "never changes"),
                None => {
                    found.push(id.to_owned());
                    continue;
                }
            },
            _ => {
                let known = symbols.of(|kind| kind.valued() || kind == SymbolKind::Observable);
                Diagnostic::error("unknown-symbol", format!("there is no `{id}` to observe"))
                    .at(place, "expected species, assigned variables or observables")
                    .maybe_help(words::near(id, known.into_iter().chain(["species"])))
            }
        };
        findings.push(wrong);
        sound = false;
    }
    sound.then_some(found)
}

/// A name for the observable of an id that nothing has yet.
fn free_name(id: &str, symbols: &Symbols, observables: &[Observable]) -> String {
    let mut name = format!("observed_{id}");
    while symbols.all.contains_key(&name) || observables.iter().any(|one| one.id == name) {
        name.push('_');
    }
    name
}

/// The noise of what the recipe observes, and whether its scale is a share of the largest value.
fn noise(declaration: &Declaration) -> Option<(Noise, bool)> {
    let word = declaration.word("measurements.noise")?;
    let width = ["sd", "scale", "share"].iter().find_map(|field| {
        match declaration.value(&format!("measurements.noise.{field}")) {
            Some(Value::Number(width)) => Some(*width),
            _ => None,
        }
    })?;
    let (distribution, transformation) = match word {
        "lognormal" => (NoiseDistribution::Normal, Scale::Log),
        "log10_normal" => (NoiseDistribution::Normal, Scale::Log10),
        "laplace" => (NoiseDistribution::Laplace, Scale::Linear),
        _ => (NoiseDistribution::Normal, Scale::Linear),
    };
    Some((Noise { distribution, transformation, scale: Expression::Number(width) }, word == "relative"))
}

fn times(declaration: &Declaration, place: Span, findings: &mut Vec<Diagnostic>) -> Option<SyntheticTimes> {
    if declaration.word("measurements.times")? == "auto" {
        let points = match declaration.value("measurements.times.points") {
            Some(Value::Integer(points)) => usize::try_from(*points).ok()?,
            _ => return None,
        };
        let end = match declaration.value("measurements.times.end") {
            Some(Value::Number(end)) => Some(*end),
            _ => None,
        };
        return Some(SyntheticTimes::Even { points, end });
    }
    let Some(Value::List(items)) = declaration.value("measurements.times.times") else { return None };
    let mut times: Vec<f64> = items
        .iter()
        .filter_map(|item| match item {
            Value::Number(time) => Some(*time),
            _ => None,
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let wrong = match (times.first(), times.windows(2).find(|pair| pair[0] == pair[1])) {
        (Some(first), _) if *first < 0.0 => format!("the time {} is negative", plain(*first)),
        (_, Some(twice)) => format!("the time {} is listed twice", plain(twice[0])),
        _ => return Some(SyntheticTimes::Listed(times)),
    };
    findings.push(Diagnostic::error("out-of-bounds", wrong).at(place, "expected each time once, from 0 on"));
    None
}
