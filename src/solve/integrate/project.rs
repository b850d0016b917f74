//! Back onto the constraints: Newton's iteration for the states that constraints determine.

use super::{Course, Failure};
use nalgebra::{DMatrix, DVector};

/// Iterations before it is given up.
const MOST: usize = 100;

/// Moves the states that constraints determine onto the constraints, from where they are.
///
/// # Errors
/// When the constraints have no solution near, or are no numbers.
pub fn project(course: &Course, cache: &[f64], time: f64, state: &mut [f64]) -> Result<(), Failure> {
    let Some(projection) = &course.system.projection else { return Ok(()) };
    let code = &course.system.code;
    let count = state.len() - projection.first;
    let mut residuals = vec![0.0; count];
    let mut slopes = vec![0.0; projection.pattern.len()];
    for _ in 0..MOST {
        code.call(projection.residuals, state, cache, time, &mut residuals);
        code.call(projection.slopes, state, cache, time, &mut slopes);
        if residuals.iter().chain(&slopes).any(|value| !value.is_finite()) {
            return Err(Failure::NotANumber);
        }
        let mut matrix = DMatrix::zeros(count, count);
        for (&place, &slope) in projection.pattern.iter().zip(&slopes) {
            matrix[place] = slope;
        }
        let step = matrix.lu().solve(&DVector::from_column_slice(&residuals)).ok_or(Failure::Other)?;
        let determined = &mut state[projection.first..];
        let mut done = true;
        for (value, step) in determined.iter_mut().zip(step.iter()) {
            *value -= step;
            done &= step.abs() <= 4.0 * f64::EPSILON * value.abs().max(f64::MIN_POSITIVE);
        }
        if done || residuals.iter().all(|&residual| residual == 0.0) {
            return Ok(());
        }
    }
    // The last bits may go on changing; what counts is whether the iteration came to rest at a solution.
    code.call(projection.residuals, state, cache, time, &mut residuals);
    let scale = state.iter().fold(1.0_f64, |largest, value| largest.max(value.abs()));
    if residuals.iter().all(|residual| residual.abs() <= 1e-9 * scale) { Ok(()) } else { Err(Failure::Other) }
}
