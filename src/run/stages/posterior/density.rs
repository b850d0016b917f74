//! The posterior of a stored problem, as the samplers see it.

use std::f64::consts::LN_10;

use super::super::super::error::StageError;
use crate::model::problem::{Estimate, Prior, Problem, Scale};
use crate::optimise::Bounds;
use crate::solve::ProblemSolver;
use crate::uncertainty::{Density, Method};

/// The density `exp(-fval)` of a vector on the estimation scale. The fval holds priors of the value on the linear scale as
/// densities there, as `PEtab` has them; here the derivative of the value by the vector's element comes with them.
pub(super) struct SolverDensity {
    /// The solver.
    pub(super) solver: ProblemSolver,
    bounds: Bounds,
    /// For each parameter the derivative by its element of the logarithm of that derivative.
    slopes: Vec<f64>,
}

impl SolverDensity {
    pub(super) fn new(problem: &Problem, method: Method) -> Result<Self, StageError> {
        let solver = ProblemSolver::new(problem).map_err(StageError::refused)?;
        if let Some(reason) = solver.no_gradient().filter(|_| method.needs_gradients()) {
            let help = "`adaptive_metropolis` and `parallel_tempering` need no gradients";
            return Err(StageError::Refused(format!("{reason}; {help}")));
        }
        let bounds = Bounds::new(solver.lower().to_vec(), solver.upper().to_vec()).map_err(StageError::refused)?;
        let estimates = problem.parameters.iter().filter_map(|parameter| parameter.estimate.as_ref());
        let slopes = estimates.map(slope).collect();
        Ok(Self { solver, bounds, slopes })
    }

    /// The fval of a vector at which the density has this negative logarithm.
    pub(super) fn fval(&self, x: &[f64], value: f64) -> f64 {
        value + self.volume(x)
    }

    fn volume(&self, x: &[f64]) -> f64 {
        self.slopes.iter().zip(x).map(|(slope, x)| slope * x).sum()
    }
}

fn slope(estimate: &Estimate) -> f64 {
    let is_linear = match estimate.prior {
        None | Some(Prior::Normal { .. } | Prior::Laplace { .. } | Prior::Uniform { .. }) => false,
        Some(
            Prior::LinearNormal { .. }
            | Prior::LinearLaplace { .. }
            | Prior::LinearUniform { .. }
            | Prior::LogNormal { .. }
            | Prior::LogLaplace { .. },
        ) => true,
    };
    match estimate.scale {
        Scale::Log if is_linear => 1.0,
        Scale::Log10 if is_linear => LN_10,
        _ => 0.0,
    }
}

impl Density for SolverDensity {
    fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    fn value(&self, x: &[f64]) -> f64 {
        self.solver.evaluate(x).fval - self.volume(x)
    }

    fn gradient(&self, x: &[f64]) -> Option<(f64, Vec<f64>)> {
        let (evaluation, mut gradient) = self.solver.slope(x).ok()?;
        gradient.iter_mut().zip(&self.slopes).for_each(|(by_x, slope)| *by_x -= slope);
        evaluation.fval.is_finite().then(|| (evaluation.fval - self.volume(x), gradient))
    }
}
