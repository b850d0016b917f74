//! Trajectories that are recorded, so that derivatives can be carried backwards through them: the adjoint method.
//!
//! Between two stops a [`Tape`] does that. Where the states jump, the new sensitivities are `A s + B` with the old ones `s`;
//! the two matrices come out of the forward rules of jumps themselves, asked once with no sensitivities and once with unit
//! ones, and are transposed on the way back.

use super::super::bdf::Tape;
use super::super::equations::{Equations, Lanes};
use super::events::Queue;
use super::jump::Jump;
use super::{Course, Failure};

/// A recorded trajectory.
#[derive(Default)]
pub struct Recording {
    pieces: Vec<Piece>,
    /// The sensitivities of the initial states, states x lanes by column.
    pub start: Vec<f64>,
    /// The factor of each of the entrance's terms.
    pub factors: Vec<f64>,
}

enum Piece {
    Run(Run),
    Jump { by_state: Vec<f64>, by_lane: Vec<f64> },
}

/// The part of a recording between two stops.
#[derive(Default)]
pub struct Run {
    /// Samples at its start.
    pub early: Vec<usize>,
    /// Samples behind that.
    pub late: Vec<usize>,
    /// What the integrator did, unless nothing moved.
    pub tape: Option<Tape>,
    /// Whether the last sample on the tape is the end of the run.
    pub cut: bool,
    /// The cache of the equations.
    pub cache: Vec<f64>,
}

/// Where a jump starts from.
pub struct Before<'a> {
    /// The cache before it.
    pub cache: &'a [f64],
    /// The states before it.
    pub states: Vec<f64>,
    /// The events before it.
    pub queue: Queue,
    /// The entrance's derivatives.
    pub entrance: &'a [f64],
    /// When.
    pub time: f64,
}

impl Recording {
    /// Adds a run.
    pub fn run(&mut self, run: Run) {
        self.pieces.push(Piece::Run(run));
    }

    /// Adds a jump, given where it starts from, the cache behind it and the sensitivities that it makes of none.
    pub fn jump(&mut self, course: &Course, before: &Before, cache: &[f64], by_lane: Vec<f64>) -> Result<(), Failure> {
        let states = before.states.len();
        let lanes = course.system.treatments[course.treatment].lanes.len();
        if lanes == 0 {
            return Ok(());
        }
        let mut by_state = Vec::with_capacity(states * states);
        while by_state.len() < states * states {
            let first = by_state.len() / states;
            let mut sensitivities = vec![0.0; states * lanes];
            for (lane, state) in (first..states).enumerate().take(lanes) {
                sensitivities[lane * states + state] = 1.0;
            }
            let (mut values, mut queue) = (before.states.clone(), before.queue.clone());
            let mut jump = Jump {
                course,
                cache: before.cache,
                entrance: before.entrance,
                time: before.time,
                state: &mut values,
                sensitivities: &mut sensitivities,
                timing: None,
                records: true,
            };
            leap(&mut jump, &mut queue, cache)?;
            let count = (states * lanes).min(states * states - by_state.len());
            by_state.extend(sensitivities[..count].iter().zip(&by_lane).map(|(value, none)| value - none));
        }
        // Most stops change no sensitivity, and a matrix of each would fill the memory.
        let is_one = |(place, &value): (usize, &f64)| value == if place % (states + 1) == 0 { 1.0 } else { 0.0 };
        if !by_state.iter().enumerate().all(is_one) || by_lane.iter().any(|&value| value != 0.0) {
            self.pieces.push(Piece::Jump { by_state, by_lane });
        }
        Ok(())
    }

    /// Carries cotangents of the samples' states, states x samples by column, back to the parameters of the lanes. Nothing
    /// where a step's matrix is singular.
    pub fn walk_back(&self, course: &Course, cotangents: &[f64]) -> Option<Vec<f64>> {
        let entrance = &course.system.treatments[course.treatment];
        let states = course.system.states.len();
        let lanes = Lanes { entrance, factors: &self.factors };
        let mut parameters = vec![0.0; entrance.lanes.len()];
        let mut here = vec![0.0; states];
        let take = |sum: &mut [f64], sample: usize| {
            for (sum, value) in sum.iter_mut().zip(&cotangents[sample * states..]) {
                *sum += value;
            }
        };
        for piece in self.pieces.iter().rev() {
            match piece {
                Piece::Run(run) => {
                    if let Some(tape) = &run.tape {
                        let mut equations =
                            Equations::new(course.system, &run.cache, Some(lanes), course.settings.atol);
                        let end = std::mem::replace(&mut here, vec![0.0; states]);
                        let (mut cut, mut late) = (run.cut, run.late.iter().rev());
                        let last = if cut { &here } else { &end };
                        let mut sample = |sum: &mut [f64]| {
                            if std::mem::take(&mut cut) {
                                sum.copy_from_slice(&end);
                            } else if let Some(&sample) = late.next() {
                                take(sum, sample);
                            }
                        };
                        here = tape.walk_back(&mut equations, last, &mut sample, &mut parameters)?;
                    }
                    run.early.iter().for_each(|&sample| take(&mut here, sample));
                }
                Piece::Jump { by_state, by_lane } => {
                    transposed(by_lane, &here, &mut parameters);
                    let mut before = vec![0.0; states];
                    transposed(by_state, &here, &mut before);
                    here = before;
                }
            }
        }
        transposed(&self.start, &here, &mut parameters);
        Some(parameters)
    }
}

/// What happens at a stop: events, then what is held anew.
fn leap(jump: &mut Jump, queue: &mut Queue, cache: &[f64]) -> Result<(), Failure> {
    if !jump.course.system.events.is_empty() {
        queue.happen(jump)?;
    }
    if jump.time > 0.0 { jump.switch(cache) } else { Ok(()) }
}

/// Adds a matrix, transposed, times a vector.
fn transposed(matrix: &[f64], vector: &[f64], sum: &mut [f64]) {
    if vector.is_empty() {
        return;
    }
    for (sum, column) in sum.iter_mut().zip(matrix.chunks_exact(vector.len())) {
        *sum += column.iter().zip(vector).map(|(a, b)| a * b).sum::<f64>();
    }
}
