//! One Markov chain.

use serde::{Deserialize, Serialize};

use crate::optimise::Work;

/// A chain after its warm-up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chain {
    /// The draws that are kept, in order.
    pub draws: Vec<Draw>,
    /// Evaluations whose solve failed, those of the warm-up too: each was a rejection.
    pub failed: u64,
    /// All evaluations, those of the warm-up too.
    pub work: Work,
    /// Step size after the warm-up, where the method has one; else NaN.
    pub step_size: f64,
    /// The share of draws that differ from the one before.
    pub moved: f64,
}

/// One draw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draw {
    /// The vector.
    pub x: Vec<f64>,
    /// Its negative logarithm of the density.
    pub value: f64,
    /// Did the trajectory that led here end where its energy was not kept or a solve failed?
    pub divergent: bool,
    /// How often the trajectory was doubled; 0 for methods without trajectories.
    pub depth: u64,
}

/// Why there is no chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    /// A stop was requested.
    #[error("stopped")]
    Stopped,
    /// The density cannot be evaluated where the chain starts.
    #[error("the density cannot be evaluated where the chain starts")]
    Start,
    /// Nothing is free: all bounds are equal.
    #[error("all parameters have equal bounds, so there is nothing to sample")]
    NothingFree,
    /// The sampler refused to go on.
    #[error("the sampler ended: {0}")]
    Sampler(String),
}

impl Chain {
    /// The share of draws that differ from the one before.
    pub(super) fn share_moved(draws: &[Draw]) -> f64 {
        let pairs = draws.len().saturating_sub(1);
        let moved = draws.windows(2).filter(|pair| pair[0].x != pair[1].x).count();
        if pairs == 0 { f64::NAN } else { moved as f64 / pairs as f64 }
    }
}
