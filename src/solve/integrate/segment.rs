//! The part of a trajectory between two stops: one run of the integrator over smooth equations.

use super::super::bdf::{Integrator, Settings, Trouble};
use super::super::equations::{Equations, Lanes};
use super::super::system::Entrance;
use super::events::Queue;
use super::record::Run;
use super::steady::{Judge, Rest};
use super::watch::{Interpolant, Watcher};
use super::{Course, Failure, Rung, Sample, Sink};

/// Whether the sensitivities' errors steer the step size.
///
/// Measured on fits (`kexp fit PROBLEM --starts 40`, with and without `--controlled`): as many of 40 starts reach the lowest
/// end on the problems of Boehm (5 and 5), Bruno (25 and 24), Fiedler (1 and 2) and Crauste (1 and 1), at 1.1 to 5 times the
/// time where the errors steer; on Fiedler's, 11 descents converge instead of 6. To follow is the default for another
/// reason as well: value and gradient then see the same trajectory, bit for bit, and a line search never compares two
/// discretisations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sensitivities {
    /// They ride along: the steps are those of the states alone.
    #[default]
    Follow,
    /// They are held to the states' tolerances.
    Controlled,
}

/// A state beyond this has left every scale that a model of kinetics can mean.
const BEYOND: f64 = 1e50;
/// A failure with a state this many times larger than the largest initial one (at least 1) is a blow-up.
const GROWN: f64 = 1e8;
/// Times that differ by less than this share of them are one time to the solver.
const NEAR: f64 = 1e-14;
/// Steps smaller than this, in units of time, are a failure.
const SMALLEST_STEP: f64 = 1e-200;
/// So many steps at a time, it is looked at how fast they advance.
const WINDOW: usize = 500;
/// They are hopeless only where they advance by less than so many times as much as those before ...
const FASTER: f64 = 2.0;
/// ... and no state has grown so many times.
const GROWING: f64 = 1e3;
/// Points within each step at which functions that jump are looked at.
const LOOKS: usize = 4;

/// How a segment ended.
pub enum End {
    /// All asked times are done.
    Finished,
    /// The stop was reached, or a function that is watched jumped and something has to be done about it.
    Stopped {
        /// When.
        time: f64,
        /// The states there.
        state: Vec<f64>,
        /// Their sensitivities.
        sensitivities: Vec<f64>,
    },
    /// The steady state was reached.
    Settled(Rest),
}

/// One run of the solver.
pub struct Segment<'a, 'b> {
    /// The trajectory that it is part of.
    pub course: &'a Course<'a>,
    /// How the solver is set.
    pub rung: &'a Rung,
    /// Where sensitivities come from; nothing when none are asked for.
    pub entrance: Option<&'a Entrance>,
    /// The entrance's derivatives.
    pub entrance_values: &'a [f64],
    /// The cache.
    pub cache: &'a [f64],
    /// The factor of each of the entrance's terms.
    pub factors: &'a [f64],
    /// When it starts.
    pub start: f64,
    /// Where it has to stop, if not at the last asked time.
    pub stop: Option<f64>,
    /// The largest initial value of the trajectory, at least 1.
    pub largest_start: f64,
    /// Looks for the steady state, where the trajectory goes on to it once all asked times are done.
    pub judge: Option<Judge<'a>>,
    /// The events.
    pub queue: &'b mut Queue,
    /// The next asked time.
    pub next: &'b mut usize,
    /// Attempts at steps in all segments, those that were given up included.
    pub steps: &'b mut usize,
    /// Takes down what happens, for derivatives that are carried backwards.
    pub record: Option<&'b mut Run>,
}

impl Segment<'_, '_> {
    /// Runs the integrator from the given states.
    pub fn solve(&mut self, state: &[f64], sensitivities: &[f64], sink: &mut Sink) -> Result<End, Failure> {
        let course = self.course;
        while *self.next < course.times.len() && course.times[*self.next] <= self.start {
            // What a stop changes is in force at its time, so the end of a trajectory can lie on its start.
            self.early();
            self.sample(sink, self.start, state, sensitivities)?;
        }
        if *self.next == course.times.len() && !course.settles() {
            return Ok(End::Finished);
        }
        // A stop right behind the start, such as the first time above a threshold, is no distance to integrate over.
        let near = self.stop.is_some_and(|stop| stop - self.start <= NEAR * self.start.abs() + f64::MIN_POSITIVE);
        if course.system.still || near {
            return self.stand(state, sensitivities, near, sink);
        }
        let lanes = self.entrance.filter(|entrance| !entrance.lanes.is_empty());
        let recorded = self.record.is_some();
        let lanes = lanes.map(|entrance| Lanes { entrance, factors: self.factors });
        let equations = Equations::new(course.system, self.cache, lanes, course.settings.atol);
        let factor = self.rung.tolerance_factor;
        let atol: Vec<f64> = match course.absolute {
            [] => vec![factor * course.settings.atol],
            each => each.iter().map(|atol| factor * atol).collect(),
        };
        let settings = Settings {
            rtol: factor * course.settings.rtol,
            atol: &atol,
            controlled: lanes.is_some() && course.sensitivities == Sensitivities::Controlled,
            newton_tolerance: self.rung.newton_tolerance,
            newton_iterations: self.rung.newton_iterations,
            jacobian_steps: self.rung.jacobian_steps,
            smallest_step: SMALLEST_STEP,
        };
        let mut values = state.to_vec();
        if lanes.is_some() {
            values.extend_from_slice(sensitivities);
        }
        let asked = course.times.get(*self.next).copied();
        let next = [asked, self.stop].into_iter().flatten().min_by(f64::total_cmp);
        let integrator = Integrator::new(equations, settings, self.start, values, state.len(), next, recorded);
        let mut integrator = integrator.map_err(|_| Failure::NotANumber)?;
        let end = self.drive(&mut integrator, sink)?;
        if let Some(run) = &mut self.record {
            run.tape = integrator.into_tape();
        }
        Ok(end)
    }

    fn drive(&mut self, integrator: &mut Integrator<Equations>, sink: &mut Sink) -> Result<End, Failure> {
        let course = self.course;
        let mut states = integrator.states().to_vec();
        let mut sensitivities = integrator.sensitivities().to_vec();
        if let Some(stop) = self.stop {
            integrator.stop_at(stop);
        }
        let watches = &course.system.watches;
        let what = (watches.values, watches.count);
        let mut watcher =
            (watches.count > 0).then(|| Watcher::new(course.system, self.cache, what, self.start, &states));
        let mut previous = self.start;
        let mut pace = Pace { steps: *self.steps, time: self.start, rate: 0.0 };
        loop {
            if *self.steps >= course.settings.most_steps {
                return Err(if course.settles() { Failure::NoSteadyState } else { Failure::StepLimit });
            }
            if !self.rung.patient && pace.is_hopeless(self, integrator) {
                return Err(Failure::StepLimit);
            }
            integrator.look_out(course.times.get(*self.next).copied());
            let before = integrator.attempts();
            let step = integrator.step();
            *self.steps += integrator.attempts() - before;
            let stopped = step.map_err(|trouble| self.label(trouble, integrator.states()))?;
            let time = integrator.time();
            let largest = largest(integrator.states());
            if largest.is_nan() {
                return Err(Failure::NotANumber);
            }
            if largest > BEYOND {
                return Err(if self.judge.is_some() { Failure::NoSteadyState } else { Failure::BlowUp });
            }
            let jumped = match &mut watcher {
                None => None,
                Some(watcher) => {
                    let mut at = |asked: f64, states: &mut Vec<f64>| {
                        integrator.interpolate(asked.min(time), states);
                        Ok(())
                    };
                    self.jump(watcher, previous, time, LOOKS, &mut at)?
                }
            };
            let limit = jumped.unwrap_or(time);
            // What lies on the stop belongs to the next segment.
            let ends = stopped || jumped.is_some();
            while *self.next < course.times.len() {
                let asked = course.times[*self.next];
                if asked > limit || (ends && asked >= limit) {
                    break;
                }
                integrator.interpolate(asked, &mut states);
                integrator.interpolate_sensitivities(asked, &mut sensitivities);
                if let Some(run) = &mut self.record {
                    integrator.note_sample(asked);
                    run.late.push(*self.next);
                }
                self.sample(sink, asked, &states, &sensitivities)?;
            }
            if *self.next == course.times.len() && !course.settles() {
                return Ok(End::Finished);
            }
            if let Some(time) = jumped {
                integrator.interpolate(time, &mut states);
                integrator.interpolate_sensitivities(time, &mut sensitivities);
                if let Some(run) = &mut self.record {
                    integrator.note_sample(time);
                    run.cut = true;
                }
                return Ok(End::Stopped { time, state: states, sensitivities });
            }
            if let Some(judge) = &mut self.judge {
                let lanes = || integrator.sensitivities().to_vec();
                if let Some(rest) = judge.look(time, integrator.states(), lanes) {
                    return Ok(End::Settled(rest));
                }
            }
            if stopped {
                let (state, sensitivities) = (integrator.states().to_vec(), integrator.sensitivities().to_vec());
                return Ok(End::Stopped { time, state, sensitivities });
            }
            previous = time;
        }
    }

    /// Notes that the states at the start are what is asked for next.
    pub(super) fn early(&mut self) {
        let sample = *self.next;
        if let Some(run) = &mut self.record {
            run.early.push(sample);
        }
    }

    pub(super) fn sample(
        &mut self,
        sink: &mut Sink,
        time: f64,
        states: &[f64],
        sensitivities: &[f64],
    ) -> Result<(), Failure> {
        let index = *self.next;
        *self.next += 1;
        let (cache, entrance) = (self.cache, self.entrance_values);
        sink(&Sample { index, time, states, sensitivities, cache, entrance, settled: None })
    }

    fn label(&self, trouble: Trouble, state: &[f64]) -> Failure {
        if largest(state) > GROWN * self.largest_start {
            return Failure::BlowUp;
        }
        match trouble {
            Trouble::NotFinite => Failure::NotANumber,
            Trouble::Corrector | Trouble::Error => Failure::StepTooSmall,
        }
    }

    /// The first time up to `to` at which a jump of something watched has to be acted upon: the right-hand side holds
    /// it, or a condition of an event changes.
    pub(super) fn jump(
        &mut self,
        watcher: &mut Watcher,
        from: f64,
        to: f64,
        looks: usize,
        at: &mut Interpolant,
    ) -> Result<Option<f64>, Failure> {
        let watches = &self.course.system.watches;
        let (held, free) = self.cache[watches.first..].split_at(watches.held);
        while let Some(time) = watcher.look(to, looks, from, at)? {
            let values = watcher.values().iter();
            let broken = values.zip(held).zip(free).any(|((now, held), &free)| free == 0.0 && now != held);
            let (_, states) = watcher.here();
            if broken || self.queue.stirs(self.course, self.cache, states, time) {
                return Ok(Some(time));
            }
        }
        Ok(None)
    }
}

/// How fast steps advance.
struct Pace {
    steps: usize,
    time: f64,
    rate: f64,
}

impl Pace {
    /// Whether the steps that are left will not do at the rate at which they advance, and that rate does not rise. States
    /// that grow are on their way to a blow-up.
    fn is_hopeless(&mut self, segment: &Segment, integrator: &Integrator<Equations>) -> bool {
        let taken = *segment.steps - self.steps;
        if taken < WINDOW || segment.course.settles() {
            return false;
        }
        let rate = (integrator.time() - self.time) / taken as f64;
        let before = std::mem::replace(self, Self { steps: *segment.steps, time: integrator.time(), rate }).rate;
        let end = segment.stop.or(segment.course.times.last().copied());
        let left = end.map_or(0.0, |end| end - integrator.time());
        let allowed = segment.course.settings.most_steps.saturating_sub(*segment.steps) as f64;
        rate < FASTER * before
            && left > rate * allowed
            && largest(integrator.states()) < GROWING * segment.largest_start
    }
}

/// The largest magnitude; not a number where one is none. Magnitudes have the order of their bits.
fn largest(values: &[f64]) -> f64 {
    f64::from_bits(values.iter().map(|value| value.abs().to_bits()).max().unwrap_or(0))
}
