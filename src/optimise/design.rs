//! Initial designs: where descents start.

use std::ops::Range;

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use super::bounds::Bounds;
use crate::random::Streams;

/// An initial design by name, as settings hold it; see [`super::schema::designs`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Design {
    /// [`latin_hypercube`]
    LatinHypercube {
        /// How many points.
        count: usize,
    },
    /// [`random`]
    Random {
        /// How many points.
        count: usize,
    },
}

impl Design {
    /// How many points.
    #[must_use]
    pub fn count(&self) -> usize {
        match *self {
            Design::LatinHypercube { count } | Design::Random { count } => count,
        }
    }

    /// Its points in the box, on the estimation scale. The bounds must be finite.
    #[must_use]
    pub fn points(&self, bounds: &Bounds, streams: &Streams) -> Vec<Vec<f64>> {
        match *self {
            Design::LatinHypercube { count } => latin_hypercube(count, bounds, streams),
            Design::Random { count } => random(count, bounds, streams),
        }
    }
}

/// Latin hypercube sampling (`McKay`, Beckman & Conover 1979): each dimension is cut into `count` equal strata, each
/// stratum of each dimension holds one point, uniformly within it. Dimensions are paired at random and each has its own
/// stream.
#[must_use]
pub fn latin_hypercube(count: usize, bounds: &Bounds, streams: &Streams) -> Vec<Vec<f64>> {
    let streams = streams.part("latin hypercube");
    let mut unit = vec![vec![0.0; bounds.len()]; count];
    for dimension in 0..bounds.len() {
        let mut generator = streams.stream(dimension as u64);
        let mut strata: Vec<usize> = (0..count).collect();
        strata.shuffle(&mut generator);
        for (point, stratum) in unit.iter_mut().zip(strata) {
            point[dimension] = (stratum as f64 + generator.random::<f64>()) / count as f64;
        }
    }
    unit.iter().map(|point| bounds.from_unit(point)).collect()
}

/// Independent uniform points in the box. Each point has its own stream: the first `n` of more points are the same.
#[must_use]
pub fn random(count: usize, bounds: &Bounds, streams: &Streams) -> Vec<Vec<f64>> {
    random_within(0..count, bounds, streams)
}

/// Those of the points of [`random`] that have these numbers, for sets too large for memory.
#[must_use]
pub fn random_within(numbers: Range<usize>, bounds: &Bounds, streams: &Streams) -> Vec<Vec<f64>> {
    let streams = streams.part("random");
    numbers
        .map(|index| {
            let mut generator = streams.stream(index as u64);
            bounds.from_unit(&(0..bounds.len()).map(|_| generator.random::<f64>()).collect::<Vec<_>>())
        })
        .collect()
}

/// Points around one row: Gaussian steps of standard deviation `sd` (estimation scale, so 0.5 is half a decade for
/// log10 parameters) in every dimension, mirrored into the box. Around the best training row it is the baseline that a
/// learned initialiser has to beat. Each point has its own stream.
#[must_use]
pub fn jitter(row: &[f64], sd: f64, count: usize, bounds: &Bounds, streams: &Streams) -> Vec<Vec<f64>> {
    let streams = streams.part("jitter");
    (0..count)
        .map(|index| {
            let mut generator = streams.stream(index as u64);
            let moved: Vec<f64> = row.iter().map(|&x| x + sd * generator.sample::<f64, _>(StandardNormal)).collect();
            bounds.reflect(&moved)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bounds(dimensions: usize) -> Bounds {
        Bounds {
            lower: (0..dimensions).map(|index| -5.0 + index as f64).collect(),
            upper: (0..dimensions).map(|index| 5.0 + 2.0 * index as f64).collect(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_latin_hypercube_has_one_point_in_each_stratum(
            count in 1_usize..80,
            dimensions in 1_usize..12,
            seed in any::<u64>(),
        ) {
            let bounds = bounds(dimensions);
            let points = latin_hypercube(count, &bounds, &Streams::new(seed, "test"));
            prop_assert_eq!(points.len(), count);
            for dimension in 0..dimensions {
                let mut strata: Vec<usize> = points
                    .iter()
                    .map(|point| (bounds.to_unit(point)[dimension] * count as f64).floor() as usize)
                    .collect();
                strata.sort_unstable();
                prop_assert_eq!(strata, (0..count).collect::<Vec<_>>());
            }
        }

        #[test]
        fn all_points_lie_in_the_box(
            count in 0_usize..40,
            dimensions in 1_usize..6,
            seed in any::<u64>(),
            sd in 0.0..20.0,
        ) {
            let bounds = bounds(dimensions);
            let streams = Streams::new(seed, "test");
            let row = bounds.from_unit(&vec![0.9; dimensions]);
            for points in [
                latin_hypercube(count, &bounds, &streams),
                random(count, &bounds, &streams),
                jitter(&row, sd, count, &bounds, &streams),
            ] {
                prop_assert_eq!(points.len(), count);
                prop_assert!(points.iter().all(|point| bounds.contains(point)));
            }
        }
    }

    #[test]
    fn random_points_and_jitter_do_not_depend_on_how_many_are_drawn() {
        let (bounds, streams) = (bounds(3), Streams::new(1, "test"));
        assert_eq!(random(10, &bounds, &streams)[..4], random(4, &bounds, &streams)[..]);
        let row = [0.0, 0.0, 0.0];
        assert_eq!(jitter(&row, 0.5, 10, &bounds, &streams)[..4], jitter(&row, 0.5, 4, &bounds, &streams)[..]);
        assert_ne!(random(1, &bounds, &streams), random(1, &bounds, &Streams::new(2, "test")));
    }

    #[test]
    fn jitter_has_the_mean_and_spread_it_says() {
        let bounds = Bounds { lower: vec![-50.0], upper: vec![50.0] };
        let points = jitter(&[2.0], 0.5, 20_000, &bounds, &Streams::new(3, "test"));
        let mean = points.iter().map(|point| point[0]).sum::<f64>() / 20_000.0;
        let variance = points.iter().map(|point| (point[0] - mean).powi(2)).sum::<f64>() / 19_999.0;
        assert!((mean - 2.0).abs() < 0.02, "{mean}");
        assert!((variance.sqrt() - 0.5).abs() < 0.01, "{variance}");
    }
}
