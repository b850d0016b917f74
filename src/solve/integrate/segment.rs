//! The part of a trajectory between two stops: one run of the solver over smooth equations.

use super::super::equations::{Equations, SolverMatrix};
use super::super::system::Entrance;
use super::events::Queue;
use super::steady::{Judge, Rest};
use super::watch::{Interpolant, Watcher};
use super::{Course, Failure, Rung, Sample, Sink};
use diffsol::error::{DiffsolError, OdeSolverError};
use diffsol::{
    Context, InitialConditionSolverOptions, OdeSolverMethod, OdeSolverOptions, OdeSolverProblem, OdeSolverState,
    OdeSolverStopReason, Op, Vector,
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
/// Times that differ by less than this share of them are one time to the solver.
const NEAR: f64 = 1e-14;
/// Points within each step at which functions that jump are looked at.
const LOOKS: usize = 4;
/// diffsol counts these over a whole solve; the step limit is what ends a hopeless one.
const MOST_FAILURES: usize = 100_000;

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
        if *self.next == course.times.len() && !course.settles() {
            return Ok(End::Finished);
        }
        // A stop right behind the start, such as the first time above a threshold, is no distance to integrate over.
        let near = self.stop.is_some_and(|stop| stop - self.start <= NEAR * self.start.abs() + f64::MIN_POSITIVE);
        if course.system.still || near {
            return self.stand(state, sensitivities, near, sink);
        }
        let mut derivative = vec![0.0; state.len()];
        course.system.code.call(course.system.rhs, state, self.cache, self.start, &mut derivative);
        if derivative.iter().any(|value| !value.is_finite()) {
            return Err(Failure::NotANumber);
        }
        let entrance = self.entrance.filter(|entrance| !entrance.lanes.is_empty());
        let equations = Equations::<M>::new(
            course.system,
            entrance,
            self.cache,
            state,
            sensitivities,
            self.factors,
            course.settings.atol,
        );
        let problem = self.problem(equations, smallest_step(state, &derivative))?;
        if entrance.is_some() {
            let mut state = problem.bdf_state_sens::<M::LS>().map_err(|_| Failure::Other)?;
            self.shorten(state.as_mut().h);
            let mut solver = problem.bdf_solver_sens::<M::LS>(state).map_err(|_| Failure::Other)?;
            self.drive(&mut solver, &problem, sink)
        } else {
            let mut state = problem.bdf_state::<M::LS>().map_err(|_| Failure::Other)?;
            self.shorten(state.as_mut().h);
            let mut solver = problem.bdf_solver::<M::LS>(state).map_err(|_| Failure::Other)?;
            self.drive(&mut solver, &problem, sink)
        }
    }

    /// Where nothing moves at the start, diffsol's first step may be longer than all times asked for, and pass over a
    /// pulse that comes later; it is cut to a tenth of the way to the next of them, as CVODE does (Hindmarsh et al. 2005).
    fn shorten(&self, step: &mut f64) {
        let asked = self.course.times.get(*self.next).copied();
        let next = [asked, self.stop].into_iter().flatten().min_by(f64::total_cmp);
        if let Some(distance) = next.map(|next| next - self.start)
            && *step > distance
        {
            *step = 0.1 * distance;
        }
    }

    fn problem<'s, M: SolverMatrix>(
        &self,
        equations: Equations<'s, M>,
        smallest: f64,
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
            atol: match self.course.absolute {
                [] => M::V::from_element(states, atol, context),
                each => M::V::from_vec(each.iter().map(|atol| atol * self.rung.tolerance_factor).collect(), context),
            },
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
                min_timestep: smallest,
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
        if let Some(stop) = self.stop
            && solver.set_stop_time(stop).is_err()
        {
            // So near, in units of its first step, that the solver will not move: the tangent is exact to rounding.
            return self.glide(M::slice(solver.state().y).to_vec(), stop, problem, sink);
        }
        let watches = &course.system.watches;
        let start = (watches.values, watches.count);
        let mut watcher = (watches.count > 0)
            .then(|| Watcher::new(course.system, self.cache, start, self.start, M::slice(solver.state().y)));
        let mut previous = self.start;
        loop {
            if *self.steps >= course.settings.most_steps {
                return Err(if course.settles() { Failure::NoSteadyState } else { Failure::StepLimit });
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
            let jumped = match &mut watcher {
                None => None,
                Some(watcher) => {
                    let mut at = |time: f64, states: &mut Vec<f64>| {
                        let known = time.min(solver.state().t);
                        solver.interpolate_inplace(known, &mut y).map_err(|_| Failure::Other)?;
                        states.copy_from_slice(M::slice(&y));
                        Ok(())
                    };
                    self.jump(watcher, previous, reached, LOOKS, &mut at)?
                }
            };
            let limit = jumped.unwrap_or(reached);
            // What lies on the stop belongs to the next segment.
            let ends = stopped || jumped.is_some();
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
            if *self.next == course.times.len() && !course.settles() {
                return Ok(End::Finished);
            }
            if let (None, Some(judge)) = (jumped, &mut self.judge) {
                let lanes = || solver.state().s.clone_as_vec();
                if let Some(rest) = judge.look(time, M::slice(solver.state().y), lanes) {
                    return Ok(End::Settled(rest));
                }
            }
            if let Some(time) = jumped {
                let known = time.min(solver.state().t);
                solver.interpolate_inplace(known, &mut y).map_err(|_| Failure::Other)?;
                if lanes > 0 {
                    solver.interpolate_sens_inplace(known, &mut s).map_err(|_| Failure::Other)?;
                }
                let sensitivities = with_lanes::<M, _>(&s, states, lanes, <[f64]>::to_vec);
                return Ok(End::Stopped { time, state: M::slice(&y).to_vec(), sensitivities });
            }
            if stopped {
                let state = solver.state();
                let sensitivities = if lanes > 0 { state.s.clone_as_vec() } else { Vec::new() };
                return Ok(End::Stopped { time: reached, state: M::slice(state.y).to_vec(), sensitivities });
            }
            previous = time;
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

/// The step below which the solver gives up: far below the fastest change of a state at the start.
fn smallest_step(state: &[f64], derivative: &[f64]) -> f64 {
    let times = state.iter().zip(derivative).filter(|(value, slope)| **value != 0.0 && **slope != 0.0);
    let fastest = times.map(|(value, slope)| (value / slope).abs()).fold(1.0, f64::min);
    (1e-15 * fastest).clamp(1e-200, 1e-30)
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
