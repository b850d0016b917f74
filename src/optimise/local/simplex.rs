//! The simplex of Nelder & Mead (The Computer Journal 1965), from one start to its end.
//!
//! The coefficients depend on the dimensions (Gao & Han, Computational Optimization and Applications 2012), points
//! beyond a face are put on it.

use crate::optimise::ask::{Convergence, Stop};
use crate::optimise::bounds::Bounds;
use crate::optimise::global::ranked;

/// Size and end of a simplex, in units of its coordinates.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(in crate::optimise) struct Shape {
    /// Edge of the first simplex.
    pub(in crate::optimise) size: f64,
    /// It has converged when no vertex is farther from the best one than this in any coordinate, and no fval is higher
    /// than its by more than `fatol + frtol |fval|`.
    pub(in crate::optimise) xatol: f64,
    /// Absolute tolerance of the fval; see `xatol`.
    pub(in crate::optimise) fatol: f64,
    /// Relative tolerance of the fval; see `xatol`.
    pub(in crate::optimise) frtol: f64,
}

/// A simplex that asks for batches of points and learns from their fvals.
#[derive(Debug, Clone)]
pub(in crate::optimise) struct Simplex {
    shape: Shape,
    bounds: Bounds,
    dimensions: usize,
    ended: Option<Stop>,
    /// Lowest fval first.
    vertices: Vec<Vec<f64>>,
    fvals: Vec<f64>,
    step: Step,
    asked: Vec<Vec<f64>>,
    iterations: usize,
}

/// What was asked for.
#[derive(Debug, Clone)]
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
    /// A simplex with one vertex at `start`, which lies in the bounds. They may be open.
    pub(in crate::optimise) fn new(start: Vec<f64>, bounds: Bounds, shape: Shape) -> Self {
        let corner = |index: usize| {
            let (lower, upper) = (bounds.lower[index], bounds.upper[index]);
            let mut vertex = start.clone();
            // Towards the wider side, so that the simplex keeps its volume.
            vertex[index] += if upper - vertex[index] < vertex[index] - lower { -shape.size } else { shape.size };
            vertex[index] = vertex[index].clamp(lower, upper);
            vertex
        };
        let dimensions = start.len();
        let mut asked: Vec<Vec<f64>> = (0..dimensions).map(corner).collect();
        asked.insert(0, start);
        Self {
            shape,
            bounds,
            dimensions,
            ended: None,
            vertices: Vec::new(),
            fvals: Vec::new(),
            step: Step::First,
            asked,
            iterations: 0,
        }
    }

    /// The points to evaluate next, the start being the first of all.
    ///
    /// # Errors
    /// The reason to stop, when it has ended.
    pub(in crate::optimise) fn propose(&self) -> Result<Vec<Vec<f64>>, Stop> {
        self.ended.map_or_else(|| Ok(self.asked.clone()), Err)
    }

    /// How often a vertex was replaced or the simplex shrunk.
    pub(in crate::optimise) fn iterations(&self) -> usize {
        self.iterations
    }

    /// The point at `factor` times the way from the worst vertex to the centre of the others, beyond it.
    fn beyond(&self, factor: f64) -> Vec<f64> {
        let worst = &self.vertices[self.dimensions];
        let others = &self.vertices[..self.dimensions];
        (0..self.dimensions)
            .map(|index| {
                let centre = others.iter().map(|vertex| vertex[index]).sum::<f64>() / self.dimensions as f64;
                let (lower, upper) = (self.bounds.lower[index], self.bounds.upper[index]);
                (centre + factor * (centre - worst[index])).clamp(lower, upper)
            })
            .collect()
    }

    /// The coefficients of expansion, contraction and shrinking; with one dimension those of two are meant.
    fn coefficients(&self) -> (f64, f64, f64) {
        let n = self.dimensions.max(2) as f64;
        (1.0 + 2.0 / n, 0.75 - 0.5 / n, 1.0 - 1.0 / n)
    }

    fn replace_worst(&mut self, x: Vec<f64>, fval: f64) {
        self.iterations += 1;
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

    /// The next iteration, or the end.
    fn turn(&mut self) {
        let order = ranked(&self.fvals);
        self.vertices = order.iter().map(|&index| std::mem::take(&mut self.vertices[index])).collect();
        self.fvals = order.iter().map(|&index| self.fvals[index]).collect();
        let best = &self.vertices[0];
        let reach = self.vertices[1..]
            .iter()
            .flat_map(|vertex| vertex.iter().zip(best).map(|(x, best)| (x - best).abs()))
            .fold(0.0, f64::max);
        let Shape { xatol, fatol, frtol, .. } = self.shape;
        self.ended = if !self.fvals[0].is_finite() {
            Some(Stop::Stuck)
        } else if reach <= xatol && self.fvals[self.dimensions] - self.fvals[0] <= fatol + frtol * self.fvals[0].abs() {
            Some(Stop::Converged(Convergence::Fval))
        } else if reach <= f64::EPSILON {
            // A cliff or noise: no smaller simplex can be told from a point.
            Some(Stop::Stuck)
        } else {
            None
        };
        if self.ended.is_none() {
            self.asked = vec![self.beyond(1.0)];
            self.step = Step::Reflected;
        }
    }

    /// Takes the fvals of the points that were asked for, in their order; infinite where a solve failed, never NaN.
    pub(in crate::optimise) fn learn(&mut self, fvals: &[f64]) {
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
                self.iterations += 1;
                self.vertices.truncate(1);
                self.vertices.append(&mut asked);
                self.fvals.truncate(1);
                self.fvals.extend_from_slice(fvals);
                self.turn();
            }
        }
    }
}
