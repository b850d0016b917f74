//! The simplex method of Nelder & Mead (The Computer Journal 1965), a local method, from many random starts one after
//! the other.
//!
//! Each is a [`Simplex`]; tolerances and the first simplex are those of `SciPy`'s `minimize`, in the unit cube instead of
//! relative to the start. Most of its questions are a single point: it gains nothing from many cores.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::Settings;
use super::generations::Search;
use crate::optimise::ask::Stop;
use crate::optimise::bounds::Bounds;
use crate::optimise::local::simplex::{Shape, Simplex};
use crate::random::Streams;
use crate::schema::{Choice, Field, Type, Value};

/// Settings of the simplex method.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NelderMead {
    /// How many starts, drawn uniformly in the box.
    pub starts: usize,
    /// Edge of the first simplex, in widths of the box.
    pub size: f64,
    /// A simplex has converged when no vertex is farther from the best one than this in any coordinate, in widths of
    /// the box, and no fval is higher than its by more than `fatol`.
    pub xatol: f64,
    /// Absolute tolerance of the fval; see `xatol`.
    pub fatol: f64,
}

impl Default for NelderMead {
    fn default() -> Self {
        Self { starts: 100, size: 0.05, xatol: 1e-4, fatol: 1e-4 }
    }
}

impl Settings for NelderMead {
    fn choice() -> Choice {
        let defaults = Self::default();
        let number =
            |name, most, default, doc| Field::new(name, Type::Number { least: 0.0, most }, Value::Number(default), doc);
        Choice::new(
            "nelder_mead",
            "the simplex method (Nelder & Mead 1965; coefficients by Gao & Han 2012), local, from many random starts",
            vec![
                Field::new(
                    "starts",
                    Type::Integer { least: 1, most: 1_000_000 },
                    Value::Integer(defaults.starts as i64),
                    "how many starts, one after the other",
                ),
                number("size", 1.0, defaults.size, "edge of the first simplex, in widths of the box"),
                number("xatol", 1.0, defaults.xatol, "a simplex ends when it is no larger, in widths of the box"),
                number("fatol", 1e6, defaults.fatol, "and when its fvals differ by no more"),
            ],
        )
    }

    fn search(&self, dimensions: usize, streams: &Streams) -> Box<dyn Search + Send> {
        let streams = streams.part("nelder mead");
        let simplex = simplex(*self, &streams, dimensions, 0);
        Box::new(Restarts { settings: *self, streams, dimensions, begun: 1, simplex })
    }
}

/// Simplices from random starts, one after the other.
struct Restarts {
    settings: NelderMead,
    streams: Streams,
    dimensions: usize,
    /// Simplices begun so far.
    begun: u64,
    simplex: Simplex,
}

/// The simplex with this number.
fn simplex(settings: NelderMead, streams: &Streams, dimensions: usize, number: u64) -> Simplex {
    let mut generator = streams.stream(number);
    let start = (0..dimensions).map(|_| generator.random()).collect();
    let cube = Bounds { lower: vec![0.0; dimensions], upper: vec![1.0; dimensions] };
    let NelderMead { size, xatol, fatol, .. } = settings;
    Simplex::new(start, cube, Shape { size, xatol, fatol, frtol: 0.0 })
}

impl Search for Restarts {
    fn propose(&mut self) -> Result<Vec<Vec<f64>>, Stop> {
        match self.simplex.propose() {
            Err(_) if self.begun < self.settings.starts as u64 => {
                self.simplex = simplex(self.settings, &self.streams, self.dimensions, self.begun);
                self.begun += 1;
                self.simplex.propose()
            }
            proposed => proposed,
        }
    }

    fn learn(&mut self, fvals: &[f64]) {
        self.simplex.learn(fvals);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::ask::Convergence;
    use crate::optimise::functions::Function;
    use crate::optimise::global::Method;
    use crate::optimise::global::tests::{Failing, evaluations_to, minimise};

    #[test]
    fn finds_the_minima() {
        let precise = NelderMead { starts: 1000, xatol: 1e-5, fatol: 1e-8, ..NelderMead::default() };
        for (function, dimensions, most) in [
            (Function::Sphere, 3, 1_000),
            (Function::Rosenbrock, 3, 2_000),
            // One basin of a hundred.
            (Function::Rastrigin, 2, 30_000),
        ] {
            let evaluations = evaluations_to(1e-6, Method::NelderMead(precise), function, dimensions, most);
            assert!(evaluations.is_some(), "{function:?}");
        }
    }

    #[test]
    fn one_start_converges() {
        let once = Method::NelderMead(NelderMead { starts: 1, ..NelderMead::default() });
        for dimensions in [1, 2, 5] {
            let outcome = minimise(once, &Failing::nowhere(Function::Sphere, dimensions), 10_000.0);
            assert_eq!(outcome.stop, Stop::Converged(Convergence::Fval));
            assert!(outcome.best.is_some_and(|(_, fval)| fval < 1e-3));
        }
    }
}
