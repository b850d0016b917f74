//! Does a generator copy its training rows? The test for data-copying of Meehan, Chaudhuri & Dasgupta (AISTATS 2020),
//! with fval for their cells and whole descents for their single rows. Proposals that crowd in the middle of what was learnt from
//! lie near to training rows as well: [`super::copying`] tells them from copies.

use super::bootstrap::{Interval, Resampling, distribution};
use super::distances::{Scaling, nearest};
use super::matching::{DescentRows, Proposals, multiplicities, numbered, within};
use super::quantiles::quantile;
use crate::random::Streams;

/// What the test found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Memorisation {
    /// The probability that a proposal lies nearer to its nearest training row than a held-out row of the same fval lies
    /// to its own, ties half: 0.5 where proposals are as new as held-out descents are, 1 where they are copies, below
    /// 0.5 where they lie further from the training rows than fresh descents do.
    pub probability: Interval,
    /// The probability of such a value or a higher one, were proposals as new as held-out descents: the share of
    /// resamples at or below 0.5, one added to both counts, so that it is never 0.
    pub p_value: f64,
    /// The median distance of matched proposals to their nearest training row over that of the held-out rows that they
    /// were matched with.
    pub ratio: f64,
    /// The share of proposals that have held-out rows of at least two descents at their fval. The others say nothing
    /// here: they are no evidence of copying, nor against it.
    pub matched: f64,
}

/// Tests whether proposals lie nearer to training rows than held-out rows of the same fval do.
///
/// Each proposal is compared with the held-out rows whose level is within `caliper` of its own. Held-out descents and
/// proposals are drawn again with replacement, the training rows are given. Rows of one descent are drawn together: they
/// lie along one path, and counted one by one would make an interval of no width from a handful of descents.
///
/// `None` without training rows, or where no proposal has held-out rows of two descents at its fval.
#[must_use]
pub fn memorisation(
    proposals: Proposals<'_>,
    training: &[Vec<f64>],
    held_out: DescentRows<'_>,
    caliper: f64,
    resampling: Resampling,
    streams: &Streams,
) -> Option<Memorisation> {
    if training.is_empty() {
        return None;
    }
    let to_training = |vectors: &[Vec<f64>]| nearest(vectors, training, Scaling::PerParameter);
    let (of_proposals, of_rows) = (to_training(proposals.vectors), to_training(held_out.vectors));
    let (descents, descent_of) = numbered(held_out.descents);
    let matches = within(proposals.levels, held_out.levels, caliper);
    let compared: Vec<Vec<Compared>> = matches
        .iter()
        .enumerate()
        .map(|(proposal, rows)| by_descent(of_proposals[proposal], rows, &of_rows, &descent_of))
        .filter(|compared| compared.len() > 1)
        .collect();
    if compared.is_empty() {
        return None;
    }
    let whole: Vec<Vec<usize>> = vec![(0..descents).collect(), (0..compared.len()).collect()];
    let statistic = |drawn: &[Vec<usize>]| {
        let times = multiplicities(&drawn[0], descents);
        mean(drawn[1].iter().filter_map(|&proposal| nearer(&compared[proposal], &times)))
    };
    let values = distribution(&[descents, compared.len()], statistic, resampling, streams);
    let at_or_below = values.iter().filter(|value| **value <= 0.5).count();
    let used: Vec<usize> =
        (0..matches.len()).filter(|&proposal| is_compared(&matches[proposal], &descent_of)).collect();
    let own: Vec<f64> = used.iter().map(|&proposal| of_proposals[proposal]).collect();
    let others: Vec<f64> = used.iter().flat_map(|&proposal| &matches[proposal]).map(|&row| of_rows[row]).collect();
    Some(Memorisation {
        probability: Interval::of(statistic(&whole), &values, resampling.confidence),
        p_value: (1 + at_or_below) as f64 / (1 + values.len()) as f64,
        ratio: quantile(&own, 0.5)? / quantile(&others, 0.5)?,
        matched: compared.len() as f64 / proposals.vectors.len() as f64,
    })
}

/// One proposal against the rows of one descent that it is matched with.
struct Compared {
    descent: usize,
    rows: f64,
    /// Of these rows, those that lie further from the training rows than the proposal does, ties half.
    further: f64,
}

fn by_descent(own: f64, rows: &[usize], of_rows: &[f64], descent_of: &[usize]) -> Vec<Compared> {
    let mut found: Vec<Compared> = Vec::new();
    for &row in rows {
        let further = if own < of_rows[row] { 1.0 } else { f64::from(u8::from(own == of_rows[row])) * 0.5 };
        match found.iter_mut().find(|known| known.descent == descent_of[row]) {
            Some(known) => {
                known.rows += 1.0;
                known.further += further;
            }
            None => found.push(Compared { descent: descent_of[row], rows: 1.0, further }),
        }
    }
    found
}

fn is_compared(rows: &[usize], descent_of: &[usize]) -> bool {
    rows.iter().any(|&row| descent_of[row] != descent_of[rows[0]])
}

/// The share of matched rows that lie further away, each descent counted as often as it was drawn; nothing where none of
/// its descents was.
fn nearer(compared: &[Compared], times: &[u32]) -> Option<f64> {
    let (rows, further) = compared.iter().fold((0.0, 0.0), |(rows, further), one| {
        let times = f64::from(times[one.descent]);
        (rows + times * one.rows, further + times * one.further)
    });
    (rows > 0.0).then_some(further / rows)
}

/// The mean; NaN of nothing.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = values.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
    sum / count
}

#[cfg(test)]
pub(super) mod tests;
