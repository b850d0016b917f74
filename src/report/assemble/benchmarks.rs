//! Tables of benchmarks.

use std::collections::BTreeSet;

use super::AssembleError;
use super::tables::{columns, renamed};
use crate::plan::node::{Deliverable, Plan};
use crate::plan::trial::{Benchmark, Place};
use crate::run::store::{Artifact, Store};
use crate::schema::Value;
use crate::table::{Column, Table, TableError};

/// How many minima of a problem the figure of them shows.
const LOWEST_MINIMA: i64 = 10;

/// A table of a benchmark, with the names of problems and methods for their numbers. A method whose training set lacked
/// the best basin is another method here. Where some problems are for development, a column `role` says which.
pub(super) fn benchmarked(artifact: &Artifact, benchmark: &Benchmark, name: &str) -> Result<Table, AssembleError> {
    let table = artifact.table(name)?;
    let label = |names: &[String], number: &String| {
        let name = number.parse().ok().and_then(|number: usize| names.get(number));
        name.unwrap_or(number).clone()
    };
    let named = table.names().try_fold(Table::new(), |named, column| {
        let cells = table.column(column).ok_or_else(|| TableError::NoColumn(column.to_owned()))?;
        Ok::<_, TableError>(match (column, cells) {
            ("problem", Column::Text(numbers)) => {
                named.text(column, numbers.iter().map(|number| label(&benchmark.problems, number)).collect())
            }
            ("method", Column::Text(numbers)) => {
                named.text(column, numbers.iter().map(|number| label(&benchmark.methods, number)).collect())
            }
            (_, other) => named.with(column, other.clone()),
        })
    })?;
    Ok(match table.texts("problem") {
        Ok(numbers) if benchmark.development > 0 => {
            let role = |number: &String| benchmark.role(number.parse().unwrap_or(0)).to_owned();
            named.text("role", numbers.iter().map(role).collect())
        }
        _ => named,
    })
}

/// The rows of a benchmark's table of the problems of one role, where one is asked for.
pub(super) fn of_role(table: Table, role: Option<&str>) -> Table {
    match (role, table.texts("role")) {
        (Some(role), Ok(roles)) => {
            let rows: Vec<usize> = (0..roles.len()).filter(|&row| roles[row] == role).collect();
            table.select(&rows)
        }
        // Without development problems there is no such column, and all are headline ones.
        _ => table,
    }
}

/// The summary of a benchmark as a declared table shows it: with roles and seconds where they are wanted, and problems
/// under the names that are wanted.
pub(super) fn summary(
    plan: &Plan,
    at: usize,
    benchmark: &Benchmark,
    (table, wanted): (&Deliverable, &[String]),
    store: &Store,
) -> Result<Table, AssembleError> {
    let artifact = store.artifact(&plan.nodes[at].key);
    let mut shown = benchmarked(&artifact, benchmark, "summary")?;
    if wanted.iter().any(|name| name == "role") && shown.column("role").is_none() {
        let headlines = vec!["headline".to_owned(); shown.rows()];
        shown = shown.text("role", headlines);
    }
    if wanted.iter().any(|name| name == "seconds") {
        let seconds = seconds(plan, at, benchmark, &shown, store)?;
        shown = shown.number("seconds", seconds);
    }
    let word = |name: &str| match table.settings.get(name) {
        Some(Value::Text(word) | Value::Choice(word, _)) => Some(word.as_str()),
        _ => None,
    };
    if word("problem_names") == Some("petab") {
        let problems = shown.texts("problem")?.iter().map(|problem| {
            let known = benchmark.problems.iter().position(|name| name == problem);
            let name = known.and_then(|at| benchmark.petab_names.get(at)).filter(|name| !name.is_empty());
            name.unwrap_or(problem).clone()
        });
        let problems: Vec<String> = problems.collect();
        let renamed = shown.names().fold(Table::new(), |renamed, column| match (column, shown.column(column)) {
            ("problem", _) => renamed.text(column, problems.clone()),
            (_, Some(cells)) => renamed.with(column, cells.clone()),
            (_, None) => renamed,
        });
        shown = renamed;
    }
    Ok(of_role(shown, word("role")))
}

/// What all trials of each row took, in seconds on the clock, as measured when they were computed; NaN where that is not
/// known of some.
fn seconds(
    plan: &Plan,
    at: usize,
    benchmark: &Benchmark,
    rows: &Table,
    store: &Store,
) -> Result<Vec<f64>, AssembleError> {
    let (problems, methods, blind) = (rows.texts("problem")?, rows.texts("method")?, rows.texts("blind")?);
    let trials = &plan.nodes[at].inputs[benchmark.problems.len()..];
    let of = |row: usize| -> f64 {
        let is_of_row = |place: &Place| {
            benchmark.problems[place.problem] == problems[row]
                && benchmark.methods[place.method] == methods[row]
                && place.blind == (blind[row] == "yes")
        };
        let own = benchmark.trials.iter().zip(trials).filter(|(place, _)| is_of_row(place));
        own.map(|(_, &trial)| store.seconds(&plan.nodes[trial].key).unwrap_or(f64::NAN)).sum()
    };
    Ok((0..rows.rows()).map(of).collect())
}

/// The rows of a benchmark's table by panel: those of a blind test have one of their own, in which methods that learn
/// nothing stand too, since the test changes nothing for them.
pub(super) fn panels(table: &Table) -> Result<Table, TableError> {
    let (problems, methods, blind) = (table.texts("problem")?, table.texts("method")?, table.texts("blind")?);
    let learns: BTreeSet<(&String, &String)> =
        (0..table.rows()).filter(|&row| blind[row] == "yes").map(|row| (&problems[row], &methods[row])).collect();
    let tested: BTreeSet<&String> = learns.iter().map(|(problem, _)| *problem).collect();
    let roles = table.texts("role").ok();
    let mut rows: Vec<(usize, String)> = Vec::new();
    for problem in distinct(problems) {
        let of_problem = || (0..table.rows()).filter(move |&row| problems[row] == *problem);
        let is_development =
            of_problem().next().is_some_and(|row| roles.is_some_and(|roles| roles[row] == "development"));
        let problem_name = if is_development { format!("{problem} (development)") } else { problem.clone() };
        rows.extend(of_problem().filter(|&row| blind[row] == "no").map(|row| (row, problem_name.clone())));
        let is_shown = |&row: &usize| blind[row] == "yes" || !learns.contains(&(problem, &methods[row]));
        if tested.contains(problem) {
            let name = format!("{problem_name}, blind");
            rows.extend(of_problem().filter(is_shown).map(|row| (row, name.clone())));
        }
    }
    let chosen: Vec<usize> = rows.iter().map(|(row, _)| *row).collect();
    Ok(table.select(&chosen).text("panel", rows.into_iter().map(|(_, name)| name).collect()))
}

/// The rows of the lowest minima of each problem.
pub(super) fn lowest_minima(minima: &Table) -> Result<Table, TableError> {
    let numbers = minima.integers("minimum")?;
    let rows: Vec<usize> = (0..numbers.len()).filter(|&row| numbers[row] < LOWEST_MINIMA).collect();
    Ok(minima.select(&rows))
}

/// The distinct words in the order in which they first appear.
fn distinct(words: &[String]) -> Vec<&String> {
    let mut seen = BTreeSet::new();
    words.iter().filter(|word| seen.insert(*word)).collect()
}

/// The columns of a benchmark that a reader of its figures compares.
pub(super) fn verdict(summary: &Table) -> Result<Table, TableError> {
    let names = [
        ("problem", "problem"),
        ("method", "method"),
        ("blind", "blind"),
        ("repeats", "repeats"),
        ("success_probability", "success"),
        ("low", "95 % from"),
        ("high", "to"),
        ("cost_to_first_hit", "evaluations to the first hit"),
        ("hits", "hits"),
        ("starts", "starts"),
        ("distinct_minima", "distinct minima"),
        ("lowest", "lowest"),
        ("median", "median"),
    ];
    renamed(&columns(summary, &names.map(|(name, _)| name))?, &names)
}
