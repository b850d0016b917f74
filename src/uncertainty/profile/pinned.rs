//! An objective with one parameter held.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::optimise::{Bounds, GradientAnswer, Objective};

/// The objective of the other parameters.
pub(super) struct Pinned<'a> {
    objective: &'a dyn Objective,
    bounds: Bounds,
    parameter: usize,
    value: f64,
    failed: AtomicU64,
}

impl<'a> Pinned<'a> {
    pub(super) fn new(objective: &'a dyn Objective, parameter: usize, value: f64) -> Self {
        let mut bounds = objective.bounds().clone();
        bounds.lower.remove(parameter);
        bounds.upper.remove(parameter);
        Self { objective, bounds, parameter, value, failed: AtomicU64::new(0) }
    }

    /// A vector without the held parameter.
    pub(super) fn others(&self, x: &[f64]) -> Vec<f64> {
        let mut others = x.to_vec();
        others.remove(self.parameter);
        others
    }

    /// A vector with it.
    pub(super) fn whole(&self, others: &[f64]) -> Vec<f64> {
        let mut x = others.to_vec();
        x.insert(self.parameter, self.value);
        x
    }

    /// Are there no others?
    pub(super) fn is_alone(&self) -> bool {
        self.bounds.is_empty()
    }

    /// Solves that failed.
    pub(super) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    fn noted<T>(&self, answer: T, failed: bool) -> T {
        self.failed.fetch_add(u64::from(failed), Ordering::Relaxed);
        answer
    }
}

impl Objective for Pinned<'_> {
    fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    fn value(&self, x: &[f64]) -> f64 {
        let fval = self.objective.value(&self.whole(x));
        self.noted(fval, !fval.is_finite())
    }

    fn gradient(&self, x: &[f64]) -> Option<GradientAnswer> {
        let answer = self.objective.gradient(&self.whole(x)).map(|mut answer| {
            let size = answer.gradient.len();
            let index = 0..size * size;
            answer.gradient.remove(self.parameter);
            let kept = |at: &usize| at / size != self.parameter && at % size != self.parameter;
            answer.hessian = index.filter(kept).map(|at| answer.hessian[at]).collect();
            answer
        });
        let failed = answer.is_none();
        self.noted(answer, failed)
    }
}
