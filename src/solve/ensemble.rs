//! Many vectors at once.

use super::{Evaluation, Failure, ProblemSolver};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Solves blocks of vectors in parallel, in rayon's current pool, and hands the results over in the order of the vectors,
/// whatever the number of threads: while one block is solved, the results of the one before are written and the next one is
/// read, so that no more than three blocks are in memory. `scratch` makes space that a thread uses for one vector after the
/// other. Ends with the first empty block.
///
/// # Errors
/// The first error of `read` or `write`.
pub fn in_blocks<X: Sync + Send, S, Y: Send, E: Send>(
    mut read: impl FnMut() -> Result<Vec<X>, E> + Send,
    scratch: impl Fn() -> S + Sync + Send,
    solve: impl Fn(&mut S, &X) -> Y + Sync + Send,
    mut write: impl FnMut(Vec<Y>) -> Result<(), E> + Send,
) -> Result<(), E> {
    let mut block = read()?;
    let mut before: Option<Vec<Y>> = None;
    while !block.is_empty() {
        let previous = before.take();
        let (solved, (written, next)) = rayon::join(
            || block.par_iter().map_init(&scratch, &solve).collect(),
            || (previous.map_or(Ok(()), &mut write), read()),
        );
        written?;
        (before, block) = (Some(solved), next?);
    }
    before.map_or(Ok(()), write)
}

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
