//! The tables that the draft shows, cut from those of the artifacts.

use std::collections::{BTreeMap, BTreeSet};

use super::benchmarks::summary;
use super::{AssembleError, proposals};
use crate::plan::node::{Compare, Deliverable, Node, Part, Plan, Rounds, Stage};
use crate::report::figure::parallel_coordinates::AFTER;
use crate::run::store::{Artifact, Store};
use crate::schema::Value;
use crate::table::{Column, Table, TableError};

/// How many trials the draft shows.
const BEST_TRIALS: usize = 5;

/// The named columns of a table, in this order.
pub(super) fn columns(table: &Table, names: &[&str]) -> Result<Table, TableError> {
    names.iter().try_fold(Table::new(), |cut, name| {
        let column = table.column(name).ok_or_else(|| TableError::NoColumn((*name).to_owned()))?;
        Ok(cut.with(name, column.clone()))
    })
}

/// A table with some columns under other names.
pub(super) fn renamed(table: &Table, names: &[(&str, &str)]) -> Result<Table, TableError> {
    table.names().try_fold(Table::new(), |made, name| {
        let column = table.column(name).ok_or_else(|| TableError::NoColumn(name.to_owned()))?;
        let shown = names.iter().find(|(old, _)| *old == name).map_or(name, |(_, new)| *new);
        Ok(made.with(shown, column.clone()))
    })
}

/// What the parallel coordinates are drawn from: the varied settings, the two losses, and what was compared after each of
/// the rungs, with the epochs that trials had behind them there.
pub(super) fn parallel(trials: &Table, epochs: &[usize]) -> Result<Table, TableError> {
    let varied = varied(trials);
    let mut names = vec!["trial"];
    names.extend(varied.iter().map(String::as_str));
    names.extend(["training.loss", "validation.loss", "chosen"]);
    let named = |(at, epochs)| (format!("rung_{}", at + 1), format!("{AFTER}{epochs} epochs"));
    let compared: Vec<(String, String)> = epochs.iter().enumerate().map(named).collect();
    if !compared.is_empty() {
        names.push("rung");
        names.extend(compared.iter().map(|(name, _)| name.as_str()));
    }
    let mut shown_as = vec![("training.loss", "training_loss"), ("validation.loss", "validation_loss")];
    shown_as.extend(compared.iter().map(|(name, shown)| (name.as_str(), shown.as_str())));
    let shown = renamed(&columns(trials, &names)?, &shown_as)?;
    shown.names().try_fold(Table::new(), |made, name| match shown.column(name) {
        Some(Column::Text(words)) => Ok(made.text(name, shortened(words))),
        Some(column) => Ok(made.with(name, column.clone())),
        None => Err(TableError::NoColumn(name.to_owned())),
    })
}

/// Choices without their settings, `cyclical` for `cyclical(cycles = 4)`, where that tells them apart as well.
fn shortened(words: &[String]) -> Vec<String> {
    let short = |word: &String| word.split('(').next().unwrap_or_default().to_owned();
    let pairs: BTreeSet<(String, &String)> = words.iter().map(|word| (short(word), word)).collect();
    let names: BTreeSet<&String> = pairs.iter().map(|(name, _)| name).collect();
    if names.len() == pairs.len() { words.iter().map(short).collect() } else { words.to_vec() }
}

/// The varied settings stand between the number of the trial and its metrics.
fn varied(trials: &Table) -> Vec<String> {
    trials.names().skip(1).take_while(|name| *name != "training.loss").map(str::to_owned).collect()
}

/// The best trials by validation loss, best first, of trials that went by rungs those that came furthest.
pub(super) fn best_trials(trials: &Table) -> Result<Table, TableError> {
    let losses = trials.numbers("validation.loss")?;
    let reached = trials.integers("rung").ok();
    let rung = |row: usize| reached.map_or(1, |reached| reached[row]);
    let mut rows: Vec<usize> = (0..losses.len()).filter(|&row| losses[row].is_finite()).collect();
    rows.sort_by(|&one, &other| rung(other).cmp(&rung(one)).then(losses[one].total_cmp(&losses[other])));
    rows.truncate(BEST_TRIALS);
    let varied = varied(trials);
    let mut names = vec!["trial"];
    names.extend(reached.map(|_| "rung"));
    names.extend(varied.iter().map(String::as_str));
    names.extend(["training.loss", "validation.loss", "validation.rmse", "best_epoch"]);
    columns(&trials.select(&rows), &names)
}

/// The epoch whose weights were kept.
pub(super) fn best_epoch(history: &Table) -> Result<Table, TableError> {
    let best = history.integers("best")?;
    let rows: Vec<usize> = (0..best.len()).filter(|&row| best[row] == 1).collect();
    columns(&history.select(&rows), &["epoch", "split", "loss", "rmse", "pearson", "spearman"])
}

/// Feasibility by condition, with failures by cause.
pub(super) fn feasibility(conditions: &Table) -> Result<Table, TableError> {
    let failed: Vec<String> =
        conditions.names().filter(|name| name.starts_with("failed: ")).map(str::to_owned).collect();
    let mut names = vec!["condition", "generated", "outside", "solved", "feasible", "lower", "upper"];
    names.extend(failed.iter().map(String::as_str));
    columns(conditions, &names)
}

/// Every node of the plan.
pub(super) fn nodes(plan: &Plan) -> Table {
    let inputs = |node: &Node| node.inputs.iter().map(|&at| plan.nodes[at].name.as_str()).collect::<Vec<_>>().join(" ");
    Table::new()
        .text("node", plan.nodes.iter().map(|node| node.name.clone()).collect())
        .text("stage", plan.nodes.iter().map(|node| node.stage.word().0.to_owned()).collect())
        .text("key", plan.nodes.iter().map(|node| node.key.to_string()).collect())
        .text("inputs", plan.nodes.iter().map(inputs).collect())
}

/// How many nodes of each stage, in the order in which the plan first needs them, and what the stage does.
pub(super) fn stages(plan: &Plan) -> Table {
    let mut counts: Vec<(&'static str, &'static str, i64)> = Vec::new();
    for node in &plan.nodes {
        let (word, _) = node.stage.word();
        match counts.iter_mut().find(|(known, _, _)| *known == word) {
            Some((_, _, count)) => *count += 1,
            None => counts.push((word, node.stage.title(), 1)),
        }
    }
    Table::new()
        .text("stage", counts.iter().map(|(word, _, _)| (*word).to_owned()).collect())
        .text("what it does", counts.iter().map(|(_, title, _)| (*title).to_owned()).collect())
        .integer("nodes", counts.iter().map(|(_, _, count)| *count).collect())
}

/// How many rows of the latent map lie in each bin of the condition, empty bins left out.
pub(super) fn bins(latent: &Table, width: f64) -> Result<Table, TableError> {
    let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
    let last = (1.0 / width).ceil() as i64 - 1;
    for condition in latent.numbers("condition")?.iter().filter(|condition| condition.is_finite()) {
        // The worst row, at 1, belongs to the last bin.
        *counts.entry(((condition / width).floor() as i64).min(last.max(0))).or_insert(0) += 1;
    }
    Ok(Table::new()
        .number("condition from", counts.keys().map(|bin| *bin as f64 * width).collect())
        .number("to", counts.keys().map(|bin| (*bin + 1) as f64 * width).collect())
        .integer("validation rows", counts.values().copied().collect()))
}

/// Order statistics by condition, from single fvals.
pub(super) fn boxes(solved: &Table) -> Result<Table, TableError> {
    let boxes = crate::evaluate::quantiles::box_by_condition(solved.numbers("condition")?, solved.numbers("fval")?);
    let (conditions, fvals) = (solved.numbers("condition")?, solved.integers("better")?);
    let column = |pick: fn(&crate::evaluate::quantiles::BoxStatistics) -> f64| {
        boxes.iter().map(|(_, found)| found.as_ref().map_or(f64::NAN, pick)).collect::<Vec<f64>>()
    };
    let better =
        |condition: f64| (0..fvals.len()).filter(|&row| conditions[row] == condition && fvals[row] == 1).count() as i64;
    Ok(Table::new()
        .number("condition", boxes.iter().map(|(condition, _)| *condition).collect())
        .integer(
            "solved",
            boxes.iter().map(|(_, found)| found.as_ref().map_or(0, |found| found.solved as i64)).collect(),
        )
        .number("lowest", column(|found| found.lowest))
        .number("lower quartile", column(|found| found.lower_quartile))
        .number("median", column(|found| found.median))
        .number("upper quartile", column(|found| found.upper_quartile))
        .number("highest", column(|found| found.highest))
        .integer("better than all training rows", boxes.iter().map(|(condition, _)| better(*condition)).collect()))
}

/// Descents by origin, with the columns that a reader compares.
pub(super) fn origins(summary: &Table) -> Result<Table, TableError> {
    let names = [
        ("origin", "starts from"),
        ("starts", "starts"),
        ("converged", "converged"),
        ("hits", "hits"),
        ("hit_share", "share of hits"),
        ("hit_lower", "95 % from"),
        ("hit_upper", "to"),
        ("median_end", "median end"),
        ("distinct_minima", "distinct minima"),
        ("evaluations", "evaluations"),
        ("training_evaluations", "of the training set"),
        ("evaluations_per_hit", "per hit"),
    ];
    renamed(&columns(summary, &names.map(|(name, _)| name))?, &names)
}

/// A table of a comparison, with the names of its origins for their numbers.
pub(super) fn compared(artifact: &Artifact, compare: &Compare, name: &str) -> Result<Table, AssembleError> {
    let table = artifact.table(name)?;
    let label = |number: &String| {
        let origin = number.parse().ok().and_then(|number: usize| compare.origins.get(number));
        origin.map_or_else(|| number.clone(), |origin| origin.label.clone())
    };
    table.names().try_fold(Table::new(), |named, column| {
        let cells = table.column(column).ok_or_else(|| TableError::NoColumn(column.to_owned()))?;
        Ok(match cells {
            Column::Text(words) => named.text(column, words.iter().map(label).collect()),
            other => named.with(column, other.clone()),
        })
    })
}

/// A table of rounds, with the names of generators for their numbers.
pub(super) fn named_rounds(artifact: &Artifact, rounds: &Rounds, name: &str) -> Result<Table, AssembleError> {
    let table = artifact.table(name)?;
    let label = |number: &String| {
        let one = number.parse().ok().and_then(|number: usize| rounds.generators.get(number));
        one.map_or_else(|| number.clone(), |one| one.label.clone())
    };
    Ok(table.names().try_fold(Table::new(), |named, column| {
        let cells = table.column(column).ok_or_else(|| TableError::NoColumn(column.to_owned()))?;
        Ok::<_, TableError>(match cells {
            Column::Text(numbers) => named.text(column, numbers.iter().map(label).collect()),
            other => named.with(column, other.clone()),
        })
    })?)
}

/// A declared table: the trials of a tune, or the conditions or origins of proposals, cut to its columns.
pub(super) fn declared(plan: &Plan, table: &Deliverable, store: &Store) -> Result<Table, AssembleError> {
    let wanted: Vec<String> = match table.settings.get("columns") {
        Some(Value::List(items)) => items
            .iter()
            .filter_map(|item| match item {
                Value::Text(text) | Value::Choice(text, _) => Some(text.clone()),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    // Tables of one stage stand below each other.
    let mut candidates: Vec<(&str, Vec<(Option<&Part>, Table)>)> = Vec::new();
    for (index, &at) in table.from.iter().enumerate() {
        let artifact = store.artifact(&plan.nodes[at].key);
        let stage = &plan.nodes[at].stage;
        let found = match stage {
            Stage::Tune(_) => {
                let trials = artifact.table("trials")?;
                // Without rungs all trials train to the end of the only one.
                match wanted.iter().any(|name| name == "rung") && trials.column("rung").is_none() {
                    true => {
                        let rows = trials.rows();
                        trials.integer("rung", vec![1; rows])
                    }
                    false => trials,
                }
            }
            Stage::Compare(compare) => compared(&artifact, compare, "summary")?,
            Stage::Benchmark(benchmark) => summary(plan, at, benchmark, (table, &wanted), store)?,
            Stage::Judge(_) => artifact.table("judgement")?,
            Stage::Rounds(rounds) => named_rounds(&artifact, rounds, "rounds")?,
            Stage::Posterior(_) => artifact.table("summary")?,
            Stage::ProfileLikelihood(_) => artifact.table("intervals")?,
            _ => artifact.table("conditions")?,
        };
        let (word, part) = (stage.word().0, (table.parts.get(index), found));
        match candidates.iter_mut().find(|(known, _)| *known == word) {
            Some((_, parts)) => parts.push(part),
            None => candidates.push((word, vec![part])),
        }
    }
    let candidates: Vec<Table> = candidates.into_iter().map(|(_, parts)| proposals::named(parts)).collect();
    // The table that has most of the wanted columns is meant: rows by origin or rows by condition.
    let fits = |candidate: &Table| wanted.iter().filter(|name| candidate.column(name).is_some()).count();
    // Where both have as many, the first is meant: rows by condition.
    let best = candidates.iter().rev().max_by_key(|candidate| fits(candidate));
    let Some(best) = best else { return Ok(Table::new()) };
    if wanted.is_empty() {
        return Ok(best.clone());
    }
    let names: Vec<&str> = wanted.iter().map(String::as_str).collect();
    Ok(columns(best, &names)?)
}

/// Tables of the same shape below each other, with a first column that says which is which. A column that only some
/// have is filled with 0, NaN or nothing.
pub(super) fn stacked(label: &str, parts: &[(String, Table)]) -> Table {
    let mut names: Vec<&str> = Vec::new();
    for (_, part) in parts {
        for name in part.names() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let words = parts.iter().flat_map(|(word, part)| vec![word.clone(); part.rows()]).collect();
    names.into_iter().fold(Table::new().text(label, words), |table, name| {
        let kind = parts.iter().find_map(|(_, part)| part.column(name));
        let column = match kind {
            Some(Column::Integer(_)) => Column::Integer(
                parts
                    .iter()
                    .flat_map(|(_, part)| part.integers(name).map_or_else(|_| vec![0; part.rows()], <[i64]>::to_vec))
                    .collect(),
            ),
            Some(Column::Text(_)) => Column::Text(
                parts
                    .iter()
                    .flat_map(|(_, part)| {
                        part.texts(name).map_or_else(|_| vec![String::new(); part.rows()], <[String]>::to_vec)
                    })
                    .collect(),
            ),
            _ => Column::Number(
                parts
                    .iter()
                    .flat_map(|(_, part)| {
                        part.numbers(name).map_or_else(|_| vec![f64::NAN; part.rows()], <[f64]>::to_vec)
                    })
                    .collect(),
            ),
        };
        table.with(name, column)
    })
}
