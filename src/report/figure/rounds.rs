//! Proposals in rounds: requested against achieved fvals, and below condition 0 the share that beats the training rows.

use super::canvas::{Anchor, Canvas, Mark, nothing};
use super::panel::{Axis, Panel, number};
use super::style::{FULL_WIDTH, INK, MUTED, SHADE, SMALL, TICK, series};
use super::{Drawing, FigureError, ascending, distinct, numbers};
use crate::table::Table;

/// What is added to the gap before its logarithm is taken: the same as in the condition's scale.
const OFFSET: f64 = 0.05;
/// Height of a panel.
const HEIGHT: f64 = 210.0;
/// Room between the panels of two generators.
const BELOW: f64 = 76.0;

/// The columns that are drawn.
struct Columns<'a> {
    generators: &'a [String],
    round: Vec<f64>,
    condition: Vec<f64>,
    requested: Vec<f64>,
    best: Vec<f64>,
    /// 5 %, quartile, median, quartile, 95 %
    achieved: [Vec<f64>; 5],
    /// The share, and its interval.
    better: [Vec<f64>; 3],
}

/// Draws, for each `generator`, over `condition` and for each `round`, the `requested` fval and the quantiles `low_5`,
/// `lower_quartile`, `median`, `upper_quartile` and `high_95` of what was achieved; beside it, at conditions below 0, the
/// share `better` than the `best` training row with its interval `better_lower` .. `better_upper`.
///
/// # Errors
/// When a column is missing or the PNG cannot be encoded.
pub fn draw(rounds: &Table) -> Result<Drawing, FigureError> {
    let all = Columns {
        generators: rounds.texts("generator")?,
        round: numbers(rounds, "round")?,
        condition: numbers(rounds, "condition")?,
        requested: numbers(rounds, "requested")?,
        best: numbers(rounds, "best")?,
        achieved: [
            numbers(rounds, "low_5")?,
            numbers(rounds, "lower_quartile")?,
            numbers(rounds, "median")?,
            numbers(rounds, "upper_quartile")?,
            numbers(rounds, "high_95")?,
        ],
        better: [numbers(rounds, "better")?, numbers(rounds, "better_lower")?, numbers(rounds, "better_upper")?],
    };
    let names = distinct(all.generators);
    if !all.achieved[2].iter().any(|value| value.is_finite()) {
        return nothing("no proposal solved in any round");
    }
    let numbers_of_rounds = ascending(&all.round);
    let mut canvas = Canvas::new(FULL_WIDTH, 80.0 + names.len() as f64 * (HEIGHT + BELOW));
    let mut legend: Vec<(Mark, &str, String)> = numbers_of_rounds
        .iter()
        .map(|&round| (Mark::Box, series(round as usize - 1), format!("round {}", number(round))))
        .collect();
    legend.push((Mark::Dashed, INK, "requested".to_owned()));
    let top = canvas.legend((66.0, 12.0), &legend) + 26.0;
    for (at, name) in names.iter().enumerate() {
        let rows: Vec<usize> = (0..all.round.len()).filter(|&row| all.generators[row] == *name).collect();
        let offset = top + at as f64 * (HEIGHT + BELOW);
        achieved(&mut canvas, &all, &rows, name, offset);
        better(&mut canvas, &all, &rows, offset);
    }
    let bottom = top + names.len() as f64 * (HEIGHT + BELOW) - 20.0;
    canvas.text(
        (66.0, bottom - 4.0),
        "dot: median; thick and thin bars: quartiles, 5 and 95 %; shares: 95 % intervals (Wilson)",
        SMALL,
        Anchor::Start,
        MUTED,
    );
    canvas.shrink(bottom + 8.0);
    canvas.finish()
}

/// How far a round's mark stands beside the place of its condition.
fn aside(round: f64, rounds: &[f64]) -> f64 {
    let count = rounds.len() as f64;
    0.7 * ((round - 1.0 + 0.5) / count - 0.5)
}

fn achieved(canvas: &mut Canvas, all: &Columns, rows: &[usize], name: &str, top: f64) {
    let places = ascending(&rows.iter().map(|&row| all.condition[row]).collect::<Vec<f64>>());
    let rounds = ascending(&rows.iter().map(|&row| all.round[row]).collect::<Vec<f64>>());
    let shown = || {
        let columns = all.achieved.iter().chain([&all.requested, &all.best]);
        columns.flat_map(|column| rows.iter().map(move |&row| column[row])).filter(|value| value.is_finite())
    };
    let lowest = shown().fold(f64::INFINITY, f64::min);
    let gap = |value: f64| (value - lowest + OFFSET).log10();
    let label = format!("fval − b + {OFFSET}, b = {}", crate::table::rounded(lowest, 6).replace('-', "−"));
    let wide = if places.first().is_some_and(|&place| place < 0.0) { 390.0 } else { FULL_WIDTH - 66.0 - 24.0 };
    let panel = Panel {
        left: 66.0,
        top,
        width: wide,
        height: HEIGHT,
        x: Axis::places("condition (normalised fval asked for)", places.len()),
        y: Axis::powers(&label, shown().map(gap)),
    };
    let below = places.iter().filter(|&&condition| condition < 0.0).count() as f64 - 0.5;
    let within = places.iter().filter(|&&condition| condition <= 1.0).count() as f64 - 0.5;
    panel.shade(canvas, f64::NEG_INFINITY, below, SHADE);
    panel.shade(canvas, within, f64::INFINITY, SHADE);
    panel.draw(canvas, Vec::new());
    canvas.text((panel.left, top - 6.0), name, SMALL, Anchor::Start, INK);
    for (place, &condition) in places.iter().enumerate() {
        let x = panel.map_x(place as f64);
        canvas.text((x, top + HEIGHT + 16.0), &number(condition), TICK, Anchor::Middle, INK);
        let requested = rows.iter().find(|&&row| all.condition[row] == condition).map(|&row| all.requested[row]);
        if let Some(value) = requested.filter(|value| value.is_finite()) {
            let y = panel.map_y(gap(value));
            let half = 0.42 * panel.width / places.len() as f64;
            canvas.dashed((x - half, y), (x + half, y), INK, 1.2);
        }
        for &row in rows.iter().filter(|&&row| all.condition[row] == condition) {
            let values = all.achieved.each_ref().map(|column| column[row]);
            if values.iter().any(|value| !value.is_finite()) {
                continue;
            }
            let color = series(all.round[row] as usize - 1);
            let x = panel.map_x(place as f64 + aside(all.round[row], &rounds));
            let [low, lower, median, upper, high] = values.map(|value| panel.map_y(gap(value)));
            canvas.line((x, low), (x, high), color, 1.0);
            canvas.line((x, lower), (x, upper), color, 4.0);
            canvas.dot((x, median), 3.4, color, Some(("#ffffff", 1.0)));
        }
    }
}

/// The shares better than the best training row of the first round, where no fval is requested.
fn better(canvas: &mut Canvas, all: &Columns, rows: &[usize], top: f64) {
    let below: Vec<usize> = rows.iter().copied().filter(|&row| all.condition[row] < 0.0).collect();
    let places = ascending(&below.iter().map(|&row| all.condition[row]).collect::<Vec<f64>>());
    let rounds = ascending(&rows.iter().map(|&row| all.round[row]).collect::<Vec<f64>>());
    if places.is_empty() {
        return;
    }
    let most =
        below.iter().map(|&row| 100.0 * all.better[2][row]).filter(|value| value.is_finite()).fold(5.0, f64::max);
    let panel = Panel {
        left: 532.0,
        top,
        width: FULL_WIDTH - 532.0 - 14.0,
        height: HEIGHT,
        x: Axis::places("condition below 0", places.len()),
        y: Axis::between("better than all training rows (%)", 0.0, most * 1.05),
    };
    panel.shade(canvas, f64::NEG_INFINITY, f64::INFINITY, SHADE);
    panel.draw(canvas, Vec::new());
    for &row in &below {
        let place = places.iter().position(|&place| place == all.condition[row]).unwrap_or(0);
        let [share, lower, upper] = all.better.each_ref().map(|column| panel.map_y(100.0 * column[row]));
        let x = panel.map_x(place as f64 + aside(all.round[row], &rounds));
        let color = series(all.round[row] as usize - 1);
        canvas.line((x, lower), (x, upper), color, 1.3);
        canvas.line((x - 4.0, lower), (x + 4.0, lower), color, 1.3);
        canvas.line((x - 4.0, upper), (x + 4.0, upper), color, 1.3);
        canvas.dot((x, share), 3.6, color, Some(("#ffffff", 0.8)));
    }
    for (place, &condition) in places.iter().enumerate() {
        let x = panel.map_x(place as f64);
        canvas.text((x, top + HEIGHT + 16.0), &number(condition), TICK, Anchor::Middle, INK);
    }
}
