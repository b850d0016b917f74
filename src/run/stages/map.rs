//! A two-dimensional map of proposals among training rows, for generators with a latent space and without.

use rand::seq::SliceRandom;

use super::super::context::Context;
use super::super::error::StageError;
use super::dataset::DatasetSummary;
use super::rows::vectors;
use crate::evaluate::embedding::{self, UmapSettings};
use crate::plan::node::Map;
use crate::table::Table;

/// Writes `map.parquet`: u1, u2, `part` (-1 for a training row, else the number of the generator among the inputs), fval
/// and the condition of the fval on the scale of the training rows. Training rows and proposals that did not fail are mapped
/// together, a random part of each where they are many.
pub(super) fn run(context: &Context, settings: &Map) -> Result<Vec<String>, StageError> {
    let dataset: DatasetSummary = context.input(0).value("summary")?;
    let (mut points, mut parts, mut fvals) = (Vec::new(), Vec::new(), Vec::new());
    for (number, (_, artifact)) in context.inputs().enumerate() {
        let table = artifact.table(if number == 0 { "rows" } else { "solved" })?;
        let known = table.numbers("fval")?;
        let is_shown = |row: usize| match number {
            0 => table.texts("split").is_ok_and(|splits| splits[row] == "training"),
            _ => true,
        };
        let mut rows: Vec<usize> = (0..table.rows()).filter(|&row| known[row].is_finite() && is_shown(row)).collect();
        if rows.len() > settings.shown {
            rows.shuffle(&mut context.streams().part("shown").stream(number as u64));
            rows.truncate(settings.shown);
            rows.sort_unstable();
        }
        points.extend(vectors(&table.select(&rows), &dataset.names)?);
        parts.extend(vec![number as i64 - 1; rows.len()]);
        fvals.extend(rows.iter().map(|&row| known[row]));
    }
    let umap = UmapSettings { neighbours: settings.neighbours, ..UmapSettings::default() };
    let map = embedding::umap(&points, &umap, &context.streams()).map_err(StageError::refused)?;
    let table = Table::new()
        .number("u1", map.iter().map(|place| place[0]).collect())
        .number("u2", map.iter().map(|place| place[1]).collect())
        .integer("part", parts)
        .number("condition", fvals.iter().map(|&fval| dataset.scale.to_condition(fval)).collect())
        .number("fval", fvals);
    context.draft.table("map", &table)?;
    Ok(Vec::new())
}
