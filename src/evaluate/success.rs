//! How likely and how dear a first hit is: repeats of a search, each with the cost at which it first hit.

use serde::{Deserialize, Serialize};

use super::bootstrap::{Interval, Resampling, interval};
use super::feasibility::{Share, wilson};
use crate::random::Streams;

/// One repeat of a search.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Repeat {
    /// The cost at its first hit; `None` when it did not hit within its budget. A hit beyond the budget is none.
    pub hit: Option<f64>,
    /// The cost that it was allowed, in the same unit.
    pub budget: f64,
}

/// Success at one budget.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SuccessAt {
    /// The budget.
    pub budget: f64,
    /// The share of repeats that have hit by then.
    pub share: Share,
}

impl Repeat {
    fn hit_by(&self, budget: f64) -> bool {
        self.hit.is_some_and(|cost| cost <= budget.min(self.budget))
    }

    /// What it spent until its first hit, or all of its budget.
    fn spent(&self) -> f64 {
        self.hit.filter(|&cost| cost <= self.budget).unwrap_or(self.budget)
    }
}

/// The share of repeats that hit at a cost of at most `budget`, with Wilson's 95 % interval. Only repeats that were
/// allowed that much count: what the others would have done is not known, and to keep only those of them that hit would
/// flatter. `None` when there are none.
#[must_use]
pub fn success_at(repeats: &[Repeat], budget: f64) -> Option<Share> {
    let allowed = || repeats.iter().filter(|repeat| repeat.budget >= budget);
    wilson(allowed().filter(|repeat| repeat.hit_by(budget)).count() as u64, allowed().count() as u64)
}

/// The empirical success probability against the budget: a point at each cost where it changes, rising, and one at each
/// repeat's budget, with pointwise 95 % intervals. Between points it is that of the point before, and 0 before the
/// first. It never falls while all repeats have one budget; behind the lowest of several budgets it is over fewer
/// repeats.
#[must_use]
pub fn success_curve(repeats: &[Repeat]) -> Vec<SuccessAt> {
    let mut places: Vec<f64> =
        repeats.iter().flat_map(|repeat| [Some(repeat.spent()), Some(repeat.budget)]).flatten().collect();
    places.retain(|place| !place.is_nan());
    places.sort_by(f64::total_cmp);
    places.dedup();
    places
        .into_iter()
        .filter_map(|budget| success_at(repeats, budget).map(|share| SuccessAt { budget, share }))
        .collect()
}

/// The expected cost to the first hit when the search is repeated until it hits: all cost spent over the number of hits
/// (the expected running time of COCO; Hansen et al., "Real-parameter black-box optimization benchmarking 2010:
/// experimental setup"), infinite when none hit; with a percentile bootstrap interval over repeats, whose upper end is
/// infinite where resamples without a hit are frequent. `None` without repeats or when a cost is NaN.
#[must_use]
pub fn expected_cost(repeats: &[Repeat], resampling: Resampling, streams: &Streams) -> Option<Interval> {
    let statistic = |rows: &[Vec<usize>]| {
        let chosen = || rows[0].iter().map(|&row| repeats[row]);
        let spent: f64 = chosen().map(|repeat| repeat.spent()).sum();
        match chosen().filter(|repeat| repeat.hit_by(f64::INFINITY)).count() {
            0 if spent.is_nan() => f64::NAN,
            0 => f64::INFINITY,
            hits => spent / hits as f64,
        }
    };
    interval(&[repeats.len()], statistic, resampling, streams)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repeats(hits: &[Option<f64>], budget: f64) -> Vec<Repeat> {
        hits.iter().map(|&hit| Repeat { hit, budget }).collect()
    }

    #[test]
    fn the_curve_steps_at_hits_with_wilson_intervals() {
        let found = success_curve(&repeats(&[Some(3.0), None, Some(1.0), Some(3.0), Some(11.0)], 10.0));
        let steps: Vec<(f64, f64)> = found.iter().map(|at| (at.budget, at.share.share)).collect();
        assert_eq!(steps, vec![(1.0, 0.2), (3.0, 0.6), (10.0, 0.6)]);
        // scipy.stats.binomtest(3, 5).proportion_ci(method="wilson")
        assert!((found[1].share.lower - 0.23072428127601297).abs() < 1e-12, "{:?}", found[1]);
        assert!((found[1].share.upper - 0.8823792257673521).abs() < 1e-12, "{:?}", found[1]);
        assert!(success_curve(&[]).is_empty());
    }

    #[test]
    fn only_repeats_that_were_allowed_the_budget_count() {
        let mut known = repeats(&[Some(1.0), None], 2.0);
        known.extend(repeats(&[Some(5.0), None, None], 8.0));
        assert_eq!(success_at(&known, 2.0).map(|share| (share.successes, share.trials)), Some((1, 5)));
        assert_eq!(success_at(&known, 6.0).map(|share| (share.successes, share.trials)), Some((1, 3)));
        assert!(success_at(&known, 9.0).is_none());
    }

    #[test]
    fn expected_cost_is_all_that_was_spent_over_hits() {
        let streams = Streams::new(1, "test");
        let cost = |hits: &[Option<f64>]| expected_cost(&repeats(hits, 10.0), Resampling::default(), &streams);
        assert_eq!(cost(&[Some(4.0), None, Some(2.0)]).map(|found| found.estimate), Some(8.0));
        let none = cost(&[None, None]).expect("repeats");
        assert_eq!((none.estimate, none.lower, none.upper), (f64::INFINITY, f64::INFINITY, f64::INFINITY));
        assert!(cost(&[]).is_none());
        let one_of_three = cost(&[Some(1.0), None, None]).expect("repeats");
        assert!(one_of_three.lower >= 1.0 && one_of_three.upper == f64::INFINITY);
    }

    #[test]
    fn the_expectation_is_that_of_a_geometric_law() {
        // Each repeat costs 1 and hits with probability 1/4: the first hit is expected after 4.
        let hits: Vec<Option<f64>> = (0..400).map(|index| (index % 4 == 0).then_some(1.0)).collect();
        let found =
            expected_cost(&repeats(&hits, 1.0), Resampling::default(), &Streams::new(2, "test")).expect("repeats");
        assert_eq!(found.estimate, 4.0);
        // The share's interval, 0.25 +- 1.96 sqrt(0.1875 / 400), inverted.
        assert!((found.lower - 1.0 / 0.2924).abs() < 0.1 && (found.upper - 1.0 / 0.2076).abs() < 0.2, "{found:?}");
    }
}
