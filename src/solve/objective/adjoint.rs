//! Gradients by the adjoint method: backwards through each treatment's trajectory.

use super::trajectories::Before;
use super::{Derivatives, Part, ProblemSolver, Tally};
use crate::model::gradient::Method;
use crate::solve::integrate::{Sample, climb};
use crate::solve::{Failure, Sensitivities};

impl ProblemSolver {
    /// The method of a treatment's gradient where nothing else is asked of it: [`Problem::gradient_method`] unless the
    /// sensitivities steer the steps, or another method was chosen that can do it.
    ///
    /// [`Problem::gradient_method`]: crate::model::problem::Problem::gradient_method
    #[must_use]
    pub fn method(&self, treatment: usize) -> Method {
        let none = Before::none();
        let steered = self.sensitivities == Sensitivities::Controlled;
        if steered || !self.course(&[], None, treatment, &none).is_recordable() {
            return Method::Forward;
        }
        self.chosen.unwrap_or(self.plan.treatments[treatment].method)
    }

    /// The same problem with the gradient alone by one method, where it can, sharing the compiled code.
    #[must_use]
    pub fn with_method(&self, method: Method) -> Self {
        Self { chosen: Some(method), ..self.clone() }
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
