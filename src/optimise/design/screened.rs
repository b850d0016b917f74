//! The best of many points by objective.

use super::super::bounds::Bounds;
use super::{DesignError, latin_hypercube};
use crate::random::Streams;

/// The candidates of a screened design: a [`latin_hypercube()`] of `of` points. The caller solves them, and
/// [`best_of`] leaves `count`.
///
/// # Errors
/// When there are fewer candidates than points.
pub fn screened_candidates(
    count: usize,
    of: usize,
    bounds: &Bounds,
    streams: &Streams,
) -> Result<Vec<Vec<f64>>, DesignError> {
    check(count, of)?;
    Ok(latin_hypercube(of, bounds, streams))
}

/// The `count` points of lowest fval, the lowest first; all of them where there are fewer. Equal fvals stand in the
/// order of the points. A failed solve, whose fval is infinite, comes last, and NaN after it.
///
/// # Panics
/// When there is not one fval a point.
#[must_use]
pub fn best_of(points: &[Vec<f64>], fvals: &[f64], count: usize) -> Vec<Vec<f64>> {
    assert_eq!(points.len(), fvals.len(), "each point has an fval");
    let mut order: Vec<usize> = (0..points.len()).collect();
    // NaN of either sign is no fval.
    let key = |index: usize| if fvals[index].is_nan() { f64::NAN } else { fvals[index] };
    order.sort_by(|&a, &b| key(a).total_cmp(&key(b)));
    order.into_iter().take(count).map(|index| points[index].clone()).collect()
}

pub(super) fn check(count: usize, of: usize) -> Result<(), DesignError> {
    if of < count { Err(DesignError::ScreenedCandidates { count, of }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::bounds;
    use super::*;

    proptest! {
        #[test]
        fn no_point_that_is_left_out_is_better(
            fvals in proptest::collection::vec(prop_oneof![4 => -5.0..5.0, 1 => Just(f64::INFINITY)], 0..40),
            count in 0_usize..50,
        ) {
            let points: Vec<Vec<f64>> = fvals.iter().map(|&fval| vec![fval]).collect();
            let best = best_of(&points, &fvals, count);
            prop_assert_eq!(best.len(), count.min(points.len()));
            prop_assert!(best.is_sorted());
            let mut sorted = points;
            sorted.sort_by(|a, b| a[0].total_cmp(&b[0]));
            prop_assert_eq!(&best[..], &sorted[..best.len()]);
        }
    }

    #[test]
    fn failed_solves_come_last_and_ties_keep_their_order() {
        let points: Vec<Vec<f64>> = (0..6).map(|index| vec![f64::from(index)]).collect();
        let fvals = [f64::INFINITY, 2.0, -f64::NAN, 1.0, 2.0, f64::NAN];
        let order: Vec<f64> = best_of(&points, &fvals, 6).iter().map(|point| point[0]).collect();
        assert_eq!(order, [3.0, 1.0, 4.0, 0.0, 2.0, 5.0]);
    }

    #[test]
    fn candidates_are_a_latin_hypercube_of_at_least_as_many_points() {
        let (bounds, streams) = (bounds(2), Streams::new(1, "test"));
        let candidates = screened_candidates(2, 9, &bounds, &streams).expect("more candidates than points");
        assert_eq!(candidates, latin_hypercube(9, &bounds, &streams));
        let refused = screened_candidates(10, 9, &bounds, &streams);
        assert_eq!(refused, Err(DesignError::ScreenedCandidates { count: 10, of: 9 }));
    }
}
