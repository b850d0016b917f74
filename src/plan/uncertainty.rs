//! Posteriors and profiles of likelihoods.

use serde::{Deserialize, Serialize};

use crate::model::problem::{Problem, ProblemParameter, Scale};
use crate::optimise::LocalSettings;
use crate::optimise::local::written;
use crate::uncertainty::Method;

/// Settings of a sample of a posterior.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Posterior {
    /// The sampler.
    pub method: Method,
    /// Where the chains start.
    pub start: Start,
    /// How many chains.
    pub chains: usize,
    /// Draws of each that are thrown away.
    pub warmup: usize,
    /// Draws of each that are kept.
    pub draws: usize,
}

/// Settings of profiles of a likelihood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProfileLikelihood {
    /// Where the optimum is looked for.
    pub start: Start,
    /// The ids of the profiled parameters, in the order of the problem.
    pub parameters: Vec<String>,
    /// The level of the intervals.
    pub level: f64,
    /// Most points to each side of the optimum.
    pub points: usize,
    /// How the other parameters follow.
    #[serde(with = "written")]
    pub descent: LocalSettings,
}

/// Where something starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// At random points.
    Random,
    /// At the nominal values.
    Nominal,
    /// At the best ends of the descents in the second input.
    Descents,
}

/// An estimated parameter, as tables and figures show it.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimated {
    /// Its id.
    pub id: String,
    /// Its scale in the language's words: `linear`, `log` or `log10`.
    pub scale: &'static str,
    /// Its name with its scale, `log₁₀ k`.
    pub label: String,
    /// Its bounds on that scale.
    pub bounds: (f64, f64),
}

/// The estimated parameters of a problem, in the order of its vectors.
#[must_use]
pub fn estimated(problem: &Problem) -> Vec<Estimated> {
    let one = |parameter: &ProblemParameter| {
        let estimate = parameter.estimate.as_ref()?;
        let id = parameter.id.clone();
        let (scale, label) = match estimate.scale {
            Scale::Linear => ("linear", id.clone()),
            Scale::Log => ("log", format!("ln {id}")),
            Scale::Log10 => ("log10", format!("log₁₀ {id}")),
        };
        Some(Estimated {
            id,
            scale,
            label,
            bounds: (estimate.scale.of(estimate.lower), estimate.scale.of(estimate.upper)),
        })
    };
    problem.parameters.iter().filter_map(one).collect()
}
