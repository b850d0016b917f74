//! Many vectors at once.

use super::{Evaluation, Failure, ProblemSolver};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// The evaluations of many vectors, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Ensemble {
    /// One evaluation a vector.
    pub evaluations: Vec<Evaluation>,
}

impl Ensemble {
    /// Evaluates vectors on the estimation scale in parallel, in rayon's current pool. The results do not depend on
    /// the number of threads: each evaluation is computed by itself.
    #[must_use]
    pub fn evaluate(solver: &ProblemSolver, vectors: &[Vec<f64>]) -> Self {
        Self { evaluations: vectors.par_iter().map(|x| solver.evaluate(x)).collect() }
    }

    /// How many failed, by cause; causes that did not occur are left out.
    #[must_use]
    pub fn failures(&self) -> BTreeMap<Failure, usize> {
        let mut counts = BTreeMap::new();
        for failure in self.evaluations.iter().filter_map(|evaluation| evaluation.outcome.err()) {
            *counts.entry(failure).or_insert(0) += 1;
        }
        counts
    }

    /// How many succeeded, by the rung of the ladder of solver settings that was needed.
    #[must_use]
    pub fn rungs(&self) -> BTreeMap<usize, usize> {
        let mut counts = BTreeMap::new();
        for attempt in self.evaluations.iter().filter_map(|evaluation| evaluation.outcome.ok()) {
            *counts.entry(attempt.rung).or_insert(0) += 1;
        }
        counts
    }
}
