//! Adaptive Metropolis sampling (Haario, Saksman & Tamminen, Bernoulli 2001) with parallel tempering (Geyer 1991;
//! Earl & Deem, Physical Chemistry Chemical Physics 2005), used as an optimiser: the lowest fval that any chain meets
//! counts.
//!
//! The chain of temperature `T` has the density `exp(-fval / T)` within the box, so that an fval that is a negative
//! logarithm of a likelihood makes the coldest chain, `T = 1`, a sample of the posterior under a uniform prior.
//! Proposals are mirrored at the faces, which keeps them symmetric. Every generation is one step of each chain; then
//! neighbours try to swap, even and odd pairs in turn. A sampler does not converge to a point: unless `steps` are given
//! it goes on until the budget ends.

use nalgebra::{DMatrix, DVector};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use super::Settings;
use super::generations::{Search, first_generation};
use crate::optimise::ask::Stop;
use crate::optimise::bounds::Bounds;
use crate::random::Streams;
use crate::schema::{Choice, Field, Type, Value};

/// Settings of the sampler.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mcmc {
    /// How many chains; their temperatures are a geometric series from 1 to `hottest`.
    pub chains: usize,
    /// Temperature of the hottest chain.
    pub hottest: f64,
    /// Standard deviation of the first proposals, in widths of the box.
    pub sigma: f64,
    /// Steps after which the proposals follow the chain's covariance.
    pub adapt_after: usize,
    /// Most steps of each chain; by default no limit.
    pub steps: Option<usize>,
}

impl Default for Mcmc {
    fn default() -> Self {
        Self { chains: 8, hottest: 100.0, sigma: 0.1, adapt_after: 100, steps: None }
    }
}

impl Settings for Mcmc {
    fn choice() -> Choice {
        let defaults = Self::default();
        let count = |name, least, default: usize, doc| {
            Field::new(name, Type::Integer { least, most: 1_000_000 }, Value::Integer(default as i64), doc)
        };
        Choice::new(
            "mcmc",
            "adaptive Metropolis sampling (Haario, Saksman & Tamminen 2001) with parallel tempering",
            vec![
                count("chains", 1, defaults.chains, "how many chains, from temperature 1 to `hottest`"),
                Field::new(
                    "hottest",
                    Type::Number { least: 1.0, most: 1e12 },
                    Value::Number(defaults.hottest),
                    "temperature of the hottest chain",
                ),
                Field::new(
                    "sigma",
                    Type::Number { least: 1e-12, most: 10.0 },
                    Value::Number(defaults.sigma),
                    "standard deviation of the first proposals, in widths of the box",
                ),
                count("adapt_after", 2, defaults.adapt_after, "steps after which proposals follow the covariance"),
                Field::optional(
                    "steps",
                    Type::Integer { least: 1, most: 1_000_000_000 },
                    "most steps of each chain; by default the budget ends it",
                ),
            ],
        )
    }

    fn search(&self, dimensions: usize, streams: &Streams) -> Box<dyn Search + Send> {
        Box::new(Tempering::new(*self, dimensions, streams))
    }
}

/// The sampler itself, in the unit cube. The states of its coldest chain are draws from the density.
pub struct Tempering {
    settings: Mcmc,
    streams: Streams,
    /// The unit cube.
    cube: Bounds,
    /// Generations learnt from; the first is the starts.
    generation: u64,
    /// The coldest first.
    chains: Vec<Chain>,
    proposals: Vec<Vec<f64>>,
}

struct Chain {
    temperature: f64,
    x: Vec<f64>,
    fval: f64,
    mean: DVector<f64>,
    /// Sum of squared deviations from the mean.
    scatter: DMatrix<f64>,
    steps: usize,
    /// Lower triangular: its product with a standard normal vector is a proposal's step.
    factor: DMatrix<f64>,
}

/// Steps between two factorisations of a chain's covariance.
const PATIENCE: usize = 10;

impl Tempering {
    /// A sampler of `dimensions` (at least one) parameters, whose chains start at random.
    #[must_use]
    pub fn new(settings: Mcmc, dimensions: usize, streams: &Streams) -> Self {
        let streams = streams.part("mcmc");
        let count = settings.chains.max(1);
        let starts = first_generation(count, dimensions, &streams);
        let ratio = if count > 1 { settings.hottest.max(1.0).powf(1.0 / (count - 1) as f64) } else { 1.0 };
        let chains = starts.iter().enumerate().map(|(index, start)| Chain {
            temperature: ratio.powi(index as i32),
            x: start.clone(),
            fval: f64::INFINITY,
            mean: DVector::zeros(dimensions),
            scatter: DMatrix::zeros(dimensions, dimensions),
            steps: 0,
            factor: DMatrix::identity(dimensions, dimensions) * settings.sigma,
        });
        Self {
            settings,
            streams,
            cube: Bounds { lower: vec![0.0; dimensions], upper: vec![1.0; dimensions] },
            generation: 0,
            chains: chains.collect(),
            proposals: starts,
        }
    }

    /// Starts all chains at this point of the cube. Only before the first answer.
    pub fn start_at(&mut self, point: &[f64]) {
        self.proposals = vec![point.to_vec(); self.chains.len()];
        for chain in &mut self.chains {
            chain.x = point.to_vec();
        }
    }

    /// Where the coldest chain stands, and its fval.
    #[must_use]
    pub fn coldest(&self) -> (&[f64], f64) {
        (&self.chains[0].x, self.chains[0].fval)
    }

    /// Learns each chain's covariance from the beginning; until there is one, proposals stay as they are.
    pub fn forget(&mut self) {
        for chain in &mut self.chains {
            chain.mean.fill(0.0);
            chain.scatter.fill(0.0);
            chain.steps = 0;
        }
    }
}

impl Search for Tempering {
    fn propose(&mut self) -> Result<Vec<Vec<f64>>, Stop> {
        if self.settings.steps.is_some_and(|most| self.generation > most as u64) {
            return Err(Stop::Iterations);
        }
        if self.generation > 0 {
            let mut generator = self.streams.stream(self.generation);
            self.proposals = self
                .chains
                .iter()
                .map(|chain| {
                    let dimensions = chain.x.len();
                    let normal =
                        DVector::from_iterator(dimensions, (0..dimensions).map(|_| generator.sample(StandardNormal)));
                    let step: DVector<f64> = &chain.factor * normal;
                    self.cube.reflect(&chain.x.iter().zip(&step).map(|(x, step)| x + step).collect::<Vec<_>>())
                })
                .collect();
        }
        Ok(self.proposals.clone())
    }

    fn learn(&mut self, fvals: &[f64]) {
        let mut generator = self.streams.part("acceptance").stream(self.generation);
        let adapt_after = self.settings.adapt_after.max(2);
        for ((chain, proposal), &fval) in self.chains.iter_mut().zip(&self.proposals).zip(fvals) {
            let draw: f64 = generator.random();
            // Between failed solves a chain wanders freely, until it meets one that does not fail.
            let accepted = match fval.is_finite() {
                true => draw < ((chain.fval - fval) / chain.temperature).exp(),
                false => !chain.fval.is_finite(),
            };
            if accepted {
                chain.x.clone_from(proposal);
                chain.fval = fval;
            }
        }
        for cold in ((self.generation % 2) as usize..self.chains.len().saturating_sub(1)).step_by(2) {
            let draw: f64 = generator.random();
            let (left, right) = self.chains.split_at_mut(cold + 1);
            let (cold, hot) = (&mut left[cold], &mut right[0]);
            let gain = (1.0 / cold.temperature - 1.0 / hot.temperature) * (cold.fval - hot.fval);
            if draw < gain.exp() {
                std::mem::swap(&mut cold.x, &mut hot.x);
                std::mem::swap(&mut cold.fval, &mut hot.fval);
            }
        }
        for chain in &mut self.chains {
            chain.remember(adapt_after);
        }
        self.generation += 1;
    }
}

impl Chain {
    fn remember(&mut self, adapt_after: usize) {
        if !self.fval.is_finite() {
            return;
        }
        self.steps += 1;
        let deviation = DVector::from_column_slice(&self.x) - &self.mean;
        let count = self.steps as f64;
        self.mean.axpy(1.0 / count, &deviation, 1.0);
        self.scatter.ger(1.0 - 1.0 / count, &deviation, &deviation, 1.0);
        if self.steps >= adapt_after && self.steps.is_multiple_of(PATIENCE) {
            let dimensions = self.x.len();
            let scale = 2.4_f64.powi(2) / dimensions as f64;
            // A little of the identity keeps the proposals from collapsing.
            let floor = DMatrix::identity(dimensions, dimensions) * 1e-12;
            if let Some(cholesky) = ((&self.scatter / (count - 1.0) + floor) * scale).cholesky() {
                self.factor = cholesky.unpack();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::functions::Function;
    use crate::optimise::global::Method;
    use crate::optimise::global::tests::{Failing, evaluations_to, minimise};

    #[test]
    fn finds_the_minima() {
        for (function, target, most) in
            [(Function::Sphere, 0.05, 20_000), (Function::Rosenbrock, 0.5, 60_000), (Function::Rastrigin, 2.0, 60_000)]
        {
            let evaluations = evaluations_to(target, Method::Mcmc(Mcmc::default()), function, 3, most);
            assert!(evaluations.is_some(), "{function:?}");
        }
    }

    #[test]
    fn the_coldest_chain_has_the_density_of_the_fval() {
        let mut sampler = Tempering::new(Mcmc::default(), 2, &Streams::new(5, "test"));
        let (mut sum, mut squares, mut counted) = ([0.0; 2], [0.0; 2], 0.0);
        for step in 0..40_000 {
            let points = sampler.propose().expect("it goes on");
            // Independent Gaussians of standard deviation 0.05 and 0.1 around the middle.
            let fval = |x: &Vec<f64>| 0.5 * (((x[0] - 0.5) / 0.05).powi(2) + ((x[1] - 0.5) / 0.1).powi(2));
            sampler.learn(&points.iter().map(fval).collect::<Vec<_>>());
            if step >= 2_000 {
                counted += 1.0;
                for index in 0..2 {
                    sum[index] += sampler.chains[0].x[index] - 0.5;
                    squares[index] += (sampler.chains[0].x[index] - 0.5).powi(2);
                }
            }
        }
        for (index, deviation) in [0.05_f64, 0.1].into_iter().enumerate() {
            assert!((sum[index] / counted).abs() < 0.1 * deviation, "{index}");
            assert!(((squares[index] / counted).sqrt() / deviation - 1.0).abs() < 0.05, "{index}");
        }
    }

    #[test]
    fn a_limit_of_steps_ends_it() {
        let short = Mcmc { steps: Some(10), ..Mcmc::default() };
        let outcome = minimise(Method::Mcmc(short), &Failing::nowhere(Function::Sphere, 2), 10_000.0);
        assert_eq!((outcome.stop, outcome.work.values), (Stop::Iterations, 11 * 8));
    }
}
