//! Trajectories: from parameters to states, and their sensitivities, at asked times.
//!
//! The integrator ([`bdf`](super::bdf)) is driven step by step, so that steps can be counted, times of
//! interest interpolated, and events and switches met exactly: the solver stops there and starts anew.

mod climb;
mod crossing;
mod events;
mod failure;
mod hold;
mod jump;
mod project;
mod record;
mod segment;
mod steady;
mod still;
mod stops;
mod ties;
mod watch;

pub use climb::climb;
pub use failure::Failure;
pub use record::Recording;
pub use segment::Sensitivities;
pub use steady::{Rest, Settled};

use super::system::{Entrance, System};
use crate::model::problem::SolverSettings;
use events::Queue;
use hold::Holder;
use jump::Jump;
use project::project;
use record::{Before, Run};
use segment::{End, Segment};
use steady::{Along, Given, Judge};
use stops::Stops;

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
    /// Whether steps go on that have become too small to ever reach the end.
    pub patient: bool,
}

/// How a solve is tried, in order.
///
/// First, Newton's iteration is ten times as exact as in CVODE: what it leaves ends up in the estimates of the errors, where it
/// looks like an error of the step and holds the size down. More iterations buy fewer steps: on the models of `make peers` as
/// many on the smallest, up to two fifths fewer on the others. Each step is held to two thirds of the tolerances, as errors add
/// up over the steps; so the largest error at 51 points is below libRoadRunner's on each of those models.
///
/// What fails is tried with a fresh Jacobian in every step (a stale one is the common cause of step sizes that collapse), then
/// at the tolerances as they are, where the stricter ones may be below rounding, then at tighter ones, which keeps states that
/// should stay positive from crossing zero.
pub const LADDER: [Rung; 4] = [
    Rung { newton_tolerance: 0.01, newton_iterations: 3, jacobian_steps: 50, tolerance_factor: 0.65, patient: false },
    Rung { newton_tolerance: 0.01, newton_iterations: 3, jacobian_steps: 1, tolerance_factor: 0.65, patient: false },
    Rung { newton_tolerance: 0.03, newton_iterations: 6, jacobian_steps: 1, tolerance_factor: 1.0, patient: false },
    Rung { newton_tolerance: 0.03, newton_iterations: 6, jacobian_steps: 1, tolerance_factor: 1e-2, patient: true },
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
    /// An absolute tolerance for each state; that of the settings for all where this is empty.
    pub absolute: &'a [f64],
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
    /// Whether the trajectory goes on to its steady state.
    pub fn settles(&self) -> bool {
        self.ending != Ending::LastTime
    }

    /// Computes the trajectory with one rung of the ladder; returns the number of steps, also beside a failure.
    pub fn run(&self, rung: &Rung, sink: &mut Sink) -> (Result<(), Failure>, usize) {
        let mut steps = 0;
        let result = self.segments(rung, sink, &mut steps, None);
        (result, steps)
    }

    /// Computes the trajectory and takes down what happens, so that derivatives can be carried backwards through it. The
    /// samples have no sensitivities.
    pub fn record(&self, rung: &Rung, sink: &mut Sink) -> (Result<Recording, Failure>, usize) {
        let (mut steps, mut recording) = (0, Recording::default());
        let result = self.segments(rung, sink, &mut steps, Some(&mut recording));
        (result.map(|()| recording), steps)
    }

    /// Whether [`Self::record`] can take down all that may happen on this trajectory: neither steady states, which are
    /// derived where they lie, nor what waits between trigger and execution.
    pub fn is_recordable(&self) -> bool {
        !self.settles() && self.system.events.iter().all(|event| event.delay.is_none())
    }

    fn segments(
        &self,
        rung: &Rung,
        sink: &mut Sink,
        steps: &mut usize,
        mut recording: Option<&mut Recording>,
    ) -> Result<(), Failure> {
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
        if let Some(recording) = &mut recording {
            (recording.start, recording.factors) = (sensitivities.clone(), factors.clone());
        }
        let jumps = !system.events.is_empty() || system.crossings.count > 0;
        if state.iter().any(|value| !value.is_finite()) {
            return Err(Failure::NotANumber);
        }
        let last = self.times.last().copied().unwrap_or(0.0);
        let mut holder = Holder::new(self);
        let mut time = 0.0;
        if system.projection.is_some() || !system.events.is_empty() {
            holder.hold(self, &mut cache, &state, time, time);
            project(self, &cache, time, &mut state)?;
        }
        let largest_start = state.iter().fold(1.0_f64, |largest, value| largest.max(value.abs()));
        let mut stops = Stops::new(self, &cache, last)?;
        let mut queue = Queue::new(self, &cache, &state);
        let mut next = 0;
        loop {
            let held = cache.clone();
            // What a jump makes of no sensitivities is one part of what it does to them.
            let before = recording.is_some().then(|| {
                sensitivities = vec![0.0; states * entrance.lanes.len()];
                let (states, queue, entrance) = (state.clone(), queue.clone(), entrance_values.as_slice());
                Before { cache: &held, states, queue, entrance, time }
            });
            let mut jump = Jump {
                course: self,
                cache: &held,
                entrance: &entrance_values,
                time,
                state: &mut state,
                sensitivities: &mut sensitivities,
                timing: None,
                records: recording.is_some(),
            };
            if !system.events.is_empty() {
                *steps += queue.happen(&mut jump)?;
                if jump.state.iter().any(|value| !value.is_finite()) {
                    return Err(Failure::NotANumber);
                }
            }
            let stop = [stops.next(), queue.next()].into_iter().flatten().min_by(f64::total_cmp);
            // Without a stop nothing jumps between here and the last time.
            let ahead = if last > time { last } else { time + 1.0 };
            holder.hold(self, &mut cache, jump.state, time, stop.unwrap_or(ahead));
            // At the start nothing was held before.
            if time > 0.0 {
                jump.switch(&cache)?;
            }
            if let (Some(recording), Some(before), true) = (&mut recording, before, jumps) {
                recording.jump(self, &before, &cache, sensitivities.clone())?;
            }
            let mut run = recording.is_some().then(|| Run { cache: cache.clone(), ..Run::default() });
            let settle = stop.is_none() && self.settles();
            let along = self.chain.filter(|_| run.is_none()).map(|_| Along { entrance, factors: &factors });
            // To a steady state the sensitivities need not ride along, as long as nothing may stop on the way.
            let mut ride = along.filter(|_| !settle || system.watches.count > 0);
            let mut found: Option<Rest> = None;
            let end = loop {
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
                    queue: &mut queue,
                    next: &mut next,
                    steps: &mut *steps,
                    record: run.as_mut(),
                };
                let end = segment.solve(&state, &sensitivities, sink)?;
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
            if let (Some(recording), Some(run)) = (&mut recording, run) {
                recording.run(run);
            }
            let rest = match end {
                End::Stopped { time: reached, state: new, sensitivities: lanes } => {
                    time = reached;
                    state = new;
                    sensitivities = lanes;
                    stops.pass(time);
                    continue;
                }
                End::Finished if !settle => return Ok(()),
                // Nothing moves.
                End::Finished => Rest { states: state, sensitivities, method: Settled::Integration, time },
                End::Settled(rest) => rest,
            };
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
