//! New vectors from a trained generator.

use super::super::context::Context;
use super::super::error::StageError;
use super::dataset::DatasetSummary;
use super::feasibility::classifier;
use super::proposals::{Proposal, Source};
use super::rows::with_vectors;
use super::train::generator;
use crate::optimise::Bounds;
use crate::plan::node::Generate;
use crate::table::Table;

/// Writes `vectors.parquet`: condition, replicate, `outside` (how many coordinates of the vector as drawn were out of
/// bounds), where vectors outside are rejected `redrawn` (draws that were given back), with a filter `refused` (draws that
/// it refused) and `probability` (the predicted one to solve, NaN where nothing failed that could be learnt from), with
/// either `forced` (1 where no draw was good and the last one was clipped, or the most probable taken), and the vector.
pub(super) fn run(context: &Context, settings: &Generate) -> Result<Vec<String>, StageError> {
    let dataset: DatasetSummary = context.input(0).value("summary")?;
    let trained = generator(&context.input(1))?;
    let bounds = Bounds::new(dataset.lower.clone(), dataset.upper.clone()).map_err(StageError::refused)?;
    let learnt = settings.filter.as_ref().map(|_| classifier(&context.input(2))).transpose()?.flatten();
    let source = Source {
        sample: &|condition, count, streams| trained.sample(condition, count, streams),
        bounds: &bounds,
        outside: &settings.outside,
        filter: settings.filter.as_ref().map(|filter| (filter, learnt.as_ref())),
    };
    let (mut conditions, mut made) = (Vec::new(), Vec::<Proposal>::new());
    context.progress.start(0, settings.conditions.len());
    for (index, &condition) in settings.conditions.iter().enumerate() {
        if context.stop.requested() {
            return Err(StageError::Interrupted);
        }
        let asked = dataset.asked(condition);
        let streams = context.streams().part(&format!("condition {index}"));
        made.extend(source.draw(asked, settings.replicates, &streams)?);
        conditions.extend(std::iter::repeat_n(condition, settings.replicates));
        context.progress.advance();
    }
    let count = |of: &dyn Fn(&Proposal) -> usize| made.iter().map(|one| of(one) as i64).collect::<Vec<i64>>();
    let replicates = (0..made.len()).map(|row| (row % settings.replicates) as i64).collect();
    let mut table = Table::new()
        .number("condition", conditions)
        .integer("replicate", replicates)
        .integer("outside", count(&|one| one.outside));
    let (rejects, filters) = (settings.outside == "reject", settings.filter.is_some());
    if rejects {
        table = table.integer("redrawn", count(&|one| one.redrawn));
    }
    if filters {
        table = table
            .integer("refused", count(&|one| one.refused))
            .number("probability", made.iter().map(|one| one.probability).collect());
    }
    if rejects || filters {
        table = table.integer("forced", count(&|one| usize::from(one.forced)));
    }
    let forced = made.iter().filter(|one| one.forced).count();
    let rows: Vec<Vec<f64>> = made.into_iter().map(|one| one.vector).collect();
    context.draft.table("vectors", &with_vectors(table, &dataset.names, &rows))?;
    Ok(match forced {
        0 => Vec::new(),
        _ => vec![format!("{forced} of {} vectors found no draw within the bounds and past the filter", rows.len())],
    })
}
