//! Do proposals lie nearer to the rows that were learnt from than to as many that were not? The share of records nearer to
//! the training than to the holdout data (Platzer & Reutterer, Frontiers in Big Data 2021), over whole descents.
//!
//! [`super::memorisation`] also answers to proposals that crowd in the middle, where everything is near: those are near to rows
//! that were never learnt from as well, and no copies.

use rand::seq::SliceRandom;

use super::bootstrap::{Interval, Resampling, distribution};
use super::distances::{Scaling, distance};
use super::matching::{DescentRows, numbered};
use super::memorisation::mean;
use crate::random::Streams;

/// What lies nearer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Copying {
    /// The share of proposals whose nearest training row is nearer than the nearest row of as many held-out descents, ties
    /// half: 0.5 where both are alike to the generator, 1 where it copies.
    pub share: Interval,
    /// The probability of such a share or a higher one, were both alike: the share of resamples at or below 0.5, one added to
    /// both counts.
    pub p_value: f64,
}

/// Subsets of the larger side over which the share is a mean.
const SUBSETS: u64 = 50;

/// The share of proposals nearer to training rows than to held-out ones. Both sides are cut to the same number of descents;
/// their rows should be taken alike, ends with ends and iterates with iterates, since more rows a descent are nearer. For the
/// interval, the descents of both sides and the proposals are drawn again. `None` without proposals, or with fewer than two
/// descents on a side.
#[must_use]
pub fn copying(
    proposals: &[Vec<f64>],
    training: DescentRows<'_>,
    held_out: DescentRows<'_>,
    resampling: Resampling,
    streams: &Streams,
) -> Option<Copying> {
    let (learnt, of_learnt) = nearest_of_each(proposals, training);
    let (fresh, of_fresh) = nearest_of_each(proposals, held_out);
    let count = learnt.min(fresh);
    if count < 2 || proposals.is_empty() {
        return None;
    }
    let share = |own: &[usize], others: &[usize], rows: &[usize]| {
        let lowest = |of: &[f64], chosen: &[usize]| chosen.iter().map(|&at| of[at]).fold(f64::INFINITY, f64::min);
        mean(rows.iter().map(|&row| {
            let (own, other) = (lowest(&of_learnt[row], own), lowest(&of_fresh[row], others));
            if own == other { 0.5 } else { f64::from(u8::from(own < other)) }
        }))
    };
    let all: Vec<usize> = (0..proposals.len()).collect();
    let subset = |size: usize, name: &str, number: u64| {
        let mut chosen: Vec<usize> = (0..size).collect();
        if size > count {
            chosen.shuffle(&mut streams.part(name).stream(number));
            chosen.truncate(count);
        }
        chosen
    };
    let subsets = if learnt == fresh { 1 } else { SUBSETS };
    let estimate = mean(
        (0..subsets).map(|number| share(&subset(learnt, "learnt", number), &subset(fresh, "fresh", number), &all)),
    );
    let statistic = |drawn: &[Vec<usize>]| share(&drawn[0][..count], &drawn[1][..count], &drawn[2]);
    let values = distribution(&[learnt, fresh, proposals.len()], statistic, resampling, streams);
    let at_or_below = values.iter().filter(|value| **value <= 0.5).count();
    Some(Copying {
        share: Interval::of(estimate, &values, resampling.confidence),
        p_value: (1 + at_or_below) as f64 / (1 + values.len()) as f64,
    })
}

/// How many descents there are, and for each proposal the distance to the nearest row of each.
fn nearest_of_each(proposals: &[Vec<f64>], rows: DescentRows<'_>) -> (usize, Vec<Vec<f64>>) {
    let (count, descent_of) = numbered(rows.descents);
    let nearest = |proposal: &Vec<f64>| {
        let mut found = vec![f64::INFINITY; count];
        for (row, &descent) in rows.vectors.iter().zip(&descent_of) {
            found[descent] = found[descent].min(distance(proposal, row, Scaling::PerParameter));
        }
        found
    };
    (count, proposals.iter().map(nearest).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::evaluate::memorisation::tests::{World, copies, judged as memorised, split};

    fn judged(training: &World, held_out: &World, proposals: &World, seed: u64) -> Copying {
        let resampling = Resampling { resamples: 200, confidence: 0.95 };
        let streams = Streams::new(seed, "copying");
        copying(&proposals.vectors, training.rows(), held_out.rows(), resampling, &streams)
            .expect("two descents a side")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10))]
        #[test]
        fn a_copier_is_flagged(seed in 0u64..10_000, dimensions in 3usize..7) {
            let (training, held_out) = split(&World::new(seed, 50, dimensions), 0.3);
            for best in [0.15, 1.0] {
                let found = judged(&training, &held_out, &copies(&training, best, 1e-3, seed), seed);
                prop_assert!(found.p_value < 0.02 && found.share.estimate > 0.8, "{found:?}");
            }
        }

        #[test]
        fn what_is_nearer_to_one_side_is_not_nearer_to_the_other(seed in 0u64..10_000) {
            let (one, other) = split(&World::new(seed, 20, 3), 0.5);
            let fresh = World::independent(seed + 1, 40, 3);
            let (forth, back) = (judged(&one, &other, &fresh, seed), judged(&other, &one, &fresh, seed));
            prop_assert!((forth.share.estimate + back.share.estimate - 1.0).abs() < 1e-12);
        }
    }

    /// Honest draws are seldom flagged, and neither are proposals that crowd in the middle, which the distances alone flag.
    #[test]
    fn neither_honest_nor_shrunken_proposals_are_copies() {
        let (mut honest, mut shrunken, mut by_distance) = (0, 0, 0);
        for seed in 0..60 {
            let (training, held_out) = split(&World::new(seed, 40, 3), 0.5);
            let mut fresh = World::independent(seed + 10_000, 80, 3);
            honest += usize::from(judged(&training, &held_out, &fresh, seed).p_value <= 0.05);
            fresh.vectors.iter_mut().flatten().for_each(|value| *value *= 0.3);
            shrunken += usize::from(judged(&training, &held_out, &fresh, seed).p_value <= 0.05);
            let found = memorised(&training, &held_out, &fresh, seed).expect("matched");
            by_distance += usize::from(found.p_value <= 0.05);
        }
        assert!(honest <= 8 && shrunken <= 8, "{honest} and {shrunken} of 60 at 0.05");
        assert!(by_distance > 40, "{by_distance} of 60 by distance alone");
    }

    #[test]
    fn one_descent_is_no_side() {
        let (training, held_out) = split(&World::new(1, 4, 2), 0.25);
        let streams = Streams::new(1, "copying");
        assert_eq!(copying(&training.vectors, training.rows(), held_out.rows(), Resampling::default(), &streams), None);
    }
}
