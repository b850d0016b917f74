//! The objective of a problem at many vectors.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use super::{Arguments, Counts, Outcome, block_of, table_of, threads};
use crate::cli::common::{Failure, milliseconds, problem};
use crate::cli::vectors::{self, Vectors};
use crate::diagnostic::suggest;
use crate::model::problem::{Problem, Scale, SolverSettings};
use crate::optimise::{Bounds, design};
use crate::random::Streams;
use crate::solve::{Evaluation, ProblemSolver};
use crate::table::Table;

pub(super) fn run(arguments: &Arguments) -> Result<Counts, Failure> {
    let said = |error: &dyn std::error::Error| Failure::Said(error.to_string());
    let started = Instant::now();
    let mut problem = problem(&arguments.target, arguments.network)?;
    let SolverSettings { rtol, atol, most_steps } = problem.solver;
    problem.solver = SolverSettings {
        rtol: arguments.rtol.unwrap_or(rtol),
        atol: arguments.atol.unwrap_or(atol),
        most_steps: arguments.most_steps.map_or(most_steps, |most| most as usize),
    };
    let solver = ProblemSolver::new(&problem).map_err(|error| said(&error))?;
    let ready_ms = milliseconds(started);

    let threads = threads(arguments);
    let mut counts = Counts { threads, ready_ms, ..Counts::default() };
    let most = block_of(solver.dimension() + 8, threads);
    let output = arguments.output.as_ref();
    let solve = |(): &mut (), vector: &Vec<f64>| {
        let evaluation = solver.evaluate(vector);
        let (cause, attempt, steps) = (evaluation.cause(), evaluation.attempt(), evaluation.steps);
        Outcome { cause, attempt, steps, result: evaluation }
    };
    // Vectors by vectors, and not their conditions as well: there are always more of them than threads, and the time at
    // the end of a block, when a thread may have nothing left to do, is that of one vector among thousands.
    if let Ok(count) = arguments.vectors.parse::<usize>() {
        let bounds = Bounds::new(solver.lower().to_vec(), solver.upper().to_vec()).map_err(|error| said(&error))?;
        let streams = Streams::new(arguments.seed, "ensemble");
        let mut drawn = 0;
        let read = || {
            let numbers = drawn..count.min(drawn + most);
            drawn = numbers.end;
            Ok(design::random_within(numbers, &bounds, &streams))
        };
        counts.solve(output, read, || (), solve, table)?;
    } else {
        let path = Path::new(&arguments.vectors);
        let known = columns(&problem, &solver);
        let names = vectors::look(path, |names| unknown(&known, names))?;
        let places: Vec<(usize, Scale)> = names.iter().map(|name| known[name]).collect();
        let mut vectors = Vectors::open(path)?;
        let read = || {
            let rows = vectors.next(most)?;
            Ok(rows.into_iter().map(|row| placed(solver.nominal(), &places, &row)).collect())
        };
        counts.solve(output, read, || (), solve, table)?;
    }
    Ok(counts)
}

/// What a column may be called, with the place in the vector and the scale that its numbers leave.
fn columns(problem: &Problem, solver: &ProblemSolver) -> BTreeMap<String, (usize, Scale)> {
    let mut known = BTreeMap::new();
    for (place, name) in solver.names().iter().enumerate() {
        let estimated = problem.parameters.iter().find(|parameter| parameter.id == *name);
        let scale = estimated.and_then(|parameter| parameter.estimate.as_ref()).map(|estimate| estimate.scale);
        known.insert(name.clone(), (place, scale.unwrap_or(Scale::Linear)));
        known.insert(format!("parameter.{name}"), (place, Scale::Linear));
    }
    known
}

fn unknown(known: &BTreeMap<String, (usize, Scale)>, names: &[String]) -> Vec<(usize, String, Option<String>)> {
    let mut taken = BTreeMap::new();
    let mut found = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let Some((place, _)) = known.get(name) else {
            let near = suggest(name, known.keys().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
            found.push((index, format!("the problem has no estimated parameter `{name}`"), near));
            continue;
        };
        if let Some(other) = taken.insert(place, name) {
            let help = "one of them is on the linear scale, the other on the estimation scale".to_owned();
            found.push((index, format!("`{other}` and `{name}` are one parameter"), Some(help)));
        }
    }
    found
}

/// A line's numbers at their places on the estimation scale.
fn placed(nominal: &[f64], places: &[(usize, Scale)], row: &[f64]) -> Vec<f64> {
    let mut vector = nominal.to_vec();
    for (&(place, scale), &value) in places.iter().zip(row) {
        vector[place] = match scale {
            Scale::Linear => value,
            Scale::Log => value.ln(),
            Scale::Log10 => value.log10(),
        };
    }
    vector
}

fn table(first: usize, outcomes: &[Outcome<Evaluation>]) -> Table {
    let column = |of: fn(&Evaluation) -> f64| outcomes.iter().map(|outcome| of(&outcome.result)).collect();
    table_of(first, outcomes, |_| 1)
        .number("fval", column(|evaluation| evaluation.fval))
        .number("nllh", column(|evaluation| evaluation.nllh))
        .number("prior", column(|evaluation| evaluation.prior))
        .number("chi2", column(|evaluation| evaluation.chi2))
}
