//! A system in the shape that the integrator takes.
//!
//! One value of [`Equations`] is one solve: a system and a parameter vector as a filled cache, with the lanes of the
//! sensitivities where there are any.

use super::bdf;
use super::linear::Analysis;
use super::system::{Entrance, Functions, System, Timed};

/// How far a state nearby is, as a share of the state, besides the absolute tolerance.
const NEAR: f64 = 1e-8;

/// So many absolute tolerances below zero a state may still be zero.
const NOISE: f64 = 100.0;

/// One solve's equations.
pub struct Equations<'s> {
    system: &'s System,
    cache: &'s [f64],
    /// The cache with the terms of time, and the time that they are of; nothing where the system has no such terms.
    timed: Option<(&'s Timed, Vec<f64>, f64)>,
    lanes: Option<Lanes<'s>>,
    /// What is small for a state: the absolute tolerance.
    small: f64,
    by_parameter: Vec<f64>,
}

/// The parameters of the sensitivities.
#[derive(Clone, Copy)]
pub struct Lanes<'s> {
    /// Where they come from.
    pub entrance: &'s Entrance,
    /// The factor of each of its terms.
    pub factors: &'s [f64],
}

impl<'s> Equations<'s> {
    /// The equations of a system with a filled cache.
    pub fn new(system: &'s System, cache: &'s [f64], lanes: Option<Lanes<'s>>, small: f64) -> Self {
        let entries = if lanes.is_some() { system.by_parameter_count } else { 0 };
        let timed = system.timed.as_ref().map(|timed| {
            let mut extended = cache.to_vec();
            extended.resize(system.cache + timed.count, 0.0);
            (timed, extended, f64::NAN)
        });
        Self { system, cache, timed, lanes, small, by_parameter: vec![0.0; entries] }
    }

    /// The derivatives by parameters.
    fn derive(&mut self, time: f64, states: &[f64]) {
        let mut values = std::mem::take(&mut self.by_parameter);
        let system = self.system;
        let (functions, cache) = self.at(time);
        system.code.call(functions.by_parameter, states, cache, time, &mut values);
        self.by_parameter = values;
    }

    /// The three functions and the cache that they read at a time.
    fn at(&mut self, time: f64) -> (Functions, &[f64]) {
        let Self { system, cache, timed, .. } = self;
        let Some((timed, extended, of)) = timed else {
            return (system.functions, cache);
        };
        if *of != time {
            let (cache, terms) = extended.split_at_mut(system.cache);
            system.code.call(timed.terms, &[], cache, time, terms);
            *of = time;
        }
        (timed.functions, extended)
    }
}

/// States below zero by no more than rounding and tolerances explain, set to zero; nothing where there is none. A power
/// of a concentration that is zero has a value there, and none right below.
pub fn without_noise(states: &[f64], small: f64) -> Option<Vec<f64>> {
    let noise = |value: f64| value < 0.0 && value > -NOISE * small;
    let clean = || states.iter().map(|&value| if noise(value) { 0.0 } else { value }).collect();
    states.iter().any(|&value| noise(value)).then(clean)
}

impl bdf::Equations for Equations<'_> {
    fn slope(&mut self, time: f64, states: &[f64], slope: &mut [f64]) -> bool {
        let Self { system, small, .. } = *self;
        let (functions, cache) = self.at(time);
        system.code.call(functions.rhs, states, cache, time, slope);
        if slope.iter().all(|value| value.is_finite()) {
            return true;
        }
        let Some(states) = without_noise(states, small) else { return false };
        system.code.call(functions.rhs, &states, cache, time, slope);
        slope.iter().all(|value| value.is_finite())
    }

    /// A power below one has an infinite slope at zero; an entry that is not finite is that of a state nearby, which is as
    /// good to Newton's iteration. The others stay, so that states that are exactly zero remain so.
    fn jacobian(&mut self, time: f64, states: &[f64], values: &mut [f64]) {
        let Self { system, small, .. } = *self;
        let (functions, cache) = self.at(time);
        system.code.call(functions.jacobian, states, cache, time, values);
        let (values, _) = values.split_at_mut(system.jacobian_pattern.len());
        if values.iter().any(|value| !value.is_finite()) {
            let near: Vec<f64> = states.iter().map(|value| value + NEAR * value.abs() + small).collect();
            let mut nearby = system.jacobian_space();
            system.code.call(functions.jacobian, &near, cache, time, &mut nearby);
            for (value, nearby) in values.iter_mut().zip(nearby).filter(|(value, _)| !value.is_finite()) {
                *value = if nearby.is_finite() { nearby } else { 0.0 };
            }
        }
    }

    fn pattern(&self) -> &[(usize, usize)] {
        &self.system.jacobian_pattern
    }

    fn analysis(&self) -> &Analysis {
        &self.system.analysis
    }

    fn force(&mut self, time: f64, states: &[f64], weight: f64, into: &mut [f64]) {
        let Some(Lanes { entrance, factors }) = self.lanes else { return };
        self.derive(time, states);
        for (term, factor) in entrance.terms.iter().zip(factors) {
            let (row, lane) = entrance.pattern[term.place];
            into[lane * states.len() + row] += weight * factor * self.by_parameter[term.entry];
        }
    }

    fn gather(&mut self, time: f64, states: &[f64], weight: f64, cotangent: &[f64], into: &mut [f64]) {
        let Some(Lanes { entrance, factors }) = self.lanes else { return };
        self.derive(time, states);
        for (term, factor) in entrance.terms.iter().zip(factors) {
            let (row, lane) = entrance.pattern[term.place];
            into[lane] += weight * factor * self.by_parameter[term.entry] * cotangent[row];
        }
    }
}
