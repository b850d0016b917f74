//! Training rows from descents: which iterates become rows, which are held out, and the condition of each.

use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::super::context::Context;
use super::super::error::StageError;
use super::super::store::Artifact;
use super::descend::DescentsSummary;
use super::rows::{vectors, with_vectors};
use crate::evaluate::condition::{ConditionKind, ConditionScale};
use crate::model::problem::Problem;
use crate::optimise::Work;
use crate::plan::node::{DatasetRecipe, Labels};
use crate::random::Streams;
use crate::solve::ProblemSolver;
use crate::table::Table;

/// What a dataset is, beside its table `rows`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetSummary {
    /// The parameters' ids, in the order of a vector.
    pub names: Vec<String>,
    /// Lower bounds on the estimation scale.
    pub lower: Vec<f64>,
    /// Upper bounds on the estimation scale.
    pub upper: Vec<f64>,
    /// From fval to condition and back, fitted on the training rows.
    pub scale: ConditionScale,
    /// The lowest fval of a training row.
    pub best: f64,
    /// The highest finite fval of a training row.
    pub worst: f64,
    /// Training rows.
    pub training: usize,
    /// Validation rows.
    pub validation: usize,
    /// Descents, those that were left out not counted.
    pub descents: usize,
    /// Starts whose solve failed; each is a row without a condition.
    pub failed: usize,
    /// Descents that ended in the best basin and were left out for the blind test.
    pub left_out: usize,
    /// Descents among the training and validation rows that ended within 0.05 of the best end of all.
    pub hits: usize,
    /// The objective evaluations of all descents, and of the proposals of rounds, charged to whoever learns from the rows.
    pub work: Work,
    /// No row has a condition of its own: all are told to be at 0.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unconditional: bool,
    /// Proposals of earlier rounds among the rows, failed ones included.
    #[serde(default, skip_serializing_if = "no_proposals")]
    pub proposals: usize,
}

impl DatasetSummary {
    /// The condition to ask a generator for that learnt from these rows: an unconditional one knows only 0.
    #[must_use]
    pub fn asked(&self, condition: f64) -> f64 {
        if self.unconditional { 0.0 } else { condition }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn no_proposals(proposals: &usize) -> bool {
    *proposals == 0
}

/// How close to the best end an end lies in its basin.
const BASIN: f64 = 0.05;

/// Writes `rows.parquet` and `summary.ron`.
pub(super) fn run(context: &Context, recipe: &DatasetRecipe) -> Result<Vec<String>, StageError> {
    let problem: Problem = context.input(0).value("problem")?;
    let solver = ProblemSolver::new(&problem).map_err(StageError::refused)?;
    let names = solver.names().to_vec();
    let descents = context.input(1);
    let (ends, iterates) = (descents.table("ends")?, descents.table("iterates")?);
    let done: DescentsSummary = descents.value("summary")?;
    let fval_end = ends.numbers("fval_end")?;

    let kept: Vec<usize> =
        (0..ends.rows()).filter(|&start| !(recipe.blind && fval_end[start] <= done.lowest + recipe.within)).collect();
    let solved: Vec<usize> = kept.iter().copied().filter(|&start| fval_end[start].is_finite()).collect();
    if solved.is_empty() {
        let causes: Vec<String> = done.failed.iter().map(|(cause, count)| format!("{cause}: {count}")).collect();
        return Err(StageError::Refused(format!(
            "no row has a finite fval, so there is nothing to learn from ({} descents; failed starts by cause: {}). \
             Look at the bounds and the solver's settings, or start more descents",
            ends.rows(),
            if causes.is_empty() { "none".to_owned() } else { causes.join(", ") },
        )));
    }
    let held_out = held_out(context, recipe, &solved, fval_end);

    let picked = picked_iterates(&iterates, recipe, &kept)?;
    let rows = iterates.select(&picked);
    let starts = rows.integers("start")?;
    let fvals = rows.numbers("fval")?;
    let is_training = |row: usize| !held_out.contains(&(starts[row] as usize));
    let training: Vec<f64> = (0..rows.rows())
        .filter(|&row| is_training(row))
        .map(|row| fvals[row])
        .filter(|fval| fval.is_finite())
        .collect();
    let kind: ConditionKind = recipe.condition.to().map_err(StageError::refused)?;
    let scale = ConditionScale::fit(kind, &training).map_err(StageError::refused)?;

    let failed: Vec<usize> = kept.iter().copied().filter(|start| !fval_end[*start].is_finite()).collect();
    let own: Vec<f64> = fvals.iter().map(|&fval| scale.to_condition(fval).max(0.0)).collect();
    let told = told(own, recipe.labels, &is_training, &context.streams());
    let of_failed = if recipe.failed_as_worst { 1.0 } else { f64::NAN };
    let table = table(&rows, &ends.select(&failed), &names, (&told, of_failed), &is_training)?;
    let splits = table.texts("split")?;
    let count = |split: &str| splits.iter().filter(|known| *known == split).count();
    let summary = DatasetSummary {
        lower: solver.lower().to_vec(),
        upper: solver.upper().to_vec(),
        scale,
        best: training.iter().copied().fold(f64::INFINITY, f64::min),
        worst: training.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        training: count("training"),
        validation: count("validation"),
        descents: kept.len(),
        failed: failed.len(),
        left_out: ends.rows() - kept.len(),
        hits: solved.iter().filter(|&&start| fval_end[start] <= done.lowest + BASIN).count(),
        work: done.work,
        unconditional: recipe.labels == Labels::None,
        proposals: 0,
        names,
    };
    context.draft.table("rows", &table)?;
    context.draft.value("summary", &summary)?;
    Ok(Vec::new())
}

/// The descents that are held out for validation: a share of them, or whole basins until the share is reached.
fn held_out(context: &Context, recipe: &DatasetRecipe, solved: &[usize], fval_end: &[f64]) -> Vec<usize> {
    let wanted = (recipe.validate * solved.len() as f64).round() as usize;
    let mut stream = context.streams().part("validation").stream(0);
    let mut groups: Vec<Vec<usize>> = if recipe.validate_basins {
        let mut ordered = solved.to_vec();
        ordered.sort_by(|&one, &other| fval_end[one].total_cmp(&fval_end[other]));
        ordered.chunk_by(|&one, &other| fval_end[other] - fval_end[one] <= BASIN).map(<[usize]>::to_vec).collect()
    } else {
        solved.iter().map(|&start| vec![start]).collect()
    };
    groups.shuffle(&mut stream);
    let mut held: Vec<usize> = Vec::new();
    for group in groups {
        if held.len() >= wanted {
            break;
        }
        held.extend(group);
    }
    held
}

/// The rows of the table of iterates that become rows: the end of each kept descent, and iterates evenly spread over
/// the rest of its path, the start included.
fn picked_iterates(iterates: &Table, recipe: &DatasetRecipe, kept: &[usize]) -> Result<Vec<usize>, StageError> {
    let starts = iterates.integers("start")?;
    let mut picked = Vec::new();
    let mut at = 0;
    while at < starts.len() {
        let length = starts[at..].iter().take_while(|&&start| start == starts[at]).count();
        if kept.contains(&(starts[at] as usize)) {
            let before = length - 1;
            let take = recipe.most_iterates.min(before);
            picked.extend((0..take).map(|index| at + index * before / take));
            if recipe.endpoints || length == 1 {
                picked.push(at + length - 1);
            }
        }
        at += length;
    }
    Ok(picked)
}

/// What generators are told of rows with these conditions. Below 0 no condition has a requested fval: a held-out row that is
/// better than every training row has condition 0 in `own`.
fn told(own: Vec<f64>, labels: Labels, is_training: &dyn Fn(usize) -> bool, streams: &Streams) -> Vec<f64> {
    match labels {
        Labels::Condition => own,
        Labels::None => vec![0.0; own.len()],
        Labels::Shuffled => {
            let mut told = own.clone();
            for (split, name) in [(true, "training"), (false, "validation")] {
                let rows: Vec<usize> = (0..own.len()).filter(|&row| is_training(row) == split).collect();
                let mut from = rows.clone();
                from.shuffle(&mut streams.part("labels").part(name).stream(0));
                for (row, from) in rows.into_iter().zip(from) {
                    told[row] = own[from];
                }
            }
            told
        }
    }
}

fn table(
    rows: &Table,
    failed: &Table,
    names: &[String],
    (told, of_failed): (&[f64], f64),
    is_training: &dyn Fn(usize) -> bool,
) -> Result<Table, StageError> {
    let solved = rows.rows();
    let join = |one: &[i64], other: Vec<i64>| one.iter().copied().chain(other).collect::<Vec<i64>>();
    let fvals = rows.numbers("fval")?;
    let unsolved = failed.rows();
    let splits = (0..solved).map(|row| if is_training(row) { "training" } else { "validation" });
    let causes = failed.texts("cause")?;
    let table = Table::new()
        .integer("start", join(rows.integers("start")?, failed.integers("start")?.to_vec()))
        .integer("iteration", join(rows.integers("iteration")?, vec![0; unsolved]))
        .number("fval", fvals.iter().copied().chain(vec![f64::INFINITY; unsolved]).collect())
        .number("condition", told.iter().copied().chain(vec![of_failed; unsolved]).collect())
        .text("split", splits.chain(vec!["failed"; unsolved]).map(str::to_owned).collect())
        .text("cause", vec![String::new(); solved].into_iter().chain(causes.iter().cloned()).collect())
        .integer("gradients", join(rows.integers("gradients")?, failed.integers("gradients")?.to_vec()));
    let mut points = vectors(rows, names)?;
    points.extend(vectors(failed, names)?);
    Ok(with_vectors(table, names, &points))
}

/// The training row with the lowest fval, on the estimation scale.
pub(super) fn best_training_row(dataset: &Artifact, names: &[String]) -> Result<Vec<f64>, StageError> {
    let rows = dataset.table("rows")?;
    let (fvals, splits) = (rows.numbers("fval")?, rows.texts("split")?);
    let best = (0..rows.rows())
        .filter(|&row| splits[row] == "training")
        .min_by(|&one, &other| fvals[one].total_cmp(&fvals[other]))
        .ok_or_else(|| StageError::refused("the dataset has no training row"))?;
    Ok(vectors(&rows.select(&[best]), names)?.remove(0))
}
