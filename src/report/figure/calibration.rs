//! Is the condition obeyed: the condition requested against the one that the fvals have, a panel for each generator.

use super::canvas::{Anchor, Canvas, Mark, nothing};
use super::grid::Grid;
use super::panel::{Axis, Panel, padded};
use super::style::{FULL_WIDTH, INK, MUTED, SHADE, SMALL, series, tint};
use super::{Drawing, FigureError, distinct, finite, numbers};
use crate::table::{Table, rounded};

/// Draws the columns `generator`, `condition`, `low`, `lower_quartile`, `median`, `upper_quartile`, `high` (of the condition
/// that was achieved) and `rank_correlation`. Bands span the quartiles, and the 5 % and 95 % quantiles; on the diagonal the
/// condition is obeyed. Conditions outside 0..1 lie beyond the training range and stand on a shaded ground.
///
/// # Errors
/// When a column is missing or the PNG cannot be encoded.
pub fn draw(achieved: &Table) -> Result<Drawing, FigureError> {
    let achieved = &finite(achieved, &["condition", "low", "lower_quartile", "median", "upper_quartile", "high"])?;
    let generators = achieved.texts("generator")?;
    let names = distinct(generators);
    if names.is_empty() {
        return nothing("no finite fvals");
    }
    let conditions = numbers(achieved, "condition")?;
    let column = |name: &str| numbers(achieved, name);
    let (median, correlation) = (column("median")?, column("rank_correlation")?);
    let bands = [(column("low")?, column("high")?, 0.14), (column("lower_quartile")?, column("upper_quartile")?, 0.32)];
    let grid = Grid::new(names.len());
    let mut canvas = Canvas::new(FULL_WIDTH, grid.height());
    let (light, dark) = (tint(series(0), 0.2), tint(series(0), 0.42));
    let legend = [
        (Mark::Line, series(0), "median".to_owned()),
        (Mark::Box, dark.as_str(), "quartiles".to_owned()),
        (Mark::Box, light.as_str(), "5 % to 95 %".to_owned()),
        (Mark::Dashed, INK, "requested".to_owned()),
    ];
    let top = canvas.legend((58.0, 12.0), &legend) + 26.0;
    let (low, high) = padded(conditions.iter().copied().chain([0.0, 1.0]), 0.04);
    let reach = bands[0].1.iter().copied().chain(conditions.iter().copied()).fold(1.0, f64::max);
    let mut bottom = 0.0;
    for (at, name) in names.iter().enumerate() {
        let (left, offset, width, height) = grid.place(at);
        let mut rows: Vec<usize> = (0..median.len()).filter(|&row| generators[row] == *name).collect();
        rows.sort_by(|&one, &other| conditions[one].total_cmp(&conditions[other]));
        let panel = Panel {
            left,
            top: top + offset,
            width,
            height,
            x: if high - low < 2.5 {
                Axis::stepped("condition requested", low, high, 0.25)
            } else {
                Axis::between("condition requested", low, high)
            },
            y: Axis::between("condition of the fval", -0.06, reach + 0.06),
        };
        panel.shade(&mut canvas, f64::NEG_INFINITY, 0.0, SHADE);
        panel.shade(&mut canvas, 1.0, f64::INFINITY, SHADE);
        panel.draw(&mut canvas, Vec::new());
        for (from, to, opacity) in &bands {
            let upper = rows.iter().map(|&row| panel.map((conditions[row], to[row])));
            let lower = rows.iter().rev().map(|&row| panel.map((conditions[row], from[row])));
            canvas.polygon(&upper.chain(lower).collect::<Vec<(f64, f64)>>(), series(0), *opacity);
        }
        let (start, end) = (low.max(0.0), high.min(reach));
        canvas.dashed(panel.map((start, start)), panel.map((end, end)), INK, 1.0);
        let line: Vec<(f64, f64)> = rows.iter().map(|&row| panel.map((conditions[row], median[row]))).collect();
        for &point in &line {
            canvas.dot(point, 2.8, series(0), Some(("#ffffff", 0.7)));
        }
        canvas.polyline(line, series(0), 1.6);
        canvas.text((left, panel.top - 6.0), name, SMALL, Anchor::Start, INK);
        if let Some(&row) = rows.first().filter(|&&row| correlation[row].is_finite()) {
            let words = format!("rank correlation {}", rounded(correlation[row], 2).replace('-', "−"));
            canvas.text((left + width, panel.top - 6.0), &words, SMALL, Anchor::End, MUTED);
        }
        bottom = f64::max(bottom, panel.top + height);
    }
    canvas.shrink(bottom + 44.0);
    canvas.finish()
}
