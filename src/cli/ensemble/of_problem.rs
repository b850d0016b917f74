//! The objective of a problem at many vectors.

use std::path::Path;
use std::time::Instant;

use super::{Arguments, Counts, Outcome, block_of, table_of, threads};
use crate::cli::common::{Failure, milliseconds, problem};
use crate::cli::estimated::EstimatedVectors;
use crate::model::problem::SolverSettings;
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
        let mut vectors = EstimatedVectors::open(path, &problem, &solver)?;
        counts.solve(output, || vectors.next(most), || (), solve, table)?;
    }
    Ok(counts)
}

fn table(first: usize, outcomes: &[Outcome<Evaluation>]) -> Table {
    let column = |of: fn(&Evaluation) -> f64| outcomes.iter().map(|outcome| of(&outcome.result)).collect();
    table_of(first, outcomes, |_| 1)
        .number("fval", column(|evaluation| evaluation.fval))
        .number("nllh", column(|evaluation| evaluation.nllh))
        .number("prior", column(|evaluation| evaluation.prior))
        .number("chi2", column(|evaluation| evaluation.chi2))
}
