//! Proposals among the training rows in two dimensions (UMAP: `McInnes`, Healy and Melville, 2018), coloured by fval.

use kuva::plot::ScatterPlot;
use kuva::render::plots::Plot;

use super::canvas::{Anchor, Canvas, nothing};
use super::grid::Grid;
use super::panel::{Axis, Panel};
use super::style::{FULL_WIDTH, INK, LABEL, MUTED, SMALL, sequential};
use super::{Drawing, FigureError, distinct, finite, numbers};
use crate::table::Table;

/// Steps of colour between the best and the worst training row.
const STEPS: i64 = 10;
/// The colour of training rows, below the proposals.
const ROWS: &str = "#d9d9d9";
/// What is strictly better than the best training row.
const BETTER: &str = "#D55E00";

/// Draws the columns `generator` (empty for a training row), `u1`, `u2` and `condition` of the fval (0 the best training row,
/// 1 the worst): a panel for each generator, all with the same map, in which training rows are grey.
///
/// # Errors
/// When a column is missing or the PNG cannot be encoded.
pub fn draw(points: &Table) -> Result<Drawing, FigureError> {
    let points = &finite(points, &["u1", "u2"])?;
    let (u1, u2, conditions) = (numbers(points, "u1")?, numbers(points, "u2")?, numbers(points, "condition")?);
    let generators = points.texts("generator")?;
    let names: Vec<&str> = distinct(generators).into_iter().filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        return nothing("no finite fvals of proposals");
    }
    let grid = Grid::new(names.len());
    let mut canvas = Canvas::new(FULL_WIDTH, grid.height());
    legend(&mut canvas);
    let members = |wanted: &dyn Fn(usize) -> bool| {
        (0..u1.len()).filter(|&row| wanted(row)).map(|row| (u1[row], u2[row])).collect::<Vec<(f64, f64)>>()
    };
    let step = |row: usize| match conditions[row] {
        condition if condition < 0.0 => -1,
        condition => ((condition * STEPS as f64).floor() as i64).clamp(0, STEPS - 1),
    };
    let scatter = |of: Vec<(f64, f64)>, colour: String, size: f64| {
        Plot::Scatter(ScatterPlot::new().with_data(of).with_color(colour).with_size(size).with_marker_opacity(0.85))
    };
    let mut bottom = 0.0;
    for (at, name) in names.iter().enumerate() {
        let (left, offset, width, height) = grid.place(at);
        let panel = Panel {
            left,
            top: 54.0 + offset,
            width,
            height,
            x: Axis::fit("UMAP 1", u1.iter().copied()),
            y: Axis::fit("UMAP 2", u2.iter().copied()),
        };
        let mut plots = vec![scatter(members(&|row| generators[row].is_empty()), ROWS.to_owned(), 1.6)];
        // The best are drawn last, so that they are seen.
        for number in (-1..STEPS).rev() {
            let of = members(&|row| generators[row] == *name && step(row) == number);
            if !of.is_empty() {
                plots.push(scatter(of, colour(number), 2.2));
            }
        }
        panel.draw(&mut canvas, plots);
        canvas.text((left, panel.top - 6.0), name, SMALL, Anchor::Start, INK);
        bottom = f64::max(bottom, panel.top + height);
    }
    canvas.shrink(bottom + 44.0);
    canvas.finish()
}

fn colour(step: i64) -> String {
    if step < 0 { BETTER.to_owned() } else { sequential((step as f64 + 0.5) / STEPS as f64) }
}

/// The scale of colours in one row above the panels.
fn legend(canvas: &mut Canvas) {
    let (mut x, y) = (58.0, 10.0);
    canvas.text((x, y + 9.0), "proposals: best training row", LABEL, Anchor::Start, INK);
    x += super::canvas::text_width("proposals: best training row", LABEL) + 8.0;
    for step in 0..STEPS {
        canvas.rect((x, y), (14.0, 11.0), &colour(step), None);
        x += 14.0;
    }
    for (words, fill) in [("worst", None), ("better than all rows", Some(BETTER)), ("training rows", Some(ROWS))] {
        x += 8.0;
        if let Some(fill) = fill {
            canvas.dot((x + 5.0, y + 5.5), 3.6, fill, None);
            x += 14.0;
        }
        canvas.text((x, y + 9.0), words, LABEL, Anchor::Start, if fill == Some(ROWS) { MUTED } else { INK });
        x += super::canvas::text_width(words, LABEL) + 6.0;
    }
}
