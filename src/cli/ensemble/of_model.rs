//! Trajectories of a model at many vectors of its parameters.

use std::path::Path;
use std::time::Instant;

use super::{Arguments, Counts, Outcome, block_of, table_of, threads};
use crate::cli::common::{Failure, milliseconds, model};
use crate::cli::selection::{self, Selected};
use crate::cli::simulate::grid;
use crate::cli::vectors::{self, Vectors};
use crate::model::expression::Expression;
use crate::model::network::Network;
use crate::model::problem::SolverSettings;
use crate::plan::resolve;
use crate::solve::simulate::{Record, Simulator};
use crate::table::Table;

pub(super) fn run(arguments: &Arguments, end: f64) -> Result<Counts, Failure> {
    let times = grid(0.0, end, arguments.points)?;
    let path = Path::new(&arguments.vectors);
    if arguments.vectors.parse::<u64>().is_ok() && !path.exists() {
        let words = "a model has no bounds to draw vectors from: `--vectors` names a CSV file of them";
        return Err(Failure::Said(words.to_owned()));
    }
    let settings = SolverSettings {
        rtol: arguments.rtol.unwrap_or(1e-8),
        atol: arguments.atol.unwrap_or(1e-12),
        most_steps: arguments.most_steps.unwrap_or(10_000) as usize,
    };
    let started = Instant::now();
    let network = model(&arguments.target, arguments.network)?;
    let selected = selected(arguments, &network)?;
    let imported = milliseconds(started);
    let names = vectors::look(path, |names| unknown(&network, names))?;
    let started = Instant::now();
    let simulator = Simulator::new(&network, &[], &names, &selected);
    let simulator = simulator.map_err(|error| Failure::Said(error.to_string()))?;
    let ready_ms = imported + milliseconds(started);

    let threads = threads(arguments);
    let mut counts = Counts { threads, ready_ms, ..Counts::default() };
    let keep = arguments.output.is_some();
    let left = if keep { times.len() * (selected.len() + 5) } else { 0 };
    let most = block_of(names.len() + left, threads);
    let mut vectors = Vectors::open(path)?;
    counts.solve(
        arguments.output.as_ref(),
        || vectors.next(most),
        Record::default,
        |record, vector| {
            // Times were checked, and all lines have as many numbers as the header has names.
            let ended = simulator.solve(vector, &times, settings, record);
            let (outcome, steps) =
                ended.map_or((Err(crate::solve::Failure::InvalidInput), 0), |e| (e.outcome, e.steps));
            let result = if keep && outcome.is_ok() { std::mem::take(&mut record.values) } else { Vec::new() };
            let cause = outcome.map_or_else(crate::solve::Failure::word, |_| "");
            Outcome { cause, attempt: outcome.map_or(0, |rung| rung + 1), steps, result }
        },
        |first, outcomes| table(first, outcomes, &times, simulator.ids()),
    )?;
    Ok(counts)
}

/// The quantities; time has its own column.
fn selected(arguments: &Arguments, network: &Network) -> Result<Vec<Selected>, Failure> {
    let mut selected = match &arguments.select {
        Some(text) => selection::read(text, network).map_err(Failure::Said)?,
        None => selection::default(network),
    };
    selected.retain(|(name, expression)| name != "time" || *expression != Expression::Time);
    for (index, (name, _)) in selected.iter().enumerate() {
        if ["vector", "failure", "attempt", "steps", "time"].contains(&name.as_str()) {
            let words = format!("the table has a column `{name}` of its own: select it as `1*{name}`");
            return Err(Failure::Said(words));
        }
        if selected[..index].iter().any(|(other, _)| other == name) {
            return Err(Failure::Said(format!("`--select`: `{name}` stands there twice")));
        }
    }
    Ok(selected)
}

/// The names that the model cannot take a value for.
fn unknown(network: &Network, names: &[String]) -> Vec<(usize, String, Option<String>)> {
    let mut probe = network.clone();
    let tried = names.iter().enumerate().map(|(index, name)| (index, resolve::put(&mut probe, name, 1.0)));
    tried
        .filter_map(|(index, result)| {
            let wrong = result.err()?;
            Some(match wrong.split_once("; ") {
                Some((words, help)) => (index, words.to_owned(), Some(help.to_owned())),
                None => (index, wrong, None),
            })
        })
        .collect()
}

/// One row for each vector and time; one without numbers for a vector that failed.
fn table(first: usize, outcomes: &[Outcome<Vec<f64>>], times: &[f64], ids: &[String]) -> Table {
    let rows = |outcome: &Outcome<Vec<f64>>| if outcome.cause.is_empty() { times.len() } else { 1 };
    let column = |of: &dyn Fn(&[f64], usize) -> f64| {
        let each = outcomes.iter().flat_map(|outcome| {
            (0..rows(outcome)).map(|time| if outcome.cause.is_empty() { of(&outcome.result, time) } else { f64::NAN })
        });
        each.collect::<Vec<f64>>()
    };
    let start = table_of(first, outcomes, rows).number("time", column(&|_, time| times[time]));
    let columns = ids.iter().enumerate();
    columns.fold(start, |table, (place, id)| table.number(id, column(&|values, time| values[time * ids.len() + place])))
}
