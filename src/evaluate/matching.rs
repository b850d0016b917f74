//! Samples matched on fval. What lies near the optimum lies close together, so that proposals of low fval would look like
//! copies beside held-out rows of any fval: each is compared with those of nearly its own fval alone.

use std::collections::BTreeMap;

/// Vectors that a generator proposed, each drawn independently of the others.
#[derive(Debug, Clone, Copy)]
pub struct Proposals<'a> {
    /// The vectors on the estimation scale.
    pub vectors: &'a [Vec<f64>],
    /// Their fvals on the condition scale; what did not solve is left out before.
    pub levels: &'a [f64],
}

/// Rows of descents. Those of one descent are neighbours along its path and say the same thing several times, so that
/// the descent, not the row, is what is independent.
#[derive(Debug, Clone, Copy)]
pub struct DescentRows<'a> {
    /// The vectors on the estimation scale.
    pub vectors: &'a [Vec<f64>],
    /// Their fvals on the condition scale.
    pub levels: &'a [f64],
    /// The descent of each.
    pub descents: &'a [usize],
}

/// How far apart two matched fvals lie at most on the condition scale, where nothing else is said: a twentieth of the way
/// from the best to the worst training row.
pub const CALIPER: f64 = 0.05;

/// For each level of `a` the indices of those of `b` that differ by at most `caliper`, by rising level (caliper matching,
/// Cochran & Rubin 1973). Levels that are not finite match nothing.
#[must_use]
pub fn within(a: &[f64], b: &[f64], caliper: f64) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..b.len()).filter(|&index| b[index].is_finite()).collect();
    order.sort_by(|&one, &other| b[one].total_cmp(&b[other]));
    a.iter()
        .map(|&level| {
            if !level.is_finite() {
                return Vec::new();
            }
            let start = order.partition_point(|&index| b[index] < level - caliper);
            let end = order.partition_point(|&index| b[index] <= level + caliper);
            order[start..end.max(start)].to_vec()
        })
        .collect()
}

/// The descents numbered from 0 in rising order: how many there are, and the number of each row's.
#[must_use]
pub fn numbered(descents: &[usize]) -> (usize, Vec<usize>) {
    let mut numbers: BTreeMap<usize, usize> = descents.iter().map(|&descent| (descent, 0)).collect();
    for (number, value) in numbers.values_mut().enumerate() {
        *value = number;
    }
    (numbers.len(), descents.iter().map(|descent| numbers[descent]).collect())
}

/// How often each of `count` things was drawn.
pub(super) fn multiplicities(drawn: &[usize], count: usize) -> Vec<u32> {
    let mut times = vec![0; count];
    for &index in drawn {
        times[index] += 1;
    }
    times
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_match_is_all_that_lies_within_the_caliper(
            a in prop::collection::vec(-1.0..2.0f64, 0..20),
            b in prop::collection::vec(-1.0..2.0f64, 0..30),
            caliper in 0.0..0.5f64,
        ) {
            for (level, found) in a.iter().zip(within(&a, &b, caliper)) {
                let mut sorted = found.clone();
                sorted.sort_unstable();
                let expected: Vec<usize> =
                    (0..b.len()).filter(|&at| b[at] >= level - caliper && b[at] <= level + caliper).collect();
                prop_assert_eq!(sorted, expected);
            }
        }
    }

    #[test]
    fn what_is_not_finite_matches_nothing() {
        let found = within(&[f64::INFINITY, 0.0], &[f64::NAN, f64::NEG_INFINITY, 0.01], 0.05);
        assert_eq!(found, vec![vec![], vec![2]]);
        assert_eq!(numbered(&[7, 3, 7, 9]), (3, vec![1, 0, 1, 2]));
    }
}
