//! Chains of the adaptive Metropolis sampler, with or without tempering: [`crate::optimise::global::mcmc`] in the unit
//! cube, whose coldest chain has the density.

use super::chain::{Chain, Draw, SampleError};
use super::density::Density;
use crate::optimise::global::Search as _;
use crate::optimise::global::mcmc::{Mcmc, Tempering};
use crate::optimise::{Bounds, Work};
use crate::random::Streams;

pub(super) struct Settings {
    pub sampler: Mcmc,
    /// Steps for each draw.
    pub thin: usize,
    /// Draws that are thrown away.
    pub warmup: usize,
    /// Draws that are kept.
    pub draws: usize,
}

/// One chain. What the first half of the warm-up taught about the covariance is forgotten, since the way from the start
/// to the bulk is in it.
pub(super) fn sample(
    density: &dyn Density,
    start: &[f64],
    settings: &Settings,
    streams: &Streams,
    stop: &dyn Fn() -> bool,
) -> Result<Chain, SampleError> {
    let bounds = density.bounds();
    let free: Vec<usize> =
        bounds.pairs().enumerate().filter(|(_, (lower, upper))| lower < upper).map(|(at, _)| at).collect();
    if free.is_empty() {
        return Err(SampleError::NothingFree);
    }
    let within = Bounds {
        lower: free.iter().map(|&at| bounds.lower[at]).collect(),
        upper: free.iter().map(|&at| bounds.upper[at]).collect(),
    };
    let whole = |unit: &[f64]| {
        let mut x = bounds.lower.clone();
        for (&at, value) in free.iter().zip(within.from_unit(unit)) {
            x[at] = value;
        }
        x
    };
    let first: Vec<f64> = free.iter().map(|&at| start[at]).collect();
    let mut sampler = Tempering::new(settings.sampler, free.len(), streams);
    sampler.start_at(&within.to_unit(&within.clip(&first)));
    let mut chain = Chain {
        draws: Vec::with_capacity(settings.draws),
        failed: 0,
        work: Work::default(),
        step_size: f64::NAN,
        moved: f64::NAN,
    };
    let steps = (settings.warmup + settings.draws) * settings.thin;
    for step in 0..=steps {
        if stop() {
            return Err(SampleError::Stopped);
        }
        let points = sampler.propose().map_err(|stop| SampleError::Sampler(stop.label().to_owned()))?;
        let values: Vec<f64> = points.iter().map(|unit| density.value(&whole(unit))).collect();
        let values: Vec<f64> =
            values.into_iter().map(|value| if value.is_finite() { value } else { f64::INFINITY }).collect();
        chain.work.values += values.len() as u64;
        chain.failed += values.iter().filter(|value| value.is_infinite()).count() as u64;
        // The first question is the start itself.
        if step == 0 && values.iter().any(|value| value.is_infinite()) {
            return Err(SampleError::Start);
        }
        sampler.learn(&values);
        if step == settings.warmup * settings.thin / 2 {
            sampler.forget();
        }
        if step > settings.warmup * settings.thin && step.is_multiple_of(settings.thin) {
            let (unit, value) = sampler.coldest();
            chain.draws.push(Draw { x: whole(unit), value, divergent: false, depth: 0 });
        }
    }
    chain.moved = Chain::share_moved(&chain.draws);
    Ok(chain)
}
