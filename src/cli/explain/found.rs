//! What is known of a node once it was computed: of trainings their size, epochs, work and speed.

use super::super::common::Failure;
use super::search;
use crate::plan::cost::epochs_before;
use crate::plan::node::{Plan, Stage};
use crate::run::stages::{DatasetSummary, TrainingSummary};
use crate::run::store::{Presence, Store};
use crate::table::rounded;

/// How long a node took, and how fast that is: as measured on the machine that computed it.
pub(super) fn took(plan: &Plan, store: &Store, at: usize) -> Option<String> {
    let node = &plan.nodes[at];
    let seconds = store.seconds(&node.key)?;
    let own = format!("{} s", rounded(seconds, 3));
    let speed = |count: f64, seconds: f64, what: &str| match seconds > 0.0 && count > 0.0 {
        true => format!(", {} {what} a second", rounded(count / seconds, 3)),
        false => String::new(),
    };
    Some(match &node.stage {
        Stage::Train(_) => own + &speed(seen(plan, store, at).unwrap_or(0.0), seconds, "training rows"),
        Stage::Generate(settings) => {
            own + &speed((settings.conditions.len() * settings.replicates) as f64, seconds, "vectors")
        }
        Stage::Tune(_) => {
            let timed = node.inputs.iter().filter_map(|&one| Some((seen(plan, store, one)?, time(plan, store, one)?)));
            let (rows, all) = timed.fold((0.0, 0.0), |sum, (rows, time)| (sum.0 + rows, sum.1 + time));
            format!("{own}; its trainings {} s{}", rounded(all, 3), speed(rows, all, "training rows"))
        }
        _ => own,
    })
}

fn time(plan: &Plan, store: &Store, at: usize) -> Option<f64> {
    store.seconds(&plan.nodes[at].key)
}

/// Training rows that a training has seen, each as often as there were epochs; those of earlier rungs not counted.
fn seen(plan: &Plan, store: &Store, at: usize) -> Option<f64> {
    let node = &plan.nodes[at];
    let summary: TrainingSummary = store.artifact(&node.key).value("summary").ok()?;
    let dataset: DatasetSummary = store.artifact(&plan.nodes[*node.inputs.first()?].key).value("summary").ok()?;
    Some((summary.epochs.saturating_sub(epochs_before(plan, at)) * dataset.training) as f64)
}

/// Lines of what was found, each with what it is about.
pub(super) fn found(plan: &Plan, store: &Store, at: usize) -> Result<Vec<(String, String)>, Failure> {
    let node = &plan.nodes[at];
    let (Stage::Train(_) | Stage::Tune(_)) = &node.stage else { return Ok(Vec::new()) };
    let artifact = store.artifact(&node.key);
    let summary: TrainingSummary = artifact.value("summary")?;
    let mut lines = Vec::new();
    if let Some(reason) = summary.refused {
        lines.push(("refused".to_owned(), reason));
        return Ok(lines);
    }
    if let Stage::Tune(tune) = &node.stage {
        lines.extend(search::why(tune, &artifact)?);
    }
    lines.push(("network".to_owned(), format!("{} parameters", summary.parameters)));
    lines.push(("epochs".to_owned(), format!("{}, the best one {}", summary.epochs, summary.best_epoch)));
    let metrics: Vec<String> =
        summary.metrics.iter().map(|(name, value)| format!("{name} {}", rounded(*value, 4))).collect();
    lines.push(("metrics".to_owned(), metrics.join(", ")));
    // A tune reads trainings, and those the dataset.
    let rows = match &node.stage {
        Stage::Tune(_) => node.inputs.first().and_then(|&one| plan.nodes[one].inputs.first()),
        _ => node.inputs.first(),
    };
    let Some(rows) = rows.map(|&rows| &plan.nodes[rows].key).filter(|key| store.verify(key) == Presence::Whole) else {
        return Ok(lines);
    };
    let rows: DatasetSummary = store.artifact(rows).value("summary")?;
    let work = format!(
        "{} evaluations of its training set, {} of them with derivatives: what a benchmark charges",
        rows.work.values + rows.work.gradients,
        rows.work.gradients
    );
    lines.push(("work".to_owned(), work));
    Ok(lines)
}
