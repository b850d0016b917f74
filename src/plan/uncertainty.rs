//! Posteriors and profiles of likelihoods.

use serde::{Deserialize, Serialize};

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
