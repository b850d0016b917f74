//! What follows from the places of a Jacobian alone.

use super::dense::dense_cost;
use super::plan::Plan;
use super::straight::Straight;
use std::sync::Arc;

/// What is known about the matrices `I - gamma J` of a pattern.
#[derive(Debug, Clone)]
pub struct Analysis {
    pub(super) states: usize,
    pub(super) method: Method,
}

/// How matrices of the pattern are factored.
#[derive(Debug, Clone)]
pub(super) enum Method {
    /// As full matrices; for each entry of the Jacobian, its place in the matrix by column.
    Dense(Vec<usize>),
    /// By a plan.
    Sparse(Box<Plan>),
}

impl Analysis {
    /// Analyses the matrices `I - gamma J` of a Jacobian of `states` x `states` with entries at the `(row, column)` places
    /// of `pattern`, in whatever order; entries at one place add up, and the diagonal needs no entries. Whether the matrices
    /// are full or sparse ones follows from these places alone; see the module's page.
    ///
    /// # Panics
    /// If a place lies outside of the matrix.
    #[must_use]
    pub fn new(states: usize, pattern: &[(usize, usize)]) -> Self {
        let plan = Plan::new(states, pattern);
        if plan.cost() < dense_cost(states) {
            return Self { states, method: Method::Sparse(Box::new(plan)) };
        }
        Self::dense(states, pattern)
    }

    /// As [`Analysis::new`], with all matrices as full ones.
    ///
    /// # Panics
    /// If a place lies outside of the matrix.
    #[must_use]
    pub fn dense(states: usize, pattern: &[(usize, usize)]) -> Self {
        assert!(pattern.iter().all(|&(row, column)| row < states && column < states), "a place outside of the matrix");
        let places = pattern.iter().map(|&(row, column)| column * states + row).collect();
        Self { states, method: Method::Dense(places) }
    }

    /// As [`Analysis::new`], with all matrices as sparse ones.
    ///
    /// # Panics
    /// If a place lies outside of the matrix.
    #[must_use]
    pub fn sparse(states: usize, pattern: &[(usize, usize)]) -> Self {
        Self { states, method: Method::Sparse(Box::new(Plan::new(states, pattern))) }
    }

    /// The same analysis, with machine code for small sparse matrices. It takes a millisecond to make and pays after some
    /// thousands of solves; the numbers stay the same.
    #[must_use]
    pub fn compiled(mut self) -> Self {
        if let Method::Sparse(plan) = &mut self.method {
            plan.straight = Straight::new(plan).map(Arc::new);
        }
        self
    }

    /// The number of states.
    #[must_use]
    pub fn states(&self) -> usize {
        self.states
    }

    /// Whether matrices are factored as full ones.
    #[must_use]
    pub fn is_dense(&self) -> bool {
        matches!(self.method, Method::Dense(_))
    }
}
