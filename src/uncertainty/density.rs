//! What is sampled.

use crate::optimise::Bounds;

/// A density within bounds, up to a constant factor, on the scale of the vectors. It answers the same question always
/// with the same bits.
pub trait Density: Sync {
    /// Where it is not zero.
    fn bounds(&self) -> &Bounds;

    /// Its negative logarithm; infinite where the solve fails.
    fn value(&self, x: &[f64]) -> f64;

    /// Its negative logarithm and that one's gradient; `None` where the solve fails.
    fn gradient(&self, x: &[f64]) -> Option<(f64, Vec<f64>)>;
}
