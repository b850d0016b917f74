//! What the pieces of a solve take, measured by criterion, beside a recorded baseline: `make bench`. The baseline is in units
//! of a fixed loop of arithmetic that is measured in the same run, so that it means something on other machines;
//! `make bench RECORD=1` writes it. Criterion's own `-- --save-baseline NAME`, `--baseline NAME` and filters by name work
//! as ever, for changes of a few per cent on one machine.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::Criterion;
use kexp::diagnostic::Sources;
use kexp::model::network::Network;
use kexp::model::problem::{Problem, SolverSettings};
use kexp::plan::resolve::{self, Options};
use kexp::solve::linear::Factors;
use kexp::solve::simulate::{Record, Simulator};
use kexp::solve::{ProblemSolver, default_selection};

const BASELINE: &str = "benches/baseline.txt";
const SETTINGS: SolverSettings = SolverSettings { rtol: 1e-6, atol: 1e-9, most_steps: 100_000 };
const POINTS: usize = 51;

/// Criterion, and the names of what it measured; a filter on the command line leaves some out.
struct Pieces {
    criterion: Criterion,
    folder: PathBuf,
    measured: RefCell<Vec<String>>,
}

impl Pieces {
    fn new() -> Self {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
        let folder = target.join("criterion");
        let criterion = Criterion::default()
            .output_directory(&folder)
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(1))
            .sample_size(20)
            .configure_from_args();
        Self { criterion, folder, measured: RefCell::default() }
    }

    fn add<T>(&mut self, name: &str, mut once: impl FnMut() -> T) {
        let measured = &self.measured;
        self.criterion.bench_function(name, |bencher| {
            if measured.borrow().last().is_none_or(|last| last != name) {
                measured.borrow_mut().push(name.to_owned());
            }
            bencher.iter(&mut once);
        });
    }

    /// The median that criterion estimated, in nanoseconds; nothing where it did not measure, as when it only lists names.
    fn median(&self, name: &str) -> Option<f64> {
        let text = std::fs::read_to_string(self.folder.join(name).join("new/estimates.json")).ok()?;
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["median"]["point_estimate"].as_f64()
    }

    /// All that was measured, with its median.
    fn times(&self) -> Vec<(String, f64)> {
        let measured = self.measured.borrow();
        measured.iter().filter_map(|name| Some((name.clone(), self.median(name)?))).collect()
    }
}

fn main() {
    let mut pieces = Pieces::new();
    let mut steps = Vec::new();
    // Dependent multiplications and additions: what a processor does at its own speed, whatever the machine's memory.
    pieces.add("reference", || {
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
        pieces.add(&format!("read SBML {name}"), || sbml(&path));
        steps.push(model(&mut pieces, name, &sbml(&path), about["end"].as_f64().unwrap()));
    }
    let problem = paper();
    steps.push(model(&mut pieces, "paper", &problem.network, 60.0));
    let solver = ProblemSolver::new(&problem).unwrap();
    pieces.add("objective paper", || solver.evaluate(solver.nominal()).fval);
    pieces.add("gradient paper", || solver.gradient(solver.nominal()));
    pieces.criterion.final_summary();
    let mut times = pieces.times();
    for (name, steps) in steps {
        if let Some((_, solve)) = times.iter().find(|(piece, _)| *piece == format!("solve {name}")) {
            times.push((format!("step {name}"), solve / steps as f64));
        }
    }
    report(&times);
}

fn sbml(path: &Path) -> Network {
    resolve::model_of(path, &mut Sources::default(), &mut Vec::new()).unwrap()
}

fn paper() -> Problem {
    let loaded = resolve::load(Path::new("experiments/paper.kexp"), &Options::default());
    loaded.experiment.unwrap().problems.remove("stat5_fit").unwrap().problem
}

/// Measures the pieces of a model; its name and the steps of a solve.
fn model(pieces: &mut Pieces, name: &str, network: &Network, end: f64) -> (String, usize) {
    let selection = default_selection(network);
    let make = || Simulator::new(network, &[], &[], &selection).unwrap();
    pieces.add(&format!("compile {name}"), &make);
    let simulator = make();
    let mut start = simulator.start(&[]).unwrap();
    pieces.add(&format!("right-hand side {name}"), || start.slopes().len());
    pieces.add(&format!("Jacobian {name}"), || start.jacobian().len());
    let grid: Vec<f64> = (0..POINTS).map(|point| end * point as f64 / (POINTS - 1) as f64).collect();
    let mut record = Record::default();
    let steps = simulator.solve(&[], &grid, SETTINGS, &mut record).unwrap().steps;
    pieces.add(&format!("solve {name}"), || simulator.solve(&[], &grid, SETTINGS, &mut record).unwrap());
    // The first matrix and the first right-hand side of a solve, with a step of the mean size.
    let (jacobian, slopes) = (start.jacobian().to_vec(), start.slopes().to_vec());
    let (analysis, gamma) = (start.analysis(), end / steps as f64);
    let (mut factors, mut solution) = (Factors::new(analysis), slopes.clone());
    pieces.add(&format!("LU {name}"), || {
        factors.factor(analysis, &jacobian, gamma).unwrap();
        solution.copy_from_slice(&slopes);
        factors.solve(analysis, &mut solution);
        solution[0]
    });
    (name.to_owned(), steps)
}

/// Prints the times beside the baseline, or records them as it.
fn report(times: &[(String, f64)]) {
    let Some((_, reference)) = times.iter().find(|(name, _)| name == "reference") else { return };
    if std::env::var_os("RECORD").is_some_and(|value| !value.is_empty()) {
        let mut text = "# Times in units of the reference, by `make bench RECORD=1`.\n".to_owned();
        for (name, time) in times.iter().filter(|(name, _)| name != "reference") {
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
