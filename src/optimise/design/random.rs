//! Independent uniform points.

use std::ops::Range;

use rand::RngExt;

use super::super::bounds::Bounds;
use crate::random::Streams;

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

#[cfg(test)]
mod tests {
    use super::super::tests::bounds;
    use super::*;

    #[test]
    fn points_do_not_depend_on_how_many_are_drawn() {
        let (bounds, streams) = (bounds(3), Streams::new(1, "test"));
        let points = random(10, &bounds, &streams);
        assert_eq!(points[..4], random(4, &bounds, &streams)[..]);
        assert_eq!(points[3..7], random_within(3..7, &bounds, &streams)[..]);
        assert_ne!(random(1, &bounds, &streams), random(1, &bounds, &Streams::new(2, "test")));
    }
}
