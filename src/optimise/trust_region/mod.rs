//! Bounded local descent with gradients: an interior trust-region reflective method (Coleman & Li, Mathematical
//! Programming 1994; SIAM Journal on Optimization 1996) on the Gauss-Newton or Fisher Hessian that the objective gives,
//! with the full-space subproblem solved by eigendecomposition, as fides does it for estimation in systems biology
//! (Fröhlich & Sorger, PLoS Computational Biology 2022).
//!
//! Why it is written here: the trust region of argmin has no bounds and its subproblems (Cauchy point, dogleg,
//! Steihaug) none either; levenberg-marquardt needs residuals, which a likelihood with estimated noise does not have,
//! and knows no bounds; L-BFGS-B ignores the Fisher information, which sensitivities give for nothing.

mod scaled;
pub mod settings;
mod step;
pub mod subproblem;
#[cfg(test)]
mod tests;

use nalgebra::{DMatrix, DVector};

use self::scaled::ScaledModel;
pub use self::settings::{DescentSettings, StopRule};
use self::step::{Step, best_step};
use super::ask::{Answer, Ask, Convergence, Iterate, Limits, Optimiser, Position, Stop, run};
use super::bounds::Bounds;
use super::objective::{GradientAnswer, Objective, Work};

/// A whole descent.
#[derive(Debug, Clone, PartialEq)]
pub struct Descent {
    /// The accepted iterates with falling fvals, the start first; empty when the start failed.
    pub path: Vec<Iterate>,
    /// Why it stopped.
    pub stop: Stop,
    /// The work of the whole descent, rejected steps included.
    pub work: Work,
}

impl Descent {
    /// The last iterate, which has the lowest fval; `None` when the start failed.
    #[must_use]
    pub fn end(&self) -> Option<&Iterate> {
        self.path.last()
    }
}

/// Descends from `start`. A start outside the bounds is moved to the nearest point inside. The same input gives the
/// same bits; no input panics.
#[must_use]
pub fn descend(objective: &dyn Objective, start: &[f64], settings: &DescentSettings) -> Descent {
    let mut path = Vec::new();
    let mut optimiser = TrustRegion::new(objective.bounds().clone(), start, *settings);
    let outcome = run(&mut optimiser, objective, Limits::NONE, &mut |iterate| path.push(iterate.clone()));
    Descent { path, stop: outcome.stop, work: outcome.work }
}

/// The rule by which the radius follows the ratio of actual to promised descent (Nocedal & Wright 2006, algorithm 4.1).
mod radius {
    /// At or below this ratio the radius shrinks.
    pub const POOR: f64 = 0.25;
    /// At or above this ratio, a step that reached the radius makes it grow.
    pub const GOOD: f64 = 0.75;
    /// Factor of shrinking, of the radius and of the step's length.
    pub const SHRINK: f64 = 0.25;
    /// Factor of growing.
    pub const GROW: f64 = 2.0;
    /// Share of the radius from which a step counts as having reached it.
    pub const REACHED: f64 = 0.9;
    /// Below this radius no step can be told from none.
    pub const LEAST: f64 = 1e-14;
    /// A radius beyond this says nothing more.
    pub const MOST: f64 = 1e10;
}

/// The local descent as an optimiser that asks for one gradient at a time.
#[derive(Debug, Clone)]
pub struct TrustRegion {
    bounds: Bounds,
    settings: DescentSettings,
    radius: f64,
    iterations: usize,
    /// What is asked next.
    trial: Vec<f64>,
    /// The step that leads from the current point to the trial; `None` while the trial is the start.
    step: Option<Step>,
    current: Option<Current>,
    stop: Option<Stop>,
}

/// The last accepted iterate.
#[derive(Debug, Clone)]
struct Current {
    x: Vec<f64>,
    fval: f64,
    gradient_norm: f64,
    model: ScaledModel,
}

impl TrustRegion {
    /// A descent from `start`. A start that is not finite or has another length than the bounds ends it at once with
    /// [`Stop::StartFailed`], one outside the bounds is moved to the nearest point inside.
    #[must_use]
    pub fn new(bounds: Bounds, start: &[f64], settings: DescentSettings) -> Self {
        let usable = bounds.check().is_ok()
            && !bounds.is_empty()
            && start.len() == bounds.len()
            && start.iter().all(|x| x.is_finite());
        Self {
            trial: if usable { bounds.clip(start) } else { Vec::new() },
            bounds,
            radius: settings.in_force().radius,
            settings: settings.in_force(),
            iterations: 0,
            step: None,
            current: None,
            stop: (!usable).then_some(Stop::StartFailed),
        }
    }

    /// Trial steps so far, accepted or not.
    #[must_use]
    pub fn iterations(&self) -> usize {
        self.iterations
    }

    fn moved_to(&self, answer: &GradientAnswer) -> Option<Current> {
        let size = self.bounds.len();
        let hessian = DMatrix::from_row_slice(size, size, &answer.hessian);
        Some(Current {
            model: ScaledModel::new(&self.trial, answer, &hessian, &self.bounds)?,
            x: self.trial.clone(),
            fval: answer.fval,
            gradient_norm: self.bounds.projected_gradient_norm(&self.trial, &answer.gradient),
        })
    }

    /// Takes the answer at the start.
    fn begin(&mut self, answer: Option<&GradientAnswer>) {
        match answer.and_then(|answer| self.moved_to(answer)) {
            None => self.stop = Some(Stop::StartFailed),
            Some(current) => {
                if current.gradient_norm <= self.settings.gtol {
                    self.stop = Some(Stop::Converged(Convergence::Gradient));
                }
                self.current = Some(current);
            }
        }
    }

    /// Takes the answer at a trial step: accepts or rejects it, and lets the radius follow.
    fn judge(&mut self, current: Current, step: &Step, answer: Option<&GradientAnswer>) {
        self.iterations += 1;
        let length = step.scaled.norm();
        let next = answer.and_then(|answer| self.moved_to(answer));
        let change = next.as_ref().map_or(f64::INFINITY, |next| next.fval - current.fval);
        let ratio = (change + current.model.bending(&step.scaled)) / step.model;
        if ratio >= radius::GOOD && length >= radius::REACHED * self.radius {
            self.radius = (radius::GROW * self.radius).min(radius::MOST);
        } else if ratio.is_nan() || ratio <= radius::POOR {
            self.radius = radius::SHRINK * self.radius.min(length);
        }
        let accepted = change < 0.0 && ratio > 0.0;
        let current = match next {
            Some(next) if accepted => next,
            _ => current,
        };
        self.stop = self.converged(&current, change, accepted.then_some(length));
        self.current = Some(current);
    }

    fn converged(&self, current: &Current, change: f64, accepted_length: Option<f64>) -> Option<Stop> {
        let settings = &self.settings;
        let tolerance = settings.fatol + settings.frtol * current.fval.abs();
        if current.gradient_norm <= settings.gtol {
            Some(Stop::Converged(Convergence::Gradient))
        } else if change.abs() <= tolerance && current.model.promise() <= tolerance {
            Some(Stop::Converged(Convergence::Fval))
        } else if accepted_length.is_some_and(|length| length < settings.xtol) {
            Some(Stop::Converged(Convergence::Step))
        } else {
            None
        }
    }

    /// Chooses the next trial.
    fn propose(&mut self) {
        if self.stop.is_some() {
            return;
        }
        let Some(current) = &self.current else { return };
        if self.iterations >= self.settings.most_iterations() {
            self.stop = Some(Stop::Iterations);
            return;
        }
        while self.radius >= radius::LEAST {
            if let Some(step) = best_step(&current.model, &current.x, &self.bounds, self.radius) {
                let moved: DVector<f64> = current.model.unscaled(&step.scaled);
                let trial: Vec<f64> = current.x.iter().zip(moved.iter()).map(|(x, step)| x + step).collect();
                if trial.iter().all(|x| x.is_finite()) && trial != current.x {
                    self.trial = self.bounds.clip(&trial);
                    self.step = Some(step);
                    return;
                }
            }
            self.radius *= radius::SHRINK;
        }
        self.stop = Some(Stop::Stuck);
    }
}

impl Optimiser for TrustRegion {
    fn ask(&mut self) -> Ask {
        match self.stop {
            Some(stop) => Ask::Done(stop),
            None => Ask::Gradient(self.trial.clone()),
        }
    }

    fn tell(&mut self, answers: &[Answer]) {
        if self.stop.is_some() {
            return;
        }
        let answer = match answers.first() {
            Some(Answer::Gradient(Some(answer))) if answer.is_usable(self.bounds.len()) => Some(answer),
            _ => None,
        };
        match (self.current.take(), self.step.take()) {
            (Some(current), Some(step)) => self.judge(current, &step, answer),
            _ => self.begin(answer),
        }
        self.propose();
    }

    fn best(&self) -> Option<(&[f64], f64)> {
        self.current.as_ref().map(|current| (current.x.as_slice(), current.fval))
    }

    fn position(&self) -> Option<Position<'_>> {
        self.current.as_ref().map(|current| Position {
            x: &current.x,
            fval: current.fval,
            gradient_norm: current.gradient_norm,
        })
    }
}
