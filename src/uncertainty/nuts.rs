//! Chains of the no-U-turn sampler (Hoffman & Gelman, Journal of Machine Learning Research 2014; multinomial sampling of
//! trajectories after Betancourt 2017), by the crate nuts-rs, on the logits of the parameters between their bounds.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use nuts_rs::{Chain as _, CpuLogpFunc, CpuMath, CpuMathError, DiagNutsSettings, HasDims, LogpError, Settings as _};
use rand::RngExt;
use rand_distr::StandardNormal;

use super::chain::{Chain, Draw, SampleError};
use super::density::Density;
use super::logit::Logit;
use crate::optimise::Work;
use crate::random::Streams;

pub(super) struct Settings {
    /// The mean acceptance that the step size is adapted to.
    pub accept: f64,
    /// Most doublings of a trajectory.
    pub depth: u64,
    /// Draws that are thrown away.
    pub warmup: usize,
    /// Draws that are kept.
    pub draws: usize,
}

/// Starts are moved by this much in the logits: the first mass matrix is made of the gradient there, which must not be
/// zero in any direction.
const NUDGE: f64 = 0.01;
/// So many starts near the given one are tried.
const TRIES: u64 = 20;

/// One chain.
pub(super) fn sample(
    density: &dyn Density,
    start: &[f64],
    settings: &Settings,
    streams: &Streams,
    stop: &dyn Fn() -> bool,
) -> Result<Chain, SampleError> {
    let logit = Logit::new(density.bounds());
    let dimensions = logit.dimensions();
    if dimensions == 0 {
        return Err(SampleError::NothingFree);
    }
    let notes = Rc::new(RefCell::new(Notes::default()));
    let target = Target { density, logit: logit.clone(), notes: Rc::clone(&notes) };
    let mut options = DiagNutsSettings {
        num_tune: settings.warmup as u64,
        num_draws: settings.draws as u64,
        maxdepth: settings.depth,
        ..DiagNutsSettings::default()
    };
    options.adapt_options.step_size_settings.target_accept = settings.accept;
    let mut sampler = options
        .new_chain(0, CpuMath::new(target), &mut streams.part("trajectories").stream(0))
        .map_err(|error| ended(&error))?;
    let place = logit.forward(start);
    let mut near = streams.part("start").stream(0);
    let started = (0..TRIES).any(|_| {
        let moved: Vec<f64> = place.iter().map(|z| z + NUDGE * near.sample::<f64, _>(StandardNormal)).collect();
        sampler.set_position(&moved).is_ok()
    });
    if !started {
        return Err(SampleError::Start);
    }
    let mut chain = Chain {
        draws: Vec::with_capacity(settings.draws),
        failed: 0,
        work: Work::default(),
        step_size: f64::NAN,
        moved: f64::NAN,
    };
    let mut last: Option<(Vec<f64>, f64)> = None;
    for number in 0..settings.warmup + settings.draws {
        if stop() {
            return Err(SampleError::Stopped);
        }
        let (z, _, statistics, progress) = sampler.expanded_draw().map_err(|error| ended(&error))?;
        let z = z.into_vec();
        let (x, _) = logit.backward(&z);
        let kept = last.take().filter(|(known, _)| *known == z).map(|(_, value)| value);
        let value = kept.or_else(|| notes.borrow().seen.iter().find(|(known, _)| *known == z).map(|(_, value)| *value));
        let value = value.unwrap_or_else(|| {
            notes.borrow_mut().work.values += 1;
            density.value(&x)
        });
        notes.borrow_mut().seen.clear();
        if number >= settings.warmup {
            chain.draws.push(Draw { x, value, divergent: progress.diverging, depth: statistics.depth });
            chain.step_size = progress.step_size;
        }
        last = Some((z, value));
    }
    let notes = notes.borrow();
    (chain.failed, chain.work) = (notes.failed, notes.work);
    chain.moved = Chain::share_moved(&chain.draws);
    Ok(chain)
}

fn ended(error: &dyn std::fmt::Display) -> SampleError {
    SampleError::Sampler(error.to_string())
}

/// What the sampler asked.
#[derive(Default)]
struct Notes {
    /// The places of the current trajectory with their negative logarithms of the density.
    seen: Vec<(Vec<f64>, f64)>,
    failed: u64,
    work: Work,
}

/// The density in the whole space, as nuts-rs asks for it.
struct Target<'a> {
    density: &'a dyn Density,
    logit: Logit,
    notes: Rc<RefCell<Notes>>,
}

/// A solve that failed; the trajectory ends there, as a divergence.
#[derive(Debug, thiserror::Error)]
#[error("the solve failed")]
struct Failed;

impl LogpError for Failed {
    fn is_recoverable(&self) -> bool {
        true
    }
}

impl HasDims for Target<'_> {
    fn dim_sizes(&self) -> HashMap<String, u64> {
        HashMap::from([("unconstrained_parameter".to_owned(), self.logit.dimensions() as u64)])
    }
}

impl CpuLogpFunc for Target<'_> {
    type LogpError = Failed;
    type FlowParameters = ();
    type ExpandedVector = Vec<f64>;

    fn dim(&self) -> usize {
        self.logit.dimensions()
    }

    fn logp(&mut self, position: &[f64], gradient: &mut [f64]) -> Result<f64, Failed> {
        let (x, volume) = self.logit.backward(position);
        let mut notes = self.notes.borrow_mut();
        notes.work.gradients += 1;
        let answer = self
            .density
            .gradient(&x)
            .filter(|(value, gradient)| value.is_finite() && gradient.iter().all(|slope| slope.is_finite()));
        let Some((value, slopes)) = answer else {
            notes.failed += 1;
            return Err(Failed);
        };
        notes.seen.push((position.to_vec(), value));
        for (to, slope) in gradient.iter_mut().zip(self.logit.gradient(position, &slopes, -1.0)) {
            *to = -slope;
        }
        Ok(volume - value)
    }

    fn expand_vector<R: rand::Rng + ?Sized>(&mut self, _: &mut R, place: &[f64]) -> Result<Vec<f64>, CpuMathError> {
        Ok(place.to_vec())
    }
}
