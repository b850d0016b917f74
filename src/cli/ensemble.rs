//! `kexp ensemble FILE:PROBLEM`: many solves, their speed, and failures by cause.

use std::time::Instant;

use serde_json::json;

use super::common::{Failure, NetworkArguments, cores, problem, say};
use crate::evaluate::feasibility;
use crate::optimise::{Bounds, design};
use crate::random::Streams;
use crate::solve::ProblemSolver;
use crate::solve::ensemble::Ensemble;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The problem, such as `paper.kexp:stat5_fit`
    #[arg(value_name = "FILE.kexp:PROBLEM")]
    problem: String,
    /// How many vectors, drawn uniformly between the bounds on the estimation scale
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    vectors: usize,
    /// The seed of the draws
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many threads [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    network: NetworkArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let problem = problem(&arguments.problem, arguments.network)?;
    let started = Instant::now();
    let solver = ProblemSolver::new(&problem).map_err(|error| Failure::Said(error.to_string()))?;
    let ready = started.elapsed().as_secs_f64() * 1e3;
    let bounds = Bounds::new(solver.lower().to_vec(), solver.upper().to_vec());
    let bounds = bounds.map_err(|error| Failure::Said(error.to_string()))?;
    let vectors = design::random(arguments.vectors, &bounds, &Streams::new(arguments.seed, "ensemble"));
    let threads = arguments.threads.unwrap_or_else(cores).max(1);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| Failure::Said(format!("no threads: {error}")))?;
    let started = Instant::now();
    let evaluations = pool.install(|| Ensemble::evaluate(&solver, &vectors)).evaluations;
    let seconds = started.elapsed().as_secs_f64();
    let causes: Vec<&str> = evaluations.iter().map(super::super::solve::objective::Evaluation::cause).collect();
    let failed = feasibility::causes(&causes);
    let retried = evaluations.iter().filter(|evaluation| evaluation.attempt() > 1).count();
    let rate = arguments.vectors as f64 / seconds;
    if arguments.json {
        say(&json!({
            "vectors": arguments.vectors, "threads": threads, "ready_ms": ready, "solves_per_s": rate,
            "solve_ms": seconds * 1e3 * threads as f64 / arguments.vectors as f64,
            "failed": failed, "solved_at_second_attempt": retried,
        })
        .to_string());
        return Ok(());
    }
    say(&format!(
        "{} vectors on {threads} threads: {rate:.0} solves a second, ready after {ready:.1} ms",
        arguments.vectors
    ));
    let total: u64 = failed.values().sum();
    let percent = |count: u64| 100.0 * count as f64 / arguments.vectors.max(1) as f64;
    say(&format!("failed {total} ({:.2} %), solved at a later attempt {retried}", percent(total)));
    for (cause, count) in &failed {
        say(&format!("  {cause}  {count} ({:.2} %)", percent(*count)));
    }
    Ok(())
}
