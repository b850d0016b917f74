//! Newton's steps to a steady state, on the manifold of conserved moieties.

use super::Given;
use nalgebra::{DMatrix, Dyn, LU};

/// A trajectory within this many tolerances of a steady state has come to it.
const NEAR: f64 = 100.0;
/// A step of this many tolerances is the last.
const FINE: f64 = 1e-3;
/// Steps after which Newton's method has failed.
const MOST: usize = 20;
/// The time of a step is this many times the elapsed one: modes that have settled are taken to their end by it.
const LEAP: f64 = 1e3;
/// Systems beyond this many states are not asked for the modes in which they leave a steady state.
const MOST_MODES: usize = 100;
/// Rates below this share of the fastest one may be nothing but rounding.
const SMALLEST: f64 = 1e-10;
/// And at least this many times the fastest time of the system, so that modes much slower than the elapsed time are seen.
const SPREAD: f64 = 1e12;

/// What Newton's method says of a state.
pub enum Nearness {
    /// It is within the tolerances of this steady state.
    Reached(Vec<f64>),
    /// The next steady state is farther away.
    Away,
    /// The Jacobian does not tell.
    Unknown,
}

/// The right-hand side at given states and time.
pub fn slope(given: &Given, states: &[f64], time: f64) -> Vec<f64> {
    let mut slope = vec![0.0; states.len()];
    given.system.code.call(given.system.functions.rhs, states, given.cache, time, &mut slope);
    slope
}

/// The Jacobian at given states and time.
pub fn jacobian(given: &Given, states: &[f64], time: f64) -> DMatrix<f64> {
    let pattern = &given.system.jacobian_pattern;
    let mut values = given.system.jacobian_space();
    given.system.code.call(given.system.functions.jacobian, states, given.cache, time, &mut values);
    let mut matrix = DMatrix::zeros(states.len(), states.len());
    for (&place, value) in pattern.iter().zip(values) {
        matrix[place] = value;
    }
    matrix
}

/// The largest sum of magnitudes of a row: a bound on the fastest rate.
pub fn fastest(jacobian: &DMatrix<f64>) -> f64 {
    jacobian.row_iter().map(|row| row.iter().map(|value| value.abs()).sum::<f64>()).fold(0.0, f64::max)
}

/// The factors of `1 - span * jacobian`.
pub fn factors(jacobian: &DMatrix<f64>, span: f64) -> LU<f64, Dyn, Dyn> {
    let mut matrix = jacobian * -span;
    for place in 0..matrix.nrows() {
        matrix[(place, place)] += 1.0;
    }
    matrix.lu()
}

/// Whether `states`, reached at `time` after `elapsed`, are within the tolerances of a steady state that lasts until
/// `far`, and that state.
pub fn polish(given: &Given, states: &[f64], time: f64, far: f64, elapsed: f64) -> Nearness {
    if slope(given, states, time) != slope(given, states, far) {
        // Time itself moves the system: it has to be near the steady states of both times.
        match descend(given, states, time, elapsed) {
            Nearness::Reached(_) => {}
            other => return other,
        }
    }
    descend(given, states, far, elapsed)
}

/// The rate at which a system leaves a steady state, if it is unstable; else 0.
pub fn instability(given: &Given, states: &[f64], time: f64) -> f64 {
    if states.len() > MOST_MODES {
        return 0.0;
    }
    let jacobian = jacobian(given, states, time);
    let rate = fastest(&jacobian);
    if !(rate > 0.0 && rate.is_finite()) {
        return 0.0;
    }
    let growth = jacobian.complex_eigenvalues().iter().fold(0.0_f64, |growth, value| growth.max(value.re));
    if growth > SMALLEST * rate { growth } else { 0.0 }
}

fn descend(given: &Given, states: &[f64], time: f64, elapsed: f64) -> Nearness {
    let mut current = states.to_vec();
    let mut previous = f64::INFINITY;
    for iteration in 0..MOST {
        let jacobian = jacobian(given, &current, time);
        let rate = fastest(&jacobian);
        if !rate.is_finite() {
            return Nearness::Unknown;
        }
        let span = if rate > 0.0 { (LEAP * elapsed).max(SPREAD / rate) } else { LEAP * elapsed };
        let mut step = nalgebra::DVector::from_vec(slope(given, &current, time)) * span;
        if !factors(&jacobian, span).solve_mut(&mut step) {
            return Nearness::Unknown;
        }
        let size = given.measure(step.as_slice(), &current);
        if !size.is_finite() {
            return Nearness::Unknown;
        }
        if iteration == 0 && size > NEAR {
            return Nearness::Away;
        }
        // Rounding, or a Jacobian that vanishes at the steady state, leaves no more to gain.
        if size > 0.5 * previous {
            break;
        }
        for (value, step) in current.iter_mut().zip(step.iter()) {
            *value += step;
        }
        if size < FINE {
            break;
        }
        previous = size;
    }
    let moved: Vec<f64> = current.iter().zip(states).map(|(after, before)| after - before).collect();
    if given.measure(&moved, states) > 2.0 * NEAR {
        return Nearness::Unknown;
    }
    for (value, &before) in current.iter_mut().zip(states) {
        // What the trajectory kept from crossing zero does not cross it by rounding.
        if *value < 0.0 && before >= 0.0 {
            *value = 0.0;
        }
    }
    Nearness::Reached(current)
}
