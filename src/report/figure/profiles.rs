//! Profiles of a likelihood, one panel a parameter.

use kuva::plot::LinePlot;
use kuva::render::plots::Plot;

use super::canvas::{Canvas, Mark, nothing};
use super::multiples::Multiples;
use super::panel::{Axis, padded};
use super::style::{FULL_WIDTH, INK, MUTED, series};
use super::{Drawing, FigureError, distinct, finite, flags, numbers};
use crate::table::Table;

/// What lies higher than this many thresholds is cut off.
const HIGHEST: f64 = 1.6;

/// Draws the columns `parameter` (what stands above its panel), `direction` (0 at the optimum), `value`, `rise` (of the fval
/// above the lowest) and `converged`, one row for each point, and from a second table `parameter`, `lower` and `upper`, NaN
/// where an interval is open: in each panel the profile with its points, hollow ones where the other parameters did not
/// converge, the threshold, and the ends of the interval.
///
/// # Errors
/// When a column is missing or the PNG cannot be encoded.
pub fn draw(profiles: &Table, intervals: &Table, threshold: f64) -> Result<Drawing, FigureError> {
    let profiles = &finite(profiles, &["value", "rise"])?;
    let (parameters, value, rise) =
        (profiles.texts("parameter")?, numbers(profiles, "value")?, numbers(profiles, "rise")?);
    let (direction, converged) = (numbers(profiles, "direction")?, flags(profiles, "converged")?);
    let (marked, lower, upper) =
        (intervals.texts("parameter")?, numbers(intervals, "lower")?, numbers(intervals, "upper")?);
    let names = distinct(parameters);
    if names.is_empty() {
        return nothing("no finite points of profiles");
    }
    let multiples = Multiples::new(names.len(), 3, 96.0);
    let mut canvas = Canvas::new(FULL_WIDTH, multiples.sheet());
    let legend = [
        (Mark::Line, series(0), "profile".to_owned()),
        (Mark::Dot, series(1), "optimum".to_owned()),
        (Mark::Dashed, series(1), "threshold".to_owned()),
        (Mark::Dashed, MUTED, "end of the interval".to_owned()),
    ];
    let top = canvas.legend((62.0, 12.0), &legend) + 22.0;
    for (at, name) in names.iter().enumerate() {
        let rows: Vec<usize> = (0..value.len()).filter(|&row| parameters[row] == *name).collect();
        let (low, high) = padded(rows.iter().map(|&row| value[row]), 0.05);
        let most = HIGHEST * threshold;
        let axes = (Axis::sparse(low, high, 4.0), Axis::sparse(-0.08 * most, most, 4.0));
        let panel = multiples.panel(&mut canvas, at, top, name, axes);
        let points: Vec<(f64, f64)> = rows.iter().map(|&row| (value[row], rise[row])).collect();
        let line = LinePlot::new().with_data(points).with_color(series(0)).with_stroke_width(1.3);
        panel.draw(&mut canvas, vec![Plot::Line(line)]);
        let height = panel.map_y(threshold);
        canvas.dashed((panel.left, height), (panel.left + panel.width, height), series(1), 1.0);
        if let Some(row) = marked.iter().position(|known| known == name) {
            for end in [lower[row], upper[row]] {
                if (low..=high).contains(&end) {
                    let x = panel.map_x(end);
                    canvas.dashed((x, panel.top + panel.height), (x, height), MUTED, 0.9);
                }
            }
        }
        for &row in rows.iter().filter(|&&row| rise[row] <= most) {
            let place = panel.map((value[row], rise[row]));
            let (fill, color) = if converged[row] { (series(0), None) } else { ("#ffffff", Some((series(0), 0.8))) };
            match direction[row] == 0.0 {
                true => canvas.dot(place, 3.2, series(1), Some((INK, 0.5))),
                false => canvas.dot(place, 1.6, fill, color),
            }
        }
    }
    multiples.labels(&mut canvas, top, "value on the scale of estimation", "fval − lowest fval");
    canvas.finish()
}
