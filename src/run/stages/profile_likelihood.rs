//! Profiles of a likelihood, each parameter and direction a part of the node's journal.

use serde::{Deserialize, Serialize};

use super::super::context::Context;
use super::super::error::StageError;
use super::objective::SolverObjective;
use super::rows::{vectors, with_vectors};
use crate::evaluate::normal::chi_square_quantile;
use crate::model::problem::Problem;
use crate::optimise::{Objective as _, Work, descend};
use crate::plan::uncertainty::{ProfileLikelihood, Start, estimated};
use crate::solve::ProblemSolver;
use crate::table::Table;
use crate::uncertainty::profile::{self, Settings, Side, interval, walk};

/// What profiles came to, beside their tables `profiles` and `intervals`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProfileSummary {
    /// The fval of the optimum that they start from.
    pub optimum: f64,
    /// Did the descent to it converge?
    pub converged: bool,
    /// The lowest fval of all points.
    pub lowest: f64,
    /// The rise of the fval that bounds an interval.
    pub threshold: f64,
    /// All evaluations.
    pub work: Work,
    /// Those of them whose solve failed.
    pub failed: u64,
}

/// The optimum, as the journal keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Optimum {
    x: Vec<f64>,
    fval: f64,
    converged: bool,
    work: Work,
}

/// A profile may fall below the optimum by this much without a word: what tolerances leave.
const SLACK: f64 = 0.05;

/// Writes `profiles.parquet` (`parameter`, `direction`: -1, 0 at the optimum, 1; `value`, `fval`, `rise`, `converged`, and
/// the whole vector on the estimation scale), `intervals.parquet` (one row a parameter) and `summary.ron`.
pub(super) fn run(context: &Context, settings: &ProfileLikelihood) -> Result<Vec<String>, StageError> {
    let problem: Problem = context.input(0).value("problem")?;
    let solver = ProblemSolver::new(&problem).map_err(StageError::refused)?;
    let objective = SolverObjective::new(solver)?.descended_by(&settings.descent)?;
    let names = objective.solver.names();
    let start = start(context, settings.start, &objective)?;
    let optimum = context.try_parts("optimum", 1, |_| {
        let descent = descend(&objective, &start, &settings.descent);
        let Some(end) = descent.end() else {
            let cause = objective.solver.evaluate(&start).cause();
            return Err(StageError::Refused(format!(
                "the problem cannot be solved where the optimum is looked for ({cause})"
            )));
        };
        let converged = descent.stop.is_converged();
        Ok(Optimum { x: end.x.clone(), fval: end.fval, converged, work: descent.work })
    })?;
    let Some(optimum) = optimum.first() else { return Err(StageError::Interrupted) };

    let threshold = 0.5 * chi_square_quantile(settings.level);
    let walked = Settings { threshold, most: settings.points, descent: settings.descent };
    let indices: Vec<usize> =
        settings.parameters.iter().filter_map(|id| names.iter().position(|name| name == id)).collect();
    let sides: Vec<Side> = context.try_parts("sides", 2 * indices.len(), |part| {
        let (parameter, upwards) = (indices[part / 2], part % 2 == 1);
        let stop = || context.stop.requested();
        walk(&objective, (&optimum.x, optimum.fval), parameter, upwards, &walked, &stop).ok_or(StageError::Interrupted)
    })?;

    let lowest = sides.iter().flat_map(|side| &side.points).map(|point| point.fval).fold(optimum.fval, f64::min);
    let profiled: Vec<Profiled> =
        indices.iter().zip(sides.chunks(2)).map(|(&at, sides)| Profiled { at, sides }).collect();
    context.draft.table("profiles", &profiles(&profiled, optimum, names, lowest))?;
    context
        .draft
        .table("intervals", &intervals(&profiled, optimum, &problem, names, (threshold, lowest, settings.level)))?;
    let summary = ProfileSummary {
        optimum: optimum.fval,
        converged: optimum.converged,
        lowest,
        threshold,
        work: sides.iter().map(|side| side.work).sum::<Work>() + optimum.work,
        failed: sides.iter().map(|side| side.failed).sum(),
    };
    context.draft.value("summary", &summary)?;
    let mut told = Vec::new();
    if !optimum.converged {
        told.push(
            "the descent to the optimum did not converge; intervals may be too wide or at the wrong place".to_owned(),
        );
    }
    if lowest < optimum.fval - SLACK {
        told.push(format!(
            "a profile found an fval of {lowest:.4}, below the optimum's {:.4}: start from more descents",
            optimum.fval
        ));
    }
    Ok(told)
}

/// Where the optimum is looked for.
fn start(context: &Context, start: Start, objective: &SolverObjective) -> Result<Vec<f64>, StageError> {
    if start != Start::Descents {
        return Ok(objective.bounds().clip(objective.solver.nominal()));
    }
    let ends = context.input(1).table("ends")?;
    let fvals = ends.numbers("fval_end")?;
    let best = (0..ends.rows())
        .filter(|&row| fvals[row].is_finite())
        .min_by(|&one, &other| fvals[one].total_cmp(&fvals[other]))
        .ok_or_else(|| StageError::refused("no descent has an end that a profile could start from"))?;
    Ok(vectors(&ends.select(&[best]), objective.solver.names())?.remove(0))
}

/// Both sides of the profile of one parameter.
struct Profiled<'a> {
    /// The index of the parameter in a vector.
    at: usize,
    /// Downwards, upwards.
    sides: &'a [Side],
}

impl Profiled<'_> {
    fn values(&self, side: usize) -> Vec<f64> {
        self.sides[side].points.iter().map(|point| point.x[self.at]).collect()
    }
}

/// All points, rising in each parameter.
fn profiles(profiled: &[Profiled], optimum: &Optimum, names: &[String], lowest: f64) -> Table {
    let middle = profile::Point { x: optimum.x.clone(), fval: optimum.fval, converged: optimum.converged };
    let mut rows: Vec<(usize, i64, &profile::Point)> = Vec::new();
    for one in profiled {
        rows.extend(one.sides[0].points.iter().rev().map(|point| (one.at, -1, point)));
        rows.push((one.at, 0, &middle));
        rows.extend(one.sides[1].points.iter().map(|point| (one.at, 1, point)));
    }
    let table = Table::new()
        .text("parameter", rows.iter().map(|(at, ..)| names[*at].clone()).collect())
        .integer("direction", rows.iter().map(|(_, direction, _)| *direction).collect())
        .number("value", rows.iter().map(|(at, _, point)| point.x[*at]).collect())
        .number("fval", rows.iter().map(|(.., point)| point.fval).collect())
        .number("rise", rows.iter().map(|(.., point)| point.fval - lowest).collect())
        .integer("converged", rows.iter().map(|(.., point)| i64::from(point.converged)).collect());
    let vectors: Vec<Vec<f64>> = rows.iter().map(|(.., point)| point.x.clone()).collect();
    with_vectors(table, names, &vectors)
}

fn intervals(
    profiled: &[Profiled],
    optimum: &Optimum,
    problem: &Problem,
    names: &[String],
    (threshold, lowest, level): (f64, f64, f64),
) -> Table {
    let found: Vec<profile::Interval> = profiled
        .iter()
        .map(|one| {
            let middle = (optimum.x[one.at], optimum.fval);
            let (below, above) = (one.values(0), one.values(1));
            interval(middle, (&one.sides[0], &below), (&one.sides[1], &above), threshold, lowest)
        })
        .collect();
    let known = estimated(problem);
    let scale = |id: &String| known.iter().find(|one| one.id == *id).map_or("", |one| one.scale);
    let points = |one: &Profiled| one.sides.iter().map(|side| side.points.len() as i64).sum::<i64>();
    let converged =
        |one: &Profiled| one.sides.iter().flat_map(|side| &side.points).filter(|point| point.converged).count() as i64;
    let work =
        |one: &Profiled| one.sides.iter().map(|side| (side.work.values + side.work.gradients) as i64).sum::<i64>();
    Table::new()
        .text("parameter", profiled.iter().map(|one| names[one.at].clone()).collect())
        .text("scale", profiled.iter().map(|one| scale(&names[one.at]).to_owned()).collect())
        .number("estimate", found.iter().map(|interval| interval.estimate).collect())
        .number("level", vec![level; found.len()])
        .number("lower", found.iter().map(|interval| interval.lower.0).collect())
        .text("lower_end", found.iter().map(|interval| interval.lower.1.label().to_owned()).collect())
        .number("upper", found.iter().map(|interval| interval.upper.0).collect())
        .text("upper_end", found.iter().map(|interval| interval.upper.1.label().to_owned()).collect())
        .integer("points", profiled.iter().map(points).collect())
        .integer("converged", profiled.iter().map(converged).collect())
        .integer("failed", profiled.iter().map(|one| one.sides.iter().map(|side| side.failed as i64).sum()).collect())
        .integer("evaluations", profiled.iter().map(work).collect())
}
