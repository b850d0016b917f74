//! The marginal densities of a posterior, one panel a parameter.

use kuva::plot::LinePlot;
use kuva::render::plots::Plot;

use super::canvas::{Canvas, Mark, nothing};
use super::multiples::Multiples;
use super::panel::{Axis, padded};
use super::style::{FULL_WIDTH, INK, MUTED, series};
use super::{Drawing, FigureError, distinct, finite, numbers};
use crate::table::Table;

/// Draws the columns `parameter` (what stands above its panel), `chain` (0 for all of them together), `value` and `density`,
/// one row for each place, and from a second table `parameter`, `lower_95`, `median` and `upper_95`: in each panel the
/// density of all chains, filled, that of each as a thin line, and the median between the ends of the 95 % interval.
///
/// # Errors
/// When a column is missing or the PNG cannot be encoded.
pub fn draw(densities: &Table, intervals: &Table) -> Result<Drawing, FigureError> {
    let densities = &finite(densities, &["value", "density", "chain"])?;
    let (parameters, chain) = (densities.texts("parameter")?, numbers(densities, "chain")?);
    let (value, density) = (numbers(densities, "value")?, numbers(densities, "density")?);
    let marked = intervals.texts("parameter")?;
    let marks = ["lower_95", "median", "upper_95"].map(|name| numbers(intervals, name));
    let [lower, median, upper] = marks;
    let (lower, median, upper) = (lower?, median?, upper?);
    let names = distinct(parameters);
    if names.is_empty() {
        return nothing("no finite densities");
    }
    let chains: Vec<f64> = super::ascending(&chain).into_iter().filter(|chain| *chain > 0.0).collect();
    let multiples = Multiples::new(names.len(), 3, 84.0);
    let mut canvas = Canvas::new(FULL_WIDTH, multiples.sheet());
    let mut legend = vec![(Mark::Box, "#d0d4d8", "all chains".to_owned())];
    legend.extend(
        chains
            .iter()
            .enumerate()
            .map(|(at, chain)| (Mark::Line, series(at), format!("chain {}", super::panel::number(*chain)))),
    );
    legend.push((Mark::Dashed, MUTED, "median and 95 % interval".to_owned()));
    let top = canvas.legend((62.0, 12.0), &legend) + 22.0;
    for (at, name) in names.iter().enumerate() {
        let of = |wanted: f64| -> Vec<(f64, f64)> {
            let rows = (0..value.len()).filter(|&row| parameters[row] == *name && chain[row] == wanted);
            rows.map(|row| (value[row], density[row])).collect()
        };
        let lines: Vec<Vec<(f64, f64)>> = chains.iter().map(|chain| of(*chain)).collect();
        let all = of(0.0);
        let shown = || lines.iter().chain([&all]).flatten();
        let (low, high) = padded(shown().map(|(value, _)| *value), 0.03);
        let (_, most) = padded(shown().map(|(_, density)| *density).chain([0.0]), 0.08);
        let axes = (Axis::sparse(low, high, 4.0), Axis::sparse(0.0, most, 3.0));
        let panel = multiples.panel(&mut canvas, at, top, name, axes);
        panel.draw(&mut canvas, Vec::new());
        let mut area: Vec<(f64, f64)> = all.iter().map(|&point| panel.map(point)).collect();
        if let (Some(&start), Some(&end)) = (area.first(), area.last()) {
            area.extend([(end.0, panel.top + panel.height), (start.0, panel.top + panel.height)]);
        }
        canvas.polygon(&area, INK, 0.18);
        let lines = lines.into_iter().enumerate().map(|(index, line)| {
            Plot::Line(LinePlot::new().with_data(line).with_color(series(index)).with_stroke_width(0.9))
        });
        panel.draw(&mut canvas, lines.collect());
        if let Some(row) = marked.iter().position(|known| known == name) {
            for value in [lower[row], median[row], upper[row]] {
                if (low..=high).contains(&value) {
                    let x = panel.map_x(value);
                    canvas.dashed((x, panel.top + panel.height), (x, panel.top), MUTED, 0.9);
                }
            }
        }
    }
    multiples.labels(&mut canvas, top, "value on the scale of estimation", "density");
    canvas.finish()
}
