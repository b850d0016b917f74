//! The problem itself: checked by compiling its equations, then stored as it is; where it has a recipe instead of
//! measurements, with the measurements that the recipe gives.

use super::super::context::Context;
use super::super::error::StageError;
use super::super::synthetic;
use crate::model::problem::Problem;
use crate::solve::ProblemSolver;

/// Writes `problem.ron`, and `synthetic.ron` where measurements are simulated.
pub(super) fn run(context: &Context, problem: &Problem) -> Result<Vec<String>, StageError> {
    let made = synthetic::measure(problem, &context.streams()).map_err(StageError::refused)?;
    let Some((problem, summary)) = made else {
        ProblemSolver::new(problem).map_err(StageError::refused)?;
        context.draft.value("problem", problem)?;
        return Ok(Vec::new());
    };
    ProblemSolver::new(&problem).map_err(StageError::refused)?;
    context.draft.value("problem", &problem)?;
    context.draft.value("synthetic", &summary)?;
    Ok(summary.lines())
}
