//! Latin hypercubes whose points keep their distance.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::super::bounds::Bounds;
use super::{DesignError, latin_hypercube};
use crate::random::Streams;

/// Most points of a maximin hypercube; the distances of all pairs are held in memory.
pub const MOST_MAXIMIN: usize = 2000;

/// Most swaps that are tried for one hypercube, a bound on the work in boxes of many dimensions.
const MOST_TRIALS: usize = 200_000;

/// A [`latin_hypercube()`] whose smallest distance between two points, on the unit box, is enlarged by swaps of single
/// coordinates (maximin criterion and column swaps of Morris & Mitchell 1995; a plain ascent in place of their
/// annealing). Swaps keep the strata. It ends where no swap of a point of the closest pair helps, or after 200000
/// trials. Fixed parameters do not count in distances.
///
/// # Errors
/// When there are more than [`MOST_MAXIMIN`] points.
pub fn maximin_latin_hypercube(count: usize, bounds: &Bounds, streams: &Streams) -> Result<Vec<Vec<f64>>, DesignError> {
    check(count)?;
    let unit = latin_hypercube::on_unit_box(count, bounds.len(), streams);
    let free: Vec<usize> =
        bounds.pairs().enumerate().filter(|(_, (lower, upper))| lower < upper).map(|(index, _)| index).collect();
    let mut cloud = Cloud::new(unit, free);
    cloud.spread(&mut streams.part("maximin").stream(0));
    Ok(cloud.points.iter().map(|point| bounds.from_unit(point)).collect())
}

pub(super) fn check(count: usize) -> Result<(), DesignError> {
    if count > MOST_MAXIMIN { Err(DesignError::MaximinCount { count }) } else { Ok(()) }
}

/// Points with the squared distances of all pairs.
struct Cloud {
    points: Vec<Vec<f64>>,
    /// The dimensions that count.
    free: Vec<usize>,
    squares: Vec<Vec<f64>>,
    /// The nearest other point of each point.
    nearest: Vec<usize>,
}

impl Cloud {
    fn new(points: Vec<Vec<f64>>, free: Vec<usize>) -> Self {
        let count = points.len();
        let mut cloud =
            Self { points, free, squares: vec![vec![f64::INFINITY; count]; count], nearest: vec![0; count] };
        (0..count).for_each(|point| cloud.measure(point));
        (0..count).for_each(|point| cloud.find_nearest(point));
        cloud
    }

    fn spread(&mut self, generator: &mut ChaCha8Rng) {
        let count = self.points.len();
        // Two points have one distance whatever is swapped, and one dimension has no other hypercube.
        if count < 3 || self.free.len() < 2 {
            return;
        }
        let swaps = 2 * self.free.len() * count;
        let mut trials = 0;
        while trials < MOST_TRIALS {
            let (first, second) = self.closest();
            let least = self.squares[first][second];
            let start = generator.random_range(0..swaps);
            let better = (0..swaps.min(MOST_TRIALS - trials)).find_map(|step| {
                trials += 1;
                let swap = (start + step) % swaps;
                let point = [first, second][swap % 2];
                let dimension = self.free[swap / 2 % self.free.len()];
                let partner = swap / 2 / self.free.len();
                let helps = partner != first && partner != second && self.would_help(point, partner, dimension, least);
                helps.then_some((point, partner, dimension))
            });
            let Some((point, partner, dimension)) = better else { return };
            self.swap(point, partner, dimension);
        }
    }

    fn closest(&self) -> (usize, usize) {
        let distance = |&point: &usize| self.squares[point][self.nearest[point]];
        let first =
            (0..self.points.len()).min_by(|a, b| distance(a).total_cmp(&distance(b))).expect("there are three points");
        (first, self.nearest[first])
    }

    /// Would both points, with this coordinate swapped, be further than this from all others? Their own distance stays.
    fn would_help(&self, point: usize, partner: usize, dimension: usize, least: f64) -> bool {
        let (old, new) = (self.points[point][dimension], self.points[partner][dimension]);
        self.points.iter().enumerate().filter(|(other, _)| *other != point && *other != partner).all(|(other, row)| {
            let change = (row[dimension] - new).powi(2) - (row[dimension] - old).powi(2);
            self.squares[point][other] + change > least && self.squares[partner][other] - change > least
        })
    }

    fn swap(&mut self, point: usize, partner: usize, dimension: usize) {
        let value = self.points[point][dimension];
        self.points[point][dimension] = std::mem::replace(&mut self.points[partner][dimension], value);
        self.measure(point);
        self.measure(partner);
        for other in 0..self.points.len() {
            let nearest = self.nearest[other];
            if [point, partner].contains(&other) || [point, partner].contains(&nearest) {
                self.find_nearest(other);
            } else {
                for moved in [point, partner] {
                    if self.squares[other][moved] < self.squares[other][self.nearest[other]] {
                        self.nearest[other] = moved;
                    }
                }
            }
        }
    }

    fn measure(&mut self, point: usize) {
        for other in (0..self.points.len()).filter(|&other| other != point) {
            let (a, b) = (&self.points[point], &self.points[other]);
            let square = self.free.iter().map(|&dimension| (a[dimension] - b[dimension]).powi(2)).sum();
            self.squares[point][other] = square;
            self.squares[other][point] = square;
        }
    }

    fn find_nearest(&mut self, point: usize) {
        let row = &self.squares[point];
        self.nearest[point] = (0..row.len()).min_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{bounds, strata, unit_box};
    use super::*;

    fn smallest_distance(points: &[Vec<f64>]) -> f64 {
        let distance = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        let pairs = points.iter().enumerate().flat_map(|(index, a)| points[..index].iter().map(move |b| (a, b)));
        pairs.map(|(a, b)| distance(a, b)).fold(f64::INFINITY, f64::min)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn strata_stay_and_the_smallest_distance_does_not_fall(
            count in 1_usize..30,
            dimensions in 1_usize..8,
            seed in any::<u64>(),
        ) {
            let (bounds, streams) = (unit_box(dimensions), Streams::new(seed, "test"));
            let plain = latin_hypercube(count, &bounds, &streams);
            let spread = maximin_latin_hypercube(count, &bounds, &streams).expect("few points");
            prop_assert!(smallest_distance(&spread) >= smallest_distance(&plain) - 1e-12);
            for dimension in 0..dimensions {
                let mut strata = strata(&spread, dimension, count);
                strata.sort_unstable();
                prop_assert_eq!(strata, (0..count).collect::<Vec<_>>());
            }
        }

        #[test]
        fn kept_distances_and_neighbours_are_those_of_the_points(seed in any::<u64>()) {
            let unit = latin_hypercube::on_unit_box(12, 3, &Streams::new(seed, "test"));
            let mut cloud = Cloud::new(unit, vec![0, 2]);
            cloud.spread(&mut Streams::new(seed, "swaps").stream(0));
            let fresh = Cloud::new(cloud.points.clone(), vec![0, 2]);
            prop_assert_eq!(&cloud.squares, &fresh.squares);
            for point in 0..12 {
                prop_assert_eq!(
                    cloud.squares[point][cloud.nearest[point]],
                    fresh.squares[point][fresh.nearest[point]]
                );
            }
        }
    }

    #[test]
    fn the_smallest_distance_grows() {
        let (bounds, streams) = (unit_box(4), Streams::new(1, "test"));
        let plain = smallest_distance(&latin_hypercube(40, &bounds, &streams));
        let spread = smallest_distance(&maximin_latin_hypercube(40, &bounds, &streams).expect("few points"));
        assert!(spread > 1.5 * plain, "{plain} to {spread}");
    }

    #[test]
    fn fixed_parameters_do_not_count() {
        let mut bounds = bounds(3);
        bounds.upper[1] = bounds.lower[1];
        let streams = Streams::new(1, "test");
        let free = |points: Vec<Vec<f64>>| {
            let unit = points.iter().map(|point| bounds.to_unit(point));
            smallest_distance(&unit.collect::<Vec<_>>())
        };
        let plain = free(latin_hypercube(20, &bounds, &streams));
        let spread = free(maximin_latin_hypercube(20, &bounds, &streams).expect("few points"));
        assert!(spread > 1.2 * plain, "{plain} to {spread}");
    }

    #[test]
    fn refuses_more_pairs_than_memory_should_hold() {
        assert_eq!(check(MOST_MAXIMIN), Ok(()));
        assert_eq!(check(2001), Err(DesignError::MaximinCount { count: 2001 }));
    }
}
