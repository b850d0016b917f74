//! How far proposals lie from the training rows: do they copy, and do they stay where the good ones are?

use rand::seq::SliceRandom;

use super::super::context::Context;
use super::super::error::StageError;
use super::dataset::DatasetSummary;
use super::rows::vectors;
use crate::evaluate::distances::{Scaling, of_proposals};
use crate::evaluate::quantiles::quantile;
use crate::plan::node::Distances;
use crate::table::Table;

/// Writes `distances.parquet` (group, distance: a random part of each group, for the figure) and `summary.parquet`
/// (count and quantiles of each group, over all distances).
pub(super) fn run(context: &Context, settings: &Distances) -> Result<Vec<String>, StageError> {
    let dataset: DatasetSummary = context.input(0).value("summary")?;
    let rows = context.input(0).table("rows")?;
    let splits = rows.texts("split")?;
    let training: Vec<usize> = (0..rows.rows()).filter(|&row| splits[row] == "training").collect();
    let training = rows.select(&training);
    let solved = context.input(1).table("solved")?;
    let conditions = solved.numbers("condition")?;
    let asked: Vec<usize> = (0..solved.rows()).filter(|&row| conditions[row] == settings.condition).collect();
    if asked.is_empty() {
        return Err(StageError::Refused(format!(
            "no vector was generated at condition {}: add it to `conditions`",
            settings.condition
        )));
    }
    let found = of_proposals(
        &vectors(&solved.select(&asked), &dataset.names)?,
        &vectors(&training, &dataset.names)?,
        training.numbers("fval")?,
        settings.quantile,
        Scaling::Plain,
    );
    let groups = [
        ("proposals to all training rows", found.to_training),
        ("proposals to the best training rows", found.to_best),
        ("within the best training rows", found.within_best),
        ("proposals to the nearest training row", found.nearest_training),
    ];

    let (mut names, mut shown) = (Vec::new(), Vec::new());
    for (index, (name, distances)) in groups.iter().enumerate() {
        let mut part = distances.clone();
        if part.len() > settings.shown {
            part.shuffle(&mut context.streams().part("shown").stream(index as u64));
            part.truncate(settings.shown);
        }
        names.extend(vec![(*name).to_owned(); part.len()]);
        shown.extend(part);
    }
    context.draft.table("distances", &Table::new().text("group", names).number("distance", shown))?;
    let at = |p: f64| groups.iter().map(|(_, values)| quantile(values, p).unwrap_or(f64::NAN)).collect::<Vec<f64>>();
    let summary = Table::new()
        .text("group", groups.iter().map(|(name, _)| (*name).to_owned()).collect())
        .integer("distances", groups.iter().map(|(_, values)| values.len() as i64).collect())
        .number("lowest", at(0.0))
        .number("lower_quartile", at(0.25))
        .number("median", at(0.5))
        .number("upper_quartile", at(0.75))
        .number("highest", at(1.0));
    context.draft.table("summary", &summary)?;
    Ok(Vec::new())
}
