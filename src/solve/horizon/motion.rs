//! How long a motion takes.

use super::swing::{period, range};
use super::{Alone, Moment, Reason, SimulateError};
use crate::model::problem::SolverSettings;
use nalgebra::DMatrix;

/// What is left of a range when a motion has come to its end.
const SHARE: f64 = 0.01;
/// Times in each half of a grid: equidistant ones, and ones at equal ratios.
const POINTS: usize = 1_000;
/// The first of the latter, as a share of the last.
const FIRST: f64 = 1e-9;
/// Ranges below this many tolerances are errors of the solver.
const NOISE: f64 = 100.0;
/// A trajectory without a steady state is followed for this many times its fastest time at first, ...
const SHORTEST: f64 = 10.0;
/// ... then so many times longer, ...
const LONGER: f64 = 4.0;
/// ... so many times at most.
const TRIES: usize = 20;
/// A drift is believed when trajectories of so many lengths in a row agree on when it starts, ...
const AGREEING: usize = 3;
/// ... up to this factor.
const AGREE: f64 = 1.2;

/// Times from 0 to the last one, dense at both ends of the scales of time.
pub fn grid(last: f64) -> Vec<f64> {
    let even = (0..=POINTS).map(|i| last * i as f64 / POINTS as f64);
    let ratios = (0..POINTS).map(|i| last * FIRST.powf(1.0 - i as f64 / POINTS as f64));
    let mut times: Vec<f64> = even.chain(ratios).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    times
}

/// The time after which all values stay within a hundredth of their ranges of the last ones; nothing when none moves.
pub fn settling(times: &[f64], values: &[Vec<f64>], last: &[f64], settings: SolverSettings) -> Option<f64> {
    let mut settled: Option<f64> = None;
    for (place, &end) in last.iter().enumerate() {
        let column: Vec<f64> = values.iter().map(|values| values[place]).collect();
        let (low, high) = range(&column);
        let (low, high) = (low.min(end), high.max(end));
        let width = high - low;
        if width <= NOISE * (settings.rtol * low.abs().max(high.abs()) + settings.atol) {
            continue;
        }
        let far = |value: f64| (value - end).abs() / (SHARE * width);
        let Some(after) = column.iter().rposition(|&value| far(value) > 1.0) else { continue };
        // Between the last time outside and the first one inside, as if the distance changed evenly.
        let time = match (times.get(after + 1), column.get(after + 1)) {
            (Some(next), Some(&inside)) => {
                let (outside, inside) = (far(column[after]), far(inside));
                times[after] + (next - times[after]) * (outside - 1.0) / (outside - inside)
            }
            _ => times[after],
        };
        settled = Some(settled.map_or(time, |settled| settled.max(time)));
    }
    settled.filter(|&time| time > 0.0)
}

/// Where there is no steady state: the period of an oscillation, or the time until only a drift is left.
pub fn endless(alone: &Alone) -> Result<Option<Reason>, SimulateError> {
    let start = alone.follow(&[0.0]).map_err(SimulateError::Failed)?;
    let Some(start) = start.first() else { return Ok(None) };
    let fastest = jacobian(alone, start).row_iter().map(|row| row.lp_norm(1)).fold(0.0, f64::max);
    let first = if fastest.is_finite() && fastest > 0.0 { SHORTEST / fastest } else { SHORTEST };
    let settings = alone.settings;
    let smallest = |size: f64| NOISE * (settings.rtol * size + settings.atol);
    let mut drifts: Vec<f64> = Vec::new();
    let mut span = first;
    for _ in 0..TRIES {
        let step = span / (2 * POINTS) as f64;
        let times: Vec<f64> = (0..=2 * POINTS).map(|i| step * i as f64).collect();
        let moments = match alone.follow(&times) {
            Ok(moments) => moments,
            Err(failure) if span == first => return Err(SimulateError::Failed(failure)),
            Err(_) => break,
        };
        let states: Vec<Vec<f64>> = moments.iter().map(|moment| moment.states.clone()).collect();
        if let Some(period) = period(&times, &states, smallest) {
            return Ok(Some(Reason::Oscillates { period }));
        }
        let rates: Vec<Vec<f64>> = moments.iter().map(|moment| slope(alone, moment)).collect();
        let settled = rates.last().and_then(|last| settling(&times, &rates, last, settings));
        match settled.filter(|&time| time < 0.5 * span) {
            Some(time) => {
                if drifts.first().is_some_and(|&first| time > AGREE * first + step || first > AGREE * time + step) {
                    drifts.clear();
                }
                drifts.push(time);
            }
            None => drifts.clear(),
        }
        if drifts.len() == AGREEING {
            return Ok(Some(Reason::Drifts { time: drifts[0] }));
        }
        span *= LONGER;
    }
    if let Some(&time) = drifts.first() {
        return Ok(Some(Reason::Drifts { time }));
    }
    // What drifts evenly from the start on takes this time to change by its own size.
    let pairs = start.states.iter().zip(slope(alone, start));
    let times = pairs.filter(|(_, slope)| *slope != 0.0).map(|(state, slope)| (state / slope).abs());
    let longest = times.fold(0.0, f64::max);
    let even = fastest == 0.0 && longest.is_finite() && longest > 0.0;
    Ok(even.then_some(Reason::Drifts { time: longest }))
}

fn slope(alone: &Alone, moment: &Moment) -> Vec<f64> {
    let mut slope = vec![0.0; moment.states.len()];
    alone.system.code.call(alone.system.functions.rhs, &moment.states, &moment.cache, moment.time, &mut slope);
    slope
}

fn jacobian(alone: &Alone, at: &Moment) -> DMatrix<f64> {
    let system = &alone.system;
    let mut values = system.jacobian_space();
    system.code.call(system.functions.jacobian, &at.states, &at.cache, at.time, &mut values);
    let mut jacobian = DMatrix::zeros(at.states.len(), at.states.len());
    for (&place, value) in system.jacobian_pattern.iter().zip(values) {
        jacobian[place] = value;
    }
    jacobian
}

/// The mode of the Jacobian that grows fastest, else the one that decays most slowly.
pub fn mode(alone: &Alone, at: &Moment) -> Reason {
    let jacobian = jacobian(alone, at);
    if jacobian.is_empty() || jacobian.iter().any(|value| !value.is_finite()) {
        return Reason::Still;
    }
    // What rounding leaves of the modes of conserved moieties is no mode.
    let fastest = jacobian.amax();
    let rates = jacobian.complex_eigenvalues().map(|value| value.re);
    let real = rates.iter().copied().filter(|rate| rate.abs() > 1e-9 * fastest);
    let growing = real.clone().filter(|&rate| rate > 0.0).max_by(f64::total_cmp);
    match growing.or_else(|| real.filter(|&rate| rate < 0.0).max_by(f64::total_cmp)) {
        Some(rate) => Reason::Mode { rate },
        None => Reason::Still,
    }
}
