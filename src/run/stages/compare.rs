//! Descents from several origins side by side: do some end lower, in more minima, for less work?

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::context::Context;
use super::super::error::StageError;
use super::dataset::DatasetSummary;
use super::descend::DescentsSummary;
use super::ends::{self, End};
use super::objective::SolverObjective;
use super::rows::vectors;
use crate::evaluate::bootstrap::{self, Interval, Resampling, Statistic};
use crate::evaluate::minima::Minimum;
use crate::evaluate::quantiles::quantile;
use crate::model::problem::Problem;
use crate::optimise::Work;
use crate::plan::node::{Compare, Stage, Starts};
use crate::random::Streams;
use crate::solve::ProblemSolver;
use crate::table::Table;

/// What the comparison refers to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// The lower of the fval at the nominal parameters and the lowest end of all origins, both at tight tolerances.
    pub fval: f64,
    /// The fval at the nominal parameters; infinite where they do not solve.
    pub nominal: f64,
    /// The lowest end of all origins.
    pub lowest: f64,
    /// An end within this of the target is a hit.
    pub tolerance: f64,
    /// Distinct minima over all origins.
    pub minima: usize,
}

/// The descents of one origin, all ends evaluated again at tight tolerances.
struct Line {
    /// Its number among the origins; names come in where the results are shown.
    label: String,
    /// Does it start from the plain design, with which the others are compared?
    plain: bool,
    fval_start: Vec<f64>,
    /// Infinite for descents that failed.
    fval_end: Vec<f64>,
    converged: Vec<bool>,
    observables: Vec<Vec<f64>>,
    work: Work,
    charged: Work,
    failed: usize,
}

/// Writes `descents.parquet` (one row a descent), `summary.parquet` (one row an origin), `differences.parquet` (each
/// origin against the last plain design), `minima.parquet` and `target.ron`.
pub(super) fn run(context: &Context, settings: &Compare) -> Result<Vec<String>, StageError> {
    context.cores.lend(|| compare(context, settings))
}

fn compare(context: &Context, settings: &Compare) -> Result<Vec<String>, StageError> {
    let objective = SolverObjective::of_input(context, 0)?;
    let tight = ends::tight(&objective.solver);
    let lines = lines(context, settings, &objective, &tight)?;

    let nominal = tight.evaluate(tight.nominal()).fval;
    let lowest = lines.iter().flat_map(|line| line.fval_end.iter().copied()).fold(f64::INFINITY, f64::min);
    let fval = nominal.min(lowest);
    let hits: Vec<Vec<bool>> = lines
        .iter()
        .map(|line| {
            let hit = |(end, converged): (&f64, &bool)| *converged && *end <= fval + settings.tolerance;
            line.fval_end.iter().zip(&line.converged).map(hit).collect()
        })
        .collect();
    let problem: Problem = context.input(0).value("problem")?;
    let found = distinct(&lines, &ends::measured_ranges(&problem));
    let resampling = Resampling { resamples: settings.resamples, confidence: 0.95 };
    let streams = context.streams();

    context.draft.table("descents", &descents(&lines, &hits, &found))?;
    context.draft.table("summary", &summary(&lines, &hits, &found, fval, resampling, &streams))?;
    context.draft.table("differences", &differences(&lines, &hits, fval, resampling, &streams))?;
    context.draft.table("minima", &minima_table(&lines, &found))?;
    let target = Target { fval, nominal, lowest, tolerance: settings.tolerance, minima: found.len() };
    context.draft.value("target", &target)?;
    Ok(Vec::new())
}

fn lines(
    context: &Context,
    settings: &Compare,
    objective: &SolverObjective,
    tight: &ProblemSolver,
) -> Result<Vec<Line>, StageError> {
    let mut lines = Vec::new();
    for (number, (origin, (node, artifact))) in settings.origins.iter().zip(context.inputs().skip(1)).enumerate() {
        let ends = artifact.table("ends")?;
        let done: DescentsSummary = artifact.value("summary")?;
        let rows = vectors(&ends, objective.solver.names())?;
        let loose = ends.numbers("fval_end")?;
        let checked: Vec<(f64, Vec<f64>)> = rows
            .par_iter()
            .zip(loose)
            .map(|(x, loose)| {
                if !loose.is_finite() {
                    return (f64::INFINITY, Vec::new());
                }
                let fval = tight.evaluate(x).fval;
                (fval, tight.observables(x).unwrap_or_default())
            })
            .collect();
        let mut charged = Work::default();
        for key in &origin.charged {
            let artifact = context.store.artifact(key);
            let descents = artifact.value("summary").map(|summary: DescentsSummary| summary.work);
            // The rows of a later round know what all rounds before have cost.
            charged += match descents {
                Ok(work) => work,
                Err(_) => artifact.value::<DatasetSummary>("summary")?.work,
            };
        }
        let (fval_end, observables): (Vec<f64>, Vec<Vec<f64>>) = checked.into_iter().unzip();
        lines.push(Line {
            label: number.to_string(),
            plain: matches!(&node.stage, Stage::Descend(descend) if descend.starts == Starts::LatinHypercube),
            fval_start: ends.numbers("fval_start")?.to_vec(),
            converged: ends
                .integers("converged")?
                .iter()
                .zip(&fval_end)
                .map(|(&converged, end)| converged == 1 && end.is_finite())
                .collect(),
            failed: fval_end.iter().filter(|end| !end.is_finite()).count(),
            fval_end,
            observables,
            work: done.work,
            charged,
        });
    }
    Ok(lines)
}

/// The distinct minima over all origins; an end is named by its line and its number there.
fn distinct(lines: &[Line], scales: &[f64]) -> Vec<(Minimum, Vec<(usize, usize)>)> {
    let of_line = |(line, descents): (usize, &Line)| {
        let end = |at: usize| End {
            place: (line, at),
            fval: descents.fval_end[at],
            observables: descents.observables[at].clone(),
        };
        (0..descents.fval_end.len()).filter(|&at| descents.converged[at]).map(end).collect::<Vec<_>>()
    };
    let converged = lines.iter().enumerate().flat_map(of_line).collect();
    ends::distinct(converged, scales, lines.iter().map(|line| line.fval_end.len()).sum())
}

fn descents(lines: &[Line], hits: &[Vec<bool>], found: &[(Minimum, Vec<(usize, usize)>)]) -> Table {
    let each = || lines.iter().enumerate().flat_map(|(line, all)| (0..all.fval_end.len()).map(move |at| (line, at)));
    let minimum = |place: (usize, usize)| {
        found.iter().position(|(_, members)| members.contains(&place)).map_or(-1, |index| index as i64)
    };
    Table::new()
        .text("origin", each().map(|(line, _)| lines[line].label.clone()).collect())
        .integer("start", each().map(|(_, at)| at as i64).collect())
        .number("fval_start", each().map(|(line, at)| lines[line].fval_start[at]).collect())
        .number("fval_end", each().map(|(line, at)| lines[line].fval_end[at]).collect())
        .integer("converged", each().map(|(line, at)| i64::from(lines[line].converged[at])).collect())
        .integer("hit", each().map(|(line, at)| i64::from(hits[line][at])).collect())
        .integer("minimum", each().map(minimum).collect())
}

fn summary(
    lines: &[Line],
    hits: &[Vec<bool>],
    found: &[(Minimum, Vec<(usize, usize)>)],
    target: f64,
    resampling: Resampling,
    streams: &Streams,
) -> Table {
    let numbers = |compute: &dyn Fn(usize) -> f64| (0..lines.len()).map(compute).collect::<Vec<f64>>();
    let integers = |compute: &dyn Fn(usize) -> u64| (0..lines.len()).map(|at| compute(at) as i64).collect::<Vec<i64>>();
    let share = |at: usize| bootstrap::share(&hits[at], resampling, &streams.part(&format!("hits {at}")));
    let median = |at: usize| {
        let gaps: Vec<f64> = lines[at].fval_end.iter().map(|end| end - target).collect();
        bootstrap::one_sample(&gaps, Statistic::Median, resampling, &streams.part(&format!("median {at}")))
    };
    let shares: Vec<Option<Interval>> = (0..lines.len()).map(share).collect();
    let medians: Vec<Option<Interval>> = (0..lines.len()).map(median).collect();
    let end = |interval: &Option<Interval>, pick: fn(&Interval) -> f64| interval.as_ref().map_or(f64::NAN, pick);
    let count = |at: usize| hits[at].iter().filter(|hit| **hit).count() as u64;
    let own_minima =
        |at: usize| found.iter().filter(|(_, members)| members.iter().any(|(line, _)| *line == at)).count() as u64;
    let gradients = |work: &Work| work.gradients + work.values;
    Table::new()
        .text("origin", lines.iter().map(|line| line.label.clone()).collect())
        .integer("starts", integers(&|at| lines[at].fval_end.len() as u64))
        .integer("failed", integers(&|at| lines[at].failed as u64))
        .integer("converged", integers(&|at| lines[at].converged.iter().filter(|done| **done).count() as u64))
        .integer("hits", integers(&count))
        .number("hit_share", numbers(&|at| end(&shares[at], |interval| interval.estimate)))
        .number("hit_lower", numbers(&|at| end(&shares[at], |interval| interval.lower)))
        .number("hit_upper", numbers(&|at| end(&shares[at], |interval| interval.upper)))
        .number("lowest", numbers(&|at| lines[at].fval_end.iter().copied().fold(f64::INFINITY, f64::min)))
        .number("median_start", numbers(&|at| quantile(&lines[at].fval_start, 0.5).unwrap_or(f64::NAN)))
        .number("median_end", numbers(&|at| quantile(&lines[at].fval_end, 0.5).unwrap_or(f64::NAN)))
        .number("median_gap", numbers(&|at| end(&medians[at], |interval| interval.estimate)))
        .number("gap_lower", numbers(&|at| end(&medians[at], |interval| interval.lower)))
        .number("gap_upper", numbers(&|at| end(&medians[at], |interval| interval.upper)))
        .integer("distinct_minima", integers(&own_minima))
        .integer("evaluations", integers(&|at| gradients(&lines[at].work)))
        .integer("training_evaluations", integers(&|at| gradients(&lines[at].charged)))
        .number(
            "evaluations_per_hit",
            numbers(&|at| gradients(&(lines[at].work + lines[at].charged)) as f64 / count(at) as f64),
        )
}

/// Each origin against the plain design among them: the differences of hit shares and of median gaps.
fn differences(lines: &[Line], hits: &[Vec<bool>], target: f64, resampling: Resampling, streams: &Streams) -> Table {
    let reference = lines.iter().position(|line| line.plain).unwrap_or(lines.len() - 1);
    let gaps = |at: usize| lines[at].fval_end.iter().map(|end| end - target).collect::<Vec<f64>>();
    let others: Vec<usize> = (0..lines.len()).filter(|&at| at != reference).collect();
    let compared: Vec<(Option<Interval>, Option<Interval>)> = others
        .iter()
        .map(|&at| {
            let streams = streams.part(&format!("difference {at}"));
            (
                bootstrap::share_difference(&hits[at], &hits[reference], resampling, &streams.part("hits")),
                bootstrap::unpaired_difference(
                    &gaps(at),
                    &gaps(reference),
                    Statistic::Median,
                    resampling,
                    &streams.part("gap"),
                ),
            )
        })
        .collect();
    let column = |pick: &dyn Fn(&(Option<Interval>, Option<Interval>)) -> Option<f64>| {
        compared.iter().map(|pair| pick(pair).unwrap_or(f64::NAN)).collect::<Vec<f64>>()
    };
    Table::new()
        .text("origin", others.iter().map(|&at| lines[at].label.clone()).collect())
        .text("against", vec![lines[reference].label.clone(); others.len()])
        .number("hit_share_difference", column(&|pair| pair.0.map(|interval| interval.estimate)))
        .number("hit_share_lower", column(&|pair| pair.0.map(|interval| interval.lower)))
        .number("hit_share_upper", column(&|pair| pair.0.map(|interval| interval.upper)))
        .number("median_gap_difference", column(&|pair| pair.1.map(|interval| interval.estimate)))
        .number("median_gap_lower", column(&|pair| pair.1.map(|interval| interval.lower)))
        .number("median_gap_upper", column(&|pair| pair.1.map(|interval| interval.upper)))
}

fn minima_table(lines: &[Line], found: &[(Minimum, Vec<(usize, usize)>)]) -> Table {
    let mut table = Table::new()
        .integer("minimum", (0..found.len() as i64).collect())
        .number("fval", found.iter().map(|(minimum, _)| minimum.fval).collect())
        .number("share", found.iter().map(|(minimum, _)| minimum.share.share).collect());
    for (at, line) in lines.iter().enumerate() {
        let ends = |(_, members): &(Minimum, Vec<(usize, usize)>)| {
            members.iter().filter(|(from, _)| *from == at).count() as i64
        };
        table = table.integer(&line.label, found.iter().map(ends).collect());
    }
    table
}
