//! A trajectory: every column over time.

use kuva::plot::LinePlot;
use kuva::render::plots::Plot;

use super::canvas::{Anchor, Canvas, Mark, fitted, nothing};
use super::panel::{Axis, Panel};
use super::style::{FULL_WIDTH, LABEL, MUTED, SMALL, series};
use super::{Drawing, FigureError, numbers};
use crate::table::Table;

/// More lines than this cannot be told apart by any colours.
const MOST_LINES: usize = 24;
/// The widest name in the legend.
const WIDEST: f64 = 150.0;

/// Draws the columns of a trajectory, whose first column named `time` holds the times; where there is none, the columns
/// are drawn over the number of the row. `labels` are those of the two axes.
///
/// # Errors
/// When there is nothing to draw or the PNG cannot be encoded.
pub fn draw(table: &Table, title: &str, labels: (String, String)) -> Result<Drawing, FigureError> {
    let times = numbers(table, "time").unwrap_or_else(|_| (0..table.rows()).map(|row| row as f64).collect());
    let names: Vec<&str> = table.names().filter(|name| *name != "time").collect();
    let shown = &names[..names.len().min(MOST_LINES)];
    let columns: Vec<Vec<f64>> = shown.iter().map(|name| numbers(table, name)).collect::<Result<_, _>>()?;
    if !columns.iter().flatten().any(|value| value.is_finite()) {
        return nothing("no finite values in the trajectory");
    }
    let entries: Vec<(Mark, &str, String)> = shown
        .iter()
        .enumerate()
        .map(|(index, name)| (Mark::Line, series(index), fitted(name, LABEL, WIDEST)))
        .collect();
    // The legend says how high it is only when it is drawn.
    let legend = Canvas::new(FULL_WIDTH, 440.0).legend((58.0, 34.0), &entries);
    let (top, height) = (legend + 16.0, 230.0);
    let mut canvas = Canvas::new(FULL_WIDTH, top + height + 52.0);
    canvas.text((58.0, 18.0), &fitted(title, LABEL, FULL_WIDTH - 80.0), LABEL, Anchor::Start, MUTED);
    canvas.legend((58.0, 34.0), &entries);
    let panel = Panel {
        left: 58.0,
        top,
        width: FULL_WIDTH - 78.0,
        height,
        x: Axis::fit(&labels.0, times.iter().copied()),
        y: Axis::fit(&labels.1, columns.iter().flatten().copied()),
    };
    let lines = columns.iter().enumerate().flat_map(|(index, values)| {
        pieces(&times, values).into_iter().map(move |points| {
            Plot::Line(LinePlot::new().with_data(points).with_color(series(index)).with_stroke_width(1.4))
        })
    });
    panel.draw(&mut canvas, lines.collect());
    if names.len() > shown.len() {
        let note = format!("{} more columns are not drawn", names.len() - shown.len());
        canvas.text((panel.left + panel.width - 4.0, top - 4.0), &note, SMALL, Anchor::End, MUTED);
    }
    canvas.finish()
}

/// The points of a line, broken where a value is not finite.
fn pieces(times: &[f64], values: &[f64]) -> Vec<Vec<(f64, f64)>> {
    let points: Vec<(f64, f64)> = times.iter().copied().zip(values.iter().copied()).collect();
    points
        .split(|(time, value)| !(time.is_finite() && value.is_finite()))
        .filter(|piece| !piece.is_empty())
        .map(<[(f64, f64)]>::to_vec)
        .collect()
}
