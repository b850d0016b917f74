//! One method on one problem within its budget: descents from what it proposes, one after the other in the accounts.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::super::context::Context;
use super::super::error::StageError;
use super::dataset::best_training_row;
use super::descend::DescentsSummary;
use super::objective::SolverObjective;
use super::rows::{vectors, with_vectors};
use super::train::generator;
use crate::optimise::{self, Bounds, GradientAnswer, Objective, Work, design};
use crate::plan::trial::{Method, Trial};
use crate::random::Streams;
use crate::table::Table;

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
}

/// Points that a design is drawn for at a time.
const DESIGN: usize = 100;
/// Descents that are computed side by side before the budget is looked at; what goes beyond it is thrown away.
const BLOCK: usize = 20;

/// Writes `ends.parquet` (one row for each end, those of the training set first: `phase`, `start`, `cost` when it was
/// reached, `fval_start`, `fval_end`, `converged`, `stop`, vector), `starts.parquet` (the vectors that the method
/// proposed), `fvals.parquet` (every evaluation of the trial's own) and `summary.ron`.
pub(super) fn run(context: &Context, settings: &Trial) -> Result<Vec<String>, StageError> {
    let objective = SolverObjective::of_input(context, 0)?;
    let proposer = Proposer::new(context, &settings.method, &objective)?;
    let mut account = Account { settings, ends: Vec::new(), fvals: Vec::new(), work: Work::default(), spent: 0.0 };
    let mut training = Work::default();
    if settings.method.learns() {
        training = account.training(context, objective.solver.names())?;
    }
    let mut starts: Vec<Vec<f64>> = Vec::new();
    let mut failed = 0;
    'budget: for block in 0.. {
        if account.spent >= settings.budget {
            break;
        }
        let numbers = block * BLOCK..(block + 1) * BLOCK;
        let proposed = proposer.starts(numbers.clone())?;
        let records: Vec<Record> = context.parts(&format!("block {block}"), proposed.len(), |index| {
            Record::of(&objective, &proposed[index], settings)
        })?;
        for (start, (x, record)) in numbers.zip(proposed.into_iter().zip(records)) {
            if account.spent >= settings.budget {
                break 'budget;
            }
            failed += usize::from(record.end.is_none());
            account.add(start, &x, record);
            starts.push(x);
        }
    }
    account.write(context, objective.solver.names(), &starts)?;
    let lowest = account.ends.iter().map(|end| end.fval_end).fold(f64::INFINITY, f64::min);
    let summary =
        TrialSummary { starts: starts.len(), failed, work: account.work, training, spent: account.spent, lowest };
    context.draft.value("summary", &summary)?;
    Ok(match starts.is_empty() {
        true => vec!["the training set alone costs more than the budget".to_owned()],
        false => Vec::new(),
    })
}

/// The starts of a method, any of them at any time.
struct Proposer<'a> {
    method: &'a Method,
    bounds: Bounds,
    streams: Streams,
    best: Vec<f64>,
    trained: Option<crate::learn::Trained>,
}

impl<'a> Proposer<'a> {
    fn new(context: &Context, method: &'a Method, objective: &SolverObjective) -> Result<Self, StageError> {
        Ok(Self {
            method,
            bounds: objective.bounds().clone(),
            streams: context.streams().part("starts"),
            best: match method {
                Method::BestJitter { .. } => best_training_row(&context.input(2), objective.solver.names())?,
                _ => Vec::new(),
            },
            trained: match method {
                Method::Generator { .. } => Some(generator(&context.input(3))?),
                _ => None,
            },
        })
    }

    fn starts(&self, numbers: Range<usize>) -> Result<Vec<Vec<f64>>, StageError> {
        let mut starts = Vec::with_capacity(numbers.len());
        while starts.len() < numbers.len() {
            let at = numbers.start + starts.len();
            let drawn = self.design(at / DESIGN)?;
            starts.extend(drawn.into_iter().skip(at % DESIGN).take(numbers.len() - starts.len()));
        }
        Ok(starts)
    }

    fn design(&self, number: usize) -> Result<Vec<Vec<f64>>, StageError> {
        let streams = self.streams.part(&format!("design {number}"));
        Ok(match (self.method, &self.trained) {
            (Method::Random, _) => design::random(DESIGN, &self.bounds, &streams),
            (Method::BestJitter { sd }, _) => design::jitter(&self.best, *sd, DESIGN, &self.bounds, &streams),
            (Method::Generator { condition }, Some(trained)) => {
                let drawn = trained.sample(*condition, DESIGN, &streams).map_err(StageError::refused)?;
                drawn.iter().map(|x| self.bounds.reflect(x)).collect()
            }
            _ => design::latin_hypercube(DESIGN, &self.bounds, &streams),
        })
    }
}

/// One descent, as the journal keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Record {
    /// Each evaluation: with derivatives?, and its fval.
    fvals: Vec<(bool, f64)>,
    /// The fval of the start, and the end with its fval; nothing where the start failed.
    end: Option<(f64, f64, Vec<f64>)>,
    converged: bool,
    stop: String,
}

impl Record {
    fn of(objective: &SolverObjective, start: &[f64], settings: &Trial) -> Self {
        let recorded = Recorded { objective, fvals: Mutex::default() };
        let descent = optimise::descend(&recorded, start, &settings.then);
        let end = descent.path.first().zip(descent.path.last());
        Self {
            end: end.map(|(first, last)| (first.fval, last.fval, last.x.clone())),
            converged: descent.stop.is_converged(),
            stop: descent.stop.label().to_owned(),
            fvals: recorded.fvals.into_inner().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

/// An objective that notes every fval.
struct Recorded<'a> {
    objective: &'a SolverObjective,
    fvals: Mutex<Vec<(bool, f64)>>,
}

impl Recorded<'_> {
    fn note(&self, has_derivatives: bool, fval: f64) {
        self.fvals.lock().unwrap_or_else(PoisonError::into_inner).push((has_derivatives, fval));
    }
}

impl Objective for Recorded<'_> {
    fn bounds(&self) -> &Bounds {
        self.objective.bounds()
    }

    fn value(&self, x: &[f64]) -> f64 {
        let fval = self.objective.value(x);
        self.note(false, fval);
        fval
    }

    fn gradient(&self, x: &[f64]) -> Option<GradientAnswer> {
        let answer = self.objective.gradient(x);
        self.note(true, answer.as_ref().map_or(f64::INFINITY, |answer| answer.fval));
        answer
    }
}

/// Where a descent ended, of the training set or of the trial's own.
struct End {
    is_training: bool,
    start: usize,
    cost: f64,
    fval_start: f64,
    fval_end: f64,
    converged: bool,
    stop: String,
    x: Vec<f64>,
}

/// One evaluation of the trial's own.
struct Evaluation {
    start: usize,
    cost: f64,
    has_derivatives: bool,
    fval: f64,
}

/// What was spent, and on what.
struct Account<'a> {
    settings: &'a Trial,
    ends: Vec<End>,
    fvals: Vec<Evaluation>,
    work: Work,
    spent: f64,
}

impl Account<'_> {
    /// Pays for the training set, and for what the settings were chosen on; ends that are among the training rows count.
    fn training(&mut self, context: &Context, names: &[String]) -> Result<Work, StageError> {
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
                self.ends.push(End {
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
        Ok(training)
    }

    /// Pays for a descent as far as the budget goes. One that the budget cuts has not converged.
    fn add(&mut self, start: usize, from: &[f64], record: Record) {
        let mut lowest = f64::INFINITY;
        let mut is_cut = false;
        for (has_derivatives, fval) in record.fvals {
            let price = if has_derivatives { self.settings.gradient_cost } else { 1.0 };
            if self.spent + price > self.settings.budget {
                (self.spent, is_cut) = (self.settings.budget, true);
                break;
            }
            self.spent += price;
            self.work += Work { values: u64::from(!has_derivatives), gradients: u64::from(has_derivatives) };
            lowest = lowest.min(fval);
            self.fvals.push(Evaluation { start, cost: self.spent, has_derivatives, fval });
        }
        let (fval_start, fval_end, x) = record.end.unwrap_or_else(|| (f64::INFINITY, f64::INFINITY, from.to_vec()));
        self.ends.push(End {
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

    fn write(&self, context: &Context, names: &[String], starts: &[Vec<f64>]) -> Result<(), StageError> {
        let phase = |end: &End| if end.is_training { "training" } else { "own" }.to_owned();
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
            .integer("start", self.fvals.iter().map(|one| one.start as i64).collect())
            .number("cost", self.fvals.iter().map(|one| one.cost).collect())
            .integer("derivatives", self.fvals.iter().map(|one| i64::from(one.has_derivatives)).collect())
            .number("fval", self.fvals.iter().map(|one| one.fval).collect());
        Ok(context.draft.table("fvals", &fvals)?)
    }
}
