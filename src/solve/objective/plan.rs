//! What is measured when: the part of a problem that is plain data.

use super::super::SolveError;
use super::super::system::{Blueprint, Measured, System, assemble};
use super::likelihood::Comparison;
use super::prior::{Scaled, is_proper};
use crate::model::expression::Expression;
use crate::model::gradient::Method;
use crate::model::problem::{Estimate, Measurement, Problem, Scale, Treatment};
use std::collections::{BTreeMap, BTreeSet};

/// The estimated parameters and the measurements in the order in which trajectories meet them.
#[derive(Debug)]
pub struct Plan {
    pub names: Vec<String>,
    pub lower: Vec<f64>,
    pub upper: Vec<f64>,
    pub nominal: Vec<f64>,
    pub priors: Vec<Option<Scaled>>,
    scales: Vec<Scale>,
    pub measurements: Vec<Planned>,
    pub treatments: Vec<Schedule>,
}

/// A measurement.
#[derive(Debug)]
pub struct Planned {
    /// Index into the system's outputs.
    pub output: usize,
    /// How it is compared.
    pub comparison: Comparison,
}

/// The times of a treatment's measurements, and the measurements at each.
#[derive(Debug)]
pub struct Schedule {
    /// Ascending, distinct and finite.
    pub times: Vec<f64>,
    /// Whether the steady state is measured, at infinite time.
    pub steady: bool,
    /// Indices of measurements, one list a time, then those of the steady state.
    pub at: Vec<Vec<usize>>,
    /// Where the gradient comes from.
    pub method: Method,
}

impl Plan {
    /// A vector on the linear scale, and the derivative of each element by its value on the estimation scale.
    /// Nothing when the vector has the wrong length or an element is not finite on either scale.
    pub fn linear(&self, x: &[f64]) -> Option<(Vec<f64>, Vec<f64>)> {
        if x.len() != self.names.len() {
            return None;
        }
        let mut values = Vec::with_capacity(x.len());
        let mut chain = Vec::with_capacity(x.len());
        for (&x, scale) in x.iter().zip(&self.scales) {
            let (value, slope) = match scale {
                Scale::Linear => (x, 1.0),
                Scale::Log => (x.exp(), x.exp()),
                Scale::Log10 => {
                    let value = 10f64.powf(x);
                    (value, value * std::f64::consts::LN_10)
                }
            };
            if !value.is_finite() || !x.is_finite() {
                return None;
            }
            values.push(value);
            chain.push(slope);
        }
        Some((values, chain))
    }
}

/// A value on the estimation scale.
fn scaled(scale: Scale, value: f64) -> f64 {
    match scale {
        Scale::Linear => value,
        Scale::Log => value.ln(),
        Scale::Log10 => value.log10(),
    }
}

/// Checks a problem and compiles it.
pub fn prepare(problem: &Problem) -> Result<(System, Plan), SolveError> {
    let mut plan = Plan {
        names: Vec::new(),
        lower: Vec::new(),
        upper: Vec::new(),
        nominal: Vec::new(),
        priors: Vec::new(),
        scales: Vec::new(),
        measurements: Vec::new(),
        treatments: Vec::new(),
    };
    let mut fixed = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for parameter in &problem.parameters {
        if !seen.insert(parameter.id.as_str()) {
            return Err(SolveError::Value(format!("parameter `{}` is declared twice", parameter.id)));
        }
        match &parameter.estimate {
            Some(estimate) => plan.estimate(&parameter.id, parameter.nominal, estimate)?,
            None => {
                fixed.insert(parameter.id.clone(), parameter.nominal);
            }
        }
    }
    let before = problem.treatments.iter().map(|treatment| before(problem, treatment)).collect::<Result<_, _>>()?;

    // One output for each observable with each filling of its placeholders.
    let mut outputs: Vec<(usize, &[Expression], Option<&Expression>)> = Vec::new();
    for (index, measurement) in problem.measurements.iter().enumerate() {
        plan.measure(problem, index, measurement, &mut outputs)?;
    }
    plan.schedule(problem);
    let blueprint = Blueprint {
        network: &problem.network,
        estimated: plan.names.clone(),
        fixed,
        treatments: problem.treatments.iter().map(|treatment| treatment.overrides.as_slice()).collect(),
        before,
        selection: &[],
        outputs: outputs
            .iter()
            .map(|&(observable, overrides, noise)| {
                let observable = &problem.observables[observable];
                Measured {
                    id: &observable.id,
                    formula: &observable.formula,
                    scale: noise.unwrap_or(&observable.noise.scale),
                    placeholders: overrides
                        .iter()
                        .enumerate()
                        .map(|(i, value)| (format!("observableParameter{}_{}", i + 1, observable.id), value))
                        .collect(),
                }
            })
            .collect(),
    };
    Ok((assemble(&blueprint)?, plan))
}

/// The treatment whose steady state comes before a treatment.
fn before(problem: &Problem, treatment: &Treatment) -> Result<Option<usize>, SolveError> {
    let Some(before) = &treatment.before else { return Ok(None) };
    let place = problem.treatments.iter().position(|other| other.id == before.treatment);
    place.map(Some).ok_or_else(|| {
        SolveError::Missing(format!("treatment `{}`, the preequilibration of `{}`", before.treatment, treatment.id))
    })
}

impl Plan {
    fn estimate(&mut self, id: &str, nominal: f64, estimate: &Estimate) -> Result<(), SolveError> {
        let Estimate { lower, upper, scale, prior } = *estimate;
        let bounds = [scaled(scale, lower), scaled(scale, upper)];
        if bounds.iter().any(|bound| bound.is_nan()) || bounds[0] > bounds[1] {
            return Err(SolveError::Value(format!("the bounds of `{id}` have no interval on its scale")));
        }
        if prior.is_some_and(|prior| !is_proper(&prior)) {
            return Err(SolveError::Value(format!("the prior of `{id}` is no density")));
        }
        self.names.push(id.to_owned());
        self.lower.push(bounds[0]);
        self.upper.push(bounds[1]);
        self.nominal.push(scaled(scale, nominal));
        self.priors.push(prior.map(|prior| Scaled { prior, scale }));
        self.scales.push(scale);
        Ok(())
    }

    fn measure<'p>(
        &mut self,
        problem: &'p Problem,
        index: usize,
        measurement: &'p Measurement,
        outputs: &mut Vec<(usize, &'p [Expression], Option<&'p Expression>)>,
    ) -> Result<(), SolveError> {
        let observable = problem
            .observables
            .get(measurement.observable)
            .ok_or_else(|| SolveError::Missing(format!("the observable of measurement {}", index + 1)))?;
        if measurement.treatment >= problem.treatments.len() {
            return Err(SolveError::Missing(format!("the treatment of measurement {}", index + 1)));
        }
        if measurement.time.is_nan() || measurement.time < 0.0 || !measurement.value.is_finite() {
            let text = format!("measurement {} needs a time from 0 on and a finite value", index + 1);
            return Err(SolveError::Value(text));
        }
        let transformation = observable.noise.transformation;
        if transformation != Scale::Linear && measurement.value <= 0.0 {
            let text = format!("measurement {} is not positive, but compared on a logarithmic scale", index + 1);
            return Err(SolveError::Value(text));
        }
        let key =
            (measurement.observable, measurement.observable_overrides.as_slice(), measurement.noise_override.as_ref());
        let output = outputs.iter().position(|other| *other == key).unwrap_or_else(|| {
            outputs.push(key);
            outputs.len() - 1
        });
        let comparison = Comparison {
            measured: measurement.value,
            distribution: observable.noise.distribution,
            transformation,
            objective: problem.objective,
        };
        self.measurements.push(Planned { output, comparison });
        Ok(())
    }

    fn schedule(&mut self, problem: &Problem) {
        for treatment in 0..problem.treatments.len() {
            let mut order: Vec<usize> =
                (0..problem.measurements.len()).filter(|&i| problem.measurements[i].treatment == treatment).collect();
            order.sort_by(|&a, &b| problem.measurements[a].time.total_cmp(&problem.measurements[b].time));
            let method = problem.gradient_method(treatment).0;
            let mut schedule = Schedule { times: Vec::new(), steady: false, at: Vec::new(), method };
            for index in order {
                let time = problem.measurements[index].time;
                if time == f64::INFINITY {
                    if !schedule.steady {
                        schedule.steady = true;
                        schedule.at.push(Vec::new());
                    }
                } else if schedule.times.last() != Some(&time) {
                    schedule.times.push(time);
                    schedule.at.push(Vec::new());
                }
                if let Some(at) = schedule.at.last_mut() {
                    at.push(index);
                }
            }
            self.treatments.push(schedule);
        }
    }
}
