//! The verdict over the trials of a benchmark: which ends are hits, and what the first one cost.

mod course;
mod minima;
mod verdict;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::context::Context;
use super::super::error::StageError;
use super::ends::tight;
use super::objective::SolverObjective;
use super::rows::vectors;
use super::trial::TrialSummary;
use crate::plan::node::Stage;
use crate::plan::trial::{Benchmark, Method, Place};
use crate::table::Table;

use course::Course;
use minima::Found;

/// How far above the lowest end an end may lie, as it was computed, to be computed again at tight tolerances: what lies
/// higher is no hit.
const MARGIN: f64 = 1.0;

/// What the hits on a problem refer to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchmarkTarget {
    /// The lower of the fval at the nominal parameters and the lowest end of all trials, both at tight tolerances.
    pub fval: f64,
    /// The fval at the nominal parameters; infinite where they do not solve.
    pub nominal: f64,
    /// The lowest end of all trials.
    pub lowest: f64,
}

/// One trial, its ends evaluated again.
struct Tried {
    /// Its number among the trials.
    number: usize,
    place: Place,
    is_training: Vec<bool>,
    cost: Vec<f64>,
    fval_end: Vec<f64>,
    converged: Vec<bool>,
    hit: Vec<bool>,
    /// The number of the minimum that an end lies in: of the trial's own that converged.
    minimum: Vec<Option<usize>>,
    summary: TrialSummary,
    course: Course,
    /// What a global search had spent when it first was as low as a hit. Its users take its best vector for the answer,
    /// whether or not a descent follows.
    found: Option<f64>,
}

impl Tried {
    /// How many of its ends are hits: of its training set, or of its own.
    fn hits(&self, in_training: bool) -> u64 {
        self.hit.iter().zip(&self.is_training).filter(|(hit, training)| **hit && **training == in_training).count()
            as u64
    }

    /// What was spent at the first hit.
    fn first_hit(&self) -> Option<f64> {
        let end = (0..self.hit.len()).find(|&at| self.hit[at]).map(|at| self.cost[at]);
        end.into_iter().chain(self.found).reduce(f64::min)
    }
}

/// Writes `summary.parquet` (one row for each problem and method), `profile.parquet` (performance profiles over the
/// problems), `convergence.parquet` (the best fval by cost), `first_hits.parquet` (one row a trial), `ends.parquet` (one
/// row for each end of a trial's own), `minima.parquet` (which share of the starts of each method ended in which minimum),
/// `best_ends.parquet` (the vectors of the best ends) and `targets.ron` (one for each problem).
pub(super) fn run(context: &Context, settings: &Benchmark) -> Result<Vec<String>, StageError> {
    context.cores.lend(|| judge(context, settings))
}

fn judge(context: &Context, settings: &Benchmark) -> Result<Vec<String>, StageError> {
    let problems = settings.problems.len();
    let mut targets = Vec::with_capacity(problems);
    let mut all: Vec<Tried> = Vec::new();
    let mut found: Vec<Found> = Vec::with_capacity(problems);
    context.progress.start(0, problems);
    for problem in 0..problems {
        let objective = SolverObjective::of_input(context, problem)?;
        let tight = tight(&objective.solver);
        let mut tried = Vec::new();
        for (number, place) in settings.trials.iter().enumerate().filter(|(_, place)| place.problem == problem) {
            let artifact = context.input(problems + number);
            let ends = artifact.table("ends")?;
            let rows = vectors(&ends, objective.solver.names())?;
            let trial = Tried {
                number,
                place: *place,
                is_training: ends.texts("phase")?.iter().map(|phase| phase == "training").collect(),
                cost: ends.numbers("cost")?.to_vec(),
                fval_end: ends.numbers("fval_end")?.to_vec(),
                converged: ends.integers("converged")?.iter().map(|&converged| converged == 1).collect(),
                hit: Vec::new(),
                minimum: vec![None; ends.rows()],
                summary: artifact.value("summary")?,
                course: Course::of(&ends, &artifact.table("fvals")?)?,
                found: None,
            };
            tried.push((trial, rows));
        }
        let nominal = tight.evaluate(tight.nominal()).fval;
        let lowest = |tried: &[(Tried, Vec<Vec<f64>>)]| {
            let converged = tried.iter().flat_map(|(trial, _)| trial.fval_end.iter().zip(&trial.converged));
            converged.filter(|(_, converged)| **converged).map(|(end, _)| *end).fold(f64::INFINITY, f64::min)
        };
        let near = lowest(&tried).min(nominal) + settings.tolerance + MARGIN;
        for (trial, rows) in &mut tried {
            let again: Vec<usize> =
                (0..rows.len()).filter(|&at| trial.converged[at] && trial.fval_end[at] <= near).collect();
            let fvals: Vec<f64> = again.par_iter().map(|&at| tight.evaluate(&rows[at]).fval).collect();
            for (at, fval) in again.into_iter().zip(fvals) {
                trial.fval_end[at] = fval;
                trial.converged[at] = fval.is_finite();
            }
        }
        let lowest = lowest(&tried);
        let target = BenchmarkTarget { fval: nominal.min(lowest), nominal, lowest };
        let (problem, solver) = (context.input(problem).value("problem")?, &objective.solver);
        found.push(Found::of(&problem, solver, &mut tried));
        for (mut trial, _) in tried {
            let is_hit = |(end, converged): (&f64, &bool)| *converged && *end <= target.fval + settings.tolerance;
            trial.hit = trial.fval_end.iter().zip(&trial.converged).map(is_hit).collect();
            if searches(context, problems, &trial) {
                trial.found = trial.course.cost_of(target.fval + settings.tolerance);
            }
            all.push(trial);
        }
        targets.push(target);
        context.progress.advance();
    }
    let lines = verdict::lines(context, settings, &all);
    context.draft.table("summary", &verdict::summary(settings, &lines, &targets))?;
    context.draft.table("profile", &verdict::profile(settings, &lines))?;
    context.draft.table("convergence", &course::convergence(settings, &lines, &targets))?;
    context.draft.table("first_hits", &first_hits(&all))?;
    context.draft.table("ends", &ends(&all))?;
    context.draft.table("minima", &minima::table(&lines, &found))?;
    context.draft.table("best_ends", &minima::best_ends(&found))?;
    context.draft.value("targets", &targets)?;
    Ok(Vec::new())
}

/// Is it a trial of a global optimiser?
fn searches(context: &Context, problems: usize, trial: &Tried) -> bool {
    let node = &context.plan.nodes[context.node.inputs[problems + trial.number]];
    matches!(&node.stage, Stage::Trial(settings) if matches!(settings.method, Method::Global(_)))
}

fn first_hits(all: &[Tried]) -> Table {
    placed(all.iter().map(|trial| trial.place))
        .number("cost", all.iter().map(|trial| trial.first_hit().unwrap_or(f64::NAN)).collect())
        .number("spent", all.iter().map(|trial| trial.summary.spent).collect())
        .integer("starts", all.iter().map(|trial| trial.summary.starts as i64).collect())
}

fn ends(all: &[Tried]) -> Table {
    let each = || {
        all.iter()
            .flat_map(|trial| (0..trial.hit.len()).filter(|&at| !trial.is_training[at]).map(move |at| (trial, at)))
    };
    placed(each().map(|(trial, _)| trial.place))
        .number("cost", each().map(|(trial, at)| trial.cost[at]).collect())
        .number("fval_end", each().map(|(trial, at)| trial.fval_end[at]).collect())
        .integer("converged", each().map(|(trial, at)| i64::from(trial.converged[at])).collect())
        .integer("hit", each().map(|(trial, at)| i64::from(trial.hit[at])).collect())
}

/// The columns that say which trial a row belongs to.
fn placed(places: impl Iterator<Item = Place>) -> Table {
    let places: Vec<Place> = places.collect();
    Table::new()
        .text("problem", places.iter().map(|place| place.problem.to_string()).collect())
        .text("method", places.iter().map(|place| place.method.to_string()).collect())
        .text("blind", places.iter().map(|place| if place.blind { "yes" } else { "no" }.to_owned()).collect())
        .integer("repeat", places.iter().map(|place| place.repeat as i64).collect())
}
