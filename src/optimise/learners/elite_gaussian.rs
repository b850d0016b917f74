//! One Gaussian over the best ends.

use nalgebra::DVector;
use serde::{Deserialize, Serialize};

use super::cube::Cube;
use super::gaussian::{Gaussian, ledoit_wolf, mean};
use crate::random::Streams;

/// A Gaussian fitted to the ends of the best share of descents, as one step of an estimation of distribution algorithm
/// (Larrañaga & Lozano 2002) and of the cross-entropy method (Rubinstein 1999). The covariance is that of Ledoit & Wolf
/// (2004) in the unit cube of the box, so that few ends are enough; each width is a thousandth of the box at least.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EliteGaussian {
    /// The share of descents that it is fitted to, rounded up; never fewer than [`EliteGaussian::LEAST`], or all.
    pub share: f64,
}

impl Default for EliteGaussian {
    fn default() -> Self {
        Self { share: 0.1 }
    }
}

impl EliteGaussian {
    /// The fewest ends that it is fitted to where there are as many: below, the mean itself is mostly noise.
    pub const LEAST: usize = 5;

    pub(super) fn propose(self, ends: &[DVector<f64>], cube: &Cube, count: usize, streams: &Streams) -> Vec<Vec<f64>> {
        let elite = Cube::elite(ends, self.share, Self::LEAST);
        let gaussian = Gaussian::new(mean(elite), ledoit_wolf(elite))
            .expect("a sum of a covariance and a positive diagonal is positive definite");
        (0..count as u64).map(|index| cube.vector(&gaussian.draw(&mut streams.stream(index)))).collect()
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;

    use super::*;
    use crate::optimise::bounds::Bounds;
    use crate::optimise::learners::{Learner, TrainingRows};

    #[test]
    fn mean_and_covariance_of_the_best_come_back() {
        let bounds = Bounds { lower: vec![-50.0, -20.0], upper: vec![50.0, 60.0] };
        let known = DMatrix::from_row_slice(2, 2, &[4.0, 1.5, 1.5, 1.0]);
        let source = Gaussian::new(DVector::from_vec(vec![3.0, 7.0]), known.clone()).expect("positive definite");
        let mut generator = Streams::new(1, "rows").stream(0);
        let mut rows = TrainingRows::default();
        for descent in 0..4000 {
            // The good quarter is the source; all else lies far away.
            let good = descent % 4 == 0;
            let at = if good { source.draw(&mut generator) } else { DVector::from_vec(vec![-40.0, 50.0]) };
            rows.push(at.as_slice().to_vec(), if good { 1.0 } else { 2.0 }, descent, true);
        }
        let learner = Learner::EliteGaussian(EliteGaussian { share: 0.25 });
        let drawn = learner.propose(&rows, &bounds, 20_000, &Streams::new(2, "test")).expect("rows");
        let drawn: Vec<DVector<f64>> = drawn.into_iter().map(DVector::from_vec).collect();
        assert!((mean(&drawn) - DVector::from_vec(vec![3.0, 7.0])).norm() < 0.15, "{}", mean(&drawn));
        assert!((ledoit_wolf(&drawn) - known).norm() < 0.4, "{}", ledoit_wolf(&drawn));
    }
}
