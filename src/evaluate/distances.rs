//! Euclidean distances between parameter vectors on the estimation scale.

use serde::{Deserialize, Serialize};

use super::groups::best_share;

/// The unit in which a distance is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// The Euclidean distance.
    #[default]
    Plain,
    /// The Euclidean distance over the square root of the number of parameters: the root mean square difference of a
    /// parameter, which compares between problems of different size.
    PerParameter,
}

/// The distance of two vectors. Coordinates that one of them lacks are left out.
#[must_use]
pub fn distance(a: &[f64], b: &[f64], scaling: Scaling) -> f64 {
    let sum: f64 = a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum();
    match scaling {
        Scaling::Plain => sum.sqrt(),
        Scaling::PerParameter => (sum / a.len().min(b.len()).max(1) as f64).sqrt(),
    }
}

/// The distances of every pair of a row of `a` and a row of `b`, row by row of `a`.
#[must_use]
pub fn between(a: &[Vec<f64>], b: &[Vec<f64>], scaling: Scaling) -> Vec<f64> {
    a.iter().flat_map(|x| b.iter().map(move |y| distance(x, y, scaling))).collect()
}

/// The distances of every unordered pair of different rows: (0, 1), (0, 2), ..., (1, 2), ...
#[must_use]
pub fn within(rows: &[Vec<f64>], scaling: Scaling) -> Vec<f64> {
    let pairs = rows.iter().enumerate();
    pairs.flat_map(|(index, x)| rows[index + 1..].iter().map(move |y| distance(x, y, scaling))).collect()
}

/// For each row of `a` the distance to the nearest row of `b`; infinite when `b` is empty.
#[must_use]
pub fn nearest(a: &[Vec<f64>], b: &[Vec<f64>], scaling: Scaling) -> Vec<f64> {
    a.iter().map(|x| b.iter().map(|y| distance(x, y, scaling)).fold(f64::INFINITY, f64::min)).collect()
}

/// For each row the distance to the nearest other row; infinite for a single row.
#[must_use]
pub fn nearest_within(rows: &[Vec<f64>], scaling: Scaling) -> Vec<f64> {
    rows.iter()
        .enumerate()
        .map(|(index, x)| {
            let others = rows.iter().enumerate().filter(|(other, _)| *other != index);
            others.map(|(_, y)| distance(x, y, scaling)).fold(f64::INFINITY, f64::min)
        })
        .collect()
}

/// Where proposals lie with respect to the training rows: do they copy, do they stay where the good ones are?
#[derive(Debug, Clone, PartialEq)]
pub struct ProposalDistances {
    /// Of every pair of a proposal and a training row.
    pub to_training: Vec<f64>,
    /// Of every pair of a proposal and a training row among the best share.
    pub to_best: Vec<f64>,
    /// Of every pair of training rows among the best share, the yardstick for the other two.
    pub within_best: Vec<f64>,
    /// Of each proposal to its nearest training row: 0 is a copy.
    pub nearest_training: Vec<f64>,
}

/// The distances of proposals to all training rows, to the best `share` of them by fval (0.25: the best quarter), and
/// within that share.
#[must_use]
pub fn of_proposals(
    proposals: &[Vec<f64>],
    training: &[Vec<f64>],
    training_fvals: &[f64],
    share: f64,
    scaling: Scaling,
) -> ProposalDistances {
    let known = training.len().min(training_fvals.len());
    let best: Vec<Vec<f64>> =
        best_share(&training_fvals[..known], share).into_iter().map(|row| training[row].clone()).collect();
    ProposalDistances {
        to_training: between(proposals, training, scaling),
        to_best: between(proposals, &best, scaling),
        within_best: within(&best, scaling),
        nearest_training: nearest(proposals, training, scaling),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[[f64; 2]]) -> Vec<Vec<f64>> {
        rows.iter().map(|row| row.to_vec()).collect()
    }

    #[test]
    fn known_triangles() {
        let (a, b) = (rows(&[[0.0, 0.0], [3.0, 4.0]]), rows(&[[3.0, 4.0], [6.0, 8.0], [0.0, 1.0]]));
        assert_eq!(between(&a, &b, Scaling::Plain), vec![5.0, 10.0, 1.0, 0.0, 5.0, 18.0_f64.sqrt()]);
        assert_eq!(within(&b, Scaling::Plain), vec![5.0, 18.0_f64.sqrt(), 85.0_f64.sqrt()]);
        assert_eq!(nearest(&a, &b, Scaling::Plain), vec![1.0, 0.0]);
        assert_eq!(nearest_within(&a, Scaling::Plain), vec![5.0, 5.0]);
        assert_eq!(nearest_within(&a[..1], Scaling::Plain), vec![f64::INFINITY]);
        assert!((distance(&a[0], &a[1], Scaling::PerParameter) - 12.5_f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn proposals_are_held_against_the_best_quarter() {
        let training =
            rows(&[[0.0, 0.0], [10.0, 0.0], [0.0, 2.0], [20.0, 0.0], [30.0, 0.0], [0.0, 9.0], [9.0, 9.0], [1.0, 1.0]]);
        let fvals = [1.0, 5.0, 2.0, f64::INFINITY, 6.0, 7.0, 8.0, 9.0];
        let found = of_proposals(&rows(&[[0.0, 1.0]]), &training, &fvals, 0.25, Scaling::Plain);
        assert_eq!(found.to_best, vec![1.0, 1.0]);
        assert_eq!(found.within_best, vec![2.0]);
        assert_eq!((found.to_training.len(), found.nearest_training), (8, vec![1.0]));
    }
}
