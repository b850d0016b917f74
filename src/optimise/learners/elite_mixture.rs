//! Several Gaussians over the best ends.

use nalgebra::DVector;
use serde::{Deserialize, Serialize};

use super::cube::Cube;
use super::mixture::Mixture;
use crate::random::Streams;

/// A mixture of Gaussians over the ends of the best share of descents, fitted by expectation maximisation (Dempster,
/// Laird & Rubin 1977) from starts by k-means++ (Arthur & Vassilvitskii 2007). The number of components is the one with
/// the lowest BIC (Schwarz 1978) among 1 and up to `most`; each
/// is worth about three ends at least.
///
/// In `d` free parameters the correlations of a component that is worth `n` ends are shrunk towards none by the share
/// `d/(d + n)`, so that few ends are enough. BIC counts `d` means, `d` variances and the share of the `d(d - 1)/2`
/// correlations that is left.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EliteMixture {
    /// The share of descents that it is fitted to, rounded up; never fewer than [`EliteMixture::LEAST`], or all.
    pub share: f64,
    /// Most components.
    pub most: usize,
}

impl Default for EliteMixture {
    fn default() -> Self {
        Self { share: 0.25, most: 5 }
    }
}

impl EliteMixture {
    /// The fewest ends that it is fitted to where there are as many.
    pub const LEAST: usize = 5;

    pub(super) fn propose(self, ends: &[DVector<f64>], cube: &Cube, count: usize, streams: &Streams) -> Vec<Vec<f64>> {
        let mixture = Mixture::of(Cube::elite(ends, self.share, Self::LEAST), self.most, &streams.part("fit"));
        (0..count as u64).map(|index| cube.vector(&mixture.draw(&mut streams.stream(index)))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::bounds::Bounds;
    use crate::optimise::learners::gaussian::noise;

    fn cloud(centres: &[[f64; 2]], each: usize, sd: f64) -> Vec<DVector<f64>> {
        let mut generator = Streams::new(3, "cloud").stream(0);
        let mut places = Vec::new();
        for centre in centres {
            places.extend((0..each).map(|_| DVector::from_row_slice(centre) + noise(2, &mut generator) * sd));
        }
        places
    }

    #[test]
    fn draws_come_from_both_modes_with_their_spread() {
        let bounds = Bounds { lower: vec![0.0; 2], upper: vec![1.0; 2] };
        let ends: Vec<DVector<f64>> = cloud(&[[0.25, 0.25], [0.75, 0.6]], 200, 0.03);
        let learner = EliteMixture { share: 1.0, most: 5 };
        let found = learner.propose(&ends, &Cube::new(&bounds), 4000, &Streams::new(1, "test"));
        let first: Vec<f64> = found.iter().map(|x| x[0]).filter(|x| *x < 0.5).collect();
        assert!((first.len() as f64 / 4000.0 - 0.5).abs() < 0.03);
        let mean = first.iter().sum::<f64>() / first.len() as f64;
        let sd = (first.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / first.len() as f64).sqrt();
        assert!((mean - 0.25).abs() < 0.008 && (sd - 0.03).abs() < 0.004, "{mean} {sd}");
    }
}
