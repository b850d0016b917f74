//! The samplers by name, with their settings.

use serde::{Deserialize, Serialize};

use super::chain::{Chain, SampleError};
use super::density::Density;
use super::{metropolis, nuts};
use crate::optimise::global::mcmc::Mcmc;
use crate::random::Streams;
use crate::schema::{Choice, Field, Type, Value};

/// A sampler with its settings, as the language names them; see [`methods`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Method {
    /// The no-U-turn sampler.
    Nuts {
        /// The mean acceptance that the step size is adapted to.
        accept: f64,
        /// Most doublings of a trajectory.
        depth: u64,
    },
    /// Adaptive Metropolis.
    AdaptiveMetropolis {
        /// Standard deviation of the first proposals, in widths of the box.
        sigma: f64,
        /// Steps after which proposals follow the chain's covariance.
        adapt_after: usize,
        /// Steps for each draw that is kept.
        thin: usize,
    },
    /// Adaptive Metropolis at several temperatures.
    ParallelTempering {
        /// How many temperatures, from 1 to `hottest`.
        temperatures: usize,
        /// The highest temperature.
        hottest: f64,
        /// As in [`Method::AdaptiveMetropolis`].
        sigma: f64,
        /// As in [`Method::AdaptiveMetropolis`].
        adapt_after: usize,
        /// As in [`Method::AdaptiveMetropolis`].
        thin: usize,
    },
}

impl Method {
    /// Does it need gradients?
    #[must_use]
    pub fn needs_gradients(&self) -> bool {
        matches!(self, Method::Nuts { .. })
    }

    /// Evaluations, with or without gradients, for each draw: roughly, for an estimate of cost.
    #[must_use]
    pub fn evaluations(&self) -> f64 {
        match self {
            Method::Nuts { .. } => 16.0,
            Method::AdaptiveMetropolis { thin, .. } => *thin as f64,
            Method::ParallelTempering { temperatures, thin, .. } => (temperatures * thin) as f64,
        }
    }

    /// One chain from `start`: `warmup` draws that are thrown away, then `draws` that are kept. The same input gives the
    /// same bits; `stop` is asked now and then and ends it early.
    ///
    /// # Errors
    /// When a stop is requested, or the density cannot be evaluated where the chain starts.
    pub fn sample(
        &self,
        density: &dyn Density,
        start: &[f64],
        (warmup, draws): (usize, usize),
        streams: &Streams,
        stop: &dyn Fn() -> bool,
    ) -> Result<Chain, SampleError> {
        let settings = match *self {
            Method::Nuts { accept, depth } => {
                return nuts::sample(density, start, &nuts::Settings { accept, depth, warmup, draws }, streams, stop);
            }
            Method::AdaptiveMetropolis { sigma, adapt_after, thin } => {
                let one = Mcmc { chains: 1, sigma, adapt_after, ..Mcmc::default() };
                metropolis::Settings { sampler: one, thin, warmup, draws }
            }
            Method::ParallelTempering { temperatures, hottest, sigma, adapt_after, thin } => {
                let sampler = Mcmc { chains: temperatures, hottest, sigma, adapt_after, steps: None };
                metropolis::Settings { sampler, thin, warmup, draws }
            }
        };
        metropolis::sample(density, start, &settings, streams, stop)
    }
}

/// The samplers, as the language names them, the default first. [`Method`] is their typed form.
#[must_use]
pub fn methods() -> Vec<Choice> {
    let defaults = Mcmc::default();
    let count = |name, least, most, default: usize, doc| {
        Field::new(name, Type::Integer { least, most }, Value::Integer(default as i64), doc)
    };
    let number =
        |name, least, most, default, doc| Field::new(name, Type::Number { least, most }, Value::Number(default), doc);
    let walk = || {
        vec![
            number("sigma", 1e-12, 10.0, 0.01, "standard deviation of the first proposals, in widths of the box"),
            count(
                "adapt_after",
                2,
                1_000_000,
                defaults.adapt_after,
                "steps after which proposals follow the covariance",
            ),
            count("thin", 1, 1_000_000, 10, "steps for each draw"),
        ]
    };
    let mut tempering = vec![
        count("temperatures", 2, 1000, defaults.chains, "how many temperatures, from 1 to `hottest`"),
        number("hottest", 1.0, 1e12, defaults.hottest, "the highest temperature"),
    ];
    tempering.extend(walk());
    vec![
        Choice::new(
            "nuts",
            "the no-U-turn sampler (Hoffman & Gelman 2014) in its multinomial form (Betancourt 2017), which uses \
             gradients; step size by dual averaging, a diagonal mass matrix in growing windows of the warm-up",
            vec![
                number("accept", 0.5, 0.999, 0.8, "the mean acceptance that the step size is adapted to"),
                count("depth", 1, 20, 10, "most doublings of a trajectory"),
            ],
        ),
        Choice::new(
            "adaptive_metropolis",
            "random walk whose proposals follow the chain's covariance (Haario, Saksman & Tamminen 2001)",
            walk(),
        ),
        Choice::new(
            "parallel_tempering",
            "adaptive Metropolis at several temperatures that swap (Geyer 1991; Earl & Deem 2005), for several modes",
            tempering,
        ),
    ]
}
