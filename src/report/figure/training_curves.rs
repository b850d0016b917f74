//! The course of a training: loss, RMSE and two correlations by epoch, for training and validation rows.

use kuva::plot::LinePlot;
use kuva::render::plots::Plot;

use super::canvas::{Anchor, Canvas, Mark, nothing};
use super::panel::{Axis, Panel, padded};
use super::style::{FULL_WIDTH, MUTED, SMALL, series};
use super::{Drawing, FigureError, distinct, flags, numbers, quantile};
use crate::table::Table;

/// The panels: column, label.
const PANELS: [(&str, &str); 4] = [
    ("loss", "loss"),
    ("rmse", "RMSE (log₁₀ units)"),
    ("pearson", "Pearson correlation"),
    ("spearman", "Spearman correlation"),
];

/// Draws four panels from the columns `epoch`, `split` (such as `training`, `validation`), `loss`, `rmse`, `pearson`,
/// `spearman` and `best` (1 at the chosen epoch).
///
/// # Errors
/// When a column is missing or the PNG cannot be encoded.
pub fn draw(history: &Table) -> Result<Drawing, FigureError> {
    let (epochs, splits, best) = (numbers(history, "epoch")?, history.texts("split")?, flags(history, "best")?);
    let columns = PANELS.map(|(name, _)| numbers(history, name));
    let names = distinct(splits);
    let chosen = best.iter().position(|&best| best).map(|row| epochs[row]).filter(|epoch| epoch.is_finite());
    let x = Axis::fit("epoch", epochs.iter().copied());

    let mut canvas = Canvas::new(FULL_WIDTH, 440.0);
    let mut legend: Vec<(Mark, &str, String)> =
        names.iter().enumerate().map(|(index, name)| (Mark::Line, series(index), (*name).to_owned())).collect();
    if let Some(epoch) = chosen {
        legend.push((Mark::Dashed, MUTED, format!("chosen epoch, {epoch}")));
    }
    canvas.legend((58.0, 12.0), &legend);

    let mut something = false;
    for (index, (values, (_, label))) in columns.into_iter().zip(PANELS).enumerate() {
        let values = values?;
        let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        something |= !sorted.is_empty();
        // The first epochs may lie far off: they leave the panel where they would flatten all that follows.
        let (low, high) = (quantile(&sorted, 0.02), quantile(&sorted, 0.98));
        let room = 1.5 * (high - low);
        let shown = |value: &f64| *value >= low - room && *value <= high + room;
        let cut = sorted.iter().filter(|value| !shown(value)).count();
        let (low, high) = padded(sorted.iter().copied().filter(shown), 0.06);
        let panel = Panel {
            left: 58.0 + (index % 2) as f64 * 332.0,
            top: 46.0 + (index / 2) as f64 * 196.0,
            width: 268.0,
            height: 140.0,
            x: x.clone(),
            y: Axis::between(label, low, high),
        };
        if let Some(epoch) = chosen {
            let at = panel.map_x(epoch);
            canvas.dashed((at, panel.top), (at, panel.top + panel.height), MUTED, 1.0);
        }
        let lines = names.iter().enumerate().map(|(number, name)| {
            let points: Vec<(f64, f64)> = (0..values.len())
                .filter(|&row| splits[row] == *name && values[row].is_finite() && epochs[row].is_finite())
                .map(|row| (epochs[row], values[row]))
                .collect();
            Plot::Line(LinePlot::new().with_data(points).with_color(series(number)).with_stroke_width(1.4))
        });
        panel.draw(&mut canvas, lines.collect());
        for row in (0..values.len()).filter(|&row| Some(epochs[row]) == chosen && values[row].is_finite()) {
            let color = names.iter().position(|name| *name == splits[row]).map_or(MUTED, series);
            let (px, py) = panel.map((epochs[row], values[row]));
            if (panel.top..=panel.top + panel.height).contains(&py) {
                canvas.dot((px, py), 3.4, color, Some(("#ffffff", 1.0)));
            }
        }
        if cut > 0 {
            let note = format!("{cut} early value{} beyond the axis", if cut == 1 { "" } else { "s" });
            let at = (panel.left + panel.width - 4.0, panel.top - 4.0);
            canvas.text(at, &note, SMALL, Anchor::End, MUTED);
        }
        let letter = ["A", "B", "C", "D"][index];
        canvas.letter((panel.left - 50.0, panel.top - 4.0), letter);
    }
    if something { canvas.finish() } else { nothing("no finite values in the training history") }
}
