//! The search distribution of one run of CMA-ES and its update (Hansen, The CMA Evolution Strategy: A Tutorial, 2016;
//! numbers of equations are the tutorial's), with negative weights.

use nalgebra::{DMatrix, DVector, SymmetricEigen};
use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::super::generations::ranked;

/// A Gaussian, `mean + sigma N(0, C)`, with its evolution paths.
pub(super) struct Distribution {
    pub(super) mean: DVector<f64>,
    pub(super) sigma: f64,
    pub(super) covariance: DMatrix<f64>,
    pub(super) path: DVector<f64>,
    /// Columns are the covariance's eigenvectors.
    pub(super) axes: DMatrix<f64>,
    /// Square roots of its eigenvalues.
    pub(super) lengths: DVector<f64>,
    sigma_path: DVector<f64>,
    constants: Constants,
    updates: i32,
    decomposed: i32,
}

/// What depends on dimensions and population alone: table 1 of the tutorial.
struct Constants {
    weights: Vec<f64>,
    /// How many weights are positive.
    parents: usize,
    effective: f64,
    sigma_rate: f64,
    sigma_damping: f64,
    path_rate: f64,
    rank_one: f64,
    rank_mu: f64,
    /// The expected norm of a standard normal vector.
    normal_norm: f64,
    /// Updates after which the eigenvectors are computed again.
    patience: i32,
}

impl Distribution {
    pub(super) fn new(mean: DVector<f64>, sigma: f64, population: usize) -> Self {
        let dimensions = mean.len();
        Self {
            mean,
            sigma,
            covariance: DMatrix::identity(dimensions, dimensions),
            path: DVector::zeros(dimensions),
            axes: DMatrix::identity(dimensions, dimensions),
            lengths: DVector::from_element(dimensions, 1.0),
            sigma_path: DVector::zeros(dimensions),
            constants: Constants::new(dimensions, population),
            updates: 0,
            decomposed: 0,
        }
    }

    /// A step from the mean in units of sigma, `y ~ N(0, C)`.
    pub(super) fn step(&self, generator: &mut ChaCha8Rng) -> DVector<f64> {
        let normal =
            DVector::from_iterator(self.mean.len(), (0..self.mean.len()).map(|_| generator.sample(StandardNormal)));
        &self.axes * self.lengths.component_mul(&normal)
    }

    /// One generation: the steps with their fvals, infinite ones ranked last.
    pub(super) fn update(&mut self, steps: &[DVector<f64>], fvals: &[f64]) {
        let Constants { weights, parents, effective, sigma_rate, path_rate, rank_one, rank_mu, .. } = &self.constants;
        let dimensions = self.mean.len() as f64;
        self.updates += 1;
        let order = ranked(fvals);
        let mut moved = DVector::zeros(self.mean.len());
        for (weight, &index) in weights[..*parents].iter().zip(&order) {
            moved.axpy(*weight, &steps[index], 1.0);
        }
        self.mean.axpy(self.sigma, &moved, 1.0);

        let white = &self.axes * self.whitened(&moved);
        self.sigma_path =
            &self.sigma_path * (1.0 - sigma_rate) + white * (sigma_rate * (2.0 - sigma_rate) * effective).sqrt();
        let norm = self.sigma_path.norm();
        let warm = (1.0 - (1.0 - sigma_rate).powi(2 * self.updates)).sqrt();
        let steady = norm / warm < (1.4 + 2.0 / (dimensions + 1.0)) * self.constants.normal_norm;
        let share = if steady { (path_rate * (2.0 - path_rate) * effective).sqrt() } else { 0.0 };
        self.path = &self.path * (1.0 - path_rate) + moved * share;

        let lost = if steady { 0.0 } else { rank_one * path_rate * (2.0 - path_rate) };
        let total: f64 = weights.iter().sum();
        self.covariance *= 1.0 + lost - rank_one - rank_mu * total;
        self.covariance.ger(*rank_one, &self.path, &self.path, 1.0);
        for (&weight, &index) in weights.iter().zip(&order) {
            let step = &steps[index];
            // A long step with a negative weight would take more than there is (46).
            let weight = if weight < 0.0 { weight * dimensions / self.whitened(step).norm_squared() } else { weight };
            if weight.is_finite() {
                self.covariance.ger(rank_mu * weight, step, step, 1.0);
            }
        }
        self.sigma *=
            ((norm / self.constants.normal_norm - 1.0) * sigma_rate / self.constants.sigma_damping).min(1.0).exp();
        if self.updates - self.decomposed >= self.constants.patience {
            self.decompose();
        }
    }

    /// Coordinates along the axes in units of their lengths.
    fn whitened(&self, step: &DVector<f64>) -> DVector<f64> {
        self.axes.tr_mul(step).component_div(&self.lengths)
    }

    fn decompose(&mut self) {
        self.decomposed = self.updates;
        self.covariance = (&self.covariance + self.covariance.transpose()) * 0.5;
        let eigen = SymmetricEigen::new(self.covariance.clone());
        let least = eigen.eigenvalues.max() * 1e-20;
        self.lengths = eigen.eigenvalues.map(|value| value.max(least).sqrt());
        self.axes = eigen.eigenvectors;
    }

    /// Are all numbers finite, and is there any spread left?
    pub(super) fn is_sound(&self) -> bool {
        self.sigma > 0.0
            && self.sigma.is_finite()
            && self.mean.iter().chain(&self.covariance).all(|number| number.is_finite())
            && self.lengths.min() > 0.0
    }
}

impl Constants {
    fn new(dimensions: usize, population: usize) -> Self {
        let n = dimensions as f64;
        let parents = population / 2;
        let raw: Vec<f64> =
            (1..=population).map(|rank| f64::midpoint(population as f64, 1.0).ln() - (rank as f64).ln()).collect();
        let variance_effective = |weights: &[f64]| {
            let squares: f64 = weights.iter().map(|weight| weight * weight).sum();
            if squares > 0.0 { weights.iter().sum::<f64>().powi(2) / squares } else { 0.0 }
        };
        let effective = variance_effective(&raw[..parents]);
        let effective_negative = variance_effective(&raw[parents..]);
        let rank_one = (population as f64 / 6.0).min(1.0) * 2.0 / ((n + 1.3).powi(2) + effective);
        let rank_mu =
            (1.0 - rank_one).min(2.0 * (0.25 + effective + 1.0 / effective - 2.0) / ((n + 2.0).powi(2) + effective));
        // (50) to (53)
        let negative = (1.0 + rank_one / rank_mu)
            .min(1.0 + 2.0 * effective_negative / (effective_negative + 2.0))
            .min((1.0 - rank_one - rank_mu) / (n * rank_mu));
        let (gain, loss) = raw
            .iter()
            .fold((0.0, 0.0), |(gain, loss): (f64, f64), &weight| (gain + weight.max(0.0), loss - weight.min(0.0)));
        let weights =
            raw.iter().map(|&weight| if weight >= 0.0 { weight / gain } else { weight * negative / loss }).collect();
        let sigma_rate = (effective + 2.0) / (n + effective + 5.0);
        Self {
            weights,
            parents,
            effective,
            sigma_rate,
            sigma_damping: 1.0 + 2.0 * (((effective - 1.0) / (n + 1.0)).sqrt() - 1.0).max(0.0) + sigma_rate,
            path_rate: (4.0 + effective / n) / (n + 4.0 + 2.0 * effective / n),
            rank_one,
            rank_mu,
            normal_norm: n.sqrt() * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n)),
            patience: (0.1 / (n * (rank_one + rank_mu))).floor().max(1.0) as i32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positive_weights_sum_to_one_and_negative_ones_keep_the_covariance_definite() {
        for (dimensions, population) in [(1, 4), (2, 6), (10, 10), (10, 320), (50, 15)] {
            let constants = Constants::new(dimensions, population);
            let positive: f64 = constants.weights.iter().filter(|&&weight| weight > 0.0).sum();
            let negative: f64 = constants.weights.iter().filter(|&&weight| weight < 0.0).sum();
            assert!((positive - 1.0).abs() < 1e-12);
            let kept = 1.0 - constants.rank_one - constants.rank_mu * (positive + negative)
                + constants.rank_mu * dimensions as f64 * negative;
            assert!(kept > -1e-12, "{dimensions} {population}: {kept}");
        }
    }
}
