//! The values that the measurements of a recipe scatter around.

use super::{SyntheticError, measurement};
use crate::model::expression::Expression;
use crate::model::problem::{Observable, Problem, SolverSettings};
use crate::solve::ProblemSolver;

/// Simulated values at the nominal values, by treatment, then observable, then time.
pub(super) struct Simulated {
    /// The observables that are finite at all times, by their index in the problem, ascending.
    pub finite: Vec<usize>,
    times: usize,
    /// Of each treatment the observables, then the scales of their noise, which are expressions too.
    values: Vec<f64>,
}

impl Simulated {
    /// The values of an observable under a treatment; nothing for one that is not finite.
    pub fn of(&self, treatment: usize, observable: usize) -> Option<&[f64]> {
        self.row(treatment, self.finite.binary_search(&observable).ok()?)
    }

    /// The scales of its noise.
    pub fn scales(&self, treatment: usize, observable: usize) -> Option<&[f64]> {
        self.row(treatment, self.finite.len() + self.finite.binary_search(&observable).ok()?)
    }

    fn row(&self, treatment: usize, row: usize) -> Option<&[f64]> {
        let start = (treatment * 2 * self.finite.len() + row) * self.times;
        self.values.get(start..start + self.times)
    }
}

/// Simulates all observables that are finite, with their noise, at all times under all treatments.
pub(super) fn simulated(problem: &Problem, times: &[f64]) -> Result<Simulated, SyntheticError> {
    let all: Vec<usize> = (0..problem.observables.len()).collect();
    let done = |finite: Vec<usize>, values| Simulated { finite, times: times.len(), values };
    if let Ok(values) = attempt(problem, &all, times)? {
        return Ok(done(all, values));
    }
    // One that is always finite tells whether the simulation itself fails.
    if let Err(cause) = attempt(problem, &[], times)? {
        return Err(SyntheticError::Simulation(if cause.is_empty() { "a value is no finite number" } else { cause }));
    }
    let mut finite = Vec::new();
    sift(problem, &all, times, &mut finite)?;
    match attempt(problem, &finite, times)? {
        Ok(values) if !finite.is_empty() => Ok(done(finite, values)),
        Ok(_) => Err(SyntheticError::NothingFinite(all.len())),
        Err(cause) => Err(SyntheticError::Simulation(cause)),
    }
}

/// Adds those of the observables that are finite, halving until all are or one is not.
fn sift(problem: &Problem, which: &[usize], times: &[f64], finite: &mut Vec<usize>) -> Result<(), SyntheticError> {
    if attempt(problem, which, times)?.is_ok() {
        finite.extend(which);
        return Ok(());
    }
    if which.len() > 1 {
        let (first, second) = which.split_at(which.len() / 2);
        sift(problem, first, times, finite)?;
        sift(problem, second, times, finite)?;
    }
    Ok(())
}

/// The values of some observables and of the scales of their noise, or the cause of the failure in words, empty where a
/// value is no finite number. Without any observable, whether the simulation succeeds.
fn attempt(
    problem: &Problem,
    which: &[usize],
    times: &[f64],
) -> Result<Result<Vec<f64>, &'static str>, SyntheticError> {
    let mut observables: Vec<Observable> = which.iter().map(|&index| problem.observables[index].clone()).collect();
    if let (true, Some(first)) = (which.is_empty(), problem.observables.first()) {
        observables.push(Observable { formula: Expression::Number(1.0), ..first.clone() });
    }
    let scales: Vec<_> = which
        .iter()
        .map(|&index| &problem.observables[index])
        .map(|one| Observable { formula: one.noise.scale.clone(), ..one.clone() })
        .collect();
    observables.extend(scales);
    let count = observables.len();
    let measurements = (0..problem.treatments.len())
        .flat_map(|treatment| (0..count).map(move |observable| (treatment, observable)))
        .flat_map(|(treatment, observable)| {
            times.iter().map(move |&time| measurement(observable, treatment, time, 1.0))
        })
        .collect();
    // A model that needs many steps for its whole course is no failure yet.
    let most_steps = problem.solver.most_steps.max(100_000);
    let solver = SolverSettings { most_steps, ..problem.solver };
    let solver =
        ProblemSolver::new(&Problem { observables, measurements, solver, synthetic: None, ..problem.clone() })?;
    let nominal = solver.nominal().to_vec();
    Ok(solver.observables(&nominal).ok_or_else(|| solver.evaluate(&nominal).cause()))
}
