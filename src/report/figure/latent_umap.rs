//! The latent space in two dimensions (UMAP: `McInnes`, Healy and Melville, 2018), coloured by bins of the condition.

use kuva::plot::ScatterPlot;
use kuva::render::plots::Plot;

use super::canvas::{Anchor, Canvas, nothing};
use super::panel::{Axis, Panel};
use super::style::{INK, LABEL, MUTED, SMALL, sequential};
use super::{Drawing, FigureError, numbers};
use crate::table::Table;

/// Most bins that are told apart; a smaller width is taken as this many bins of 0..1.
const MOST_BINS: f64 = 20.0;

/// Draws the columns `u1`, `u2` and `condition` (0 the best training row, 1 the worst), coloured by bins of the given
/// width. Rows without a finite place or condition are left out and counted.
///
/// # Errors
/// When a column is missing or the PNG cannot be encoded.
pub fn draw(points: &Table, bin_width: f64) -> Result<Drawing, FigureError> {
    let (u1, u2, conditions) = (numbers(points, "u1")?, numbers(points, "u2")?, numbers(points, "condition")?);
    let width = if bin_width.is_finite() { bin_width.clamp(1.0 / MOST_BINS, 1.0) } else { 0.1 };
    let rows: Vec<usize> = (0..u1.len())
        .filter(|&row| u1[row].is_finite() && u2[row].is_finite() && conditions[row].is_finite())
        .collect();
    if rows.is_empty() {
        return nothing("no finite values in the latent map");
    }
    let count = (1.0 / width - 1e-9).ceil() as i64;
    // A condition of just 1 belongs to the last bin; those beyond 0..1 have bins of their own at both ends.
    let bin = |row: usize| match conditions[row] {
        condition if condition < 0.0 => -1,
        condition if condition > 1.0 => count,
        condition => ((condition / width + 1e-9).floor() as i64).min(count - 1),
    };
    let mut canvas = Canvas::new(560.0, 400.0);
    let panel = Panel {
        left: 58.0,
        top: 14.0,
        width: 376.0,
        height: 340.0,
        x: Axis::fit("UMAP 1", rows.iter().map(|&row| u1[row])),
        y: Axis::fit("UMAP 2", rows.iter().map(|&row| u2[row])),
    };
    let color = |bin: i64| match bin {
        -1 => "#D55E00".to_owned(),
        bin if bin >= count => "#999999".to_owned(),
        bin => sequential((bin as f64 + 0.5) / count as f64),
    };
    let size = if rows.len() > 2000 { 1.8 } else { 2.6 };
    // The best rows are drawn last, so that they are seen.
    let mut plots = Vec::new();
    let mut entries = Vec::new();
    for number in (-1..=count).rev() {
        let members: Vec<(f64, f64)> =
            rows.iter().filter(|&&row| bin(row) == number).map(|&row| (u1[row], u2[row])).collect();
        if (0..count).contains(&number) || !members.is_empty() {
            entries.push((number, members.len()));
        }
        if !members.is_empty() {
            let scatter = ScatterPlot::new().with_data(members).with_color(color(number)).with_size(size);
            plots.push(Plot::Scatter(scatter.with_marker_opacity(0.85)));
        }
    }
    panel.draw(&mut canvas, plots);

    let (x, mut y) = (452.0, 26.0);
    canvas.text((x, y), "condition", LABEL, Anchor::Start, INK);
    canvas.text((x + 100.0, y), "rows", SMALL, Anchor::End, MUTED);
    y += 10.0;
    let row_height = (300.0 / entries.len() as f64).min(17.0);
    let digits = if (width * 10.0 - (width * 10.0).round()).abs() < 1e-9 { 1 } else { 2 };
    for (number, members) in entries.into_iter().rev() {
        canvas.rect((x, y), (12.0, row_height), &color(number), Some(("#ffffff", 0.6)));
        let words = match number {
            -1 => "below 0".to_owned(),
            number if number >= count => "above 1".to_owned(),
            number => {
                format!("{:.digits$} – {:.digits$}", number as f64 * width, ((number + 1) as f64 * width).min(1.0))
            }
        };
        let middle = y + row_height / 2.0 + 3.5;
        canvas.text((x + 18.0, middle), &words, SMALL, Anchor::Start, INK);
        canvas.text((x + 100.0, middle), &members.to_string(), SMALL, Anchor::End, MUTED);
        y += row_height;
    }
    canvas.text((x, y + 18.0), "0: best training row", SMALL, Anchor::Start, MUTED);
    canvas.text((x, y + 31.0), "1: worst training row", SMALL, Anchor::Start, MUTED);
    let dropped = u1.len() - rows.len();
    if dropped > 0 {
        canvas.text((x, y + 44.0), &format!("{dropped} without fval"), SMALL, Anchor::Start, MUTED);
    }
    canvas.finish()
}
