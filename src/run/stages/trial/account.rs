//! What a trial has spent, and what came of it.

use super::super::super::context::Context;
use super::super::super::error::StageError;
use super::super::descend::DescentsSummary;
use super::super::rows::{vectors, with_vectors};
use super::TrialSummary;
use super::record::Record;
use crate::optimise::{Work, design};
use crate::plan::trial::Trial;
use crate::table::Table;

/// What was spent, and on what.
pub(super) struct Account<'a> {
    settings: &'a Trial,
    ends: Vec<Finish>,
    fvals: Vec<Evaluation>,
    work: Work,
    training: Work,
    failed: usize,
    spent: f64,
}

impl<'a> Account<'a> {
    pub(super) fn new(settings: &'a Trial) -> Self {
        let (work, training) = (Work::default(), Work::default());
        Self { settings, ends: Vec::new(), fvals: Vec::new(), work, training, failed: 0, spent: 0.0 }
    }

    pub(super) fn is_spent(&self) -> bool {
        self.spent >= self.settings.budget
    }

    pub(super) fn summary(&self, starts: usize) -> TrialSummary {
        let lowest = self.ends.iter().map(|end| end.fval_end).fold(f64::INFINITY, f64::min);
        let (failed, work, training) = (self.failed, self.work, self.training);
        TrialSummary { starts, failed, work, training, spent: self.spent, lowest, draws: None }
    }

    pub(super) fn left(&self) -> f64 {
        self.settings.budget - self.spent
    }

    /// Pays for evaluations as far as the budget goes and returns how many that were; where it were not all, the budget is
    /// spent.
    pub(super) fn pay(&mut self, start: Option<usize>, fvals: &[(bool, f64)]) -> usize {
        for (paid, &(has_derivatives, fval)) in fvals.iter().enumerate() {
            let price = if has_derivatives { self.settings.gradient_cost } else { 1.0 };
            if self.spent + price > self.settings.budget {
                self.spent = self.settings.budget;
                return paid;
            }
            self.spent += price;
            self.work += Work { values: u64::from(!has_derivatives), gradients: u64::from(has_derivatives) };
            let of = start.map_or(CANDIDATE, |start| start as i64);
            self.fvals.push(Evaluation { of, cost: self.spent, has_derivatives, fval });
        }
        fvals.len()
    }

    /// Pays for the fvals of candidates as far as the budget goes, and leaves the best of them, best first.
    pub(super) fn screen(&mut self, points: Vec<Vec<f64>>, fvals: &[f64], keep: usize) -> Vec<Vec<f64>> {
        let solves: Vec<(bool, f64)> = fvals.iter().map(|&fval| (false, fval)).collect();
        let paid = self.pay(None, &solves);
        design::best_of(&points[..paid], &fvals[..paid], keep)
    }

    /// Pays for the training set, and for what the settings were chosen on; ends that are among the training rows count.
    pub(super) fn train(&mut self, context: &Context, names: &[String]) -> Result<(), StageError> {
        let mut training = Work::default();
        for key in &self.settings.charged {
            let done: DescentsSummary = context.store.artifact(key).value("summary")?;
            training += done.work;
        }
        let price = self.settings.gradient_cost;
        self.spent = training.cost(price);
        let ends = context.input(1).table("ends")?;
        let rows = context.input(2).table("rows")?;
        let learnt = rows.integers("start")?;
        let (values, gradients) = (ends.integers("values")?, ends.integers("gradients")?);
        let (starts, stops, converged) = (ends.integers("start")?, ends.texts("stop")?, ends.integers("converged")?);
        let (first, last) = (ends.numbers("fval_start")?, ends.numbers("fval_end")?);
        for (row, x) in vectors(&ends, names)?.into_iter().enumerate() {
            let work = Work { values: values[row] as u64, gradients: gradients[row] as u64 };
            training += work;
            self.spent += work.cost(price);
            if self.spent <= self.settings.budget && learnt.contains(&starts[row]) {
                self.ends.push(Finish {
                    is_training: true,
                    start: starts[row] as usize,
                    cost: self.spent,
                    fval_start: first[row],
                    fval_end: last[row],
                    converged: converged[row] == 1,
                    stop: stops[row].clone(),
                    x,
                });
            }
        }
        self.training = training;
        Ok(())
    }

    /// Pays for the solves of a round's proposals as far as the budget goes, and returns how many that were: like the
    /// descents of the training set, what the generator learnt from. They are evaluations on the trial's course; as none of
    /// them is a converged end, none is a hit.
    pub(super) fn round(&mut self, solved: &Table) -> Result<usize, StageError> {
        for (paid, &fval) in solved.numbers("fval")?.iter().enumerate() {
            if self.spent + 1.0 > self.settings.budget {
                self.spent = self.settings.budget;
                return Ok(paid);
            }
            self.spent += 1.0;
            self.training += Work { values: 1, gradients: 0 };
            self.fvals.push(Evaluation { of: ROUND, cost: self.spent, has_derivatives: false, fval });
        }
        Ok(solved.rows())
    }

    /// Pays for a descent as far as the budget goes. One that the budget cuts has not converged.
    pub(super) fn add(&mut self, start: usize, from: &[f64], record: Record) {
        self.failed += usize::from(record.end.is_none());
        let paid = self.pay(Some(start), &record.fvals);
        let is_cut = paid < record.fvals.len();
        let lowest = record.fvals[..paid].iter().map(|(_, fval)| *fval).fold(f64::INFINITY, f64::min);
        let (fval_start, fval_end, x) = record.end.unwrap_or_else(|| (f64::INFINITY, f64::INFINITY, from.to_vec()));
        self.ends.push(Finish {
            is_training: false,
            start,
            cost: self.spent,
            fval_start,
            fval_end: if is_cut { lowest } else { fval_end },
            converged: record.converged && !is_cut,
            stop: if is_cut { "budget".to_owned() } else { record.stop },
            x: if is_cut { from.to_vec() } else { x },
        });
    }

    pub(super) fn write(&self, context: &Context, names: &[String], starts: &[Vec<f64>]) -> Result<(), StageError> {
        let phase = |end: &Finish| if end.is_training { "training" } else { "own" }.to_owned();
        let ends = Table::new()
            .text("phase", self.ends.iter().map(phase).collect())
            .integer("start", self.ends.iter().map(|end| end.start as i64).collect())
            .number("cost", self.ends.iter().map(|end| end.cost).collect())
            .number("fval_start", self.ends.iter().map(|end| end.fval_start).collect())
            .number("fval_end", self.ends.iter().map(|end| end.fval_end).collect())
            .integer("converged", self.ends.iter().map(|end| i64::from(end.converged)).collect())
            .text("stop", self.ends.iter().map(|end| end.stop.clone()).collect());
        let rows: Vec<Vec<f64>> = self.ends.iter().map(|end| end.x.clone()).collect();
        context.draft.table("ends", &with_vectors(ends, names, &rows))?;
        let numbers = Table::new().integer("start", (0..starts.len() as i64).collect());
        context.draft.table("starts", &with_vectors(numbers, names, starts))?;
        let fvals = Table::new()
            .integer("start", self.fvals.iter().map(|one| one.of).collect())
            .number("cost", self.fvals.iter().map(|one| one.cost).collect())
            .integer("derivatives", self.fvals.iter().map(|one| i64::from(one.has_derivatives)).collect())
            .number("fval", self.fvals.iter().map(|one| one.fval).collect());
        Ok(context.draft.table("fvals", &fvals)?)
    }
}

/// Where a descent ended, of the training set or of the trial's own.
struct Finish {
    is_training: bool,
    start: usize,
    cost: f64,
    fval_start: f64,
    fval_end: f64,
    converged: bool,
    stop: String,
    x: Vec<f64>,
}

/// In place of a descent's number: the evaluation of a candidate.
const CANDIDATE: i64 = -1;
/// In place of a descent's number: that of a proposal in a round of a generator.
const ROUND: i64 = -2;

/// One evaluation of the trial's own.
struct Evaluation {
    /// The number of the descent that it belongs to, or [`CANDIDATE`] or [`ROUND`].
    of: i64,
    cost: f64,
    has_derivatives: bool,
    fval: f64,
}
