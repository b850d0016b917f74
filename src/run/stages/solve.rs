//! Objective values of generated vectors. A failed solve is a row with its cause.

use serde::{Deserialize, Serialize};

use super::super::context::Context;
use super::super::error::StageError;
use super::dataset::DatasetSummary;
use super::objective::SolverObjective;
use super::rows::vectors;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Record {
    fval: f64,
    cause: String,
    attempt: usize,
    steps: usize,
}

/// Writes `solved.parquet`: the generated vectors with fval, achieved condition, cause of failure, the attempt that
/// solved it, steps, and whether the fval is strictly lower than that of the best training row.
pub(super) fn run(context: &Context) -> Result<Vec<String>, StageError> {
    let objective = SolverObjective::of_input(context, 0)?;
    let dataset: DatasetSummary = context.input(1).value("summary")?;
    let generated = context.input(2).table("vectors")?;
    let rows = vectors(&generated, &dataset.names)?;
    let records: Vec<Record> = context.parts("solves", rows.len(), |index| {
        let evaluation = objective.solver.evaluate(&rows[index]);
        Record {
            fval: evaluation.fval,
            cause: evaluation.cause().to_owned(),
            attempt: evaluation.attempt(),
            steps: evaluation.steps,
        }
    })?;
    let achieved = |record: &Record| match record.fval.is_finite() {
        true => dataset.scale.to_condition(record.fval),
        false => f64::NAN,
    };
    let table = generated
        .number("fval", records.iter().map(|record| record.fval).collect())
        .number("achieved", records.iter().map(achieved).collect())
        .text("cause", records.iter().map(|record| record.cause.clone()).collect())
        .integer("attempt", records.iter().map(|record| record.attempt as i64).collect())
        .integer("steps", records.iter().map(|record| record.steps as i64).collect())
        .integer("better", records.iter().map(|record| i64::from(record.fval < dataset.best)).collect());
    context.draft.table("solved", &table)?;
    Ok(Vec::new())
}
