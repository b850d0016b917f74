//! Distinct minima: which converged ends are the same.
//!
//! Ends are compared by fval and by what they predict, never by parameters: along flat directions one minimum has ends
//! that lie decades apart.

use serde::{Deserialize, Serialize};

use super::feasibility::{Share, wilson};

/// When two ends are the same minimum.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MinimaTolerances {
    /// Their fvals differ by at most this. The default 0.05 is that of a hit: far below what a likelihood ratio can
    /// tell apart (1.92 for one parameter at 95 %), far above the tolerance at which descents end.
    pub fval: f64,
    /// The root mean square of the differences of their simulated observables, each over its scale, is at most this.
    /// The default 0.05 is five hundredths of that scale.
    pub observables: f64,
}

impl Default for MinimaTolerances {
    fn default() -> Self {
        Self { fval: 0.05, observables: 0.05 }
    }
}

/// One minimum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Minimum {
    /// The end with the lowest fval.
    pub representative: usize,
    /// Its fval.
    pub fval: f64,
    /// All its ends, lowest fval first.
    pub members: Vec<usize>,
    /// The share of all starts that ended there.
    pub share: Share,
}

/// Clusters converged ends, lowest minimum first. `fvals` has one value for each converged end, infinite or NaN ones
/// are left out; `observables` the simulated values of each end, all of one length; `scales` one positive number for
/// each of those values, such as the range of the measured values of its observable, and 1 where it is missing;
/// `starts` is the number of descents that were begun, and so what shares refer to (at least the number of ends).
///
/// Ends are taken from the lowest fval up, ties by index. Each joins the first minimum whose representative is the same
/// within the tolerances, or else becomes a minimum (leader clustering, Hartigan 1975), so the result depends on the
/// ends alone and no chain of near ends can join two minima. Only those minima are compared with whose fval is near
/// enough: thousands of ends take as long as those of them that lie within one tolerance.
#[must_use]
pub fn distinct(
    fvals: &[f64],
    observables: &[Vec<f64>],
    scales: &[f64],
    starts: usize,
    tolerances: MinimaTolerances,
) -> Vec<Minimum> {
    let mut order: Vec<usize> = (0..fvals.len()).filter(|&end| fvals[end].is_finite()).collect();
    order.sort_by(|&a, &b| fvals[a].total_cmp(&fvals[b]));
    let of = |end: usize| observables.get(end).map_or(&[][..], Vec::as_slice);
    let mut leaders: Vec<(usize, Vec<usize>)> = Vec::new();
    // Leaders stand by rising fval as well, so that those too low for one end are so for all that follow.
    let mut first = 0;
    for end in order {
        while leaders.get(first).is_some_and(|&(leader, _)| fvals[end] - fvals[leader] > tolerances.fval) {
            first += 1;
        }
        let same = |leader: usize| difference(of(end), of(leader), scales) <= tolerances.observables;
        match leaders[first..].iter_mut().find(|(leader, _)| same(*leader)) {
            Some((_, members)) => members.push(end),
            None => leaders.push((end, vec![end])),
        }
    }
    let trials = starts.max(fvals.len()) as u64;
    leaders
        .into_iter()
        .filter_map(|(representative, members)| {
            let share = wilson(members.len() as u64, trials)?;
            Some(Minimum { representative, fval: fvals[representative], members, share })
        })
        .collect()
}

/// Root mean square of the scaled differences; infinite when one side is not finite or the lengths differ.
fn difference(a: &[f64], b: &[f64], scales: &[f64]) -> f64 {
    if a.len() != b.len() {
        return f64::INFINITY;
    }
    if a.is_empty() {
        return 0.0;
    }
    let scale = |index: usize| scales.get(index).copied().filter(|scale| *scale > 0.0).unwrap_or(1.0);
    let sum: f64 = a.iter().zip(b).enumerate().map(|(index, (x, y))| ((x - y) / scale(index)).powi(2)).sum();
    let difference = (sum / a.len() as f64).sqrt();
    if difference.is_nan() { f64::INFINITY } else { difference }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_the_same_by_fval_and_prediction() {
        let fvals = [138.23, 138.22, 150.0, 138.24, f64::INFINITY, 150.02, 138.3];
        let observables: Vec<Vec<f64>> =
            [[10.0, 1.0], [10.0, 1.0], [4.0, 2.0], [50.0, 1.0], [0.0, 0.0], [4.1, 2.0], [10.0, 1.0]]
                .map(Vec::from)
                .to_vec();
        let found = distinct(&fvals, &observables, &[10.0, 1.0], 10, MinimaTolerances::default());
        let members: Vec<(usize, Vec<usize>)> =
            found.iter().map(|minimum| (minimum.representative, minimum.members.clone())).collect();
        assert_eq!(members, vec![(1, vec![1, 0]), (3, vec![3]), (6, vec![6]), (2, vec![2, 5])]);
        assert_eq!(found[0].share.share, 0.2);
        assert_eq!(found[0].fval, 138.22);
    }

    #[test]
    fn the_order_of_the_ends_does_not_matter_and_chains_do_not_join() {
        let fvals: Vec<f64> = (0..10).map(|index| 0.03 * f64::from(index)).collect();
        let none = vec![Vec::new(); 10];
        let forward = distinct(&fvals, &none, &[], 10, MinimaTolerances::default());
        let reversed: Vec<f64> = fvals.iter().rev().copied().collect();
        let backward = distinct(&reversed, &none, &[], 10, MinimaTolerances::default());
        let values =
            |found: &[Minimum]| found.iter().map(|minimum| (minimum.fval, minimum.members.len())).collect::<Vec<_>>();
        assert_eq!(values(&forward), values(&backward));
        assert_eq!(forward.len(), 5);
        assert!(distinct(&[], &[], &[], 0, MinimaTolerances::default()).is_empty());
    }
    #[test]
    fn thousands_of_minima_are_told_apart_at_once() {
        // Each end twice, a minimum every 0.1; all pairs would be 10^9 comparisons of 100 numbers.
        let fvals: Vec<f64> = (0..60_000).map(|index| 0.1 * f64::from(index / 2)).collect();
        let observables = vec![vec![1.0; 100]; fvals.len()];
        let found = distinct(&fvals, &observables, &[], fvals.len(), MinimaTolerances::default());
        assert_eq!(found.len(), 30_000);
        assert!(found.iter().all(|minimum| minimum.members.len() == 2));
    }
}
