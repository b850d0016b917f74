//! Trajectories of a network alone: named expressions of its ids over time.

use super::SolveError;
use super::equations::without_noise;
use super::integrate::{Course, Ending, Failure, LADDER, Sensitivities};
use super::system::{Blueprint, System, assemble};
use crate::model::expression::Expression;
use crate::model::network::Network;
use crate::model::problem::SolverSettings;
use std::collections::BTreeSet;

/// Named quantities over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectory {
    /// Names of the columns: those of the selection.
    pub ids: Vec<String>,
    /// The asked times.
    pub times: Vec<f64>,
    /// One row a time, one value an id.
    pub values: Vec<Vec<f64>>,
    /// Steps of the solver in all attempts.
    pub steps: usize,
    /// The rung of the ladder of solver settings that was needed, from 0.
    pub rung: usize,
}

/// Why there is no trajectory.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SimulateError {
    /// The network cannot be made into equations.
    #[error(transparent)]
    Equations(#[from] SolveError),
    /// The solver failed.
    #[error("the simulation failed: {0}")]
    Failed(Failure),
}

/// Simulates a network from time 0 with some parameters, compartment sizes or initial values replaced, and gives the
/// [default selection](default_selection).
///
/// # Errors
/// When ids are unknown, times do not ascend from 0 on, or the solver fails.
pub fn simulate(
    network: &Network,
    overrides: &[(String, f64)],
    times: &[f64],
    settings: SolverSettings,
) -> Result<Trajectory, SimulateError> {
    simulate_selection(network, overrides, times, settings, &default_selection(network))
}

/// Every species, then every parameter and every compartment that can change: one that is declared so, or that a rule, an
/// event or a constraint changes. Each in the meaning of its id.
#[must_use]
pub fn default_selection(network: &Network) -> Vec<(String, Expression)> {
    let rules = network.assignments.iter().chain(&network.rates);
    let rules = rules.chain(network.events.iter().flat_map(|event| &event.assignments));
    let mut changing: BTreeSet<&str> = rules.map(|rule| rule.variable.as_str()).collect();
    changing.extend(network.algebraic.iter().flat_map(|constraint| constraint.free.iter().map(String::as_str)));
    let changes = |id: &str, variable: bool| variable || changing.contains(id);
    let species = network.species.iter().map(|species| &species.id);
    let parameters = network.parameters.iter().filter(|p| changes(&p.id, p.variable)).map(|p| &p.id);
    let compartments = network.compartments.iter().filter(|c| changes(&c.id, c.variable)).map(|c| &c.id);
    let ids = species.chain(parameters).chain(compartments);
    ids.map(|id| (id.clone(), Expression::Symbol(id.clone()))).collect()
}

/// Simulates as [`simulate`] does and gives the values of named expressions over the network's ids.
///
/// # Errors
/// As for [`simulate`].
pub fn simulate_selection(
    network: &Network,
    overrides: &[(String, f64)],
    times: &[f64],
    settings: SolverSettings,
    selection: &[(String, Expression)],
) -> Result<Trajectory, SimulateError> {
    let ascending = times.windows(2).all(|pair| pair[0] < pair[1]);
    if !ascending || times.iter().any(|time| !time.is_finite() || *time < 0.0) {
        return Err(SolveError::Value("times have to ascend from 0 on".to_owned()).into());
    }
    let overrides: Vec<(String, Expression)> =
        overrides.iter().map(|(id, value)| (id.clone(), Expression::Number(*value))).collect();
    let ids: Vec<String> = selection.iter().map(|(id, _)| id.clone()).collect();
    let system = assemble(&Blueprint::alone(network, &overrides, selection))?;
    let mut pass = Pass { system: &system, times, settings, steps: 0 };
    let mut run = pass.climb(&[])?;
    // Quantities far below the absolute tolerance have no correct digit yet. Now that the scale of each state is known,
    // they get one.
    let resolved = |&largest: &f64| match settings.rtol * largest {
        small if small > SMALLEST => small.min(settings.atol),
        _ => settings.atol,
    };
    let absolute: Vec<f64> = run.largest.iter().map(resolved).collect();
    // What turns out to be hopeless at that resolution is left as it is.
    pass.settings.most_steps = settings.most_steps.min(AGAIN * pass.steps + 1000);
    if absolute.iter().any(|&tolerance| tolerance < settings.atol)
        && let Ok(finer) = pass.climb(&absolute)
    {
        run = finer;
    }
    Ok(Trajectory { ids, times: times.to_vec(), values: run.values, steps: pass.steps, rung: run.rung })
}

/// The second pass may take so many times the steps of the first one.
const AGAIN: usize = 20;
/// Absolute tolerances do not go below this.
const SMALLEST: f64 = 1e-250;

/// Attempts at one trajectory.
struct Pass<'a> {
    system: &'a System,
    times: &'a [f64],
    settings: SolverSettings,
    steps: usize,
}

/// A trajectory.
struct Run {
    values: Vec<Vec<f64>>,
    rung: usize,
    /// The largest magnitude of each state at the asked times.
    largest: Vec<f64>,
}

impl Pass<'_> {
    /// Climbs the ladder of solver settings until one succeeds.
    fn climb(&mut self, absolute: &[f64]) -> Result<Run, SimulateError> {
        let Self { system, times, settings, .. } = *self;
        let course = Course {
            system,
            treatment: 0,
            parameters: &[],
            chain: None,
            times,
            settings,
            sensitivities: Sensitivities::default(),
            absolute,
            from: None,
            ending: Ending::LastTime,
        };
        let mut failure = Failure::Other;
        for (rung, setting) in LADDER.iter().enumerate() {
            let mut run =
                Run { values: Vec::with_capacity(times.len()), rung, largest: vec![0.0; system.states.len()] };
            let (result, taken) = course.run(setting, &mut |sample| {
                for (largest, state) in run.largest.iter_mut().zip(sample.states) {
                    *largest = largest.max(state.abs());
                }
                let mut row = system.selection.evaluate(sample.states, sample.cache, sample.time);
                if row.iter().any(|value| value.is_nan())
                    && let Some(states) = without_noise(sample.states, settings.atol)
                {
                    row = system.selection.evaluate(&states, sample.cache, sample.time);
                }
                run.values.push(row);
                Ok(())
            });
            self.steps += taken;
            match result {
                Ok(()) => return Ok(run),
                Err(error) => {
                    if rung == 0 {
                        failure = error;
                    }
                    if !error.is_of_the_solver() {
                        break;
                    }
                }
            }
        }
        Err(SimulateError::Failed(failure))
    }
}
