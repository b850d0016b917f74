//! Products with a Jacobian that is given by its places and values.

/// `y = J x`: `values` stand at the `(row, column)` places of `pattern`.
///
/// # Panics
/// If a place lies outside of `x` or `y`.
pub fn multiply(pattern: &[(usize, usize)], values: &[f64], x: &[f64], y: &mut [f64]) {
    y.fill(0.0);
    for (&(row, column), value) in pattern.iter().zip(values) {
        y[row] += value * x[column];
    }
}

/// `y = Jᵀ x`: `values` stand at the `(row, column)` places of `pattern`.
///
/// # Panics
/// If a place lies outside of `x` or `y`.
pub fn multiply_transposed(pattern: &[(usize, usize)], values: &[f64], x: &[f64], y: &mut [f64]) {
    y.fill(0.0);
    for (&(row, column), value) in pattern.iter().zip(values) {
        y[column] += value * x[row];
    }
}
