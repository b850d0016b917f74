//! How many vectors solve, and why the others do not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::groups::by_condition;

/// The standard normal quantile of a two-sided 95 % interval.
pub const Z_95: f64 = 1.959_963_984_540_054;

/// A share of successes with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Successes.
    pub successes: u64,
    /// Trials, at least one.
    pub trials: u64,
    /// `successes / trials`
    pub share: f64,
    /// Lower end of the interval.
    pub lower: f64,
    /// Upper end of the interval.
    pub upper: f64,
}

/// A share with Wilson's score interval at 95 % (Wilson, Journal of the American Statistical Association 1927): with
/// `p = successes/n` and `z = 1.96`, `(p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)`. `None` without trials.
/// Successes beyond the trials count as all.
#[must_use]
pub fn wilson(successes: u64, trials: u64) -> Option<Share> {
    if trials == 0 {
        return None;
    }
    let successes = successes.min(trials);
    let n = trials as f64;
    let share = successes as f64 / n;
    let square = Z_95 * Z_95;
    let centre = share + square / (2.0 * n);
    let half = Z_95 * (share * (1.0 - share) / n + square / (4.0 * n * n)).sqrt();
    let whole = 1.0 + square / n;
    // At the ends the formula is exact in real numbers only.
    let lower = if successes == 0 { 0.0 } else { (centre - half) / whole };
    let upper = if successes == trials { 1.0 } else { (centre + half) / whole };
    Some(Share { successes, trials, share, lower, upper })
}

/// The share for which the test holds.
#[must_use]
pub fn share_of<T>(items: &[T], holds: impl Fn(&T) -> bool) -> Option<Share> {
    wilson(items.iter().filter(|item| holds(item)).count() as u64, items.len() as u64)
}

/// The share of fvals that are finite: the feasible share.
#[must_use]
pub fn solved(fvals: &[f64]) -> Option<Share> {
    share_of(fvals, |fval| fval.is_finite())
}

/// The share of fvals strictly below a value, failed solves counted as not: at conditions below 0, where no fval is
/// requested, the share strictly better than the best training row.
#[must_use]
pub fn better_than(fvals: &[f64], best: f64) -> Option<Share> {
    share_of(fvals, |&fval| fval < best)
}

/// The feasible share of each condition, conditions rising.
#[must_use]
pub fn solved_by_condition(conditions: &[f64], fvals: &[f64]) -> Vec<(f64, Share)> {
    let length = conditions.len().min(fvals.len());
    by_condition(&conditions[..length])
        .into_iter()
        .filter_map(|(condition, rows)| {
            let solved = rows.iter().filter(|&&row| fvals[row].is_finite()).count();
            wilson(solved as u64, rows.len() as u64).map(|share| (condition, share))
        })
        .collect()
}

/// How often each cause of failure occurs, by name; an empty cause is a solve that did not fail and is not counted.
#[must_use]
pub fn causes<S: AsRef<str>>(causes: &[S]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for cause in causes.iter().map(AsRef::as_ref).filter(|cause| !cause.is_empty()) {
        *counts.entry(cause.to_owned()).or_insert(0) += 1;
    }
    counts
}

/// How often each cause of failure occurs at each condition, conditions rising; conditions without failures are there
/// with no causes.
#[must_use]
pub fn causes_by_condition<S: AsRef<str>>(conditions: &[f64], names: &[S]) -> Vec<(f64, BTreeMap<String, u64>)> {
    let length = conditions.len().min(names.len());
    by_condition(&conditions[..length])
        .into_iter()
        .map(|(condition, rows)| (condition, causes(&rows.iter().map(|&row| names[row].as_ref()).collect::<Vec<_>>())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_gives_the_published_interval() {
        // Newcombe, Statistics in Medicine 1998, table I, method 3.
        for (successes, trials, lower, upper) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
        {
            let share = wilson(successes, trials).expect("trials");
            assert!((share.lower - lower).abs() < 5e-5 && (share.upper - upper).abs() < 5e-5, "{share:?}");
        }
        assert_eq!(wilson(0, 0), None);
        let all = wilson(7, 7).expect("trials");
        assert!(all.upper == 1.0 && all.lower > 0.6);
    }

    #[test]
    fn failures_are_counted_by_cause_and_condition() {
        let conditions = [0.0, 0.0, 1.0, 1.0];
        let fvals = [1.0, f64::INFINITY, f64::INFINITY, f64::NAN];
        let names = ["", "step limit", "step limit", "not a number"];
        let shares: Vec<(f64, f64)> = solved_by_condition(&conditions, &fvals)
            .into_iter()
            .map(|(condition, share)| (condition, share.share))
            .collect();
        assert_eq!(shares, vec![(0.0, 0.5), (1.0, 0.0)]);
        assert_eq!(causes(&names)["step limit"], 2);
        assert_eq!(causes_by_condition(&conditions, &names)[1].1.len(), 2);
        assert_eq!(better_than(&fvals, 1.0).map(|share| share.successes), Some(0));
    }
}
