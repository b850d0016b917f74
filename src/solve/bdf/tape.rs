//! The steps of an integration, recorded so that derivatives can be carried backwards through them.
//!
//! What the integrator does to its history is linear but for the equation of each step, whose derivative
//! `(1 - gamma J) dy = dz0 - dz1 / l1 + gamma f_p dp` is transposed with the Jacobian at the step's end. So cotangents of the
//! states at some times become those of the initial states and of the parameters: the adjoint of the method itself, equal
//! to the forward sensitivities up to rounding (internal differentiation: Bock 1981; Albersmeyer and Bock 2006), for one
//! factorisation and one solution a step whatever the number of parameters.

use super::Equations;
use super::history::HIGHEST;
use crate::solve::linear::Factors;

/// What was done to the history.
#[derive(Debug, Clone)]
enum Operation {
    /// The first derivative was computed at a time with a step size.
    Slope { time: f64, step: f64, states: usize },
    /// Another step size.
    Rescale(f64),
    /// One order more.
    Raise { taken: [f64; HIGHEST + 1], share: f64 },
    /// One order less.
    Lower { lost: [f64; HIGHEST + 1] },
    /// A step, with the columns' shares of the correction.
    Step { time: f64, step: f64, order: usize, correction: [f64; HIGHEST + 1], states: usize },
    /// The states some steps away from the last time were used.
    Sample { share: f64 },
}

/// A recorded integration.
#[derive(Debug, Clone)]
pub struct Tape {
    operations: Vec<Operation>,
    /// The states at each slope and step.
    values: Vec<f64>,
    states: usize,
    order: usize,
}

impl Tape {
    /// An empty tape of a system of some states.
    pub(super) fn new(states: usize) -> Self {
        Self { operations: Vec::new(), values: Vec::new(), states, order: 1 }
    }

    fn keep(&mut self, states: &[f64]) -> usize {
        self.values.extend_from_slice(states);
        self.values.len() - states.len()
    }

    pub(super) fn slope(&mut self, time: f64, step: f64, states: &[f64]) {
        let states = self.keep(states);
        self.operations.push(Operation::Slope { time, step, states });
    }

    pub(super) fn rescale(&mut self, ratio: f64) {
        self.operations.push(Operation::Rescale(ratio));
    }

    pub(super) fn raise(&mut self, (taken, share): ([f64; HIGHEST + 1], f64)) {
        self.order += 1;
        self.operations.push(Operation::Raise { taken, share });
    }

    pub(super) fn lower(&mut self, lost: [f64; HIGHEST + 1]) {
        self.order -= 1;
        self.operations.push(Operation::Lower { lost });
    }

    pub(super) fn step(&mut self, time: f64, step: f64, correction: [f64; HIGHEST + 1], states: &[f64]) {
        let (states, order) = (self.keep(states), self.order);
        self.operations.push(Operation::Step { time, step, order, correction, states });
    }

    pub(super) fn sample(&mut self, share: f64) {
        self.operations.push(Operation::Sample { share });
    }

    /// Carries cotangents backwards. `last` is that of the states at the last time; `sample` adds that of each sample, the
    /// last one first, to the vector it is given; `parameters` takes up those of the lanes. Returns that of the states at
    /// the start, or nothing where a step's matrix is singular.
    #[must_use]
    pub fn walk_back<E: Equations>(
        &self,
        equations: &mut E,
        last: &[f64],
        mut sample: impl FnMut(&mut [f64]),
        parameters: &mut [f64],
    ) -> Option<Vec<f64>> {
        let count = self.states;
        let mut back = Back {
            columns: std::array::from_fn(|_| vec![0.0; count]),
            held: vec![0.0; count],
            solved: vec![0.0; count],
            jacobian: vec![0.0; equations.pattern().len() + count],
            factors: Factors::new(equations.analysis()),
        };
        back.columns[0].copy_from_slice(last);
        let mut order = self.order;
        for operation in self.operations.iter().rev() {
            match operation {
                Operation::Sample { share } => {
                    back.solved.fill(0.0);
                    sample(&mut back.solved);
                    let mut power = 1.0;
                    for column in &mut back.columns[..=order] {
                        add(column, power, &back.solved);
                        power *= share;
                    }
                }
                Operation::Rescale(ratio) => {
                    let mut power = 1.0;
                    for column in &mut back.columns[1..=order] {
                        power *= ratio;
                        for value in column.iter_mut() {
                            *value *= power;
                        }
                    }
                }
                Operation::Raise { taken, share } => {
                    let (low, high) = back.columns.split_at_mut(order);
                    for (column, factor) in low.iter().zip(taken).skip(2) {
                        add(&mut high[0], *factor, column);
                    }
                    add(&mut back.held, *share, &high[0]);
                    high[0].fill(0.0);
                    order -= 1;
                }
                Operation::Lower { lost } => {
                    order += 1;
                    let (low, high) = back.columns.split_at_mut(order);
                    high[0].fill(0.0);
                    for (column, factor) in low.iter().zip(lost).skip(2) {
                        add(&mut high[0], -factor, column);
                    }
                }
                Operation::Step { time, step, order: own, correction, states } => {
                    order = *own;
                    let states = &self.values[*states..*states + count];
                    let gamma = step / correction[1];
                    back.step(equations, *time, gamma, &correction[..=order], states, parameters)?;
                }
                Operation::Slope { time, step, states } => {
                    order = 1;
                    back.slope(equations, *time, *step, &self.values[*states..*states + count], parameters);
                }
            }
        }
        let [start, ..] = back.columns;
        Some(start)
    }
}

/// Cotangents of the history on the way back.
struct Back {
    columns: [Vec<f64>; HIGHEST + 1],
    /// That of the last correction, where it became a column.
    held: Vec<f64>,
    solved: Vec<f64>,
    jacobian: Vec<f64>,
    factors: Factors,
}

impl Back {
    fn step<E: Equations>(
        &mut self,
        equations: &mut E,
        time: f64,
        gamma: f64,
        correction: &[f64],
        states: &[f64],
        parameters: &mut [f64],
    ) -> Option<()> {
        let order = correction.len() - 1;
        equations.jacobian(time, states, &mut self.jacobian);
        let jacobian = &self.jacobian[..equations.pattern().len()];
        self.factors.factor(equations.analysis(), jacobian, gamma).ok()?;
        for (column, factor) in self.columns.iter().zip(correction) {
            add(&mut self.held, *factor, column);
        }
        self.solved.copy_from_slice(&self.held);
        self.factors.solve_transposed(equations.analysis(), &mut self.solved);
        equations.gather(time, states, gamma, &self.solved, parameters);
        add(&mut self.columns[0], -1.0, &self.held);
        add(&mut self.columns[0], 1.0, &self.solved);
        add(&mut self.columns[1], -1.0 / correction[1], &self.solved);
        self.held.fill(0.0);
        for first in (1..=order).rev() {
            for column in first..=order {
                let (low, high) = self.columns.split_at_mut(column);
                add(&mut high[0], 1.0, &low[column - 1]);
            }
        }
        Some(())
    }

    fn slope<E: Equations>(&mut self, equations: &mut E, time: f64, step: f64, states: &[f64], parameters: &mut [f64]) {
        equations.jacobian(time, states, &mut self.jacobian);
        let [values, slopes, ..] = &mut self.columns;
        for (&(row, column), value) in equations.pattern().iter().zip(&self.jacobian) {
            values[column] += step * value * slopes[row];
        }
        equations.gather(time, states, step, slopes, parameters);
        slopes.fill(0.0);
    }
}

/// `sum += factor * values`.
fn add(sum: &mut [f64], factor: f64, values: &[f64]) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += factor * value;
    }
}
