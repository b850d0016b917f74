//! Methods over many problems: the share of problems that each solves within a multiple of a cost.

use serde::{Deserialize, Serialize};

/// One method's curve: a step function that never falls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Where it steps, rising, and the share of problems solved from there on. Before the first step it is 0.
    pub steps: Vec<(f64, f64)>,
}

impl Profile {
    /// The share of problems that are solved within `multiple`.
    #[must_use]
    pub fn share_at(&self, multiple: f64) -> f64 {
        let before = self.steps.partition_point(|&(at, _)| at <= multiple);
        before.checked_sub(1).map_or(0.0, |last| self.steps[last].1)
    }

    /// The share of problems that are solved at any cost.
    #[must_use]
    pub fn solved(&self) -> f64 {
        self.share_at(f64::INFINITY)
    }

    fn of(mut multiples: Vec<f64>, problems: usize) -> Self {
        multiples.sort_by(f64::total_cmp);
        let mut steps: Vec<(f64, f64)> = Vec::new();
        for (below, at) in multiples.into_iter().enumerate() {
            let share = (below + 1) as f64 / problems as f64;
            match steps.last_mut() {
                Some(last) if last.0 == at => last.1 = share,
                _ => steps.push((at, share)),
            }
        }
        Self { steps }
    }
}

/// Performance profiles (Dolan & Moré, Mathematical Programming 2002), one for each method: the share of all problems
/// that it solves at no more than `multiple` times the cost of the cheapest method on that problem. At 1 it is the
/// share of problems on which it is the cheapest, ties included.
///
/// `cost[problem][method]` is positive, `None` where the method did not solve the problem; so are costs that are
/// missing, negative or not finite. Problems that no method solves count as not solved. Where the cheapest costs
/// nothing, methods that cost something never reach it. With more than two methods a profile compares each with the
/// best, not the methods with each other (Gould & Scott, ACM Transactions on Mathematical Software 2016).
#[must_use]
pub fn performance_profiles(cost: &[Vec<Option<f64>>]) -> Vec<Profile> {
    let cheapest: Vec<f64> = cost
        .iter()
        .map(|row| (0..row.len()).filter_map(|method| solved(row, method)).fold(f64::INFINITY, f64::min))
        .collect();
    profiles(cost, |problem, cost| if cost == cheapest[problem] { 1.0 } else { cost / cheapest[problem] })
}

/// Data profiles (Moré & Wild, SIAM Journal on Optimization 2009), one for each method: the share of all problems that
/// it solves at no more than `multiple` units of cost. `units[problem]` is that unit, theirs the cost of a simplex
/// gradient, parameters + 1 evaluations; 1 where it is missing or not positive. Costs as in [`performance_profiles`].
#[must_use]
pub fn data_profiles(cost: &[Vec<Option<f64>>], units: &[f64]) -> Vec<Profile> {
    profiles(cost, |problem, cost| cost / units.get(problem).copied().filter(|unit| *unit > 0.0).unwrap_or(1.0))
}

fn profiles(cost: &[Vec<Option<f64>>], multiple: impl Fn(usize, f64) -> f64) -> Vec<Profile> {
    let methods = cost.iter().map(Vec::len).max().unwrap_or(0);
    (0..methods)
        .map(|method| {
            let multiples = cost
                .iter()
                .enumerate()
                .filter_map(|(problem, row)| solved(row, method).map(|cost| multiple(problem, cost)))
                .filter(|multiple| multiple.is_finite())
                .collect();
            Profile::of(multiples, cost.len())
        })
        .collect()
}

fn solved(row: &[Option<f64>], method: usize) -> Option<f64> {
    row.get(method).copied().flatten().filter(|cost| cost.is_finite() && *cost >= 0.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Four problems, two methods; nobody solves the last.
    fn cost() -> Vec<Vec<Option<f64>>> {
        vec![vec![Some(10.0), Some(20.0)], vec![Some(30.0), Some(10.0)], vec![Some(5.0), None], vec![None, None]]
    }

    #[test]
    fn performance_is_relative_to_the_cheapest() {
        // Ratios by hand: 1, 3, 1 and 2, 1.
        let found = performance_profiles(&cost());
        assert_eq!(found[0].steps, vec![(1.0, 0.5), (3.0, 0.75)]);
        assert_eq!(found[1].steps, vec![(1.0, 0.25), (2.0, 0.5)]);
        assert_eq!((found[0].share_at(0.9), found[0].share_at(2.9), found[1].solved()), (0.0, 0.5, 0.5));
    }

    #[test]
    fn data_profiles_count_units_of_each_problem() {
        let found = data_profiles(&cost(), &[10.0, 5.0]);
        assert_eq!(found[0].steps, vec![(1.0, 0.25), (5.0, 0.5), (6.0, 0.75)]);
        assert_eq!(found[1].steps, vec![(2.0, 0.5)]);
    }

    #[test]
    fn what_costs_nothing_or_is_not_finite() {
        let found = performance_profiles(&[vec![Some(0.0), Some(1.0), Some(f64::NAN)], vec![Some(1.0)]]);
        assert_eq!(found[0].steps, vec![(1.0, 1.0)]);
        assert!(found[1].steps.is_empty() && found[2].steps.is_empty());
        assert!(performance_profiles(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn curves_never_fall_and_somebody_is_the_cheapest(
            cost in proptest::collection::vec(proptest::collection::vec(proptest::option::of(1.0..9.0), 3), 1..12),
        ) {
            let found = performance_profiles(&cost);
            for profile in &found {
                prop_assert!(profile.steps.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1));
            }
            let any = cost.iter().filter(|row| row.iter().any(Option::is_some)).count() as f64 / cost.len() as f64;
            prop_assert!(found.iter().map(|profile| profile.share_at(1.0)).sum::<f64>() >= any - 1e-12);
        }
    }
}
