//! The objective function of an estimation problem, with its gradient and Fisher information.

mod adjoint;
mod likelihood;
mod plan;
mod prior;
mod trajectories;

use super::SolveError;
use super::integrate::{Failure, Sample, Sensitivities};
use super::system::System;
use crate::model::gradient::Method;
use crate::model::problem::{Problem, SolverSettings};
use likelihood::Part;
use plan::{Plan, Planned};
use rayon::prelude::*;
use std::sync::Arc;

/// How an evaluation succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// The rung of the ladder of solver settings that was needed, from 0; the highest over the treatments.
    pub rung: usize,
}

/// The value of the objective at a vector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// What is minimised: negative log-likelihood (or sum of squares) plus prior; `inf` when the evaluation failed.
    pub fval: f64,
    /// Negative log-likelihood; `inf` when the evaluation failed.
    pub nllh: f64,
    /// Normalised negative log prior.
    pub prior: f64,
    /// Sum of squared residuals over the noise scale; `inf` when the evaluation failed.
    pub chi2: f64,
    /// Which attempt succeeded, or why none did.
    pub outcome: Result<Attempt, Failure>,
    /// Steps of the solver in all attempts and treatments, those that were given up included.
    pub steps: usize,
}

impl Evaluation {
    /// The cause of the failure in one stable word; empty when the evaluation succeeded.
    #[must_use]
    pub fn cause(&self) -> &'static str {
        self.outcome.map_or_else(Failure::word, |_| "")
    }

    /// The attempt that succeeded, counted from 1; 0 when none did.
    #[must_use]
    pub fn attempt(&self) -> usize {
        self.outcome.map_or(0, |attempt| attempt.rung + 1)
    }
}

/// The objective with its derivatives on the estimation scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradient {
    /// The value.
    pub evaluation: Evaluation,
    /// The gradient of `fval`, one element a dimension; zeros when the evaluation failed.
    pub gradient: Vec<f64>,
    /// The Fisher information (Gauss-Newton approximation of the Hessian), d x d by row, with the curvature of normal
    /// priors; zeros when the evaluation failed.
    pub fisher: Vec<f64>,
}

/// An estimation problem, compiled. Cloning shares the compiled code.
#[derive(Debug, Clone)]
pub struct ProblemSolver {
    system: Arc<System>,
    plan: Arc<Plan>,
    settings: SolverSettings,
    sensitivities: Sensitivities,
    chosen: Option<Method>,
}

impl ProblemSolver {
    /// Compiles a problem.
    ///
    /// # Errors
    /// When the problem is not consistent in itself or uses what is not supported; see [`SolveError`].
    pub fn new(problem: &Problem) -> Result<Self, SolveError> {
        let (system, plan) = plan::prepare(problem)?;
        check(&problem.solver)?;
        Ok(Self {
            system: Arc::new(system),
            plan: Arc::new(plan),
            settings: problem.solver,
            sensitivities: Sensitivities::default(),
            chosen: None,
        })
    }

    /// The same problem with other tolerances and limits, sharing the compiled code.
    #[must_use]
    pub fn with_solver(&self, settings: SolverSettings) -> Self {
        Self { settings, ..self.clone() }
    }

    /// The same problem with or without error control of the sensitivities, sharing the compiled code.
    #[must_use]
    pub fn with_sensitivities(&self, sensitivities: Sensitivities) -> Self {
        Self { sensitivities, ..self.clone() }
    }

    /// The solver's settings.
    #[must_use]
    pub fn settings(&self) -> SolverSettings {
        self.settings
    }

    /// Number of estimated parameters.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.plan.names.len()
    }

    /// Ids of the estimated parameters.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.plan.names
    }

    /// Lower bounds on the estimation scale.
    #[must_use]
    pub fn lower(&self) -> &[f64] {
        &self.plan.lower
    }

    /// Upper bounds on the estimation scale.
    #[must_use]
    pub fn upper(&self) -> &[f64] {
        &self.plan.upper
    }

    /// Nominal values on the estimation scale.
    #[must_use]
    pub fn nominal(&self) -> &[f64] {
        &self.plan.nominal
    }

    /// Why this problem has no gradient, if it has none.
    #[must_use]
    pub fn no_gradient(&self) -> Option<SolveError> {
        self.system.no_gradient.as_ref().map(|what| SolveError::NotYet(what.clone()))
    }

    /// The objective at a vector on the estimation scale.
    #[must_use]
    pub fn evaluate(&self, x: &[f64]) -> Evaluation {
        self.compute(x, None, Method::Forward)
    }

    /// The objective with gradient and Fisher information, by forward sensitivities.
    ///
    /// # Errors
    /// When the problem has no gradient: its trajectories jump at times that depend on parameters or states.
    pub fn gradient(&self, x: &[f64]) -> Result<Gradient, SolveError> {
        let (evaluation, derivatives) = self.derivatives(x, Method::Forward)?;
        Ok(Gradient { evaluation, gradient: derivatives.gradient, fisher: derivatives.fisher })
    }

    /// The objective with its gradient alone, each treatment by the [method](Self::method) that is cheaper for it; zeros
    /// when the evaluation failed. The same numbers as [`Self::gradient`] gives, up to rounding.
    ///
    /// # Errors
    /// As for [`Self::gradient`].
    pub fn slope(&self, x: &[f64]) -> Result<(Evaluation, Vec<f64>), SolveError> {
        let (evaluation, derivatives) = self.derivatives(x, Method::Adjoint)?;
        Ok((evaluation, derivatives.gradient))
    }

    fn derivatives(&self, x: &[f64], method: Method) -> Result<(Evaluation, Derivatives), SolveError> {
        if let Some(error) = self.no_gradient() {
            return Err(error);
        }
        let with_fisher = method == Method::Forward;
        let mut derivatives = Derivatives::new(self.dimension(), with_fisher);
        let evaluation = self.compute(x, Some(&mut derivatives), method);
        if evaluation.outcome.is_err() {
            derivatives = Derivatives::new(self.dimension(), with_fisher);
        }
        Ok((evaluation, derivatives))
    }

    /// The simulated value of each measurement's observable, in the order of the measurements; nothing when the
    /// evaluation fails.
    #[must_use]
    pub fn observables(&self, x: &[f64]) -> Option<Vec<f64>> {
        let (parameters, _) = self.plan.linear(x)?;
        let mut simulated = vec![f64::NAN; self.plan.measurements.len()];
        let before = self.preequilibrate(&parameters, None).0.ok()?;
        for index in 0..self.plan.treatments.len() {
            let mut note = |(): &mut (), sample: &Sample| {
                self.each(index, sample, |measurement, values| {
                    simulated[measurement] = values[0];
                    Ok(())
                })
            };
            let course = self.course(&parameters, None, index, &before);
            course.climb(&mut note, || ()).0.ok()?;
        }
        simulated.iter().all(|value| value.is_finite()).then_some(simulated)
    }

    fn compute(&self, x: &[f64], mut derivatives: Option<&mut Derivatives>, method: Method) -> Evaluation {
        let failed = |failure, prior, steps| Evaluation {
            fval: f64::INFINITY,
            nllh: f64::INFINITY,
            prior,
            chi2: f64::INFINITY,
            outcome: Err(failure),
            steps,
        };
        let Some((parameters, chain)) = self.plan.linear(x) else {
            return failed(Failure::InvalidInput, f64::INFINITY, 0);
        };
        let mut evaluation =
            Evaluation { fval: 0.0, nllh: 0.0, prior: 0.0, chi2: 0.0, outcome: Ok(Attempt { rung: 0 }), steps: 0 };
        for (index, (prior, &value)) in self.plan.priors.iter().zip(x).enumerate() {
            let Some(prior) = prior else { continue };
            let (negative_log, slope, curvature) = prior::negative_log(prior, value);
            evaluation.prior += negative_log;
            if let Some(derivatives) = derivatives.as_deref_mut() {
                derivatives.gradient[index] += slope;
                if let Some(diagonal) = derivatives.fisher.get_mut(index * x.len() + index) {
                    *diagonal += curvature;
                }
            }
        }
        let with_chain = derivatives.is_some().then_some(chain.as_slice());
        let (before, steps) = self.preequilibrate(&parameters, with_chain);
        evaluation.steps = steps;
        let before = match before {
            Err(failure) => return failed(failure, evaluation.prior, steps),
            Ok(before) => before,
        };
        let mut rung = before.rung;
        let with_fisher = method == Method::Forward;
        let part = |index: usize| {
            let backwards = !with_fisher && self.method(index) == Method::Adjoint;
            let mut given_up = 0;
            if let Some(chain) = with_chain.filter(|_| backwards) {
                match self.adjoint(&parameters, chain, index, &before) {
                    // Whether the order of events matters follows from the sensitivities, which are not there backwards.
                    (Err(Failure::TiedEvents), steps) => given_up = steps,
                    done => return done,
                }
            }
            let derivatives = || with_chain.map(|_| Derivatives::new(x.len(), with_fisher));
            let fresh = || Tally { derivatives: derivatives(), ..Tally::default() };
            let course = self.course(&parameters, with_chain, index, &before);
            let mut add = |tally: &mut Tally, sample: &Sample| self.add(index, sample, with_chain, tally);
            let (result, steps) = course.climb(&mut add, fresh);
            (result, given_up + steps)
        };
        // Side by side where threads are idle, and summed up in order.
        let parts: Vec<_> = match self.plan.treatments.len() {
            1 => vec![part(0)],
            count => (0..count).into_par_iter().map(part).collect(),
        };
        for (result, steps) in parts {
            evaluation.steps += steps;
            match result {
                Err(failure) => return failed(failure, evaluation.prior, evaluation.steps),
                Ok((used, tally)) => {
                    rung = rung.max(used);
                    evaluation.nllh += tally.nllh;
                    evaluation.chi2 += tally.chi2;
                    evaluation.fval += tally.value;
                    if let (Some(sum), Some(part)) = (derivatives.as_deref_mut(), tally.derivatives) {
                        sum.add(&part);
                    }
                }
            }
        }
        evaluation.fval += evaluation.prior;
        evaluation.outcome = Ok(Attempt { rung });
        if !evaluation.fval.is_finite() {
            // A prior without density there, or a sum beyond the largest number.
            return Evaluation { fval: f64::INFINITY, ..evaluation };
        }
        evaluation
    }

    /// Hands each measurement of a sample, with its observable and noise scale, to `then`.
    fn each(
        &self,
        treatment: usize,
        sample: &Sample,
        mut then: impl FnMut(usize, [f64; 2]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        for &measurement in &self.plan.treatments[treatment].at[sample.index] {
            let output = &self.system.outputs[self.plan.measurements[measurement].output];
            let mut values = [0.0; 2];
            self.system.code.call(output.value, sample.states, sample.cache, sample.time, &mut values);
            then(measurement, values)?;
        }
        Ok(())
    }

    fn add(&self, treatment: usize, sample: &Sample, chain: Option<&[f64]>, tally: &mut Tally) -> Result<(), Failure> {
        self.each(treatment, sample, |measurement, values| {
            let measurement = &self.plan.measurements[measurement];
            let part = tally.add(measurement, values)?;
            if let (Some(chain), Some(derivatives)) = (chain, tally.derivatives.as_mut()) {
                self.derive(treatment, sample, chain, measurement.output, derivatives);
                derivatives.absorb(&part);
            }
            Ok(())
        })
    }

    /// The derivatives of an observable and its noise scale by the vector, into the scratch space of `derivatives`.
    fn derive(&self, treatment: usize, sample: &Sample, chain: &[f64], output: usize, derivatives: &mut Derivatives) {
        let system = &*self.system;
        let output = &system.outputs[output];
        let entrance = &system.treatments[treatment];
        let states = sample.states.len();
        derivatives.values.resize(system.code.outputs(output.derivative), 0.0);
        let Derivatives { values, rows, .. } = derivatives;
        system.code.call(output.derivative, sample.states, sample.cache, sample.time, values);
        for row in rows.iter_mut() {
            row.fill(0.0);
        }
        let (by_state, by_parameter) = values.split_at(output.by_state.len());
        for (entry, value) in output.by_state.iter().zip(by_state) {
            for (lane, &parameter) in entrance.lanes.iter().enumerate() {
                rows[entry.row][parameter] += value * sample.sensitivities[lane * states + entry.column];
            }
        }
        for (entry, value) in output.by_parameter.iter().zip(by_parameter) {
            if entry.column < system.parameters {
                rows[entry.row][entry.column] += value * chain[entry.column];
            } else {
                for (parameter, factor) in chain.iter().enumerate() {
                    let inner = system.by_estimated(entrance, sample.entrance, entry.column, parameter);
                    rows[entry.row][parameter] += value * inner * factor;
                }
            }
        }
    }
}

fn check(settings: &SolverSettings) -> Result<(), SolveError> {
    let good = |tolerance: f64| tolerance.is_finite() && tolerance > 0.0;
    if good(settings.rtol) && good(settings.atol) {
        Ok(())
    } else {
        Err(SolveError::Value("tolerances have to be positive numbers".to_owned()))
    }
}

/// Sums over the measurements of a treatment.
#[derive(Debug, Default)]
struct Tally {
    nllh: f64,
    chi2: f64,
    value: f64,
    derivatives: Option<Derivatives>,
}

impl Tally {
    /// Adds a measurement, given its observable and noise scale.
    fn add(&mut self, measurement: &Planned, [observable, scale]: [f64; 2]) -> Result<Part, Failure> {
        let part = measurement.comparison.part(observable, scale)?;
        self.nllh += part.nllh;
        self.chi2 += part.chi2;
        self.value += part.value;
        Ok(part)
    }
}

/// Gradient, Fisher information (empty where none is asked for), and scratch space for one measurement.
#[derive(Debug)]
struct Derivatives {
    gradient: Vec<f64>,
    fisher: Vec<f64>,
    values: Vec<f64>,
    rows: [Vec<f64>; 2],
}

impl Derivatives {
    fn new(d: usize, with_fisher: bool) -> Self {
        Self {
            gradient: vec![0.0; d],
            fisher: vec![0.0; if with_fisher { d * d } else { 0 }],
            values: Vec::new(),
            rows: [vec![0.0; d], vec![0.0; d]],
        }
    }

    fn add(&mut self, other: &Self) {
        for (sum, value) in self.gradient.iter_mut().zip(&other.gradient) {
            *sum += value;
        }
        for (sum, value) in self.fisher.iter_mut().zip(&other.fisher) {
            *sum += value;
        }
    }

    /// Adds one measurement, whose derivatives are in `rows`.
    fn absorb(&mut self, part: &Part) {
        let d = self.gradient.len();
        let [by_observable, by_scale] = &self.rows;
        for i in 0..d {
            self.gradient[i] += part.by_observable * by_observable[i] + part.by_scale * by_scale[i];
            let (left, right) = (part.weight_observable * by_observable[i], part.weight_scale * by_scale[i]);
            if self.fisher.is_empty() || left == 0.0 && right == 0.0 {
                continue;
            }
            for j in 0..d {
                self.fisher[i * d + j] += left * by_observable[j] + right * by_scale[j];
            }
        }
    }
}
