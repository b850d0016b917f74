//! A real-coded genetic algorithm: tournament selection, simulated binary crossover (Deb & Agrawal, Complex Systems
//! 1995) and polynomial mutation (Deb & Goyal, Computer Science and Informatics 1996), with an elite that survives as
//! it is.
//!
//! Crossover and mutation are the bounded forms of Deb's NSGA-II, which draw within the box. It converges as MATLAB's
//! `ga` does: by a best fval that no longer changes.

use std::collections::VecDeque;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::Settings;
use super::generations::{Search, first_generation, ranked};
use crate::optimise::ask::{Convergence, Stop};
use crate::random::Streams;
use crate::schema::{Choice, Field, Type, Value};

/// Settings of the genetic algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Genetic {
    /// Members of the population.
    pub population: usize,
    /// How many of the best members survive as they are.
    pub elite: usize,
    /// Members that compete for being a parent.
    pub tournament: usize,
    /// Probability that two parents are crossed, else they are copied.
    pub crossover: f64,
    /// Distribution index of the crossover: higher is closer to the parents.
    pub crossover_index: f64,
    /// Probability that a coordinate is mutated; by default one over the number of free parameters.
    pub mutation: Option<f64>,
    /// Distribution index of the mutation: higher is a smaller change.
    pub mutation_index: f64,
    /// It has converged when the lowest fval has fallen by at most this part of itself within `stall` generations.
    pub tolerance: f64,
    /// Generations over which the lowest fval is compared; see `tolerance`.
    pub stall: usize,
}

impl Default for Genetic {
    fn default() -> Self {
        Self {
            population: 100,
            elite: 5,
            tournament: 2,
            crossover: 0.9,
            crossover_index: 15.0,
            mutation: None,
            mutation_index: 20.0,
            tolerance: 1e-6,
            stall: 50,
        }
    }
}

impl Settings for Genetic {
    fn choice() -> Choice {
        let defaults = Self::default();
        let number =
            |name, most, default, doc| Field::new(name, Type::Number { least: 0.0, most }, Value::Number(default), doc);
        let count = |name, least, default: usize, doc| {
            Field::new(name, Type::Integer { least, most: 1_000_000 }, Value::Integer(default as i64), doc)
        };
        Choice::new(
            "genetic",
            "real-coded genetic algorithm: tournaments, simulated binary crossover (Deb & Agrawal 1995), polynomial \
             mutation (Deb & Goyal 1996), an elite",
            vec![
                count("population", 4, defaults.population, "members of the population"),
                count("elite", 0, defaults.elite, "how many of the best members survive as they are"),
                count("tournament", 1, defaults.tournament, "members that compete for being a parent"),
                number("crossover", 1.0, defaults.crossover, "probability that two parents are crossed"),
                number("crossover_index", 1e4, defaults.crossover_index, "higher: children closer to their parents"),
                Field::optional(
                    "mutation",
                    Type::Number { least: 0.0, most: 1.0 },
                    "probability that a coordinate is mutated; by default one over the number of parameters",
                ),
                number("mutation_index", 1e4, defaults.mutation_index, "higher: smaller mutations"),
                number(
                    "tolerance",
                    1.0,
                    defaults.tolerance,
                    "it ends when the lowest fval falls by at most this part of itself within `stall` generations",
                ),
                count("stall", 1, defaults.stall, "generations over which the lowest fval is compared"),
            ],
        )
    }

    fn search(&self, dimensions: usize, streams: &Streams) -> Box<dyn Search + Send> {
        let streams = streams.part("genetic");
        let count = self.population.max(4);
        let elite = self.elite.min(count - 1);
        Box::new(Population {
            settings: *self,
            mutation: self.mutation.unwrap_or(1.0 / dimensions as f64),
            asked: first_generation(count, dimensions, &streams),
            streams,
            generation: 0,
            count,
            elite,
            members: Vec::new(),
            fvals: Vec::new(),
            lowest: VecDeque::new(),
        })
    }
}

struct Population {
    settings: Genetic,
    streams: Streams,
    /// Generations learnt from.
    generation: u64,
    /// How many members there are.
    count: usize,
    elite: usize,
    mutation: f64,
    /// Lowest fval first; empty before the first generation is known.
    members: Vec<Vec<f64>>,
    fvals: Vec<f64>,
    asked: Vec<Vec<f64>>,
    /// The lowest fvals of the last generations, the newest last.
    lowest: VecDeque<f64>,
}

impl Population {
    fn has_converged(&self) -> bool {
        let (Some(&old), Some(&new)) = (self.lowest.front(), self.lowest.back()) else { return false };
        self.lowest.len() > self.settings.stall && new.is_finite() && old - new <= self.settings.tolerance * new.abs()
    }

    /// The best of a few members: they are sorted, so that it is the one with the lowest index.
    fn parent(&self, generator: &mut ChaCha8Rng) -> &[f64] {
        let drawn = (0..self.settings.tournament.max(1)).map(|_| generator.random_range(0..self.members.len()));
        &self.members[drawn.min().unwrap_or(0)]
    }

    fn children(&self, generator: &mut ChaCha8Rng) -> [Vec<f64>; 2] {
        let mut children = [self.parent(generator).to_vec(), self.parent(generator).to_vec()];
        if generator.random::<f64>() < self.settings.crossover {
            let [first, second] = &mut children;
            for (a, b) in first.iter_mut().zip(second) {
                if generator.random::<bool>() {
                    (*a, *b) = crossed(*a, *b, self.settings.crossover_index, generator);
                }
            }
        }
        for x in children.iter_mut().flatten() {
            if generator.random::<f64>() < self.mutation {
                *x = mutated(*x, self.settings.mutation_index, generator);
            }
        }
        children
    }
}

impl Search for Population {
    fn propose(&mut self) -> Result<Vec<Vec<f64>>, Stop> {
        if self.has_converged() {
            return Err(Stop::Converged(Convergence::Fval));
        }
        if self.generation > 0 {
            let mut generator = self.streams.stream(self.generation);
            let wanted = self.count - self.elite;
            self.asked = Vec::with_capacity(wanted + 1);
            while self.asked.len() < wanted {
                self.asked.extend(self.children(&mut generator));
            }
            self.asked.truncate(wanted);
        }
        Ok(self.asked.clone())
    }

    fn learn(&mut self, fvals: &[f64]) {
        self.generation += 1;
        self.members.truncate(self.elite);
        self.fvals.truncate(self.elite);
        self.members.append(&mut self.asked);
        self.fvals.extend_from_slice(fvals);
        let order = ranked(&self.fvals);
        self.members = order.iter().map(|&index| std::mem::take(&mut self.members[index])).collect();
        self.fvals = order.iter().map(|&index| self.fvals[index]).collect();
        self.lowest.push_back(self.fvals[0]);
        if self.lowest.len() > self.settings.stall + 1 {
            self.lowest.pop_front();
        }
    }
}

/// Two children of one coordinate by simulated binary crossover within 0 .. 1, in random order.
fn crossed(a: f64, b: f64, index: f64, generator: &mut ChaCha8Rng) -> (f64, f64) {
    let (low, high) = (a.min(b), a.max(b));
    let distance = high - low;
    if distance < 1e-14 {
        return (a, b);
    }
    let draw: f64 = generator.random();
    let spread = |room: f64| {
        let alpha = 2.0 - (1.0 + 2.0 * room / distance).powf(-(index + 1.0));
        let scaled = draw * alpha;
        let inner = if scaled <= 1.0 { scaled } else { 1.0 / (2.0 - scaled) };
        inner.powf(1.0 / (index + 1.0))
    };
    let first = (0.5 * (low + high - spread(low) * distance)).clamp(0.0, 1.0);
    let second = (0.5 * (low + high + spread(1.0 - high) * distance)).clamp(0.0, 1.0);
    if generator.random::<bool>() { (first, second) } else { (second, first) }
}

/// A coordinate after polynomial mutation within 0 .. 1.
fn mutated(x: f64, index: f64, generator: &mut ChaCha8Rng) -> f64 {
    let draw: f64 = generator.random();
    let power = 1.0 / (index + 1.0);
    let change = if draw < 0.5 {
        (2.0 * draw + (1.0 - 2.0 * draw) * (1.0 - x).powf(index + 1.0)).powf(power) - 1.0
    } else {
        1.0 - (2.0 * (1.0 - draw) + (2.0 * draw - 1.0) * x.powf(index + 1.0)).powf(power)
    };
    (x + change).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::optimise::functions::Function;
    use crate::optimise::global::Method;
    use crate::optimise::global::tests::{Failing, evaluations_to, minimise};

    #[test]
    fn finds_the_minima() {
        for (function, target, most) in [
            (Function::Sphere, 1e-6, 20_000),
            (Function::Rosenbrock, 1e-2, 60_000),
            (Function::Rastrigin, 1e-6, 60_000),
        ] {
            let genetic = Method::Genetic(Genetic { stall: 500, ..Genetic::default() });
            let evaluations = evaluations_to(target, genetic, function, 3, most);
            assert!(evaluations.is_some(), "{function:?}");
        }
    }

    #[test]
    fn converges_when_the_lowest_fval_stays() {
        let genetic = Method::Genetic(Genetic::default());
        let outcome = minimise(genetic, &Failing::nowhere(Function::Sphere, 2).between(1.0, 3.0), 50_000.0);
        assert_eq!(outcome.stop, Stop::Converged(Convergence::Fval));
        assert!(outcome.best.is_some_and(|(_, fval)| fval < 2.0 + 1e-4));
    }

    proptest! {
        #[test]
        fn children_stay_in_the_box(a in 0.0..=1.0, b in 0.0..=1.0, index in 0.0..50.0, seed in any::<u64>()) {
            let mut generator = Streams::new(seed, "test").stream(0);
            let (first, second) = crossed(a, b, index, &mut generator);
            for child in [first, second, mutated(a, index, &mut generator)] {
                prop_assert!((0.0..=1.0).contains(&child));
            }
        }
    }
}
