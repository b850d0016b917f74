//! Order statistics of fvals.

use serde::{Deserialize, Serialize};

use super::groups::by_condition;

/// The finite values, rising.
#[must_use]
pub fn sorted_finite(values: &[f64]) -> Vec<f64> {
    let mut finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    finite.sort_by(f64::total_cmp);
    finite
}

/// The quantile of type 7 (Hyndman & Fan, The American Statistician 1996; the default of R and `NumPy`) of values that
/// are sorted and finite: linear between the values at `h = (n - 1) p` rounded down and up. `None` without values;
/// `p` is held in 0 ..= 1.
#[must_use]
pub fn quantile_of_sorted(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = p.clamp(0.0, 1.0) * last as f64;
    if place.is_nan() {
        return None;
    }
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    let (low, high) = (sorted[below], sorted[above]);
    Some(low + (place - below as f64) * (high - low))
}

/// The quantile of type 7 of the finite values.
#[must_use]
pub fn quantile(values: &[f64], p: f64) -> Option<f64> {
    quantile_of_sorted(&sorted_finite(values), p)
}

/// The median of the finite values.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// What a box and whisker shows (Tukey 1977), on the finite values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BoxStatistics {
    /// Finite values.
    pub solved: usize,
    /// Values left out: infinite or NaN.
    pub failed: usize,
    /// The lowest value.
    pub lowest: f64,
    /// The lowest value within 1.5 interquartile ranges of the lower quartile.
    pub lower_whisker: f64,
    /// First quartile, type 7 like the others.
    pub lower_quartile: f64,
    /// Median.
    pub median: f64,
    /// Third quartile.
    pub upper_quartile: f64,
    /// The highest value within 1.5 interquartile ranges of the upper quartile.
    pub upper_whisker: f64,
    /// The highest value.
    pub highest: f64,
    /// The values beyond the whiskers, rising.
    pub outliers: Vec<f64>,
}

/// Box statistics of the finite values; `None` when there are none.
#[must_use]
pub fn box_statistics(values: &[f64]) -> Option<BoxStatistics> {
    let sorted = sorted_finite(values);
    let (&lowest, &highest) = (sorted.first()?, sorted.last()?);
    let lower_quartile = quantile_of_sorted(&sorted, 0.25)?;
    let upper_quartile = quantile_of_sorted(&sorted, 0.75)?;
    let reach = 1.5 * (upper_quartile - lower_quartile);
    let inside = |value: f64| lower_quartile - reach <= value && value <= upper_quartile + reach;
    Some(BoxStatistics {
        solved: sorted.len(),
        failed: values.len() - sorted.len(),
        lowest,
        lower_whisker: sorted.iter().copied().find(|&value| inside(value)).unwrap_or(lowest),
        lower_quartile,
        median: quantile_of_sorted(&sorted, 0.5)?,
        upper_quartile,
        upper_whisker: sorted.iter().rev().copied().find(|&value| inside(value)).unwrap_or(highest),
        highest,
        outliers: sorted.iter().copied().filter(|&value| !inside(value)).collect(),
    })
}

/// Box statistics of each condition, conditions rising; `None` for a condition at which nothing solved.
#[must_use]
pub fn box_by_condition(conditions: &[f64], values: &[f64]) -> Vec<(f64, Option<BoxStatistics>)> {
    let length = conditions.len().min(values.len());
    by_condition(&conditions[..length])
        .into_iter()
        .map(|(condition, rows)| {
            (condition, box_statistics(&rows.into_iter().map(|row| values[row]).collect::<Vec<_>>()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_of_type_7() {
        // Places 1.25, 2.5 and 3.75 among 1, 2, 4, 8, 16, 32.
        let values = [32.0, 1.0, f64::INFINITY, 16.0, 2.0, 8.0, 4.0];
        let found: Vec<Option<f64>> = [0.0, 0.25, 0.5, 0.75, 1.0].iter().map(|&p| quantile(&values, p)).collect();
        assert_eq!(found, [1.0, 2.5, 6.0, 14.0, 32.0].map(Some));
        assert_eq!(median(&[f64::INFINITY]), None);
        assert_eq!(quantile(&[1.0], f64::NAN), None);
    }

    #[test]
    fn boxes_count_what_failed_and_show_outliers() {
        let found = box_statistics(&[1.0, 2.0, 3.0, 4.0, 100.0, f64::INFINITY, f64::NAN]).expect("finite values");
        assert_eq!((found.solved, found.failed), (5, 2));
        assert_eq!((found.lower_quartile, found.median, found.upper_quartile), (2.0, 3.0, 4.0));
        assert_eq!((found.lower_whisker, found.upper_whisker, found.highest), (1.0, 4.0, 100.0));
        assert_eq!(found.outliers, vec![100.0]);
        let groups = box_by_condition(&[1.0, 0.0, 1.0], &[5.0, f64::INFINITY, 7.0]);
        assert!(groups[0].1.is_none());
        assert_eq!(groups[1].1.as_ref().map(|found| found.median), Some(6.0));
    }
}
