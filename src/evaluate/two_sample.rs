//! Can a classifier tell two samples apart? The classifier two-sample test of Lopez-Paz & Oquab (ICLR 2017), by
//! nearest neighbours.

use rand::RngExt;
use rand::seq::SliceRandom;

use super::correlation::ranks;
use super::distances::{Scaling, distance};
use super::matching::{DescentRows, Proposals, numbered, within};
use super::memorisation::mean;
use super::quantiles::quantile;
use crate::random::Streams;

/// What the classifier made of two samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwoSample {
    /// The mean over both samples of the share that is told right, on parts that were not learnt from: 0.5 where the
    /// samples cannot be told apart, 1 where each member can.
    pub accuracy: f64,
    /// The area under the receiver operating characteristic: the probability that of a member of each the right one looks
    /// more like the first sample. 0.5 and 1 as for the accuracy.
    pub area: f64,
    /// The probability of such an area or a larger one between samples of one origin, by exchanging labels.
    pub p_value: f64,
    /// Pairs of members that were compared.
    pub pairs: usize,
}

/// Parts of the cross-validation.
const FOLDS: usize = 5;
/// Pairs below which nothing can be learnt.
const FEWEST: usize = 10;
/// Exchanges of labels for one p-value.
const EXCHANGES: usize = 199;
/// Draws of one row from each descent.
const DRAWS: u64 = 11;

/// Tells two independent samples apart, pair by pair: the member `i` of one is exchangeable with that of the other where
/// both are from one origin. Longer samples are cut to the shorter one. `None` with fewer than ten pairs.
///
/// A member is scored by the share of the first sample among its `sqrt(n)` nearest neighbours in the other four of five
/// parts (the choice of the authors); pairs stay together, so that both samples are as frequent in each part.
#[must_use]
pub fn two_sample(a: &[Vec<f64>], b: &[Vec<f64>], streams: &Streams) -> Option<TwoSample> {
    let pairs = a.len().min(b.len());
    if pairs < FEWEST {
        return None;
    }
    let mut order: Vec<usize> = (0..pairs).collect();
    order.shuffle(&mut streams.part("parts").stream(0));
    let mut part = vec![0; pairs];
    for (place, &pair) in order.iter().enumerate() {
        part[pair] = place % FOLDS;
    }
    let member = |index: usize| if index < pairs { &a[index] } else { &b[index - pairs] };
    let neighbours: Vec<Vec<usize>> = (0..2 * pairs)
        .map(|index| {
            let mut others: Vec<(f64, usize)> = (0..2 * pairs)
                .filter(|other| part[other % pairs] != part[index % pairs])
                .map(|other| (distance(member(index), member(other), Scaling::Plain), other))
                .collect();
            others.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
            others.truncate(((others.len() as f64).sqrt().round() as usize).max(1));
            others.into_iter().map(|(_, other)| other).collect()
        })
        .collect();
    let scored = |labels: &[bool]| {
        let scores: Vec<f64> =
            neighbours.iter().map(|near| mean(near.iter().map(|&other| f64::from(u8::from(labels[other]))))).collect();
        (accuracy(&scores, labels), area(&scores, labels))
    };
    let labels: Vec<bool> = (0..2 * pairs).map(|index| index < pairs).collect();
    let (accuracy, area) = scored(&labels);
    let exchanges = streams.part("exchanges");
    let as_large = (0..EXCHANGES).filter(|&exchange| {
        let mut stream = exchanges.stream(exchange as u64);
        let mut labels = labels.clone();
        for pair in 0..pairs {
            if stream.random_bool(0.5) {
                labels.swap(pair, pair + pairs);
            }
        }
        scored(&labels).1 >= area
    });
    let p_value = (1 + as_large.count()) as f64 / (1 + EXCHANGES) as f64;
    Some(TwoSample { accuracy, area, p_value, pairs })
}

/// Tells proposals apart from held-out rows of the same fval. One row is drawn from each descent, so that the rows are as
/// independent as the proposals, and paired with the proposal whose level is nearest, at most `caliper` away, that no other
/// row has. This is done eleven times: accuracy and area are means, and the p-value is twice the median of theirs, which
/// holds however much the draws depend on each other (Meinshausen, Meier & Bühlmann 2009).
///
/// `None` where fewer than ten rows find proposals.
#[must_use]
pub fn matched(
    proposals: Proposals<'_>,
    held_out: DescentRows<'_>,
    caliper: f64,
    streams: &Streams,
) -> Option<TwoSample> {
    let (descents, descent_of) = numbered(held_out.descents);
    let near = within(held_out.levels, proposals.levels, caliper);
    let mut rows_of = vec![Vec::new(); descents];
    for row in (0..near.len()).filter(|&row| !near[row].is_empty()) {
        rows_of[descent_of[row]].push(row);
    }
    let found: Vec<TwoSample> = (0..DRAWS)
        .filter_map(|draw| {
            let streams = streams.part(&format!("draw {draw}"));
            let mut stream = streams.part("rows").stream(0);
            let mut chosen: Vec<usize> = rows_of
                .iter()
                .filter(|rows| !rows.is_empty())
                .map(|rows| rows[stream.random_range(0..rows.len())])
                .collect();
            chosen.shuffle(&mut stream);
            let mut is_free = vec![true; proposals.vectors.len()];
            let (mut a, mut b) = (Vec::new(), Vec::new());
            for row in chosen {
                let gap = |&proposal: &usize| (proposals.levels[proposal] - held_out.levels[row]).abs();
                let free = near[row].iter().copied().filter(|&proposal| is_free[proposal]);
                let Some(proposal) = free.min_by(|one, other| gap(one).total_cmp(&gap(other))) else { continue };
                is_free[proposal] = false;
                a.push(proposals.vectors[proposal].clone());
                b.push(held_out.vectors[row].clone());
            }
            two_sample(&a, &b, &streams)
        })
        .collect();
    let p_values: Vec<f64> = found.iter().map(|one| one.p_value).collect();
    Some(TwoSample {
        p_value: (2.0 * quantile(&p_values, 0.5)?).min(1.0),
        accuracy: mean(found.iter().map(|one| one.accuracy)),
        area: mean(found.iter().map(|one| one.area)),
        pairs: found.iter().map(|one| one.pairs).sum::<usize>() / found.len(),
    })
}

/// Scores above a half count for the first sample, a half itself half for each.
fn accuracy(scores: &[f64], labels: &[bool]) -> f64 {
    let right = |score: f64, label: bool| if score == 0.5 { 0.5 } else { f64::from(u8::from((score > 0.5) == label)) };
    mean(scores.iter().zip(labels).map(|(&score, &label)| right(score, label)))
}

/// The area from the sum of ranks of the first sample (Hanley and `McNeil` 1982).
fn area(scores: &[f64], labels: &[bool]) -> f64 {
    let positive = labels.iter().filter(|label| **label).count() as f64;
    let negative = labels.len() as f64 - positive;
    let sum: f64 = ranks(scores).iter().zip(labels).filter(|(_, label)| **label).map(|(rank, _)| rank).sum();
    (sum - positive * (positive + 1.0) / 2.0) / (positive * negative)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::evaluate::memorisation::tests::World;

    #[test]
    fn areas_by_hand() {
        let labels = [true, true, false, false];
        assert_eq!(area(&[0.9, 0.4, 0.5, 0.1], &labels), 0.75);
        assert_eq!(area(&[0.5; 4], &labels), 0.5);
        assert_eq!(accuracy(&[0.9, 0.5, 0.4, 0.6], &labels), 0.625);
        assert_eq!(two_sample(&vec![vec![0.0]; 9], &vec![vec![1.0]; 50], &Streams::new(1, "few")), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        #[test]
        fn what_lies_apart_is_told_apart(seed in 0u64..1000) {
            let (a, mut b) = (World::independent(seed, 40, 3), World::independent(seed + 2000, 40, 3));
            b.vectors.iter_mut().flatten().for_each(|value| *value += 20.0);
            let found = two_sample(&a.vectors, &b.vectors, &Streams::new(seed, "apart")).expect("enough");
            prop_assert!(found.accuracy == 1.0 && found.area == 1.0 && found.p_value < 0.01, "{found:?}");
        }
    }

    /// Under one origin a p-value is as likely below 0.1 as it says, and rows of one path are no evidence of two.
    #[test]
    fn one_origin_is_seldom_taken_for_two() {
        let (mut plain, mut of_descents) = (0, 0);
        for seed in 0..60 {
            let (a, b) = (World::independent(seed, 30, 3), World::independent(seed + 1000, 30, 3));
            let streams = Streams::new(seed, "one origin");
            plain += usize::from(two_sample(&a.vectors, &b.vectors, &streams).expect("enough").p_value <= 0.1);
            if seed < 20 {
                let (world, fresh) = (World::new(seed, 25, 3), World::independent(seed + 3000, 150, 3));
                let found = matched(fresh.proposals(), world.rows(), 0.1, &streams).expect("enough");
                of_descents += usize::from(found.p_value <= 0.1);
            }
        }
        assert!(plain <= 12, "{plain} of 60 at 0.1");
        assert!(of_descents <= 4, "{of_descents} of 20 at 0.1");
    }
}
