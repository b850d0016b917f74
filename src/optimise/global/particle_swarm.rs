//! Standard particle swarm optimisation 2011 (Clerc, Standard Particle Swarm Optimisation, 2012; Zambrano-Bigiarini,
//! Clerc & Rojas, IEEE CEC 2013): 40 particles, an adaptive random topology with 3 informants, and moves drawn from a
//! ball, which do not depend on the axes.
//!
//! A particle that leaves the box is put on the face and its velocity there turned round and halved, as the standard
//! has it.

use nalgebra::DVector;
use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use super::Settings;
use super::generations::{Search, first_generation, lowest};
use crate::optimise::ask::{Convergence, Stop};
use crate::random::Streams;
use crate::schema::{Choice, Field, Type, Value};

/// Settings of the particle swarm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParticleSwarm {
    /// How many particles.
    pub population: usize,
    /// How many particles each one informs of its best point.
    pub informants: usize,
    /// Share of its velocity that a particle keeps; by default `1 / (2 ln 2)`.
    pub inertia: f64,
    /// Weight of the pull to the best points, its own and its informants'; by default `1/2 + ln 2`.
    pub pull: f64,
    /// It has converged when all particles' best points lie within this distance of the best of them, in widths of the
    /// box (the radius of the swarm; van den Bergh 2001).
    pub xtol: f64,
}

impl Default for ParticleSwarm {
    fn default() -> Self {
        let ln_2 = std::f64::consts::LN_2;
        Self { population: 40, informants: 3, inertia: 0.5 / ln_2, pull: 0.5 + ln_2, xtol: 1e-8 }
    }
}

impl Settings for ParticleSwarm {
    fn choice() -> Choice {
        let defaults = Self::default();
        let number =
            |name, most, default, doc| Field::new(name, Type::Number { least: 0.0, most }, Value::Number(default), doc);
        let count = |name, least, default: usize, doc| {
            Field::new(name, Type::Integer { least, most: 1_000_000 }, Value::Integer(default as i64), doc)
        };
        Choice::new(
            "particle_swarm",
            "standard particle swarm optimisation 2011 (Zambrano-Bigiarini, Clerc & Rojas 2013)",
            vec![
                count("population", 2, defaults.population, "how many particles"),
                count("informants", 1, defaults.informants, "how many particles each one informs of its best point"),
                number("inertia", 1.0, defaults.inertia, "share of its velocity that a particle keeps"),
                number("pull", 4.0, defaults.pull, "weight of the pull to the best points"),
                number(
                    "xtol",
                    1.0,
                    defaults.xtol,
                    "it ends when the swarm is narrower than this, in widths of the box",
                ),
            ],
        )
    }

    fn search(&self, dimensions: usize, streams: &Streams) -> Box<dyn Search + Send> {
        let streams = streams.part("particle swarm");
        let points = first_generation(self.population.max(2), dimensions, &streams);
        let mut generator = streams.part("velocities").stream(0);
        let particles = points
            .into_iter()
            .map(|x| Particle {
                velocity: x.iter().map(|x| generator.random::<f64>() - x).collect::<Vec<_>>().into(),
                best: x.clone().into(),
                x: x.into(),
                fval: f64::INFINITY,
            })
            .collect();
        Box::new(Swarm {
            settings: *self,
            streams,
            generation: 0,
            particles,
            informed: Vec::new(),
            lowest: f64::INFINITY,
        })
    }
}

struct Particle {
    x: DVector<f64>,
    velocity: DVector<f64>,
    /// The best point where it has been, with its fval.
    best: DVector<f64>,
    fval: f64,
}

struct Swarm {
    settings: ParticleSwarm,
    streams: Streams,
    /// Generations learnt from.
    generation: u64,
    particles: Vec<Particle>,
    /// Whom each particle informs, itself included; empty when the topology is to be drawn anew.
    informed: Vec<Vec<usize>>,
    lowest: f64,
}

impl Swarm {
    fn has_converged(&self) -> bool {
        let fvals: Vec<f64> = self.particles.iter().map(|particle| particle.fval).collect();
        let best = &self.particles[lowest(&fvals)].best;
        self.particles
            .iter()
            .all(|particle| particle.fval.is_finite() && (&particle.best - best).norm() <= self.settings.xtol)
    }

    fn fly(&mut self) {
        let mut generator = self.streams.stream(self.generation);
        let count = self.particles.len();
        if self.informed.is_empty() {
            let informants = self.settings.informants;
            let mut others = || (0..informants).map(|_| generator.random_range(0..count)).collect::<Vec<_>>();
            self.informed = (0..count).map(|own| [vec![own], others()].concat()).collect();
        }
        let mut leader: Vec<usize> = (0..count).collect();
        for (informant, informed) in self.informed.iter().enumerate() {
            for &particle in informed {
                if self.particles[informant].fval < self.particles[leader[particle]].fval {
                    leader[particle] = informant;
                }
            }
        }
        let bests: Vec<DVector<f64>> = leader.iter().map(|&index| self.particles[index].best.clone()).collect();
        for (index, (particle, best)) in self.particles.iter_mut().zip(bests).enumerate() {
            // Without a better informant the centre lies between the particle and its own best point.
            let own = &particle.best - &particle.x;
            let pulls = if leader[index] == index { own / 2.0 } else { (own + (best - &particle.x)) / 3.0 };
            let offset = pulls * self.settings.pull;
            let radius = offset.norm();
            let target = offset + in_ball(particle.x.len(), &mut generator) * radius;
            particle.velocity = &particle.velocity * self.settings.inertia + target;
            particle.x += &particle.velocity;
            for (x, velocity) in particle.x.iter_mut().zip(particle.velocity.iter_mut()) {
                if !(0.0..=1.0).contains(x) {
                    *x = x.clamp(0.0, 1.0);
                    *velocity *= -0.5;
                }
            }
        }
    }
}

impl Search for Swarm {
    fn propose(&mut self) -> Result<Vec<Vec<f64>>, Stop> {
        if self.generation > 0 {
            if self.has_converged() {
                return Err(Stop::Converged(Convergence::Step));
            }
            self.fly();
        }
        Ok(self.particles.iter().map(|particle| particle.x.as_slice().to_vec()).collect())
    }

    fn learn(&mut self, fvals: &[f64]) {
        self.generation += 1;
        for (particle, &fval) in self.particles.iter_mut().zip(fvals) {
            if fval < particle.fval {
                particle.fval = fval;
                particle.best.copy_from(&particle.x);
            }
        }
        let lowest = fvals[lowest(fvals)];
        if lowest < self.lowest {
            self.lowest = lowest;
        } else {
            self.informed.clear();
        }
    }
}

/// A point of the unit ball with a uniform direction and a uniform distance from the centre, as the standard draws it.
fn in_ball(dimensions: usize, generator: &mut ChaCha8Rng) -> DVector<f64> {
    let direction = DVector::from_iterator(dimensions, (0..dimensions).map(|_| generator.sample(StandardNormal)));
    let length: f64 = direction.norm();
    let distance: f64 = generator.random();
    if length > 0.0 { direction * (distance / length) } else { direction }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::functions::Function;
    use crate::optimise::global::Method;
    use crate::optimise::global::tests::{Failing, evaluations_to, minimise};

    #[test]
    fn finds_the_minima() {
        for (function, most) in
            [(Function::Sphere, 6_000), (Function::Rosenbrock, 40_000), (Function::Rastrigin, 20_000)]
        {
            let swarm = Method::ParticleSwarm(ParticleSwarm::default());
            let evaluations = evaluations_to(1e-6, swarm, function, 3, most);
            assert!(evaluations.is_some(), "{function:?}");
        }
    }

    #[test]
    fn converges_when_the_swarm_is_narrow() {
        let swarm = Method::ParticleSwarm(ParticleSwarm::default());
        let outcome = minimise(swarm, &Failing::nowhere(Function::Sphere, 3), 50_000.0);
        assert_eq!(outcome.stop, Stop::Converged(Convergence::Step));
        assert!(outcome.best.is_some_and(|(_, fval)| fval < 1e-12));
    }
}
