//! New vectors from a trained generator.

use super::super::context::Context;
use super::super::error::StageError;
use super::dataset::DatasetSummary;
use super::rows::with_vectors;
use super::train::generator;
use crate::optimise::Bounds;
use crate::plan::node::Generate;
use crate::table::Table;

/// How often vectors outside the bounds are drawn again before they are clipped.
const MOST_DRAWS: usize = 1000;

/// Writes `vectors.parquet`: condition, replicate, `outside` (how many coordinates of the vector as drawn were out of
/// bounds) and the vector.
pub(super) fn run(context: &Context, settings: &Generate) -> Result<Vec<String>, StageError> {
    let dataset: DatasetSummary = context.input(0).value("summary")?;
    let trained = generator(&context.input(1))?;
    let bounds = Bounds::new(dataset.lower.clone(), dataset.upper.clone()).map_err(StageError::refused)?;
    let outside = |x: &[f64]| {
        x.iter().zip(bounds.pairs()).filter(|(value, (lower, upper))| *value < lower || *value > upper).count()
    };
    let (mut conditions, mut replicates, mut counts, mut rows) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    context.progress.start(0, settings.conditions.len());
    for (index, &condition) in settings.conditions.iter().enumerate() {
        if context.stop.requested() {
            return Err(StageError::Interrupted);
        }
        let asked = dataset.asked(condition);
        let streams = context.streams().part(&format!("condition {index}"));
        let mut drawn = trained.sample(asked, settings.replicates, &streams).map_err(StageError::refused)?;
        let first: Vec<usize> = drawn.iter().map(|x| outside(x)).collect();
        if settings.outside == "reject" {
            for draw in 1..MOST_DRAWS {
                let out: Vec<usize> = (0..drawn.len()).filter(|&row| outside(&drawn[row]) > 0).collect();
                if out.is_empty() {
                    break;
                }
                let streams = streams.part(&format!("draw {draw}"));
                let again = trained.sample(asked, out.len(), &streams).map_err(StageError::refused)?;
                for (row, x) in out.into_iter().zip(again) {
                    drawn[row] = x;
                }
            }
        }
        for (replicate, x) in drawn.into_iter().enumerate() {
            conditions.push(condition);
            replicates.push(replicate as i64);
            counts.push(first[replicate] as i64);
            rows.push(if settings.outside == "reflect" { bounds.reflect(&x) } else { bounds.clip(&x) });
        }
        context.progress.advance();
    }
    let table =
        Table::new().number("condition", conditions).integer("replicate", replicates).integer("outside", counts);
    context.draft.table("vectors", &with_vectors(table, &dataset.names, &rows))?;
    Ok(Vec::new())
}
