//! The values that `kexp:value` markers can show, from the artifacts of a run.

use super::AssembleError;
use super::benchmarks::benchmarked;
use super::tables::{compared, named_rounds, stacked};
use crate::plan::node::{Plan, Stage};
use crate::report::results::{ResultTable, Results, Value};
use crate::run::stages::{
    BenchmarkTarget, CompareTarget, DatasetSummary, DescentsSummary, FeasibilitySummary, PosteriorSummary,
    ProfileSummary, TrainingSummary, TuneChoice,
};
use crate::run::store::Store;
use crate::table::Table;

/// Adds values and tables of every node that has something to say, by the name of its declaration.
pub(super) fn add(plan: &Plan, store: &Store, results: &mut Results) -> Result<(), AssembleError> {
    let mut conditions: Vec<(String, Vec<(String, Table)>)> = Vec::new();
    for node in &plan.nodes {
        let artifact = store.artifact(&node.key);
        let rest = node.name.split_once('.').map_or("", |(_, rest)| rest);
        match &node.stage {
            Stage::Problem(problem) => {
                // What a recipe measured is known once it was computed.
                let measured = match problem.synthetic {
                    Some(_) => Some(artifact.value("problem")?),
                    None => None,
                };
                let problem = measured.as_ref().unwrap_or(problem);
                let estimated = problem.parameters.iter().filter(|parameter| parameter.estimate.is_some()).count();
                results.integer(rest, "species", problem.network.species.len());
                results.integer(rest, "reactions", problem.network.reactions.len());
                results.integer(rest, "parameters", estimated);
                results.integer(rest, "observables", problem.observables.len());
                results.integer(rest, "measurements", problem.measurements.len());
                results.number(rest, "rtol", problem.solver.rtol);
                results.number(rest, "atol", problem.solver.atol);
            }
            Stage::Descend(_) => {
                let summary: DescentsSummary = artifact.value("summary")?;
                let name = format!("descend.{rest}");
                results.integer(&name, "descents", summary.descents);
                results.integer(&name, "converged", summary.converged);
                results.integer(&name, "failed", summary.failed.values().sum());
                results.number(&name, "lowest", summary.lowest);
                results.integer(&name, "evaluations", (summary.work.values + summary.work.gradients) as usize);
            }
            Stage::Rows(_) => {
                let summary: DescentsSummary = artifact.value("summary")?;
                let name = format!("rows.{rest}");
                results.integer(&name, "failed", summary.failed.values().sum());
                results.number(&name, "lowest", summary.lowest);
                results.integer(&name, "evaluations", summary.work.values as usize);
            }
            Stage::Dataset(_) => {
                let summary: DatasetSummary = artifact.value("summary")?;
                let name = format!("dataset.{rest}");
                results.integer(&name, "rows", summary.training + summary.validation);
                results.integer(&name, "training", summary.training);
                results.integer(&name, "validation", summary.validation);
                results.integer(&name, "descents", summary.descents);
                results.integer(&name, "failed", summary.failed);
                results.integer(&name, "hits", summary.hits);
                results.integer(&name, "left_out", summary.left_out);
                results.number(&name, "best", summary.best);
                results.number(&name, "worst", summary.worst);
                results.integer(&name, "evaluations", (summary.work.values + summary.work.gradients) as usize);
            }
            Stage::Tune(tune) => {
                let choice: TuneChoice = artifact.value("choice")?;
                results.integer(rest, "trials", choice.trials);
                results.integer(rest, "refused", choice.refused);
                if !tune.rungs.is_empty() {
                    results.integer(rest, "rungs", tune.rungs.len());
                }
                results.integer(rest, "trial", choice.trial);
                results.number(rest, "value", choice.value);
                for (path, value) in choice.configuration {
                    results.values.insert(format!("{rest}.{path}"), Value::Text(value));
                }
                training(rest, &artifact.value("summary")?, results);
                results.tables.insert(format!("{rest}.trials"), ResultTable::from(&artifact.table("trials")?));
            }
            Stage::Train(train) if !train.is_trial() => {
                training(&format!("train.{rest}"), &artifact.value("summary")?, results);
            }
            Stage::Append(_) => {
                let summary: DatasetSummary = artifact.value("summary")?;
                let name = format!("append.{rest}");
                results.integer(&name, "training", summary.training);
                results.integer(&name, "validation", summary.validation);
                results.integer(&name, "failed", summary.failed);
                results.integer(&name, "proposals", summary.proposals);
                results.number(&name, "best", summary.best);
                results.integer(&name, "evaluations", (summary.work.values + summary.work.gradients) as usize);
            }
            Stage::Feasibility(_) => {
                let summary: FeasibilitySummary = artifact.value("summary")?;
                let name = format!("feasibility.{rest}");
                results.integer(&name, "solved", summary.solved);
                results.integer(&name, "failed", summary.failed);
                results.integer(&name, "held_out", summary.held_out_solved + summary.held_out_failed);
                results.number(&name, "brier", summary.brier);
                results.number(&name, "brier_of_share", summary.brier_of_share);
            }
            Stage::Rounds(rounds) => {
                let table = named_rounds(&artifact, rounds, "summary")?;
                results.tables.insert(format!("{rest}.rounds"), ResultTable::from(&table));
            }
            Stage::Conditions => {
                let (rest, round) = match rest.rsplit_once(".round_") {
                    Some((rest, round)) => (rest, round.parse().ok()),
                    None => (rest, None),
                };
                let (name, generator) = rest.rsplit_once('.').unwrap_or((rest, ""));
                let table = artifact.table("conditions")?;
                let table = match round {
                    Some(round) => table.clone().integer("round", vec![round; table.rows()]),
                    None => table,
                };
                let part = (generator.to_owned(), table);
                match conditions.iter_mut().find(|(known, _)| known == name) {
                    Some((_, parts)) => parts.push(part),
                    None => conditions.push((name.to_owned(), vec![part])),
                }
            }
            Stage::Compare(compare) => {
                let target: CompareTarget = artifact.value("target")?;
                results.number(rest, "target", target.fval);
                results.number(rest, "nominal", target.nominal);
                results.number(rest, "lowest", target.lowest);
                results.integer(rest, "minima", target.minima);
                for part in ["summary", "differences"] {
                    let table = ResultTable::from(&compared(&artifact, compare, part)?);
                    let name = if part == "summary" { "descents" } else { part };
                    results.tables.insert(format!("{rest}.{name}"), table);
                }
            }
            Stage::Distances(_) => {
                let table = ResultTable::from(&artifact.table("summary")?);
                results.tables.insert(format!("distances.{rest}"), table);
            }
            Stage::Judge(_) => {
                let table = artifact.table("judgement")?;
                for name in table.names() {
                    if let Ok(values) = table.numbers(name) {
                        results.number(&format!("judge.{rest}"), name, values[0]);
                    }
                }
            }
            Stage::Benchmark(benchmark) => {
                let targets: Vec<BenchmarkTarget> = artifact.value("targets")?;
                for (problem, target) in benchmark.problems.iter().zip(targets) {
                    let name = format!("{rest}.{problem}");
                    results.number(&name, "target", target.fval);
                    results.number(&name, "nominal", target.nominal);
                    results.number(&name, "lowest", target.lowest);
                }
                let table = ResultTable::from(&benchmarked(&artifact, benchmark, "summary")?);
                results.tables.insert(rest.to_owned(), table);
            }
            Stage::Posterior(_) => {
                let summary: PosteriorSummary = artifact.value("summary")?;
                results.integer(rest, "chains", summary.chains);
                results.integer(rest, "draws", summary.draws);
                results.integer(rest, "divergent", summary.divergent);
                results.integer(rest, "failed", summary.failed as usize);
                results.integer(rest, "evaluations", (summary.work.values + summary.work.gradients) as usize);
                results.number(rest, "lowest", summary.lowest);
                results.number(rest, "rhat", summary.rhat);
                results.number(rest, "ess_bulk", summary.ess_bulk);
                results.number(rest, "ess_tail", summary.ess_tail);
                results.tables.insert(rest.to_owned(), ResultTable::from(&artifact.table("summary")?));
            }
            Stage::ProfileLikelihood(_) => {
                let summary: ProfileSummary = artifact.value("summary")?;
                results.number(rest, "optimum", summary.optimum);
                results.number(rest, "lowest", summary.lowest);
                results.number(rest, "threshold", summary.threshold);
                results.integer(rest, "failed", summary.failed as usize);
                results.integer(rest, "evaluations", (summary.work.values + summary.work.gradients) as usize);
                results.tables.insert(rest.to_owned(), ResultTable::from(&artifact.table("intervals")?));
            }
            Stage::Trial(_)
            | Stage::Train(_)
            | Stage::Rung(_)
            | Stage::Generate(_)
            | Stage::Solve
            | Stage::Latent(_)
            | Stage::Map(_) => {}
        }
    }
    for (name, parts) in conditions {
        results.tables.insert(name, ResultTable::from(&stacked("generator", &parts)));
    }
    results.integer("experiment", "seed", usize::try_from(plan.seed).unwrap_or(usize::MAX));
    Ok(())
}

fn training(name: &str, summary: &TrainingSummary, results: &mut Results) {
    results.integer(name, "parameters", summary.parameters);
    results.integer(name, "epochs", summary.epochs);
    results.integer(name, "best_epoch", summary.best_epoch);
    for (metric, value) in &summary.metrics {
        results.number(name, metric, *value);
    }
}

impl Results {
    fn number(&mut self, name: &str, part: &str, value: f64) {
        self.values.insert(format!("{name}.{part}"), Value::Number(value));
    }

    fn integer(&mut self, name: &str, part: &str, value: usize) {
        self.values.insert(format!("{name}.{part}"), Value::Integer(i64::try_from(value).unwrap_or(i64::MAX)));
    }
}
