//! Reliability of a classifier (Murphy and Winkler, 1977): predicted against observed shares, and how often each was
//! predicted.

use super::canvas::{Anchor, Canvas, nothing};
use super::panel::{Axis, Panel};
use super::style::{INK, MUTED, SMALL, series, tint};
use super::{Drawing, FigureError, numbers};
use crate::table::Table;

/// Bins of the histogram of predictions.
const BINS: usize = 20;

/// Brier scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scores {
    /// Of the classifier.
    pub brier: f64,
    /// Of predicting the same share everywhere.
    pub of_share: f64,
}

/// Draws the columns `predicted`, `share`, `lower`, `upper` and `starts` of `bins`, and below the histogram of the column
/// `predicted` of single predictions, split by `solved`.
///
/// # Errors
/// When a column is missing or the PNG cannot be encoded.
pub fn draw(bins: &Table, predictions: &Table, scores: Scores) -> Result<Drawing, FigureError> {
    let (predicted, share) = (numbers(bins, "predicted")?, numbers(bins, "share")?);
    let (lower, upper, starts) = (numbers(bins, "lower")?, numbers(bins, "upper")?, numbers(bins, "starts")?);
    if predicted.is_empty() {
        return nothing("no start was held out");
    }
    let mut canvas = Canvas::new(400.0, 430.0);
    let percent = |label: &str| Axis::stepped(label, 0.0, 100.0, 20.0);
    let panel = Panel {
        left: 62.0,
        top: 28.0,
        width: 316.0,
        height: 240.0,
        x: percent(""),
        y: percent("observed share that solves (%)"),
    };
    panel.draw(&mut canvas, Vec::new());
    canvas.dashed(panel.map((0.0, 0.0)), panel.map((100.0, 100.0)), MUTED, 1.0);
    let points: Vec<(f64, f64)> =
        (0..predicted.len()).map(|bin| panel.map((100.0 * predicted[bin], 100.0 * share[bin]))).collect();
    canvas.polyline(points.clone(), series(0), 1.0);
    for (bin, &(x, y)) in points.iter().enumerate() {
        let (bottom, top) = (panel.map_y(100.0 * lower[bin]), panel.map_y(100.0 * upper[bin]));
        canvas.line((x, bottom), (x, top), series(0), 1.3);
        canvas.line((x - 4.0, bottom), (x + 4.0, bottom), series(0), 1.3);
        canvas.line((x - 4.0, top), (x + 4.0, top), series(0), 1.3);
        canvas.dot((x, y), 3.6, series(0), Some(("#ffffff", 0.8)));
    }
    let held_out: f64 = starts.iter().sum();
    let note = format!("{held_out} held-out starts; bars: 95 % intervals (Wilson)");
    canvas.text((panel.left + panel.width, 12.0), &note, SMALL, Anchor::End, MUTED);
    let rounded = |value: f64| crate::table::rounded(value, 3);
    let words = format!("Brier score {} ({} for the share alone)", rounded(scores.brier), rounded(scores.of_share));
    canvas.text((panel.left + 8.0, panel.top + 14.0), &words, SMALL, Anchor::Start, INK);
    histogram(&mut canvas, predictions)?;
    canvas.finish()
}

/// How often each probability was predicted: failed starts in another colour on those that solved.
fn histogram(canvas: &mut Canvas, predictions: &Table) -> Result<(), FigureError> {
    let (predicted, solved) = (numbers(predictions, "predicted")?, numbers(predictions, "solved")?);
    let mut counts = [[0.0_f64; 2]; BINS];
    for (value, solved) in predicted.iter().zip(&solved) {
        counts[((value * BINS as f64) as usize).min(BINS - 1)][usize::from(*solved != 1.0)] += 1.0;
    }
    let most = counts.iter().map(|both| both[0] + both[1]).fold(1.0, f64::max);
    let panel = Panel {
        left: 62.0,
        top: 300.0,
        width: 316.0,
        height: 72.0,
        x: Axis::stepped("predicted probability to solve (%)", 0.0, 100.0, 20.0),
        y: Axis::between("starts", 0.0, most * 1.08),
    };
    panel.draw(canvas, Vec::new());
    let wide = 100.0 / BINS as f64;
    for (bin, [solved, failed]) in counts.into_iter().enumerate() {
        let (left, right) = (panel.map_x(bin as f64 * wide), panel.map_x((bin + 1) as f64 * wide));
        for (from, to, color) in [(0.0, solved, series(0)), (solved, solved + failed, series(1))] {
            if to > from {
                let (top, bottom) = (panel.map_y(to), panel.map_y(from));
                canvas.rect(
                    (left + 0.5, top),
                    (right - left - 1.0, bottom - top),
                    &tint(color, 0.6),
                    Some((color, 0.6)),
                );
            }
        }
    }
    let entries = [
        (super::canvas::Mark::Box, series(0), "solved".to_owned()),
        (super::canvas::Mark::Box, series(1), "failed".to_owned()),
    ];
    canvas.legend((62.0, 416.0), &entries);
    Ok(())
}

/// A sheet that says why there is no classifier.
///
/// # Errors
/// When the PNG cannot be encoded.
pub fn nothing_to_show(reason: &str) -> Result<Drawing, FigureError> {
    nothing(reason)
}
