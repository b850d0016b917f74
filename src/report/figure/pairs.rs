//! The draws of a posterior in each pair of parameters.

use super::canvas::{Anchor, Canvas, fitted, nothing};
use super::panel::{number, padded};
use super::style::{FULL_WIDTH, INK, MUTED, SMALL, sequential, series};
use super::{Drawing, FigureError, finite, flags, numbers};
use crate::evaluate::correlation::spearman;
use crate::table::Table;

/// Cells of each cell's histogram along each axis.
const BINS: usize = 22;
/// Room at the left and below for names and ranges.
const MARGIN: f64 = 62.0;
/// Between two panels.
const GAP: f64 = 5.0;

/// Draws a table with a column `divergent` and one column for each parameter: below the diagonal where the draws of each
/// pair lie, darker to lighter by how many there are, divergent ones as dots; on the diagonal the histogram of each; above
/// it Spearman's rank correlation of each pair. A parameter's axis is named at the left and below, with its range.
///
/// # Errors
/// When a column is missing or the PNG cannot be encoded.
pub fn draw(draws: &Table) -> Result<Drawing, FigureError> {
    let ids: Vec<String> = draws.names().filter(|name| *name != "divergent").map(str::to_owned).collect();
    let shown: Vec<&str> = ids.iter().map(String::as_str).chain(["divergent"]).collect();
    let draws = &finite(draws, &shown)?;
    let divergent = flags(draws, "divergent")?;
    if draws.rows() == 0 || ids.is_empty() {
        return nothing("no finite draws");
    }
    let columns = ids.iter().map(|id| numbers(draws, id)).collect::<Result<Vec<_>, _>>()?;
    let ranges: Vec<(f64, f64)> = columns.iter().map(|values| padded(values.iter().copied(), 0.02)).collect();
    let side = (FULL_WIDTH - MARGIN - 8.0) / ids.len() as f64;
    let side = side.min(200.0);
    let width = MARGIN + side * ids.len() as f64 + 8.0;
    let mut canvas = Canvas::new(width, 12.0 + side * ids.len() as f64 + MARGIN);
    let place = |row: usize, column: usize| (MARGIN + column as f64 * side, 10.0 + row as f64 * side);
    let size = side - GAP;
    for row in 0..ids.len() {
        for column in 0..ids.len() {
            let (left, top) = place(row, column);
            let (x, y) = (&columns[column], &columns[row]);
            let share = |values: &[f64], at: usize, parameter: usize| {
                let (low, high) = ranges[parameter];
                ((values[at] - low) / (high - low)).clamp(0.0, 1.0)
            };
            if column > row {
                correlated(&mut canvas, (left + size / 2.0, top + size / 2.0), spearman(x, y));
                continue;
            }
            if column == row {
                histogram(&mut canvas, (left, top), size, x.len(), |at| share(x, at, column));
            } else {
                cells(&mut canvas, (left, top), size, x.len(), |at| (share(x, at, column), share(y, at, row)));
                for at in (0..x.len()).filter(|&at| divergent[at]) {
                    let point = (left + share(x, at, column) * size, top + (1.0 - share(y, at, row)) * size);
                    canvas.dot(point, 1.2, series(1), None);
                }
            }
            for (from, to) in [((0.0, 0.0), (0.0, size)), ((0.0, size), (size, size))] {
                canvas.line((left + from.0, top + from.1), (left + to.0, top + to.1), INK, 0.7);
            }
        }
    }
    for (at, id) in ids.iter().enumerate() {
        let ((_, top), (left, _)) = (place(at, 0), place(0, at));
        let name = fitted(id, SMALL, side - 2.0);
        let (low, high) = (number(ranges[at].0), number(ranges[at].1));
        canvas.turned((12.0, top + size / 2.0), &name, SMALL, Anchor::Middle, -90.0);
        // The height of the first panel counts draws, not values.
        if at > 0 {
            canvas.text((MARGIN - 4.0, top + 8.0), &high, SMALL, Anchor::End, MUTED);
            canvas.text((MARGIN - 4.0, top + size), &low, SMALL, Anchor::End, MUTED);
        }
        let below = place(ids.len() - 1, 0).1 + size;
        canvas.turned((left + 9.0, below + 5.0), &low, SMALL, Anchor::End, -90.0);
        canvas.turned((left + size - 1.0, below + 5.0), &high, SMALL, Anchor::End, -90.0);
        canvas.text((left + size / 2.0, below + 46.0), &name, SMALL, Anchor::Middle, INK);
    }
    canvas.finish()
}

/// The histogram of a parameter.
fn histogram(canvas: &mut Canvas, (left, top): (f64, f64), size: f64, count: usize, share: impl Fn(usize) -> f64) {
    let mut bins = [0_usize; BINS];
    for at in 0..count {
        bins[bin(share(at))] += 1;
    }
    let most = bins.iter().copied().max().unwrap_or(1).max(1) as f64;
    let width = size / BINS as f64;
    for (at, &bin) in bins.iter().enumerate().filter(|(_, bin)| **bin > 0) {
        let height = 0.95 * size * bin as f64 / most;
        canvas.rect((left + at as f64 * width, top + size - height), (width, height), "#9aa7b4", None);
    }
}

/// How many draws of a pair lie in each cell.
fn cells(canvas: &mut Canvas, (left, top): (f64, f64), size: f64, count: usize, share: impl Fn(usize) -> (f64, f64)) {
    let mut bins = vec![0_usize; BINS * BINS];
    for at in 0..count {
        let (x, y) = share(at);
        bins[bin(y) * BINS + bin(x)] += 1;
    }
    let most = bins.iter().copied().max().unwrap_or(1).max(1) as f64;
    let width = size / BINS as f64;
    for (at, &bin) in bins.iter().enumerate().filter(|(_, bin)| **bin > 0) {
        let corner = (left + (at % BINS) as f64 * width, top + size - (at / BINS + 1) as f64 * width);
        // A little larger, so that no seams show.
        canvas.rect(corner, (width + 0.2, width + 0.2), &sequential((bin as f64 / most).sqrt()), None);
    }
}

fn bin(share: f64) -> usize {
    ((share * BINS as f64) as usize).min(BINS - 1)
}

/// The correlation of a pair, the stronger the darker.
fn correlated(canvas: &mut Canvas, (x, y): (f64, f64), correlation: Option<f64>) {
    let Some(correlation) = correlation else { return };
    let text = format!("{:.2}", (correlation * 100.0).round() / 100.0 + 0.0).replace('-', "−");
    let color = if correlation.abs() < 0.3 { "#a0a0a0" } else { INK };
    canvas.text((x, y + 3.0), &text, SMALL, Anchor::Middle, color);
}
