//! What the pieces of a solve take, in units of a fixed loop of arithmetic that is timed in the same run, beside a recorded
//! baseline: `make bench`. `cargo bench --bench pieces -- --record` writes the baseline.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use kexp::diagnostic::Sources;
use kexp::model::network::Network;
use kexp::model::problem::{Problem, SolverSettings};
use kexp::plan::resolve::{self, Options};
use kexp::solve::simulate::{Record, Simulator};
use kexp::solve::{ProblemSolver, default_selection};

const BASELINE: &str = "benches/baseline.txt";
const SETTINGS: SolverSettings = SolverSettings { rtol: 1e-6, atol: 1e-9, most_steps: 100_000 };
const POINTS: usize = 51;

/// Times by name, in nanoseconds.
#[derive(Default)]
struct Times(Vec<(String, f64)>);

impl Times {
    /// The median over batches that are long enough for the clock.
    fn add<T>(&mut self, name: &str, mut once: impl FnMut() -> T) {
        let begin = Instant::now();
        black_box(once());
        let batch = (1e6 / begin.elapsed().as_nanos().max(1) as f64).ceil() as u32;
        let mut taken = Vec::new();
        while taken.len() < 7 || begin.elapsed().as_secs_f64() < 0.5 && taken.len() < 200 {
            let start = Instant::now();
            (0..batch).for_each(|_| drop(black_box(once())));
            taken.push(start.elapsed().as_nanos() as f64 / f64::from(batch));
        }
        taken.sort_by(f64::total_cmp);
        self.0.push((name.to_owned(), taken[taken.len() / 2]));
    }
}

fn main() {
    let mut times = Times::default();
    // Dependent multiplications and additions: what a processor does at its own speed, whatever the machine's memory.
    times.add("reference", || {
        let mut x = black_box(0.5_f64);
        (0..1000).for_each(|_| x = 3.7 * x * (1.0 - x));
        x
    });
    let speed =
        std::env::var_os("KEXP_DATA").map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from).join("speed");
    for name in ["boehm", "chassagnole", "chen"] {
        let (path, about) = (speed.join(format!("{name}.xml")), speed.join(format!("{name}.json")));
        let Ok(about) = std::fs::read_to_string(about) else {
            eprintln!("skipped: there is no {} (KEXP_DATA names the folder of the public data)", path.display());
            continue;
        };
        let about: serde_json::Value = serde_json::from_str(&about).unwrap();
        times.add(&format!("read SBML {name}"), || sbml(&path));
        model(&mut times, name, &sbml(&path), about["end"].as_f64().unwrap());
    }
    let problem = paper();
    model(&mut times, "paper", &problem.network, 60.0);
    let solver = ProblemSolver::new(&problem).unwrap();
    times.add("objective paper", || solver.evaluate(solver.nominal()).fval);
    times.add("gradient paper", || solver.gradient(solver.nominal()));
    report(&times.0);
}

fn sbml(path: &Path) -> Network {
    resolve::model_of(path, &mut Sources::default(), &mut Vec::new()).unwrap()
}

fn paper() -> Problem {
    let loaded = resolve::load(Path::new("experiments/paper.kexp"), &Options::default());
    loaded.experiment.unwrap().problems.remove("stat5_fit").unwrap().problem
}

fn model(times: &mut Times, name: &str, network: &Network, end: f64) {
    let selection = default_selection(network);
    let make = || Simulator::new(network, &[], &[], &selection).unwrap();
    times.add(&format!("compile {name}"), &make);
    let simulator = make();
    let mut start = simulator.start(&[]).unwrap();
    times.add(&format!("right-hand side {name}"), || start.slopes().len());
    times.add(&format!("Jacobian {name}"), || start.jacobian().len());
    let grid: Vec<f64> = (0..POINTS).map(|point| end * point as f64 / (POINTS - 1) as f64).collect();
    let mut record = Record::default();
    let mut steps = 1;
    times.add(&format!("solve {name}"), || {
        steps = simulator.solve(&[], &grid, SETTINGS, &mut record).unwrap().steps;
    });
    let solve = times.0.last().unwrap().1;
    times.0.push((format!("step {name}"), solve / steps as f64));
}

/// Prints the times beside the baseline, or records them as it.
fn report(times: &[(String, f64)]) {
    let reference = times[0].1;
    if std::env::args().any(|argument| argument == "--record") {
        let mut text = "# Times in units of the reference, by `cargo bench --bench pieces -- --record`.\n".to_owned();
        for (name, time) in &times[1..] {
            writeln!(text, "{:.4e}\t{name}", time / reference).unwrap();
        }
        std::fs::write(BASELINE, text).unwrap();
    }
    let baseline = std::fs::read_to_string(BASELINE).unwrap_or_default();
    let baseline: BTreeMap<&str, f64> = baseline
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(ratio, name)| (name, ratio.parse().unwrap()))
        .collect();
    println!("{:32}{:>14}{:>14}{:>14}{:>8}", "piece", "microseconds", "now", "baseline", "ratio");
    for (name, time) in times {
        let now = time / reference;
        let known = baseline.get(name.as_str());
        let (before, ratio) =
            known.map_or_else(Default::default, |known| (format!("{known:.4}"), format!("{:.2}", now / known)));
        println!("{name:32}{:>14.3}{now:>14.4}{before:>14}{ratio:>8}", time / 1e3);
    }
}
