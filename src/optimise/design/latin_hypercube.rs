//! Latin hypercube sampling.

use rand::RngExt;
use rand::seq::SliceRandom;

use super::super::bounds::Bounds;
use crate::random::Streams;

/// Latin hypercube sampling (`McKay`, Beckman & Conover 1979): each dimension is cut into `count` equal strata, each
/// stratum of each dimension holds one point, uniformly within it. Dimensions are paired at random and each has its own
/// stream.
#[must_use]
pub fn latin_hypercube(count: usize, bounds: &Bounds, streams: &Streams) -> Vec<Vec<f64>> {
    on_unit_box(count, bounds.len(), streams).iter().map(|point| bounds.from_unit(point)).collect()
}

pub(super) fn on_unit_box(count: usize, dimensions: usize, streams: &Streams) -> Vec<Vec<f64>> {
    let streams = streams.part("latin hypercube");
    let mut unit = vec![vec![0.0; dimensions]; count];
    for dimension in 0..dimensions {
        let mut generator = streams.stream(dimension as u64);
        let mut strata: Vec<usize> = (0..count).collect();
        strata.shuffle(&mut generator);
        for (point, stratum) in unit.iter_mut().zip(strata) {
            point[dimension] = (stratum as f64 + generator.random::<f64>()) / count as f64;
        }
    }
    unit
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{bounds, strata};
    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn each_stratum_of_each_dimension_holds_one_point(
            count in 1_usize..80,
            dimensions in 1_usize..12,
            seed in any::<u64>(),
        ) {
            let bounds = bounds(dimensions);
            let points = latin_hypercube(count, &bounds, &Streams::new(seed, "test"));
            prop_assert_eq!(points.len(), count);
            let unit: Vec<_> = points.iter().map(|point| bounds.to_unit(point)).collect();
            for dimension in 0..dimensions {
                let mut strata = strata(&unit, dimension, count);
                strata.sort_unstable();
                prop_assert_eq!(strata, (0..count).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn points_are_those_that_cached_results_started_from() {
        let points = latin_hypercube(3, &bounds(2), &Streams::new(1, "test"));
        let expected = [
            [1.7332436273444038, 3.758732903732451],
            [-2.4649526938140505, -3.683061268838678],
            [-1.4953787773628386, 1.7547136450233571],
        ];
        assert_eq!(points, expected);
    }
}
