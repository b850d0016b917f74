//! L-BFGS-B: bounded descent by gradients alone (Byrd, Lu, Nocedal & Zhu, SIAM Journal on Scientific Computing 1995;
//! the subspace step of Morales & Nocedal, ACM Transactions on Mathematical Software 2011), the quasi-Newton method that
//! most tools offer.
//!
//! Each iteration goes to a point of the box where the model of the last steps is low ([`target`]), by a line search
//! along the segment to it. Three things differ from the published code: the first trial is no longer than one unit of the
//! estimation scale in a box too, where a gradient of a thousand would lead to a corner; a solve that fails is walked back
//! from; and of a line search that fails, its lowest point is kept.
//!
//! Why it is written here: `lbfgsb-rs-pure` (0.1.2), a port of the C code, calls the objective itself, knows no solve that
//! fails, and has no tolerance of the fval; the other crates have no bounds.

mod line_search;
mod memory;
mod target;

use nalgebra::DVector;
use serde::{Deserialize, Serialize};

use self::line_search::{LineSearch, Verdict};
use self::memory::Memory;
use self::target::target;
use super::ending::{Ending, fields};
use super::start_in;
use crate::optimise::ask::{Answer, Ask, Convergence, Optimiser, Position, Stop};
use crate::optimise::bounds::Bounds;
use crate::optimise::objective::GradientAnswer;
use crate::optimise::trust_region::StopRule;
use crate::schema::{Choice, Field, Type, Value};

/// A line search that fails near a minimum has converged when no more tolerances than this are promised: noise of the
/// solver hides what is left.
const NOISE: f64 = 100.0;
/// The longest step, in units of the way to the target, where no bound is met.
const LONGEST: f64 = 1e10;

/// Settings of L-BFGS-B; the tolerances are those of `SciPy`'s `minimize`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LbfgsbSettings {
    /// Most evaluations with derivatives after the start's own, those within line searches included.
    pub iterations: usize,
    /// Which of tolerances and iterations may end the descent.
    pub stop: StopRule,
    /// Absolute tolerance of the fval: an iteration that lowers it by no more than `fatol + frtol |fval|` ends the
    /// descent as converged.
    pub fatol: f64,
    /// Relative tolerance of the fval; see `fatol`.
    pub frtol: f64,
    /// Tolerance of the projected gradient's largest component.
    pub gtol: f64,
    /// Tolerance of an accepted step's largest component; 0 is off.
    pub xtol: f64,
    /// How many of the last steps are remembered.
    pub memory: usize,
}

impl Default for LbfgsbSettings {
    fn default() -> Self {
        Self {
            iterations: 1000,
            stop: StopRule::Either,
            fatol: 2.2e-9,
            frtol: 2.2e-9,
            gtol: 1e-5,
            xtol: 0.0,
            memory: 10,
        }
    }
}

impl LbfgsbSettings {
    fn ending(&self) -> Ending {
        let Self { iterations, fatol, frtol, gtol, xtol, .. } = *self;
        Ending { iterations, fatol, frtol, gtol, xtol }
    }
}

/// `lbfgsb(...)`
#[must_use]
pub fn schema() -> Choice {
    let defaults = LbfgsbSettings::default();
    let mut settings = fields(
        defaults.ending(),
        "most evaluations of the gradient after the start's, line searches included",
        "absolute tolerance of the fval: an iteration that lowers it by no more has converged",
    );
    settings.push(Field::new(
        "memory",
        Type::Integer { least: 1, most: 1000 },
        Value::Integer(defaults.memory as i64),
        "how many of the last steps are remembered",
    ));
    Choice::new(
        "lbfgsb",
        "L-BFGS-B: bounded limited-memory quasi-Newton descent by gradients alone (Byrd, Lu, Nocedal & Zhu 1995; Morales \
         & Nocedal 2011)",
        settings,
    )
}

/// The descent as an optimiser that asks for one gradient at a time.
#[derive(Debug, Clone)]
pub struct Lbfgsb {
    bounds: Bounds,
    ending: Ending,
    memory: Memory,
    /// Evaluations after the start's.
    iterations: usize,
    /// What is asked next.
    trial: Vec<f64>,
    current: Option<Point>,
    line: Option<Line>,
    stop: Option<Stop>,
}

#[derive(Debug, Clone)]
struct Point {
    x: Vec<f64>,
    fval: f64,
    gradient: DVector<f64>,
    gradient_norm: f64,
}

/// The line that is searched.
#[derive(Debug, Clone)]
struct Line {
    search: LineSearch,
    target: Vec<f64>,
    direction: DVector<f64>,
    /// The slope at its start.
    slope: f64,
    /// The lowest point on it that lies below the start.
    lowest: Option<Point>,
}

impl Lbfgsb {
    /// A descent from `start`; see [`super::LocalSettings::build`].
    #[must_use]
    pub fn new(bounds: Bounds, start: &[f64], settings: LbfgsbSettings) -> Self {
        let trial = start_in(&bounds, start);
        Self {
            memory: Memory::new(bounds.len(), settings.memory),
            ending: settings.ending().under(settings.stop),
            iterations: 0,
            stop: trial.is_none().then_some(Stop::StartFailed),
            trial: trial.unwrap_or_default(),
            current: None,
            line: None,
            bounds,
        }
    }

    fn point(&self, answer: &GradientAnswer) -> Option<Point> {
        // The Hessian that comes with it is not looked at.
        let usable = answer.fval.is_finite()
            && answer.gradient.len() == self.bounds.len()
            && answer.gradient.iter().all(|slope| slope.is_finite());
        usable.then(|| Point {
            x: self.trial.clone(),
            fval: answer.fval,
            gradient_norm: self.bounds.projected_gradient_norm(&self.trial, &answer.gradient),
            gradient: DVector::from_row_slice(&answer.gradient),
        })
    }

    /// Stands at `point` and looks for a line from there.
    fn stand(&mut self, point: Point) {
        if self.stop.is_none() {
            self.stop = self.ending.flat(point.gradient_norm);
        }
        self.current = Some(point);
        if self.stop.is_none() && self.iterations >= self.ending.iterations {
            self.stop = Some(Stop::Iterations);
        }
        if self.stop.is_none() && !self.set_out() {
            self.memory.forget();
            if !self.set_out() {
                self.stop = Some(Stop::Stuck);
            }
        }
    }

    /// Begins a line search towards the model's target; false when that is not downhill.
    fn set_out(&mut self) -> bool {
        let Some(current) = &self.current else { return false };
        let target = target(&current.x, &current.gradient, &self.memory, &self.bounds);
        let direction = DVector::from_fn(target.len(), |index, _| target[index] - current.x[index]);
        let slope = current.gradient.dot(&direction);
        if !(slope < 0.0) {
            return false;
        }
        let largest = self
            .bounds
            .pairs()
            .zip(current.x.iter().zip(direction.iter()))
            .filter(|(_, (_, part))| **part != 0.0)
            .map(|((lower, upper), (x, part))| if *part > 0.0 { (upper - x) / part } else { (lower - x) / part })
            .fold(LONGEST, f64::min)
            .max(1.0);
        let first = if self.memory.is_empty() { (1.0 / direction.norm()).min(1.0) } else { 1.0 };
        let search = LineSearch::new(current.fval, slope, first, largest);
        self.line = Some(Line { search, target, direction, slope, lowest: None });
        self.go()
    }

    /// Puts the trial where the line search wants it; false when no step can be told from none.
    fn go(&mut self) -> bool {
        let (Some(current), Some(line)) = (&self.current, &self.line) else { return false };
        let step = line.search.step;
        self.trial = if step == 1.0 {
            line.target.clone()
        } else {
            let along = current.x.iter().zip(line.direction.iter()).map(|(x, part)| x + step * part);
            self.bounds.clip(&along.collect::<Vec<_>>())
        };
        self.trial != current.x
    }

    /// Takes the answer at a trial of the line search.
    fn judge(&mut self, mut line: Line, from: Point, answer: Option<&GradientAnswer>) {
        self.iterations += 1;
        let next = answer.and_then(|answer| self.point(answer));
        let verdict = line.search.tell(next.as_ref().map(|next| (next.fval, next.gradient.dot(&line.direction))));
        if verdict == Verdict::Accepted {
            line.lowest = next;
        } else if let Some(next) = next
            && next.fval < line.lowest.as_ref().map_or(from.fval, |lowest| lowest.fval)
        {
            line.lowest = Some(next);
        }
        if verdict == Verdict::Again && self.iterations < self.ending.iterations {
            self.line = Some(line);
            self.current = Some(from);
            if self.go() {
                return;
            }
            let (Some(known), Some(at)) = (self.line.take(), self.current.take()) else { return };
            return self.settle(known, at, Verdict::Failed);
        }
        self.settle(line, from, verdict);
    }

    /// Ends a line search: goes on from its lowest point, or from where it began with nothing remembered.
    fn settle(&mut self, line: Line, from: Point, verdict: Verdict) {
        let tolerance = self.ending.tolerance(from.fval);
        let Some(next) = line.lowest else {
            if verdict == Verdict::Failed {
                // A quadratic falls by half of what its slope promises.
                let is_noise = !self.memory.is_empty() && -0.5 * line.slope <= NOISE * tolerance;
                if is_noise {
                    self.stop = Some(Stop::Converged(Convergence::Fval));
                } else if self.memory.is_empty() {
                    self.stop = Some(Stop::Stuck);
                }
                self.memory.forget();
            }
            return self.stand(from);
        };
        let step = DVector::from_fn(next.x.len(), |index, _| next.x[index] - from.x[index]);
        if verdict == Verdict::Accepted {
            let fell = from.fval - next.fval;
            let is_low = fell <= tolerance && tolerance > 0.0;
            self.stop = self.ending.flat(next.gradient_norm);
            self.stop = self.stop.or(is_low.then_some(Stop::Converged(Convergence::Fval)));
            self.stop = self.stop.or(self.ending.short(step.iter()));
        }
        let slope = from.gradient.dot(&step);
        self.memory.learn(step, &next.gradient - &from.gradient, slope);
        self.stand(next);
    }
}

impl Optimiser for Lbfgsb {
    fn ask(&mut self) -> Ask {
        self.stop.map_or_else(|| Ask::Gradient(self.trial.clone()), Ask::Done)
    }

    fn tell(&mut self, answers: &[Answer]) {
        if self.stop.is_some() {
            return;
        }
        let answer = match answers.first() {
            Some(Answer::Gradient(Some(answer))) => Some(answer),
            _ => None,
        };
        match (self.line.take(), self.current.take()) {
            (Some(line), Some(from)) => self.judge(line, from, answer),
            _ => match answer.and_then(|answer| self.point(answer)) {
                Some(point) => self.stand(point),
                None => self.stop = Some(Stop::StartFailed),
            },
        }
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
