//! Trajectories of a network alone.

use super::SolveError;
use super::integrate::{Course, Ending, Failure, LADDER, Sensitivities};
use super::system::{Blueprint, Measured, assemble};
use crate::model::expression::Expression;
use crate::model::network::Network;
use crate::model::problem::SolverSettings;
use std::collections::BTreeMap;

/// States and assigned variables over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectory {
    /// Ids of the columns: species in the network's order, then other variables with rules, then parameters that
    /// events change.
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

/// Simulates a network from time 0 with some parameters, compartment sizes or initial values replaced.
///
/// # Errors
/// When ids are unknown, times do not ascend from 0 on, or the solver fails.
pub fn simulate(
    network: &Network,
    parameters: &[(String, f64)],
    times: &[f64],
    settings: SolverSettings,
) -> Result<Trajectory, SimulateError> {
    let ascending = times.windows(2).all(|pair| pair[0] < pair[1]);
    if !ascending || times.iter().any(|time| !time.is_finite() || *time < 0.0) {
        return Err(SolveError::Value("times have to ascend from 0 on".to_owned()).into());
    }
    let overrides: Vec<(String, Expression)> =
        parameters.iter().map(|(id, value)| (id.clone(), Expression::Number(*value))).collect();
    let mut ids: Vec<String> = network.species.iter().map(|species| species.id.clone()).collect();
    let rules = network.assignments.iter().chain(&network.rates);
    for rule in rules.chain(network.events.iter().flat_map(|event| &event.assignments)) {
        if !ids.contains(&rule.variable) {
            ids.push(rule.variable.clone());
        }
    }
    let symbols: Vec<Expression> = ids.iter().map(|id| Expression::Symbol(id.clone())).collect();
    let one = Expression::Number(1.0);
    let outputs = ids
        .iter()
        .zip(&symbols)
        .map(|(id, formula)| Measured { id, formula, scale: &one, placeholders: Vec::new() })
        .collect();
    let blueprint = Blueprint {
        network,
        estimated: Vec::new(),
        fixed: BTreeMap::new(),
        treatments: vec![&overrides],
        before: Vec::new(),
        outputs,
    };
    let system = assemble(&blueprint)?;
    let course = Course {
        system: &system,
        treatment: 0,
        parameters: &[],
        chain: None,
        times,
        settings,
        sensitivities: Sensitivities::default(),
        from: None,
        ending: Ending::LastTime,
    };
    let mut steps = 0;
    let mut failure = Failure::Other;
    for (rung, setting) in LADDER.iter().enumerate() {
        let mut values = Vec::with_capacity(times.len());
        let (result, taken) = course.run(setting, &mut |sample| {
            let mut row = Vec::with_capacity(ids.len());
            for output in &system.outputs {
                let mut pair = [0.0; 2];
                system.code.call(output.value, sample.states, sample.cache, sample.time, &mut pair);
                row.push(pair[0]);
            }
            values.push(row);
            Ok(())
        });
        steps += taken;
        match result {
            Ok(()) => return Ok(Trajectory { ids, times: times.to_vec(), values, steps, rung }),
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
