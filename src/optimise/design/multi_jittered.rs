//! Correlated multi-jittered sampling and its orthogonal arrays.

use rand::RngExt;
use rand::seq::SliceRandom;

use super::super::bounds::Bounds;
use super::DesignError;
use crate::random::Streams;

/// Correlated multi-jittered sampling: each dimension on its own is a Latin hypercube of `count` strata, and each pair
/// of dimensions has one point in each of its cells.
///
/// - One dimension is stratified.
/// - Two have m x n cells, `count = m n` with m and n as near each other as they can be (Kensler 2013). A prime count
///   has 1 x `count`, which is a plain Latin hypercube.
/// - More have p x p cells in each pair, from the orthogonal array of strength 2 of Bose (1938) as Owen (1992) and Tang
///   (1993) randomise it and Jarosz et al. (2019) correlate it.
///
/// Points stand in random order; each dimension has its own stream.
///
/// # Errors
/// In three or more dimensions, when `count` is not p^2 with p prime and at least `dimensions - 1`.
pub fn multi_jittered(count: usize, bounds: &Bounds, streams: &Streams) -> Result<Vec<Vec<f64>>, DesignError> {
    check(count, bounds.len())?;
    let streams = streams.part("multi jittered");
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(&mut streams.part("order").stream(0));
    let mut unit = vec![vec![0.0; bounds.len()]; count];
    for (dimension, column) in columns(count, bounds.len()).into_iter().enumerate() {
        let mut generator = streams.stream(dimension as u64);
        let inner = count / column.levels.max(1);
        let mut outer_order: Vec<usize> = (0..column.levels).collect();
        let mut inner_order: Vec<usize> = (0..inner).collect();
        outer_order.shuffle(&mut generator);
        inner_order.shuffle(&mut generator);
        for (&at, (&level, &within)) in order.iter().zip(column.level.iter().zip(&column.within)) {
            let stratum = outer_order[level] * inner + inner_order[within];
            unit[at][dimension] = (stratum as f64 + generator.random::<f64>()) / count as f64;
        }
    }
    Ok(unit.iter().map(|point| bounds.from_unit(point)).collect())
}

/// The smallest number of points, at least as many as asked for, that the design has in a box of so many dimensions.
#[must_use]
pub fn multi_jittered_count(at_least: usize, dimensions: usize) -> usize {
    match check(at_least, dimensions) {
        Err(DesignError::MultiJitteredCount { above, .. }) => above,
        _ => at_least,
    }
}

pub(super) fn check(count: usize, dimensions: usize) -> Result<(), DesignError> {
    let least = dimensions.saturating_sub(1).max(2);
    let root = count.isqrt();
    if dimensions < 3 || (root * root == count && root >= least && is_prime(root)) {
        return Ok(());
    }
    let below = (least..=root).rev().find(|&p| is_prime(p)).map(|p| p * p);
    let from = least.max(root + 1);
    let above = (from..=2 * from).find(|&p| is_prime(p)).expect("Bertrand: no number's double comes before a prime");
    Err(DesignError::MultiJitteredCount { count, dimensions, below, above: above * above })
}

/// One dimension of the array: the cell of each point, and the place among the points of that cell, which the cell in
/// a partner dimension tells. With strength 2 these places are all different.
struct Column {
    levels: usize,
    level: Vec<usize>,
    within: Vec<usize>,
}

fn columns(count: usize, dimensions: usize) -> Vec<Column> {
    match dimensions {
        0 => Vec::new(),
        1 => vec![Column { levels: count, level: (0..count).collect(), within: vec![0; count] }],
        2 => {
            let m = (1..=count.isqrt()).rev().find(|m| count.is_multiple_of(*m)).unwrap_or(1);
            let n = count / m;
            let row: Vec<usize> = (0..count).map(|point| point / n).collect();
            let column: Vec<usize> = (0..count).map(|point| point % n).collect();
            vec![
                Column { levels: m, level: row.clone(), within: column.clone() },
                Column { levels: n, level: column, within: row },
            ]
        }
        _ => {
            let p = count.isqrt();
            let level = |dimension| (0..count).map(|point| bose(point, dimension, p)).collect();
            // Neighbours in pairs; the array has one column more than an even p has partners for.
            let partner = |dimension: usize| if dimension ^ 1 <= p { dimension ^ 1 } else { 0 };
            (0..dimensions)
                .map(|dimension| Column { levels: p, level: level(dimension), within: level(partner(dimension)) })
                .collect()
        }
    }
}

/// Bose's array: the points are (a, b) modulo p, the columns a, b, a + b, a + 2 b, up to a + (p - 1) b. Any two of them
/// tell a and b.
fn bose(point: usize, dimension: usize, p: usize) -> usize {
    let (a, b) = (point / p, point % p);
    match dimension {
        0 => a,
        1 => b,
        _ => (a + (dimension - 1) * b) % p,
    }
}

fn is_prime(number: usize) -> bool {
    number >= 2 && (2..=number.isqrt()).all(|divisor| !number.is_multiple_of(divisor))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{strata, unit_box};
    use super::*;

    fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
        items.sort_unstable();
        items
    }

    fn all_cells(rows: usize, columns: usize) -> Vec<(usize, usize)> {
        (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))).collect()
    }

    fn cells(points: &[Vec<f64>], pair: (usize, usize), levels: (usize, usize)) -> Vec<(usize, usize)> {
        sorted(strata(points, pair.0, levels.0).into_iter().zip(strata(points, pair.1, levels.1)).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn one_and_two_dimensions_take_any_count(
            count in 0_usize..120,
            dimensions in 1_usize..3,
            seed in any::<u64>(),
        ) {
            let points = multi_jittered(count, &unit_box(dimensions), &Streams::new(seed, "test")).expect("any count");
            prop_assert_eq!(points.len(), count);
            for dimension in 0..dimensions {
                prop_assert_eq!(sorted(strata(&points, dimension, count)), (0..count).collect::<Vec<_>>());
            }
            if dimensions == 2 && count > 0 {
                let m = (1..=count.isqrt()).filter(|m| count % m == 0).max().expect("1 divides all");
                prop_assert_eq!(cells(&points, (0, 1), (m, count / m)), all_cells(m, count / m));
            }
        }

        #[test]
        fn more_dimensions_have_one_point_in_each_cell_of_each_pair(
            (p, dimensions) in prop::sample::select(vec![2_usize, 3, 5, 7, 11]).prop_flat_map(|p| (Just(p), 3..=p + 1)),
            seed in any::<u64>(),
        ) {
            let points = multi_jittered(p * p, &unit_box(dimensions), &Streams::new(seed, "test")).expect("p^2 points");
            for first in 0..dimensions {
                prop_assert_eq!(sorted(strata(&points, first, p * p)), (0..p * p).collect::<Vec<_>>());
                for second in 0..first {
                    prop_assert_eq!(cells(&points, (first, second), (p, p)), all_cells(p, p));
                }
            }
        }

        #[test]
        fn the_nearest_counts_are_valid_and_nearest(count in 0_usize..3000, dimensions in 3_usize..30) {
            if let Err(DesignError::MultiJitteredCount { below, above, .. }) = check(count, dimensions) {
                prop_assert!(above > count && below.is_none_or(|below| below < count));
                for between in below.unwrap_or(0)..=above {
                    let valid = Some(between) == below || between == above;
                    prop_assert_eq!(check(between, dimensions).is_ok(), valid, "{}", between);
                }
            }
        }
    }

    #[test]
    fn refuses_sizes_without_an_array() {
        let refused = |count, dimensions, below, above| {
            let error = DesignError::MultiJitteredCount { count, dimensions, below, above };
            assert_eq!(check(count, dimensions), Err(error));
        };
        refused(100, 3, Some(49), 121);
        refused(9, 5, None, 25);
        refused(16, 3, Some(9), 25);
        assert_eq!(check(9, 4), Ok(()));
    }
}
