//! Percentile bootstrap intervals over descents (Efron, Annals of Statistics 1979).
//!
//! Each resample has its own random stream, so an interval does not depend on the number of threads or on what was
//! computed before.

use rand::RngExt;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::quantiles::quantile_of_sorted;
use crate::random::Streams;

/// How intervals are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Resampling {
    /// How many resamples.
    pub resamples: usize,
    /// The probability that the interval is to cover, between 0 and 1.
    pub confidence: f64,
}

impl Default for Resampling {
    fn default() -> Self {
        Self { resamples: 2000, confidence: 0.95 }
    }
}

/// An estimate with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The statistic of the sample itself.
    pub estimate: f64,
    /// Lower end: the `(1 - confidence)/2` quantile of the statistic over resamples. May be infinite where the sample
    /// holds infinite values.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// Resamples in which the statistic is defined (not NaN); the interval is over these.
    pub defined: usize,
}

/// The interval of a statistic of `sizes.len()` independent groups. The statistic is given the chosen indices of each
/// group, as many as the group has, drawn with replacement, and first the groups as they are. `None` when a group is
/// empty or the statistic of the sample is not defined (NaN).
#[must_use]
pub fn interval(
    sizes: &[usize],
    statistic: impl Fn(&[Vec<usize>]) -> f64 + Sync,
    resampling: Resampling,
    streams: &Streams,
) -> Option<Interval> {
    if sizes.contains(&0) {
        return None;
    }
    let whole: Vec<Vec<usize>> = sizes.iter().map(|&size| (0..size).collect()).collect();
    let estimate = statistic(&whole);
    if estimate.is_nan() {
        return None;
    }
    let values = distribution(sizes, &statistic, resampling, streams);
    Some(Interval::of(estimate, &values, resampling.confidence))
}

/// The statistic over resamples, rising, without those in which it is not defined. Groups and statistic are those of
/// [`interval`]; the groups hold something each.
#[must_use]
pub fn distribution(
    sizes: &[usize],
    statistic: impl Fn(&[Vec<usize>]) -> f64 + Sync,
    resampling: Resampling,
    streams: &Streams,
) -> Vec<f64> {
    let streams = streams.part("bootstrap");
    let mut values: Vec<f64> = (0..resampling.resamples)
        .into_par_iter()
        .map(|resample| {
            let mut generator = streams.stream(resample as u64);
            let drawn: Vec<Vec<usize>> =
                sizes.iter().map(|&size| (0..size).map(|_| generator.random_range(0..size)).collect()).collect();
            statistic(&drawn)
        })
        .filter(|value| !value.is_nan())
        .collect();
    values.sort_by(f64::total_cmp);
    values
}

impl Interval {
    /// The percentile interval of an estimate from the statistic over resamples, rising.
    #[must_use]
    pub fn of(estimate: f64, sorted: &[f64], confidence: f64) -> Self {
        let tail = (1.0 - confidence.clamp(0.0, 1.0)) / 2.0;
        Self {
            estimate,
            lower: end(sorted, tail).unwrap_or(estimate),
            upper: end(sorted, 1.0 - tail).unwrap_or(estimate),
            defined: sorted.len(),
        }
    }
}

/// The quantile, where infinite neighbours do not turn into NaN.
fn end(sorted: &[f64], p: f64) -> Option<f64> {
    let value = quantile_of_sorted(sorted, p)?;
    if value.is_nan() {
        let place = (p * (sorted.len() - 1) as f64).round() as usize;
        return sorted.get(place).copied();
    }
    Some(value)
}

/// A statistic of one sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// The mean.
    Mean,
    /// The median, infinite values included: a median over descents of which most failed is infinite.
    Median,
    /// The lowest value.
    Lowest,
}

impl Statistic {
    /// The statistic of values, infinite ones included; NaN when there are none or it is undefined.
    #[must_use]
    pub fn of(self, mut values: Vec<f64>) -> f64 {
        if values.is_empty() {
            return f64::NAN;
        }
        match self {
            Statistic::Mean => values.iter().sum::<f64>() / values.len() as f64,
            Statistic::Lowest => values.iter().copied().fold(f64::INFINITY, f64::min),
            Statistic::Median => {
                values.sort_by(f64::total_cmp);
                let middle = values.len() / 2;
                let (low, high) = (values[(values.len() - 1) / 2], values[middle]);
                if low == high { low } else { 0.5 * (low + high) }
            }
        }
    }
}

fn chosen(values: &[f64], rows: &[usize]) -> Vec<f64> {
    rows.iter().map(|&row| values[row]).collect()
}

/// The interval of a statistic of one sample.
#[must_use]
pub fn one_sample(values: &[f64], statistic: Statistic, resampling: Resampling, streams: &Streams) -> Option<Interval> {
    interval(&[values.len()], |rows| statistic.of(chosen(values, &rows[0])), resampling, streams)
}

/// The interval of a share of successes.
#[must_use]
pub fn share(successes: &[bool], resampling: Resampling, streams: &Streams) -> Option<Interval> {
    one_sample(&indicator(successes), Statistic::Mean, resampling, streams)
}

/// The interval of `statistic(a) - statistic(b)` for two independent samples: descents from proposals against descents
/// from plain starts.
#[must_use]
pub fn unpaired_difference(
    a: &[f64],
    b: &[f64],
    statistic: Statistic,
    resampling: Resampling,
    streams: &Streams,
) -> Option<Interval> {
    let difference = |rows: &[Vec<usize>]| statistic.of(chosen(a, &rows[0])) - statistic.of(chosen(b, &rows[1]));
    interval(&[a.len(), b.len()], difference, resampling, streams)
}

/// The interval of `statistic(a - b)` for pairs that belong together; `None` when the lengths differ. A pair whose
/// difference is undefined (both failed) counts as no difference.
#[must_use]
pub fn paired_difference(
    a: &[f64],
    b: &[f64],
    statistic: Statistic,
    resampling: Resampling,
    streams: &Streams,
) -> Option<Interval> {
    if a.len() != b.len() {
        return None;
    }
    let differences: Vec<f64> = a
        .iter()
        .zip(b)
        .map(|(x, y)| {
            let difference = x - y;
            if difference.is_nan() { 0.0 } else { difference }
        })
        .collect();
    one_sample(&differences, statistic, resampling, streams)
}

/// The interval of the difference of two shares of successes in independent samples.
#[must_use]
pub fn share_difference(a: &[bool], b: &[bool], resampling: Resampling, streams: &Streams) -> Option<Interval> {
    unpaired_difference(&indicator(a), &indicator(b), Statistic::Mean, resampling, streams)
}

fn indicator(successes: &[bool]) -> Vec<f64> {
    successes.iter().map(|&success| f64::from(u8::from(success))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streams() -> Streams {
        Streams::new(1, "test")
    }

    #[test]
    fn the_interval_of_a_mean_is_that_of_theory() {
        let values: Vec<f64> = (0..400).map(|index| f64::from(index % 20)).collect();
        let found = one_sample(&values, Statistic::Mean, Resampling { resamples: 4000, confidence: 0.95 }, &streams())
            .expect("values");
        // Standard error of the mean: sqrt(33.25 / 400).
        let half = 1.96 * (33.25_f64 / 400.0).sqrt();
        assert_eq!(found.estimate, 9.5);
        assert!((found.lower - (9.5 - half)).abs() < 0.05 && (found.upper - (9.5 + half)).abs() < 0.05, "{found:?}");
        assert_eq!(found.defined, 4000);
    }

    #[test]
    fn shares_and_differences() {
        let few: Vec<bool> = (0..500).map(|index| index % 40 == 0).collect();
        let many: Vec<bool> = (0..500).map(|index| index % 4 == 0).collect();
        let found = share(&few, Resampling::default(), &streams()).expect("values");
        assert!((found.estimate - 0.026).abs() < 1e-12 && found.lower > 0.01 && found.upper < 0.045, "{found:?}");
        let difference = share_difference(&many, &few, Resampling::default(), &streams()).expect("values");
        assert!(difference.lower > 0.17 && difference.upper < 0.28, "{difference:?}");
        let paired = paired_difference(
            &[2.0, 3.0, f64::INFINITY],
            &[1.0, 2.0, f64::INFINITY],
            Statistic::Median,
            Resampling::default(),
            &streams(),
        );
        assert_eq!(paired.map(|found| found.estimate), Some(1.0));
        assert!(paired_difference(&[1.0], &[], Statistic::Mean, Resampling::default(), &streams()).is_none());
    }

    #[test]
    fn failures_make_medians_infinite_but_not_undefined() {
        let values = [1.0, 2.0, f64::INFINITY, f64::INFINITY, 3.0];
        let found = one_sample(&values, Statistic::Median, Resampling::default(), &streams()).expect("values");
        assert_eq!((found.estimate, found.upper), (3.0, f64::INFINITY));
        assert_eq!(Statistic::Lowest.of(values.to_vec()), 1.0);
        assert!(one_sample(&[], Statistic::Mean, Resampling::default(), &streams()).is_none());
    }

    #[test]
    fn threads_do_not_matter() {
        let values: Vec<f64> = (0..50).map(f64::from).collect();
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| one_sample(&values, Statistic::Median, Resampling::default(), &streams()))
        };
        assert_eq!(on(1), on(2));
    }
}
