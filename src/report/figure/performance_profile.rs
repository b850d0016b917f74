//! Performance profiles: the share of problems that each method hits within a multiple of the cheapest one's cost.

use kuva::plot::LinePlot;
use kuva::render::plots::Plot;

use super::canvas::{Anchor, Canvas, Mark, nothing};
use super::grid::Grid;
use super::panel::{Axis, Panel};
use super::style::{FULL_WIDTH, INK, SMALL, method_colour};
use super::{Drawing, FigureError, distinct, numbers};
use crate::table::Table;

/// Draws the columns `method`, `blind`, `multiple` and `share`, one row for each step of a method's profile: a panel, and
/// another for blind tests where there are some.
///
/// # Errors
/// When a column is missing or the PNG cannot be encoded.
pub fn draw(profile: &Table) -> Result<Drawing, FigureError> {
    let (methods, blind) = (profile.texts("method")?, profile.texts("blind")?);
    let (multiple, share) = (numbers(profile, "multiple")?, numbers(profile, "share")?);
    let (panels, names) = (distinct(blind), distinct(methods));
    if multiple.is_empty() {
        return nothing("no method hits any problem");
    }
    let grid = Grid::new(panels.len());
    let mut canvas = Canvas::new(FULL_WIDTH, grid.height());
    let legend: Vec<(Mark, &str, String)> =
        names.iter().enumerate().map(|(at, name)| (Mark::Line, method_colour(at), (*name).to_owned())).collect();
    let top = canvas.legend((58.0, 12.0), &legend) + 26.0;
    let mut bottom = 0.0;
    for (at, which) in panels.iter().enumerate() {
        let (left, offset, width, height) = grid.place(at);
        let of_panel = || (0..multiple.len()).filter(|&row| blind[row] == *which);
        let most = of_panel().map(|row| multiple[row].log10()).fold(0.0, f64::max).max(1.0) + 0.1;
        let panel = Panel {
            left,
            top: top + offset,
            width,
            height,
            x: Axis::powers("multiple of the cheapest method's cost", [0.0, most]),
            y: Axis::stepped("problems hit (%)", 0.0, 104.0, 20.0),
        };
        let mut lines = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let mut step = vec![(panel.x.low, 0.0)];
            for row in of_panel().filter(|&row| methods[row] == *name) {
                let (_, before) = step[step.len() - 1];
                step.push((multiple[row].log10(), before));
                step.push((multiple[row].log10(), 100.0 * share[row]));
            }
            let (_, reached) = step[step.len() - 1];
            step.push((panel.x.high, reached));
            let width = (3.4 - 0.35 * index as f64).max(1.2);
            lines.push(Plot::Line(
                LinePlot::new().with_data(step).with_color(method_colour(index)).with_stroke_width(width),
            ));
        }
        panel.draw(&mut canvas, lines);
        let words = if *which == "yes" { "blind" } else { "all training rows" };
        if panels.len() > 1 {
            canvas.text((left, panel.top - 6.0), words, SMALL, Anchor::Start, INK);
        }
        bottom = f64::max(bottom, panel.top + height);
    }
    canvas.shrink(bottom + 44.0);
    canvas.finish()
}
