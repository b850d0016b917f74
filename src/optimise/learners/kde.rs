//! A kernel density of the ends.

use nalgebra::DVector;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::cube::{Cube, FLOOR};
use super::gaussian::{chosen, noise};
use crate::random::Streams;

/// A density of Gaussian kernels at the ends of all descents, lower ends weighing more: that of rank `i`, from 0, of
/// `n` weighs `exp(-i / (share n))`. Ranks are taken because fvals of different problems have no common scale.
///
/// Bandwidths follow Scott's rule (Scott, Multivariate Density Estimation, 1992): in each parameter the weighted
/// standard deviation times `n^(-1/(d + 4))`, with `d` free parameters and the number `n` of ends that the weights are
/// worth (Kish 1965); at least a thousandth of the box. A proposal is a kernel drawn by weight and a draw from it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Kde {
    /// The share of the ends over which the weight falls by the factor e.
    pub share: f64,
}

impl Default for Kde {
    fn default() -> Self {
        Self { share: 0.1 }
    }
}

impl Kde {
    pub(super) fn propose(self, ends: &[DVector<f64>], cube: &Cube, count: usize, streams: &Streams) -> Vec<Vec<f64>> {
        let density = Density::of(ends, self.share);
        let propose = |index| {
            let mut generator = streams.stream(index);
            let kernel = chosen(&density.weights, generator.random());
            let step = noise(density.bandwidth.len(), &mut generator).component_mul(&density.bandwidth);
            cube.vector(&(&ends[kernel] + step))
        };
        (0..count as u64).map(propose).collect()
    }
}

/// Weights that sum to 1 and one bandwidth for each parameter.
struct Density {
    weights: Vec<f64>,
    bandwidth: DVector<f64>,
}

impl Density {
    fn of(ends: &[DVector<f64>], share: f64) -> Self {
        let reach = (share * ends.len() as f64).max(f64::MIN_POSITIVE);
        let raw: Vec<f64> = (0..ends.len()).map(|rank| (-(rank as f64) / reach).exp()).collect();
        let total: f64 = raw.iter().sum();
        let weights: Vec<f64> = raw.iter().map(|weight| weight / total).collect();
        let dimensions = ends[0].len();
        let weighted = || weights.iter().zip(ends);
        let mean = weighted().fold(DVector::zeros(dimensions), |sum, (&weight, end)| sum + end * weight);
        let squares: f64 = weights.iter().map(|weight| weight * weight).sum();
        let variance = weighted().fold(DVector::zeros(dimensions), |sum: DVector<f64>, (&weight, end)| {
            sum + (end - &mean).map(|away| weight * away * away)
        });
        // Unbiased for weights of precision; with all weight on one end there is no variance, and the floor holds.
        let unbiased = if squares < 1.0 { 1.0 / (1.0 - squares) } else { 1.0 };
        let scott = squares.powf(1.0 / (dimensions as f64 + 4.0));
        let bandwidth = variance.map(|variance| (scott * (unbiased * variance).sqrt()).max(FLOOR));
        Self { weights, bandwidth }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::bounds::Bounds;
    use crate::optimise::learners::{Learner, TrainingRows};

    fn at(density: &Density, ends: &[DVector<f64>], x: f64) -> f64 {
        let h = density.bandwidth[0];
        let kernel =
            |end: &DVector<f64>| (-0.5 * ((x - end[0]) / h).powi(2)).exp() / (h * std::f64::consts::TAU.sqrt());
        density.weights.iter().zip(ends).map(|(weight, end)| weight * kernel(end)).sum()
    }

    #[test]
    fn bandwidths_are_those_of_scipy() {
        // scipy.stats.gaussian_kde(points, weights=exp(-rank/2)): square roots of the diagonal of `covariance`.
        let ends: Vec<DVector<f64>> =
            [[0.1, 0.5], [0.4, 0.6], [0.3, 0.2], [0.8, 0.9]].iter().map(|at| DVector::from_row_slice(at)).collect();
        let found = Density::of(&ends, 0.5).bandwidth;
        let known = [0.2159699306127021, 0.18461350908260968];
        assert!((found - DVector::from_row_slice(&known)).norm() < 1e-12);
    }

    #[test]
    fn the_density_integrates_to_one_and_draws_follow_it() {
        let places = [0.3, 0.35, 0.6, 0.32, 0.5];
        let ends: Vec<DVector<f64>> = places.iter().map(|&place| DVector::from_element(1, place)).collect();
        let density = Density::of(&ends, 0.4);
        let integral = |from: f64, to: f64| {
            let step = (to - from) / 20_000.0;
            (0..20_000).map(|index| at(&density, &ends, from + (f64::from(index) + 0.5) * step) * step).sum::<f64>()
        };
        assert!((integral(-2.0, 3.0) - 1.0).abs() < 1e-9);
        let bounds = Bounds { lower: vec![0.0], upper: vec![1.0] };
        let mut rows = TrainingRows::default();
        for (descent, &place) in places.iter().enumerate() {
            rows.push(vec![place], descent as f64, descent, true);
        }
        let learner = Learner::Kde(Kde { share: 0.4 });
        let drawn = learner.propose(&rows, &bounds, 20_000, &Streams::new(1, "test")).expect("rows");
        let within = drawn.iter().filter(|x| 0.25 < x[0] && x[0] < 0.4).count() as f64 / 20_000.0;
        assert!((within - integral(0.25, 0.4)).abs() < 0.015, "{within}");
    }
}
