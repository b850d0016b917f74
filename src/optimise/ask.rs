//! The conversation between an optimiser and an objective, and the driver that holds it.
//!
//! An optimiser holds no objective: it asks for values or a gradient, and is told the answers. The driver evaluates,
//! counts, keeps to the budget and shows each iterate to an observer, for local and global optimisers alike.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::objective::{Counted, GradientAnswer, Objective, Work};

/// A method of minimisation, local or global, as a conversation: [`Optimiser::ask`] says what it wants to know, the
/// next [`Optimiser::tell`] brings exactly that.
pub trait Optimiser {
    /// The next question. Asking twice without an answer in between repeats the question.
    fn ask(&mut self) -> Ask;

    /// The answers to the last question: one [`Answer::Value`] for each vector of [`Ask::Values`] in its order, or one
    /// [`Answer::Gradient`].
    fn tell(&mut self, answers: &[Answer]);

    /// The vector with the lowest fval seen so far, with its fval; `None` before the first solve that did not fail.
    fn best(&self) -> Option<(&[f64], f64)>;

    /// Where the optimiser stands: what an observer is shown whenever it changes. A local method stands at its last
    /// accepted iterate; by default it is the best vector so far.
    fn position(&self) -> Option<Position<'_>> {
        self.best().map(|(x, fval)| Position { x, fval, gradient_norm: f64::NAN })
    }
}

/// What an optimiser wants to know.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// The fvals of these vectors. They are independent of each other and may be computed side by side.
    Values(Vec<Vec<f64>>),
    /// The fval and its derivatives at this vector.
    Gradient(Vec<f64>),
    /// Nothing more.
    Done(Stop),
}

/// One answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// An fval; infinite when the solve failed, never NaN.
    Value(f64),
    /// An fval with derivatives; `None` when the solve failed.
    Gradient(Option<GradientAnswer>),
}

/// Why an optimiser stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// It is at a minimum, by this criterion.
    Converged(Convergence),
    /// Its own limit of iterations was reached.
    Iterations,
    /// No step gets lower although the model of the objective promises one: a kink, a cliff, or noise of the solver.
    Stuck,
    /// The start cannot be evaluated: it is not finite, has another length than the bounds, or its solve fails.
    StartFailed,
    /// The driver's budget of work was spent.
    Budget,
    /// There was nothing left to try.
    Exhausted,
}

/// The criterion by which a minimum was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Convergence {
    /// The fval can no longer be lowered by more than its tolerance.
    Fval,
    /// The projected gradient vanishes.
    Gradient,
    /// The steps are shorter than their tolerance.
    Step,
}

impl Stop {
    /// Did it stop at a minimum?
    #[must_use]
    pub fn is_converged(self) -> bool {
        matches!(self, Stop::Converged(_))
    }

    /// A word for tables: `converged: fval`, `iterations`, ...
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Stop::Converged(Convergence::Fval) => "converged: fval",
            Stop::Converged(Convergence::Gradient) => "converged: gradient",
            Stop::Converged(Convergence::Step) => "converged: step",
            Stop::Iterations => "iterations",
            Stop::Stuck => "stuck",
            Stop::StartFailed => "start failed",
            Stop::Budget => "budget",
            Stop::Exhausted => "exhausted",
        }
    }
}

/// Where an optimiser stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position<'a> {
    /// The vector.
    pub x: &'a [f64],
    /// Its fval.
    pub fval: f64,
    /// Norm of its projected gradient ([`super::Bounds::projected_gradient_norm`]); NaN for a method without gradients.
    pub gradient_norm: f64,
}

/// A vector at which an optimiser stood, with the work done until then.
#[derive(Debug, Clone, PartialEq)]
pub struct Iterate {
    /// The vector.
    pub x: Vec<f64>,
    /// Its fval.
    pub fval: f64,
    /// Norm of its projected gradient; NaN for a method without gradients.
    pub gradient_norm: f64,
    /// The work done since the driver began, this evaluation included.
    pub work: Work,
}

/// Limits of a run in deterministic work; seconds never end a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Most work, in units of one fval; `None` for no limit.
    pub budget: Option<f64>,
    /// What an evaluation with derivatives costs, in units of one fval.
    pub gradient_cost: f64,
}

impl Limits {
    /// No limit but the optimiser's own.
    pub const NONE: Limits = Limits { budget: None, gradient_cost: 1.0 };

    fn left(&self, work: Work) -> f64 {
        self.budget.map_or(f64::INFINITY, |budget| budget - work.cost(self.gradient_cost))
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The lowest fval with its vector, among everything that was evaluated; `None` when every solve failed.
    pub best: Option<(Vec<f64>, f64)>,
    /// Why it stopped.
    pub stop: Stop,
    /// The work it took.
    pub work: Work,
}

/// Holds the conversation until the optimiser is done or the budget is spent. `observe` is shown each vector at which
/// the optimiser stands, in order, the first included.
///
/// A batch of values is computed side by side and answered in its order. Where the budget allows only a part of a
/// batch, that part is computed and counts towards the best vector, and the run ends.
pub fn run(
    optimiser: &mut dyn Optimiser,
    objective: &dyn Objective,
    limits: Limits,
    observe: &mut dyn FnMut(&Iterate),
) -> Outcome {
    let counted = Counted::new(objective);
    let mut best: Option<(Vec<f64>, f64)> = None;
    let mut shown: Option<Vec<f64>> = None;
    let mut keep = |x: &[f64], fval: f64| {
        if fval.is_finite() && best.as_ref().is_none_or(|(_, lowest)| fval < *lowest) {
            best = Some((x.to_vec(), fval));
        }
    };
    let stop = loop {
        let left = limits.left(counted.work());
        match optimiser.ask() {
            Ask::Done(stop) => break stop,
            Ask::Gradient(x) => {
                if left < limits.gradient_cost {
                    break Stop::Budget;
                }
                let answer = counted.gradient(&x);
                if let Some(answer) = &answer {
                    keep(&x, answer.fval);
                }
                optimiser.tell(&[Answer::Gradient(answer)]);
            }
            Ask::Values(points) => {
                // A budget beyond the batch, however large, only has to fit into the length.
                let affordable = if left < points.len() as f64 { left.max(0.0) as usize } else { points.len() };
                let fvals: Vec<f64> =
                    points[..affordable].par_iter().map(|x| finite_or_failed(counted.value(x))).collect();
                for (x, &fval) in points.iter().zip(&fvals) {
                    keep(x, fval);
                }
                if affordable < points.len() {
                    break Stop::Budget;
                }
                optimiser.tell(&fvals.into_iter().map(Answer::Value).collect::<Vec<_>>());
            }
        }
        if let Some(position) = optimiser.position()
            && shown.as_deref() != Some(position.x)
        {
            shown = Some(position.x.to_vec());
            observe(&Iterate {
                x: position.x.to_vec(),
                fval: position.fval,
                gradient_norm: position.gradient_norm,
                work: counted.work(),
            });
        }
    };
    Outcome { best, stop, work: counted.work() }
}

fn finite_or_failed(fval: f64) -> f64 {
    if fval.is_nan() { f64::INFINITY } else { fval }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::bounds::Bounds;

    struct Parabola(Bounds);

    impl Objective for Parabola {
        fn bounds(&self) -> &Bounds {
            &self.0
        }
        fn value(&self, x: &[f64]) -> f64 {
            if x[0] < 0.0 { f64::NAN } else { (x[0] - 1.0).powi(2) }
        }
        fn gradient(&self, x: &[f64]) -> Option<GradientAnswer> {
            Some(GradientAnswer { fval: self.value(x), gradient: vec![2.0 * (x[0] - 1.0)], hessian: vec![2.0] })
        }
    }

    /// Asks for a grid, batch by batch: the smallest global method.
    struct Grid {
        batches: Vec<Vec<Vec<f64>>>,
        asked: Vec<Vec<f64>>,
        best: Option<(Vec<f64>, f64)>,
    }

    impl Optimiser for Grid {
        fn ask(&mut self) -> Ask {
            if self.asked.is_empty() {
                match self.batches.pop() {
                    Some(batch) => self.asked = batch,
                    None => return Ask::Done(Stop::Exhausted),
                }
            }
            Ask::Values(self.asked.clone())
        }
        fn tell(&mut self, answers: &[Answer]) {
            for (x, answer) in self.asked.drain(..).zip(answers) {
                if let Answer::Value(fval) = answer
                    && fval.is_finite()
                    && self.best.as_ref().is_none_or(|(_, lowest)| fval < lowest)
                {
                    self.best = Some((x, *fval));
                }
            }
        }
        fn best(&self) -> Option<(&[f64], f64)> {
            self.best.as_ref().map(|(x, fval)| (x.as_slice(), *fval))
        }
    }

    fn grid() -> Grid {
        let batch = |points: &[f64]| points.iter().map(|&x| vec![x]).collect();
        Grid { batches: vec![batch(&[0.9, 1.5]), batch(&[-1.0, 3.0, 2.0])], asked: Vec::new(), best: None }
    }

    #[test]
    fn a_global_method_is_driven_and_counted() {
        let objective = Parabola(Bounds { lower: vec![-5.0], upper: vec![5.0] });
        let mut seen = Vec::new();
        let outcome =
            run(&mut grid(), &objective, Limits::NONE, &mut |iterate| seen.push((iterate.x[0], iterate.work.values)));
        assert_eq!(outcome.stop, Stop::Exhausted);
        assert_eq!(outcome.work, Work { values: 5, gradients: 0 });
        assert_eq!(outcome.best.map(|(x, _)| x), Some(vec![0.9]));
        assert_eq!(seen, vec![(2.0, 3), (0.9, 5)]);
    }

    #[test]
    fn a_budget_cuts_a_batch_and_what_it_paid_for_counts() {
        let objective = Parabola(Bounds { lower: vec![-5.0], upper: vec![5.0] });
        let limits = Limits { budget: Some(4.0), gradient_cost: 3.0 };
        let outcome = run(&mut grid(), &objective, limits, &mut |_| {});
        assert_eq!((outcome.stop, outcome.work.values), (Stop::Budget, 4));
        assert_eq!(outcome.best.map(|(x, _)| x), Some(vec![0.9]));
        let nothing = run(&mut grid(), &objective, Limits { budget: Some(f64::NAN), ..limits }, &mut |_| {});
        assert!(nothing.work.values <= 5);
    }
}
