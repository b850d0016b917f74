//! The simplex method of Nelder & Mead (The Computer Journal 1965) as a local descent, by fvals alone: for objectives
//! whose gradients cannot be had. It is the simplex of [`crate::optimise::global::nelder_mead`], from one given start.
//!
//! Coordinates are in widths of the box; where a side of it is open, in units of the estimation scale. Vertices are
//! evaluated one after the other, so that the order of evaluations does not depend on threads.

use serde::{Deserialize, Serialize};

use super::ending::most_iterations;
use super::simplex::{Shape, Simplex};
use super::start_in;
use crate::optimise::ask::{Answer, Ask, Optimiser, Stop};
use crate::optimise::bounds::Bounds;
use crate::optimise::trust_region::{StopRule, settings::stop};
use crate::schema::{Choice, Field, Type, Value};

/// Settings of the simplex method.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NelderMeadSettings {
    /// Most iterations. Each replaces the worst vertex by one or two evaluations of the fval, or shrinks the simplex by as
    /// many more as there are parameters.
    pub iterations: usize,
    /// Which of tolerances and iterations may end the descent.
    pub stop: StopRule,
    /// Edge of the first simplex, in widths of the box.
    pub size: f64,
    /// The simplex has converged when no vertex is farther from the best one than this in any coordinate, in widths of
    /// the box, and no fval is higher than its by more than `fatol + frtol |fval|`.
    pub xatol: f64,
    /// Absolute tolerance of the fval; see `xatol`.
    pub fatol: f64,
    /// Relative tolerance of the fval; see `xatol`.
    pub frtol: f64,
}

impl Default for NelderMeadSettings {
    fn default() -> Self {
        Self { iterations: 2000, stop: StopRule::Either, size: 0.05, xatol: 1e-4, fatol: 1e-4, frtol: 0.0 }
    }
}

impl NelderMeadSettings {
    /// The shape under the stopping rule, which may leave no tolerance in force.
    fn shape(&self) -> Shape {
        let Self { size, xatol, fatol, frtol, .. } = *self;
        let size = if size.is_finite() && size > 0.0 { size } else { Self::default().size };
        match self.stop {
            StopRule::Iterations => Shape { size, ..Shape::default() },
            StopRule::Either | StopRule::Converged => Shape { size, xatol, fatol, frtol },
        }
    }
}

/// `nelder_mead(...)` as a local descent
#[must_use]
pub fn schema() -> Choice {
    let defaults = NelderMeadSettings::default();
    let number =
        |name, least, most, default, doc| Field::new(name, Type::Number { least, most }, Value::Number(default), doc);
    Choice::new(
        "nelder_mead",
        "the simplex method (Nelder & Mead 1965; coefficients by Gao & Han 2012), by fvals alone: for objectives whose \
         gradients cannot be had",
        vec![
            most_iterations(
                defaults.iterations,
                "most iterations; each evaluates the fval once or twice, and more where the simplex shrinks",
            ),
            stop(),
            number("size", 1e-6, 1.0, defaults.size, "edge of the first simplex, in widths of the box"),
            number("xatol", 0.0, 1.0, defaults.xatol, "a simplex ends when it is no larger, in widths of the box"),
            number("fatol", 0.0, 1e6, defaults.fatol, "and when its fvals differ by no more"),
            number("frtol", 0.0, 1e6, defaults.frtol, "tolerance of the fval, relative to it; adds to `fatol`"),
        ],
    )
}

/// The descent as an optimiser that asks for one fval at a time.
#[derive(Debug, Clone)]
pub struct NelderMead {
    bounds: Bounds,
    iterations: usize,
    /// Indices of the parameters that are not fixed by equal bounds: the simplex's dimensions.
    free: Vec<usize>,
    /// The unit of each free parameter.
    units: Vec<f64>,
    start: Vec<f64>,
    simplex: Simplex,
    shape: Shape,
    /// Iterations of earlier simplices.
    spent: usize,
    /// The fval at which the last simplex converged on a face.
    converged: Option<f64>,
    /// The fvals that came of the batch that the simplex asked for.
    fvals: Vec<f64>,
    best: Option<(Vec<f64>, f64)>,
    stop: Option<Stop>,
}

impl NelderMead {
    /// A descent from `start`; see [`super::LocalSettings::build`].
    #[must_use]
    pub fn new(bounds: Bounds, start: &[f64], settings: NelderMeadSettings) -> Self {
        let inside = start_in(&bounds, start);
        let stop = inside.is_none().then_some(Stop::StartFailed);
        let start = inside.unwrap_or_default();
        let free: Vec<usize> = (0..start.len()).filter(|&index| bounds.lower[index] < bounds.upper[index]).collect();
        let unit = |index: &usize| {
            let width = bounds.upper[*index] - bounds.lower[*index];
            if width.is_finite() { width } else { 1.0 }
        };
        let units: Vec<f64> = free.iter().map(unit).collect();
        Self {
            simplex: around(&start, &bounds, &free, &units, settings.shape()),
            shape: settings.shape(),
            iterations: settings.stop.most(settings.iterations),
            spent: 0,
            converged: None,
            bounds,
            free,
            units,
            start,
            fvals: Vec::new(),
            best: None,
            stop,
        }
    }

    /// Points that are put on a face may flatten the simplex into it. Where it has converged on a face, a fresh one begins
    /// at its best vertex, until that is no lower.
    fn begin_again(&mut self) {
        let Err(Stop::Converged(_)) = self.simplex.propose() else { return };
        let Some((x, fval)) = &self.best else { return };
        let on_a_face = self.free.iter().any(|&at| x[at] <= self.bounds.lower[at] || x[at] >= self.bounds.upper[at]);
        let tolerance = self.shape.fatol + self.shape.frtol * fval.abs();
        if on_a_face && self.converged.is_none_or(|before| before - fval > tolerance) {
            self.converged = Some(*fval);
            self.spent += self.simplex.iterations();
            self.start.clone_from(x);
            self.simplex = around(&self.start, &self.bounds, &self.free, &self.units, self.shape);
        }
    }

    fn in_box(&self, point: &[f64]) -> Vec<f64> {
        let mut x = self.start.clone();
        for ((&index, unit), coordinate) in self.free.iter().zip(&self.units).zip(point) {
            x[index] += coordinate * unit;
        }
        self.bounds.clip(&x)
    }
}

/// The first simplex around a vector, which is the origin of its coordinates.
fn around(x: &[f64], bounds: &Bounds, free: &[usize], units: &[f64], shape: Shape) -> Simplex {
    let side = |of: &[f64]| free.iter().zip(units).map(|(&index, unit)| (of[index] - x[index]) / unit).collect();
    let room = Bounds { lower: side(&bounds.lower), upper: side(&bounds.upper) };
    Simplex::new(vec![0.0; free.len()], room, shape)
}

impl Optimiser for NelderMead {
    fn ask(&mut self) -> Ask {
        if let Some(stop) = self.stop {
            return Ask::Done(stop);
        }
        match self.simplex.propose() {
            Ok(points) => points
                .get(self.fvals.len())
                .map_or(Ask::Done(Stop::Exhausted), |point| Ask::Values(vec![self.in_box(point)])),
            Err(stop) => Ask::Done(stop),
        }
    }

    fn tell(&mut self, answers: &[Answer]) {
        let Ask::Values(mut asked) = self.ask() else { return };
        let fval = match answers.first() {
            Some(Answer::Value(fval)) if !fval.is_nan() => *fval,
            _ => f64::INFINITY,
        };
        let Some(x) = asked.pop() else { return };
        match &self.best {
            None if !fval.is_finite() => {
                self.stop = Some(Stop::StartFailed);
                return;
            }
            Some((_, lowest)) if !(fval < *lowest) => {}
            _ => self.best = Some((x, fval)),
        }
        self.fvals.push(fval);
        let is_whole = self.simplex.propose().is_ok_and(|points| points.len() == self.fvals.len());
        if is_whole {
            self.simplex.learn(&std::mem::take(&mut self.fvals));
            self.begin_again();
        }
        if self.stop.is_none()
            && self.spent + self.simplex.iterations() >= self.iterations
            && self.simplex.propose().is_ok()
        {
            self.stop = Some(Stop::Iterations);
        }
    }

    fn best(&self) -> Option<(&[f64], f64)> {
        self.best.as_ref().map(|(x, fval)| (x.as_slice(), *fval))
    }
}
