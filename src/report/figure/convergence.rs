//! How the best fval falls with what was spent, by method and problem.

use kuva::plot::LinePlot;
use kuva::render::plots::Plot;

use super::canvas::{Anchor, Canvas, Mark, nothing};
use super::grid::Grid;
use super::panel::{Axis, Panel};
use super::style::{FULL_WIDTH, INK, SMALL, method_colour};
use super::{Drawing, FigureError, distinct, numbers};
use crate::table::Table;

/// What is added to the gap before its logarithm is taken: the same as in the condition's scale.
const OFFSET: f64 = 0.05;

/// Draws the columns `panel`, `method`, `cost`, `lower_quartile`, `median` and `upper_quartile` (gaps to the target): in
/// each panel a line a method through the medians, in a band between the quartiles. Both axes are logarithmic.
///
/// # Errors
/// When a column is missing or the PNG cannot be encoded.
pub fn draw(courses: &Table) -> Result<Drawing, FigureError> {
    let (places, methods) = (courses.texts("panel")?, courses.texts("method")?);
    let (cost, median) = (numbers(courses, "cost")?, numbers(courses, "median")?);
    let (lower, upper) = (numbers(courses, "lower_quartile")?, numbers(courses, "upper_quartile")?);
    let (panels, names) = (distinct(places), distinct(methods));
    if !median.iter().any(|gap| gap.is_finite()) {
        return nothing("no finite fvals");
    }
    let gap = |value: f64| (value.max(0.0) + OFFSET).log10();
    let grid = Grid::new(panels.len());
    let mut canvas = Canvas::new(FULL_WIDTH, grid.height());
    let legend: Vec<(Mark, &str, String)> =
        names.iter().enumerate().map(|(at, name)| (Mark::Line, method_colour(at), (*name).to_owned())).collect();
    let top = canvas.legend((58.0, 12.0), &legend) + 26.0;
    let mut bottom = 0.0;
    for (at, place) in panels.iter().enumerate() {
        let (left, offset, width, height) = grid.place(at);
        let shown: Vec<usize> =
            (0..cost.len()).filter(|&row| places[row] == *place && median[row].is_finite()).collect();
        let finite = || shown.iter().flat_map(|&row| [lower[row], median[row]]).filter(|gap| gap.is_finite());
        let panel = Panel {
            left,
            top: top + offset,
            width,
            height,
            x: Axis::powers("evaluations", shown.iter().map(|&row| cost[row].log10())),
            y: Axis::powers(&format!("best fval − target + {OFFSET}"), finite().map(gap)),
        };
        panel.draw(&mut canvas, Vec::new());
        let mut lines = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let rows: Vec<usize> = shown.iter().copied().filter(|&row| methods[row] == *name).collect();
            // Where a quarter of the repeats has no finite fval yet, the band has no upper edge.
            let within: Vec<usize> = rows.iter().copied().filter(|&row| upper[row].is_finite()).collect();
            let edge = |values: &[f64], row: usize| {
                panel.map((cost[row].log10(), gap(values[row]).clamp(panel.y.low, panel.y.high)))
            };
            let mut band: Vec<(f64, f64)> = within.iter().map(|&row| edge(&lower, row)).collect();
            band.extend(within.iter().rev().map(|&row| edge(&upper, row)));
            if band.len() > 3 {
                canvas.polygon(&band, method_colour(index), 0.08);
            }
            let line = rows.iter().map(|&row| (cost[row].log10(), gap(median[row]))).collect::<Vec<_>>();
            lines.push(Plot::Line(
                LinePlot::new().with_data(line).with_color(method_colour(index)).with_stroke_width(1.8),
            ));
        }
        panel.draw(&mut canvas, lines);
        canvas.text((left, panel.top - 6.0), place, SMALL, Anchor::Start, INK);
        bottom = f64::max(bottom, panel.top + height);
    }
    canvas.shrink(bottom + 44.0);
    canvas.finish()
}
