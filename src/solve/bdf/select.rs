//! The size and order of the next step.

use super::history::HIGHEST;
use super::{DISTRUST, Equations, GROWTH, Integrator, LONG_WAIT, norm};

/// What the next step begins with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Choice {
    /// The same size and order.
    Stay,
    /// Another size: a ratio.
    Resize(f64),
    /// One order more, and a ratio of sizes.
    Raise(f64),
    /// One order less, and a ratio of sizes.
    Lower(f64),
}

/// Safety factors of the ratios at the same order and one less, ...
const SAFE: f64 = 6.0;
/// ... and at one order more.
const SAFER: f64 = 10.0;
/// Keeps ratios finite.
const ADDED: f64 = 1e-6;
/// Steps are not made longer for less than this ratio.
const WORTHWHILE: f64 = 1.5;
/// The smallest ratio after an error.
const SMALLEST: f64 = 0.1;
/// The largest ratio after a second one.
const REPEATED: f64 = 0.2;

/// Steps in which the size may change at any time.
const START: usize = 10;
/// An error below this share of what the tolerances allow is none.
const BLIND: f64 = 1e-6;

fn ratio(safety: f64, error: f64, order: usize) -> f64 {
    1.0 / ((safety * error).powf(1.0 / order as f64) + ADDED)
}

impl<E: Equations> Integrator<'_, E> {
    /// Takes the step over, and chooses the next one.
    pub(super) fn complete(&mut self, error: f64) {
        let range = 0..self.values.len();
        if range.end > self.states {
            let lanes = self.lanes();
            self.history.predict(lanes);
        }
        if let Some(tape) = &mut self.tape {
            tape.step(self.time, self.history.step, self.coefficients.correction, &self.values[..self.states]);
        }
        self.history.correct(&self.coefficients, &self.correction, range);
        self.history.note(self.steps == 0);
        self.steps += 1;
        self.wait -= 1;
        if self.wait == 1 && self.history.order != HIGHEST {
            self.history.columns[HIGHEST].copy_from_slice(&self.correction);
            self.held_scale = self.coefficients.scale;
        }
        self.choice = self.choose(error);
        self.blind = error < BLIND;
        self.growth = GROWTH;
    }

    fn choose(&mut self, error: f64) -> Choice {
        if self.growth == 1.0 {
            // Right after a failure nothing is made larger.
            self.wait = self.wait.max(2);
            return Choice::Stay;
        }
        let order = self.history.order;
        let same = ratio(SAFE, error, order + 1);
        if self.wait > 0 {
            // Sizes change where orders may, once the start is over: each decision more is one more that a parameter can
            // flip, and a fval that jumps by what the tolerances allow is hard on optimisers and differences.
            if self.steps > START {
                return Choice::Stay;
            }
            return self.limited(same).map_or(Choice::Stay, Choice::Resize);
        }
        self.wait = 2;
        let lower = if order > 1 { ratio(SAFE, self.error_lower(), order) } else { 0.0 };
        let higher =
            if order < HIGHEST { self.error_higher().map_or(0.0, |e| ratio(SAFER, e, order + 2)) } else { 0.0 };
        let best = same.max(lower).max(higher);
        let Some(limited) = self.limited(best) else { return Choice::Stay };
        if best == same {
            Choice::Resize(limited)
        } else if best == lower {
            Choice::Lower(limited)
        } else {
            self.history.columns[HIGHEST].copy_from_slice(&self.correction);
            Choice::Raise(limited)
        }
    }

    /// A ratio that is worthwhile, at most the growth that is allowed.
    fn limited(&self, ratio: f64) -> Option<f64> {
        (ratio >= WORTHWHILE).then(|| ratio.min(self.growth))
    }

    /// The estimated error of the last step at one order less.
    fn error_lower(&self) -> f64 {
        let column = &self.history.columns[self.history.order];
        self.largest(column) * self.coefficients.lower
    }

    /// The estimated error of the last step at one order more; nothing where no earlier correction can be compared.
    fn error_higher(&mut self) -> Option<f64> {
        let held = self.held_scale;
        if held == 0.0 {
            return None;
        }
        let order = self.history.order;
        let past = self.history.past[2];
        let share = self.coefficients.scale / held * (self.history.step / past).powi(order as i32 + 1);
        let earlier = &self.history.columns[HIGHEST];
        for ((difference, now), before) in self.scratch.iter_mut().zip(&self.correction).zip(earlier) {
            *difference = now - share * before;
        }
        Some(self.largest(&self.scratch) * self.coefficients.higher)
    }

    /// The norm of values; where sensitivities are controlled, the largest of theirs and the states'.
    fn largest(&self, values: &[f64]) -> f64 {
        let states = norm(&values[..self.states], &self.weights);
        if self.settings.controlled { states.max(self.lanes_norm(&values[self.states..])) } else { states }
    }

    /// Applies what was chosen.
    pub(super) fn apply_choice(&mut self) {
        match std::mem::replace(&mut self.choice, Choice::Stay) {
            Choice::Stay => {}
            Choice::Resize(ratio) => self.rescale(ratio),
            Choice::Raise(ratio) => {
                let raised = self.history.raise();
                if let Some(tape) = &mut self.tape {
                    tape.raise(raised);
                }
                self.wait = self.history.order + 1;
                self.rescale(ratio);
            }
            Choice::Lower(ratio) => {
                self.lower();
                self.rescale(ratio);
            }
        }
    }

    fn lower(&mut self) {
        let lost = self.history.lower();
        if let Some(tape) = &mut self.tape {
            tape.lower(lost);
        }
        self.wait = self.history.order + 1;
    }

    /// A smaller step after an error.
    pub(super) fn shrink(&mut self, error: f64, errors: usize) {
        if errors <= DISTRUST {
            let mut share = if error.is_finite() { ratio(SAFE, error, self.history.order + 1) } else { SMALLEST };
            share = share.max(SMALLEST);
            if errors > 1 {
                share = share.min(REPEATED);
            }
            self.rescale(share);
            return;
        }
        if self.history.order > 1 {
            self.lower();
            self.rescale(SMALLEST);
            return;
        }
        self.rescale(SMALLEST);
        self.wait = LONG_WAIT;
        self.restart();
    }
}
