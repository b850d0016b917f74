//! The steady state of a network alone.

use super::SolveError;
use super::integrate::{Course, Ending, Rest, Sensitivities, Settled};
use super::simulate::SimulateError;
use super::system::{Blueprint, System, assemble};
use crate::model::expression::Expression;
use crate::model::network::Network;
use crate::model::problem::SolverSettings;

/// The state to which a network settles.
#[derive(Debug, Clone, PartialEq)]
pub struct SteadyState {
    /// Ids of the states: species that no assignment rules, then other variables with rate rules, then those that events
    /// change.
    pub ids: Vec<String>,
    /// Their values.
    pub values: Vec<f64>,
    /// When the trajectory had come within the tolerances of it.
    pub time: f64,
    /// How it was found.
    pub method: Settled,
    /// Steps of the solver in all attempts, those that were given up included.
    pub steps: usize,
    /// The rung of the ladder of solver settings that was needed, from 0.
    pub rung: usize,
}

/// The steady state to which a network settles from its initial values, with some parameters, compartment sizes or initial
/// values replaced. Events happen on the way, and time passes.
///
/// # Errors
/// When ids are unknown, the solver fails, or there is none: the network oscillates, drifts, or has not come to rest within
/// the limit of steps ([`Failure::NoSteadyState`](super::Failure::NoSteadyState)).
pub fn steady_state(
    network: &Network,
    overrides: &[(String, f64)],
    settings: SolverSettings,
) -> Result<SteadyState, SimulateError> {
    let alone = Alone::new(network, overrides, settings)?;
    let (rest, rung, steps) = alone.settle()?;
    let Rest { states, method, time, .. } = rest;
    Ok(SteadyState { ids: alone.system.states, values: states, time, method, steps, rung })
}

/// A network without observables and parameters to estimate.
pub(super) struct Alone {
    /// The equations.
    pub system: System,
    /// How they are solved.
    pub settings: SolverSettings,
}

/// States and the cache of the equations at one time.
pub(super) struct Moment {
    /// When.
    pub time: f64,
    /// The states.
    pub states: Vec<f64>,
    /// The cache.
    pub cache: Vec<f64>,
}

impl Alone {
    /// Compiles a network.
    pub fn new(network: &Network, overrides: &[(String, f64)], settings: SolverSettings) -> Result<Self, SolveError> {
        let overrides: Vec<(String, Expression)> =
            overrides.iter().map(|(id, value)| (id.clone(), Expression::Number(*value))).collect();
        let system = assemble(&Blueprint::alone(network, &overrides, &[]))?;
        Ok(Self { system, settings })
    }

    fn course<'a>(&'a self, times: &'a [f64], ending: Ending) -> Course<'a> {
        Course {
            system: &self.system,
            treatment: 0,
            parameters: &[],
            chain: None,
            times,
            settings: self.settings,
            sensitivities: Sensitivities::default(),
            absolute: &[],
            from: None,
            ending,
        }
    }

    /// The steady state, with the rung that was needed and the number of steps.
    pub fn settle(&self) -> Result<(Rest, usize, usize), SimulateError> {
        let mut note = |rest: &mut Option<Rest>, sample: &super::integrate::Sample| {
            *rest = sample.rest();
            Ok(())
        };
        let (result, steps) = self.course(&[], Ending::SteadyState).climb(&mut note, || None);
        match result {
            Ok((rung, Some(rest))) => Ok((rest, rung, steps)),
            Ok((_, None)) => Err(SimulateError::Failed(super::Failure::NoSteadyState)),
            Err(failure) => Err(SimulateError::Failed(failure)),
        }
    }

    /// The trajectory at ascending times from 0 on.
    pub fn follow(&self, times: &[f64]) -> Result<Vec<Moment>, super::Failure> {
        let mut note = |moments: &mut Vec<Moment>, sample: &super::integrate::Sample| {
            let (states, cache) = (sample.states.to_vec(), sample.cache.to_vec());
            moments.push(Moment { time: sample.time, states, cache });
            Ok(())
        };
        let (result, _) = self.course(times, Ending::LastTime).climb(&mut note, Vec::new);
        result.map(|(_, moments)| moments)
    }
}
