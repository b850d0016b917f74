//! Where local descents end, by where they start: waterfall and cumulative share.

use kuva::plot::LinePlot;
use kuva::render::plots::Plot;

use super::canvas::{Anchor, Canvas, Mark, nothing};
use super::panel::{Axis, Panel};
use super::style::{FULL_WIDTH, INK, MUTED, SMALL, series};
use super::{Drawing, FigureError, distinct, flags, numbers};
use crate::table::{Table, rounded};

/// What is added to the gap before its logarithm is taken: the same as in the condition's scale.
const OFFSET: f64 = 0.05;

/// Draws the columns `origin`, `fval_end`, `converged` and `hit` (0 or 1) of single descents, up to eight origins in
/// their order of appearance. Both axes show `fval - b + 0.05` on a logarithmic scale, `b` being the lower of the
/// target and the lowest end. Descents that failed (infinite fval) have no point, and count in every share.
///
/// # Errors
/// When a column is missing or the PNG cannot be encoded.
pub fn draw(descents: &Table, target: f64) -> Result<Drawing, FigureError> {
    let (origins, ends) = (descents.texts("origin")?, numbers(descents, "fval_end")?);
    let (converged, hit) = (flags(descents, "converged")?, flags(descents, "hit")?);
    let mut names = distinct(origins);
    names.truncate(8);
    let Some(lowest) = ends.iter().copied().chain([target]).filter(|value| value.is_finite()).reduce(f64::min) else {
        return nothing("no finite ends of descents");
    };
    if !ends.iter().any(|end| end.is_finite()) {
        return nothing("no finite ends of descents");
    }
    let gap = |value: f64| (value - lowest + OFFSET).log10();
    let label = format!("fval − b + {OFFSET}, b = {}", rounded(lowest, 6).replace('-', "−"));
    let scale = Axis::powers(&label, ends.iter().copied().chain([target]).filter(|value| value.is_finite()).map(gap));

    let mut canvas = Canvas::new(FULL_WIDTH, 344.0);
    let rows_of = |name: &str| -> Vec<usize> {
        let mut rows: Vec<usize> = (0..ends.len()).filter(|&row| origins[row] == name).collect();
        rows.sort_by(|&a, &b| ends[a].total_cmp(&ends[b]).then(a.cmp(&b)));
        rows
    };
    let legend: Vec<(Mark, &str, String)> = names
        .iter()
        .enumerate()
        .map(|(index, name)| {
            let rows = rows_of(name);
            let hits = rows.iter().filter(|&&row| hit[row]).count();
            let failed = rows.iter().filter(|&&row| !ends[row].is_finite()).count();
            let failures = if failed > 0 { format!(", {failed} failed") } else { String::new() };
            (Mark::Dot, series(index), format!("{name}: {hits} of {} hit{failures}", rows.len()))
        })
        .collect();
    let top = canvas.legend((58.0, 12.0), &legend) + 24.0;
    let height = 290.0 - top;
    let waterfall = Panel {
        left: 58.0,
        top,
        width: 268.0,
        height,
        x: Axis::stepped("descents, sorted by their end (%)", 0.0, 100.0, 20.0),
        y: scale.clone(),
    };
    let cumulative = Panel {
        left: 390.0,
        top,
        width: 268.0,
        height,
        x: scale,
        y: Axis::stepped("descents that end at or below (%)", 0.0, 104.0, 20.0),
    };
    waterfall.draw(&mut canvas, Vec::new());
    let mut steps = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let rows = rows_of(name);
        let share = |rank: usize| 100.0 * rank as f64 / rows.len() as f64;
        let mut step = vec![(cumulative.x.low, 0.0)];
        for (rank, &row) in rows.iter().enumerate().filter(|(_, row)| ends[**row].is_finite()) {
            let at = waterfall.map((share(rank) + share(1) / 2.0, gap(ends[row])));
            let fill = if converged[row] { series(index) } else { "#ffffff" };
            // Ends of several origins lie on one line: smaller dots on larger ones show them all.
            canvas.dot(at, 3.6 - 0.4 * index as f64, fill, Some((series(index), 0.5)));
            step.push((gap(ends[row]), share(rank)));
            step.push((gap(ends[row]), share(rank + 1)));
        }
        if let Some(&(_, reached)) = step.last() {
            step.push((cumulative.x.high, reached));
        }
        steps.push(Plot::Line(
            LinePlot::new().with_data(step).with_color(series(index)).with_stroke_width(3.4 - 0.4 * index as f64),
        ));
    }
    cumulative.draw(&mut canvas, steps);
    if target.is_finite() {
        let words = format!("target {}", rounded(target, 6).replace('-', "−"));
        let y = waterfall.map_y(gap(target));
        canvas.dashed((waterfall.left, y), (waterfall.left + waterfall.width, y), INK, 0.9);
        canvas.text((waterfall.left + waterfall.width - 3.0, y + 10.0), &words, SMALL, Anchor::End, INK);
        let x = cumulative.map_x(gap(target));
        canvas.dashed((x, cumulative.top), (x, cumulative.top + cumulative.height), INK, 0.9);
        canvas.text((x + 4.0, cumulative.top - 4.0), &words, SMALL, Anchor::Start, INK);
    }
    canvas.letter((waterfall.left - 50.0, top - 6.0), "A");
    canvas.letter((cumulative.left - 50.0, top - 6.0), "B");
    if converged.iter().zip(&ends).any(|(&converged, end)| !converged && end.is_finite()) {
        let at = (waterfall.left + waterfall.width, top - 4.0);
        canvas.text(at, "open circles: not converged", SMALL, Anchor::End, MUTED);
    }
    canvas.finish()
}
