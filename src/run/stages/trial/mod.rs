//! One method on one problem within its budget: descents from what it proposes, one after the other in the accounts.

mod account;
mod proposer;
mod record;
mod search;

use serde::{Deserialize, Serialize};

use super::super::context::Context;
use super::super::error::StageError;
use super::objective::SolverObjective;
use crate::optimise::{Objective, Work};
use crate::plan::trial::{Method, Trial};

use account::Account;
use proposer::{Draws, Proposer};
use record::Record;

/// What a trial came to, beside its tables `ends`, `starts` and `fvals`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialSummary {
    /// Descents of its own.
    pub starts: usize,
    /// Starts of its own that could not be solved.
    pub failed: usize,
    /// The work of its own.
    pub work: Work,
    /// The work of its training set and of what its settings were chosen on.
    pub training: Work,
    /// Both, in units of one fval.
    pub spent: f64,
    /// The lowest fval of all ends, of the training set too where the method learns.
    pub lowest: f64,
    /// What became of a generator's draws, where the trial's settings ask for more than mirroring at the bounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draws: Option<DrawsSummary>,
}

/// What became of the draws of a generator, in a trial.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DrawsSummary {
    /// Vectors that were proposed.
    pub proposed: usize,
    /// Of them, those that were first drawn outside the bounds.
    pub outside: usize,
    /// Draws that were given back for that.
    pub redrawn: usize,
    /// Draws that the filter refused; nothing was solved, and nothing is charged for them.
    pub refused: usize,
    /// Proposals of the rounds before, each solved and paid for, with the training set.
    pub of_rounds: usize,
}

/// Descents that are computed side by side before the budget is looked at; what goes beyond it is thrown away.
const BLOCK: usize = 20;

/// Writes `ends.parquet` (one row for each end, those of the training set first: `phase`, `start`, `cost` when it was
/// reached, `fval_start`, `fval_end`, `converged`, `stop`, vector), `starts.parquet` (the vectors that were descended
/// from), `fvals.parquet` (every evaluation of the trial's own; those of candidates have no `start`, -1, nor have those of
/// the rounds of a generator, -2) and `summary.ron`.
pub(super) fn run(context: &Context, settings: &Trial) -> Result<Vec<String>, StageError> {
    let mut objective = SolverObjective::of_input(context, 0)?.descended_by(&settings.then)?;
    if let Method::Global(method) = &settings.method
        && let Some(local) = method.local()
    {
        objective = objective.descended_by(&local)?;
    }
    let mut account = Account::new(settings);
    if settings.method.learns() {
        account.train(context, objective.solver.names())?;
    }
    let first_solved = 4 + usize::from(settings.filter.is_some());
    let mut of_rounds = 0;
    for (_, solved) in context.inputs().skip(first_solved).take(settings.rounds_before) {
        of_rounds += account.round(&solved.table("solved")?)?;
    }
    let mut draws = Draws::default();
    let starts = match &settings.method {
        Method::Global(method) => search::run(context, method, &objective, settings, &mut account)?,
        _ => descents(context, settings, &objective, &mut account, &mut draws)?,
    };
    account.write(context, objective.solver.names(), &starts)?;
    let Draws { proposed, outside, redrawn, refused } = draws;
    let is_counted = settings.outside.is_some() || settings.filter.is_some() || settings.rounds_before > 0;
    let summary = TrialSummary {
        draws: is_counted.then_some(DrawsSummary { proposed, outside, redrawn, refused, of_rounds }),
        ..account.summary(starts.len())
    };
    context.draft.value("summary", &summary)?;
    let mut warnings = Vec::new();
    if starts.is_empty() {
        warnings.push("the budget does not reach the first descent".to_owned());
    }
    if !is_counted && 10 * outside > proposed {
        warnings.push(format!("{outside} of {proposed} proposals lay outside the bounds and were mirrored"));
    }
    Ok(warnings)
}

/// Descents from the designs of a method, one after the other in the accounts; returns where they started.
fn descents(
    context: &Context,
    settings: &Trial,
    objective: &SolverObjective,
    account: &mut Account,
    draws: &mut Draws,
) -> Result<Vec<Vec<f64>>, StageError> {
    let proposer = Proposer::new(context, settings, objective.bounds(), objective.solver.names())?;
    let mut starts: Vec<Vec<f64>> = Vec::new();
    for number in 0.. {
        if account.is_spent() {
            break;
        }
        let mut points = proposer.design(number, draws)?;
        if let Some(keep) = proposer.screens() {
            let fvals: Vec<f64> =
                context.parts(&format!("candidates {number}"), points.len(), |at| objective.value(&points[at]))?;
            points = account.screen(points, &fvals, keep);
        }
        for (block, points) in points.chunks(BLOCK).enumerate() {
            if account.is_spent() {
                break;
            }
            let name = format!("descents {number} {block}");
            let records: Vec<Record> =
                context.parts(&name, points.len(), |at| Record::of(objective, &points[at], &settings.then))?;
            for (x, record) in points.iter().zip(records) {
                if account.is_spent() {
                    break;
                }
                account.add(starts.len(), x, record);
                starts.push(x.clone());
            }
        }
    }
    Ok(starts)
}
