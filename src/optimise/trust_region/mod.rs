//! Bounded local descent with gradients: an interior trust-region reflective method (Coleman & Li, Mathematical
//! Programming 1994; SIAM Journal on Optimization 1996) on the Gauss-Newton or Fisher Hessian that the objective gives,
//! with the full-space subproblem solved by eigendecomposition, as fides does it for estimation in systems biology
//! (Fröhlich & Sorger, `PLoS` Computational Biology 2022), and with a secant correction of that Hessian as in NL2SOL
//! (Dennis, Gay & Welsch 1981) wherever it predicts better.
//!
//! Why it is written here: the trust region of argmin has no bounds and its subproblems (Cauchy point, dogleg,
//! Steihaug) none either; levenberg-marquardt needs residuals, which a likelihood with estimated noise does not have,
//! and knows no bounds; L-BFGS-B ([`super::local::lbfgsb`]) ignores the Fisher information, which sensitivities give for nothing.

mod curvature;
mod scaled;
pub mod settings;
mod step;
pub mod subproblem;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use nalgebra::{DMatrix, DVector};

use self::curvature::Curvature;
use self::scaled::ScaledModel;
pub use self::settings::{DescentSettings, StopRule};
use self::step::{Step, best_step};
use super::ask::{Answer, Ask, Convergence, Optimiser, Position, Stop};
use super::bounds::Bounds;
use super::objective::GradientAnswer;

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

/// When a descent that no longer falls is given up.
mod stalling {
    /// Iterations in which the fval has to fall by more than its tolerance.
    pub const PATIENCE: usize = 30;
    /// A descent that stalls has converged when its model promises less than this many tolerances: noise of the
    /// solver hides what is left.
    pub const NOISE: f64 = 100.0;
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
    curvature: Curvature,
    /// The fvals after each of the last iterations, the newest last.
    recent: VecDeque<f64>,
    stop: Option<Stop>,
}

/// The last accepted iterate.
#[derive(Debug, Clone)]
struct Current {
    x: Vec<f64>,
    fval: f64,
    gradient: DVector<f64>,
    /// The Gauss-Newton Hessian.
    hessian: DMatrix<f64>,
    gradient_norm: f64,
    model: ScaledModel,
}

impl Current {
    /// What the Gauss-Newton model says of an unscaled step.
    fn gauss_newton(&self, step: &DVector<f64>) -> f64 {
        self.gradient.dot(step) + 0.5 * step.dot(&(&self.hessian * step))
    }
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
            curvature: Curvature::new(start.len()),
            recent: VecDeque::new(),
            stop: (!usable).then_some(Stop::StartFailed),
        }
    }

    /// Trial steps so far, accepted or not.
    #[must_use]
    pub fn iterations(&self) -> usize {
        self.iterations
    }

    fn at_trial(&self, answer: &GradientAnswer) -> Option<Current> {
        let size = self.bounds.len();
        let given = DMatrix::from_row_slice(size, size, &answer.hessian);
        let hessian = (&given + given.transpose()) * 0.5;
        let gradient = DVector::from_row_slice(&answer.gradient);
        Some(Current {
            model: ScaledModel::new(&self.trial, &gradient, &hessian, &self.bounds)?,
            x: self.trial.clone(),
            fval: answer.fval,
            gradient_norm: self.bounds.projected_gradient_norm(&self.trial, &answer.gradient),
            gradient,
            hessian,
        })
    }

    /// Takes the answer at the start.
    fn begin(&mut self, answer: Option<&GradientAnswer>) {
        match answer.and_then(|answer| self.at_trial(answer)) {
            None => self.stop = Some(Stop::StartFailed),
            Some(current) => {
                if current.gradient_norm <= self.settings.gtol {
                    self.stop = Some(Stop::Converged(Convergence::Gradient));
                }
                self.current = Some(current);
            }
        }
    }

    /// Takes the answer at a trial step: accepts or rejects it, and lets radius and curvature follow.
    fn judge(&mut self, mut current: Current, step: &Step, answer: Option<&GradientAnswer>) {
        self.iterations += 1;
        let length = step.scaled.norm();
        let next = answer.and_then(|answer| self.at_trial(answer));
        let change = next.as_ref().map_or(f64::INFINITY, |next| next.fval - current.fval);
        let ratio = self.follow(change + current.model.bending(&step.scaled), step.model, length, current.fval);
        let accepted = change < 0.0 && ratio > 0.0;
        if let Some(mut next) = next {
            let moved = DVector::from_fn(next.x.len(), |index, _| next.x[index] - current.x[index]);
            self.curvature.compare(&moved, current.gauss_newton(&moved), change);
            let hessian = if accepted { &next.hessian } else { &current.hessian };
            self.curvature.learn(&moved, &(&next.gradient - &current.gradient - hessian * &moved));
            if accepted {
                std::mem::swap(&mut current, &mut next);
            }
            let hessian = self.curvature.applied(&current.hessian);
            if let Some(model) = ScaledModel::new(&current.x, &current.gradient, &hessian, &self.bounds) {
                current.model = model;
            }
        }
        self.stop = self.converged(&current, change, accepted.then_some(length));
        self.current = Some(current);
    }

    /// Lets the radius follow the ratio of the actual to the promised change, and returns it.
    fn follow(&mut self, change: f64, promised: f64, length: f64, fval: f64) -> f64 {
        // Changes that drown in rounding say nothing against the model (Conn, Gould & Toint 2000, section 17.4).
        let rounding = 10.0 * f64::EPSILON * fval.abs();
        let ratio = if change.abs() <= rounding && promised.abs() <= rounding { 1.0 } else { change / promised };
        if ratio >= radius::GOOD && length >= radius::REACHED * self.radius {
            self.radius = (radius::GROW * self.radius).min(radius::MOST);
        } else if ratio.is_nan() || ratio <= radius::POOR {
            self.radius = radius::SHRINK * self.radius.min(length);
        }
        ratio
    }

    fn converged(&mut self, current: &Current, change: f64, accepted_length: Option<f64>) -> Option<Stop> {
        let settings = &self.settings;
        let tolerance = settings.fatol + settings.frtol * current.fval.abs();
        if current.gradient_norm <= settings.gtol {
            return Some(Stop::Converged(Convergence::Gradient));
        }
        if accepted_length.is_some_and(|length| length < settings.xtol) {
            return Some(Stop::Converged(Convergence::Step));
        }
        if change.abs() <= tolerance && self.promise(current) <= tolerance {
            return Some(Stop::Converged(Convergence::Fval));
        }
        self.recent.push_back(current.fval);
        if self.recent.len() > stalling::PATIENCE {
            let before = self.recent.pop_front().unwrap_or(f64::INFINITY);
            if tolerance > 0.0 && before - current.fval <= tolerance {
                let almost = self.promise(current) <= stalling::NOISE * tolerance;
                return Some(if almost { Stop::Converged(Convergence::Fval) } else { Stop::Stuck });
            }
        }
        None
    }

    /// How far the fval can fall within radius 1, by the more hopeful of the models with and without the learnt
    /// curvature: right after a poor update the one alone may promise too little.
    fn promise(&self, current: &Current) -> f64 {
        let plain = ScaledModel::new(&current.x, &current.gradient, &current.hessian, &self.bounds);
        plain.map_or(f64::INFINITY, |plain| plain.promise()).max(current.model.promise())
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
