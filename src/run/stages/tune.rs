//! The choice among the trials of a search.

use serde::{Deserialize, Serialize};

use super::super::context::Context;
use super::super::error::StageError;
use super::super::store::Artifact;
use super::train::{FILES, LINEAGE, Lineage, TrainingSummary};
use crate::plan::node::{Tune, Varied};
use crate::schema::Value;
use crate::table::{Column, Table, rounded};

/// Which trial was chosen, and from how many.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The number of the chosen trial.
    pub trial: usize,
    /// How many trials there were.
    pub trials: usize,
    /// How many of them could not be trained on the data.
    pub refused: usize,
    /// What was compared, such as `validation.loss`.
    pub metric: String,
    /// Its value at the chosen trial.
    pub value: f64,
    /// The varied settings of the chosen trial, in the order of the file.
    pub configuration: Vec<(String, String)>,
}

/// One trial, as far as it was trained.
struct Tried {
    /// Its last training.
    training: usize,
    summary: TrainingSummary,
    /// What is compared, after each rung that it reached; of a search without rungs there is one.
    values: Vec<f64>,
}

/// Writes `trials.parquet` and `choice.ron`, and copies the files of the chosen training. Of trials that went by rungs the
/// best of those that came furthest is chosen.
pub(super) fn run(context: &Context, tune: &Tune) -> Result<Vec<String>, StageError> {
    let trainings: Vec<Artifact> = context.inputs().map(|(_, artifact)| artifact).collect();
    let trials = tried(tune, &trainings)?;
    let compared = |trial: &Tried| {
        let value = trial.values.last().copied().unwrap_or(f64::NAN);
        if tune.lowest { value } else { -value }
    };
    let chosen = (0..trials.len())
        .filter(|&trial| compared(&trials[trial]).is_finite())
        .min_by(|&one, &other| {
            let (one, other) = (&trials[one], &trials[other]);
            other.values.len().cmp(&one.values.len()).then(compared(one).total_cmp(&compared(other)))
        })
        .ok_or_else(|| {
            let reason = trials.iter().find_map(|trial| trial.summary.refused.clone());
            StageError::Refused(format!(
                "none of the {} trials could be trained{}",
                trials.len(),
                reason.map_or_else(String::new, |reason| format!(": {reason}"))
            ))
        })?;

    context.draft.table("trials", &table(tune, &trials, chosen))?;
    let configuration = tune.varied.iter().map(|varied| (varied.path.clone(), words(&varied.values[chosen]))).collect();
    context.draft.value(
        "choice",
        &Choice {
            trial: chosen,
            trials: trials.len(),
            refused: trials.iter().filter(|trial| trial.summary.refused.is_some()).count(),
            metric: tune.choose.clone(),
            value: trials[chosen].summary.metric(&tune.choose),
            configuration,
        },
    )?;
    for file in FILES {
        context.draft.bytes(file, &trainings[trials[chosen].training].bytes(file)?)?;
    }
    Ok(Vec::new())
}

/// The trials in their order, from the trainings of all rungs.
fn tried(tune: &Tune, trainings: &[Artifact]) -> Result<Vec<Tried>, StageError> {
    let first = tune.rungs.first().map_or(trainings.len(), |rung| rung.trials);
    let mut trials: Vec<Tried> = Vec::with_capacity(first);
    for (training, artifact) in trainings.iter().enumerate() {
        let summary: TrainingSummary = artifact.value("summary")?;
        let value = summary.metric(&tune.choose);
        if training < first {
            trials.push(Tried { training, summary, values: vec![value] });
        } else if summary.refused.is_none() {
            // A place that no trial took has no lineage.
            let Lineage { trial, .. } = artifact.value(LINEAGE)?;
            let Some(trial) = trials.get_mut(trial) else { continue };
            (trial.training, trial.summary) = (training, summary);
            trial.values.push(value);
        }
    }
    Ok(trials)
}

/// One row for each trial, its metrics those of its last training.
fn table(tune: &Tune, trials: &[Tried], chosen: usize) -> Table {
    let mut table = Table::new().integer("trial", (0..trials.len() as i64).collect());
    for varied in &tune.varied {
        table = table.with(&varied.path, column(varied));
    }
    for split in ["training", "validation"] {
        for name in ["loss", "rmse", "pearson", "spearman"] {
            let name = format!("{split}.{name}");
            let values = trials.iter().map(|trial| trial.summary.metric(&name)).collect();
            table = table.number(&name, values);
        }
    }
    let count = |pick: fn(&TrainingSummary) -> usize| trials.iter().map(|trial| pick(&trial.summary) as i64).collect();
    table = table
        .integer("epochs", count(|summary| summary.epochs))
        .integer("best_epoch", count(|summary| summary.best_epoch))
        .integer("parameters", count(|summary| summary.parameters))
        .integer("chosen", (0..trials.len()).map(|trial| i64::from(trial == chosen)).collect())
        .text("refused", trials.iter().map(|trial| trial.summary.refused.clone().unwrap_or_default()).collect());
    if tune.rungs.is_empty() {
        return table;
    }
    // Rungs are counted from 1; the columns `rung_1` and so on hold what was compared.
    table = table.integer("rung", trials.iter().map(|trial| trial.values.len() as i64).collect());
    (0..tune.rungs.len()).fold(table, |table, rung| {
        let value = |trial: &Tried| trial.values.get(rung).copied().unwrap_or(f64::NAN);
        table.number(&format!("rung_{}", rung + 1), trials.iter().map(value).collect())
    })
}

fn column(varied: &Varied) -> Column {
    let number = |value: &Value| match value {
        Value::Number(value) => Some(*value),
        Value::Integer(value) => Some(*value as f64),
        _ => None,
    };
    match varied.values.iter().map(number).collect::<Option<Vec<f64>>>() {
        Some(numbers) => Column::Number(numbers),
        None => Column::Text(varied.values.iter().map(words).collect()),
    }
}

fn words(value: &Value) -> String {
    match value {
        Value::Number(number) => rounded(*number, 3),
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Choice(name, fields) if fields.is_empty() => name.clone(),
        Value::Choice(name, fields) => {
            let fields: Vec<String> = fields.iter().map(|(key, value)| format!("{key} = {}", words(value))).collect();
            format!("{name}({})", fields.join(", "))
        }
        Value::List(items) => items.iter().map(words).collect::<Vec<_>>().join(" + "),
        Value::Interval { lower, upper, .. } => format!("{lower} .. {upper}"),
        Value::Absent => "none".to_owned(),
    }
}
