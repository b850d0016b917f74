//! Local descents from many starts, each a part of the node's journal.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::context::Context;
use super::super::error::StageError;
use super::super::store::Artifact;
use super::dataset::best_training_row;
use super::objective::SolverObjective;
use super::rows::{vectors, with_vectors};
use crate::optimise::{self, Objective as _, Work, design};
use crate::plan::node::{Descend, Starts};
use crate::random::Streams;
use crate::table::Table;

/// What all descents of a node came to, beside the tables `ends` and `iterates`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DescentsSummary {
    /// How many descents.
    pub descents: usize,
    /// How many of them converged.
    pub converged: usize,
    /// Starts that could not be solved, by cause.
    pub failed: BTreeMap<String, usize>,
    /// The lowest fval of any end; infinite when all starts failed.
    pub lowest: f64,
    /// The work of all descents.
    pub work: Work,
}

/// One descent, as the journal keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Record {
    /// fval, gradients counted until then, and vector of each accepted iterate; the first is the start.
    path: Vec<(f64, u64, Vec<f64>)>,
    stop: String,
    converged: bool,
    cause: String,
    work: Work,
}

/// Writes `ends.parquet`, `summary.ron` and, where they are kept, `iterates.parquet`.
pub(super) fn run(context: &Context, settings: &Descend) -> Result<Vec<String>, StageError> {
    let objective = SolverObjective::of_input(context, 0)?.descended_by(&settings.descent)?;
    let starts = starts(settings, &objective, &context.streams(), || context.input(1))?;
    let records: Vec<Record> = context.parts("descents", starts.len(), |index| {
        let descent = optimise::descend(&objective, &starts[index], &settings.descent);
        let cause = match descent.path.is_empty() {
            true => objective.solver.evaluate(&starts[index]).cause().to_owned(),
            false => String::new(),
        };
        let mut path: Vec<_> =
            descent.path.into_iter().map(|iterate| (iterate.fval, iterate.work.gradients, iterate.x)).collect();
        if !settings.keep_iterates && path.len() > 2 {
            path.drain(1..path.len() - 1);
        }
        Record {
            path,
            stop: descent.stop.label().to_owned(),
            converged: descent.stop.is_converged(),
            cause,
            work: descent.work,
        }
    })?;

    let names = objective.solver.names();
    context.draft.table("ends", &ends(&records, &starts, names))?;
    if settings.keep_iterates {
        context.draft.table("iterates", &iterates(&records, names))?;
    }
    let summary = summary(&records);
    context.draft.value("summary", &summary)?;
    let failed: usize = summary.failed.values().sum();
    Ok(match failed == records.len() {
        true => vec!["no start could be solved".to_owned()],
        false => Vec::new(),
    })
}

/// Where the descents start; `second` is the node's second input, which only some starts read.
pub(super) fn starts(
    settings: &Descend,
    objective: &SolverObjective,
    streams: &Streams,
    second: impl Fn() -> Artifact,
) -> Result<Vec<Vec<f64>>, StageError> {
    let (bounds, count) = (objective.bounds(), settings.count);
    let streams = streams.part("starts");
    Ok(match settings.starts {
        Starts::LatinHypercube => design::latin_hypercube(count, bounds, &streams),
        Starts::Random => design::random(count, bounds, &streams),
        Starts::Design(design) => design.points(bounds, &streams).map_err(StageError::refused)?,
        Starts::Proposals => vectors(&second().table("vectors")?, objective.solver.names())?,
        Starts::BestJitter(sd) => {
            let best = best_training_row(&second(), objective.solver.names())?;
            design::jitter(&best, sd, count, bounds, &streams)
        }
    })
}

fn ends(records: &[Record], starts: &[Vec<f64>], names: &[String]) -> Table {
    let first = |record: &Record| record.path.first().map_or(f64::INFINITY, |iterate| iterate.0);
    let last = |record: &Record| record.path.last().map_or(f64::INFINITY, |iterate| iterate.0);
    let table = Table::new()
        .integer("start", (0..records.len() as i64).collect())
        .number("fval_start", records.iter().map(first).collect())
        .number("fval_end", records.iter().map(last).collect())
        .integer("converged", records.iter().map(|record| i64::from(record.converged)).collect())
        .text("stop", records.iter().map(|record| record.stop.clone()).collect())
        .text("cause", records.iter().map(|record| record.cause.clone()).collect())
        .integer("values", records.iter().map(|record| record.work.values as i64).collect())
        .integer("gradients", records.iter().map(|record| record.work.gradients as i64).collect());
    let rows: Vec<Vec<f64>> = records
        .iter()
        .zip(starts)
        .map(|(record, start)| record.path.last().map_or_else(|| start.clone(), |iterate| iterate.2.clone()))
        .collect();
    with_vectors(table, names, &rows)
}

fn iterates(records: &[Record], names: &[String]) -> Table {
    let each = || {
        records.iter().enumerate().flat_map(|(start, record)| {
            record.path.iter().enumerate().map(move |(iteration, iterate)| (start, iteration, iterate))
        })
    };
    let table = Table::new()
        .integer("start", each().map(|(start, _, _)| start as i64).collect())
        .integer("iteration", each().map(|(_, iteration, _)| iteration as i64).collect())
        .number("fval", each().map(|(_, _, iterate)| iterate.0).collect())
        .integer("gradients", each().map(|(_, _, iterate)| iterate.1 as i64).collect());
    let rows: Vec<Vec<f64>> = each().map(|(_, _, iterate)| iterate.2.clone()).collect();
    with_vectors(table, names, &rows)
}

fn summary(records: &[Record]) -> DescentsSummary {
    let mut failed = BTreeMap::new();
    for record in records.iter().filter(|record| record.path.is_empty()) {
        *failed.entry(record.cause.clone()).or_insert(0) += 1;
    }
    DescentsSummary {
        descents: records.len(),
        converged: records.iter().filter(|record| record.converged).count(),
        failed,
        lowest: records.iter().filter_map(|record| record.path.last()).map(|end| end.0).fold(f64::INFINITY, f64::min),
        work: records.iter().map(|record| record.work).sum(),
    }
}
