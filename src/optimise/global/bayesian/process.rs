//! The Gaussian process: kriging with a constant mean (Rasmussen & Williams, Gaussian Processes for Machine Learning,
//! 2006, chapters 2 and 5; the concentrated likelihood of Jones, Schonlau & Welch, Journal of Global Optimization 1998).

use std::f64::consts::TAU;

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt;
use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::{Mat, Par, Spec};

use super::kernel::Kernel;

/// A process that has seen targets at inputs. Its mean and its variance are the most likely ones under the kernel, so
/// that the kernel's are its only hyperparameters.
pub(super) struct Process {
    kernel: Kernel,
    /// The inputs in units of the lengthscales, one after the other.
    inputs: Vec<f64>,
    /// Lower Cholesky factor of the correlations with the noise on their diagonal.
    factor: Mat<f64>,
    /// The inverse correlations times the targets' differences from the mean.
    weights: Vec<f64>,
    mean: f64,
    variance: f64,
    log_likelihood: f64,
}

/// What a process says about the noiseless target at an input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Prediction {
    pub(super) mean: f64,
    /// Standard deviation.
    pub(super) deviation: f64,
}

/// The prediction's derivatives by the input in units of the lengthscales.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Slopes {
    pub(super) mean: Vec<f64>,
    pub(super) deviation: Vec<f64>,
}

/// Of the variance, what is always left: rounding would make less of it.
const LEAST_SHARE: f64 = 1e-14;

impl Process {
    /// A process of `targets` at `inputs`; `None` where the correlations are not positive definite to working precision,
    /// or nothing varies.
    pub(super) fn new(kernel: Kernel, inputs: &[Vec<f64>], targets: &[f64]) -> Option<Self> {
        let count = inputs.len();
        let inputs: Vec<f64> = inputs.iter().flat_map(|x| kernel.scaled(x)).collect();
        let dimensions = kernel.lengthscales.len();
        let row = |at: usize| &inputs[at * dimensions..(at + 1) * dimensions];
        let mut factor = Mat::zeros(count, count);
        for column in 0..count {
            factor[(column, column)] = 1.0 + kernel.noise;
            for at in column + 1..count {
                factor[(at, column)] = Kernel::of(row(at), row(column)).0;
            }
        }
        factorise(&mut factor)?;
        let mut solved = Mat::from_fn(count, 2, |at, column| if column == 0 { 1.0 } else { targets[at] });
        solve_lower_triangular_in_place(factor.as_ref(), solved.as_mut(), Par::Seq);
        solve_upper_triangular_in_place(factor.transpose(), solved.as_mut(), Par::Seq);
        let sum = |column: usize| (0..count).map(|at| solved[(at, column)]).sum::<f64>();
        let mean = sum(1) / sum(0);
        let weights: Vec<f64> = (0..count).map(|at| solved[(at, 1)] - mean * solved[(at, 0)]).collect();
        let square: f64 = weights.iter().zip(targets).map(|(weight, target)| weight * (target - mean)).sum();
        let variance = square / count as f64;
        let half_determinant: f64 = (0..count).map(|at| factor[(at, at)].ln()).sum();
        let log_likelihood = -0.5 * count as f64 * ((TAU * variance).ln() + 1.0) - half_determinant;
        (variance > 0.0 && log_likelihood.is_finite()).then_some(Self {
            kernel,
            inputs,
            factor,
            weights,
            mean,
            variance,
            log_likelihood,
        })
    }

    pub(super) fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// The logarithm of the marginal likelihood.
    pub(super) fn log_likelihood(&self) -> f64 {
        self.log_likelihood
    }

    /// Its derivatives by the targets.
    pub(super) fn by_targets(&self) -> impl Iterator<Item = f64> {
        self.weights.iter().map(|weight| -weight / self.variance)
    }

    /// Its derivatives by the logarithms of the lengthscales and, last, of the noise.
    pub(super) fn by_hyperparameters(&self) -> Vec<f64> {
        let (count, dimensions) = (self.weights.len(), self.kernel.lengthscales.len());
        let inverse = self.inverse();
        // The derivative by a correlation; the mean and the variance are at their best and do not count.
        let by = |at: usize, other: usize| {
            0.5 * (self.weights[at] * self.weights[other] / self.variance - inverse[(at, other)])
        };
        let mut slopes = vec![0.0; dimensions + 1];
        for column in 0..count {
            slopes[dimensions] += self.kernel.noise * by(column, column);
            for at in column + 1..count {
                let (one, other) = (self.row(at), self.row(column));
                let factor = 2.0 * by(at, column) * Kernel::of(one, other).1;
                for ((slope, a), b) in slopes.iter_mut().zip(one).zip(other) {
                    *slope += factor * (a - b) * (a - b);
                }
            }
        }
        slopes
    }

    /// Lower triangle of the inverse correlations.
    fn inverse(&self) -> Mat<f64> {
        let count = self.weights.len();
        let mut inverse = Mat::zeros(count, count);
        let mut memory = MemBuffer::new(llt::inverse::inverse_scratch::<f64>(count, Par::Seq));
        llt::inverse::inverse(inverse.as_mut(), self.factor.as_ref(), Par::Seq, MemStack::new(&mut memory));
        inverse
    }

    fn row(&self, at: usize) -> &[f64] {
        let dimensions = self.kernel.lengthscales.len();
        &self.inputs[at * dimensions..(at + 1) * dimensions]
    }

    fn prediction(&self, mean: f64, explained: f64) -> Prediction {
        Prediction { mean: self.mean + mean, deviation: (self.variance * (1.0 - explained).max(LEAST_SHARE)).sqrt() }
    }

    /// Predictions at many inputs.
    pub(super) fn at(&self, inputs: &[Vec<f64>]) -> Vec<Prediction> {
        let count = self.weights.len();
        let mut shared = Mat::zeros(count, inputs.len());
        let mut means = vec![0.0; inputs.len()];
        for (column, input) in inputs.iter().enumerate() {
            let input = self.kernel.scaled(input);
            for at in 0..count {
                let correlation = Kernel::of(self.row(at), &input).0;
                shared[(at, column)] = correlation;
                means[column] += correlation * self.weights[at];
            }
        }
        solve_lower_triangular_in_place(self.factor.as_ref(), shared.as_mut(), Par::Seq);
        let explained = |column: usize| shared.col(column).iter().map(|part| part * part).sum::<f64>();
        means.into_iter().enumerate().map(|(column, mean)| self.prediction(mean, explained(column))).collect()
    }

    /// The prediction at an input in units of the lengthscales, with its slopes there.
    pub(super) fn with_slopes(&self, scaled: &[f64]) -> (Prediction, Slopes) {
        let count = self.weights.len();
        let mut falls = Vec::with_capacity(count);
        let mut mean = 0.0;
        let mut shared = Mat::zeros(count, 1);
        for at in 0..count {
            let (correlation, fall) = Kernel::of(self.row(at), scaled);
            falls.push(fall);
            mean += correlation * self.weights[at];
            shared[(at, 0)] = correlation;
        }
        solve_lower_triangular_in_place(self.factor.as_ref(), shared.as_mut(), Par::Seq);
        let explained: f64 = shared.col(0).iter().map(|part| part * part).sum();
        let prediction = self.prediction(mean, explained);
        solve_upper_triangular_in_place(self.factor.transpose(), shared.as_mut(), Par::Seq);
        let mut slopes = Slopes { mean: vec![0.0; scaled.len()], deviation: vec![0.0; scaled.len()] };
        // At the floor nothing changes.
        let share = if 1.0 - explained > LEAST_SHARE { self.variance / prediction.deviation } else { 0.0 };
        for at in 0..count {
            let by_mean = -falls[at] * self.weights[at];
            let by_deviation = share * falls[at] * shared[(at, 0)];
            for (dimension, (x, seen)) in scaled.iter().zip(self.row(at)).enumerate() {
                slopes.mean[dimension] += by_mean * (x - seen);
                slopes.deviation[dimension] += by_deviation * (x - seen);
            }
        }
        (prediction, slopes)
    }
}

/// Puts the Cholesky factor into the lower triangle. One thread does it, so that the order of the sums is always the
/// same.
fn factorise(matrix: &mut Mat<f64>) -> Option<()> {
    let spec = Spec::default();
    let scratch = llt::factor::cholesky_in_place_scratch::<f64>(matrix.nrows(), Par::Seq, spec);
    let mut memory = MemBuffer::new(scratch);
    let stack = MemStack::new(&mut memory);
    llt::factor::cholesky_in_place(matrix.as_mut(), llt::factor::LltRegularization::default(), Par::Seq, stack, spec)
        .ok()
        .map(|_| ())
}
