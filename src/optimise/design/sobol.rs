//! Owen-scrambled Sobol points.

use rand::RngExt;
use sobol_burley::NUM_DIMENSIONS;
use sobol_burley::parts::{owen_scramble_rev, sobol_rev};

use super::super::bounds::Bounds;
use super::DesignError;
use crate::random::Streams;

/// Most points: the direction numbers of `sobol_burley` have 16 digits.
pub const MOST_SOBOL: usize = 1 << 16;

/// Most dimensions: `sobol_burley` has direction numbers for so many.
pub const MOST_SOBOL_DIMENSIONS: usize = NUM_DIMENSIONS as usize;

/// Sobol points (Sobol' 1967, direction numbers of Joe & Kuo 2008) with the nested scrambling of Owen (1995), by the
/// hash of Burley (2020) as `sobol_burley` improves it. Each dimension has its own stream for its scrambling. The first
/// `n` of more points are the same; each power of two of them has one point in each of as many strata of every
/// dimension, so a power of two is the best count.
///
/// # Errors
/// When there are more than [`MOST_SOBOL`] points or [`MOST_SOBOL_DIMENSIONS`] dimensions.
pub fn sobol(count: usize, bounds: &Bounds, streams: &Streams) -> Result<Vec<Vec<f64>>, DesignError> {
    check(count, bounds.len())?;
    let streams = streams.part("sobol");
    let scrambles: Vec<u32> =
        (0..bounds.len()).map(|dimension| streams.stream(dimension as u64).random::<u32>()).collect();
    let point = |index: usize| {
        let unit: Vec<f64> =
            (0..).zip(&scrambles).map(|(dimension, &scramble)| digits(index, dimension, scramble)).collect();
        bounds.from_unit(&unit)
    };
    Ok((0..count).map(point).collect())
}

pub(super) fn check(count: usize, dimensions: usize) -> Result<(), DesignError> {
    if count > MOST_SOBOL {
        Err(DesignError::SobolCount { count })
    } else if dimensions > MOST_SOBOL_DIMENSIONS {
        Err(DesignError::SobolDimensions { dimensions })
    } else {
        Ok(())
    }
}

/// One coordinate, in the middle of the 2^-32 that its digits tell. The crate's own `sample` keeps 23 digits, and its
/// seed is one for all dimensions.
fn digits(index: usize, dimension: u32, scramble: u32) -> f64 {
    let reversed = owen_scramble_rev(sobol_rev((index as u32).reverse_bits(), dimension), scramble);
    (f64::from(reversed.reverse_bits()) + 0.5) / 4_294_967_296.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{bounds, strata, unit_box};
    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn each_power_of_two_has_one_point_in_each_stratum_of_each_dimension(
            most in 0_u32..9,
            dimensions in 1_usize..40,
            seed in any::<u64>(),
        ) {
            let points = sobol(1 << most, &unit_box(dimensions), &Streams::new(seed, "test")).expect("few points");
            for power in 0..=most {
                for dimension in 0..dimensions {
                    let mut strata = strata(&points[..1 << power], dimension, 1 << power);
                    strata.sort_unstable();
                    prop_assert_eq!(strata, (0..1 << power).collect::<Vec<_>>());
                }
            }
        }

        #[test]
        fn the_first_two_dimensions_fill_each_elementary_interval(power in 0_u32..9, seed in any::<u64>()) {
            let points = sobol(1 << power, &unit_box(2), &Streams::new(seed, "test")).expect("few points");
            for rows in 0..=power {
                let columns = 1_usize << (power - rows);
                let cells = strata(&points, 0, 1 << rows).into_iter().zip(strata(&points, 1, columns));
                let mut cells: Vec<usize> = cells.map(|(row, column)| row * columns + column).collect();
                cells.sort_unstable();
                prop_assert_eq!(cells, (0..1 << power).collect::<Vec<_>>());
            }
        }

        #[test]
        fn seeds_and_dimensions_differ_and_more_points_begin_alike(seed in any::<u64>()) {
            let streams = Streams::new(seed, "test");
            let points = sobol(20, &unit_box(3), &streams).expect("few points");
            prop_assert_eq!(&points[..7], &sobol(7, &unit_box(3), &streams).expect("few points")[..]);
            prop_assert_ne!(&points, &sobol(20, &unit_box(3), &Streams::new(seed ^ 1, "test")).expect("few points"));
            prop_assert!(points.iter().all(|point| point[0] != point[1] && point[1] != point[2]));
        }
    }

    #[test]
    fn refuses_what_the_direction_numbers_do_not_hold() {
        assert_eq!(sobol(MOST_SOBOL, &bounds(1), &Streams::new(1, "test")).expect("the most").len(), 65_536);
        assert_eq!(sobol(2, &bounds(256), &Streams::new(1, "test")).expect("the most")[0].len(), 256);
        assert_eq!(check(65_537, 1), Err(DesignError::SobolCount { count: 65_537 }));
        assert_eq!(check(1, 257), Err(DesignError::SobolDimensions { dimensions: 257 }));
    }
}
