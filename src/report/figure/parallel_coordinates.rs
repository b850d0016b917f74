//! The trials of a hyperparameter search as lines through parallel axes (Inselberg, 1985).

use super::canvas::{Anchor, Canvas, fitted, nothing, text_width};
use super::panel::{number, power, range};
use super::style::{FULL_WIDTH, INK, LABEL, MUTED, SERIES, SMALL, TICK, sequential};
use super::{Drawing, FigureError, ascending, distinct, flags, numbers};
use crate::table::{Column, Table};

/// How many of the best trials the second panel shows.
const BEST: usize = 5;
/// Columns that are no settings.
const RESULTS: [&str; 5] = ["trial", "training_loss", "validation_loss", "chosen", "rung"];
/// What the names of columns begin with that hold what was compared after a rung.
pub const AFTER: &str = "after ";

/// How the values of a setting are spread along its axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// By decimal logarithm.
    Log10,
}

/// Draws the columns `trial`, one column a varied setting, `training_loss`, `validation_loss`, `chosen` (0 or 1): in
/// panel A all trials, coloured by validation loss, in panel B the five best, with the chosen one and its configuration.
/// `scales` names the settings that are not linear. Trials without a finite validation loss are left out and counted.
///
/// Trials that went by rungs have the columns `rung`, the last one reached, from 1, and one column a rung whose name begins
/// with [`AFTER`]: their axes take the place of the losses, a line ends where its trial was stopped, and colours tell how
/// far trials came.
///
/// # Errors
/// When a column is missing or the PNG cannot be encoded.
pub fn draw(trials: &Table, scales: &[(String, Scale)]) -> Result<Drawing, FigureError> {
    let (validation, chosen) = (numbers(trials, "validation_loss")?, flags(trials, "chosen")?);
    let training = numbers(trials, "training_loss")?;
    let mut rows: Vec<usize> = (0..validation.len()).filter(|&row| validation[row].is_finite()).collect();
    let reached = if trials.column("rung").is_some() { Some(trials.integers("rung")?) } else { None };
    let rung = |row: usize| reached.map_or(1, |reached| reached[row]);
    // Best last, so that the best lines lie on top.
    rows.sort_by(|&a, &b| rung(a).cmp(&rung(b)).then(validation[b].total_cmp(&validation[a])).then(b.cmp(&a)));
    if rows.is_empty() {
        return nothing("no finite values of the validation loss");
    }
    let mut axes: Vec<ParallelAxis> = Vec::new();
    let settings: Vec<&str> =
        trials.names().filter(|name| !RESULTS.contains(name) && !name.starts_with(AFTER)).collect();
    let rungs: Vec<&str> = trials.names().filter(|name| reached.is_some() && name.starts_with(AFTER)).collect();
    for name in &settings {
        let scale = scales.iter().find(|(known, _)| known == name).map_or(Scale::Linear, |(_, scale)| *scale);
        if let Some(column) = trials.column(name) {
            axes.push(ParallelAxis::setting(name, column, &rows, scale));
        }
    }
    if rungs.is_empty() {
        axes.push(ParallelAxis::measured("training loss", &training, &rows));
        axes.push(ParallelAxis::measured("validation loss", &validation, &rows));
    }
    for name in &rungs {
        axes.push(ParallelAxis::measured(name, &numbers(trials, name)?, &rows));
    }
    let (low, high) = range(rows.iter().map(|&row| validation[row])).unwrap_or((0.0, 1.0));
    let last = rungs.len() as i64;
    let shade = |row: usize| match (rungs.is_empty(), high > low) {
        (false, _) => rung_colour(rung(row), last),
        (true, true) => sequential((validation[row] - low) / (high - low)),
        (true, false) => sequential(0.0),
    };

    let mut canvas = Canvas::new(FULL_WIDTH, 540.0);
    let (left, right) = (44.0, 510.0);
    let place = |index: usize| left + index as f64 * (right - left) / (axes.len().max(2) - 1) as f64;
    let best: Vec<usize> = rows.iter().rev().take(BEST).rev().copied().collect();
    let winner = (0..validation.len()).find(|&row| chosen[row]).filter(|row| rows.contains(row));
    let panels = [("A", 102.0, rows.as_slice()), ("B", 372.0, best.as_slice())];
    let height = 150.0;
    for (letter, top, members) in panels {
        canvas.letter((8.0, top - 86.0), letter);
        let words = if letter == "A" {
            let lost = validation.len() - rows.len();
            let lost = if lost > 0 { format!(", {lost} without a finite loss left out") } else { String::new() };
            format!("all {}{lost}", counted(rows.len(), "trial"))
        } else {
            format!("the best {}", counted(members.len(), "trial"))
        };
        canvas.text((26.0, top - 86.0), &words, LABEL, Anchor::Start, INK);
        let line = |row: usize| -> Vec<(f64, f64)> {
            let heights = axes.iter().enumerate().filter(|(_, axis)| axis.places[row].is_finite());
            heights.map(|(index, axis)| (place(index), top + height * (1.0 - axis.places[row]))).collect()
        };
        for &row in members {
            let lead = letter == "B" && Some(row) == winner;
            let color = if letter == "A" { shade(row) } else { "#8a8a8a".to_owned() };
            if !lead {
                let stopped = line(row).last().copied().filter(|_| rung(row) < last);
                canvas.polyline(line(row), &color, if letter == "A" { 1.0 } else { 1.2 });
                if let Some(place) = stopped {
                    canvas.dot(place, 1.8, &color, None);
                }
            }
        }
        if let Some(row) = winner.filter(|_| letter == "B") {
            canvas.polyline(line(row), SERIES[1], 2.4);
        }
        for (index, axis) in axes.iter().enumerate() {
            axis.draw(&mut canvas, place(index), (top, height), place(1) - place(0));
        }
    }
    if rungs.is_empty() {
        color_bar(&mut canvas, (right + 76.0, 102.0, height), (low, high));
    } else {
        let ended: Vec<usize> = (1..=last).map(|at| rows.iter().filter(|&&row| rung(row) == at).count()).collect();
        rung_legend(&mut canvas, (right + 62.0, 102.0), &ended);
    }
    if let Some(row) = winner {
        let mut lines: Vec<(String, String)> =
            settings.iter().zip(&axes).map(|(name, axis)| ((*name).to_owned(), axis.words[row].clone())).collect();
        lines.push(("validation loss".to_owned(), number(validation[row])));
        configuration(&mut canvas, (right + 62.0, 372.0), &lines);
    }
    canvas.finish()
}

/// A number with its noun.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// One upright axis, with a place 0..1 and a word for each trial.
struct ParallelAxis {
    name: String,
    places: Vec<f64>,
    words: Vec<String>,
    ticks: Vec<(f64, String)>,
}

impl ParallelAxis {
    fn setting(name: &str, column: &Column, rows: &[usize], scale: Scale) -> Self {
        match column {
            Column::Text(values) => {
                let kept: Vec<String> = rows.iter().map(|&row| values[row].clone()).collect();
                let mut names = distinct(&kept);
                names.sort_unstable();
                let place = |value: &str| {
                    names
                        .iter()
                        .position(|name| *name == value)
                        .map_or(f64::NAN, |at| (at as f64 + 0.5) / names.len() as f64)
                };
                let ticks = names.iter().map(|name| (place(name), (*name).to_owned())).collect();
                let places = values.iter().map(|value| place(value)).collect();
                Self { name: name.to_owned(), places, words: values.clone(), ticks }
            }
            Column::Number(values) => Self::scaled(name, values, rows, scale),
            Column::Integer(values) => {
                let values: Vec<f64> = values.iter().map(|&value| value as f64).collect();
                Self::scaled(name, &values, rows, scale)
            }
        }
    }

    fn measured(name: &str, values: &[f64], rows: &[usize]) -> Self {
        Self::scaled(name, values, rows, Scale::Linear)
    }

    fn scaled(name: &str, values: &[f64], rows: &[usize], scale: Scale) -> Self {
        let on = |value: f64| match scale {
            Scale::Linear => value,
            Scale::Log10 => value.log10(),
        };
        let known = ascending(&rows.iter().map(|&row| on(values[row])).collect::<Vec<_>>());
        let (low, high) = range(known.iter().copied()).unwrap_or((0.0, 1.0));
        let place = |value: f64| match on(value) {
            scaled if !scaled.is_finite() => f64::NAN,
            _ if high <= low => 0.5,
            scaled => 0.03 + 0.94 * (scaled - low) / (high - low),
        };
        // Few values: a tick for each. Many: powers of ten on a logarithmic axis, else the ends and the middle.
        let ticks: Vec<(f64, String)> = if known.len() <= 6 {
            ascending(&rows.iter().map(|&row| values[row]).collect::<Vec<_>>())
                .into_iter()
                .map(|value| (place(value), number(value)))
                .filter(|(place, _)| place.is_finite())
                .collect()
        } else if scale == Scale::Log10 && high - low >= 1.0 {
            (low.ceil() as i32..=high.floor() as i32).map(|tick| (place(10f64.powi(tick)), power(tick))).collect()
        } else {
            [low, f64::midpoint(low, high), high]
                .into_iter()
                .map(|tick| if scale == Scale::Log10 { 10f64.powf(tick) } else { tick })
                .map(|value| (place(value), number(value)))
                .collect()
        };
        let places = values.iter().map(|&value| place(value)).collect();
        Self { name: name.to_owned(), places, words: values.iter().map(|&value| number(value)).collect(), ticks }
    }

    fn draw(&self, canvas: &mut Canvas, x: f64, (top, height): (f64, f64), room: f64) {
        canvas.line((x, top), (x, top + height), INK, 1.0);
        let mut last = f64::INFINITY;
        for (place, words) in &self.ticks {
            let y = top + height * (1.0 - place);
            canvas.line((x - 3.0, y), (x, y), INK, 0.8);
            // Labels that would touch the one below are left out; their tick stays.
            if (last - y).abs() < 10.0 {
                continue;
            }
            last = y;
            let words = fitted(words, SMALL, (room - 6.0).clamp(36.0, 90.0));
            let width = text_width(&words, SMALL);
            canvas.rect((x - 5.0 - width, y - 5.5), (width + 1.0, 10.5), "#ffffff", None);
            canvas.text((x - 5.0, y + 3.2), &words, SMALL, Anchor::End, INK);
        }
        canvas.turned((x + 1.0, top - 7.0), &fitted(&self.name, TICK, 104.0), TICK, Anchor::Start, -45.0);
    }
}

/// A bar that explains the colours of panel A.
fn color_bar(canvas: &mut Canvas, (x, top, height): (f64, f64, f64), (low, high): (f64, f64)) {
    const CELLS: usize = 48;
    let cell = height / CELLS as f64;
    for index in 0..CELLS {
        let color = sequential(1.0 - (index as f64 + 0.5) / CELLS as f64);
        canvas.rect((x, top + index as f64 * cell), (12.0, cell + 0.4), &color, None);
    }
    let ticks = [(1.0, high), (0.5, f64::midpoint(low, high)), (0.0, low)];
    for (share, value) in ticks.into_iter().take(if high > low { 3 } else { 1 }) {
        let y = top + height * (1.0 - share);
        canvas.line((x + 12.0, y), (x + 16.0, y), INK, 0.8);
        canvas.text((x + 19.0, y + 3.2), &number(value), SMALL, Anchor::Start, INK);
    }
    canvas.text((x + 6.0, top + height + 18.0), "validation loss", SMALL, Anchor::Middle, INK);
}

/// The colour of trials that came as far as a rung, the last one's that of the best losses.
fn rung_colour(rung: i64, last: i64) -> String {
    sequential((last - rung) as f64 / (last - 1).max(1) as f64)
}

/// How many trials ended in each rung, in its colour, the last one on top.
fn rung_legend(canvas: &mut Canvas, (x, top): (f64, f64), ended: &[usize]) {
    canvas.text((x, top + 4.0), "stopped after", SMALL, Anchor::Start, INK);
    let last = ended.len() as i64;
    for (at, count) in ended.iter().enumerate().rev() {
        let y = top + 14.0 + (ended.len() - 1 - at) as f64 * 16.0;
        canvas.rect((x, y), (12.0, 9.0), &rung_colour(at as i64 + 1, last), None);
        let words = format!("rung {}: {}", at + 1, counted(*count, "trial"));
        canvas.text((x + 16.0, y + 8.0), &words, SMALL, Anchor::Start, INK);
    }
}

/// The chosen configuration in a box.
fn configuration(canvas: &mut Canvas, (x, top): (f64, f64), lines: &[(String, String)]) {
    let width = canvas.width() - x - 6.0;
    let height = lines.len() as f64 * 22.0 + 26.0;
    let top = top.min(canvas.height() - height - 6.0);
    canvas.rect((x, top), (width, height), "#fff6ee", Some((SERIES[1], 1.0)));
    canvas.bold((x + 6.0, top + 15.0), "chosen", SMALL, Anchor::Start);
    for (index, (name, value)) in lines.iter().enumerate() {
        let y = top + 28.0 + index as f64 * 22.0;
        canvas.text((x + 6.0, y), &fitted(name, SMALL - 1, width - 10.0), SMALL - 1, Anchor::Start, MUTED);
        canvas.text((x + 6.0, y + 10.0), &fitted(value, SMALL, width - 10.0), SMALL, Anchor::Start, INK);
    }
}
