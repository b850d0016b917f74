//! The simplex method of Nelder & Mead (The Computer Journal 1965), a local method, from many random starts one after
//! the other.
//!
//! The coefficients depend on the dimensions (Gao & Han, Computational Optimization and Applications 2012), points
//! beyond a face are put on it, and tolerances and the first simplex are those of `SciPy`'s `minimize`, in the unit cube
//! instead of relative to the start. Most of its questions are a single point: it gains nothing from many cores.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::Settings;
use super::generations::{Search, ranked};
use crate::optimise::ask::{Convergence, Stop};
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
        let mut search = Simplex {
            settings: *self,
            streams: streams.part("nelder mead"),
            dimensions,
            begun: 0,
            ended: None,
            vertices: Vec::new(),
            fvals: Vec::new(),
            step: Step::First,
            asked: Vec::new(),
        };
        search.begin();
        Box::new(search)
    }
}

struct Simplex {
    settings: NelderMead,
    streams: Streams,
    dimensions: usize,
    /// Simplices begun so far.
    begun: u64,
    /// Why the last simplex ended, once there is no start left.
    ended: Option<Stop>,
    /// Lowest fval first.
    vertices: Vec<Vec<f64>>,
    fvals: Vec<f64>,
    step: Step,
    asked: Vec<Vec<f64>>,
}

/// What was asked for.
enum Step {
    /// All vertices.
    First,
    /// The worst vertex mirrored at the centre of the others.
    Reflected,
    /// The mirrored vertex, and a point further out.
    Expanded(Vec<f64>, f64),
    /// A point between the centre and the mirrored or the worst vertex, which has to be below this.
    Contracted(f64),
    /// All vertices but the best, pulled to it.
    Shrunk,
}

impl Simplex {
    fn begin(&mut self) {
        let mut generator = self.streams.stream(self.begun);
        self.begun += 1;
        let start: Vec<f64> = (0..self.dimensions).map(|_| generator.random()).collect();
        let corner = |index: usize| {
            let mut vertex = start.clone();
            // Towards the wider side, so that the simplex keeps its volume.
            vertex[index] += if vertex[index] > 0.5 { -self.settings.size } else { self.settings.size };
            vertex[index] = vertex[index].clamp(0.0, 1.0);
            vertex
        };
        self.asked = (0..self.dimensions).map(corner).collect();
        self.asked.insert(0, start);
        self.step = Step::First;
    }

    /// The point at `factor` times the way from the worst vertex to the centre of the others, beyond it.
    fn beyond(&self, factor: f64) -> Vec<f64> {
        let worst = &self.vertices[self.dimensions];
        let others = &self.vertices[..self.dimensions];
        (0..self.dimensions)
            .map(|index| {
                let centre = others.iter().map(|vertex| vertex[index]).sum::<f64>() / self.dimensions as f64;
                (centre + factor * (centre - worst[index])).clamp(0.0, 1.0)
            })
            .collect()
    }

    /// The coefficients of expansion, contraction and shrinking; with one dimension those of two are meant.
    fn coefficients(&self) -> (f64, f64, f64) {
        let n = self.dimensions.max(2) as f64;
        (1.0 + 2.0 / n, 0.75 - 0.5 / n, 1.0 - 1.0 / n)
    }

    fn replace_worst(&mut self, x: Vec<f64>, fval: f64) {
        self.vertices[self.dimensions] = x;
        self.fvals[self.dimensions] = fval;
        self.turn();
    }

    fn shrink(&mut self) {
        let (_, _, factor) = self.coefficients();
        let best = &self.vertices[0];
        let pulled = |vertex: &Vec<f64>| best.iter().zip(vertex).map(|(best, x)| best + factor * (x - best)).collect();
        self.asked = self.vertices[1..].iter().map(pulled).collect();
        self.step = Step::Shrunk;
    }

    /// The next iteration of this simplex, or the next simplex.
    fn turn(&mut self) {
        let order = ranked(&self.fvals);
        self.vertices = order.iter().map(|&index| std::mem::take(&mut self.vertices[index])).collect();
        self.fvals = order.iter().map(|&index| self.fvals[index]).collect();
        let best = &self.vertices[0];
        let reach = self.vertices[1..]
            .iter()
            .flat_map(|vertex| vertex.iter().zip(best).map(|(x, best)| (x - best).abs()))
            .fold(0.0, f64::max);
        let ended = if !self.fvals[0].is_finite() {
            Some(Stop::Stuck)
        } else if reach <= self.settings.xatol && self.fvals[self.dimensions] - self.fvals[0] <= self.settings.fatol {
            Some(Stop::Converged(Convergence::Fval))
        } else if reach <= f64::EPSILON {
            // A cliff or noise: no smaller simplex can be told from a point.
            Some(Stop::Stuck)
        } else {
            None
        };
        match ended {
            Some(stop) if self.begun >= self.settings.starts as u64 => self.ended = Some(stop),
            Some(_) => self.begin(),
            None => {
                self.asked = vec![self.beyond(1.0)];
                self.step = Step::Reflected;
            }
        }
    }
}

impl Search for Simplex {
    fn propose(&mut self) -> Result<Vec<Vec<f64>>, Stop> {
        self.ended.map_or_else(|| Ok(self.asked.clone()), Err)
    }

    fn learn(&mut self, fvals: &[f64]) {
        let mut asked = std::mem::take(&mut self.asked);
        let (expansion, contraction, _) = self.coefficients();
        match std::mem::replace(&mut self.step, Step::First) {
            Step::First => {
                (self.vertices, self.fvals) = (asked, fvals.to_vec());
                self.turn();
            }
            Step::Reflected => {
                let (x, fval) = (asked.remove(0), fvals[0]);
                if fval < self.fvals[0] {
                    self.asked = vec![self.beyond(expansion)];
                    self.step = Step::Expanded(x, fval);
                } else if fval < self.fvals[self.dimensions - 1] {
                    self.replace_worst(x, fval);
                } else {
                    let outside = fval < self.fvals[self.dimensions];
                    self.asked = vec![self.beyond(if outside { contraction } else { -contraction })];
                    self.step = Step::Contracted(fval.min(self.fvals[self.dimensions]));
                }
            }
            Step::Expanded(reflected, lower) => {
                if fvals[0] < lower {
                    self.replace_worst(asked.remove(0), fvals[0]);
                } else {
                    self.replace_worst(reflected, lower);
                }
            }
            Step::Contracted(below) => {
                if fvals[0] < below {
                    self.replace_worst(asked.remove(0), fvals[0]);
                } else {
                    self.shrink();
                }
            }
            Step::Shrunk => {
                self.vertices.truncate(1);
                self.vertices.append(&mut asked);
                self.fvals.truncate(1);
                self.fvals.extend_from_slice(fvals);
                self.turn();
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
