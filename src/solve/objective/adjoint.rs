//! Gradients by the adjoint method: backwards through each treatment's trajectory.

use super::trajectories::Before;
use super::{Derivatives, Part, ProblemSolver, Tally};
use crate::solve::integrate::{Sample, climb};
use crate::solve::{Failure, Sensitivities};

/// Where a gradient comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Forward sensitivities: one lane a parameter beside the states.
    Forward,
    /// The adjoint method: one walk backwards whatever the number of parameters.
    Adjoint,
}

/// Fewer lanes than this ride along at less than what a walk backwards costs.
const FEWEST_LANES: usize = 2;

impl ProblemSolver {
    /// The method of a treatment's gradient. A fixed rule, so that the same problem gives the same bits: see
    /// `benches/pieces.rs` for what it was fitted on.
    #[must_use]
    pub fn method(&self, treatment: usize) -> Method {
        let none = Before::none();
        let course = self.course(&[], None, treatment, &none);
        let lanes = self.system.treatments[treatment].lanes.len();
        let steered = self.sensitivities == Sensitivities::Controlled;
        if lanes >= FEWEST_LANES && !steered && course.is_recordable() { Method::Adjoint } else { Method::Forward }
    }

    /// The sums over the measurements of a treatment with the gradient.
    pub(super) fn adjoint(
        &self,
        parameters: &[f64],
        chain: &[f64],
        treatment: usize,
        before: &Before,
    ) -> (Result<(usize, Tally), Failure>, usize) {
        let course = self.course(parameters, Some(chain), treatment, before);
        let states = self.system.states.len();
        let lanes = &self.system.treatments[treatment].lanes;
        climb(|rung| {
            let mut tally = Tally { derivatives: Some(Derivatives::new(chain.len(), false)), ..Tally::default() };
            let mut cotangents = vec![0.0; states * course.times.len()];
            let (result, steps) = course.record(rung, &mut |sample| {
                let own = &mut cotangents[sample.index * states..][..states];
                self.each(treatment, sample, |measurement, values| {
                    let part = tally.add(&self.plan.measurements[measurement], values)?;
                    let output = self.plan.measurements[measurement].output;
                    if let Some(derivatives) = &mut tally.derivatives {
                        self.pull(treatment, sample, chain, output, &part, derivatives, own);
                    }
                    Ok(())
                })
            });
            let result = result.and_then(|recording| {
                let back = recording.walk_back(&course, &cotangents).ok_or(Failure::Other)?;
                if let Some(derivatives) = &mut tally.derivatives {
                    for (&parameter, value) in lanes.iter().zip(back) {
                        derivatives.gradient[parameter] += value;
                    }
                }
                Ok(tally)
            });
            (result, steps)
        })
    }

    /// The derivatives of what a measurement adds: by the states into `cotangent`, by the parameters themselves into the
    /// gradient.
    #[allow(clippy::too_many_arguments, reason = "a measurement at a sample, and where its derivatives go")]
    fn pull(
        &self,
        treatment: usize,
        sample: &Sample,
        chain: &[f64],
        output: usize,
        part: &Part,
        derivatives: &mut Derivatives,
        cotangent: &mut [f64],
    ) {
        let system = &*self.system;
        let output = &system.outputs[output];
        let weights = [part.by_observable, part.by_scale];
        let Derivatives { values, gradient, .. } = derivatives;
        values.resize(system.code.outputs(output.derivative), 0.0);
        system.code.call(output.derivative, sample.states, sample.cache, sample.time, values);
        let (by_state, by_parameter) = values.split_at(output.by_state.len());
        for (entry, value) in output.by_state.iter().zip(by_state) {
            cotangent[entry.column] += weights[entry.row] * value;
        }
        for (entry, value) in output.by_parameter.iter().zip(by_parameter) {
            let weight = weights[entry.row] * value;
            if entry.column < system.parameters {
                gradient[entry.column] += weight * chain[entry.column];
                continue;
            }
            let entrance = &system.treatments[treatment];
            for (parameter, factor) in chain.iter().enumerate() {
                gradient[parameter] +=
                    weight * system.by_estimated(entrance, sample.entrance, entry.column, parameter) * factor;
            }
        }
    }
}
