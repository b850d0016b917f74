//! The trajectories of a vector: one for each treatment, and the steady states before them.

use super::ProblemSolver;
use crate::solve::Failure;
use crate::solve::integrate::{Course, Ending, Rest, Sample};
use std::collections::BTreeMap;

/// The steady states before the treatments of a vector.
pub struct Before {
    /// By the treatment that leads there; each is computed once, whatever number of treatments start from it.
    rests: BTreeMap<usize, Rest>,
    /// The highest rung of the ladder of solver settings that was needed.
    pub rung: usize,
}

impl Before {
    /// None at all.
    pub fn none() -> Self {
        Self { rests: BTreeMap::new(), rung: 0 }
    }
}

impl ProblemSolver {
    /// Computes the steady states from which treatments start that have measurements; returns the number of steps, also
    /// beside a failure.
    pub(super) fn preequilibrate(&self, parameters: &[f64], chain: Option<&[f64]>) -> (Result<Before, Failure>, usize) {
        let mut before = Before::none();
        let mut steps = 0;
        for (treatment, schedule) in self.system.treatments.iter().zip(&self.plan.treatments) {
            let Some(first) = treatment.before.filter(|first| !before.rests.contains_key(first)) else { continue };
            if schedule.at.is_empty() {
                continue;
            }
            let course = Course {
                system: &self.system,
                treatment: first,
                parameters,
                chain,
                times: &[],
                settings: self.settings,
                sensitivities: self.sensitivities,
                absolute: &[],
                from: None,
                ending: Ending::Preequilibration,
            };
            let mut note = |rest: &mut Option<Rest>, sample: &Sample| {
                *rest = sample.rest();
                Ok(())
            };
            let (result, taken) = course.climb(&mut note, || None);
            steps += taken;
            match result {
                Ok((rung, Some(rest))) => {
                    before.rung = before.rung.max(rung);
                    before.rests.insert(first, rest);
                }
                Ok((_, None)) => return (Err(Failure::NoSteadyState), steps),
                Err(failure) => return (Err(failure), steps),
            }
        }
        (Ok(before), steps)
    }

    /// The trajectory of a treatment.
    pub(super) fn course<'a>(
        &'a self,
        parameters: &'a [f64],
        chain: Option<&'a [f64]>,
        treatment: usize,
        before: &'a Before,
    ) -> Course<'a> {
        let schedule = &self.plan.treatments[treatment];
        Course {
            system: &self.system,
            treatment,
            parameters,
            chain,
            times: &schedule.times,
            settings: self.settings,
            sensitivities: self.sensitivities,
            absolute: &[],
            from: self.system.treatments[treatment].before.and_then(|first| before.rests.get(&first)),
            ending: if schedule.steady { Ending::SteadyState } else { Ending::LastTime },
        }
    }
}
