//! Objective values of generated vectors by condition, as boxes and whiskers (Tukey, 1977).

use super::canvas::{Anchor, Canvas, nothing};
use super::panel::{Axis, Panel, number};
use super::style::{FULL_WIDTH, INK, MUTED, SHADE, SMALL, TICK, series, tint};
use super::{Drawing, FigureError, ascending, numbers, quantile};
use crate::table::Table;

/// What is added to the gap before its logarithm is taken: the same as in the condition's scale.
const OFFSET: f64 = 0.05;
/// Height of the lines under the axis that carry condition and count.
const CAPTION: f64 = 14.0;

/// Fvals of training rows to compare with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reference {
    /// The lowest fval of the training rows.
    pub best: f64,
    /// The highest finite fval of the training rows.
    pub worst: f64,
}

/// Draws the columns `condition` and `fval` of single vectors. Infinite fvals are counted below the axis and otherwise
/// left out. The axis is `fval - b + 0.05` on a logarithmic scale, `b` being the lowest fval in the figure, the best
/// training row included: it shows a gap of 0.1 as well as one of a million.
///
/// # Errors
/// When a column is missing or the PNG cannot be encoded.
pub fn draw(fvals: &Table, reference: Reference) -> Result<Drawing, FigureError> {
    let (conditions, fval) = (numbers(fvals, "condition")?, numbers(fvals, "fval")?);
    let places = ascending(&conditions);
    let lowest = fval.iter().copied().chain([reference.best]).filter(|value| value.is_finite()).reduce(f64::min);
    let Some(lowest) = lowest.filter(|_| fval.iter().any(|value| value.is_finite()) && !places.is_empty()) else {
        return nothing("no finite fvals");
    };
    let gap = |value: f64| (value - lowest + OFFSET).log10();
    let references = [("best training row", reference.best), ("worst training row", reference.worst)];
    let shown = fval.iter().copied().chain(references.map(|(_, value)| value)).filter(|value| value.is_finite());

    let mut canvas = Canvas::new(FULL_WIDTH, 360.0);
    let label = format!("fval − b + {OFFSET}, b = {}", crate::table::rounded(lowest, 6).replace('-', "−"));
    let panel = Panel {
        left: 66.0,
        top: 26.0,
        width: FULL_WIDTH - 66.0 - 112.0,
        height: 256.0,
        x: Axis::places("", places.len()),
        y: Axis::powers(&label, shown.map(gap)),
    };
    let below = places.iter().filter(|&&condition| condition < 0.0).count() as f64 - 0.5;
    let above = places.iter().filter(|&&condition| condition <= 1.0).count() as f64 - 0.5;
    panel.shade(&mut canvas, f64::NEG_INFINITY, below, SHADE);
    panel.shade(&mut canvas, above, f64::INFINITY, SHADE);
    panel.draw(&mut canvas, Vec::new());
    for (words, from, to) in [
        ("extrapolation", panel.x.low, below),
        ("training range", below, above),
        ("extrapolation", above, panel.x.high),
    ] {
        let (start, end) = (panel.map_x(from.max(panel.x.low)), panel.map_x(to.min(panel.x.high)));
        if end - start > 20.0 {
            canvas.text((f64::midpoint(start, end), panel.top - 5.0), words, SMALL, Anchor::Middle, MUTED);
        }
    }
    for (words, value) in references.into_iter().filter(|(_, value)| value.is_finite()) {
        let y = panel.map_y(gap(value));
        canvas.dashed((panel.left, y), (panel.left + panel.width, y), INK, 0.9);
        let right = panel.left + panel.width + 6.0;
        // The words of the upper line make room where the two lines are close.
        let words_at = if value == reference.worst { y.min(panel.map_y(gap(reference.best)) - 24.0) } else { y };
        canvas.text((right, words_at + 1.0), words, SMALL, Anchor::Start, INK);
        canvas.text((right, words_at + 12.0), &number_of(value), SMALL, Anchor::Start, MUTED);
    }
    let half = (panel.width / places.len() as f64 * 0.3).min(26.0);
    let under = panel.top + panel.height;
    for (place, &condition) in places.iter().enumerate() {
        let all: Vec<f64> = (0..fval.len()).filter(|&row| conditions[row] == condition).map(|row| fval[row]).collect();
        let gaps = ascending_with_ties(&all, gap);
        let x = panel.map_x(place as f64);
        let color = if (0.0..=1.0).contains(&condition) { series(0) } else { series(4) };
        draw_box(&mut canvas, &panel, x, half, &gaps, color);
        canvas.text((x, under + 16.0), &number(condition), TICK, Anchor::Middle, INK);
        let solved = format!("{}/{}", gaps.len(), all.len());
        canvas.text((x, under + 16.0 + CAPTION), &solved, SMALL, Anchor::Middle, MUTED);
    }
    canvas.text((panel.left - 10.0, under + 16.0 + CAPTION), "solved", SMALL, Anchor::End, MUTED);
    let label = "condition (normalised fval asked for)";
    canvas.text((panel.left + panel.width / 2.0, under + 52.0), label, super::style::LABEL, Anchor::Middle, INK);
    let note = "box: quartiles and median; whiskers: 1.5 × interquartile range";
    canvas.text((panel.left + panel.width / 2.0, under + 67.0), note, SMALL, Anchor::Middle, MUTED);
    canvas.finish()
}

/// One box with its whiskers, and a small circle for each value beyond them.
fn draw_box(canvas: &mut Canvas, panel: &Panel, x: f64, half: f64, sorted: &[f64], color: &str) {
    if sorted.is_empty() {
        return;
    }
    let (lower, median, upper) = (quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75));
    let reach = 1.5 * (upper - lower);
    let within = |value: &&f64| **value >= lower - reach - 1e-12 && **value <= upper + reach + 1e-12;
    let least = sorted.iter().find(within).copied().unwrap_or(lower).min(lower);
    let most = sorted.iter().rev().find(within).copied().unwrap_or(upper).max(upper);
    let y = |value: f64| panel.map_y(value);
    for (from, to) in [(lower, least), (upper, most)] {
        canvas.line((x, y(from)), (x, y(to)), color, 1.1);
        canvas.line((x - half * 0.5, y(to)), (x + half * 0.5, y(to)), color, 1.1);
    }
    for &value in sorted.iter().filter(|value| !within(value)) {
        canvas.dot((x, y(value)), 2.0, "#ffffff", Some((color, 0.9)));
    }
    let height = (y(lower) - y(upper)).max(0.5);
    canvas.rect((x - half, y(upper)), (half * 2.0, height), &tint(color, 0.25), Some((color, 1.1)));
    canvas.line((x - half, y(median)), (x + half, y(median)), color, 2.2);
}

/// The finite values on the axis's scale, ascending, equal ones kept.
fn ascending_with_ties(values: &[f64], scale: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut scaled: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).map(scale).collect();
    scaled.sort_by(f64::total_cmp);
    scaled
}

fn number_of(value: f64) -> String {
    crate::table::rounded(value, 6).replace('-', "−")
}
