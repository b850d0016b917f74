//! Offspring of the best minima that are known.

use nalgebra::DVector;
use rand::RngExt;
use rand::seq::index::sample;
use serde::{Deserialize, Serialize};

use super::cube::Cube;
use super::gaussian::noise;
use crate::random::Streams;

/// Each proposal has several parents among the best distinct ends and takes each coordinate from one of them, at random
/// (uniform crossover, Syswerda 1989; dominant recombination of evolution strategies, Beyer & Schwefel 2002), and then
/// a small Gaussian step. It helps where parts of a model are fitted well by different minima.
///
/// From the lowest fval up, an end is distinct when it lies farther than [`Recombination::SAME`] from every one before,
/// in some parameter and as a share of the box. Ends along a flat direction are therefore several parents, although
/// they are one minimum: what they predict is not known here.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recombination {
    /// Of how many of the best distinct ends parents are drawn.
    pub among: usize,
    /// How many parents a proposal has, drawn without replacement; as many as there are where there are fewer.
    pub parents: usize,
    /// Standard deviation of the step, on the estimation scale.
    pub sd: f64,
}

impl Default for Recombination {
    fn default() -> Self {
        Self { among: 20, parents: 2, sd: 0.05 }
    }
}

impl Recombination {
    /// The share of the box within which two ends are one.
    pub const SAME: f64 = 0.01;

    /// `None` when there are fewer than two distinct ends.
    pub(super) fn propose(
        self,
        ends: &[DVector<f64>],
        cube: &Cube,
        count: usize,
        streams: &Streams,
    ) -> Option<Vec<Vec<f64>>> {
        let known = self.distinct(ends);
        if known.len() < 2 {
            return None;
        }
        let sd = cube.step(self.sd);
        let propose = |index| {
            let mut generator = streams.stream(index);
            let parents = sample(&mut generator, known.len(), self.parents.clamp(1, known.len())).into_vec();
            let inherit = |coordinate: usize, parent: usize| known[parents[parent]][coordinate];
            let child = DVector::from_fn(sd.len(), |coordinate, _| {
                inherit(coordinate, generator.random_range(0..parents.len()))
            });
            cube.vector(&(child + noise(sd.len(), &mut generator).component_mul(&sd)))
        };
        Some((0..count as u64).map(propose).collect())
    }

    fn distinct(self, ends: &[DVector<f64>]) -> Vec<&DVector<f64>> {
        let mut known: Vec<&DVector<f64>> = Vec::new();
        for end in ends {
            if known.len() == self.among.max(2) {
                break;
            }
            if known.iter().all(|other| (end - *other).amax() > Self::SAME) {
                known.push(end);
            }
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::bounds::Bounds;
    use crate::optimise::learners::{Learner, TrainingRows};

    fn rows() -> TrainingRows {
        let mut rows = TrainingRows::default();
        // The second is the first again, the last too high to be among the best three.
        for (descent, first) in [1.0, 1.01, 2.0, 3.0, 4.0].into_iter().enumerate() {
            rows.push((0..6).map(|j| first + 0.1 * f64::from(j)).collect(), descent as f64, descent, true);
        }
        rows
    }

    #[test]
    fn without_steps_each_coordinate_is_that_of_a_parent() {
        let bounds = Bounds { lower: vec![0.0; 6], upper: vec![5.0; 6] };
        let learner = Learner::Recombination(Recombination { among: 3, parents: 2, sd: 0.0 });
        let found = learner.propose(&rows(), &bounds, 300, &Streams::new(1, "test")).expect("rows");
        let mut seen = [0; 3];
        for vector in found {
            let of: Vec<usize> = vector
                .iter()
                .enumerate()
                .map(|(j, x)| {
                    let origin = [1.0, 2.0, 3.0].iter().position(|from| (from + 0.1 * j as f64 - x).abs() < 1e-12);
                    origin.expect("a parent's coordinate")
                })
                .collect();
            for &parent in &of {
                seen[parent] += 1;
            }
            assert!((0..3).any(|parent| !of.contains(&parent)), "more than two parents");
        }
        assert!(seen.iter().all(|&count| (500..700).contains(&count)), "{seen:?}");
    }

    #[test]
    fn steps_have_the_spread_they_say() {
        let bounds = Bounds { lower: vec![0.0; 6], upper: vec![5.0, 6.0, 7.0, 8.0, 9.0, 10.0] };
        let learner = Learner::Recombination(Recombination { among: 2, parents: 1, sd: 0.1 });
        let found = learner.propose(&rows(), &bounds, 10_000, &Streams::new(1, "test")).expect("rows");
        let first: Vec<f64> = found.iter().map(|x| x[5] - 1.5).filter(|away| away.abs() < 0.5).collect();
        let variance = first.iter().map(|away| away * away).sum::<f64>() / first.len() as f64;
        assert!((variance.sqrt() - 0.1).abs() < 0.005, "{variance}");
    }
}
