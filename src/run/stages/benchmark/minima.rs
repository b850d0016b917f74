//! The distinct minima that the ends of a benchmark's descents lie in, and the vectors of the best ends.

use rayon::prelude::*;

use super::super::ends::{self, End, measured_ranges};
use super::Tried;
use super::verdict::Line;
use crate::model::problem::Problem;
use crate::plan::trial::Place;
use crate::solve::ProblemSolver;
use crate::table::Table;

/// How many ends of a problem are kept with their vectors.
const BEST: usize = 50;
/// Of so many minima there are ends among them, where there are as many.
const LOWEST: usize = 5;

/// The minima of one problem.
pub(super) struct Found {
    /// The fval of each, rising.
    fvals: Vec<f64>,
    /// The best ends.
    best: Vec<Best>,
    /// The ids, lower and upper bounds of the parameters, on the estimation scale.
    parameters: Vec<(String, f64, f64)>,
}

/// One of the best ends.
struct Best {
    minimum: usize,
    fval: f64,
    place: Place,
    x: Vec<f64>,
}

impl Found {
    /// The minima among the converged ends of the trials' own descents; notes at each end which one it lies in. All of
    /// them are compared, at whatever fval: their simulation, at the problem's own tolerances, costs less than one step
    /// of the descents that led there.
    pub(super) fn of(problem: &Problem, solver: &ProblemSolver, tried: &mut [(Tried, Vec<Vec<f64>>)]) -> Self {
        let own = |(number, (trial, _)): (usize, &(Tried, Vec<Vec<f64>>))| {
            let is_meant = |&at: &usize| trial.converged[at] && !trial.is_training[at];
            (0..trial.converged.len()).filter(is_meant).map(|at| (number, at)).collect::<Vec<_>>()
        };
        let places: Vec<(usize, usize)> = tried.iter().enumerate().flat_map(own).collect();
        let starts = tried.iter().map(|(trial, _)| trial.summary.starts).sum();
        let converged = places
            .into_par_iter()
            .map(|(number, at)| {
                let (trial, rows) = &tried[number];
                let observables = solver.observables(&rows[at]).unwrap_or_default();
                End { place: (number, at), fval: trial.fval_end[at], observables }
            })
            .collect();
        let minima = ends::distinct(converged, &measured_ranges(problem), starts);
        let of_each = BEST / minima.len().clamp(1, LOWEST);
        let mut best = Vec::new();
        for (minimum, (_, members)) in minima.iter().enumerate() {
            for &(number, at) in members.iter().take(of_each.min(BEST - best.len())) {
                let (trial, rows) = &tried[number];
                best.push(Best { minimum, fval: trial.fval_end[at], place: trial.place, x: rows[at].clone() });
            }
            for &(number, at) in members {
                tried[number].0.minimum[at] = Some(minimum);
            }
        }
        let bounds = solver.lower().iter().zip(solver.upper());
        let parameters = solver.names().iter().zip(bounds);
        Self {
            fvals: minima.iter().map(|(minimum, _)| minimum.fval).collect(),
            best,
            parameters: parameters.map(|(name, (lower, upper))| (name.clone(), *lower, *upper)).collect(),
        }
    }
}

/// How many of a line's starts ended in each minimum that one of them reached: pairs of minimum and count, lowest first.
pub(super) fn reached(line: &Line) -> Vec<(usize, usize)> {
    let mut all: Vec<usize> = line.trials.iter().flat_map(|trial| trial.minimum.iter().flatten().copied()).collect();
    all.sort_unstable();
    all.chunk_by(|one, other| one == other).map(|same| (same[0], same.len())).collect()
}

/// One row for each minimum of a problem and each of its lines, those that did not reach it too: `problem`, `minimum` (0 is
/// the lowest), `fval`, `method`, `blind`, `starts` (how many of the line's ended there) and `share` (of all its starts).
pub(super) fn table(lines: &[Line], found: &[Found]) -> Table {
    let mut rows: Vec<(&Line, usize, usize)> = Vec::new();
    for (problem, found) in found.iter().enumerate() {
        let counted: Vec<(&Line, Vec<(usize, usize)>)> =
            lines.iter().filter(|line| line.problem == problem).map(|line| (line, reached(line))).collect();
        for minimum in 0..found.fvals.len() {
            rows.extend(counted.iter().map(|(line, reached)| {
                let at = reached.binary_search_by_key(&minimum, |(reached, _)| *reached);
                (*line, minimum, at.map_or(0, |at| reached[at].1))
            }));
        }
    }
    let all = |line: &Line| line.trials.iter().map(|trial| trial.summary.starts).sum::<usize>();
    Table::new()
        .text("problem", rows.iter().map(|(line, ..)| line.problem.to_string()).collect())
        .integer("minimum", rows.iter().map(|(_, minimum, _)| *minimum as i64).collect())
        .number("fval", rows.iter().map(|(line, minimum, _)| found[line.problem].fvals[*minimum]).collect())
        .text("method", rows.iter().map(|(line, ..)| line.method.to_string()).collect())
        .text("blind", rows.iter().map(|(line, ..)| if line.blind { "yes" } else { "no" }.to_owned()).collect())
        .integer("starts", rows.iter().map(|(.., starts)| *starts as i64).collect())
        .number("share", rows.iter().map(|(line, _, starts)| *starts as f64 / all(line).max(1) as f64).collect())
}

/// The vectors of the best ends, one row for each end and parameter, on the estimation scale: `problem`, `end` (by
/// minimum, then by fval), `minimum`, `fval`, `method`, `blind`, `repeat`, `parameter`, `value`, `lower` and `upper`. Of a
/// problem there are fifty ends at most, and of one minimum so few of them that five minima have room for as many.
pub(super) fn best_ends(found: &[Found]) -> Table {
    let each = || {
        found.iter().enumerate().flat_map(|(problem, found)| {
            let ends = found.best.iter().enumerate();
            ends.flat_map(move |(end, best)| (0..found.parameters.len()).map(move |at| (problem, end, best, at)))
        })
    };
    let parameter = |(problem, _, _, at): (usize, usize, &Best, usize)| &found[problem].parameters[at];
    Table::new()
        .text("problem", each().map(|(problem, ..)| problem.to_string()).collect())
        .integer("end", each().map(|(_, end, ..)| end as i64).collect())
        .integer("minimum", each().map(|(_, _, best, _)| best.minimum as i64).collect())
        .number("fval", each().map(|(_, _, best, _)| best.fval).collect())
        .text("method", each().map(|(_, _, best, _)| best.place.method.to_string()).collect())
        .text("blind", each().map(|(_, _, best, _)| if best.place.blind { "yes" } else { "no" }.to_owned()).collect())
        .integer("repeat", each().map(|(_, _, best, _)| best.place.repeat as i64).collect())
        .text("parameter", each().map(|row| parameter(row).0.clone()).collect())
        .number("value", each().map(|(_, _, best, at)| best.x[at]).collect())
        .number("lower", each().map(|row| parameter(row).1).collect())
        .number("upper", each().map(|row| parameter(row).2).collect())
}
