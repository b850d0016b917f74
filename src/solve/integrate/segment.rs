//! The part of a trajectory between two stops: one run of the solver over smooth equations.

use super::super::equations::{Equations, SolverMatrix};
use super::super::system::Entrance;
use super::steady::{Judge, Rest};
use super::{Course, Failure, Rung, Sample, Sink};
use diffsol::error::{DiffsolError, OdeSolverError};
use diffsol::{
    Context, InitialConditionSolverOptions, OdeSolverMethod, OdeSolverOptions, OdeSolverProblem, OdeSolverStopReason,
    Op, Vector,
};

/// Whether the sensitivities' errors steer the step size.
///
/// Measured on the STAT5 problem (8 states, 6 lanes) at 300 random vectors and tolerances of 1e-8, against gradients
/// at 1e-11: the error in units of the largest component was 6e-11 in the median and 1e-7 at worst when they follow,
/// 2e-11 and 8e-8 when they are controlled, which takes a fifth more steps. To follow is the default for another
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
/// diffsol counts these over a whole solve; the step limit is what ends a hopeless one.
const MOST_FAILURES: usize = 100_000;

/// How a segment ended.
pub enum End {
    /// All asked times are done.
    Finished,
    /// The stop was reached.
    Stopped {
        /// When.
        time: f64,
        /// The states there.
        state: Vec<f64>,
        /// Their sensitivities.
        sensitivities: Vec<f64>,
    },
    /// An event's condition turned true.
    Fired {
        /// Which.
        event: usize,
        /// When.
        time: f64,
        /// The states there.
        state: Vec<f64>,
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
    /// The next asked time.
    pub next: &'b mut usize,
    /// Steps taken in all segments.
    pub steps: &'b mut usize,
}

impl Segment<'_, '_> {
    /// Runs the solver from the given states.
    pub fn solve<M>(&mut self, state: &[f64], sensitivities: &[f64], sink: &mut Sink) -> Result<End, Failure>
    where
        M: SolverMatrix,
        for<'b> &'b M::V: diffsol::VectorRef<M::V>,
        for<'b> &'b M: diffsol::matrix::MatrixRef<M>,
    {
        let course = self.course;
        while *self.next < course.times.len() && course.times[*self.next] <= self.start {
            // What a stop changes is in force at its time, so the end of a trajectory can lie on its start.
            self.sample(sink, self.start, state, sensitivities)?;
        }
        if *self.next == course.times.len() && self.judge.is_none() {
            return Ok(End::Finished);
        }
        let mut derivative = vec![0.0; state.len()];
        course.system.code.call(course.system.rhs, state, self.cache, self.start, &mut derivative);
        if derivative.iter().any(|value| !value.is_finite()) {
            return Err(Failure::NotANumber);
        }
        let entrance = self.entrance.filter(|entrance| !entrance.lanes.is_empty());
        let equations = Equations::<M>::new(course.system, entrance, self.cache, state, sensitivities, self.factors);
        let problem = self.problem(equations)?;
        if entrance.is_some() {
            let mut solver = problem.bdf_sens::<M::LS>().map_err(|_| Failure::Other)?;
            self.drive(&mut solver, &problem, sink)
        } else {
            let mut solver = problem.bdf::<M::LS>().map_err(|_| Failure::Other)?;
            self.drive(&mut solver, &problem, sink)
        }
    }

    fn problem<'s, M: SolverMatrix>(
        &self,
        equations: Equations<'s, M>,
    ) -> Result<OdeSolverProblem<Equations<'s, M>>, Failure> {
        let Course { settings, sensitivities, .. } = *self.course;
        let rtol = settings.rtol * self.rung.tolerance_factor;
        let atol = settings.atol * self.rung.tolerance_factor;
        let (states, lanes) = (equations.nstates(), equations.nparams());
        let context = equations.context().clone();
        let controlled = sensitivities == Sensitivities::Controlled && lanes > 0;
        let sens_atol = if controlled {
            let wide = context.clone_with_nbatch(lanes).map_err(|_| Failure::Other)?;
            Some(M::V::from_element(states, atol, wide))
        } else {
            None
        };
        Ok(OdeSolverProblem {
            rtol,
            atol: M::V::from_element(states, atol, context),
            t0: self.start,
            h0: 1.0,
            integrate_out: false,
            sens_rtol: controlled.then_some(rtol),
            sens_atol,
            out_rtol: None,
            out_atol: None,
            param_rtol: None,
            param_atol: None,
            ic_options: InitialConditionSolverOptions::default(),
            ode_options: OdeSolverOptions {
                max_nonlinear_solver_iterations: self.rung.newton_iterations,
                nonlinear_solver_tolerance: self.rung.newton_tolerance,
                max_error_test_failures: MOST_FAILURES,
                max_nonlinear_solver_failures: MOST_FAILURES,
                update_jacobian_after_steps: self.rung.jacobian_steps.min(20),
                update_rhs_jacobian_after_steps: self.rung.jacobian_steps,
                min_timestep: 1e-30,
                ..OdeSolverOptions::default()
            },
            eqn: equations,
        })
    }

    fn drive<'p, 's: 'p, M, S>(
        &mut self,
        solver: &mut S,
        problem: &OdeSolverProblem<Equations<'s, M>>,
        sink: &mut Sink,
    ) -> Result<End, Failure>
    where
        M: SolverMatrix + 'p,
        S: OdeSolverMethod<'p, Equations<'s, M>>,
    {
        let course = self.course;
        let lanes = problem.eqn.nparams();
        let states = problem.eqn.nstates();
        let context = problem.eqn.context().clone();
        let wide =
            if lanes > 0 { context.clone_with_nbatch(lanes).map_err(|_| Failure::Other)? } else { context.clone() };
        let mut y = M::V::zeros(states, context);
        let mut s = M::V::zeros(if lanes > 0 { states } else { 0 }, wide);
        if let Some(stop) = self.stop {
            solver.set_stop_time(stop).map_err(|_| Failure::Other)?;
        }
        let watched = self.watched();
        let mut before = self.truths(&watched, M::slice(solver.state().y), self.start);
        let mut previous = self.start;
        loop {
            if *self.steps >= course.settings.most_steps {
                return Err(if self.judge.is_some() { Failure::NoSteadyState } else { Failure::StepLimit });
            }
            *self.steps += 1;
            let reason = solver.step().map_err(|error| self.label(&error, problem, M::slice(solver.state().y)))?;
            let time = solver.state().t;
            let largest = M::slice(solver.state().y)
                .iter()
                .fold(0.0_f64, |largest, value| if value.is_nan() { f64::NAN } else { largest.max(value.abs()) });
            if largest.is_nan() {
                return Err(Failure::NotANumber);
            }
            if largest > BEYOND {
                return Err(if self.judge.is_some() { Failure::NoSteadyState } else { Failure::BlowUp });
            }
            let stopped = matches!(reason, OdeSolverStopReason::TstopReached);
            let reached = if stopped { self.stop.unwrap_or(time) } else { time };
            let fired = if watched.is_empty() {
                None
            } else {
                self.first_event(solver, &watched, &mut before, previous, reached, &mut y)?
            };
            let limit = fired.map_or(reached, |(_, time)| time);
            // What lies on the stop belongs to the next segment.
            let ends = stopped || fired.is_some();
            while *self.next < course.times.len() {
                let asked = course.times[*self.next];
                if asked > limit || (ends && asked >= limit) {
                    break;
                }
                solver.interpolate_inplace(asked, &mut y).map_err(|_| Failure::Other)?;
                if lanes > 0 {
                    solver.interpolate_sens_inplace(asked, &mut s).map_err(|_| Failure::Other)?;
                }
                with_lanes::<M, _>(&s, states, lanes, |lanes| self.sample(sink, asked, M::slice(&y), lanes))?;
            }
            if *self.next == course.times.len() {
                let Some(judge) = &mut self.judge else { return Ok(End::Finished) };
                let lanes = || solver.state().s.clone_as_vec();
                if let (None, Some(rest)) = (fired, judge.look(time, M::slice(solver.state().y), lanes)) {
                    return Ok(End::Settled(rest));
                }
            }
            if let Some((event, time)) = fired {
                solver.interpolate_inplace(time, &mut y).map_err(|_| Failure::Other)?;
                return Ok(End::Fired { event, time, state: M::slice(&y).to_vec() });
            }
            if stopped {
                let state = solver.state();
                let sensitivities = if lanes > 0 { state.s.clone_as_vec() } else { Vec::new() };
                return Ok(End::Stopped { time: reached, state: M::slice(state.y).to_vec(), sensitivities });
            }
            previous = time;
        }
    }

    fn sample(&mut self, sink: &mut Sink, time: f64, states: &[f64], sensitivities: &[f64]) -> Result<(), Failure> {
        let index = *self.next;
        *self.next += 1;
        let (cache, entrance) = (self.cache, self.entrance_values);
        sink(&Sample { index, time, states, sensitivities, cache, entrance, settled: None })
    }

    fn label<M: SolverMatrix>(
        &self,
        error: &DiffsolError,
        problem: &OdeSolverProblem<Equations<'_, M>>,
        state: &[f64],
    ) -> Failure {
        let largest = state.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        if largest > GROWN * self.largest_start {
            return Failure::BlowUp;
        }
        if problem.eqn.not_finite() {
            return Failure::NotANumber;
        }
        match error {
            DiffsolError::OdeSolverError(
                OdeSolverError::StepSizeTooSmall { .. }
                | OdeSolverError::TooManyErrorTestFailures { .. }
                | OdeSolverError::TooManyNonlinearSolverFailures { .. },
            ) => Failure::StepTooSmall,
            _ => Failure::Other,
        }
    }

    /// Events whose time is not known beforehand.
    fn watched(&self) -> Vec<usize> {
        let events = self.course.system.events.iter().enumerate();
        events.filter(|(_, event)| event.time.is_none()).map(|(index, _)| index).collect()
    }

    fn truths(&self, watched: &[usize], state: &[f64], time: f64) -> Vec<bool> {
        watched.iter().map(|&event| self.truth(event, state, time)).collect()
    }

    fn truth(&self, event: usize, state: &[f64], time: f64) -> bool {
        let mut value = [0.0];
        let system = self.course.system;
        system.code.call(system.events[event].trigger, state, self.cache, time, &mut value);
        value[0] != 0.0
    }

    /// The first event whose condition turned true in the last step, and when, by bisection to the last bit.
    fn first_event<'p, 's: 'p, M, S>(
        &self,
        solver: &S,
        watched: &[usize],
        before: &mut Vec<bool>,
        from: f64,
        to: f64,
        y: &mut M::V,
    ) -> Result<Option<(usize, f64)>, Failure>
    where
        M: SolverMatrix + 'p,
        S: OdeSolverMethod<'p, Equations<'s, M>>,
    {
        let after = self.truths(watched, M::slice(solver.state().y), to);
        let mut first: Option<(usize, f64)> = None;
        for (index, &event) in watched.iter().enumerate() {
            if before[index] || !after[index] {
                continue;
            }
            let (mut low, mut high) = (from, to);
            loop {
                let middle = 0.5 * (low + high);
                if middle <= low || middle >= high {
                    break;
                }
                solver.interpolate_inplace(middle, y).map_err(|_| Failure::Other)?;
                if self.truth(event, M::slice(y), middle) {
                    high = middle;
                } else {
                    low = middle;
                }
            }
            if first.is_none_or(|(_, time)| high < time) {
                first = Some((event, high));
            }
        }
        *before = after;
        Ok(first)
    }
}

/// All lanes of a vector as one slice, states x lanes by column.
fn with_lanes<M: SolverMatrix, R>(s: &M::V, states: usize, lanes: usize, then: impl FnOnce(&[f64]) -> R) -> R {
    if lanes == 0 {
        return then(&[]);
    }
    let all = s.clone_as_vec();
    debug_assert_eq!(all.len(), states * lanes);
    then(&all)
}
