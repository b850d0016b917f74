//! Minimisation of a function with slopes in a box: what likelihood and improvement are climbed by.

use crate::optimise::ask::{Limits, run};
use crate::optimise::bounds::Bounds;
use crate::optimise::local::lbfgsb::{Lbfgsb, LbfgsbSettings};
use crate::optimise::objective::{GradientAnswer, Objective};

/// A function with its slopes; nothing where it cannot be evaluated.
struct Smooth<F> {
    bounds: Bounds,
    function: F,
}

impl<F: Fn(&[f64]) -> Option<(f64, Vec<f64>)> + Sync> Objective for Smooth<F> {
    fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    fn value(&self, x: &[f64]) -> f64 {
        (self.function)(x).map_or(f64::INFINITY, |(fval, _)| fval)
    }

    fn gradient(&self, x: &[f64]) -> Option<GradientAnswer> {
        let (fval, gradient) = (self.function)(x)?;
        Some(GradientAnswer { fval, gradient, hessian: Vec::new() })
    }
}

/// The lowest point on the way down from `start` by L-BFGS-B, with its value; `None` where the start cannot be evaluated.
pub(super) fn minimise(
    function: impl Fn(&[f64]) -> Option<(f64, Vec<f64>)> + Sync,
    bounds: &Bounds,
    start: &[f64],
    iterations: usize,
) -> Option<(Vec<f64>, f64)> {
    let settings = LbfgsbSettings { iterations, fatol: 1e-7, frtol: 1e-7, gtol: 1e-5, ..LbfgsbSettings::default() };
    let mut optimiser = Lbfgsb::new(bounds.clone(), start, settings);
    let smooth = Smooth { bounds: bounds.clone(), function };
    run(&mut optimiser, &smooth, Limits::NONE, &mut |_| {}).best
}
