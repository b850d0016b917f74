//! When a descent ends: what the methods with gradients share.

use crate::optimise::ask::{Convergence, Stop};
use crate::optimise::trust_region::{StopRule, settings::stop};
use crate::schema::{Field, Type, Value};

/// The rules in force.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ending {
    /// Most evaluations after the start's own.
    pub(super) iterations: usize,
    /// Absolute tolerance of the fval.
    pub(super) fatol: f64,
    /// Relative tolerance of the fval.
    pub(super) frtol: f64,
    /// Tolerance of the projected gradient's largest component.
    pub(super) gtol: f64,
    /// An accepted step none of whose components is larger ends the descent; 0 is off.
    pub(super) xtol: f64,
}

impl Ending {
    /// The rules that `stop` leaves in force.
    pub(super) fn under(mut self, stop: StopRule) -> Self {
        self.iterations = stop.most(self.iterations);
        if stop == StopRule::Iterations {
            (self.fatol, self.frtol, self.gtol, self.xtol) = (0.0, 0.0, 0.0, 0.0);
        }
        self
    }

    /// The tolerance of the fval near `fval`.
    pub(super) fn tolerance(&self, fval: f64) -> f64 {
        self.fatol + self.frtol * fval.abs()
    }

    /// Does the gradient vanish?
    pub(super) fn flat(&self, gradient_norm: f64) -> Option<Stop> {
        (gradient_norm <= self.gtol).then_some(Stop::Converged(Convergence::Gradient))
    }

    /// Is this accepted step too short to go on?
    pub(super) fn short<'a>(&self, step: impl IntoIterator<Item = &'a f64>) -> Option<Stop> {
        let length = step.into_iter().fold(0.0, |most: f64, part| most.max(part.abs()));
        (length < self.xtol).then_some(Stop::Converged(Convergence::Step))
    }
}

/// How the language names the rules, with these defaults.
pub(super) fn fields(defaults: Ending, iterations: &'static str, fatol: &'static str) -> Vec<Field> {
    let tolerance =
        |name, default, doc| Field::new(name, Type::Number { least: 0.0, most: 1e6 }, Value::Number(default), doc);
    vec![
        most_iterations(defaults.iterations, iterations),
        stop(),
        tolerance("fatol", defaults.fatol, fatol),
        tolerance("frtol", defaults.frtol, "tolerance of the fval, relative to it; adds to `fatol`"),
        tolerance("gtol", defaults.gtol, "tolerance of the projected gradient's largest component"),
        tolerance("xtol", defaults.xtol, "tolerance of an accepted step's largest component; 0 is off"),
    ]
}

/// `iterations`
pub(super) fn most_iterations(default: usize, doc: &'static str) -> Field {
    Field::new("iterations", Type::Integer { least: 0, most: 1_000_000 }, Value::Integer(default as i64), doc)
}
