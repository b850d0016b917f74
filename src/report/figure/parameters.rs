//! The parameters of the best ends of a benchmark's problems, each between its bounds.

use super::canvas::{Anchor, Canvas, fitted, nothing, text_width};
use super::panel::number;
use super::style::{FULL_WIDTH, GRID, INK, LABEL, MUTED, SMALL, sequential};
use super::{Drawing, FigureError, distinct, finite, numbers};
use crate::table::Table;

/// What is added to the gap before its logarithm is taken: the same as in the condition's scale.
const OFFSET: f64 = 0.05;
/// From one parameter to the next.
const ROW: f64 = 13.0;
/// Room for a bound beside the plot.
const BOUND: f64 = 38.0;
/// The width of the scale of colours.
const SCALE: f64 = 150.0;

/// Draws the columns `problem`, `end` (a number), `fval`, `parameter`, `value`, `lower` and `upper`, one row for each end
/// and parameter: for each problem a line an end through its parameters, each at its place between the bounds, coloured
/// by how far the fval lies above the lowest of the problem, on one scale for all; lower ends lie above higher ones.
///
/// # Errors
/// When a column is missing or the PNG cannot be encoded.
pub fn draw(ends: &Table) -> Result<Drawing, FigureError> {
    let ends = &finite(ends, &["fval", "value", "lower", "upper"])?;
    let (problems, ids) = (ends.texts("problem")?, ends.texts("parameter")?);
    let (end, fval, value) = (numbers(ends, "end")?, numbers(ends, "fval")?, numbers(ends, "value")?);
    let (lower, upper) = (numbers(ends, "lower")?, numbers(ends, "upper")?);
    let panels = distinct(problems);
    if panels.is_empty() {
        return nothing("no finite ends of descents");
    }
    let of_panel = |panel: &str| (0..value.len()).filter(|&row| problems[row] == panel).collect::<Vec<usize>>();
    let lowest = |rows: &[usize]| rows.iter().map(|&row| fval[row]).fold(f64::INFINITY, f64::min);
    let widest = panels
        .iter()
        .map(|panel| {
            let rows = of_panel(panel);
            rows.iter().map(|&row| fval[row]).fold(f64::NEG_INFINITY, f64::max) - lowest(&rows)
        })
        .fold(OFFSET, f64::max);
    let position = |gap: f64| ((gap + OFFSET) / OFFSET).ln() / ((widest + OFFSET) / OFFSET).ln();
    let columns = if panels.len() == 1 { 1 } else { 2 };
    let width = FULL_WIDTH / columns as f64;
    let longest = ids.iter().map(|id| text_width(id, SMALL)).fold(60.0, f64::max);
    let margin = BOUND + 6.0 + longest.min(0.22 * width);
    let heights: Vec<f64> =
        panels.iter().map(|panel| distinct_ids(ids, &of_panel(panel)).len() as f64 * ROW + 62.0).collect();
    let sheet: f64 = heights.chunks(columns).map(|row| row.iter().copied().fold(0.0, f64::max)).sum();
    let mut canvas = Canvas::new(FULL_WIDTH, sheet + 46.0);
    scale(&mut canvas, margin, widest, position);
    let mut top = 46.0;
    for (row, chunk) in panels.chunks(columns).enumerate() {
        for (column, panel) in chunk.iter().enumerate() {
            let rows = of_panel(panel);
            let place = Place {
                left: column as f64 * width + margin,
                top: top + 14.0,
                width: width - margin - BOUND,
                parameters: distinct_ids(ids, &rows),
            };
            place.frame(&mut canvas, margin, panel, |id| {
                rows.iter().find(|&&row| ids[row] == id).map_or((f64::NAN, f64::NAN), |&row| (lower[row], upper[row]))
            });
            let lowest = lowest(&rows);
            let mut lines: Vec<&[usize]> = rows.chunk_by(|&one, &other| end[one] == end[other]).collect();
            lines.sort_by(|one, other| fval[other[0]].total_cmp(&fval[one[0]]));
            for line in lines {
                let points = line.iter().filter_map(|&row| {
                    let at = place.parameters.iter().position(|id| *id == ids[row])?;
                    let share = (value[row] - lower[row]) / (upper[row] - lower[row]);
                    Some((place.left + share.clamp(0.0, 1.0) * place.width, place.height(at)))
                        .filter(|at| at.0.is_finite())
                });
                let (points, colour) = (points.collect::<Vec<_>>(), sequential(position(fval[line[0]] - lowest)));
                for &point in &points {
                    canvas.dot(point, 1.8, &colour, None);
                }
                canvas.polyline(points, &colour, 1.0);
            }
        }
        top += heights[row * columns..].iter().take(columns).copied().fold(0.0, f64::max);
    }
    canvas.shrink(top - 20.0);
    canvas.finish()
}

/// Where the parameters of a problem stand.
struct Place<'a> {
    left: f64,
    top: f64,
    width: f64,
    parameters: Vec<&'a str>,
}

impl Place<'_> {
    fn height(&self, parameter: usize) -> f64 {
        self.top + (parameter as f64 + 0.5) * ROW
    }

    /// The frame with ids and bounds, and the name of the problem above.
    fn frame(&self, canvas: &mut Canvas, margin: f64, problem: &str, bounds: impl Fn(&str) -> (f64, f64)) {
        let (right, bottom) = (self.left + self.width, self.top + self.parameters.len() as f64 * ROW);
        for quarter in 1..4 {
            let x = self.left + self.width * f64::from(quarter) / 4.0;
            canvas.line((x, self.top), (x, bottom), GRID, 0.7);
        }
        for (at, id) in self.parameters.iter().enumerate() {
            let (y, (lower, upper)) = (self.height(at), bounds(id));
            canvas.line((self.left, y), (right, y), GRID, 0.7);
            let id = fitted(id, SMALL, margin - BOUND - 2.0);
            canvas.text((self.left - BOUND, y + 3.0), &id, SMALL, Anchor::End, INK);
            canvas.text((self.left - 5.0, y + 3.0), &number(lower), SMALL, Anchor::End, MUTED);
            canvas.text((right + 5.0, y + 3.0), &number(upper), SMALL, Anchor::Start, MUTED);
        }
        for x in [self.left, right] {
            canvas.line((x, self.top), (x, bottom), INK, 0.8);
        }
        canvas.text((self.left, self.top - 6.0), problem, SMALL, Anchor::Start, INK);
        let middle = (self.left + self.width / 2.0, bottom + 16.0);
        canvas.text(middle, "between the bounds, on the estimation scale", SMALL, Anchor::Middle, INK);
    }
}

/// The scale of colours, above all panels.
fn scale(canvas: &mut Canvas, left: f64, widest: f64, position: impl Fn(f64) -> f64) {
    let (top, steps) = (18.0, 60);
    for step in 0..steps {
        let at = f64::from(step) / f64::from(steps);
        let size = (SCALE / f64::from(steps) + 0.4, 9.0);
        canvas.rect((left + at * SCALE, top), size, &sequential(at), None);
    }
    canvas.text((left - 8.0, top + 8.0), "fval − lowest", LABEL, Anchor::End, INK);
    let mut free = f64::NEG_INFINITY;
    let decades = (-1..12).map(|power| 10f64.powi(power)).filter(|gap| *gap < 0.7 * widest);
    for gap in [0.0].into_iter().chain(decades).chain([widest]) {
        let x = left + position(gap) * SCALE;
        if x > free {
            canvas.line((x, top + 9.0), (x, top + 12.0), INK, 0.8);
            canvas.text((x, top + 21.0), &number(gap), SMALL, Anchor::Middle, INK);
            free = x + 22.0;
        }
    }
}

/// The ids of these rows, in the order in which they first appear.
fn distinct_ids<'a>(ids: &'a [String], rows: &[usize]) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    for &row in rows {
        if !found.contains(&ids[row].as_str()) {
            found.push(&ids[row]);
        }
    }
    found
}
