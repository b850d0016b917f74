//! The problem itself: checked by compiling its equations, then stored as it is.

use super::super::context::Context;
use super::super::error::StageError;
use crate::model::problem::Problem;
use crate::solve::ProblemSolver;

/// Writes `problem.ron`.
pub(super) fn run(context: &Context, problem: &Problem) -> Result<Vec<String>, StageError> {
    ProblemSolver::new(problem).map_err(StageError::refused)?;
    context.draft.value("problem", problem)?;
    Ok(Vec::new())
}
