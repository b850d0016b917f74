//! The share of a benchmark's trials that have hit, by what they have spent.

use kuva::plot::LinePlot;
use kuva::render::plots::Plot;

use super::canvas::{Anchor, Canvas, Mark, nothing};
use super::grid::Grid;
use super::panel::{Axis, Panel};
use super::style::{FULL_WIDTH, INK, METHOD_COLOURS, SMALL, method_colour};
use super::{Drawing, FigureError, distinct, numbers};
use crate::table::Table;

/// Draws the columns `panel`, `method`, `cost` (at the first hit; NaN where a trial has none) of single trials: one
/// line a method in each panel, the methods in their order of appearance, dashed from the thirteenth on. The budget axis is logarithmic.
///
/// # Errors
/// When a column is missing or the PNG cannot be encoded.
pub fn draw(trials: &Table, budget: f64) -> Result<Drawing, FigureError> {
    let (problems, methods) = (trials.texts("panel")?, trials.texts("method")?);
    let cost = numbers(trials, "cost")?;
    let (panels, names) = (distinct(problems), distinct(methods));
    if panels.is_empty() {
        return nothing("no trials");
    }
    let grid = Grid::new(panels.len());
    let mut canvas = Canvas::new(FULL_WIDTH, grid.height());
    let legend: Vec<(Mark, &str, String)> = names
        .iter()
        .enumerate()
        .map(|(index, name)| {
            let mark = if index < METHOD_COLOURS { Mark::Line } else { Mark::Dashed };
            (mark, method_colour(index), (*name).to_owned())
        })
        .collect();
    let top = canvas.legend((58.0, 12.0), &legend) + 26.0;
    let lowest = cost.iter().copied().filter(|cost| cost.is_finite()).fold(budget, f64::min).max(1.0);
    let axis = Axis::powers("evaluations", [lowest.log10().floor(), budget.log10()]);
    let mut bottom = 0.0;
    for (at, problem) in panels.iter().enumerate() {
        let (left, offset, width, height) = grid.place(at);
        let panel = Panel {
            left,
            top: top + offset,
            width,
            height,
            x: axis.clone(),
            y: Axis::stepped("trials that have hit (%)", 0.0, 104.0, 20.0),
        };
        let mut lines = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let rows: Vec<usize> =
                (0..cost.len()).filter(|&row| problems[row] == *problem && methods[row] == *name).collect();
            if rows.is_empty() {
                continue;
            }
            let mut hits: Vec<f64> =
                rows.iter().map(|&row| cost[row]).filter(|cost| cost.is_finite()).map(f64::log10).collect();
            hits.sort_by(f64::total_cmp);
            let share = |count: usize| 100.0 * count as f64 / rows.len() as f64;
            let mut step = vec![(axis.low, 0.0)];
            for (count, hit) in hits.iter().enumerate() {
                step.push((*hit, share(count)));
                step.push((*hit, share(count + 1)));
            }
            step.push((budget.log10(), share(hits.len())));
            // Lines of several methods lie on each other: thinner ones on wider ones show them all.
            let width = (3.4 - 0.35 * index as f64).max(1.2);
            let line = LinePlot::new().with_data(step).with_color(method_colour(index)).with_stroke_width(width);
            lines.push(Plot::Line(if index < METHOD_COLOURS { line } else { line.with_dashed() }));
        }
        panel.draw(&mut canvas, lines);
        canvas.text((left, panel.top - 6.0), problem, SMALL, Anchor::Start, INK);
        bottom = f64::max(bottom, panel.top + height);
    }
    canvas.shrink(bottom + 44.0);
    canvas.finish()
}
