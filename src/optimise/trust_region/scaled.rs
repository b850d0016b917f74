//! The affine scaling of Coleman and Li: the coordinates in which the trust region is a ball.

use nalgebra::{DMatrix, DVector};

use super::subproblem::Quadratic;
use crate::optimise::bounds::Bounds;

/// The model of the objective around one point, in scaled coordinates `s = D t`, where `D` holds the square roots of
/// the distances `|v|` to the bounds towards which the gradient descends (Coleman & Li 1994, definition 2; 1 where
/// there is no such bound). In them `q(t) = (Dg)'t + t'(D H D + C)t / 2` with `C = diag(|g|)` for bounded parameters:
/// its minimum obeys the first-order conditions at the bounds, and steps bend away from a bound before they hit it.
#[derive(Debug, Clone)]
pub struct ScaledModel {
    /// Diagonal of `D`.
    pub scale: DVector<f64>,
    /// Diagonal of `C`.
    pub bend: DVector<f64>,
    /// `q`
    pub quadratic: Quadratic,
    /// The fraction of the way to a bound that a step may take, close to 1 near a solution.
    pub theta: f64,
}

/// Steps take at least this fraction of the way to the bound that stops them.
const LEAST_THETA: f64 = 0.95;

impl ScaledModel {
    /// The model at `x` with a gradient and a symmetric Hessian. `None` when the numbers overflow.
    #[must_use]
    pub fn new(x: &[f64], slopes: &DVector<f64>, hessian: &DMatrix<f64>, bounds: &Bounds) -> Option<Self> {
        let size = x.len();
        let mut scale = DVector::from_element(size, 1.0);
        let mut bend = DVector::zeros(size);
        let mut optimality: f64 = 0.0;
        for (index, (lower, upper)) in bounds.pairs().enumerate() {
            let slope = slopes[index];
            let distance = if slope < 0.0 { upper - x[index] } else { x[index] - lower };
            if distance.is_finite() {
                scale[index] = distance.max(0.0).sqrt();
                bend[index] = slope.abs();
            }
            optimality = optimality.max((scale[index] * scale[index] * slope).abs());
        }
        let gradient = DVector::from_fn(size, |index, _| scale[index] * slopes[index]);
        let matrix = DMatrix::from_fn(size, size, |row, column| {
            scale[row] * hessian[(row, column)] * scale[column] + if row == column { bend[row] } else { 0.0 }
        });
        let quadratic = Quadratic::new(gradient, matrix)?;
        Some(Self { scale, bend, quadratic, theta: LEAST_THETA.max(1.0 - optimality) })
    }

    /// A step in the objective's own coordinates.
    #[must_use]
    pub fn unscaled(&self, step: &DVector<f64>) -> DVector<f64> {
        step.component_mul(&self.scale)
    }

    /// How far the model can fall within radius 1, a measure of how far the point is from a minimum that does not
    /// depend on the current radius.
    #[must_use]
    pub fn promise(&self) -> f64 {
        -self.quadratic.value(&self.quadratic.minimise(1.0))
    }

    /// The share of the model's change that the bend adds, which the objective itself does not know:
    /// `t'Ct / 2` (Coleman & Li 1996, equation 3.3).
    #[must_use]
    pub fn bending(&self, step: &DVector<f64>) -> f64 {
        0.5 * step.iter().zip(&self.bend).map(|(t, bend)| t * t * bend).sum::<f64>()
    }
}
