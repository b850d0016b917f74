//! A global method within a trial: a search, a descent from the best that it found, and the next search.

use serde::{Deserialize, Serialize};

use super::super::super::context::Context;
use super::super::super::error::StageError;
use super::super::objective::SolverObjective;
use super::account::Account;
use super::record::{Record, Recorded};
use crate::optimise::global::Method;
use crate::optimise::{Answer, Ask, Objective, Optimiser};
use crate::plan::trial::Trial;

/// The share of what is left that a search leaves to the descent from its best vector.
const LEFT_TO_DESCENT: f64 = 0.1;

/// Searches until the budget is spent and returns where the descents started. A search goes on to its own end, or until
/// a tenth of what was left at its beginning is left.
pub(super) fn run(
    context: &Context,
    method: &Method,
    objective: &SolverObjective,
    settings: &Trial,
    account: &mut Account,
) -> Result<Vec<Vec<f64>>, StageError> {
    let mut starts = Vec::new();
    for number in 0.. {
        let may_spend = account.left() * (1.0 - LEFT_TO_DESCENT);
        if may_spend < 1.0 {
            break;
        }
        let streams = context.streams().part(&format!("search {number}"));
        let mut searches = context.parts(&format!("search {number}"), 1, |_| {
            let mut optimiser = method.build(objective.bounds(), &streams);
            Search::of(optimiser.as_mut(), objective, may_spend, settings.gradient_cost)
        })?;
        let Some(search) = searches.pop().filter(|search| !search.fvals.is_empty()) else { break };
        account.pay(None, &search.fvals);
        let Some(best) = search.best else { continue };
        let mut records =
            context.parts(&format!("descent {number}"), 1, |_| Record::of(objective, &best, &settings.then))?;
        if let Some(record) = records.pop().filter(|_| !account.is_spent()) {
            account.add(starts.len(), &best, record);
            starts.push(best);
        }
    }
    Ok(starts)
}

/// One search, as the journal keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Search {
    /// Each evaluation: with derivatives?, and its fval.
    fvals: Vec<(bool, f64)>,
    /// The best vector; nothing where every solve failed.
    best: Option<Vec<f64>>,
}

impl Search {
    /// Drives the optimiser on this one core; `optimise::run` would spread its generations over all of them.
    fn of(optimiser: &mut dyn Optimiser, objective: &SolverObjective, budget: f64, gradient_cost: f64) -> Self {
        let recorded = Recorded::new(objective);
        let mut spent = 0.0;
        let mut best: Option<(Vec<f64>, f64)> = None;
        let mut keep = |x: &[f64], fval: f64| {
            if fval.is_finite() && best.as_ref().is_none_or(|(_, lowest)| fval < *lowest) {
                best = Some((x.to_vec(), fval));
            }
        };
        'budget: loop {
            let answers = match optimiser.ask() {
                Ask::Done(_) => break,
                Ask::Gradient(x) => {
                    spent += gradient_cost;
                    if spent > budget {
                        break;
                    }
                    let answer = recorded.gradient(&x);
                    if let Some(answer) = &answer {
                        keep(&x, answer.fval);
                    }
                    vec![Answer::Gradient(answer)]
                }
                Ask::Values(points) => {
                    let mut answers = Vec::with_capacity(points.len());
                    for x in &points {
                        spent += 1.0;
                        if spent > budget {
                            break 'budget;
                        }
                        let fval = recorded.value(x);
                        keep(x, fval);
                        answers.push(Answer::Value(if fval.is_nan() { f64::INFINITY } else { fval }));
                    }
                    answers
                }
            };
            optimiser.tell(&answers);
        }
        Self { fvals: recorded.into_fvals(), best: best.map(|(x, _)| x) }
    }
}
