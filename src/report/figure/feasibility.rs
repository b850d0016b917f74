//! The share of generated vectors that solve, by condition, with 95 % intervals.

use kuva::plot::LinePlot;
use kuva::render::plots::Plot;

use super::canvas::{Anchor, Canvas, nothing};
use super::panel::{Axis, Panel, padded};
use super::style::{INK, MUTED, SHADE, SMALL, series};
use super::{Drawing, FigureError, numbers};
use crate::table::Table;

/// Draws the columns `condition`, `generated` (how many vectors), `share` (0..1), `lower` and `upper` (of the interval).
/// Conditions outside 0..1 lie beyond the training range and stand on a shaded ground.
///
/// # Errors
/// When a column is missing or the PNG cannot be encoded.
pub fn draw(shares: &Table) -> Result<Drawing, FigureError> {
    let (conditions, generated) = (numbers(shares, "condition")?, numbers(shares, "generated")?);
    let (share, lower, upper) = (numbers(shares, "share")?, numbers(shares, "lower")?, numbers(shares, "upper")?);
    let mut rows: Vec<usize> =
        (0..share.len()).filter(|&row| share[row].is_finite() && conditions[row].is_finite()).collect();
    rows.sort_by(|&a, &b| conditions[a].total_cmp(&conditions[b]));
    if rows.is_empty() {
        return nothing("no finite values of the share that solves");
    }
    let (low, high) = padded(rows.iter().map(|&row| conditions[row]), 0.06);
    let mut canvas = Canvas::new(480.0, 300.0);
    let panel = Panel {
        left: 58.0,
        top: 30.0,
        width: 404.0,
        height: 220.0,
        x: if high - low < 2.5 {
            Axis::stepped("condition (normalised fval asked for)", low.min(-0.06), high.max(1.06), 0.25)
        } else {
            Axis::between("condition (normalised fval asked for)", low, high)
        },
        y: Axis::stepped("vectors that solve (%)", 0.0, 108.0, 20.0),
    };
    panel.shade(&mut canvas, f64::NEG_INFINITY, 0.0, SHADE);
    panel.shade(&mut canvas, 1.0, f64::INFINITY, SHADE);
    let points: Vec<(f64, f64)> = rows.iter().map(|&row| (conditions[row], 100.0 * share[row])).collect();
    let line = LinePlot::new().with_data(points.clone()).with_color(series(0)).with_stroke_width(1.0);
    panel.draw(&mut canvas, vec![Plot::Line(line)]);
    range_labels(&mut canvas, &panel);
    for (&row, &point) in rows.iter().zip(&points) {
        let (x, y) = panel.map(point);
        if lower[row].is_finite() && upper[row].is_finite() {
            let (bottom, top) = (panel.map_y(100.0 * lower[row]), panel.map_y(100.0 * upper[row]));
            canvas.line((x, bottom), (x, top), series(0), 1.3);
            canvas.line((x - 4.0, bottom), (x + 4.0, bottom), series(0), 1.3);
            canvas.line((x - 4.0, top), (x + 4.0, top), series(0), 1.3);
        }
        canvas.dot((x, y), 3.6, series(0), Some(("#ffffff", 0.8)));
    }
    let (fewest, most) = rows
        .iter()
        .fold((f64::INFINITY, 0.0f64), |(fewest, most), &row| (fewest.min(generated[row]), most.max(generated[row])));
    let count = if fewest == most { format!("{fewest}") } else { format!("{fewest} to {most}") };
    let note = format!("{count} vectors at each condition; bars: 95 % intervals (Wilson)");
    canvas.text((panel.left + panel.width, 13.0), &note, SMALL, Anchor::End, MUTED);
    canvas.finish()
}

/// Says above a panel which conditions lie in the training range and which beyond it.
fn range_labels(canvas: &mut Canvas, panel: &Panel) {
    let y = panel.top - 4.0;
    let label = |canvas: &mut Canvas, from: f64, to: f64, words: &str, color: &str| {
        let (start, end) = (panel.map_x(from.max(panel.x.low)), panel.map_x(to.min(panel.x.high)));
        if end - start > super::canvas::text_width(words, SMALL) + 4.0 {
            canvas.text((f64::midpoint(start, end), y), words, SMALL, Anchor::Middle, color);
        }
    };
    label(canvas, panel.x.low, 0.0, "extrapolation", MUTED);
    label(canvas, 0.0, 1.0, "training range", INK);
    label(canvas, 1.0, panel.x.high, "extrapolation", MUTED);
}
