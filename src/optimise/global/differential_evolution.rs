//! Differential evolution (Storn & Price, Journal of Global Optimization 1997) with the strategy, the defaults and the
//! criterion of convergence of `SciPy`'s `differential_evolution`, without its polishing and its limit of generations.
//!
//! Strategy `best1bin`: each trial vector is the best member plus a scaled difference of two others, crossed with the
//! member that it would replace; a coordinate outside of the box is drawn anew. The whole generation is compared before
//! anything is replaced (`updating = 'deferred'`), so that it can be evaluated side by side.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::Settings;
use super::generations::{Search, first_generation, lowest};
use crate::optimise::ask::{Convergence, Stop};
use crate::random::Streams;
use crate::schema::{Choice, Field, Type, Value};

/// Settings of differential evolution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DifferentialEvolution {
    /// Members of the population for each free parameter; there are at least 5 members.
    pub population: usize,
    /// Lowest factor of the differences. Each generation draws its factor anew (dithering).
    pub mutation_least: f64,
    /// Highest factor of the differences.
    pub mutation_most: f64,
    /// Probability with which a coordinate comes from the mutant.
    pub recombination: f64,
    /// Relative tolerance: it has converged when the standard deviation of the population's fvals is at most
    /// `atol + tolerance |mean|`. A failed solve in the population is no convergence.
    pub tolerance: f64,
    /// Absolute tolerance; see `tolerance`.
    pub atol: f64,
}

impl Default for DifferentialEvolution {
    fn default() -> Self {
        Self { population: 15, mutation_least: 0.5, mutation_most: 1.0, recombination: 0.7, tolerance: 0.01, atol: 0.0 }
    }
}

impl Settings for DifferentialEvolution {
    fn choice() -> Choice {
        let defaults = Self::default();
        let number =
            |name, most, default, doc| Field::new(name, Type::Number { least: 0.0, most }, Value::Number(default), doc);
        Choice::new(
            "differential_evolution",
            "differential evolution (Storn & Price 1997) by best1bin with dithering, with SciPy's defaults",
            vec![
                Field::new(
                    "population",
                    Type::Integer { least: 1, most: 100_000 },
                    Value::Integer(defaults.population as i64),
                    "members of the population for each parameter",
                ),
                number("mutation_least", 2.0, defaults.mutation_least, "lowest factor of the differences"),
                number("mutation_most", 2.0, defaults.mutation_most, "highest factor of the differences"),
                number("recombination", 1.0, defaults.recombination, "probability of a mutant's coordinate"),
                number(
                    "tolerance",
                    1e6,
                    defaults.tolerance,
                    "it ends when the fvals' standard deviation is at most this part of their mean, plus `atol`",
                ),
                number("atol", 1e6, defaults.atol, "absolute tolerance of the fvals' standard deviation"),
            ],
        )
    }

    fn search(&self, dimensions: usize, streams: &Streams) -> Box<dyn Search + Send> {
        let streams = streams.part("differential evolution");
        let count = self.population.saturating_mul(dimensions).max(5);
        Box::new(Evolution {
            settings: *self,
            trials: first_generation(count, dimensions, &streams),
            streams,
            generation: 0,
            members: Vec::new(),
            fvals: Vec::new(),
        })
    }
}

struct Evolution {
    settings: DifferentialEvolution,
    streams: Streams,
    /// Generations learnt from.
    generation: u64,
    /// The population; empty before the first generation is known.
    members: Vec<Vec<f64>>,
    fvals: Vec<f64>,
    trials: Vec<Vec<f64>>,
}

impl Evolution {
    fn has_converged(&self) -> bool {
        let count = self.fvals.len() as f64;
        let mean = self.fvals.iter().sum::<f64>() / count;
        let variance = self.fvals.iter().map(|fval| (fval - mean).powi(2)).sum::<f64>() / count;
        mean.is_finite() && variance.sqrt() <= self.settings.atol + self.settings.tolerance * mean.abs()
    }

    fn trial(&self, member: usize, best: &[f64], factor: f64, generator: &mut ChaCha8Rng) -> Vec<f64> {
        let count = self.members.len();
        let [first, second] = two_others(member, count, generator);
        let always = generator.random_range(0..best.len());
        (0..best.len())
            .map(|index| {
                let crossed = generator.random::<f64>() < self.settings.recombination;
                if !crossed && index != always {
                    return self.members[member][index];
                }
                let moved = best[index] + factor * (self.members[first][index] - self.members[second][index]);
                if (0.0..=1.0).contains(&moved) { moved } else { generator.random() }
            })
            .collect()
    }
}

impl Search for Evolution {
    fn propose(&mut self) -> Result<Vec<Vec<f64>>, Stop> {
        // As SciPy does, the first generation is never looked at alone.
        if self.generation > 1 && self.has_converged() {
            return Err(Stop::Converged(Convergence::Fval));
        }
        if self.generation > 0 {
            let mut generator = self.streams.stream(self.generation);
            let (least, most) = (self.settings.mutation_least, self.settings.mutation_most);
            let factor = least + generator.random::<f64>() * (most - least);
            let best = &self.members[lowest(&self.fvals)];
            self.trials =
                (0..self.members.len()).map(|member| self.trial(member, best, factor, &mut generator)).collect();
        }
        Ok(self.trials.clone())
    }

    fn learn(&mut self, fvals: &[f64]) {
        self.generation += 1;
        let trials = std::mem::take(&mut self.trials);
        if self.members.is_empty() {
            (self.members, self.fvals) = (trials, fvals.to_vec());
            return;
        }
        for (member, (trial, &fval)) in trials.into_iter().zip(fvals).enumerate() {
            if fval <= self.fvals[member] {
                (self.members[member], self.fvals[member]) = (trial, fval);
            }
        }
    }
}

/// Two members that differ from each other and from `member`; there are at least three.
fn two_others(member: usize, count: usize, generator: &mut ChaCha8Rng) -> [usize; 2] {
    let mut draw = |not: &[usize]| {
        loop {
            let drawn = generator.random_range(0..count);
            if !not.contains(&drawn) {
                return drawn;
            }
        }
    };
    let first = draw(&[member]);
    [first, draw(&[member, first])]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::functions::Function;
    use crate::optimise::global::tests::{Failing, evaluations_to, minimise};
    use crate::optimise::{Stop, global::Method};

    const METHOD: fn(DifferentialEvolution) -> Method = Method::DifferentialEvolution;

    #[test]
    fn finds_the_minima() {
        let precise = DifferentialEvolution { tolerance: 0.0, atol: 1e-12, ..DifferentialEvolution::default() };
        for (function, most) in
            [(Function::Sphere, 6_000), (Function::Rosenbrock, 12_000), (Function::Rastrigin, 9_000)]
        {
            let evaluations = evaluations_to(1e-6, METHOD(precise), function, 4, most);
            assert!(evaluations.is_some(), "{function:?}");
        }
    }

    #[test]
    fn converges_by_the_spread_of_its_population() {
        let settings = DifferentialEvolution { atol: 1e-6, ..DifferentialEvolution::default() };
        let outcome = minimise(METHOD(settings), &Failing::nowhere(Function::Sphere, 3), 20_000.0);
        assert_eq!(outcome.stop, Stop::Converged(Convergence::Fval));
    }
}
