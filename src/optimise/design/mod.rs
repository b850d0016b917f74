//! Initial designs: where descents start. One file a design; each draws on the unit box, and [`Bounds::from_unit`]
//! carries its points to the estimation scale.

mod error;
mod jitter;
mod latin_hypercube;
mod maximin;
mod multi_jittered;
mod random;
mod screened;
mod sobol;

use serde::{Deserialize, Serialize};

use super::bounds::Bounds;
use crate::random::Streams;

pub use error::DesignError;
pub use jitter::jitter;
pub use latin_hypercube::latin_hypercube;
pub use maximin::{MOST_MAXIMIN, maximin_latin_hypercube};
pub use multi_jittered::{multi_jittered, multi_jittered_count};
pub use random::{random, random_within};
pub use screened::{best_of, screened_candidates};
pub use sobol::{MOST_SOBOL, MOST_SOBOL_DIMENSIONS, sobol};

/// An initial design by name, as settings hold it; see [`super::schema::designs`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Design {
    /// [`latin_hypercube()`], or [`maximin_latin_hypercube`] by its criterion.
    LatinHypercube {
        /// How many points.
        count: usize,
        /// What the hypercube is improved by; as it is drawn where nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        criterion: Option<Criterion>,
    },
    /// [`random()`]
    Random {
        /// How many points.
        count: usize,
    },
    /// [`multi_jittered()`]
    MultiJittered {
        /// How many points.
        count: usize,
    },
    /// [`sobol()`]
    Sobol {
        /// How many points.
        count: usize,
    },
    /// The best of more candidates: [`screened_candidates`], then [`best_of`].
    Screened {
        /// How many points are left.
        count: usize,
        /// How many candidates are drawn and solved.
        of: usize,
    },
}

/// What a Latin hypercube is improved by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// A larger smallest distance between its points.
    Maximin,
}

impl Design {
    /// How many points it has in the end.
    #[must_use]
    pub fn count(&self) -> usize {
        match *self {
            Design::LatinHypercube { count, .. }
            | Design::Random { count }
            | Design::MultiJittered { count }
            | Design::Sobol { count }
            | Design::Screened { count, .. } => count,
        }
    }

    /// Does the design exist in a box of so many dimensions?
    ///
    /// # Errors
    /// When it does not; the message names what does.
    pub fn check(&self, dimensions: usize) -> Result<(), DesignError> {
        match *self {
            Design::LatinHypercube { criterion: None, .. } | Design::Random { .. } => Ok(()),
            Design::LatinHypercube { count, criterion: Some(Criterion::Maximin) } => maximin::check(count),
            Design::MultiJittered { count } => multi_jittered::check(count, dimensions),
            Design::Sobol { count } => sobol::check(count, dimensions),
            Design::Screened { count, of } => screened::check(count, of),
        }
    }

    /// Its points in the box, on the estimation scale; of a screened design these are the candidates, of which
    /// [`best_of`] leaves [`Design::count`]. The bounds must be finite.
    ///
    /// # Errors
    /// Like [`Design::check`].
    pub fn points(&self, bounds: &Bounds, streams: &Streams) -> Result<Vec<Vec<f64>>, DesignError> {
        match *self {
            Design::LatinHypercube { count, criterion: None } => Ok(latin_hypercube(count, bounds, streams)),
            Design::LatinHypercube { count, criterion: Some(Criterion::Maximin) } => {
                maximin_latin_hypercube(count, bounds, streams)
            }
            Design::Random { count } => Ok(random(count, bounds, streams)),
            Design::MultiJittered { count } => multi_jittered(count, bounds, streams),
            Design::Sobol { count } => sobol(count, bounds, streams),
            Design::Screened { count, of } => screened_candidates(count, of, bounds, streams),
        }
    }
}

#[cfg(test)]
mod tests;
