//! A two-dimensional map of the latents of the validation rows.

use super::super::context::Context;
use super::super::error::StageError;
use super::train::{generator, training_data};
use crate::evaluate::embedding::{self, UmapSettings};
use crate::plan::node::Latent;
use crate::table::Table;

/// Writes `latent.parquet`: u1, u2 and the condition of each validation row.
pub(super) fn run(context: &Context, settings: &Latent) -> Result<Vec<String>, StageError> {
    let data = training_data(&context.input(0))?;
    let trained = generator(&context.input(1))?;
    let held: Vec<usize> = (0..data.rows.len()).filter(|&row| data.validation[row]).collect();
    let rows: Vec<Vec<f64>> = held.iter().map(|&row| data.rows[row].clone()).collect();
    let conditions: Vec<f64> = held.iter().map(|&row| data.conditions[row]).collect();
    let latents = trained.embed(&rows, &conditions).map_err(StageError::refused)?;
    let umap = UmapSettings { neighbours: settings.neighbours, ..UmapSettings::default() };
    let map = embedding::umap(&latents, &umap, &context.streams()).map_err(StageError::refused)?;
    let table = Table::new()
        .number("u1", map.iter().map(|place| place[0]).collect())
        .number("u2", map.iter().map(|place| place[1]).collect())
        .number("condition", conditions);
    context.draft.table("latent", &table)?;
    Ok(Vec::new())
}
