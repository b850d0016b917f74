//! The objective of a stored problem, as the optimisers see it.

use super::super::context::Context;
use super::super::error::StageError;
use crate::model::problem::Problem;
use crate::optimise::{Bounds, GradientAnswer, LocalSettings, Objective};
use crate::solve::ProblemSolver;

/// A compiled problem behind the optimisers' trait.
pub struct SolverObjective {
    /// The solver.
    pub solver: ProblemSolver,
    bounds: Bounds,
}

impl SolverObjective {
    /// The objective of the problem in the `index`-th input.
    ///
    /// # Errors
    /// When the artifact is no problem or its equations cannot be compiled.
    pub fn of_input(context: &Context, index: usize) -> Result<Self, StageError> {
        let problem: Problem = context.input(index).value("problem")?;
        Self::new(ProblemSolver::new(&problem).map_err(StageError::refused)?)
    }

    /// The objective of a compiled problem.
    ///
    /// # Errors
    /// When its bounds are upside down or not finite.
    pub fn new(solver: ProblemSolver) -> Result<Self, StageError> {
        let bounds = Bounds::new(solver.lower().to_vec(), solver.upper().to_vec()).map_err(StageError::refused)?;
        Ok(Self { solver, bounds })
    }

    /// The objective, for descents by this method.
    ///
    /// # Errors
    /// When the method asks for gradients that this problem does not have.
    pub fn descended_by(self, method: &LocalSettings) -> Result<Self, StageError> {
        match self.solver.no_gradient().filter(|_| method.needs_gradients()) {
            Some(reason) => Err(StageError::refused(reason)),
            None => Ok(self),
        }
    }
}

impl Objective for SolverObjective {
    fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    fn value(&self, x: &[f64]) -> f64 {
        self.solver.evaluate(x).fval
    }

    fn gradient(&self, x: &[f64]) -> Option<GradientAnswer> {
        let answer = self.solver.gradient(x).ok()?;
        answer.evaluation.fval.is_finite().then_some(GradientAnswer {
            fval: answer.evaluation.fval,
            gradient: answer.gradient,
            hessian: answer.fisher,
        })
    }
}
