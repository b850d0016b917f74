//! Trajectories: from parameters to states, and their sensitivities, at asked times.
//!
//! diffsol's BDF method (Shampine and Reichelt 1997) is driven step by step, so that steps can be counted, times of
//! interest interpolated, and events and switches met exactly: the solver stops there and starts anew.

mod climb;
mod failure;
mod segment;
mod steady;

pub use climb::climb;
pub use failure::Failure;
pub use segment::Sensitivities;
pub use steady::{Rest, Settled};

use super::equations::SolverMatrix;
use super::system::{Entrance, System};
use crate::model::problem::SolverSettings;
use diffsol::{FaerSparseMat, NalgebraMat};
use segment::{End, Segment};
use steady::{Along, Given, Judge};

/// Systems of at least this many states use sparse linear algebra. Measured once, on a busy machine, in milliseconds of
/// processor time for one solve at rtol 1e-6, dense and sparse: 0.9 and 1.8 for 25 states (Bachmann et al. 2011), 1.1 and
/// 3.6 for 33 (Lucarelli et al. 2018), but about 340 and 70 (this one wall-clock time) for 276 (yeast's metabolism). The
/// limit itself lies between the measured sizes.
const SPARSE_FROM: usize = 64;

/// One way of setting the solver.
#[derive(Debug, Clone, Copy)]
pub struct Rung {
    /// Newton's iteration ends when the estimated error is below this share of the tolerance.
    pub newton_tolerance: f64,
    /// Newton's iterations before a step is cut.
    pub newton_iterations: usize,
    /// Steps after which the Jacobian is evaluated anew.
    pub jacobian_steps: usize,
    /// Multiplies both tolerances.
    pub tolerance_factor: f64,
}

/// What a failed solve is tried with next, in order: first as asked, then with a fresh Jacobian in every step and a
/// tighter Newton iteration (a stale Jacobian is the common cause of step sizes that collapse), then with tighter
/// tolerances as well, which keeps states that should stay positive from crossing zero.
///
/// Measured: 10,000 random vectors in the bounds of the STAT5 problem need the first rung only. Of 2,000 vectors within
/// ten times the nominal values of the model of Chassagnole et al. (2002; 18 states, 135 parameters, fractional
/// powers), at rtol 1e-6 and atol 1e-9, 147 fail on the first rung, 38 on the second, 19 on the third.
pub const LADDER: [Rung; 3] = [
    Rung { newton_tolerance: 0.2, newton_iterations: 10, jacobian_steps: 50, tolerance_factor: 1.0 },
    Rung { newton_tolerance: 0.03, newton_iterations: 20, jacobian_steps: 1, tolerance_factor: 1.0 },
    Rung { newton_tolerance: 0.03, newton_iterations: 20, jacobian_steps: 1, tolerance_factor: 1e-2 },
];

/// A trajectory to compute.
pub struct Course<'a> {
    /// The equations.
    pub system: &'a System,
    /// Index of the treatment.
    pub treatment: usize,
    /// Estimated parameters on the linear scale.
    pub parameters: &'a [f64],
    /// For sensitivities: the derivative of each parameter by its estimation-scale value.
    pub chain: Option<&'a [f64]>,
    /// Times from 0 on, ascending and distinct.
    pub times: &'a [f64],
    /// Tolerances and limits.
    pub settings: SolverSettings,
    /// Whether sensitivities steer the step size.
    pub sensitivities: Sensitivities,
    /// The steady state of the treatment's preequilibration, where it has one.
    pub from: Option<&'a Rest>,
    /// What follows the last of the times.
    pub ending: Ending,
}

/// What follows the last of the times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ending {
    /// Nothing.
    #[default]
    LastTime,
    /// The trajectory goes on to its steady state, which is one more sample.
    SteadyState,
    /// The same, but events that only time triggers do not fire: time starts once the steady state is reached.
    Preequilibration,
}

/// What is known at one of the asked times.
pub struct Sample<'a> {
    /// Index of the time.
    pub index: usize,
    /// The time.
    pub time: f64,
    /// The states.
    pub states: &'a [f64],
    /// Their sensitivities, states x lanes by column; empty when none were asked for.
    pub sensitivities: &'a [f64],
    /// The cache of the equations.
    pub cache: &'a [f64],
    /// The entrance's derivatives; empty without sensitivities.
    pub entrance: &'a [f64],
    /// How and when the steady state was reached, if this is one.
    pub settled: Option<(Settled, f64)>,
}

impl Sample<'_> {
    /// The steady state, if this is one.
    pub fn rest(&self) -> Option<Rest> {
        let (states, sensitivities) = (self.states.to_vec(), self.sensitivities.to_vec());
        self.settled.map(|(method, time)| Rest { states, sensitivities, method, time })
    }
}

/// Receives samples in the order of times.
pub type Sink<'a> = dyn FnMut(&Sample) -> Result<(), Failure> + 'a;

impl Course<'_> {
    /// Computes the trajectory with one rung of the ladder; returns the number of steps, also beside a failure.
    pub fn run(&self, rung: &Rung, sink: &mut Sink) -> (Result<(), Failure>, usize) {
        let mut steps = 0;
        // diffsol reports what goes wrong as errors; should one of its assertions fail all the same, then one solve
        // has failed, not the run.
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            if self.system.states.len() < SPARSE_FROM {
                self.segments::<NalgebraMat<f64>>(rung, sink, &mut steps)
            } else {
                self.segments::<FaerSparseMat<f64>>(rung, sink, &mut steps)
            }
        }));
        (caught.unwrap_or(Err(Failure::Other)), steps)
    }

    fn segments<M>(&self, rung: &Rung, sink: &mut Sink, steps: &mut usize) -> Result<(), Failure>
    where
        M: SolverMatrix,
        for<'b> &'b M::V: diffsol::VectorRef<M::V>,
        for<'b> &'b M: diffsol::matrix::MatrixRef<M>,
    {
        let system = self.system;
        let states = system.states.len();
        let entrance = &system.treatments[self.treatment];
        let mut cache = vec![0.0; system.cache];
        cache[..system.parameters].copy_from_slice(self.parameters);
        let mut values = vec![0.0; system.settings + states];
        system.code.call(entrance.function.value, &[], self.parameters, 0.0, &mut values);
        cache[system.parameters..system.parameters + system.settings].copy_from_slice(&values[..system.settings]);
        let mut state = values.split_off(system.settings);
        let (entrance_values, mut sensitivities, factors) = self.start_sensitivities(entrance);
        self.keep(entrance, &mut state, &mut sensitivities);
        let last = self.times.last().copied().unwrap_or(0.0);
        let stops = self.stops(&cache, last);
        if state.iter().any(|value| !value.is_finite()) {
            return Err(Failure::NotANumber);
        }
        let largest_start = state.iter().fold(1.0_f64, |largest, value| largest.max(value.abs()));

        let mut time = 0.0;
        let mut next = 0;
        let mut remaining = stops.iter().copied().peekable();
        loop {
            let stop = remaining.peek().copied();
            self.set_switches(&mut cache, time, stop.unwrap_or_else(|| last.max(time) + 1.0));
            let settle = stop.is_none() && self.ending != Ending::LastTime;
            let along = self.chain.map(|_| Along { entrance, factors: &factors });
            // To a steady state the sensitivities need not ride along, as long as no event may change them on the way.
            let mut ride = along.filter(|_| !settle || system.events.iter().any(|event| event.time.is_none()));
            let mut found: Option<Rest> = None;
            let end = loop {
                if settle && state.is_empty() {
                    break End::Settled(Rest::of_nothing(time));
                }
                let given = self.given(rung, &cache);
                let mut segment = Segment {
                    course: self,
                    rung,
                    entrance: ride.map(|along| along.entrance),
                    entrance_values: &entrance_values,
                    cache: &cache,
                    factors: &factors,
                    start: time,
                    stop,
                    largest_start,
                    judge: settle.then(|| Judge::new(given, ride, time)),
                    next: &mut next,
                    steps: &mut *steps,
                };
                let end = segment.solve::<M>(&state, &sensitivities, sink)?;
                let End::Settled(mut rest) = end else { break end };
                let Some(along) = along else { break End::Settled(rest) };
                if let Some(found) = found {
                    break End::Settled(Rest { sensitivities: rest.sensitivities, ..found });
                }
                if ride.is_none() {
                    match steady::implicit(&given, along, &rest, time, &state, &sensitivities) {
                        Some(lanes) => rest.sensitivities = lanes,
                        None => {
                            ride = Some(along);
                            found = Some(rest);
                            continue;
                        }
                    }
                }
                break End::Settled(rest);
            };
            let (reached, fired) = match end {
                End::Finished => return Ok(()),
                End::Settled(rest) => {
                    return sink(&Sample {
                        index: self.times.len(),
                        time: steady::far(rest.time),
                        states: &rest.states,
                        sensitivities: &rest.sensitivities,
                        cache: &cache,
                        entrance: &entrance_values,
                        settled: Some((rest.method, rest.time)),
                    });
                }
                End::Stopped { time, state: new, sensitivities: lanes } => {
                    remaining.next();
                    state = new;
                    sensitivities = lanes;
                    (time, self.events_at(&cache, time))
                }
                End::Fired { event, time, state: new } => {
                    state = new;
                    (time, vec![event])
                }
            };
            time = reached;
            for event in fired {
                self.fire(event, time, &cache, &entrance_values, &mut state, &mut sensitivities);
            }
        }
    }

    /// The entrance's derivatives, the initial sensitivities, and the factor of each term of the entrance.
    fn start_sensitivities(&self, entrance: &Entrance) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
        let Some(chain) = self.chain else { return (Vec::new(), Vec::new(), Vec::new()) };
        let system = self.system;
        let states = system.states.len();
        let mut values = vec![0.0; entrance.function.by_parameter.len()];
        system.code.call(entrance.function.derivative, &[], self.parameters, 0.0, &mut values);
        let mut sensitivities = vec![0.0; states * entrance.lanes.len()];
        for (entry, value) in entrance.function.by_parameter.iter().zip(&values) {
            if let (true, Ok(lane)) = (entry.row >= system.settings, entrance.lanes.binary_search(&entry.column)) {
                sensitivities[lane * states + entry.row - system.settings] = value * chain[entry.column];
            }
        }
        let factor = |setting: Option<usize>| setting.map_or(1.0, |setting| values[setting]);
        let factors = entrance.terms.iter().map(|term| chain[term.parameter] * factor(term.setting)).collect();
        (values, sensitivities, factors)
    }

    /// Gives the states that a preequilibration hands over their values and sensitivities.
    fn keep(&self, entrance: &Entrance, state: &mut [f64], sensitivities: &mut [f64]) {
        let (Some(from), Some(before)) = (self.from, entrance.before) else { return };
        let states = state.len();
        for (place, _) in entrance.kept.iter().enumerate().filter(|(_, kept)| **kept) {
            state[place] = from.states[place];
            if self.chain.is_none() {
                continue;
            }
            for lane in sensitivities.iter_mut().skip(place).step_by(states) {
                *lane = 0.0;
            }
            for (lane, parameter) in self.system.treatments[before].lanes.iter().enumerate() {
                if let Ok(own) = entrance.lanes.binary_search(parameter) {
                    sensitivities[own * states + place] = from.sensitivities[lane * states + place];
                }
            }
        }
    }

    fn given<'c>(&'c self, rung: &Rung, cache: &'c [f64]) -> Given<'c> {
        let SolverSettings { rtol, atol, .. } = self.settings;
        let factor = rung.tolerance_factor;
        Given { system: self.system, cache, rtol: rtol * factor, atol: atol * factor }
    }

    /// Times strictly inside the trajectory at which the equations or the states jump.
    fn stops(&self, cache: &[f64], last: f64) -> Vec<f64> {
        let system = self.system;
        let at = |function| {
            let mut time = [0.0];
            system.code.call(function, &[], cache, 0.0, &mut time);
            time[0]
        };
        let switches = system.switches.iter().map(|switch| at(switch.threshold));
        let timed = self.ending != Ending::Preequilibration;
        let events = system.events.iter().filter(|_| timed).filter_map(|event| event.time.map(at));
        let ends = self.ending != Ending::LastTime;
        // The way to a steady state passes all of them, and is one of its own from the last asked time on.
        let (before, own) = if ends { (f64::MAX, Some(last)) } else { (last, None) };
        // An event at the very last time still acts on what is measured then.
        let mut stops: Vec<f64> =
            switches.chain(events).chain(own).filter(|&time| time > 0.0 && time <= before).collect();
        stops.sort_by(f64::total_cmp);
        stops.dedup();
        stops
    }

    /// Sets the switches for the time between two stops, and computes the hoisted terms.
    fn set_switches(&self, cache: &mut [f64], from: f64, to: f64) {
        let system = self.system;
        let middle = 0.5 * (from + to);
        let first = system.parameters + system.settings;
        for (index, switch) in system.switches.iter().enumerate() {
            let mut threshold = [0.0];
            system.code.call(switch.threshold, &[], cache, 0.0, &mut threshold);
            let on = if switch.before { middle < threshold[0] } else { middle > threshold[0] };
            cache[first + index] = if on { 1.0 } else { 0.0 };
        }
        let (given, hoisted) = cache.split_at_mut(system.hoisted);
        system.code.call(system.prepare, &[], given, 0.0, hoisted);
    }

    fn events_at(&self, cache: &[f64], time: f64) -> Vec<usize> {
        let mut fired = Vec::new();
        if self.ending == Ending::Preequilibration {
            return fired;
        }
        for (index, event) in self.system.events.iter().enumerate() {
            if let Some(function) = event.time {
                let mut at = [0.0];
                self.system.code.call(function, &[], cache, 0.0, &mut at);
                if at[0] == time {
                    fired.push(index);
                }
            }
        }
        fired
    }

    /// Gives the event's targets their new values. The sensitivities follow by the chain rule; that the event's time
    /// does not move with parameters is made sure when gradients are asked for.
    fn fire(
        &self,
        event: usize,
        time: f64,
        cache: &[f64],
        entrance_values: &[f64],
        state: &mut [f64],
        sensitivities: &mut [f64],
    ) {
        let system = self.system;
        let event = &system.events[event];
        let mut values = vec![0.0; event.targets.len()];
        system.code.call(event.action.value, state, cache, time, &mut values);
        if let Some(chain) = self.chain {
            let states = state.len();
            let entrance = &system.treatments[self.treatment];
            let mut derivatives = vec![0.0; system.code.outputs(event.action.derivative)];
            system.code.call(event.action.derivative, state, cache, time, &mut derivatives);
            let (by_state, by_parameter) = derivatives.split_at(event.action.by_state.len());
            let before = sensitivities.to_vec();
            for (lane, &parameter) in entrance.lanes.iter().enumerate() {
                for &target in &event.targets {
                    sensitivities[lane * states + target] = 0.0;
                }
                for (entry, value) in event.action.by_state.iter().zip(by_state) {
                    sensitivities[lane * states + event.targets[entry.row]] +=
                        value * before[lane * states + entry.column];
                }
                for (entry, value) in event.action.by_parameter.iter().zip(by_parameter) {
                    let inner = system.by_estimated(entrance, entrance_values, entry.column, parameter);
                    sensitivities[lane * states + event.targets[entry.row]] += value * inner * chain[parameter];
                }
            }
        }
        for (&target, value) in event.targets.iter().zip(values) {
            state[target] = value;
        }
    }
}

impl System {
    /// The derivative of a cache place by an estimated parameter in a treatment.
    pub fn by_estimated(&self, entrance: &Entrance, values: &[f64], place: usize, parameter: usize) -> f64 {
        if place < self.parameters {
            return if place == parameter { 1.0 } else { 0.0 };
        }
        let row = place - self.parameters;
        let entries = entrance.function.by_parameter.iter().zip(values);
        entries.filter(|(entry, _)| entry.row == row && entry.column == parameter).map(|(_, value)| value).sum()
    }
}
