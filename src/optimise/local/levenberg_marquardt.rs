//! Levenberg-Marquardt (Levenberg, Quarterly of Applied Mathematics 1944; Marquardt, Journal of the Society for
//! Industrial and Applied Mathematics 1963) between bounds: Gauss-Newton steps, damped as far as they need it.
//!
//! Each step solves `(H + mu 1) s = -g` on the Gauss-Newton or Fisher Hessian `H = J'J` that the objective gives;
//! residuals themselves are not needed, so that it works for a likelihood with estimated noise, too. The damping follows
//! the ratio of actual to promised descent (Nielsen, Technical University of Denmark 1999; Madsen, Nielsen & Tingleff
//! 2004). It is added, not multiplied with the diagonal as Marquardt did, which lets parameters that hardly matter run away
//! (Transtrum & Sethna 2012). A parameter at a bound with the gradient pressing against it is held, and one that a step
//! would carry beyond its bound is put there, with the others solved for again.

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use super::ending::{Ending, fields};
use super::start_in;
use crate::optimise::ask::{Answer, Ask, Convergence, Optimiser, Position, Stop};
use crate::optimise::bounds::Bounds;
use crate::optimise::objective::GradientAnswer;
use crate::optimise::trust_region::StopRule;
use crate::schema::{Choice, Field, Type, Value};

/// The damping grows by this factor after a step that fails, by its square after the next, and so on.
const GROW: f64 = 2.0;
/// The damping shrinks at most by this factor.
const SHRINK: f64 = 1.0 / 3.0;
/// Damping that only keeps the matrix definite, in units of its largest diagonal entry.
const LEAST: f64 = 1e-9;
/// A descent that gets stuck has converged when its model promises less than this many tolerances: noise of the solver
/// hides what is left.
const NOISE: f64 = 100.0;

/// Settings of Levenberg-Marquardt; the tolerances are those of MINPACK and `SciPy`'s `least_squares`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LevenbergMarquardtSettings {
    /// Most iterations. Each is one evaluation with derivatives; the start's own comes before the first.
    pub iterations: usize,
    /// Which of tolerances and iterations may end the descent.
    pub stop: StopRule,
    /// Absolute tolerance of the fval: the descent has converged when a step changes it by no more than
    /// `fatol + frtol |fval|` and had promised no more.
    pub fatol: f64,
    /// Relative tolerance of the fval; see `fatol`.
    pub frtol: f64,
    /// Tolerance of the projected gradient's largest component.
    pub gtol: f64,
    /// Tolerance of an accepted step's largest component; 0 is off.
    pub xtol: f64,
    /// The first damping, in units of the Hessian's largest diagonal entry.
    pub damping: f64,
}

impl Default for LevenbergMarquardtSettings {
    fn default() -> Self {
        Self { iterations: 200, stop: StopRule::Either, fatol: 1e-8, frtol: 1e-8, gtol: 1e-6, xtol: 0.0, damping: 1e-3 }
    }
}

impl LevenbergMarquardtSettings {
    fn ending(&self) -> Ending {
        let Self { iterations, fatol, frtol, gtol, xtol, .. } = *self;
        Ending { iterations, fatol, frtol, gtol, xtol }
    }
}

/// `levenberg_marquardt(...)`
#[must_use]
pub fn schema() -> Choice {
    let defaults = LevenbergMarquardtSettings::default();
    let mut settings = fields(
        defaults.ending(),
        "most iterations; each evaluates the gradient once",
        "absolute tolerance of the fval: what a step promises and what it brings",
    );
    settings.push(Field::new(
        "damping",
        Type::Number { least: 1e-15, most: 1e6 },
        Value::Number(defaults.damping),
        "the first damping, in units of the Hessian's largest diagonal entry",
    ));
    Choice::new(
        "levenberg_marquardt",
        "Levenberg-Marquardt: damped Gauss-Newton steps (Levenberg 1944; Marquardt 1963; damping by Nielsen 1999), with \
         parameters held at the bounds that they meet",
        settings,
    )
}

/// The descent as an optimiser that asks for one gradient at a time.
#[derive(Debug, Clone)]
pub struct LevenbergMarquardt {
    bounds: Bounds,
    ending: Ending,
    iterations: usize,
    /// `mu`, and the factor by which it grows next.
    damping: (f64, f64),
    /// What is asked next.
    trial: Vec<f64>,
    /// The change of the fval that the trial promises.
    promised: f64,
    current: Option<Point>,
    stop: Option<Stop>,
}

#[derive(Debug, Clone)]
struct Point {
    x: Vec<f64>,
    fval: f64,
    gradient: DVector<f64>,
    hessian: DMatrix<f64>,
    gradient_norm: f64,
}

impl LevenbergMarquardt {
    /// A descent from `start`; see [`super::LocalSettings::build`].
    #[must_use]
    pub fn new(bounds: Bounds, start: &[f64], settings: LevenbergMarquardtSettings) -> Self {
        let trial = start_in(&bounds, start);
        let is_positive = settings.damping.is_finite() && settings.damping > 0.0;
        let damping = if is_positive { settings.damping } else { LevenbergMarquardtSettings::default().damping };
        Self {
            ending: settings.ending().under(settings.stop),
            iterations: 0,
            damping: (damping, GROW),
            stop: trial.is_none().then_some(Stop::StartFailed),
            trial: trial.unwrap_or_default(),
            promised: 0.0,
            current: None,
            bounds,
        }
    }

    fn point(&self, answer: &GradientAnswer) -> Point {
        let size = self.bounds.len();
        let given = DMatrix::from_row_slice(size, size, &answer.hessian);
        Point {
            x: self.trial.clone(),
            fval: answer.fval,
            gradient_norm: self.bounds.projected_gradient_norm(&self.trial, &answer.gradient),
            gradient: DVector::from_row_slice(&answer.gradient),
            hessian: (&given + given.transpose()) * 0.5,
        }
    }

    fn begin(&mut self, point: Point) {
        let largest = point.hessian.diagonal().max();
        // Without curvature the first step has the length of one unit of the estimation scale.
        self.damping.0 = if largest > 0.0 { self.damping.0 * largest } else { point.gradient.norm() };
        self.stop = self.ending.flat(point.gradient_norm);
        self.current = Some(point);
    }

    /// Takes the answer at a trial: accepts or rejects it, and lets the damping follow.
    fn judge(&mut self, from: Point, next: Option<Point>) {
        self.iterations += 1;
        let change = next.as_ref().map_or(f64::INFINITY, |next| next.fval - from.fval);
        let tolerance = self.ending.tolerance(from.fval);
        let is_low = tolerance > 0.0 && change.abs() <= tolerance && -self.promised <= tolerance;
        let fval = is_low.then_some(Stop::Converged(Convergence::Fval));
        match next.filter(|_| change < 0.0) {
            Some(next) => {
                let ratio = change / self.promised;
                self.damping.0 *= (1.0 - (2.0 * ratio - 1.0).powi(3)).clamp(SHRINK, 2.0);
                self.damping.1 = GROW;
                let step: Vec<f64> = next.x.iter().zip(&from.x).map(|(to, from)| to - from).collect();
                self.stop = self.ending.flat(next.gradient_norm).or(fval).or(self.ending.short(&step));
                self.current = Some(next);
            }
            None => {
                self.grow();
                self.stop = fval;
                self.current = Some(from);
            }
        }
    }

    fn grow(&mut self) {
        self.damping.0 *= self.damping.1;
        self.damping.1 *= GROW;
    }

    /// Chooses the next trial.
    fn propose(&mut self) {
        if self.stop.is_some() {
            return;
        }
        if self.iterations >= self.ending.iterations {
            self.stop = Some(Stop::Iterations);
            return;
        }
        let Some(current) = self.current.take() else { return };
        while self.damping.0.is_finite() {
            if let Some(step) = damped(&current, self.damping.0, &self.bounds) {
                let moved = current.x.iter().zip(step.iter()).map(|(x, part)| x + part);
                self.trial = self.bounds.clip(&moved.collect::<Vec<_>>());
                if self.trial == current.x {
                    break;
                }
                self.promised = current.gradient.dot(&step) + 0.5 * step.dot(&(&current.hessian * &step));
                if self.promised < 0.0 {
                    self.current = Some(current);
                    return;
                }
            }
            self.grow();
        }
        let is_noise = self.promise(&current) <= NOISE * self.ending.tolerance(current.fval);
        self.stop = Some(if is_noise { Stop::Converged(Convergence::Fval) } else { Stop::Stuck });
        self.current = Some(current);
    }

    /// How far the fval can fall by the model with hardly any damping.
    fn promise(&self, at: &Point) -> f64 {
        let damping = (LEAST * at.hessian.diagonal().max()).max(f64::MIN_POSITIVE);
        let promised = |step: DVector<f64>| -at.gradient.dot(&step) - 0.5 * step.dot(&(&at.hessian * &step));
        damped(at, damping, &self.bounds).map_or(f64::INFINITY, promised)
    }
}

/// The damped step within the box; `None` where the matrix is not positive definite to working precision.
fn damped(at: &Point, damping: f64, bounds: &Bounds) -> Option<DVector<f64>> {
    let size = at.x.len();
    let mut step = DVector::zeros(size);
    let room: Vec<(f64, f64)> = bounds.pairs().zip(&at.x).map(|((lower, upper), x)| (lower - x, upper - x)).collect();
    let is_free = |index: &usize| {
        let (below, above) = room[*index];
        below < above && !(below >= 0.0 && at.gradient[*index] > 0.0) && !(above <= 0.0 && at.gradient[*index] < 0.0)
    };
    let mut free: Vec<usize> = (0..size).filter(is_free).collect();
    // Each round holds at least one more parameter.
    while !free.is_empty() {
        let slope = &at.gradient + &at.hessian * &step;
        let matrix = DMatrix::from_fn(free.len(), free.len(), |row, column| {
            at.hessian[(free[row], free[column])] + if row == column { damping } else { 0.0 }
        });
        let target = DVector::from_fn(free.len(), |row, _| -slope[free[row]]);
        let solved = matrix.cholesky()?.solve(&target);
        if solved.iter().any(|part| !part.is_finite()) {
            return None;
        }
        let inside: Vec<bool> = free
            .iter()
            .zip(solved.iter())
            .map(|(&index, &part)| room[index].0 < part && part < room[index].1)
            .collect();
        if inside.iter().all(|inside| *inside) {
            for (&index, &part) in free.iter().zip(solved.iter()) {
                step[index] = part;
            }
            break;
        }
        for ((&index, &part), _) in free.iter().zip(solved.iter()).zip(&inside).filter(|(_, inside)| !**inside) {
            step[index] = part.clamp(room[index].0, room[index].1);
        }
        let mut inside = inside.into_iter();
        free.retain(|_| inside.next().unwrap_or(false));
    }
    Some(step)
}

impl Optimiser for LevenbergMarquardt {
    fn ask(&mut self) -> Ask {
        self.stop.map_or_else(|| Ask::Gradient(self.trial.clone()), Ask::Done)
    }

    fn tell(&mut self, answers: &[Answer]) {
        if self.stop.is_some() {
            return;
        }
        let next = match answers.first() {
            Some(Answer::Gradient(Some(answer))) if answer.is_usable(self.bounds.len()) => Some(self.point(answer)),
            _ => None,
        };
        match (self.current.take(), next) {
            (Some(from), next) => self.judge(from, next),
            (None, Some(start)) => self.begin(start),
            (None, None) => self.stop = Some(Stop::StartFailed),
        }
        self.propose();
    }

    fn best(&self) -> Option<(&[f64], f64)> {
        self.current.as_ref().map(|current| (current.x.as_slice(), current.fval))
    }

    fn position(&self) -> Option<Position<'_>> {
        self.current.as_ref().map(|current| Position {
            x: &current.x,
            fval: current.fval,
            gradient_norm: current.gradient_norm,
        })
    }
}
