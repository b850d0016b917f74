//! What the trials of a benchmark come to, by problem and method.

use super::super::super::context::Context;
use super::{BenchmarkTarget, Tried, minima};
use crate::evaluate::bootstrap::{Interval, Resampling};
use crate::evaluate::feasibility::Share;
use crate::evaluate::paired;
use crate::evaluate::profile::performance_profiles;
use crate::evaluate::quantiles::median;
use crate::evaluate::success::{self, Repeat};
use crate::plan::trial::{Benchmark, Place};
use crate::table::Table;

/// What problems can be; see [`Benchmark::role`].
const ROLES: [&str; 2] = ["headline", "development"];

/// All trials of one method on one problem.
pub(super) struct Line<'a> {
    pub(super) problem: usize,
    pub(super) method: usize,
    pub(super) blind: bool,
    pub(super) trials: Vec<&'a Tried>,
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

pub(super) fn lines<'a>(context: &Context, settings: &Benchmark, all: &'a [Tried]) -> Vec<Line<'a>> {
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
        let repeats: Vec<Repeat> =
            line.trials.iter().map(|trial| Repeat { hit: trial.first_hit(), budget: settings.budget }).collect();
        let streams = streams.part(&format!("cost {} {} {}", line.problem, line.method, line.blind));
        line.success = success::success_at(&repeats, settings.budget);
        line.cost = success::expected_cost(&repeats, resampling, &streams);
    }
    lines
}

/// Each method's first hits against those of the first method of the benchmark on the same problem: Wilcoxon's test over
/// repeats, corrected by Holm over all tests of the benchmark, those on development problems apart.
fn tests(settings: &Benchmark, lines: &[Line]) -> Vec<(f64, f64, f64)> {
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
    let mut tests = vec![(f64::NAN, f64::NAN, f64::NAN); lines.len()];
    for role in ROLES {
        let of_role = || {
            let tested = lines.iter().zip(&found).enumerate();
            tested
                .filter(|(_, (line, _))| settings.role(line.problem) == role)
                .filter_map(|(at, (_, test))| test.as_ref().map(|test| (at, test)))
        };
        let known: Vec<f64> = of_role().map(|(_, test)| test.p).collect();
        for ((at, test), corrected) in of_role().zip(paired::holm(&known)) {
            tests[at] = (test.p, corrected, test.rank_biserial);
        }
    }
    tests
}

/// One row for each line: how often it hit, at what cost, and how that compares.
pub(super) fn summary(settings: &Benchmark, lines: &[Line], targets: &[BenchmarkTarget]) -> Table {
    let tests = tests(settings, lines);
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
        .integer("hits", counts(&|trial| trial.hits(false)))
        .integer("training_hits", counts(&|trial| trial.hits(true)))
        .integer("starts", counts(&|trial| trial.summary.starts as u64))
        .integer("failed", counts(&|trial| trial.summary.failed as u64))
        .integer("distinct_minima", lines.iter().map(|line| minima::reached(line).len() as i64).collect())
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

/// The performance profile of each method, blind ones apart, over the expected costs to the first hit on the problems: the
/// columns `method`, `blind`, `multiple` of the cheapest method's cost and `share` of problems. Blind methods are compared
/// with blind ones and with those that learn nothing. Where some problems are for development there is a column `role`, and
/// a profile over the problems of each.
pub(super) fn profile(settings: &Benchmark, lines: &[Line]) -> Table {
    let (mut methods, mut blinds, mut multiples, mut shares) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut roles = Vec::new();
    let learns = |method: usize| lines.iter().any(|line| line.method == method && line.blind);
    let each = ROLES.into_iter().flat_map(|role| [(role, false), (role, true)]);
    for (role, blind) in each {
        let problems: Vec<usize> =
            (0..settings.problems.len()).filter(|&problem| settings.role(problem) == role).collect();
        if problems.is_empty() {
            continue;
        }
        let mut entered: Vec<usize> = lines
            .iter()
            .filter(|line| line.blind == blind || (blind && !learns(line.method)))
            .map(|line| line.method)
            .collect();
        entered.sort_unstable();
        entered.dedup();
        if !lines.iter().any(|line| line.blind == blind) {
            continue;
        }
        let cost_of = |problem: usize, method: usize| {
            let is_it = |line: &&Line| {
                (line.problem, line.method) == (problem, method) && line.blind == (blind && learns(method))
            };
            let cost = lines.iter().find(is_it)?.cost.as_ref()?.estimate;
            cost.is_finite().then_some(cost)
        };
        let costs: Vec<Vec<Option<f64>>> =
            problems.iter().map(|&problem| entered.iter().map(|&method| cost_of(problem, method)).collect()).collect();
        for (method, profile) in entered.into_iter().zip(performance_profiles(&costs)) {
            for (multiple, share) in profile.steps {
                roles.push(role.to_owned());
                methods.push(method.to_string());
                blinds.push(if blind { "yes" } else { "no" }.to_owned());
                multiples.push(multiple);
                shares.push(share);
            }
        }
    }
    let table = Table::new()
        .text("method", methods)
        .text("blind", blinds)
        .number("multiple", multiples)
        .number("share", shares);
    if settings.development == 0 { table } else { table.text("role", roles) }
}
