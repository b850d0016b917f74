//! Integration of stiff equations by the backward differentiation formulas of orders 1 to 5, with variable steps.
//!
//! The method in its fixed-leading-coefficient form, the estimates of errors and the rules for steps and orders are those
//! of VODE and CVODE (Brown, Byrne and Hindmarsh, SIAM J Sci Stat Comput 10:1038, 1989; Hindmarsh et al., ACM Trans Math
//! Softw 31:363, 2005), which have served kinetic models for decades.
//!
//! Sensitivities are those of the method itself: each step's equation is derived, and solved with the Jacobian at the
//! step's end (internal differentiation: Bock, 1981). So the gradient of whatever is computed from the trajectory is exact
//! for the steps that were taken, also where the tolerances are loose, and a transposed walk over a [`Tape`] of the steps
//! gives the same numbers backwards.
//!
//! Why not a library's: see ARCHITECTURE.md. Nothing is allocated while stepping, unless a tape is recorded.

mod coefficients;
mod corrector;
mod first;
mod history;
mod select;
mod sensitivities;
mod tape;

pub use history::HIGHEST;
pub use tape::Tape;

use super::linear::{Analysis, Factors};
use coefficients::{Coefficients, coefficients};
use history::History;
use select::Choice;
use std::ops::Range;

/// Equations `y' = f(t, y, p)`.
pub trait Equations {
    /// The right-hand side; whether all of it is finite.
    fn slope(&mut self, time: f64, states: &[f64], slope: &mut [f64]) -> bool;
    /// The values of the Jacobian at the places of the pattern that [`Self::analysis`] was made of; behind them the right-hand
    /// side, finite or not.
    fn jacobian(&mut self, time: f64, states: &[f64], values: &mut [f64]);
    /// Rows and columns of those values.
    fn pattern(&self) -> &[(usize, usize)];
    /// The linear algebra of the Jacobian's pattern.
    fn analysis(&self) -> &Analysis;
    /// Adds `weight` times the right-hand side's derivatives by the lanes' parameters to `into`, states x lanes by column.
    fn force(&mut self, time: f64, states: &[f64], weight: f64, into: &mut [f64]);
    /// Adds `weight` times the transposed derivatives times `cotangent`, one element a state, to `into`, one element a lane.
    fn gather(&mut self, time: f64, states: &[f64], weight: f64, cotangent: &[f64], into: &mut [f64]);
}

/// How an integration is set.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// Relative tolerance.
    pub rtol: f64,
    /// Absolute tolerances, one a state, or a single one for all.
    pub atol: &'a [f64],
    /// Whether the sensitivities' errors count as the states' do.
    pub controlled: bool,
    /// Newton's iteration ends when its error is below this share of what the tolerances allow.
    pub newton_tolerance: f64,
    /// Newton's iterations before a step is cut.
    pub newton_iterations: usize,
    /// Steps after which the Jacobian is evaluated anew.
    pub jacobian_steps: usize,
    /// Steps smaller than this are a failure.
    pub smallest_step: f64,
}

/// Why there is no further step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The right-hand side is not finite, however small the step.
    NotFinite,
    /// The step's equation cannot be solved, however small the step.
    Corrector,
    /// The tolerances cannot be met, however small the step.
    Error,
}

/// Failures of one kind in one step before it is given up.
const MOST_FAILURES: usize = 30;
/// Failures of the error test in one step before it is given up.
const MOST_ERRORS: usize = 20;
/// After so many failures of the error test the derivatives are not believed any longer.
const DISTRUST: usize = 3;
/// Steps behind a restart before an order is chosen.
const LONG_WAIT: usize = 10;
/// A step whose equation cannot be solved is cut to this share.
const CUT: f64 = 0.25;
/// The largest growth of the first step, ...
const FIRST_GROWTH: f64 = 1e4;
/// ... and of the others.
const GROWTH: f64 = 10.0;

/// A solution that is followed step by step.
pub struct Integrator<'t, E> {
    equations: E,
    settings: Settings<'t>,
    states: usize,
    time: f64,
    stop: Option<f64>,
    history: History,
    coefficients: Coefficients,
    /// What the coefficients were computed for; steps of one size have them in common.
    arguments: Option<(usize, f64, [f64; HIGHEST + 2], bool)>,
    steps: usize,
    /// Attempts at steps, those that were given up included.
    attempts: usize,
    /// What the next step begins with.
    choice: Choice,
    /// Steps until an order is chosen.
    wait: usize,
    growth: f64,
    /// The scale of the correction that the history's last column holds.
    held_scale: f64,
    newton: corrector::Newton,
    factors: Factors,
    /// The Jacobian at the end of the step and its matrix, for sensitivities.
    at_end: Option<(Vec<f64>, Factors)>,
    /// The next time that is asked for.
    asked: Option<f64>,
    /// The last step had no error.
    blind: bool,
    /// Values, their corrections, and room for vectors of the same length.
    values: Vec<f64>,
    correction: Vec<f64>,
    scratch: Vec<f64>,
    weights: Vec<f64>,
    tape: Option<Tape>,
}

impl<'t, E: Equations> Integrator<'t, E> {
    /// An integration from a time on; `values` are the states, then their sensitivities lane by lane. The first step is
    /// shorter than the way to `next`, the time that is asked for or stopped at next.
    ///
    /// # Errors
    /// When the right-hand side is not finite there.
    pub fn new(
        mut equations: E,
        settings: Settings<'t>,
        time: f64,
        values: Vec<f64>,
        states: usize,
        next: Option<f64>,
        record: bool,
    ) -> Result<Self, Trouble> {
        let length = values.len();
        let entries = equations.pattern().len() + states;
        let factors = Factors::new(equations.analysis());
        let mut history = History::new(values.clone());
        if !equations.slope(time, &values[..states], &mut history.columns[1][..states]) {
            return Err(Trouble::NotFinite);
        }
        let mut integrator = Self {
            newton: corrector::Newton::new(states, entries),
            equations,
            settings,
            states,
            time,
            stop: None,
            history,
            coefficients: Coefficients::default(),
            arguments: None,
            steps: 0,
            attempts: 0,
            choice: Choice::Stay,
            wait: 2,
            growth: FIRST_GROWTH,
            held_scale: 0.0,
            at_end: (length > states).then(|| (vec![0.0; entries], factors.clone())),
            factors,
            asked: next,
            blind: false,
            correction: vec![0.0; length],
            weights: vec![0.0; states],
            values,
            scratch: vec![0.0; length],
            tape: record.then(|| Tape::new(states)),
        };
        integrator.weigh();
        let step = integrator.first_step(next);
        integrator.sensitivity_slopes();
        integrator.history.step = step;
        for value in &mut integrator.history.columns[1] {
            *value *= step;
        }
        if let Some(tape) = &mut integrator.tape {
            tape.slope(time, step, &integrator.history.columns[0][..states]);
        }
        Ok(integrator)
    }

    /// The time that was reached.
    pub fn time(&self) -> f64 {
        self.time
    }

    /// The states there.
    pub fn states(&self) -> &[f64] {
        &self.history.columns[0][..self.states]
    }

    /// Their sensitivities, states x lanes by column.
    pub fn sensitivities(&self) -> &[f64] {
        &self.history.columns[0][self.states..]
    }

    /// Attempts at steps so far, those that were given up included.
    pub fn attempts(&self) -> usize {
        self.attempts
    }

    /// Makes a later step end at a time exactly.
    pub fn stop_at(&mut self, time: f64) {
        self.stop = Some(time);
    }

    /// Says which time is asked for next. Where nothing moves, no step is longer than the way there.
    pub fn look_out(&mut self, time: Option<f64>) {
        self.asked = time;
    }

    /// The states at a time within the last step.
    pub fn interpolate(&self, time: f64, states: &mut [f64]) {
        self.history.interpolate(self.share(time), 0..self.states, states);
    }

    /// Their sensitivities.
    pub fn interpolate_sensitivities(&self, time: f64, sensitivities: &mut [f64]) {
        self.history.interpolate(self.share(time), self.lanes(), sensitivities);
    }

    /// Notes on the tape that the states at a time within the last step are used.
    pub fn note_sample(&mut self, time: f64) {
        let share = self.share(time);
        if let Some(tape) = &mut self.tape {
            tape.sample(share);
        }
    }

    /// The tape, where one was recorded.
    pub fn into_tape(self) -> Option<Tape> {
        self.tape
    }

    fn share(&self, time: f64) -> f64 {
        if self.history.step == 0.0 { 0.0 } else { (time - self.time) / self.history.step }
    }

    /// The sensitivities in vectors of values.
    fn lanes(&self) -> Range<usize> {
        self.states..self.values.len()
    }

    /// Takes one step; whether it ended at the stop.
    ///
    /// # Errors
    /// When no step is small enough.
    pub fn step(&mut self) -> Result<bool, Trouble> {
        self.apply_choice();
        self.look_ahead();
        self.approach_stop();
        let from = self.time;
        let (mut failures, mut errors) = (0, 0);
        self.weigh();
        loop {
            self.attempts += 1;
            let step = self.history.step;
            self.time = from + step;
            if let Some(stop) = self.stop
                && self.time > stop
            {
                self.time = stop;
            }
            self.history.predict(0..self.states);
            let History { order, past, .. } = &self.history;
            let arguments = (*order, step, *past, self.wait == 1);
            if self.arguments != Some(arguments) {
                self.coefficients = coefficients(*order, step, past, self.wait == 1);
                self.arguments = Some(arguments);
            }
            match self.correct(failures > 0, errors > 0) {
                Ok(()) => {}
                Err(trouble) => {
                    failures += 1;
                    self.growth = 1.0;
                    self.retreat(from);
                    if failures == MOST_FAILURES || step <= self.settings.smallest_step {
                        return Err(trouble);
                    }
                    self.rescale(CUT);
                    continue;
                }
            }
            let mut error = self.newton.size * self.coefficients.error;
            if error <= 1.0 && self.values.len() > self.states {
                match self.correct_sensitivities() {
                    Some(size) if self.settings.controlled => error = error.max(size * self.coefficients.error),
                    Some(_) => {}
                    // A singular matrix at the end of a step that could be solved: rounding.
                    None => error = f64::INFINITY,
                }
            }
            if error <= 1.0 {
                self.complete(error);
                return Ok(self.at_stop());
            }
            errors += 1;
            self.growth = 1.0;
            self.retreat(from);
            if errors == MOST_ERRORS || step <= self.settings.smallest_step {
                return Err(Trouble::Error);
            }
            self.shrink(error, errors);
        }
    }

    /// Back to the begin of the step.
    fn retreat(&mut self, from: f64) {
        self.time = from;
        self.history.restore(0..self.states);
    }

    /// The weights of the norm: one over what the tolerances allow.
    fn weigh(&mut self) {
        let Settings { rtol, atol, .. } = self.settings;
        let states = &self.history.columns[0][..self.states];
        match atol {
            [single] => {
                for (weight, state) in self.weights.iter_mut().zip(states) {
                    *weight = 1.0 / (rtol * state.abs() + single);
                }
            }
            each => {
                for ((weight, state), atol) in self.weights.iter_mut().zip(states).zip(each) {
                    *weight = 1.0 / (rtol * state.abs() + atol);
                }
            }
        }
    }

    /// A step without any error says nothing of what comes: the next one is not longer than the way to the next asked time,
    /// so that a pulse behind a start at rest is not passed over.
    fn look_ahead(&mut self) {
        let Some(asked) = self.asked.filter(|_| self.blind) else { return };
        let most = (asked - self.time).max(self.history.past[1]);
        if self.history.step > most {
            self.rescale(most / self.history.step);
        }
    }

    /// A next step that would pass the stop is shortened.
    fn approach_stop(&mut self) {
        if let Some(stop) = self.stop
            && self.time + self.history.step > stop
        {
            let ratio = (stop - self.time) * (1.0 - 4.0 * f64::EPSILON) / self.history.step;
            if ratio > 0.0 {
                self.rescale(ratio);
            }
        }
    }

    fn at_stop(&mut self) -> bool {
        let Some(stop) = self.stop else { return false };
        let rounding = 100.0 * f64::EPSILON * (self.time.abs() + self.history.step);
        let reached = (self.time - stop).abs() <= rounding;
        if reached {
            self.time = stop;
        }
        reached
    }

    fn rescale(&mut self, ratio: f64) {
        self.history.rescale(ratio);
        if let Some(tape) = &mut self.tape {
            tape.rescale(ratio);
        }
    }
}

/// The weighted root mean square.
#[inline]
fn norm(values: &[f64], weights: &[f64]) -> f64 {
    let sum: f64 = values.iter().zip(weights).map(|(value, weight)| (value * weight) * (value * weight)).sum();
    (sum / values.len() as f64).sqrt()
}
