//! Local descents: methods that go down from one start, behind one setting and one function.
//!
//! The method of choice is [`super::trust_region`], which uses the Hessian that sensitivities give for nothing. The
//! others are what it is compared with: [`lbfgsb`] uses the gradient alone, [`levenberg_marquardt`] damps the
//! Gauss-Newton step, [`nelder_mead`] uses fvals alone and works where gradients cannot be had. A new method is a file
//! with its settings and a type that implements [`Optimiser`], a variant of [`LocalSettings`] and its lines below.

pub mod lbfgsb;
pub mod levenberg_marquardt;
pub mod nelder_mead;
pub mod written;

mod ending;
pub(super) mod simplex;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use self::lbfgsb::{Lbfgsb, LbfgsbSettings};
use self::levenberg_marquardt::{LevenbergMarquardt, LevenbergMarquardtSettings};
use self::nelder_mead::{NelderMead, NelderMeadSettings};
use super::ask::{Iterate, Limits, Optimiser, Stop, run};
use super::bounds::Bounds;
use super::objective::{Objective, Work};
use super::trust_region::{DescentSettings, TrustRegion, settings::schema as gradient};
use crate::schema::Choice;

/// A local method with its settings, as the language names them; see [`methods`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LocalSettings {
    /// [`super::trust_region`]
    Gradient(DescentSettings),
    /// [`lbfgsb`]
    Lbfgsb(LbfgsbSettings),
    /// [`levenberg_marquardt`]
    LevenbergMarquardt(LevenbergMarquardtSettings),
    /// [`nelder_mead`]
    NelderMead(NelderMeadSettings),
}

impl LocalSettings {
    /// An optimiser by this method from `start`. One that is not finite or has another length than the bounds ends it at
    /// once with [`Stop::StartFailed`], one outside the bounds is moved to the nearest point inside.
    #[must_use]
    pub fn build(&self, bounds: Bounds, start: &[f64]) -> Box<dyn Optimiser + Send> {
        match self {
            Self::Gradient(settings) => Box::new(TrustRegion::new(bounds, start, *settings)),
            Self::Lbfgsb(settings) => Box::new(Lbfgsb::new(bounds, start, *settings)),
            Self::LevenbergMarquardt(settings) => Box::new(LevenbergMarquardt::new(bounds, start, *settings)),
            Self::NelderMead(settings) => Box::new(NelderMead::new(bounds, start, *settings)),
        }
    }

    /// The limit of iterations under the stopping rule.
    #[must_use]
    pub fn most_iterations(&self) -> usize {
        match self {
            Self::Gradient(settings) => settings.most_iterations(),
            Self::Lbfgsb(settings) => settings.stop.most(settings.iterations),
            Self::LevenbergMarquardt(settings) => settings.stop.most(settings.iterations),
            Self::NelderMead(settings) => settings.stop.most(settings.iterations),
        }
    }

    /// Does it ask for gradients?
    #[must_use]
    pub fn needs_gradients(&self) -> bool {
        !matches!(self, Self::NelderMead(_))
    }
}

impl Default for LocalSettings {
    fn default() -> Self {
        Self::Gradient(DescentSettings::default())
    }
}

impl From<DescentSettings> for LocalSettings {
    fn from(settings: DescentSettings) -> Self {
        Self::Gradient(settings)
    }
}

/// The local methods, as the language names them, the default first. [`LocalSettings`] is their typed form.
#[must_use]
pub fn methods() -> Vec<Choice> {
    vec![gradient(), lbfgsb::schema(), levenberg_marquardt::schema(), nelder_mead::schema()]
}

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

/// Descends from `start`; see [`LocalSettings::build`]. The same input gives the same bits and the same evaluations in
/// the same order; no input panics.
#[must_use]
pub fn descend(objective: &dyn Objective, start: &[f64], settings: &LocalSettings) -> Descent {
    let mut path = Vec::new();
    let mut optimiser = settings.build(objective.bounds().clone(), start);
    let outcome = run(optimiser.as_mut(), objective, Limits::NONE, &mut |iterate| path.push(iterate.clone()));
    Descent { path, stop: outcome.stop, work: outcome.work }
}

/// The start, moved into the box; `None` when no descent can begin there.
fn start_in(bounds: &Bounds, start: &[f64]) -> Option<Vec<f64>> {
    let usable = bounds.check().is_ok()
        && !bounds.is_empty()
        && start.len() == bounds.len()
        && start.iter().all(|x| x.is_finite());
    usable.then(|| bounds.clip(start))
}
