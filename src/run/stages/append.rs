//! The training rows of a round after the first: those of the round before, its proposals, and how much each counts.

use rand::seq::SliceRandom;

use super::super::context::Context;
use super::super::error::StageError;
use super::dataset::DatasetSummary;
use super::rows::{vectors, with_vectors};
use crate::evaluate::reweight::by_rank;
use crate::optimise::Work;
use crate::plan::node::Append;
use crate::table::Table;

/// The column that says how often training rows count.
pub(super) const WEIGHT: &str = "weight";

/// Writes `rows.parquet` and `summary.ron` in the shape of a dataset. Each proposal is a start of its own, solved or failed;
/// a share of the solved ones is held out. The condition scale is that of the first round. Where training rows are weighted,
/// `rows` has the column `weight`, with a mean of 1 over them.
pub(super) fn run(context: &Context, settings: &Append) -> Result<Vec<String>, StageError> {
    let before: DatasetSummary = context.input(1).value("summary")?;
    let rows = context.input(1).table("rows")?;
    let solved = context.input(2).table("solved")?;
    let count = solved.rows();
    let fvals = [rows.numbers("fval")?, solved.numbers("fval")?].concat();
    let splits = [rows.texts("split")?, &splits(context, settings, solved.numbers("fval")?)].concat();

    // Numbers that no descent has, those that were left out of the dataset included.
    let highest = rows.integers("start")?.iter().copied().max().unwrap_or(-1);
    let first = (highest + 1).max((before.descents + before.left_out) as i64);
    let condition = |&fval: &f64| if fval.is_finite() { before.scale.to_mirrored_condition(fval) } else { f64::NAN };
    let conditions: Vec<f64> = solved.numbers("fval")?.iter().map(condition).collect();
    let nothing = vec![0; count];
    let table = Table::new()
        .integer("start", [rows.integers("start")?, &(first..first + count as i64).collect::<Vec<_>>()].concat())
        .integer("iteration", [rows.integers("iteration")?, &nothing].concat())
        .number("fval", fvals.clone())
        .number("condition", [rows.numbers("condition")?, &conditions].concat())
        .text("split", splits.clone())
        .text("cause", [rows.texts("cause")?, solved.texts("cause")?].concat())
        .integer("gradients", [rows.integers("gradients")?, &nothing].concat());
    let training: Vec<f64> =
        fvals.iter().zip(&splits).map(|(&fval, split)| if split == "training" { fval } else { f64::NAN }).collect();
    let table = match settings.weight {
        Some(k) => table.number(WEIGHT, by_rank(&training, k)),
        None => table,
    };
    let points = [vectors(&rows, &before.names)?, vectors(&solved, &before.names)?].concat();

    let of = |split: &str| splits.iter().filter(|known| *known == split).count();
    let finite = || training.iter().copied().filter(|fval| fval.is_finite());
    let summary = DatasetSummary {
        best: finite().fold(f64::INFINITY, f64::min),
        worst: finite().fold(f64::NEG_INFINITY, f64::max),
        training: of("training"),
        validation: of("validation"),
        failed: of("failed"),
        proposals: before.proposals + count,
        work: before.work + Work { values: count as u64, gradients: 0 },
        ..before
    };
    context.draft.table("rows", &with_vectors(table, &summary.names, &points))?;
    context.draft.value("summary", &summary)?;
    Ok(Vec::new())
}

/// On which side of the split each proposal is.
fn splits(context: &Context, settings: &Append, fvals: &[f64]) -> Vec<String> {
    let mut solved: Vec<usize> = (0..fvals.len()).filter(|&row| fvals[row].is_finite()).collect();
    solved.shuffle(&mut context.streams().part("validation").stream(0));
    let held_out = (settings.validate * solved.len() as f64).round() as usize;
    let mut splits = vec!["failed"; fvals.len()];
    for (place, row) in solved.into_iter().enumerate() {
        splits[row] = if place < held_out { "validation" } else { "training" };
    }
    splits.into_iter().map(str::to_owned).collect()
}
