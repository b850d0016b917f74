//! The hyperparameters: lengthscales, noise and the scale of the warp, as the maximum of the marginal likelihood.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::kernel::Kernel;
use super::process::Process;
use super::smooth::minimise;
use super::warp::Warp;
use crate::optimise::bounds::Bounds;

/// Hyperparameters, as logarithms: the lengthscales, the noise, the scale of the warp.
pub(super) type Logarithms = Vec<f64>;

/// Inputs with what was found there.
pub(super) struct Evidence<'a> {
    /// Points of the unit cube.
    pub(super) inputs: &'a [Vec<f64>],
    pub(super) warp: &'a Warp,
}

/// Bounds of the lengthscales, in widths of the box; the upper one grows with the diagonal of the cube.
const LENGTHS: (f64, f64) = (0.01, 10.0);
/// Bounds of the noise, in units of the process's variance. Without any the correlations could not be factored.
const NOISES: (f64, f64) = (1e-9, 1.0);
/// Most evaluations of the likelihood on one climb.
const ITERATIONS: usize = 60;

impl Evidence<'_> {
    /// The process under these hyperparameters.
    pub(super) fn process(&self, logarithms: &[f64]) -> Option<Process> {
        let (kernel, scale) = split(logarithms)?;
        Process::new(kernel, self.inputs, &self.warp.targets(scale))
    }

    /// The logarithm of the marginal likelihood of the fvals, with its derivatives by the logarithms.
    pub(super) fn likelihood(&self, logarithms: &[f64]) -> Option<(f64, Vec<f64>)> {
        let process = self.process(logarithms)?;
        let (_, scale) = split(logarithms)?;
        let (density, density_slope) = self.warp.log_density(scale);
        let mut slopes = process.by_hyperparameters();
        let by_scale: f64 = process.by_targets().zip(self.warp.by_scale(scale)).map(|(by, target)| by * target).sum();
        slopes.push(by_scale + density_slope);
        Some((process.log_likelihood() + density, slopes))
    }

    fn bounds(&self) -> Bounds {
        let dimensions = self.inputs.first().map_or(0, Vec::len);
        let scales = self.warp.scales();
        let longest = LENGTHS.1 * (dimensions as f64).sqrt();
        let logarithms = |pair: fn(&(f64, f64)) -> f64| {
            let lengths = std::iter::repeat_n((LENGTHS.0, longest), dimensions);
            lengths.chain([NOISES, scales]).map(|bounds| pair(&bounds).ln()).collect()
        };
        Bounds { lower: logarithms(|bounds| bounds.0), upper: logarithms(|bounds| bounds.1) }
    }

    /// The most likely hyperparameters: the best end of climbs from those of `before`, where there are any, from long
    /// lengthscales without warp, and from `restarts` that are drawn.
    ///
    /// Long lengthscales are where the slopes of the likelihood do not vanish in many dimensions (Papenmeier, Poloczek &
    /// Nardi, arXiv 2502.09198, 2025).
    pub(super) fn fit(
        &self,
        before: Option<&Logarithms>,
        restarts: usize,
        generator: &mut ChaCha8Rng,
    ) -> Option<Logarithms> {
        let bounds = self.bounds();
        let count = self.inputs.len() as f64;
        let dimensions = bounds.len() - 2;
        let long = 0.5 * (dimensions as f64).sqrt();
        let mut starts: Vec<Logarithms> = before.iter().map(|before| bounds.clip(before)).collect();
        let mut plain = vec![long.ln(); dimensions];
        plain.extend([1e-4_f64.ln(), bounds.upper[dimensions + 1]]);
        starts.push(plain);
        for _ in 0..restarts {
            let between = |least: f64, most: f64, generator: &mut ChaCha8Rng| {
                least.ln() + (most / least).ln() * generator.random::<f64>()
            };
            let mut drawn: Logarithms = (0..dimensions).map(|_| between(0.1, 2.0 * long, generator)).collect();
            let (least, most) = self.warp.scales();
            drawn.extend([between(1e-6, 1e-2, generator), between(least, most, generator)]);
            starts.push(drawn);
        }
        // A likelihood of one point each, so that the tolerances do not depend on their number.
        let falling = |logarithms: &[f64]| {
            let (value, slopes) = self.likelihood(logarithms)?;
            Some((-value / count, slopes.into_iter().map(|slope| -slope / count).collect()))
        };
        let ends = starts.iter().filter_map(|start| minimise(falling, &bounds, start, ITERATIONS));
        let best = ends.reduce(|best, end| if end.1 < best.1 { end } else { best });
        best.map(|(logarithms, _)| logarithms)
    }
}

/// The kernel, and the scale of the warp.
fn split(logarithms: &[f64]) -> Option<(Kernel, f64)> {
    let (&scale, rest) = logarithms.split_last()?;
    let (&noise, lengths) = rest.split_last()?;
    Some((
        Kernel { lengthscales: lengths.iter().map(|length| length.exp()).collect(), noise: noise.exp() },
        scale.exp(),
    ))
}
