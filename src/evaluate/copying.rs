//! Do proposals lie nearer to the rows that were learnt from than to as many that were not? The share of records nearer to
//! the training than to the holdout data (Platzer & Reutterer, Frontiers in Big Data 2021), over whole descents.
//!
//! [`super::memorisation`] also answers to proposals that crowd in the middle, where everything is near: those are near to rows
//! that were never learnt from as well, and no copies.

use rand::seq::SliceRandom;

use super::bootstrap::Resampling;
use super::distances::{Scaling, distance};
use super::matching::{DescentRows, numbered};
use crate::random::Streams;

/// What lies nearer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Copying {
    /// Of two descents, one that was learnt from and one that was not, the probability that the one nearest to a proposal is the
    /// former: 0.5 where both are alike to the generator, 1 where it copies. With `T` training and `H` held-out descents it is
    /// `s/T / (s/T + (1 - s)/H)`, `s` being the share of proposals to which the nearest of all rows is a training row.
    pub share: f64,
    /// The probability of such a share or a higher one, were both alike, by exchanging descents between the two sides: exact
    /// however many rows a descent has, and however unequal the sides are.
    pub p_value: f64,
}

/// Whether proposals lie nearer to training rows than to held-out ones. The rows of both sides should be taken alike, ends with
/// ends and iterates with iterates, since a descent with more rows is nearer. `None` without proposals, or with fewer than
/// two descents on a side.
#[must_use]
pub fn copying(
    proposals: &[Vec<f64>],
    training: DescentRows<'_>,
    held_out: DescentRows<'_>,
    resampling: Resampling,
    streams: &Streams,
) -> Option<Copying> {
    let ((learnt, learnt_of), (fresh, fresh_of)) = (numbered(training.descents), numbered(held_out.descents));
    if learnt.min(fresh) < 2 || proposals.is_empty() {
        return None;
    }
    let descents: Vec<usize> =
        learnt_of.into_iter().chain(fresh_of.into_iter().map(|descent| descent + learnt)).collect();
    let rows: Vec<&Vec<f64>> = training.vectors.iter().chain(held_out.vectors).collect();
    let mut nearest_to = vec![0.0; learnt + fresh];
    for proposal in proposals {
        let nearest = nearest(proposal, &rows, &descents);
        for &descent in &nearest {
            nearest_to[descent] += 1.0 / nearest.len() as f64;
        }
    }
    let share = |of: &[usize]| {
        let share = of.iter().map(|&descent| nearest_to[descent]).sum::<f64>() / proposals.len() as f64;
        let (own, other) = (share / learnt as f64, (1.0 - share).max(0.0) / fresh as f64);
        own / (own + other)
    };
    let order: Vec<usize> = (0..learnt + fresh).collect();
    let found = share(&order[..learnt]);
    let as_large = (0..resampling.resamples).filter(|&exchange| {
        let mut order = order.clone();
        order.shuffle(&mut streams.part("exchanges").stream(exchange as u64));
        // Sums in another order differ in their last digits.
        share(&order[..learnt]) >= found - 1e-12
    });
    let p_value = (1 + as_large.count()) as f64 / (1 + resampling.resamples) as f64;
    Some(Copying { share: found, p_value })
}

/// The descents of the nearest rows: one, or several where they are as near.
fn nearest(proposal: &[f64], rows: &[&Vec<f64>], descents: &[usize]) -> Vec<usize> {
    let (mut lowest, mut found) = (f64::INFINITY, Vec::new());
    for (row, &descent) in rows.iter().zip(descents) {
        let distance = distance(proposal, row, Scaling::PerParameter);
        if distance < lowest {
            lowest = distance;
            found.clear();
        }
        if distance == lowest && !found.contains(&descent) {
            found.push(descent);
        }
    }
    found
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
                prop_assert!(found.p_value < 0.02 && found.share > 0.95, "{found:?}");
            }
        }

        #[test]
        fn what_is_nearer_to_one_side_is_not_nearer_to_the_other(seed in 0u64..10_000) {
            let (one, other) = split(&World::new(seed, 20, 3), 0.5);
            let fresh = World::independent(seed + 1, 40, 3);
            let (forth, back) = (judged(&one, &other, &fresh, seed), judged(&other, &one, &fresh, seed));
            prop_assert!((forth.share + back.share - 1.0).abs() < 1e-12);
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
