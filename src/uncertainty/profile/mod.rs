//! Profiles of the likelihood (Raue, Kreutz, Maiwald, Bachmann, Schilling, Klingmüller & Timmer, Bioinformatics 2009): the
//! lowest fval that the other parameters allow for each value of one of them.
//!
//! A walk goes from the optimum in one direction. The next value is chosen so that the fval, before the others follow,
//! rises by about a tenth of the threshold; then the others descend from where the last two points lead. It ends beyond
//! the threshold, at the bound, or where nothing can be solved any more.

mod interval;
mod pinned;

use serde::{Deserialize, Serialize};

pub use interval::{Edge, Interval, interval};
use pinned::Pinned;

use crate::optimise::{Bounds, LocalSettings, Objective, Work, descend};

/// How a walk goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// The rise of the fval that ends a walk: half a quantile of the chi-square distribution where the fval is a negative
    /// logarithm of a likelihood.
    pub threshold: f64,
    /// Most points.
    pub most: usize,
    /// How the other parameters follow.
    pub descent: LocalSettings,
}

/// One side of a profile, away from the optimum, which is not among its points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// The points in the order in which they were reached.
    pub points: Vec<Point>,
    /// Why the walk ended.
    pub end: End,
    /// All evaluations.
    pub work: Work,
    /// Those of them whose solve failed.
    pub failed: u64,
}

/// One point of a profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The whole vector, the profiled parameter included.
    pub x: Vec<f64>,
    /// The lowest fval that was found there.
    pub fval: f64,
    /// Did the descent of the others converge?
    pub converged: bool,
}

/// Why a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The fval rose above the threshold.
    Crossed,
    /// The bound was reached below the threshold.
    Bound,
    /// The most points were reached below the threshold.
    Points,
    /// No step, however short, could be solved.
    Failed,
}

/// Of the threshold, the rise that a step may have before the others follow.
const RISE: f64 = 0.2;
/// Below this share of the threshold a step was too careful, and the next one is longer.
const CAREFUL: f64 = 0.05;
/// The factor by which steps grow.
const GROW: f64 = 1.6;
/// The longest step, in widths of the bounds.
const LONGEST: f64 = 0.05;
/// The shortest step, in longest ones.
const SHORTEST: f64 = 1e-7;

/// Walks from the optimum upwards or downwards in one parameter; `None` when `stop` said so.
#[must_use]
pub fn walk(
    objective: &dyn Objective,
    (optimum, fval): (&[f64], f64),
    parameter: usize,
    upwards: bool,
    settings: &Settings,
    stop: &dyn Fn() -> bool,
) -> Option<Side> {
    let bounds = objective.bounds();
    let (lower, upper) = (bounds.lower[parameter], bounds.upper[parameter]);
    let bound = if upwards { upper } else { lower };
    let longest = match (upper - lower).is_finite() {
        true => LONGEST * (upper - lower),
        false => 0.5 * optimum[parameter].abs().max(1.0),
    };
    let mut side = Side { points: Vec::new(), end: End::Points, work: Work::default(), failed: 0 };
    let (mut step, mut lowest) = (longest, fval);
    let mut before: Option<Vec<f64>> = None;
    let mut here = Point { x: optimum.to_vec(), fval, converged: true };
    while side.points.len() < settings.most {
        let at = here.x[parameter];
        if (bound - at).abs() <= SHORTEST * longest {
            side.end = End::Bound;
            break;
        }
        if stop() {
            return None;
        }
        let value = if upwards { (at + step).min(bound) } else { (at - step).max(bound) };
        let led = lead(bounds, &here.x, before.as_deref(), parameter, value);
        let Some((guess, guessed)) = best_of(objective, led, &mut side) else {
            step *= 0.5;
            if step < SHORTEST * longest {
                side.end = End::Failed;
                break;
            }
            continue;
        };
        if guessed - here.fval > RISE * settings.threshold && step > 1e3 * SHORTEST * longest {
            // Halves far away, then by what a parabola says.
            step *= (RISE * settings.threshold / (guessed - here.fval)).sqrt().clamp(0.1, 0.7);
            continue;
        }
        let pinned = Pinned::new(objective, parameter, value);
        let follow = descend(&pinned, &pinned.others(&guess), &settings.descent);
        side.work += follow.work;
        side.failed += pinned.failed();
        let (x, fval) = match follow.end() {
            Some(end) => (pinned.whole(&end.x), end.fval),
            // The value could be solved, its derivatives not.
            None => (guess, guessed),
        };
        let rise = fval - here.fval;
        before = Some(std::mem::replace(&mut here.x, x));
        here = Point { x: here.x, fval, converged: follow.stop.is_converged() || pinned.is_alone() };
        side.points.push(here.clone());
        lowest = lowest.min(fval);
        if fval - lowest > settings.threshold {
            side.end = End::Crossed;
            break;
        }
        if rise < CAREFUL * settings.threshold {
            step = (step * GROW).min(longest);
        }
    }
    Some(side)
}

/// Where the others may be at the next value: where they are, and where the last two points lead.
fn lead(bounds: &Bounds, here: &[f64], before: Option<&[f64]>, parameter: usize, value: f64) -> Vec<Vec<f64>> {
    let mut stay = here.to_vec();
    stay[parameter] = value;
    let gone = before.map(|before| (before, here[parameter] - before[parameter])).filter(|(_, gone)| *gone != 0.0);
    let on = gone.map(|(before, gone)| {
        let ratio = (value - here[parameter]) / gone;
        let moved: Vec<f64> = here.iter().zip(before).map(|(now, then)| now + ratio * (now - then)).collect();
        let mut moved = bounds.clip(&moved);
        moved[parameter] = value;
        moved
    });
    std::iter::once(stay).chain(on).collect()
}

fn best_of(objective: &dyn Objective, led: Vec<Vec<f64>>, side: &mut Side) -> Option<(Vec<f64>, f64)> {
    let mut best: Option<(Vec<f64>, f64)> = None;
    for x in led {
        let fval = objective.value(&x);
        side.work.values += 1;
        if !fval.is_finite() {
            side.failed += 1;
        } else if best.as_ref().is_none_or(|(_, lowest)| fval < *lowest) {
            best = Some((x, fval));
        }
    }
    best
}
