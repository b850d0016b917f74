//! The verdict over the trials of a benchmark: which ends are hits, and what the first one cost.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::context::Context;
use super::super::error::StageError;
use super::objective::SolverObjective;
use super::rows::vectors;
use super::trial::TrialSummary;
use crate::evaluate::bootstrap::{Interval, Resampling};
use crate::evaluate::feasibility::Share;
use crate::evaluate::paired;
use crate::evaluate::quantiles::median;
use crate::evaluate::success::{self, Repeat};
use crate::model::problem::SolverSettings;
use crate::plan::trial::{Benchmark, Place};
use crate::table::Table;

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
    place: Place,
    is_training: Vec<bool>,
    cost: Vec<f64>,
    fval_end: Vec<f64>,
    converged: Vec<bool>,
    hit: Vec<bool>,
    summary: TrialSummary,
}

impl Tried {
    /// What was spent at the first hit.
    fn first_hit(&self) -> Option<f64> {
        (0..self.hit.len()).find(|&at| self.hit[at]).map(|at| self.cost[at])
    }
}

/// Writes `summary.parquet` (one row for each problem and method), `first_hits.parquet` (one row a trial),
/// `ends.parquet` (one row for each end of a trial's own) and `targets.ron` (one for each problem).
pub(super) fn run(context: &Context, settings: &Benchmark) -> Result<Vec<String>, StageError> {
    context.cores.lend(|| judge(context, settings))
}

fn judge(context: &Context, settings: &Benchmark) -> Result<Vec<String>, StageError> {
    let problems = settings.problems.len();
    let mut targets = Vec::with_capacity(problems);
    let mut all: Vec<Tried> = Vec::new();
    context.progress.start(0, problems);
    for problem in 0..problems {
        let objective = SolverObjective::of_input(context, problem)?;
        let plain = objective.solver.settings();
        let tight = objective.solver.with_solver(SolverSettings { rtol: 1e-10, atol: plain.atol.min(1e-10), ..plain });
        let mut tried = Vec::new();
        for (number, place) in settings.trials.iter().enumerate().filter(|(_, place)| place.problem == problem) {
            let artifact = context.input(problems + number);
            let ends = artifact.table("ends")?;
            let rows = vectors(&ends, objective.solver.names())?;
            let trial = Tried {
                place: *place,
                is_training: ends.texts("phase")?.iter().map(|phase| phase == "training").collect(),
                cost: ends.numbers("cost")?.to_vec(),
                fval_end: ends.numbers("fval_end")?.to_vec(),
                converged: ends.integers("converged")?.iter().map(|&converged| converged == 1).collect(),
                hit: Vec::new(),
                summary: artifact.value("summary")?,
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
        for (mut trial, _) in tried {
            let is_hit = |(end, converged): (&f64, &bool)| *converged && *end <= target.fval + settings.tolerance;
            trial.hit = trial.fval_end.iter().zip(&trial.converged).map(is_hit).collect();
            all.push(trial);
        }
        targets.push(target);
        context.progress.advance();
    }
    context.draft.table("summary", &summary(context, settings, &all, &targets))?;
    context.draft.table("first_hits", &first_hits(&all))?;
    context.draft.table("ends", &ends(&all))?;
    context.draft.value("targets", &targets)?;
    Ok(Vec::new())
}

/// All trials of one method on one problem.
struct Line<'a> {
    problem: usize,
    method: usize,
    blind: bool,
    trials: Vec<&'a Tried>,
    success: Option<Share>,
    cost: Option<Interval>,
}

impl Line<'_> {
    /// What each trial spent until its first hit, infinite without one; the same repeats stand at the same places.
    fn costs(&self) -> Vec<f64> {
        let mut costs: Vec<(usize, f64)> =
            self.trials.iter().map(|trial| (trial.place.repeat, trial.first_hit().unwrap_or(f64::INFINITY))).collect();
        costs.sort_by_key(|(repeat, _)| *repeat);
        costs.into_iter().map(|(_, cost)| cost).collect()
    }
}

fn lines<'a>(context: &Context, settings: &Benchmark, all: &'a [Tried]) -> Vec<Line<'a>> {
    let streams = context.streams();
    let resampling = Resampling { resamples: settings.resamples, confidence: 0.95 };
    let mut lines: Vec<Line> = Vec::new();
    for trial in all {
        let Place { problem, method, blind, .. } = trial.place;
        match lines.iter_mut().find(|line| (line.problem, line.method, line.blind) == (problem, method, blind)) {
            Some(line) => line.trials.push(trial),
            None => lines.push(Line { problem, method, blind, trials: vec![trial], success: None, cost: None }),
        }
    }
    for line in &mut lines {
        let repeats: Vec<Repeat> = line
            .trials
            .iter()
            .map(|trial| Repeat { hit: trial.first_hit(), budget: trial.summary.spent.min(settings.budget) })
            .collect();
        let streams = streams.part(&format!("cost {} {} {}", line.problem, line.method, line.blind));
        line.success = success::success_at(&repeats, settings.budget);
        line.cost = success::expected_cost(&repeats, resampling, &streams);
    }
    lines
}

/// Each method's first hits against those of the first method of the benchmark on the same problem: Wilcoxon's test over
/// repeats, corrected by Holm over all tests of the benchmark.
fn tests(lines: &[Line]) -> Vec<(f64, f64, f64)> {
    let found: Vec<Option<paired::SignedRank>> = lines
        .iter()
        .map(|line| {
            let reference = lines.iter().find(|other| other.problem == line.problem && other.method == 0)?;
            if line.method == 0 {
                return None;
            }
            paired::signed_rank(&line.costs(), &reference.costs())
        })
        .collect();
    let known: Vec<f64> = found.iter().flatten().map(|test| test.p).collect();
    let mut corrected = paired::holm(&known).into_iter();
    found
        .into_iter()
        .map(|test| match test {
            Some(test) => (test.p, corrected.next().unwrap_or(f64::NAN), test.rank_biserial),
            None => (f64::NAN, f64::NAN, f64::NAN),
        })
        .collect()
}

fn summary(context: &Context, settings: &Benchmark, all: &[Tried], targets: &[BenchmarkTarget]) -> Table {
    let lines = lines(context, settings, all);
    let tests = tests(&lines);
    let numbers = |pick: &dyn Fn(&Line) -> f64| lines.iter().map(pick).collect::<Vec<f64>>();
    let counts = |pick: &dyn Fn(&Tried) -> u64| {
        lines.iter().map(|line| line.trials.iter().map(|trial| pick(trial)).sum::<u64>() as i64).collect::<Vec<i64>>()
    };
    let own = |line: &Line| -> Vec<f64> {
        let ends = |trial: &&Tried| {
            let own = trial.fval_end.iter().zip(&trial.is_training).filter(|(_, is_training)| !**is_training);
            own.map(|(end, _)| *end).collect::<Vec<f64>>()
        };
        line.trials.iter().flat_map(ends).collect()
    };
    let share = |line: &Line, pick: fn(&Share) -> f64| line.success.as_ref().map_or(f64::NAN, pick);
    let cost = |line: &Line, pick: fn(&Interval) -> f64| line.cost.as_ref().map_or(f64::NAN, pick);
    let words = |pick: &dyn Fn(&Line) -> String| lines.iter().map(pick).collect::<Vec<String>>();
    Table::new()
        .text("problem", words(&|line| line.problem.to_string()))
        .text("method", words(&|line| line.method.to_string()))
        .text("blind", words(&|line| if line.blind { "yes" } else { "no" }.to_owned()))
        .integer("repeats", lines.iter().map(|line| line.trials.len() as i64).collect())
        .number("budget", numbers(&|_| settings.budget))
        .number("success_probability", numbers(&|line| share(line, |share| share.share)))
        .number("low", numbers(&|line| share(line, |share| share.lower)))
        .number("high", numbers(&|line| share(line, |share| share.upper)))
        .number("cost_to_first_hit", numbers(&|line| cost(line, |cost| cost.estimate)))
        .number("cost_low", numbers(&|line| cost(line, |cost| cost.lower)))
        .number("cost_high", numbers(&|line| cost(line, |cost| cost.upper)))
        .integer("hits", counts(&|trial| trial.hit.iter().filter(|hit| **hit).count() as u64))
        .integer("starts", counts(&|trial| trial.summary.starts as u64))
        .integer("failed", counts(&|trial| trial.summary.failed as u64))
        .integer("evaluations", counts(&|trial| trial.summary.work.values + trial.summary.work.gradients))
        .integer(
            "training_evaluations",
            counts(&|trial| trial.summary.training.values + trial.summary.training.gradients),
        )
        .number("lowest", numbers(&|line| own(line).into_iter().fold(f64::INFINITY, f64::min)))
        .number("median", numbers(&|line| median(&own(line)).unwrap_or(f64::NAN)))
        .number("target", numbers(&|line| targets[line.problem].fval))
        .number("p_value", tests.iter().map(|test| test.0).collect())
        .number("p_corrected", tests.iter().map(|test| test.1).collect())
        .number("effect", tests.iter().map(|test| test.2).collect())
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
