//! Sensitivities of steady states by the implicit function theorem.
//!
//! At a steady state `x` with Jacobian `J` and parameter derivatives `F` of the right-hand side, its sensitivities `S`
//! solve `J S + F = 0`. Where moieties are conserved, `J` is singular and `S` keeps the sensitivity of each moiety:
//! `w^T S = w^T S_0` for `w^T J = 0`. Both follow from the same steps that polish the states: `(1 - h J) step =
//! h (J S + F)` leaves `w^T S` as it is, and takes away a share `1 / (1 + h r)` of the rest along a mode of rate `r`.

use super::newton::{factors, fastest, jacobian};
use super::{Along, Given, Rest, far};
use nalgebra::{DMatrix, Dyn, LU};

/// Steps with one factorisation.
const STEPS: usize = 30;
/// Steps that shrink less than this ask for a longer time.
const SLOW: f64 = 0.3;
/// What a longer time is, in units of the one before.
const LONGER: f64 = 100.0;
/// Estimated error, in units of the largest element, at which the steps end.
const FINE: f64 = 1e-10;
/// Steps that no longer shrink because of rounding are this long, times `h` and the fastest rate, ...
const UNIT: f64 = 1e-15;
/// ... and good enough up to this.
const ROUNDING: f64 = 1e-7;
/// `h` times the fastest rate beyond which the factors hold no digit.
const HOPELESS: f64 = 1e15;

/// The sensitivities at a steady state from those at the start of the trajectory that led there, without any on the way.
///
/// Nothing where that is not enough: the Jacobian has a singular direction along which the trajectory moved, so that no
/// moiety is conserved in that direction, or its modes lie too far apart for the arithmetic.
pub fn implicit(
    given: &Given,
    along: Along,
    rest: &Rest,
    start: f64,
    start_states: &[f64],
    start_sensitivities: &[f64],
) -> Option<Vec<f64>> {
    if along.entrance.lanes.is_empty() {
        return Some(Vec::new());
    }
    let states = rest.states.as_slice();
    let (sensitivities, last) = solve(given, along, states, far(rest.time), rest.time - start, start_sensitivities)?;
    // What a singular direction conserves must be the same at both ends.
    let difference = states.iter().zip(start_states).map(|(end, start)| end - start);
    let mut kept = nalgebra::DVector::from_iterator(states.len(), difference);
    let scale = kept.amax();
    for _ in 0..4 {
        if !last.solve_mut(&mut kept) {
            return None;
        }
    }
    let conserved =
        kept.iter().zip(states).all(|(kept, &state)| kept.abs() <= 1e3 * given.weight(state) + 1e-6 * scale);
    conserved.then_some(sensitivities)
}

/// The sensitivities to which those of a settled trajectory settle.
pub fn settle(
    given: &Given,
    along: Along,
    states: &[f64],
    far: f64,
    elapsed: f64,
    sensitivities: &[f64],
) -> Option<Vec<f64>> {
    if along.entrance.lanes.is_empty() {
        return Some(Vec::new());
    }
    solve(given, along, states, far, elapsed, sensitivities).map(|(sensitivities, _)| sensitivities)
}

fn solve(
    given: &Given,
    along: Along,
    states: &[f64],
    far: f64,
    elapsed: f64,
    start: &[f64],
) -> Option<(Vec<f64>, LU<f64, Dyn, Dyn>)> {
    let lanes = along.entrance.lanes.len();
    let jacobian = jacobian(given, states, far);
    let rate = fastest(&jacobian);
    if !rate.is_finite() {
        return None;
    }
    let forcing = forcing(given, along, states, far);
    let mut current = DMatrix::from_column_slice(states.len(), lanes, start);
    // States count in units of their own size.
    let sizes: Vec<f64> = states.iter().map(|state| state.abs() + given.atol / given.rtol).collect();
    let mut span = 10.0 * elapsed;
    if rate > 0.0 {
        span = span.max(1.0 / rate);
    }
    while span * rate < HOPELESS {
        let factors = factors(&jacobian, span);
        let mut previous = f64::INFINITY;
        for _ in 0..STEPS {
            let mut step = (&jacobian * &current + &forcing) * span;
            if !factors.solve_mut(&mut step) {
                return None;
            }
            let change = largest(&step, &sizes);
            current += &step;
            let size = largest(&current, &sizes);
            if !change.is_finite() || !size.is_finite() {
                return None;
            }
            let shrinking = change / previous;
            let known = previous.is_finite() && shrinking < 1.0;
            let left = if known { change * shrinking / (1.0 - shrinking) } else { f64::INFINITY };
            if change <= f64::MIN_POSITIVE || left <= FINE * size {
                return Some((current.as_slice().to_vec(), factors));
            }
            if shrinking > SLOW {
                let rounding = (UNIT * span * rate).min(ROUNDING);
                if change <= rounding * size {
                    return Some((current.as_slice().to_vec(), factors));
                }
                break;
            }
            previous = change;
        }
        span *= LONGER;
    }
    None
}

/// The parameter derivatives of the right-hand side, states x lanes.
fn forcing(given: &Given, along: Along, states: &[f64], time: f64) -> DMatrix<f64> {
    let system = given.system;
    let mut values = vec![0.0; system.by_parameter_count];
    system.code.call(system.functions.by_parameter, states, given.cache, time, &mut values);
    let mut forcing = DMatrix::zeros(states.len(), along.entrance.lanes.len());
    for (term, factor) in along.entrance.terms.iter().zip(along.factors) {
        forcing[along.entrance.pattern[term.place]] += values[term.entry] * factor;
    }
    forcing
}

/// The largest element of any column, in units of the rows' sizes.
fn largest(matrix: &DMatrix<f64>, sizes: &[f64]) -> f64 {
    let values = matrix.iter().zip(sizes.iter().cycle()).map(|(value, size)| value.abs() / size);
    values.fold(0.0, |largest, value| if value.is_nan() { f64::INFINITY } else { largest.max(value) })
}
