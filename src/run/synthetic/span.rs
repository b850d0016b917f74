//! When the measurements of a recipe are taken.

use std::collections::BTreeSet;

use super::SyntheticError;
use crate::model::network::{Network, Parameter};
use crate::model::problem::{Problem, Synthetic, SyntheticTimes, Treatment};
use crate::solve::{Horizon, SteadyState, horizon, steady_state};

/// The times, and where their span comes from if it was found.
pub(super) fn times(problem: &Problem, recipe: &Synthetic) -> Result<(Vec<f64>, Option<String>), SyntheticError> {
    let (points, end) = match &recipe.times {
        SyntheticTimes::Listed(times) => return Ok((times.clone(), None)),
        SyntheticTimes::Even { points, end } => (*points, *end),
    };
    let (end, reason) = match end {
        Some(end) => (end, None),
        None => {
            let (span, reason) = span(problem)?;
            (span, Some(reason))
        }
    };
    let last = points.saturating_sub(1).max(1) as f64;
    Ok(((0..points).map(|index| end * (index as f64 / last)).collect(), reason))
}

/// The longest automatic span of the treatments, from the steady state on that is before them, where there is one.
fn span(problem: &Problem) -> Result<(f64, String), SyntheticError> {
    let mut longest: Option<Horizon> = None;
    for treatment in &problem.treatments {
        let network = treated(problem, treatment);
        let start = before(problem, treatment)?;
        let found = horizon(&network, &start, problem.solver).map_err(SyntheticError::Span)?;
        if longest.is_none_or(|known| found.span > known.span) {
            longest = Some(found);
        }
    }
    Ok(longest.map_or((1.0, String::new()), |found| (found.span, found.reason.to_string())))
}

/// What the steady state before a treatment leaves to it: initial values, without those that the treatment sets.
fn before(problem: &Problem, treatment: &Treatment) -> Result<Vec<(String, f64)>, SyntheticError> {
    let earlier = treatment.before.as_ref().map(|before| before.treatment.as_str());
    let Some(earlier) = problem.treatments.iter().find(|one| Some(one.id.as_str()) == earlier) else {
        return Ok(Vec::new());
    };
    let network = treated(problem, earlier);
    let SteadyState { ids, values, .. } =
        steady_state(&network, &[], problem.solver).map_err(SyntheticError::Before)?;
    let set: BTreeSet<&str> = treatment.overrides.iter().map(|(id, _)| id.as_str()).collect();
    let value_of = |id: &str| ids.iter().position(|known| known == id).map(|at| values[at]);
    let variable: BTreeSet<&str> =
        network.compartments.iter().filter(|one| one.variable).map(|one| one.id.as_str()).collect();
    let kept = ids.iter().zip(&values).filter(|(id, _)| !set.contains(id.as_str()));
    Ok(kept
        .filter_map(|(id, value)| {
            let species = network.species.iter().find(|species| species.id == *id);
            // In a compartment that changes a concentration is held as an amount.
            let size = species
                .filter(|species| !species.amount && variable.contains(species.compartment.as_str()))
                .map(|species| value_of(&species.compartment));
            match size {
                None => Some((id.clone(), *value)),
                Some(size) => size.map(|size| (id.clone(), value / size)),
            }
        })
        .collect())
}

/// The network as a treatment has it, at the nominal values.
fn treated(problem: &Problem, treatment: &Treatment) -> Network {
    let mut network = problem.network.clone();
    for parameter in &problem.parameters {
        match network.parameters.iter_mut().find(|known| known.id == parameter.id) {
            Some(known) => known.value = parameter.nominal,
            None => network.parameters.push(Parameter::constant(&parameter.id, parameter.nominal)),
        }
    }
    for (id, value) in &treatment.overrides {
        if let Some(parameter) = network.parameters.iter_mut().find(|known| known.id == *id) {
            parameter.initial = Some(value.clone());
        } else if let Some(compartment) = network.compartments.iter_mut().find(|known| known.id == *id) {
            compartment.initial = Some(value.clone());
        } else if let Some(species) = network.species.iter_mut().find(|known| known.id == *id) {
            species.initial = value.clone();
            species.initial_amount = false;
        }
    }
    network
}
