//! Measurements by recipe: the observables of a problem at its nominal values, with noise from the problem's own stream.

mod simulated;
mod span;

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use crate::model::expression::Expression;
use crate::model::problem::{Measurement, NoiseDistribution, Problem, Scale};
use crate::random::Streams;
use crate::solve::simulate::SimulateError;
use crate::solve::{ProblemSolver, SolveError};

use simulated::simulated;
use span::times;

/// What a recipe came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SyntheticSummary {
    /// The first and the last time.
    pub span: (f64, f64),
    /// Where the span comes from, in words, if it was found and not said.
    pub reason: Option<String>,
    /// Number of times.
    pub times: usize,
    /// Number of observables that are measured.
    pub observables: usize,
    /// Number of measurements.
    pub measurements: usize,
    /// Observables that are left out, each with the reason in words.
    pub left_out: Vec<(String, String)>,
    /// Single values that are left out: on a logarithmic scale, those that the solver does not resolve.
    pub unresolved: usize,
    /// Why the objective fails at the nominal values, where it does, in one word: the simulation has more steps than the
    /// problem's own limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// Why a recipe gives no measurements.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SyntheticError {
    /// The problem cannot be made into equations.
    #[error(transparent)]
    Equations(#[from] SolveError),
    /// No span of time was found.
    #[error("no automatic span of time: {0}; say it: `times = auto(50, end = 10)`")]
    Span(SimulateError),
    /// A treatment begins at a steady state that there is not.
    #[error(
        "no automatic span of time: the steady state before a treatment: {0}; say the span: `times = auto(50, end = 10)`"
    )]
    Before(SimulateError),
    /// The simulation failed.
    #[error(
        "the simulation at the nominal values failed: {0}; another span (`times`) or other tolerances (`solver`) may help"
    )]
    Simulation(&'static str),
    /// Nothing can be measured.
    #[error("none of the {0} observables is a finite number at all times; observe others: `observe = [A, B]`")]
    NothingFinite(usize),
    /// Nothing is left to measure.
    #[error(
        "none of the {0} observables changes by more than the solver resolves; observe others, or say a smaller `atol` in `solver`"
    )]
    NothingChanges(usize),
}

/// Observables that are left out and named.
const MOST_SHOWN: usize = 6;

/// Values below this many times the tolerance are not resolved.
const RESOLVED: f64 = 10.0;

/// The problem with the measurements that its recipe gives; `None` for a problem that has no recipe.
///
/// # Errors
/// When the equations cannot be made or solved at the nominal values, or nothing changes.
pub fn measure(problem: &Problem, streams: &Streams) -> Result<Option<(Problem, SyntheticSummary)>, SyntheticError> {
    let Some(recipe) = &problem.synthetic else { return Ok(None) };
    let (times, reason) = times(problem, recipe)?;
    let simulated = simulated(problem, &times)?;

    let mut made = Problem { synthetic: None, observables: Vec::new(), measurements: Vec::new(), ..problem.clone() };
    let mut left_out = Vec::new();
    let mut unresolved = 0;
    for (index, observable) in problem.observables.iter().enumerate() {
        let values: Vec<&[f64]> =
            (0..problem.treatments.len()).filter_map(|treatment| simulated.of(treatment, index)).collect();
        if values.is_empty() {
            left_out.push((observable.id.clone(), "or its noise is no finite number at some time".to_owned()));
            continue;
        }
        let largest = values.iter().copied().flatten().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        let floor = RESOLVED * problem.solver.rtol.mul_add(largest, problem.solver.atol);
        let all = || values.iter().copied().flatten().copied();
        let span = all().fold(f64::NEG_INFINITY, f64::max) - all().fold(f64::INFINITY, f64::min);
        if span <= floor {
            let value = values.first().and_then(|values| values.first()).copied().unwrap_or(0.0);
            let what = if value.abs() <= floor { "stays at 0".to_owned() } else { format!("stays at {value}") };
            left_out.push((observable.id.clone(), what));
            continue;
        }
        let mut observable = observable.clone();
        let fixed = match (recipe.relative.contains(&index), &observable.noise.scale) {
            (true, Expression::Number(share)) => Some(share * largest),
            _ => None,
        };
        if let Some(scale) = fixed {
            observable.noise.scale = Expression::Number(scale);
        }
        let before = made.measurements.len();
        let streams = streams.part(&format!("noise of {}", observable.id));
        for (treatment, values) in values.iter().enumerate() {
            let mut stream = streams.stream(treatment as u64);
            let scales = simulated.scales(treatment, index).unwrap_or_default();
            for ((&time, &value), &scale) in times.iter().zip(*values).zip(scales) {
                // Drawn for every time, so that what is left out moves no other draw.
                let draw = match observable.noise.distribution {
                    NoiseDistribution::Normal => StandardNormal.sample(&mut stream),
                    NoiseDistribution::Laplace => laplace(stream.random_range(-0.5..0.5)),
                };
                if observable.noise.transformation != Scale::Linear && value <= floor {
                    unresolved += 1;
                    continue;
                }
                let noise = fixed.unwrap_or(scale) * draw;
                let value = match observable.noise.transformation {
                    Scale::Linear => value + noise,
                    Scale::Log => value * noise.exp(),
                    Scale::Log10 => value * 10f64.powf(noise),
                };
                if !value.is_finite() {
                    unresolved += 1;
                    continue;
                }
                made.measurements.push(measurement(made.observables.len(), treatment, time, value));
            }
        }
        if made.measurements.len() == before {
            left_out.push((observable.id, "has no value above 0 that the solver resolves".to_owned()));
        } else {
            made.observables.push(observable);
        }
    }
    if made.observables.is_empty() {
        return Err(SyntheticError::NothingChanges(problem.observables.len()));
    }
    let solver = ProblemSolver::new(&made)?;
    let cause = solver.evaluate(solver.nominal()).cause();
    let summary = SyntheticSummary {
        span: (times.first().copied().unwrap_or(0.0), times.last().copied().unwrap_or(0.0)),
        reason,
        times: times.len(),
        observables: made.observables.len(),
        measurements: made.measurements.len(),
        left_out,
        unresolved,
        failure: (!cause.is_empty()).then(|| cause.to_owned()),
    };
    Ok(Some((made, summary)))
}

impl SyntheticSummary {
    /// The summary in one line, and below it what was left out.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let reason = self.reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
        let mut lines = vec![format!(
            "simulated from {} to {}{reason}: {} measurements of {} observable{} at {} times",
            self.span.0,
            self.span.1,
            self.measurements,
            self.observables,
            if self.observables == 1 { "" } else { "s" },
            self.times
        )];
        if self.unresolved > 0 {
            lines.push(format!("{} values are left out: too small for the solver to resolve", self.unresolved));
        }
        for (id, reason) in self.left_out.iter().take(MOST_SHOWN) {
            lines.push(format!("`{id}` is left out: it {reason}"));
        }
        if self.left_out.len() > MOST_SHOWN {
            lines.push(format!("{} more observables are left out", self.left_out.len() - MOST_SHOWN));
        }
        if let Some(cause) = &self.failure {
            lines.push(format!(
                "the objective fails at the nominal values ({cause}); other limits may help: `solver {{ steps = 100000 }}`"
            ));
        }
        lines
    }
}

fn measurement(observable: usize, treatment: usize, time: f64, value: f64) -> Measurement {
    Measurement { observable, treatment, time, value, observable_overrides: Vec::new(), noise_override: None }
}

/// A draw of the standard Laplace distribution from one uniform between -1/2 and 1/2.
fn laplace(uniform: f64) -> f64 {
    -uniform.signum() * (-2.0 * uniform.abs()).ln_1p()
}
