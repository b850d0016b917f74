//! What is minimised, and the one counter of work around it.

use std::ops::{Add, AddAssign};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::bounds::Bounds;

/// A function of a parameter vector on the estimation scale, lower is better. It answers the same question always with
/// the same bits.
pub trait Objective: Sync {
    /// Where it is to be minimised.
    fn bounds(&self) -> &Bounds;

    /// The fval at `x`; infinite when the solve fails.
    fn value(&self, x: &[f64]) -> f64;

    /// The fval at `x` with its derivatives; `None` when the solve fails.
    fn gradient(&self, x: &[f64]) -> Option<GradientAnswer>;
}

/// An fval with its derivatives on the estimation scale.
#[derive(Debug, Clone, PartialEq)]
pub struct GradientAnswer {
    /// The fval.
    pub fval: f64,
    /// Its gradient, `d` numbers.
    pub gradient: Vec<f64>,
    /// A positive semidefinite approximation of its Hessian (Gauss-Newton, Fisher information), `d x d`, row by row.
    pub hessian: Vec<f64>,
}

impl GradientAnswer {
    /// Has it the right shape for `dimensions` parameters, and are all its numbers finite? An optimiser treats any
    /// other answer as a failed solve.
    #[must_use]
    pub fn is_usable(&self, dimensions: usize) -> bool {
        self.fval.is_finite()
            && self.gradient.len() == dimensions
            && self.hessian.len() == dimensions * dimensions
            && self.gradient.iter().chain(&self.hessian).all(|number| number.is_finite())
    }
}

/// Deterministic work: how often an objective was asked, failed solves included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Evaluations of the fval alone.
    pub values: u64,
    /// Evaluations with derivatives.
    pub gradients: u64,
}

impl Work {
    /// The work in units of one fval, where an evaluation with derivatives costs `gradient_cost` of them.
    #[must_use]
    pub fn cost(&self, gradient_cost: f64) -> f64 {
        self.values as f64 + gradient_cost * self.gradients as f64
    }
}

impl Add for Work {
    type Output = Work;

    fn add(self, other: Work) -> Work {
        Work { values: self.values + other.values, gradients: self.gradients + other.gradients }
    }
}

impl AddAssign for Work {
    fn add_assign(&mut self, other: Work) {
        *self = *self + other;
    }
}

impl std::iter::Sum for Work {
    fn sum<I: Iterator<Item = Work>>(work: I) -> Work {
        work.fold(Work::default(), Add::add)
    }
}

/// An objective with a counter around it. Threads may share it: the counts do not depend on their order.
pub struct Counted<'a> {
    objective: &'a dyn Objective,
    values: AtomicU64,
    gradients: AtomicU64,
}

impl<'a> Counted<'a> {
    /// Starts counting at zero.
    #[must_use]
    pub fn new(objective: &'a dyn Objective) -> Self {
        Self { objective, values: AtomicU64::new(0), gradients: AtomicU64::new(0) }
    }

    /// The work so far.
    #[must_use]
    pub fn work(&self) -> Work {
        Work { values: self.values.load(Ordering::Relaxed), gradients: self.gradients.load(Ordering::Relaxed) }
    }
}

impl Objective for Counted<'_> {
    fn bounds(&self) -> &Bounds {
        self.objective.bounds()
    }

    fn value(&self, x: &[f64]) -> f64 {
        self.values.fetch_add(1, Ordering::Relaxed);
        self.objective.value(x)
    }

    fn gradient(&self, x: &[f64]) -> Option<GradientAnswer> {
        self.gradients.fetch_add(1, Ordering::Relaxed);
        self.objective.gradient(x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_with_a_hole_is_not_usable() {
        let whole = GradientAnswer { fval: 1.0, gradient: vec![0.0; 2], hessian: vec![1.0, 0.0, 0.0, 1.0] };
        assert!(whole.is_usable(2));
        assert!(!whole.is_usable(3));
        assert!(!GradientAnswer { fval: f64::INFINITY, ..whole.clone() }.is_usable(2));
        assert!(!GradientAnswer { gradient: vec![0.0, f64::NAN], ..whole.clone() }.is_usable(2));
        assert!(!GradientAnswer { hessian: vec![1.0], ..whole }.is_usable(2));
    }

    #[test]
    fn work_adds_up_and_has_a_price() {
        let work: Work = [Work { values: 2, gradients: 1 }, Work { values: 3, gradients: 4 }].into_iter().sum();
        assert_eq!(work, Work { values: 5, gradients: 5 });
        assert_eq!(work.cost(4.0), 25.0);
    }
}
