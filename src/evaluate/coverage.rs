//! Do proposals reach what held-out descents reach, and do they stay there? Density and coverage of Naeem, Oh, Uh, Choi &
//! Yoo (ICML 2020), between vectors of the same fval and over whole descents.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;

use super::bootstrap::{Interval, Resampling, distribution};
use super::distances::{Scaling, distance};
use super::matching::{DescentRows, Proposals, multiplicities, numbered, within};
use super::memorisation::mean;
use crate::random::Streams;

/// How many descents the ball of a held-out row reaches to, where nothing else is said: the authors' choice.
pub const NEIGHBOURS: usize = 5;

/// Coverage and density of proposals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coverage {
    /// The share of held-out rows in whose ball a proposal of the same fval lies: 1 where all that fresh descents reach is
    /// proposed, less where it is missed.
    pub coverage: Interval,
    /// The coverage that as many training rows of the same fval have in place of the proposals, drawn at random: what can
    /// be expected of rows that really are from descents. NaN without training rows.
    pub training: f64,
    /// How often proposals lie in balls of held-out rows of their fval, over how often a row of a fresh descent would:
    /// about 1 for faithful ones, less for those that lie where descents do not go, above 1 for those that crowd where
    /// descents crowd.
    pub density: f64,
    /// The share of held-out rows that have proposals and enough other descents at their fval.
    pub matched: f64,
}

/// A held-out row whose ball is known.
struct Ball {
    row: usize,
    radius: f64,
    /// Other held-out descents at its fval.
    others: usize,
    covered: bool,
}

/// The coverage and density of proposals. The ball of a held-out row reaches to the `neighbours`-th nearest of the other
/// descents that have rows within `caliper` of its level; rows of its own descent do not count, which would make all
/// balls as small as a step of a path. Held-out descents are drawn again for the interval.
///
/// `None` where no held-out row has so many other descents, and a proposal, at its fval.
#[must_use]
pub fn coverage(
    proposals: Proposals<'_>,
    training: Proposals<'_>,
    held_out: DescentRows<'_>,
    (neighbours, caliper): (usize, f64),
    resampling: Resampling,
    streams: &Streams,
) -> Option<Coverage> {
    let (descents, descent_of) = numbered(held_out.descents);
    let row_of = |row: usize| held_out.vectors[row].as_slice();
    let is_in = |ball: &Ball, x: &[f64]| distance(x, row_of(ball.row), Scaling::PerParameter) <= ball.radius;
    let beside = within(held_out.levels, held_out.levels, caliper);
    let proposed = within(held_out.levels, proposals.levels, caliper);
    let trained = within(held_out.levels, training.levels, caliper);
    let balls: Vec<Ball> = (0..held_out.vectors.len())
        .filter(|&row| !proposed[row].is_empty())
        .filter_map(|row| {
            let mut nearest: BTreeMap<usize, f64> = BTreeMap::new();
            for &other in beside[row].iter().filter(|&&other| descent_of[other] != descent_of[row]) {
                let found = distance(row_of(row), row_of(other), Scaling::PerParameter);
                nearest.entry(descent_of[other]).and_modify(|known| *known = known.min(found)).or_insert(found);
            }
            let mut distances: Vec<f64> = nearest.into_values().collect();
            distances.sort_by(f64::total_cmp);
            let radius = *distances.get(neighbours.checked_sub(1)?)?;
            let mut ball = Ball { row, radius, others: distances.len(), covered: false };
            ball.covered = proposed[row].iter().any(|&proposal| is_in(&ball, &proposals.vectors[proposal]));
            Some(ball)
        })
        .collect();
    if balls.is_empty() {
        return None;
    }
    let share = |times: &[u32]| {
        let (all, covered) = balls.iter().fold((0, 0), |(all, covered), ball| {
            let times = times[descent_of[ball.row]];
            (all + times, covered + times * u32::from(ball.covered))
        });
        f64::from(covered) / f64::from(all)
    };
    let statistic = |drawn: &[Vec<usize>]| share(&multiplicities(&drawn[0], descents));
    let values = distribution(&[descents], statistic, resampling, streams);
    let streams = streams.part("training rows");
    let yardstick = balls.iter().filter(|ball| !trained[ball.row].is_empty()).map(|ball| {
        let mut rows = trained[ball.row].clone();
        rows.shuffle(&mut streams.stream(ball.row as u64));
        rows.truncate(proposed[ball.row].len());
        f64::from(u8::from(rows.iter().any(|&row| is_in(ball, &training.vectors[row]))))
    });
    Some(Coverage {
        coverage: Interval::of(share(&vec![1; descents]), &values, resampling.confidence),
        training: mean(yardstick),
        density: density(proposals, &balls, &proposed, neighbours, is_in),
        matched: balls.len() as f64 / held_out.vectors.len() as f64,
    })
}

/// The mean over proposals of the share of balls at their fval that hold them, over the share `k/D` of a row that is one of
/// the `D` other descents of which the ball holds the `k` nearest.
fn density(
    proposals: Proposals<'_>,
    balls: &[Ball],
    proposed: &[Vec<usize>],
    neighbours: usize,
    is_in: impl Fn(&Ball, &[f64]) -> bool,
) -> f64 {
    let mut held = vec![(0.0, 0.0); proposals.vectors.len()];
    for ball in balls {
        for &proposal in &proposed[ball.row] {
            let (count, sum) = &mut held[proposal];
            *count += 1.0;
            if is_in(ball, &proposals.vectors[proposal]) {
                *sum += ball.others as f64 / neighbours as f64;
            }
        }
    }
    mean(held.into_iter().filter(|(count, _)| *count > 0.0).map(|(count, sum)| sum / count))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::evaluate::memorisation::tests::{World, split};

    fn judged(world: &World, proposals: &World) -> Option<Coverage> {
        let (training, held_out) = split(world, 0.5);
        let streams = Streams::new(1, "coverage");
        let resampling = Resampling { resamples: 200, confidence: 0.95 };
        coverage(proposals.proposals(), training.proposals(), held_out.rows(), (5, 0.1), resampling, &streams)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn fresh_rows_cover_and_one_corner_does_not(seed in 0u64..1000) {
            let world = World::new(seed, 60, 3);
            let fresh = judged(&world, &World::independent(seed + 5000, 200, 3)).expect("matched");
            prop_assert!(fresh.coverage.estimate > 0.85, "{fresh:?}");
            prop_assert!((0.6..1.6).contains(&fresh.density), "{fresh:?}");
            let mut corner = World::independent(seed + 6000, 200, 3);
            for x in &mut corner.vectors {
                for value in x.iter_mut() {
                    *value = 0.01 * *value + 5.0;
                }
            }
            let corner = judged(&world, &corner).expect("matched");
            prop_assert!(corner.coverage.upper < 0.2 && corner.density < 0.2, "{corner:?}");
            prop_assert!((0.0..=1.0).contains(&fresh.training));
            prop_assert!(fresh.coverage.lower <= fresh.coverage.estimate && fresh.coverage.estimate <= fresh.coverage.upper);
        }

        #[test]
        fn distances_count_and_their_unit_does_not(seed in 0u64..1000) {
            let (world, proposals) = (World::new(seed, 40, 2), World::independent(seed + 1, 60, 2));
            let scaled = |world: &World| World {
                vectors: world.vectors.iter().map(|x| x.iter().map(|value| 4.0 * value).collect()).collect(),
                ..world.clone()
            };
            prop_assert_eq!(judged(&world, &proposals), judged(&scaled(&world), &scaled(&proposals)));
        }
    }

    #[test]
    fn too_few_descents_say_nothing() {
        assert_eq!(judged(&World::new(1, 6, 2), &World::independent(2, 50, 2)), None);
    }
}
