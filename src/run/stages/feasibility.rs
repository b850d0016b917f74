//! The classifier of which vectors solve, trained on a dataset's rows and failed starts, and how right it is on starts that
//! were held out.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::super::context::Context;
use super::super::error::StageError;
use super::super::store::Artifact;
use super::dataset::DatasetSummary;
use super::rows::vectors;
use crate::evaluate::reliability::{brier, reliability};
use crate::learn::{Classifier, FeasibilityData, FeasibilitySettings, LearnError, feasibility};
use crate::plan::node::Stage;
use crate::table::Table;

/// What a classifier came to, beside its tables `reliability` and `held_out`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeasibilitySummary {
    /// Why there is no classifier: then every vector passes the filter.
    pub nothing_to_learn: Option<String>,
    /// Descents that it learnt from and that solved.
    pub solved: usize,
    /// Starts that it learnt from and that failed.
    pub failed: usize,
    /// Held-out starts that solved.
    pub held_out_solved: usize,
    /// Held-out starts that failed.
    pub held_out_failed: usize,
    /// The Brier score on held-out starts; NaN without a classifier or without such starts.
    pub brier: f64,
    /// That of predicting the training starts' share for every start.
    pub brier_of_share: f64,
    /// How many numbers were trained.
    pub parameters: usize,
    /// Epochs that were done.
    pub epochs: usize,
    /// The epoch whose weights were kept, counted from 1.
    pub best_epoch: usize,
}

/// Fewer failed starts than this tell nothing about where solves fail.
const FEWEST: usize = 5;
/// Bins of the reliability diagram.
const BINS: usize = 10;
const FILE: &str = "classifier.safetensors";

/// The classifier of an artifact; nothing where there was nothing to learn from.
pub(super) fn classifier(artifact: &Artifact) -> Result<Option<Classifier>, StageError> {
    let summary: FeasibilitySummary = artifact.value("summary")?;
    match summary.nothing_to_learn {
        Some(_) => Ok(None),
        None => Classifier::from_bytes(&artifact.bytes(FILE)?).map(Some).map_err(StageError::refused),
    }
}

/// Writes `classifier.safetensors` and `history.parquet`, unless too few starts failed; `held_out.parquet` (`predicted` and
/// `solved` of the first row of each held-out descent: rows of one descent are neighbours, first rows are not),
/// `reliability.parquet` (bins of predictions with the share that solved and Wilson's interval) and `summary.ron`.
pub(super) fn run(context: &Context, settings: FeasibilitySettings) -> Result<Vec<String>, StageError> {
    let Known { data, first } = known(context)?;
    let count = |held_out: bool, solved: bool| {
        first.iter().filter(|&&row| data.validation[row] == held_out && data.solved[row] == solved).count()
    };
    let (solved, failed) = (count(false, true), count(false, false));
    let mut summary = FeasibilitySummary {
        nothing_to_learn: None,
        solved,
        failed,
        held_out_solved: count(true, true),
        held_out_failed: count(true, false),
        brier: f64::NAN,
        brier_of_share: f64::NAN,
        parameters: 0,
        epochs: 0,
        best_epoch: 0,
    };
    if failed < FEWEST || solved < FEWEST {
        let reason = format!(
            "{failed} of {} starts failed, which tells nothing about where solves fail: every vector passes",
            failed + solved
        );
        summary.nothing_to_learn = Some(reason.clone());
        write(context, &[], &[], &summary)?;
        return Ok(vec![reason]);
    }
    let stop = || context.stop.requested();
    let mut progress = |done: usize, most: usize, _: f64| {
        if done <= 1 {
            context.progress.start(done, most);
        }
        context.progress.at(done);
    };
    let trained = feasibility::train(settings, &data, &context.streams(), &stop, &mut progress);
    let trained = trained.map_err(|error| match error {
        LearnError::Interrupted { .. } => StageError::Interrupted,
        other => StageError::refused(other),
    })?;
    let held_out: Vec<usize> = first.iter().copied().filter(|&row| data.validation[row]).collect();
    let rows: Vec<Vec<f64>> = held_out.iter().map(|&row| data.rows[row].clone()).collect();
    let predicted = trained.classifier.predict(&rows).map_err(StageError::refused)?;
    let truth: Vec<bool> = held_out.iter().map(|&row| data.solved[row]).collect();
    let share = solved as f64 / (solved + failed) as f64;
    summary.brier = brier(&predicted, &truth).unwrap_or(f64::NAN);
    summary.brier_of_share = brier(&vec![share; truth.len()], &truth).unwrap_or(f64::NAN);
    summary.parameters = trained.classifier.parameters();
    (summary.epochs, summary.best_epoch) = (trained.epochs, trained.best_epoch);
    context.draft.bytes(FILE, &trained.classifier.to_bytes())?;
    context.draft.table("history", &trained.history)?;
    write(context, &predicted, &truth, &summary)?;
    Ok(trained.warnings)
}

fn write(context: &Context, predicted: &[f64], truth: &[bool], summary: &FeasibilitySummary) -> Result<(), StageError> {
    let held_out = Table::new()
        .number("predicted", predicted.to_vec())
        .integer("solved", truth.iter().map(|&solved| i64::from(solved)).collect());
    context.draft.table("held_out", &held_out)?;
    let bins = reliability(predicted, truth, BINS);
    let table = Table::new()
        .number("from", bins.iter().map(|bin| bin.from).collect())
        .number("to", bins.iter().map(|bin| bin.to).collect())
        .number("predicted", bins.iter().map(|bin| bin.predicted).collect())
        .integer("starts", bins.iter().map(|bin| bin.observed.trials as i64).collect())
        .integer("solved", bins.iter().map(|bin| bin.observed.successes as i64).collect())
        .number("share", bins.iter().map(|bin| bin.observed.share).collect())
        .number("lower", bins.iter().map(|bin| bin.observed.lower).collect())
        .number("upper", bins.iter().map(|bin| bin.observed.upper).collect());
    context.draft.table("reliability", &table)?;
    Ok(context.draft.value("summary", summary)?)
}

/// The rows of a dataset with whether they solved, and the first row of each descent.
struct Known {
    data: FeasibilityData,
    first: Vec<usize>,
}

/// Failed starts are on no side of the dataset's split: as large a share of them is held out as of the descents that solved.
fn known(context: &Context) -> Result<Known, StageError> {
    debug_assert!(matches!(context.node.stage, Stage::Feasibility(_)));
    let dataset = context.input(0);
    let summary: DatasetSummary = dataset.value("summary")?;
    let table = dataset.table("rows")?;
    let (splits, descents, iterations) =
        (table.texts("split")?, table.integers("start")?, table.integers("iteration")?);
    let mut first: BTreeMap<i64, usize> = BTreeMap::new();
    for row in 0..table.rows() {
        let known = first.entry(descents[row]).or_insert(row);
        if iterations[row] < iterations[*known] {
            *known = row;
        }
    }
    let first: Vec<usize> = first.into_values().collect();
    let count = |split: &str| first.iter().filter(|&&row| splits[row] == split).count();
    let solved = count("training") + count("validation");
    let mut failed: Vec<usize> = first.iter().copied().filter(|&row| splits[row] == "failed").collect();
    failed.shuffle(&mut context.streams().part("held out").stream(0));
    let held_out = (failed.len() * count("validation")).div_ceil(solved.max(1)).min(failed.len());
    let mut validation: Vec<bool> = splits.iter().map(|split| split == "validation").collect();
    for &row in &failed[..held_out] {
        validation[row] = true;
    }
    let data = FeasibilityData {
        rows: vectors(&table, &summary.names)?,
        solved: splits.iter().map(|split| split != "failed").collect(),
        descents: descents.to_vec(),
        validation,
        names: summary.names,
        lower: summary.lower,
        upper: summary.upper,
    };
    Ok(Known { data, first })
}
