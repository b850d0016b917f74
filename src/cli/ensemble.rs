//! `kexp ensemble MODEL.xml|FILE:PROBLEM`: many solves, their speed, and failures by cause.

mod of_model;
mod of_problem;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use serde_json::json;

use super::common::{Failure, NetworkArguments, cores, say};
use crate::solve::ensemble::in_blocks;
use crate::table::{Table, TableError, TableStream};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A model to simulate until `--end`, such as `model.xml`, or a problem to evaluate, such as `problem.yaml` or
    /// `paper.kexp:stat5_fit`
    #[arg(value_name = "MODEL.xml|PROBLEM.yaml|FILE.kexp:NAME")]
    target: String,
    /// The vectors: a CSV file with ids in its header and a vector a line, or for a problem how many to draw uniformly
    /// between the bounds on the estimation scale. For a model, the ids are those of parameters, compartments and species
    /// (their initial values), as with `simulate --set`; for a problem, a column `ID` is on the linear scale and one
    /// `parameter.ID` on the estimation scale, and a parameter without a column has its nominal value
    #[arg(long, default_value = "10000", value_name = "N|FILE.csv")]
    vectors: String,
    /// The seed of the draws
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many threads [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// For a model: the last time; the first one is 0
    #[arg(long, value_name = "T")]
    end: Option<f64>,
    /// For a model: how many times, both ends included
    #[arg(long, default_value_t = 51, value_name = "N", requires = "end")]
    points: usize,
    /// For a model: the quantities, as for `simulate` [default: every species, and every parameter and compartment that
    /// can change]
    #[arg(long, value_name = "A,B,...", requires = "end")]
    select: Option<String>,
    /// Relative tolerance [default: 1e-8 for a model, that of the problem for a problem]
    #[arg(long)]
    rtol: Option<f64>,
    /// Absolute tolerance [default: 1e-12 for a model, that of the problem for a problem]
    #[arg(long)]
    atol: Option<f64>,
    /// A solve that takes more steps has failed [default: 10,000 for a model, that of the problem for a problem]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    most_steps: Option<u32>,
    /// Write the results as Parquet, in the order of the vectors: `vector` (from 0), `failure` (its cause; empty where there
    /// is none), `attempt` (from 1; 0 where all failed) and `steps`. For a problem there is one row a vector, with `fval`,
    /// `nllh`, `prior` and `chi2`; for a model one row for each vector and time, with `time` and the quantities, and one
    /// row of NaN for a vector that failed
    #[arg(long, value_name = "OUT.parquet")]
    output: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    network: NetworkArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let wrong = |tolerance: Option<f64>, most: f64| tolerance.is_some_and(|value| !(value > 0.0 && value < most));
    if wrong(arguments.rtol, 1.0) || wrong(arguments.atol, f64::INFINITY) {
        return Err(Failure::Said("`--rtol` must lie between 0 and 1, and `--atol` above 0".to_owned()));
    }
    let is_file = [".xml", ".sbml"].iter().any(|end| arguments.target.to_ascii_lowercase().ends_with(end));
    let counts = match arguments.end {
        Some(end) => of_model::run(arguments, end)?,
        None if is_file => {
            return Err(Failure::Said(format!("`{}` is a model: say with `--end T` until when", arguments.target)));
        }
        None => of_problem::run(arguments)?,
    };
    counts.tell(arguments);
    Ok(())
}

/// So many bytes of results wait to be written at a time.
const BLOCK: usize = 32 << 20;
/// A block has at most so many vectors.
const LARGEST: usize = 8192;

/// The vectors of a block, by the numbers that each brings and leaves.
fn block_of(numbers: usize, threads: usize) -> usize {
    // Enough for all threads to have something to do until its end.
    (BLOCK / (8 * numbers + 64)).clamp(4 * threads, LARGEST)
}

/// What one vector came to.
struct Outcome<R> {
    /// The cause of the failure; empty where there is none.
    cause: &'static str,
    /// From 1; 0 where all failed.
    attempt: usize,
    steps: usize,
    result: R,
}

/// What all vectors came to.
#[derive(Default)]
struct Counts {
    vectors: usize,
    threads: usize,
    ready_ms: f64,
    seconds: f64,
    steps: usize,
    retried: usize,
    causes: BTreeMap<&'static str, u64>,
}

impl Counts {
    /// Solves block after block; `table` makes rows of the results of a block, whose first vector has the given number.
    fn solve<S, R: Send>(
        &mut self,
        output: Option<&PathBuf>,
        read: impl FnMut() -> Result<Vec<Vec<f64>>, Failure> + Send,
        scratch: impl Fn() -> S + Sync + Send,
        solve: impl Fn(&mut S, &Vec<f64>) -> Outcome<R> + Sync + Send,
        table: impl Fn(usize, &[Outcome<R>]) -> Table + Send + Sync,
    ) -> Result<(), Failure> {
        let said = |path: &PathBuf, error: TableError| Failure::Said(format!("{}: {error}", path.display()));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads).build();
        let pool = pool.map_err(|error| Failure::Said(format!("no threads: {error}")))?;
        let stream = output.map(|path| TableStream::create(path).map_err(|error| said(path, error)).map(|s| (path, s)));
        let mut stream = stream.transpose()?;
        let started = Instant::now();
        let counts = &mut *self;
        let write = |outcomes: Vec<Outcome<R>>| {
            if let Some((path, stream)) = &mut stream {
                stream.append(&table(counts.vectors, &outcomes)).map_err(|error| said(path, error))?;
            }
            for outcome in &outcomes {
                counts.count(outcome);
            }
            Ok(())
        };
        pool.install(|| in_blocks(read, scratch, solve, write))?;
        self.seconds = started.elapsed().as_secs_f64();
        match stream {
            Some((path, stream)) => stream.finish().map_err(|error| said(path, error)),
            None => Ok(()),
        }
    }

    fn count<R>(&mut self, outcome: &Outcome<R>) {
        self.vectors += 1;
        self.steps += outcome.steps;
        self.retried += usize::from(outcome.attempt > 1);
        if !outcome.cause.is_empty() {
            *self.causes.entry(outcome.cause).or_insert(0) += 1;
        }
    }

    fn tell(&self, arguments: &Arguments) {
        let Self { vectors, threads, ready_ms, seconds, .. } = *self;
        let rate = vectors as f64 / seconds;
        let failed: u64 = self.causes.values().sum();
        let each = |total: f64| total / vectors.max(1) as f64;
        if arguments.json {
            say(&json!({
                "vectors": vectors, "threads": threads, "ready_ms": ready_ms, "solves_per_s": rate,
                // Of one thread's time.
                "solve_ms": each(seconds * 1e3 * threads as f64), "steps": self.steps,
                "failed": failed, "failed_by_cause": self.causes, "solved_at_second_attempt": self.retried,
            })
            .to_string());
            return;
        }
        say(&format!(
            "{vectors} vectors on {threads} threads: {rate:.0} solves a second, ready after {ready_ms:.1} ms"
        ));
        let percent = |count: u64| each(100.0 * count as f64);
        say(&format!("failed {failed} ({:.2} %), solved at a later attempt {}", percent(failed), self.retried));
        for (cause, count) in &self.causes {
            say(&format!("  {cause}  {count} ({:.2} %)", percent(*count)));
        }
    }
}

/// The columns that every table has.
fn table_of<R>(first: usize, outcomes: &[Outcome<R>], rows: impl Fn(&Outcome<R>) -> usize) -> Table {
    let mut vector = Vec::new();
    let mut failure = Vec::new();
    let mut attempt = Vec::new();
    let mut steps = Vec::new();
    for (index, outcome) in outcomes.iter().enumerate() {
        for _ in 0..rows(outcome) {
            vector.push((first + index) as i64);
            failure.push(outcome.cause.to_owned());
            attempt.push(outcome.attempt as i64);
            steps.push(outcome.steps as i64);
        }
    }
    Table::new().integer("vector", vector).text("failure", failure).integer("attempt", attempt).integer("steps", steps)
}

/// All threads that were asked for.
fn threads(arguments: &Arguments) -> usize {
    arguments.threads.map_or_else(cores, usize::from)
}
