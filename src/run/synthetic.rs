//! Measurements by recipe: the observables of a problem at its nominal values, with noise from the problem's own stream.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use crate::model::expression::Expression;
use crate::model::network::{Network, Parameter};
use crate::model::problem::{
    Measurement, NoiseDistribution, Observable, Problem, Scale, SolverSettings, Synthetic, SyntheticTimes, Treatment,
};
use crate::random::Streams;
use crate::solve::simulate::SimulateError;
use crate::solve::{Horizon, ProblemSolver, SolveError, horizon};

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
    /// The simulation failed.
    #[error(
        "the simulation at the nominal values failed: {0}; another span (`times`) or other tolerances (`solver`) may help"
    )]
    Simulation(&'static str),
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
    let places = Places { observables: problem.observables.len(), times: times.len() };
    let simulated = simulated(problem, &times)?;

    let mut made = Problem { synthetic: None, observables: Vec::new(), measurements: Vec::new(), ..problem.clone() };
    let mut left_out = Vec::new();
    let mut unresolved = 0;
    for (index, observable) in problem.observables.iter().enumerate() {
        let values: Vec<Vec<f64>> =
            (0..problem.treatments.len()).map(|treatment| places.of(&simulated, treatment, index)).collect();
        let largest = values.iter().flatten().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        let floor = RESOLVED * problem.solver.rtol.mul_add(largest, problem.solver.atol);
        let all = || values.iter().flatten().copied();
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
            let scales = places.scales(&simulated, treatment, index);
            for ((&time, &value), scale) in times.iter().zip(values).zip(scales) {
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
    let summary = SyntheticSummary {
        span: (times.first().copied().unwrap_or(0.0), times.last().copied().unwrap_or(0.0)),
        reason,
        times: times.len(),
        observables: made.observables.len(),
        measurements: made.measurements.len(),
        left_out,
        unresolved,
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
        lines
    }
}

/// The times, and where their span comes from if it was found.
fn times(problem: &Problem, recipe: &Synthetic) -> Result<(Vec<f64>, Option<String>), SyntheticError> {
    let (points, end) = match &recipe.times {
        SyntheticTimes::Listed(times) => return Ok((times.clone(), None)),
        SyntheticTimes::Even { points, end } => (*points, *end),
    };
    let (end, reason) = match end {
        Some(end) => (end, None),
        None => {
            let (span, reason) = span(problem)?;
            (span, Some(reason))
        }
    };
    let last = points.saturating_sub(1).max(1) as f64;
    Ok(((0..points).map(|index| end * (index as f64 / last)).collect(), reason))
}

/// The longest automatic span of the treatments, without what happens before them.
fn span(problem: &Problem) -> Result<(f64, String), SyntheticError> {
    let mut longest: Option<Horizon> = None;
    for treatment in &problem.treatments {
        let network = treated(problem, treatment);
        let found = horizon(&network, &[], problem.solver).map_err(SyntheticError::Span)?;
        if longest.is_none_or(|known| found.span > known.span) {
            longest = Some(found);
        }
    }
    Ok(longest.map_or((1.0, String::new()), |found| (found.span, found.reason.to_string())))
}

/// The network as a treatment has it, at the nominal values.
fn treated(problem: &Problem, treatment: &Treatment) -> Network {
    let mut network = problem.network.clone();
    for parameter in &problem.parameters {
        match network.parameters.iter_mut().find(|known| known.id == parameter.id) {
            Some(known) => known.value = parameter.nominal,
            None => network.parameters.push(Parameter::constant(&parameter.id, parameter.nominal)),
        }
    }
    for (id, value) in &treatment.overrides {
        if let Some(parameter) = network.parameters.iter_mut().find(|known| known.id == *id) {
            parameter.initial = Some(value.clone());
        } else if let Some(compartment) = network.compartments.iter_mut().find(|known| known.id == *id) {
            compartment.initial = Some(value.clone());
        } else if let Some(species) = network.species.iter_mut().find(|known| known.id == *id) {
            species.initial = value.clone();
            species.initial_amount = false;
        }
    }
    network
}

/// Where simulated values stand: by treatment, then observable, then time; the observables first, then the scales of
/// their noise, which are expressions too.
#[derive(Clone, Copy)]
struct Places {
    observables: usize,
    times: usize,
}

impl Places {
    fn of(self, simulated: &[f64], treatment: usize, observable: usize) -> Vec<f64> {
        let start = (treatment * 2 * self.observables + observable) * self.times;
        simulated[start..start + self.times].to_vec()
    }

    fn scales(self, simulated: &[f64], treatment: usize, observable: usize) -> Vec<f64> {
        self.of(simulated, treatment, self.observables + observable)
    }
}

/// The value of every observable, and of the scale of its noise, under every treatment at every time, at the nominal
/// values.
fn simulated(problem: &Problem, times: &[f64]) -> Result<Vec<f64>, SyntheticError> {
    let mut observables = problem.observables.clone();
    let scales = problem.observables.iter().map(|one| Observable { formula: one.noise.scale.clone(), ..one.clone() });
    observables.extend(scales);
    let count = observables.len();
    let measurements = (0..problem.treatments.len())
        .flat_map(|treatment| (0..count).map(move |observable| (treatment, observable)))
        .flat_map(|(treatment, observable)| {
            times.iter().map(move |&time| measurement(observable, treatment, time, 1.0))
        })
        .collect();
    // A model that needs many steps for its whole course is no failure yet.
    let most_steps = problem.solver.most_steps.max(100_000);
    let solver = SolverSettings { most_steps, ..problem.solver };
    let solver =
        ProblemSolver::new(&Problem { observables, measurements, solver, synthetic: None, ..problem.clone() })?;
    let nominal = solver.nominal().to_vec();
    solver.observables(&nominal).ok_or_else(|| {
        let cause = solver.evaluate(&nominal).cause();
        SyntheticError::Simulation(if cause.is_empty() { "a value is no finite number" } else { cause })
    })
}

fn measurement(observable: usize, treatment: usize, time: f64, value: f64) -> Measurement {
    Measurement { observable, treatment, time, value, observable_overrides: Vec::new(), noise_override: None }
}

/// A draw of the standard Laplace distribution from one uniform between -1/2 and 1/2.
fn laplace(uniform: f64) -> f64 {
    -uniform.signum() * (-2.0 * uniform.abs()).ln_1p()
}
