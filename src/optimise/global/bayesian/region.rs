//! The trust region of `TuRBO` (Eriksson, Pearce, Gardner, Turner & Poloczek, `NeurIPS` 2019), with its constants.

use crate::optimise::bounds::Bounds;

/// Where the search goes on: a box around the best point, which grows with success and shrinks without.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Region {
    /// Edge of the region where all lengthscales are equal, in widths of the box.
    length: f64,
    successes: usize,
    failures: usize,
    /// Failures in a row that shrink it.
    patience: usize,
    best: f64,
}

const FIRST: f64 = 0.8;
const LEAST: f64 = 0.007_812_5;
const MOST: f64 = 1.6;
/// Successes in a row that let it grow.
const SUCCESSES: usize = 3;
/// A success lowers the best fval by more than this share of it.
const SHARE: f64 = 1e-3;

impl Region {
    pub(super) fn new(dimensions: usize) -> Self {
        Self { length: FIRST, successes: 0, failures: 0, patience: dimensions.max(4), best: f64::INFINITY }
    }

    /// Learns the fval of a proposed point; those of the first design are learnt by [`Region::know`].
    pub(super) fn learn(&mut self, fval: f64) {
        let is_success = fval < self.best - SHARE * self.best.abs() || self.best.is_infinite() && fval.is_finite();
        self.know(fval);
        if is_success {
            (self.successes, self.failures) = (self.successes + 1, 0);
        } else {
            (self.successes, self.failures) = (0, self.failures + 1);
        }
        if self.successes == SUCCESSES {
            (self.length, self.successes) = ((2.0 * self.length).min(MOST), 0);
        } else if self.failures == self.patience {
            (self.length, self.failures) = (0.5 * self.length, 0);
        }
    }

    pub(super) fn know(&mut self, fval: f64) {
        self.best = self.best.min(fval);
    }

    /// Has it become so small that the search is over?
    pub(super) fn is_over(&self) -> bool {
        self.length < LEAST
    }

    /// The region around `centre` within the unit cube, its edges in the proportions of the lengthscales.
    pub(super) fn around(&self, centre: &[f64], lengthscales: &[f64]) -> Bounds {
        let count = lengthscales.len().max(1) as f64;
        let middle = (lengthscales.iter().map(|length| length.ln()).sum::<f64>() / count).exp();
        let side = |sign: f64| {
            let edge = |(x, length): (&f64, &f64)| (x + sign * 0.5 * self.length * length / middle).clamp(0.0, 1.0);
            centre.iter().zip(lengthscales).map(edge).collect()
        };
        Bounds { lower: side(-1.0), upper: side(1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_with_success_and_ends_without() {
        let mut region = Region::new(2);
        region.know(100.0);
        for fval in [90.0, 80.0, 70.0] {
            region.learn(fval);
        }
        assert_eq!(region.length, 1.6);
        // A thousandth lower is no success.
        let mut asked = 0;
        while !region.is_over() {
            region.learn(69.99);
            asked += 1;
        }
        assert_eq!(asked, 8 * 4);
    }

    #[test]
    fn it_has_the_shape_of_the_lengthscales_and_stays_in_the_cube() {
        let region = Region::new(2);
        let Bounds { lower, upper } = region.around(&[0.5, 0.9], &[0.1, 0.4]);
        let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(near(lower[0], 0.3) && near(upper[0], 0.7) && near(lower[1], 0.1) && upper[1] == 1.0);
    }
}
