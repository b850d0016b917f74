//! Figures: one file a kind. Each takes a table or a graph and gives the same picture twice, as SVG and as PNG. All
//! calls to kuva stay in this folder.

pub mod box_plot;
pub mod calibration;
mod canvas;
pub mod convergence;
pub mod descents;
pub mod distances;
pub mod feasibility;
pub mod graph;
mod grid;
pub mod latent_umap;
mod layered;
pub mod marginals;
pub mod minima;
mod multiples;
pub mod pairs;
mod panel;
pub mod parallel_coordinates;
pub mod parameters;
pub mod performance_profile;
pub mod profiles;
pub mod reliability;
pub mod rounds;
mod style;
pub mod success;
pub mod traces;
pub mod training_curves;
pub mod trajectory;
pub mod umap;
pub mod waterfall;

use crate::table::TableError;

/// The version of the look of all figures: raised whenever the same table gives another picture, so that pictures which
/// are there already are drawn anew.
pub const VERSION: u32 = 2;

/// A drawn figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    /// The picture as SVG; the same table gives the same text on every machine.
    pub svg: String,
    /// The same picture as PNG, 305 pixels an inch at its printed width.
    pub png: Vec<u8>,
}

/// Why a figure could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    /// The table lacks a column.
    #[error("{0}")]
    Table(#[from] TableError),
    /// The picture could not be turned into a PNG.
    #[error("the picture could not be encoded: {0}")]
    Image(String),
}

/// A column of numbers, whether the table holds it as real or as whole numbers.
fn numbers(table: &crate::table::Table, name: &str) -> Result<Vec<f64>, TableError> {
    match table.column(name) {
        Some(crate::table::Column::Number(values)) => Ok(values.clone()),
        Some(crate::table::Column::Integer(values)) => Ok(values.iter().map(|&value| value as f64).collect()),
        _ => Err(TableError::NoColumn(name.to_owned())),
    }
}

/// A column of 0 and 1 as yes and no.
fn flags(table: &crate::table::Table, name: &str) -> Result<Vec<bool>, TableError> {
    Ok(numbers(table, name)?.into_iter().map(|value| value == 1.0).collect())
}

/// The rows in which all of these columns are finite.
fn finite(table: &crate::table::Table, names: &[&str]) -> Result<crate::table::Table, TableError> {
    let columns = names.iter().map(|name| numbers(table, name)).collect::<Result<Vec<_>, _>>()?;
    let rows = (0..table.rows()).filter(|&row| columns.iter().all(|column| column[row].is_finite()));
    Ok(table.select(&rows.collect::<Vec<usize>>()))
}

/// The distinct values of a column of words, in the order in which they first appear.
fn distinct(values: &[String]) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for value in values {
        if !found.contains(&value.as_str()) {
            found.push(value);
        }
    }
    found
}

/// The distinct finite values in ascending order.
fn ascending(values: &[f64]) -> Vec<f64> {
    let mut found: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    found.sort_by(f64::total_cmp);
    found.dedup();
    found
}

/// The quantile of sorted values by linear interpolation (Hyndman and Fan, 1996, type 7); NaN of none.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = share.clamp(0.0, 1.0) * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}
