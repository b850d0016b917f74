//! From a box to the whole space and back, so that a sampler meets no bounds.

use crate::optimise::Bounds;

/// The map of each free parameter: the logit of its place between finite bounds, the logarithm of its distance to a
/// single one, itself without any. Parameters with equal bounds are left out.
#[derive(Debug, Clone)]
pub struct Logit {
    bounds: Bounds,
    free: Vec<usize>,
}

/// How near a start may be to a bound, in widths of the box.
const NEAREST: f64 = 1e-3;

impl Logit {
    /// The map of these bounds.
    #[must_use]
    pub fn new(bounds: &Bounds) -> Self {
        let free = bounds.pairs().enumerate().filter(|(_, (lower, upper))| lower < upper).map(|(at, _)| at).collect();
        Self { bounds: bounds.clone(), free }
    }

    /// How many parameters are free.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.free.len()
    }

    /// The free parameters of a vector in the whole space. One that lies on a bound, which is infinitely far away, is
    /// moved inside by a thousandth of the width.
    #[must_use]
    pub fn forward(&self, x: &[f64]) -> Vec<f64> {
        let place = |&at: &usize| {
            let (lower, upper) = (self.bounds.lower[at], self.bounds.upper[at]);
            match (lower.is_finite(), upper.is_finite()) {
                (true, true) => {
                    let share = ((x[at] - lower) / (upper - lower)).clamp(NEAREST, 1.0 - NEAREST);
                    (share / (1.0 - share)).ln()
                }
                (true, false) => (x[at] - lower).max(NEAREST).ln(),
                (false, true) => -(upper - x[at]).max(NEAREST).ln(),
                (false, false) => x[at],
            }
        };
        self.free.iter().map(place).collect()
    }

    /// The vector of a point of the whole space, and the logarithm of the map's derivative.
    #[must_use]
    pub fn backward(&self, z: &[f64]) -> (Vec<f64>, f64) {
        let mut x = self.bounds.lower.clone();
        let mut volume = 0.0;
        for (&at, &z) in self.free.iter().zip(z) {
            let (value, slope) = self.one(at, z);
            x[at] = value;
            volume += slope;
        }
        (x, volume)
    }

    /// The gradient by the point of a function whose gradient by the vector is given, plus that of the logarithm of the
    /// map's derivative, `sign` times.
    #[must_use]
    pub fn gradient(&self, z: &[f64], by_x: &[f64], sign: f64) -> Vec<f64> {
        let each = self.free.iter().zip(z).map(|(&at, &z)| {
            let bend = match (self.bounds.lower[at].is_finite(), self.bounds.upper[at].is_finite()) {
                (true, true) => -(0.5 * z).tanh(),
                (true, false) => 1.0,
                (false, true) => -1.0,
                (false, false) => 0.0,
            };
            by_x[at] * self.one(at, z).1.exp() + sign * bend
        });
        each.collect()
    }

    /// A parameter at a place of the whole space, and the logarithm of its derivative by the place.
    fn one(&self, at: usize, z: f64) -> (f64, f64) {
        let (lower, upper) = (self.bounds.lower[at], self.bounds.upper[at]);
        match (lower.is_finite(), upper.is_finite()) {
            (true, true) => {
                let small = (-z.abs()).exp();
                let (near, width) = (small / (1.0 + small), upper - lower);
                // Measured from the nearer bound, so that nothing cancels there.
                let value = if z < 0.0 { lower + width * near } else { upper - width * near };
                (value.clamp(lower, upper), width.ln() - z.abs() - 2.0 * small.ln_1p())
            }
            (true, false) => (lower + z.exp(), z),
            (false, true) => (upper - (-z).exp(), -z),
            (false, false) => (z, 0.0),
        }
    }
}
