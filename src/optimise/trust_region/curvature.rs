//! The curvature that the Gauss-Newton Hessian leaves out.
//!
//! It leaves out the second derivatives of the residuals times the residuals, which are large where a model fits badly:
//! in curved valleys steps then swing from wall to wall. What the gradients say beyond Gauss-Newton is collected by
//! secant updates, and the model with or without it is used, whichever predicted the last step better, as in NL2SOL
//! (Dennis, Gay & Welsch, ACM Transactions on Mathematical Software 1981). Where NL2SOL takes the differences from the
//! residuals' Jacobians, they are taken here from the gradients, because a likelihood with estimated noise has no
//! residuals.

use nalgebra::{DMatrix, DVector};

/// A symmetric correction of the Gauss-Newton Hessian.
#[derive(Debug, Clone)]
pub struct Curvature {
    missing: DMatrix<f64>,
    in_use: bool,
}

impl Curvature {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(size: usize) -> Self {
        Self { missing: DMatrix::zeros(size, size), in_use: false }
    }

    /// The Hessian to use at a point with this Gauss-Newton Hessian.
    #[must_use]
    pub fn applied(&self, gauss_newton: &DMatrix<f64>) -> DMatrix<f64> {
        if self.in_use { gauss_newton + &self.missing } else { gauss_newton.clone() }
    }

    /// Compares what both models said of a step with the change that it brought, and uses the better one from now on.
    pub fn compare(&mut self, step: &DVector<f64>, gauss_newton: f64, change: f64) {
        let corrected = gauss_newton + 0.5 * step.dot(&(&self.missing * step));
        self.in_use = (change - corrected).abs() < (change - gauss_newton).abs();
    }

    /// Learns from a step: `excess` is the difference of the gradients minus the Gauss-Newton Hessian times the step.
    /// What was known is first sized down where it says more than the new difference does (Dennis, Gay & Welsch 1981),
    /// then corrected by a symmetric rank-one update, which needs no positive curvature (Conn, Gould & Toint 1991).
    pub fn learn(&mut self, step: &DVector<f64>, excess: &DVector<f64>) {
        let known = step.dot(&(&self.missing * step)).abs();
        let size = if known > 0.0 { (step.dot(excess).abs() / known).min(1.0) } else { 1.0 };
        let sized = &self.missing * size;
        let error = excess - &sized * step;
        let slope = error.dot(step);
        let corrected = if slope.abs() > 1e-8 * error.norm() * step.norm() {
            &sized + &error * error.transpose() / slope
        } else {
            sized
        };
        if corrected.iter().all(|number| number.is_finite()) {
            self.missing = corrected;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_correction_is_learnt_from_independent_steps() {
        let missing = DMatrix::from_row_slice(2, 2, &[3.0, 1.0, 1.0, -2.0]);
        let mut curvature = Curvature::new(2);
        for step in [[1.0, 0.0], [0.3, 1.0], [1.0, 1.0]] {
            let step = DVector::from_row_slice(&step);
            curvature.learn(&step, &(&missing * &step));
        }
        let step = DVector::from_row_slice(&[0.5, -0.2]);
        curvature.compare(&step, 1.0, 1.0 + 0.5 * step.dot(&(&missing * &step)));
        assert!((curvature.applied(&DMatrix::zeros(2, 2)) - missing).norm() < 1e-9, "{curvature:?}");
        curvature.compare(&step, 1.0, 1.0);
        assert_eq!(curvature.applied(&DMatrix::zeros(2, 2)), DMatrix::zeros(2, 2));
    }
}
