//! CMA-ES, the evolution strategy with covariance matrix adaptation (Hansen, The CMA Evolution Strategy: A Tutorial,
//! 2016), restarted with a doubled population (IPOP; Auger & Hansen, IEEE CEC 2005).
//!
//! The defaults are those of Python's `cma`, in the unit cube: sigma 0.3, `4 + 3 ln n` points a generation, and its
//! criteria of termination, for stagnation the tutorial's. Whichever of them ends a run, the next one begins at a
//! uniformly drawn mean, until no restart is left. Points beyond a face are folded back by the linear-quadratic
//! transformation of `cma`: it is the identity inside and smooth at the faces, so that a minimum on a face has no kink.
//!
//! The crate `cmaes` (0.2) is not used: it calls its objective itself and holds a generator of its own, while here
//! points are asked for and every draw has a named stream.

mod distribution;

use std::collections::VecDeque;

use nalgebra::DVector;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::Settings;
use super::generations::Search;
use crate::optimise::ask::{Convergence, Stop};
use crate::random::Streams;
use crate::schema::{Choice, Field, Type, Value};
use distribution::Distribution;

/// Settings of CMA-ES.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cmaes {
    /// Points of a generation of the first run; by default `4 + 3 ln n`.
    pub population: Option<usize>,
    /// Standard deviation of the first generation of each run, in widths of the box.
    pub sigma: f64,
    /// Most restarts, each with twice the population of the run before.
    pub restarts: usize,
    /// A run has converged when the fvals of its last generation and the lowest fvals of the last `10 + 30 n /
    /// population` generations differ by less than this; or the latter by less than a tenth of it.
    pub tolfun: f64,
    /// A run has converged when every standard deviation is below this, in widths of the box.
    pub tolx: f64,
}

impl Default for Cmaes {
    fn default() -> Self {
        Self { population: None, sigma: 0.3, restarts: 9, tolfun: 1e-11, tolx: 1e-11 }
    }
}

impl Settings for Cmaes {
    fn choice() -> Choice {
        let defaults = Self::default();
        let number =
            |name, most, default, doc| Field::new(name, Type::Number { least: 0.0, most }, Value::Number(default), doc);
        Choice::new(
            "cmaes",
            "evolution strategy with covariance matrix adaptation (Hansen 2016), restarted with a doubled population \
             (Auger & Hansen 2005)",
            vec![
                Field::optional(
                    "population",
                    Type::Integer { least: 4, most: 1_000_000 },
                    "points of a generation of the first run; by default 4 + 3 ln n for n parameters",
                ),
                number("sigma", 10.0, defaults.sigma, "first standard deviation, in widths of the box"),
                Field::new(
                    "restarts",
                    Type::Integer { least: 0, most: 1000 },
                    Value::Integer(defaults.restarts as i64),
                    "most restarts, each with twice the population of the run before",
                ),
                number("tolfun", 1e6, defaults.tolfun, "a run ends when recent fvals differ by less than this"),
                number("tolx", 1.0, defaults.tolx, "a run ends when it is narrower than this, in widths of the box"),
            ],
        )
    }

    fn search(&self, dimensions: usize, streams: &Streams) -> Box<dyn Search + Send> {
        let streams = streams.part("cmaes");
        let usual = 4 + (3.0 * (dimensions as f64).ln()) as usize;
        let population = self.population.unwrap_or(usual).max(4);
        let run = Run::new(*self, dimensions, population, &streams.part("mean"), 0);
        Box::new(Ipop { settings: *self, streams, dimensions, done: 0, generation: 0, run })
    }
}

struct Ipop {
    settings: Cmaes,
    streams: Streams,
    dimensions: usize,
    /// Restarts so far.
    done: usize,
    /// Generations of all runs.
    generation: u64,
    run: Run,
}

impl Search for Ipop {
    fn propose(&mut self) -> Result<Vec<Vec<f64>>, Stop> {
        if let Some(stop) = self.run.stop() {
            if self.done == self.settings.restarts {
                return Err(stop);
            }
            self.done += 1;
            let population = self.run.population.saturating_mul(2);
            let means = self.streams.part("mean");
            self.run = Run::new(self.settings, self.dimensions, population, &means, self.done as u64);
        }
        let mut generator = self.streams.stream(self.generation);
        self.generation += 1;
        let Run { distribution, steps, population, .. } = &mut self.run;
        *steps = (0..*population).map(|_| distribution.step(&mut generator)).collect();
        let folded = |step: &DVector<f64>| {
            step.iter().zip(&distribution.mean).map(|(step, mean)| fold(mean + distribution.sigma * step)).collect()
        };
        Ok(steps.iter().map(folded).collect())
    }

    fn learn(&mut self, fvals: &[f64]) {
        self.run.learn(fvals);
    }
}

/// One run, from a start to its termination.
struct Run {
    settings: Cmaes,
    population: usize,
    distribution: Distribution,
    steps: Vec<DVector<f64>>,
    generations: usize,
    /// Generations in a row in which every solve failed.
    failed: usize,
    /// Difference of the finite fvals of the last generation.
    range: f64,
    flat: usize,
    /// Lowest and median fval of each generation, the newest first.
    lowest: VecDeque<f64>,
    median: VecDeque<f64>,
}

/// Generations without any solve after which a run gives its place up.
const MOST_FAILED: usize = 10;

impl Run {
    fn new(settings: Cmaes, dimensions: usize, population: usize, means: &Streams, index: u64) -> Self {
        let mut generator = means.stream(index);
        let mean = DVector::from_iterator(dimensions, (0..dimensions).map(|_| generator.random::<f64>()));
        Self {
            settings,
            population,
            distribution: Distribution::new(mean, settings.sigma.max(1e-12), population),
            steps: Vec::new(),
            generations: 0,
            failed: 0,
            range: f64::INFINITY,
            flat: 0,
            lowest: VecDeque::new(),
            median: VecDeque::new(),
        }
    }

    fn learn(&mut self, fvals: &[f64]) {
        self.generations += 1;
        let mut finite: Vec<f64> = fvals.iter().copied().filter(|fval| fval.is_finite()).collect();
        finite.sort_by(f64::total_cmp);
        let (Some(&first), Some(&last)) = (finite.first(), finite.last()) else {
            // Nothing was learnt: an update would follow the order in which the points were drawn.
            self.failed += 1;
            return;
        };
        self.failed = 0;
        self.range = last - first;
        let flat = finite.len() == fvals.len() && finite[fvals.len() / 2] == first;
        self.flat = if flat { self.flat + 1 } else { 0 };
        self.lowest.push_front(first);
        self.median.push_front(finite[finite.len() / 2]);
        self.lowest.truncate(20_000);
        self.median.truncate(20_000);
        self.distribution.update(&self.steps, fvals);
    }

    fn stop(&self) -> Option<Stop> {
        let (n, population) = (self.distribution.mean.len() as f64, self.population as f64);
        let Distribution { sigma, covariance, path, lengths, axes, mean, .. } = &self.distribution;
        if self.failed >= MOST_FAILED || !self.distribution.is_sound() {
            return Some(Stop::Stuck);
        }
        if self.lowest.is_empty() {
            return None;
        }
        let recent = (10.0 + 30.0 * n / population) as usize;
        let bests = self.lowest.iter().take(recent);
        let history = bests.clone().fold(f64::NEG_INFINITY, |most, &fval| most.max(fval))
            - bests.fold(f64::INFINITY, |least, &fval| least.min(fval));
        // One generation tells nothing of the history.
        let long = self.lowest.len() >= 10;
        if (self.lowest.len() > 1 && self.range.max(history) < self.settings.tolfun)
            || (long && history < 0.1 * self.settings.tolfun)
        {
            return Some(Stop::Converged(Convergence::Fval));
        }
        let deviations = covariance.diagonal().map(|variance| sigma * variance.max(0.0).sqrt());
        if deviations.max() < self.settings.tolx && path.amax() * sigma < self.settings.tolx {
            return Some(Stop::Converged(Convergence::Step));
        }
        let axis = self.generations % mean.len();
        let unmoved = axes.column(axis).iter().zip(mean).all(|(share, mean)| {
            let moved = mean + 0.1 * sigma * lengths[axis] * share;
            moved == *mean
        });
        let ill = lengths.max() / lengths.min() > 1e7;
        if unmoved || ill || self.flat > 1 || deviations.max() > 1e3 * self.settings.sigma || self.has_stagnated() {
            return Some(Stop::Stuck);
        }
        let most = 100.0 + 150.0 * (n + 3.0).powi(2) / population.sqrt();
        (self.generations as f64 >= most).then_some(Stop::Iterations)
    }

    /// Are neither the lowest nor the median fvals any better than a fifth of the run ago (the tutorial's section B.3)?
    fn has_stagnated(&self) -> bool {
        let least = 120.0 + 30.0 * self.distribution.mean.len() as f64 / self.population as f64;
        let span = (least as usize).max(self.generations / 5);
        let part = (span * 3) / 10;
        let worse = |history: &VecDeque<f64>| {
            let newest = middle(history.iter().take(part));
            let oldest = middle(history.iter().take(span).skip(span - part));
            newest >= oldest
        };
        self.lowest.len() >= span && worse(&self.lowest) && worse(&self.median)
    }
}

fn middle<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    let mut values: Vec<f64> = values.copied().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Half the width of the strip around each face where folding is quadratic.
const STRIP: f64 = 0.05;

/// Into the unit interval: the identity between the strips, a parabola within them, periodic beyond.
fn fold(x: f64) -> f64 {
    let width = 1.0 + 2.0 * STRIP;
    let turn = (x + STRIP).rem_euclid(2.0 * width);
    let x = if turn > width { 2.0 * width - turn } else { turn } - STRIP;
    if x < STRIP {
        (x + STRIP).powi(2) / (4.0 * STRIP)
    } else if x > 1.0 - STRIP {
        1.0 - (1.0 + STRIP - x).powi(2) / (4.0 * STRIP)
    } else {
        x
    }
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
        for (function, most) in
            [(Function::Sphere, 1_000), (Function::Rosenbrock, 3_000), (Function::Rastrigin, 60_000)]
        {
            let evaluations = evaluations_to(1e-6, Method::Cmaes(Cmaes::default()), function, 4, most);
            assert!(evaluations.is_some(), "{function:?}");
        }
    }

    #[test]
    fn a_run_without_restarts_converges() {
        let once = Method::Cmaes(Cmaes { restarts: 0, ..Cmaes::default() });
        let outcome = minimise(once, &Failing::nowhere(Function::Sphere, 5), 10_000.0);
        assert_eq!(outcome.stop, Stop::Converged(Convergence::Fval));
        assert!(outcome.best.is_some_and(|(_, fval)| fval < 1e-10));
    }

    #[test]
    fn finds_a_minimum_on_a_face() {
        let once = Method::Cmaes(Cmaes { restarts: 0, ..Cmaes::default() });
        let problem = Failing::nowhere(Function::Sphere, 4).between(1.0, 3.0);
        let outcome = minimise(once, &problem, 10_000.0);
        assert!(outcome.best.is_some_and(|(_, fval)| fval < 4.0 + 1e-6));
    }

    proptest! {
        #[test]
        fn folding_stays_inside_and_leaves_the_inside_alone(x in -5.0..5.0) {
            prop_assert!((0.0..=1.0).contains(&fold(x)));
            if x > STRIP && x < 1.0 - STRIP {
                prop_assert!((fold(x) - x).abs() < 1e-12);
            }
            prop_assert!((fold(x + 1e-7) - fold(x)).abs() < 2e-7);
        }
    }
}
