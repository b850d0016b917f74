//! `kexp simulate MODEL`: a trajectory as CSV, and as a figure.

use std::path::PathBuf;
use std::time::Instant;

use serde_json::json;

use super::common::{Failure, NetworkArguments, median, milliseconds, model, say};
use super::selection;
use crate::model::network::Network;
use crate::model::problem::SolverSettings;
use crate::plan::resolve;
use crate::report::figure::trajectory;
use crate::report::files;
use crate::solve::simulate::{Record, Simulator, Trajectory};
use crate::table::Table;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The model, such as `model.xml`, `BIOMD0000000064` or `paper.kexp:stat5`
    #[arg(value_name = "MODEL.xml|ID|FILE.kexp:MODEL")]
    model: String,
    /// The first time of the output; the simulation itself begins at 0
    #[arg(long, default_value_t = 0.0, value_name = "T")]
    start: f64,
    /// The last time
    #[arg(long, value_name = "T")]
    end: f64,
    /// How many times, both ends included
    #[arg(long, default_value_t = 51, value_name = "N")]
    points: usize,
    /// Relative tolerance
    #[arg(long, default_value_t = 1e-8)]
    rtol: f64,
    /// Absolute tolerance
    #[arg(long, default_value_t = 1e-12)]
    atol: f64,
    /// The columns: `time`, ids, `amount(S)`, `concentration(S)`, `rateOf(X)`, and formulas of them [default: time, every
    /// species, and every parameter and compartment that can change]
    #[arg(long, value_name = "A,B,...")]
    select: Option<String>,
    /// Override a parameter, a compartment's size or an initial value
    #[arg(long, value_name = "ID=VALUE")]
    set: Vec<String>,
    /// Write here instead of to standard output
    #[arg(long, value_name = "OUT.csv")]
    output: Option<PathBuf>,
    /// Draw the columns over time into this file
    #[arg(long, value_name = "OUT.svg")]
    plot: Option<PathBuf>,
    /// Print how long a solve takes, and write the table only where `--output` says. What is timed is one solve at the
    /// tolerances asked for, with the columns at all points; the finer second one, by which a table gets correct digits
    /// of quantities far below the absolute tolerance, is not
    #[arg(long)]
    time: bool,
    /// Solve so often, each time by itself; the median counts
    #[arg(long, default_value_t = 1, value_name = "N", requires = "time", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    repeat: u32,
    /// Print the times as JSON
    #[arg(long, requires = "time")]
    json: bool,
    #[command(flatten)]
    network: NetworkArguments,
}

/// More values than this are not kept in memory.
const MOST_VALUES: usize = 200_000_000;

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let said = |error: &dyn std::error::Error| Failure::Said(error.to_string());
    let times = times(arguments)?;
    let started = Instant::now();
    let mut network = model(&arguments.model, arguments.network)?;
    for setting in &arguments.set {
        let parsed = setting.split_once('=').and_then(|(id, value)| Some((id.trim(), value.trim().parse().ok()?)));
        let Some((id, value)) = parsed else {
            return Err(Failure::Said(format!("`--set {setting}`: expected ID=VALUE with a number")));
        };
        resolve::put(&mut network, id, value).map_err(|wrong| Failure::Said(format!("`--set {setting}`: {wrong}")))?;
    }
    let selected = match &arguments.select {
        Some(text) => selection::read(text, &network).map_err(Failure::Said)?,
        None => selection::default(&network),
    };
    if selected.len().saturating_mul(times.len()) > MOST_VALUES {
        return Err(Failure::Said("too many values: ask for fewer times or columns".to_owned()));
    }
    let simulator = Simulator::new(&network, &[], &[], &selected).map_err(|error| said(&error))?;
    let ready_ms = milliseconds(started);
    let settings = SolverSettings { rtol: arguments.rtol, atol: arguments.atol, most_steps: 1_000_000 };
    if arguments.time {
        timed(&simulator, arguments, &times, settings, ready_ms)?;
        if arguments.output.is_none() && arguments.plot.is_none() {
            return Ok(());
        }
    }
    let trajectory = simulator.trajectory(&[], &times, settings).map_err(|error| said(&error))?;
    let table = table(&trajectory);
    if let Some(path) = &arguments.plot {
        let drawing = trajectory::draw(&table, &network.title, labels(&network)).map_err(|error| said(&error))?;
        let is_png = path.extension().is_some_and(|extension| extension == "png");
        let bytes = if is_png { drawing.png.as_slice() } else { drawing.svg.as_bytes() };
        files::write(path, bytes).map_err(|error| said(&error))?;
    }
    match &arguments.output {
        Some(path) => {
            files::write(path, table.to_csv().as_bytes()).map_err(|error| said(&error))?;
        }
        None if arguments.plot.is_some() => {}
        None => say(table.to_csv().trim_end()),
    }
    Ok(())
}

/// The times of the output.
fn times(arguments: &Arguments) -> Result<Vec<f64>, Failure> {
    let Arguments { start, end, points, rtol, atol, .. } = arguments;
    if !(*rtol > 0.0 && *rtol < 1.0 && *atol > 0.0 && atol.is_finite()) {
        return Err(Failure::Said("`--rtol` must lie between 0 and 1, and `--atol` above 0".to_owned()));
    }
    grid(*start, *end, *points)
}

/// Evenly spaced times, both ends included.
pub(super) fn grid(start: f64, end: f64, points: usize) -> Result<Vec<f64>, Failure> {
    let wrong = if !(start.is_finite() && start >= 0.0) {
        "`--start` must be 0 or more"
    } else if !(end.is_finite() && end > start) {
        "`--end` must be above `--start`"
    } else if !(2..=10_000_000).contains(&points) {
        "`--points` must be at least 2, both ends included, and at most 10,000,000"
    } else {
        let last = (points - 1) as f64;
        let mut times: Vec<f64> = (0..points).map(|index| start + (end - start) * (index as f64 / last)).collect();
        times[points - 1] = end;
        if times.windows(2).all(|pair| pair[0] < pair[1]) {
            return Ok(times);
        }
        "so many times between `--start` and `--end` cannot be told apart"
    };
    Err(Failure::Said(wrong.to_owned()))
}

fn table(trajectory: &Trajectory) -> Table {
    let column = |column: usize| trajectory.values.iter().map(|row| row[column]).collect();
    let columns = trajectory.ids.iter().enumerate();
    columns.fold(Table::new(), |table, (index, name)| table.number(name, column(index)))
}

/// Solves as often as asked for and prints the times.
fn timed(
    simulator: &Simulator,
    arguments: &Arguments,
    times: &[f64],
    settings: SolverSettings,
    ready_ms: f64,
) -> Result<(), Failure> {
    let mut record = Record::default();
    let mut taken = Vec::new();
    let mut failed = 0;
    let mut ended = None;
    for _ in 0..arguments.repeat {
        let started = Instant::now();
        let one = simulator.solve(&[], times, settings, &mut record);
        taken.push(milliseconds(started));
        let one = one.map_err(|error| Failure::Said(error.to_string()))?;
        failed += u32::from(one.outcome.is_err());
        ended = Some(one);
    }
    // Every solve does the same: what is said of the last one holds for all.
    let failure = ended.and_then(|ended| ended.outcome.err());
    let steps = ended.map_or(0, |ended| ended.steps);
    let attempt = ended.and_then(|ended| ended.outcome.ok()).map_or(0, |rung| rung + 1);
    let (first_ms, solve_ms) = (taken[0], median(&mut taken));
    let (states, repeat) = (simulator.states(), arguments.repeat);
    if arguments.json {
        say(&json!({
            "solve_ms": solve_ms, "first_ms": first_ms, "ready_ms": ready_ms, "steps": steps, "attempt": attempt,
            "states": states, "points": times.len(), "rtol": settings.rtol, "atol": settings.atol, "repeat": repeat,
            "failed": failed, "failure": failure.map(crate::solve::Failure::word),
        })
        .to_string());
    } else {
        say(&format!("solve   {solve_ms:.4} ms (median of {repeat}; the first one {first_ms:.4} ms), {steps} steps"));
        say(&format!("ready   {ready_ms:.3} ms, {states} states"));
    }
    match failure {
        Some(failure) => Err(Failure::Said(format!("the simulation failed: {failure}"))),
        None => Ok(()),
    }
}

/// The labels of the axes.
fn labels(network: &Network) -> (String, String) {
    let unit = |word: &str, unit: &Option<String>| match unit {
        Some(unit) if !unit.is_empty() => format!("{word} ({unit})"),
        _ => word.to_owned(),
    };
    (unit("time", &network.units.time), unit("value", &network.units.concentration))
}
