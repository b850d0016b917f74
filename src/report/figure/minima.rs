//! The lowest minima of a benchmark's problems, and which share of each method's starts ends in them.

use super::canvas::{Anchor, Canvas, Mark, nothing, text_width};
use super::grid::Grid;
use super::panel::{Axis, Panel};
use super::style::{FULL_WIDTH, INK, SMALL, method_colour};
use super::{Drawing, FigureError, ascending, distinct, finite, numbers};
use crate::table::{Table, rounded};

/// The share of a minimum's room that its bars take.
const FILLED: f64 = 0.84;

/// Draws the columns `panel`, `method`, `minimum` (a number, 0 for the lowest), `fval` and `share`, one row for each
/// minimum and method: in each panel a group of bars for each minimum, named by how far its fval lies above the lowest; the
/// methods stand and are coloured in their order of appearance. Those that never end in a minimum have no bar there.
///
/// # Errors
/// When a column is missing or the PNG cannot be encoded.
pub fn draw(minima: &Table) -> Result<Drawing, FigureError> {
    let minima = &finite(minima, &["minimum", "fval", "share"])?;
    let (places, methods) = (minima.texts("panel")?, minima.texts("method")?);
    let (minimum, fval, share) = (numbers(minima, "minimum")?, numbers(minima, "fval")?, numbers(minima, "share")?);
    let (panels, names) = (distinct(places), distinct(methods));
    if panels.is_empty() {
        return nothing("no finite ends of descents");
    }
    let grid = Grid::new(panels.len());
    let mut canvas = Canvas::new(FULL_WIDTH, grid.height());
    let legend: Vec<(Mark, &str, String)> =
        names.iter().enumerate().map(|(at, name)| (Mark::Box, method_colour(at), (*name).to_owned())).collect();
    let top = canvas.legend((58.0, 12.0), &legend) + 26.0;
    let mut bottom = 0.0;
    for (at, place) in panels.iter().enumerate() {
        let (left, offset, width, height) = grid.place(at);
        let rows: Vec<usize> = (0..share.len()).filter(|&row| places[row] == *place).collect();
        let shown = ascending(&rows.iter().map(|&row| minimum[row]).collect::<Vec<f64>>());
        let most = rows.iter().map(|&row| 100.0 * share[row]).fold(1.0, f64::max);
        let lowest = rows.iter().map(|&row| fval[row]).fold(f64::INFINITY, f64::min);
        let words = format!("minima, by their fval above {}", rounded(lowest, 5).replace('-', "−"));
        let panel = Panel {
            left,
            top: top + offset,
            width,
            height,
            x: Axis::places(&words, shown.len()),
            y: Axis::between("starts that end there (%)", 0.0, 1.06 * most),
        };
        panel.draw(&mut canvas, Vec::new());
        let present: Vec<&str> =
            names.iter().copied().filter(|name| rows.iter().any(|&row| methods[row] == *name)).collect();
        let bar = FILLED / present.len() as f64;
        let room = width / shown.len() as f64;
        let labels: Vec<String> = shown
            .iter()
            .map(|which| {
                let found = rows.iter().find(|&&row| minimum[row] == *which).map_or(f64::NAN, |&row| fval[row]);
                if found == lowest { "0".to_owned() } else { rounded(found - lowest, 2).replace('-', "−") }
            })
            .collect();
        let is_tight = labels.iter().any(|label| text_width(label, SMALL) > room - 3.0);
        for (group, label) in labels.iter().enumerate() {
            // Labels that would touch stand on two lines in turn.
            let down = if is_tight && group % 2 == 1 { 21.0 } else { 12.0 };
            canvas.text((panel.map_x(group as f64), top + offset + height + down), label, SMALL, Anchor::Middle, INK);
        }
        for &row in rows.iter().filter(|&&row| share[row] > 0.0) {
            let group = shown.iter().position(|which| *which == minimum[row]).unwrap_or(0) as f64;
            let method = present.iter().position(|name| *name == methods[row]).unwrap_or(0) as f64;
            let colour = method_colour(names.iter().position(|name| *name == methods[row]).unwrap_or(0));
            let start = panel.map_x(group - FILLED / 2.0 + method * bar);
            // What is reached at all can be seen.
            let tall = (panel.map_y(0.0) - panel.map_y(100.0 * share[row])).max(0.9);
            let size = ((bar * room * 0.94).max(0.6), tall);
            canvas.rect((start, panel.map_y(0.0) - tall), size, colour, None);
        }
        canvas.text((left, panel.top - 6.0), place, SMALL, Anchor::Start, INK);
        bottom = f64::max(bottom, panel.top + height);
    }
    canvas.shrink(bottom + 44.0);
    canvas.finish()
}
