//! How alike the targets at two inputs are.

/// The Matérn kernel of smoothness 5/2, with a lengthscale for each dimension (automatic relevance determination), and
/// independent noise. Rasmussen & Williams (2006), chapter 4.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kernel {
    /// How far the targets are alike, one for each dimension.
    pub(super) lengthscales: Vec<f64>,
    /// Variance of the noise, in units of the process's variance.
    pub(super) noise: f64,
}

impl Kernel {
    /// An input in units of the lengthscales.
    pub(super) fn scaled(&self, input: &[f64]) -> Vec<f64> {
        input.iter().zip(&self.lengthscales).map(|(x, length)| x / length).collect()
    }

    /// The correlation of two inputs in units of the lengthscales, and the factor `c` of its derivatives: by the first
    /// input they are `-c (one - other)`, by the logarithms of the lengthscales `c (one - other)^2`.
    pub(super) fn of(one: &[f64], other: &[f64]) -> (f64, f64) {
        let square: f64 = one.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum();
        let distance = (5.0 * square).sqrt();
        let decay = (-distance).exp();
        ((1.0 + distance + 5.0 / 3.0 * square) * decay, 5.0 / 3.0 * (1.0 + distance) * decay)
    }
}
