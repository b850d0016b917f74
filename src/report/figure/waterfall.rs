//! The sorted ends of a benchmark's descents, by method and problem.

use super::canvas::{Anchor, Canvas, Mark, nothing};
use super::grid::Grid;
use super::panel::{Axis, Panel};
use super::style::{FULL_WIDTH, INK, MUTED, SMALL, method_colour};
use super::{Drawing, FigureError, distinct, flags, numbers};
use crate::table::Table;

/// What is added to the gap before its logarithm is taken: the same as in the condition's scale.
const OFFSET: f64 = 0.05;
/// At most so many dots a method: beyond, evenly spread ones are drawn.
const DOTS: usize = 250;

/// Draws the columns `panel`, `method`, `fval_end` and `converged` (0 or 1) of single descents:
/// with the gap to the lowest end of each panel, the methods in their order of appearance. Descents that
/// failed (infinite fval) have no dot, and count in every share.
///
/// # Errors
/// When a column is missing or the PNG cannot be encoded.
pub fn draw(ends: &Table) -> Result<Drawing, FigureError> {
    let (problems, methods) = (ends.texts("panel")?, ends.texts("method")?);
    let (fvals, converged) = (numbers(ends, "fval_end")?, flags(ends, "converged")?);
    let (panels, names) = (distinct(problems), distinct(methods));
    if !fvals.iter().any(|fval| fval.is_finite()) {
        return nothing("no finite ends of descents");
    }
    let grid = Grid::new(panels.len());
    let mut canvas = Canvas::new(FULL_WIDTH, grid.height());
    let legend: Vec<(Mark, &str, String)> =
        names.iter().enumerate().map(|(index, name)| (Mark::Dot, method_colour(index), (*name).to_owned())).collect();
    let top = canvas.legend((58.0, 12.0), &legend) + 26.0;
    let mut bottom = 0.0;
    for (at, problem) in panels.iter().enumerate() {
        let (left, offset, width, height) = grid.place(at);
        let of_problem: Vec<usize> = (0..fvals.len()).filter(|&row| problems[row] == *problem).collect();
        let finite = || of_problem.iter().map(|&row| fvals[row]).filter(|fval| fval.is_finite());
        let lowest = finite().fold(f64::INFINITY, f64::min);
        let gap = |fval: f64| (fval - lowest + OFFSET).log10();
        let panel = Panel {
            left,
            top: top + offset,
            width,
            height,
            x: Axis::stepped("descents, sorted by their end (%)", 0.0, 100.0, 20.0),
            y: Axis::powers(&format!("fval − lowest + {OFFSET}"), finite().map(gap)),
        };
        panel.draw(&mut canvas, Vec::new());
        for (index, name) in names.iter().enumerate() {
            let mut rows: Vec<usize> = of_problem.iter().copied().filter(|&row| methods[row] == *name).collect();
            rows.sort_by(|&one, &other| fvals[one].total_cmp(&fvals[other]).then(one.cmp(&other)));
            let every = rows.len().div_ceil(DOTS).max(1);
            for (rank, &row) in rows.iter().enumerate().step_by(every).filter(|(_, row)| fvals[**row].is_finite()) {
                let share = 100.0 * (rank as f64 + 0.5) / rows.len() as f64;
                let fill = if converged[row] { method_colour(index) } else { "#ffffff" };
                let radius = (3.2 - 0.3 * index as f64).max(1.2);
                canvas.dot(panel.map((share, gap(fvals[row]))), radius, fill, Some((method_colour(index), 0.5)));
            }
        }
        canvas.text((left, panel.top - 6.0), problem, SMALL, Anchor::Start, INK);
        if of_problem.iter().any(|&row| !converged[row] && fvals[row].is_finite()) {
            let corner = (left + width, panel.top - 6.0);
            canvas.text(corner, "open circles: not converged", SMALL, Anchor::End, MUTED);
        }
        bottom = f64::max(bottom, panel.top + height);
    }
    canvas.shrink(bottom + 44.0);
    canvas.finish()
}
