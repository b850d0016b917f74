//! Trajectories of a network alone: named expressions of its ids over time.

use super::SolveError;
use super::equations::without_noise;
use super::integrate::{Course, Ending, Failure, Sample, Sensitivities};
use super::linear::Analysis;
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
    /// Steps of the solver in all attempts, those that were given up included.
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
    check(times)?;
    Simulator::new(network, overrides, &[], selection)?.trajectory(&[], times, settings)
}

fn check(times: &[f64]) -> Result<(), SolveError> {
    let ascending = times.windows(2).all(|pair| pair[0] < pair[1]);
    if !ascending || times.iter().any(|time| !time.is_finite() || *time < 0.0) {
        return Err(SolveError::Value("times have to ascend from 0 on".to_owned()));
    }
    Ok(())
}

/// A network with a selection of quantities, compiled once for any number of solves. Threads may share it.
#[derive(Debug)]
pub struct Simulator {
    system: System,
    ids: Vec<String>,
    /// The parameters that are sizes of compartments, which are above zero.
    sizes: Vec<usize>,
}

/// What one solve writes into, to be used again by the next one on the same thread.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// The selected quantities at the asked times, one row after the other. What a failed solve leaves here has no meaning.
    pub values: Vec<f64>,
    /// The largest magnitude of each state at the asked times.
    largest: Vec<f64>,
    scratch: Vec<f64>,
}

/// How one solve ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// The rung of the ladder of solver settings that was needed, from 0, or why none sufficed.
    pub outcome: Result<usize, Failure>,
    /// Steps of the solver in all attempts, those that were given up included.
    pub steps: usize,
}

impl Simulator {
    /// Compiles a network with some parameters, compartment sizes or initial values replaced for good, and others,
    /// `parameters`, which every solve gives a value; both in the meaning of their ids.
    ///
    /// # Errors
    /// When ids are unknown or cannot have a value of their own, or the equations cannot be made; see [`SolveError`].
    pub fn new(
        network: &Network,
        overrides: &[(String, f64)],
        parameters: &[String],
        selection: &[(String, Expression)],
    ) -> Result<Self, SolveError> {
        let fixed = overrides.iter().map(|(id, value)| (id.clone(), Expression::Number(*value)));
        let given = parameters.iter().map(|id| (id.clone(), Expression::Symbol(id.clone())));
        let overrides: Vec<(String, Expression)> = fixed.chain(given).collect();
        let blueprint =
            Blueprint { estimated: parameters.to_vec(), ..Blueprint::alone(network, &overrides, selection) };
        let system = assemble(&blueprint)?;
        let is_size = |id: &String| network.compartments.iter().any(|compartment| compartment.id == *id);
        let sizes = (0..parameters.len()).filter(|&index| is_size(&parameters[index])).collect();
        Ok(Self { system, ids: selection.iter().map(|(id, _)| id.clone()).collect(), sizes })
    }

    /// Names of the selected quantities: the columns of a row of values.
    #[must_use]
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The number of states.
    #[must_use]
    pub fn states(&self) -> usize {
        self.system.states.len()
    }

    /// Solves once, at the tolerances asked for, and records the selected quantities at the asked times. Values that no
    /// model can have, such as infinities and compartments without size, are [`Failure::InvalidInput`].
    ///
    /// # Errors
    /// When times do not ascend from 0 on, or there are more or fewer parameters than the simulator was made for.
    pub fn solve(
        &self,
        parameters: &[f64],
        times: &[f64],
        settings: SolverSettings,
        record: &mut Record,
    ) -> Result<Ended, SolveError> {
        check(times)?;
        if parameters.len() != self.system.parameters {
            let text =
                format!("{} parameters are given where {} are asked for", parameters.len(), self.system.parameters);
            return Err(SolveError::Value(text));
        }
        let no_size = self.sizes.iter().any(|&index| parameters[index] <= 0.0);
        if no_size || parameters.iter().any(|value| !value.is_finite()) {
            return Ok(Ended { outcome: Err(Failure::InvalidInput), steps: 0 });
        }
        Ok(self.pass(parameters, times, settings, &[], record))
    }

    /// Solves as [`Self::solve`] does, and once more, finer, where quantities turn out to lie far below the absolute
    /// tolerance, so that they have correct digits as well.
    ///
    /// # Errors
    /// As for [`Self::solve`], and when the solver fails.
    pub fn trajectory(
        &self,
        parameters: &[f64],
        times: &[f64],
        settings: SolverSettings,
    ) -> Result<Trajectory, SimulateError> {
        let mut record = Record::default();
        let first = self.solve(parameters, times, settings, &mut record)?;
        let mut rung = first.outcome.map_err(SimulateError::Failed)?;
        let mut steps = first.steps;
        // Quantities far below the absolute tolerance have no correct digit yet. Now that the scale of each state is known,
        // they get one.
        let resolved = |&largest: &f64| match settings.rtol * largest {
            small if small > SMALLEST => small.min(settings.atol),
            _ => settings.atol,
        };
        let absolute: Vec<f64> = record.largest.iter().map(resolved).collect();
        if absolute.iter().any(|&tolerance| tolerance < settings.atol) {
            // What turns out to be hopeless at that resolution is left as it is.
            let most_steps = settings.most_steps.min(AGAIN * steps + 1000);
            let mut finer = Record::default();
            let settings = SolverSettings { most_steps, ..settings };
            let again = self.pass(parameters, times, settings, &absolute, &mut finer);
            steps += again.steps;
            if let Ok(needed) = again.outcome {
                (record, rung) = (finer, needed);
            }
        }
        let columns = self.ids.len();
        let row = |index: usize| record.values[index * columns..(index + 1) * columns].to_vec();
        let values = (0..times.len()).map(row).collect();
        Ok(Trajectory { ids: self.ids.clone(), times: times.to_vec(), values, steps, rung })
    }

    /// The equations at the start of a trajectory, to call its pieces one by one; nothing with as many parameters as the
    /// simulator was not made for.
    #[must_use]
    pub fn start(&self, parameters: &[f64]) -> Option<Start<'_>> {
        let System { code, cache, hoisted, settings, treatments, states, .. } = &self.system;
        if parameters.len() != self.system.parameters {
            return None;
        }
        let mut values = vec![0.0; settings + states.len()];
        code.call(treatments.first()?.function.value, &[], parameters, 0.0, &mut values);
        let mut cache = vec![0.0; *cache];
        cache[..parameters.len()].copy_from_slice(parameters);
        cache[parameters.len()..parameters.len() + settings].copy_from_slice(&values[..*settings]);
        let (given, terms) = cache.split_at_mut(*hoisted);
        code.call(self.system.prepare, &[], given, 0.0, terms);
        let space = self.system.jacobian_space();
        Some(Start { system: &self.system, cache, states: values.split_off(*settings), space })
    }

    /// Climbs the ladder of solver settings until one succeeds.
    fn pass(
        &self,
        parameters: &[f64],
        times: &[f64],
        settings: SolverSettings,
        absolute: &[f64],
        record: &mut Record,
    ) -> Ended {
        let Self { system, ids, .. } = self;
        let columns = ids.len();
        let Record { values, largest, scratch } = record;
        values.clear();
        values.resize(columns * times.len(), f64::NAN);
        let course = Course {
            system,
            treatment: 0,
            parameters,
            chain: None,
            times,
            settings,
            sensitivities: Sensitivities::default(),
            absolute,
            from: None,
            ending: Ending::LastTime,
        };
        let mut note = |(): &mut (), sample: &Sample| {
            if sample.index == 0 {
                largest.clear();
                largest.resize(system.states.len(), 0.0);
            }
            for (largest, state) in largest.iter_mut().zip(sample.states) {
                *largest = largest.max(state.abs());
            }
            let row = &mut values[sample.index * columns..(sample.index + 1) * columns];
            system.selection.run(sample.states, sample.cache, sample.time, scratch, row);
            if row.iter().any(|value| value.is_nan())
                && let Some(states) = without_noise(sample.states, settings.atol)
            {
                system.selection.run(&states, sample.cache, sample.time, scratch, row);
            }
            Ok(())
        };
        let (result, steps) = course.climb(&mut note, || ());
        Ended { outcome: result.map(|(rung, ())| rung), steps }
    }
}

/// The equations at the start of a trajectory. What is held still while the solver runs, as by a step in time, is 0.
pub struct Start<'s> {
    system: &'s System,
    cache: Vec<f64>,
    states: Vec<f64>,
    space: Vec<f64>,
}

impl Start<'_> {
    /// The derivatives of the states in time.
    pub fn slopes(&mut self) -> &[f64] {
        let Self { system, cache, states, space } = self;
        system.code.call(system.functions.rhs, states, cache, 0.0, space);
        &space[..states.len()]
    }

    /// The entries of the Jacobian that are not always zero, by column.
    pub fn jacobian(&mut self) -> &[f64] {
        let Self { system, cache, states, space } = self;
        system.code.call(system.functions.jacobian, states, cache, 0.0, space);
        &space[..system.jacobian_pattern.len()]
    }

    /// The linear algebra of the Jacobian, whose entries are those of [`jacobian`](Self::jacobian).
    #[must_use]
    pub fn analysis(&self) -> &Analysis {
        &self.system.analysis
    }
}

/// The second pass may take so many times the steps of the first one.
const AGAIN: usize = 20;
/// Absolute tolerances do not go below this.
const SMALLEST: f64 = 1e-250;
