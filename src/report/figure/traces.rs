//! The draws of each chain of a posterior in their order: do the chains stand still, and at the same place?

use kuva::plot::LinePlot;
use kuva::render::plots::Plot;

use super::canvas::{Canvas, Mark, nothing};
use super::multiples::Multiples;
use super::panel::{Axis, padded};
use super::style::{INK, series};
use super::{Drawing, FigureError, distinct, finite, flags, numbers};
use crate::table::Table;

/// Draws the columns `parameter` (what stands above its panel), `chain`, `draw`, `value` and `divergent`, one row for each
/// draw and parameter: in each panel a line a chain, and a stroke at the bottom for each divergent draw.
///
/// # Errors
/// When a column is missing or the PNG cannot be encoded.
pub fn draw(draws: &Table) -> Result<Drawing, FigureError> {
    let draws = &finite(draws, &["value", "draw", "chain"])?;
    let (parameters, value, number) = (draws.texts("parameter")?, numbers(draws, "value")?, numbers(draws, "draw")?);
    let (chain, divergent) = (numbers(draws, "chain")?, flags(draws, "divergent")?);
    let names = distinct(parameters);
    if names.is_empty() {
        return nothing("no finite draws");
    }
    let chains = super::ascending(&chain);
    let multiples = Multiples::new(names.len(), 2, 78.0);
    let mut canvas = Canvas::new(super::style::FULL_WIDTH, multiples.sheet());
    let mut legend: Vec<(Mark, &str, String)> = chains
        .iter()
        .enumerate()
        .map(|(at, chain)| (Mark::Line, series(at), format!("chain {}", super::panel::number(*chain))))
        .collect();
    if divergent.contains(&true) {
        legend.push((Mark::Box, INK, "divergent draw".to_owned()));
    }
    let top = canvas.legend((62.0, 12.0), &legend) + 22.0;
    for (at, name) in names.iter().enumerate() {
        let rows: Vec<usize> = (0..value.len()).filter(|&row| parameters[row] == *name).collect();
        let (low, high) = padded(rows.iter().map(|&row| value[row]), 0.06);
        let (first, last) = padded(rows.iter().map(|&row| number[row]), 0.0);
        let axes = (Axis::sparse(first, last, 5.0), Axis::sparse(low, high, 4.0));
        let panel = multiples.panel(&mut canvas, at, top, name, axes);
        let lines = chains.iter().enumerate().map(|(index, one)| {
            let line: Vec<(f64, f64)> =
                rows.iter().filter(|&&row| chain[row] == *one).map(|&row| (number[row], value[row])).collect();
            Plot::Line(LinePlot::new().with_data(line).with_color(series(index)).with_stroke_width(0.7))
        });
        panel.draw(&mut canvas, lines.collect());
        for &row in rows.iter().filter(|&&row| divergent[row]) {
            let (x, bottom) = (panel.map_x(number[row]), panel.top + panel.height);
            canvas.line((x, bottom), (x, bottom - 6.0), INK, 0.8);
        }
    }
    multiples.labels(&mut canvas, top, "draw after the warm-up", "value");
    canvas.finish()
}
