//! Jumps of the states and their sensitivities at one time.

use super::project::project;
use super::{Course, Failure};
use crate::solve::compiled::FunctionIndex;
use crate::solve::system::Derived;

/// The states at a time at which they may jump.
pub struct Jump<'a, 'b> {
    /// The trajectory.
    pub course: &'a Course<'a>,
    /// The cache.
    pub cache: &'b [f64],
    /// The entrance's derivatives; empty without sensitivities.
    pub entrance: &'b [f64],
    /// When.
    pub time: f64,
    /// The states.
    pub state: &'b mut Vec<f64>,
    /// Their sensitivities, states x lanes by column; empty without.
    pub sensitivities: &'b mut Vec<f64>,
    /// The derivative of the time of the event that was executed last, by lane.
    pub timing: Option<Vec<f64>>,
    /// Whether the sensitivities are not those of the trajectory, but what a recording puts in for them.
    pub records: bool,
}

impl Jump<'_, '_> {
    /// A function of one value here.
    pub fn number(&self, function: FunctionIndex) -> f64 {
        let mut value = [0.0];
        self.course.system.code.call(function, self.state, self.cache, self.time, &mut value);
        value[0]
    }

    /// The priority of an event, where it has one.
    pub fn priority(&self, event: usize) -> Option<f64> {
        let priority = self.course.system.events[event].priority.as_ref();
        priority.map(|priority| self.number(priority.value)).filter(|priority| !priority.is_nan())
    }

    /// The new values that an event gives when its time moves as `timing` says, and how they move with it, values x lanes
    /// by column.
    pub fn values(&self, event: usize, timing: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let system = self.course.system;
        let event = &system.events[event];
        let count = event.targets.len();
        let mut values = vec![0.0; count];
        system.code.call(event.action.value, self.state, self.cache, self.time, &mut values);
        let mut slopes = self.derive(&event.action, self.state, self.sensitivities, count);
        self.shift(&mut slopes, event.speed, count, timing, 1.0);
        (values, slopes)
    }

    /// Gives an event's targets their new values. `timing` is the derivative of the event's time by lane. At a time that
    /// moves, a state `x` with slope `f` moves by `s + f timing`; the event acts on that, and what is left of it at a time
    /// that stands still is that minus the new slope times `timing`.
    pub fn execute(
        &mut self,
        event: usize,
        (mut values, mut slopes): (Vec<f64>, Vec<f64>),
        timing: &[f64],
    ) -> Result<(), Failure> {
        let system = self.course.system;
        let event = &system.events[event];
        let count = event.targets.len();
        let states = self.state.len();
        self.drift(timing, 1.0);
        if let Some(store) = &event.store {
            // A function of the states and, behind them, the values.
            let both: Vec<f64> = self.state.iter().chain(&values).copied().collect();
            let mut lanes = Vec::new();
            if self.course.chain.is_some() && states > 0 {
                for (old, new) in self.sensitivities.chunks_exact(states).zip(slopes.chunks_exact(count)) {
                    lanes.extend(old.iter().chain(new));
                }
            }
            system.code.call(store.value, &both, self.cache, self.time, &mut values);
            slopes = self.derive(store, &both, &lanes, count);
        }
        for (place, (&target, value)) in event.targets.iter().zip(values).enumerate() {
            self.state[target] = value;
            for (lane, slopes) in slopes.chunks_exact(count).enumerate() {
                self.sensitivities[lane * states + target] = slopes[place];
            }
        }
        project(self.course, self.cache, self.time, self.state)?;
        self.drift(timing, -1.0);
        self.timing = Some(timing.to_vec());
        Ok(())
    }

    /// Adds the states' slopes times `sign * timing` to the sensitivities.
    fn drift(&mut self, timing: &[f64], sign: f64) {
        let mut sensitivities = std::mem::take(self.sensitivities);
        self.shift(&mut sensitivities, self.course.system.functions.rhs, self.state.len(), timing, sign);
        *self.sensitivities = sensitivities;
    }

    /// Adds a function's `count` values times `sign * timing` to slopes, values x lanes by column.
    fn shift(&self, slopes: &mut [f64], function: FunctionIndex, count: usize, timing: &[f64], sign: f64) {
        if count == 0 || timing.iter().all(|&timing| timing == 0.0) {
            return;
        }
        let mut speed = vec![0.0; count];
        self.course.system.code.call(function, self.state, self.cache, self.time, &mut speed);
        for (slopes, timing) in slopes.chunks_exact_mut(count).zip(timing) {
            for (slope, speed) in slopes.iter_mut().zip(&speed) {
                *slope += sign * timing * speed;
            }
        }
    }

    /// The sensitivities of a function's values, given the states with theirs.
    pub fn derive(&self, function: &Derived, states: &[f64], sensitivities: &[f64], count: usize) -> Vec<f64> {
        let Some(chain) = self.course.chain else { return Vec::new() };
        let system = self.course.system;
        let entrance = &system.treatments[self.course.treatment];
        let mut derivatives = vec![0.0; system.code.outputs(function.derivative)];
        system.code.call(function.derivative, states, self.cache, self.time, &mut derivatives);
        let (by_state, by_parameter) = derivatives.split_at(function.by_state.len());
        let mut slopes = vec![0.0; count * entrance.lanes.len()];
        for (lane, &parameter) in entrance.lanes.iter().enumerate() {
            for (entry, value) in function.by_state.iter().zip(by_state) {
                slopes[lane * count + entry.row] += value * sensitivities[lane * states.len() + entry.column];
            }
            for (entry, value) in function.by_parameter.iter().zip(by_parameter) {
                let inner = system.by_estimated(entrance, self.entrance, entry.column, parameter);
                slopes[lane * count + entry.row] += value * inner * chain[parameter];
            }
        }
        slopes
    }
}
