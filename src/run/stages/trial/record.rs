//! One descent with every fval on its way.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::super::objective::SolverObjective;
use crate::optimise::{self, Bounds, GradientAnswer, LocalSettings, Objective};

/// One descent, as the journal keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    /// Each evaluation: with derivatives?, and its fval.
    pub(super) fvals: Vec<(bool, f64)>,
    /// The fval of the start, and the end with its fval; nothing where the start failed.
    pub(super) end: Option<(f64, f64, Vec<f64>)>,
    pub(super) converged: bool,
    pub(super) stop: String,
}

impl Record {
    pub(super) fn of(objective: &SolverObjective, start: &[f64], settings: &LocalSettings) -> Self {
        let recorded = Recorded::new(objective);
        let descent = optimise::descend(&recorded, start, settings);
        let end = descent.path.first().zip(descent.path.last());
        Self {
            end: end.map(|(first, last)| (first.fval, last.fval, last.x.clone())),
            converged: descent.stop.is_converged(),
            stop: descent.stop.label().to_owned(),
            fvals: recorded.into_fvals(),
        }
    }
}

/// An objective that notes every fval.
pub(super) struct Recorded<'a> {
    objective: &'a SolverObjective,
    fvals: Mutex<Vec<(bool, f64)>>,
}

impl<'a> Recorded<'a> {
    pub(super) fn new(objective: &'a SolverObjective) -> Self {
        Self { objective, fvals: Mutex::default() }
    }

    pub(super) fn into_fvals(self) -> Vec<(bool, f64)> {
        self.fvals.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, has_derivatives: bool, fval: f64) {
        self.fvals.lock().unwrap_or_else(PoisonError::into_inner).push((has_derivatives, fval));
    }
}

impl Objective for Recorded<'_> {
    fn bounds(&self) -> &Bounds {
        self.objective.bounds()
    }

    fn value(&self, x: &[f64]) -> f64 {
        let fval = self.objective.value(x);
        self.note(false, fval);
        fval
    }

    fn gradient(&self, x: &[f64]) -> Option<GradientAnswer> {
        let answer = self.objective.gradient(x);
        self.note(true, answer.as_ref().map_or(f64::INFINITY, |answer| answer.fval));
        answer
    }
}
