//! Is the condition obeyed? What was requested against what the solved proposals have.

use super::bootstrap::{Interval, Resampling, interval};
use super::correlation::spearman;
use super::memorisation::mean;
use crate::random::Streams;

/// How well a condition is obeyed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// Spearman's rank correlation of requested and achieved condition, a failed solve being worse than all others. `None`
    /// where one of the two does not vary.
    pub rank_correlation: Option<Interval>,
    /// The mean distance between requested and achieved condition over what solved, on the condition scale. What is better
    /// than the best training row has condition 0 here: nothing better can be requested. `None` where nothing solved.
    pub absolute_error: Option<Interval>,
    /// The proposals that were compared: those whose condition lies from 0 to 1. Outside of it no fval is requested, or one
    /// that no training row has.
    pub compared: usize,
}

/// The calibration of proposals: the condition that each was requested at, and the one that its fval has (infinite where
/// its solve failed). Proposals are drawn again for the intervals.
#[must_use]
pub fn calibration(requested: &[f64], achieved: &[f64], resampling: Resampling, streams: &Streams) -> Calibration {
    let rows: Vec<usize> =
        (0..requested.len().min(achieved.len())).filter(|&row| (0.0..=1.0).contains(&requested[row])).collect();
    let asked: Vec<f64> = rows.iter().map(|&row| requested[row]).collect();
    let found: Vec<f64> =
        rows.iter().map(|&row| if achieved[row].is_nan() { f64::INFINITY } else { achieved[row] }).collect();
    let picked = |values: &[f64], drawn: &[usize]| drawn.iter().map(|&row| values[row]).collect::<Vec<f64>>();
    let rank =
        |drawn: &[Vec<usize>]| spearman(&picked(&asked, &drawn[0]), &picked(&found, &drawn[0])).unwrap_or(f64::NAN);
    let error = |drawn: &[Vec<usize>]| {
        let solved = drawn[0].iter().filter(|&&row| found[row] != f64::INFINITY);
        mean(solved.map(|&row| (asked[row] - found[row].max(0.0)).abs()))
    };
    Calibration {
        rank_correlation: interval(&[rows.len()], rank, resampling, &streams.part("rank correlation")),
        absolute_error: interval(&[rows.len()], error, resampling, &streams.part("absolute error")),
        compared: rows.len(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judged(requested: &[f64], achieved: &[f64]) -> Calibration {
        calibration(
            requested,
            achieved,
            Resampling { resamples: 100, confidence: 0.95 },
            &Streams::new(1, "calibration"),
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn obedience_is_perfect_and_its_reverse_is_not(conditions in prop::collection::vec(0.0..1.0f64, 3..40)) {
            prop_assume!(conditions.iter().any(|value| *value != conditions[0]));
            let same = judged(&conditions, &conditions);
            prop_assert!((same.rank_correlation.expect("varies").estimate - 1.0).abs() < 1e-9);
            prop_assert_eq!(same.absolute_error.map(|error| error.estimate), Some(0.0));
            let reversed: Vec<f64> = conditions.iter().map(|value| 1.0 - value).collect();
            let found = judged(&conditions, &reversed).rank_correlation.expect("varies");
            prop_assert!((found.estimate + 1.0).abs() < 1e-9);
        }

        #[test]
        fn any_rising_scale_has_the_same_rank_correlation(
            pairs in prop::collection::vec((0.0..1.0f64, 0.0..1.0f64), 3..40)
        ) {
            let (asked, found): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let cubed: Vec<f64> = found.iter().map(|value| value.powi(3)).collect();
            prop_assert_eq!(judged(&asked, &found).rank_correlation, judged(&asked, &cubed).rank_correlation);
        }
    }

    #[test]
    fn failures_and_extrapolation() {
        let found = judged(&[-0.25, 0.0, 0.0, 0.5, 1.0, 1.25], &[9.0, f64::NEG_INFINITY, 0.1, f64::NAN, 0.8, 9.0]);
        assert_eq!(found.compared, 4);
        assert!((found.absolute_error.expect("solved").estimate - 0.1).abs() < 1e-12);
        // Ranks 1.5, 1.5, 3, 4 of what was asked, and 1, 2, 4, 3 of what came.
        assert!((found.rank_correlation.expect("varies").estimate - 3.5 / (4.5_f64 * 5.0).sqrt()).abs() < 1e-12);
        assert_eq!(judged(&[0.0; 3], &[0.1, 0.2, 0.3]).rank_correlation, None);
        assert_eq!(judged(&[0.0; 2], &[f64::INFINITY; 2]).absolute_error, None);
    }
}
