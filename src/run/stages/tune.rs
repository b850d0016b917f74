//! The choice among the trials of a search.

use serde::{Deserialize, Serialize};

use super::super::context::Context;
use super::super::error::StageError;
use super::train::{FILES, TrainingSummary};
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

/// Writes `trials.parquet` and `choice.ron`, and copies the files of the chosen training.
pub(super) fn run(context: &Context, tune: &Tune) -> Result<Vec<String>, StageError> {
    let trainings: Vec<_> = context.inputs().map(|(_, artifact)| artifact).collect();
    let summaries: Vec<TrainingSummary> =
        trainings.iter().map(|artifact| artifact.value("summary")).collect::<Result<_, _>>()?;
    let metric = |summary: &TrainingSummary, name: &str| {
        summary.metrics.iter().find(|(known, _)| known == name).map_or(f64::NAN, |(_, value)| *value)
    };
    let compared = |trial: usize| {
        let value = metric(&summaries[trial], &tune.choose);
        if tune.lowest { value } else { -value }
    };
    let chosen = (0..summaries.len())
        .filter(|&trial| compared(trial).is_finite())
        .min_by(|&one, &other| compared(one).total_cmp(&compared(other)))
        .ok_or_else(|| {
            let reason = summaries.iter().find_map(|summary| summary.refused.clone());
            StageError::Refused(format!(
                "none of the {} trials could be trained{}",
                summaries.len(),
                reason.map_or_else(String::new, |reason| format!(": {reason}"))
            ))
        })?;

    let mut table = Table::new().integer("trial", (0..summaries.len() as i64).collect());
    for varied in &tune.varied {
        table = table.with(&varied.path, column(varied));
    }
    for split in ["training", "validation"] {
        for name in ["loss", "rmse", "pearson", "spearman"] {
            let name = format!("{split}.{name}");
            let values = summaries.iter().map(|summary| metric(summary, &name)).collect();
            table = table.number(&name, values);
        }
    }
    table = table
        .integer("epochs", summaries.iter().map(|summary| summary.epochs as i64).collect())
        .integer("best_epoch", summaries.iter().map(|summary| summary.best_epoch as i64).collect())
        .integer("parameters", summaries.iter().map(|summary| summary.parameters as i64).collect())
        .integer("chosen", (0..summaries.len()).map(|trial| i64::from(trial == chosen)).collect())
        .text("refused", summaries.iter().map(|summary| summary.refused.clone().unwrap_or_default()).collect());
    context.draft.table("trials", &table)?;
    let configuration = tune.varied.iter().map(|varied| (varied.path.clone(), words(&varied.values[chosen]))).collect();
    context.draft.value(
        "choice",
        &Choice {
            trial: chosen,
            trials: summaries.len(),
            refused: summaries.iter().filter(|summary| summary.refused.is_some()).count(),
            metric: tune.choose.clone(),
            value: metric(&summaries[chosen], &tune.choose),
            configuration,
        },
    )?;
    for file in FILES {
        context.draft.bytes(file, &trainings[chosen].bytes(file)?)?;
    }
    Ok(Vec::new())
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
