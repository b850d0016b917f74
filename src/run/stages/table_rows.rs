//! Rows from a table, in the shape that descents leave: each group of rows is a descent whose lowest row is its end.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::super::context::Context;
use super::super::error::StageError;
use super::descend::DescentsSummary;
use super::rows::with_vectors;
use crate::model::problem::Problem;
use crate::optimise::Work;
use crate::plan::node::Stage;
use crate::plan::rows::{self, RowFile, Rows};
use crate::solve::ProblemSolver;
use crate::table::Table;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Record {
    fval: f64,
    cause: String,
}

/// Rows of a table with fvals that are evaluated once more, to see whether the fvals are those of this problem.
const CHECKED: usize = 20;

/// Writes `ends.parquet`, `iterates.parquet` and `summary.ron`, as a descent does.
pub(super) fn run(context: &Context) -> Result<Vec<String>, StageError> {
    // The path is no part of what the stage means, and so stands in the node only.
    let Stage::Rows(settings) = &context.node.stage else {
        return Err(StageError::refused("this stage reads rows"));
    };
    let problem: Problem = context.input(0).value("problem")?;
    let solver = ProblemSolver::new(&problem).map_err(StageError::refused)?;
    let path: PathBuf = settings.path.clone();
    let file = RowFile { path, format: settings.format, checksum: settings.checksum.clone() };
    let mut table = rows::load(&file, &problem).map_err(StageError::Refused)?;

    let count = table.vectors.len();
    let checked: Vec<usize> = match &table.fvals {
        None => (0..count).collect(),
        Some(fvals) => {
            let solved: Vec<usize> = (0..count).filter(|&row| fvals[row].is_finite()).collect();
            let take = CHECKED.min(solved.len());
            (0..take).map(|index| solved[index * solved.len() / take]).collect()
        }
    };
    let records: Vec<Record> = context.parts("evaluations", checked.len(), |index| {
        let evaluation = solver.evaluate(&table.vectors[checked[index]]);
        Record { fval: evaluation.fval, cause: evaluation.cause().to_owned() }
    })?;
    let mut notes = Vec::new();
    let mut causes = vec![String::new(); count];
    match &table.fvals {
        Some(fvals) => {
            let off = |(&row, record): (&usize, &Record)| !agrees(fvals[row], record.fval);
            let different = checked.iter().zip(&records).filter(|pair| off(*pair)).count();
            if different > 0 {
                let all = checked.len();
                notes.push(format!(
                    "{different} of {all} rows looked at have another fval in {} than this problem gives them; without \
                     its column `fval` the rows are evaluated",
                    file.path.display()
                ));
            }
            for (cause, fval) in causes.iter_mut().zip(fvals) {
                if fval.is_infinite() {
                    "in_table".clone_into(cause);
                }
            }
        }
        None => {
            table.fvals = Some(records.iter().map(|record| record.fval).collect());
            causes = records.iter().map(|record| record.cause.clone()).collect();
        }
    }
    write(context, &table, &causes, solver.names(), checked.len() as u64)?;
    Ok(notes)
}

/// Are two fvals the same, but for the tolerances of a solver?
fn agrees(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-3 * one.abs().max(1.0)
}

fn write(context: &Context, table: &Rows, causes: &[String], names: &[String], values: u64) -> Result<(), StageError> {
    let fvals = table.fvals.as_deref().unwrap_or_default();
    // A failed row is a descent of its own, as a start that could not be solved is.
    let mut descents: BTreeMap<(usize, Option<usize>), Vec<usize>> = BTreeMap::new();
    for (row, &descent) in table.descents.iter().enumerate() {
        let alone = fvals[row].is_infinite().then_some(row);
        descents.entry((descent, alone)).or_default().push(row);
    }
    let mut failed: BTreeMap<String, usize> = BTreeMap::new();
    let (mut ends, mut iterates) = (Vec::new(), Vec::new());
    for rows in descents.values_mut() {
        // The lowest last, where the end of a descent stands.
        rows.sort_by(|&one, &other| fvals[other].total_cmp(&fvals[one]));
        match rows.first() {
            Some(&row) if fvals[row].is_infinite() => *failed.entry(causes[row].clone()).or_insert(0) += 1,
            _ => iterates.extend(rows.iter().enumerate().map(|(iteration, &row)| (ends.len(), iteration, row))),
        }
        ends.extend(rows.last().copied());
    }
    let zeros = |length: usize| vec![0; length];
    let vectors = |rows: &[usize]| rows.iter().map(|&row| table.vectors[row].clone()).collect::<Vec<_>>();
    let end_fvals: Vec<f64> = ends.iter().map(|&row| fvals[row]).collect();
    let of_ends = Table::new()
        .integer("start", (0..ends.len() as i64).collect())
        .number("fval_start", descents.values().filter_map(|rows| rows.first()).map(|&row| fvals[row]).collect())
        .number("fval_end", end_fvals.clone())
        .integer("converged", zeros(ends.len()))
        .text("stop", vec!["table".to_owned(); ends.len()])
        .text("cause", ends.iter().map(|&row| causes[row].clone()).collect())
        .integer("values", zeros(ends.len()))
        .integer("gradients", zeros(ends.len()));
    context.draft.table("ends", &with_vectors(of_ends, names, &vectors(&ends)))?;
    let rows: Vec<usize> = iterates.iter().map(|&(_, _, row)| row).collect();
    let of_iterates = Table::new()
        .integer("start", iterates.iter().map(|&(descent, ..)| descent as i64).collect())
        .integer("iteration", iterates.iter().map(|&(_, iteration, _)| iteration as i64).collect())
        .number("fval", rows.iter().map(|&row| fvals[row]).collect())
        .integer("gradients", zeros(rows.len()));
    context.draft.table("iterates", &with_vectors(of_iterates, names, &vectors(&rows)))?;
    let summary = DescentsSummary {
        descents: ends.len(),
        converged: 0,
        failed,
        lowest: end_fvals.into_iter().fold(f64::INFINITY, f64::min),
        work: Work { values, gradients: 0 },
    };
    Ok(context.draft.value("summary", &summary)?)
}
