//! Bayesian optimisation: a Gaussian process of what was seen so far says where the next fval is expected to improve most
//! (Jones, Schonlau & Welch, Journal of Global Optimization 1998). For objectives whose fvals are so expensive that a
//! second of thought between two of them does not count.
//!
//! The first points are a maximin Latin hypercube. The process ([`process`]) has a Matérn kernel with a lengthscale for each
//! dimension and a constant mean; its hyperparameters maximise the marginal likelihood ([`fit`]), together with those of
//! the warp that fvals of many decades need and that gives failed solves a place ([`warp`]). The logarithm of the expected
//! improvement ([`improvement`]) is climbed from many starts ([`proposal`]).
//!
//! In many dimensions the search stays in a trust region ([`region`]), as `TuRBO` does with one region; the point in it is
//! the one of the highest expected improvement, where `TuRBO` draws functions from the process (Thompson sampling). Its
//! search is over when the region is small; a descent from its best point and a new search then follow.
//!
//! The process is exact, so its cost grows with the cube of its points: at most 500 are kept. Beyond, these are the half
//! with the lowest fvals, and of the others the newest, which say where the search has lately been without success.
//!
//! One point is asked for at a time: each is placed by all that was seen before it.
//!
//! The crates are not used: `egobox-gp` (0.36), on which `egobox-ego` stands, climbs the likelihood without slopes from
//! starts that it draws from the system's entropy, `friedrich` has one lengthscale for all dimensions, and none of them
//! knows solves that fail. The linear algebra is faer's, on one thread.

mod fit;
mod improvement;
mod kernel;
mod process;
mod proposal;
mod region;
mod smooth;
mod warp;

use serde::{Deserialize, Serialize};

use self::fit::{Evidence, Logarithms};
use self::proposal::{propose, uniform};
use self::region::Region;
use self::warp::Warp;
use super::Settings;
use super::generations::{Search, ranked};
use crate::optimise::ask::{Convergence, Stop};
use crate::optimise::bounds::Bounds;
use crate::optimise::design;
use crate::random::Streams;
use crate::schema::{Choice, Field, Type, Value};

/// Most points in an exact process.
const MOST_POINTS: usize = 500;
/// Most points of the first design: those of a maximin Latin hypercube.
const MOST_FIRST: usize = design::MOST_MAXIMIN;
/// While there are no more points, the hyperparameters are searched for with each new point, and from drawn starts too.
const FEW: usize = 50;
/// Climbs of the likelihood from drawn starts, while there are few points.
const RESTARTS: usize = 2;

/// Settings of Bayesian optimisation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bayesian {
    /// Points of the first design; by default `2 (n + 1)` for `n` free parameters.
    pub initial: Option<usize>,
    /// Evaluations of one search, the first design included; by default `20 n`, but at least 100 and at most 500.
    pub evaluations: Option<usize>,
    /// Most points in the process.
    pub points: usize,
    /// With more free parameters than this the search stays in a trust region.
    pub trust_region: usize,
}

impl Default for Bayesian {
    fn default() -> Self {
        Self { initial: None, evaluations: None, points: MOST_POINTS, trust_region: 20 }
    }
}

impl Settings for Bayesian {
    fn choice() -> Choice {
        let defaults = Self::default();
        Choice::new(
            "bayesian",
            "Bayesian optimisation: a Gaussian process (Matérn 5/2) and its expected improvement (Jones, Schonlau & Welch \
             1998; Ament et al. 2023), in many dimensions within a trust region (TuRBO; Eriksson et al. 2019)",
            vec![
                Field::optional(
                    "initial",
                    Type::Integer { least: 2, most: MOST_FIRST as i64 },
                    "points of the first design; by default 2 (n + 1) for n parameters",
                ),
                Field::optional(
                    "evaluations",
                    Type::Integer { least: 2, most: 1_000_000 },
                    "evaluations of one search; by default 20 n, but at least 100 and at most 500",
                ),
                Field::new(
                    "points",
                    Type::Integer { least: 10, most: MOST_POINTS as i64 },
                    Value::Integer(defaults.points as i64),
                    "most points in the process; beyond, the half with the lowest fvals and the newest of the others",
                ),
                Field::new(
                    "trust_region",
                    Type::Integer { least: 0, most: 1_000_000 },
                    Value::Integer(defaults.trust_region as i64),
                    "with more parameters than this the search stays in a trust region around its best point",
                ),
            ],
        )
    }

    fn search(&self, dimensions: usize, streams: &Streams) -> Box<dyn Search + Send> {
        let streams = streams.part("bayesian");
        let evaluations = self.evaluations.unwrap_or((20 * dimensions).clamp(100, 500)).max(1);
        let initial = self.initial.unwrap_or(2 * (dimensions + 1)).clamp(2, MOST_FIRST).min(evaluations);
        let cube = Bounds { lower: vec![0.0; dimensions], upper: vec![1.0; dimensions] };
        let first = design::maximin_latin_hypercube(initial, &cube, &streams.part("first design"))
            .unwrap_or_else(|_| design::latin_hypercube(initial, &cube, &streams.part("first design")));
        Box::new(Expected {
            points: self.points.clamp(2, MOST_POINTS),
            region: (dimensions > self.trust_region).then(|| Region::new(dimensions)),
            streams,
            evaluations,
            cube,
            asked: first,
            inputs: Vec::new(),
            fvals: Vec::new(),
            fitted: None,
            fit_at: 0,
        })
    }
}

/// A search by expected improvement.
struct Expected {
    points: usize,
    evaluations: usize,
    streams: Streams,
    cube: Bounds,
    region: Option<Region>,
    asked: Vec<Vec<f64>>,
    /// What was seen, in its order.
    inputs: Vec<Vec<f64>>,
    fvals: Vec<f64>,
    fitted: Option<Logarithms>,
    /// How many points there have to be before the hyperparameters are searched for again.
    fit_at: usize,
}

impl Search for Expected {
    fn propose(&mut self) -> Result<Vec<Vec<f64>>, Stop> {
        if self.region.as_ref().is_some_and(Region::is_over) {
            return Err(Stop::Converged(Convergence::Step));
        }
        if self.inputs.len() >= self.evaluations {
            return Err(Stop::Iterations);
        }
        if !self.inputs.is_empty() {
            self.asked = vec![self.next()];
        }
        Ok(self.asked.clone())
    }

    fn learn(&mut self, fvals: &[f64]) {
        if let Some(region) = &mut self.region {
            match self.inputs.is_empty() {
                true => fvals.iter().for_each(|&fval| region.know(fval)),
                false => fvals.iter().for_each(|&fval| region.learn(fval)),
            }
        }
        self.inputs.append(&mut self.asked);
        self.fvals.extend_from_slice(fvals);
    }
}

impl Expected {
    /// The next point: of the highest expected improvement, or any, while nothing can be expected.
    fn next(&mut self) -> Vec<f64> {
        let count = self.inputs.len();
        let mut generator = self.streams.stream(count as u64);
        let kept = self.kept();
        let inputs: Vec<Vec<f64>> = kept.iter().map(|&index| self.inputs[index].clone()).collect();
        let fvals: Vec<f64> = kept.iter().map(|&index| self.fvals[index]).collect();
        let anywhere = self.cube.len();
        let Some(warp) = Warp::new(&fvals) else { return uniform(anywhere, &mut generator) };
        let evidence = Evidence { inputs: &inputs, warp: &warp };
        if count >= self.fit_at || self.fitted.is_none() {
            let restarts = if count <= FEW || self.fitted.is_none() { RESTARTS } else { 0 };
            self.fitted = evidence.fit(self.fitted.as_ref(), restarts, &mut generator).or(self.fitted.take());
            self.fit_at = count + 1 + count.saturating_sub(FEW) / 10;
        }
        let process = self.fitted.as_ref().and_then(|fitted| evidence.process(fitted));
        let Some(process) = process else { return uniform(anywhere, &mut generator) };
        let order = ranked(&fvals);
        let best: Vec<&[f64]> = order.iter().map(|&index| inputs[index].as_slice()).collect();
        let around = self.region.as_ref().map(|region| region.around(best[0], &process.kernel().lengthscales));
        propose(&process, around.as_ref().unwrap_or(&self.cube), &self.inputs, &best, &mut generator)
    }

    /// The points that the process is made of, in their order.
    fn kept(&self) -> Vec<usize> {
        let count = self.inputs.len();
        if count <= self.points {
            return (0..count).collect();
        }
        let order = ranked(&self.fvals);
        let (low, others) = order.split_at(self.points / 2);
        let mut others = others.to_vec();
        others.sort_unstable_by(|a, b| b.cmp(a));
        let mut kept: Vec<usize> = low.iter().chain(&others[..self.points - low.len()]).copied().collect();
        kept.sort_unstable();
        kept
    }
}

#[cfg(test)]
mod tests;
