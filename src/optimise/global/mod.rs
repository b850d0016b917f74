//! Global optimisers: methods that search the whole box, each by the values of whole generations of points.
//!
//! A method is one file with its settings and a [`Search`]: it proposes generations in the unit cube and learns from
//! their fvals, which are infinite where a solve failed. [`Generations`] turns that into the conversation of
//! [`Optimiser`]: it maps the cube to the box, leaves out parameters with equal bounds and keeps the best vector. A new
//! method is a file, its `mod` and one line of [`Method`].
//!
//! Streams are named by the method's part and the number of the generation, so that what is drawn depends on nothing
//! but the answers.

mod generations;

pub mod bayesian;
pub mod cmaes;
pub mod differential_evolution;
pub mod genetic;
pub mod mcmc;
pub mod nelder_mead;
pub mod particle_swarm;
pub mod scatter_search;

pub(super) use generations::ranked;
pub use generations::{Generations, Search};

use serde::{Deserialize, Serialize};

use super::ask::Optimiser;
use super::bounds::Bounds;
use super::local::LocalSettings;
use crate::random::Streams;
use crate::schema::Choice;

/// What a method's settings know about it.
pub trait Settings: Default {
    /// How the language names the method and its settings.
    fn choice() -> Choice;

    /// The search in the unit cube of `dimensions` (at least one) that these settings ask for.
    fn search(&self, dimensions: usize, streams: &Streams) -> Box<dyn Search + Send>;
}

macro_rules! methods {
    ($($(#[$doc:meta])* $variant:ident($settings:ty),)*) => {
        /// A global method by name, with its settings; see [`methods()`].
        #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Method {
            $($(#[$doc])* $variant($settings),)*
        }

        impl Method {
            /// An optimiser by this method between finite bounds. Where a bound is not finite it asks nothing and ends
            /// as [`super::Stop::StartFailed`].
            #[must_use]
            pub fn build(&self, bounds: &Bounds, streams: &Streams) -> Box<dyn Optimiser + Send> {
                let search = |dimensions| match self {
                    $(Method::$variant(settings) => settings.search(dimensions, streams),)*
                };
                Box::new(Generations::new(bounds, search))
            }
        }

        /// The global methods, as the language names them. [`Method`] is their typed form.
        #[must_use]
        pub fn methods() -> Vec<Choice> {
            vec![$(<$settings>::choice(),)*]
        }
    };
}

impl Method {
    /// The local method that its search calls, where it calls one.
    #[must_use]
    pub fn local(&self) -> Option<LocalSettings> {
        if let Method::ScatterSearch(settings) = self { settings.local.settings() } else { None }
    }
}

methods! {
    /// [`differential_evolution`]
    DifferentialEvolution(differential_evolution::DifferentialEvolution),
    /// [`cmaes`]
    Cmaes(cmaes::Cmaes),
    /// [`particle_swarm`]
    ParticleSwarm(particle_swarm::ParticleSwarm),
    /// [`genetic`]
    Genetic(genetic::Genetic),
    /// [`mcmc`]
    Mcmc(mcmc::Mcmc),
    /// [`scatter_search`]
    ScatterSearch(scatter_search::ScatterSearch),
    /// [`nelder_mead`]
    NelderMead(nelder_mead::NelderMead),
    /// [`bayesian`]
    Bayesian(bayesian::Bayesian),
}

#[cfg(test)]
mod tests;
