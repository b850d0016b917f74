//! Ends of descents looked at together: again at tight tolerances, and which of them are the same minimum.

use crate::evaluate::minima::{self, MinimaTolerances, Minimum};
use crate::model::problem::{Problem, SolverSettings};
use crate::solve::ProblemSolver;

/// For each measurement the range of the measured values of its observable, by which predictions are compared; 1 where
/// it has none.
#[must_use]
pub fn measured_ranges(problem: &Problem) -> Vec<f64> {
    let range = |observable: usize| {
        let values =
            problem.measurements.iter().filter(|known| known.observable == observable).map(|known| known.value);
        let (low, high) =
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        if high > low { high - low } else { 1.0 }
    };
    let ranges: Vec<f64> = (0..problem.observables.len()).map(range).collect();
    problem.measurements.iter().map(|measurement| ranges[measurement.observable]).collect()
}

/// The solver at the tolerances at which ends are judged.
pub(super) fn tight(solver: &ProblemSolver) -> ProblemSolver {
    let plain = solver.settings();
    solver.with_solver(SolverSettings { rtol: 1e-10, atol: plain.atol.min(1e-10), ..plain })
}

/// A converged end.
pub(super) struct End<Place> {
    /// Which one it is.
    pub(super) place: Place,
    pub(super) fval: f64,
    /// What it predicts for each measurement.
    pub(super) observables: Vec<f64>,
}

/// The distinct minima among converged ends of `starts` descents, lowest first, each with the places of its ends, lowest
/// first. `scales` are those of the measurements.
pub(super) fn distinct<Place: Copy>(
    ends: Vec<End<Place>>,
    scales: &[f64],
    starts: usize,
) -> Vec<(Minimum, Vec<Place>)> {
    let fvals: Vec<f64> = ends.iter().map(|end| end.fval).collect();
    let (places, observables): (Vec<Place>, Vec<Vec<f64>>) =
        ends.into_iter().map(|end| (end.place, end.observables)).unzip();
    minima::distinct(&fvals, &observables, scales, starts, MinimaTolerances::default())
        .into_iter()
        .map(|minimum| {
            let members = minimum.members.iter().map(|&member| places[member]).collect();
            (minimum, members)
        })
        .collect()
}
