//! `kexp simulate FILE:MODEL`: a trajectory as CSV.

use std::path::PathBuf;

use super::common::{Failure, model, say};
use crate::model::problem::SolverSettings;
use crate::report::files;
use crate::solve::simulate;
use crate::table::Table;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The model, such as `paper.kexp:stat5`
    #[arg(value_name = "FILE.kexp:MODEL")]
    model: String,
    /// The last time; the first one is 0
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
    /// Override a parameter, a compartment's size or an initial value
    #[arg(long, value_name = "ID=VALUE")]
    set: Vec<String>,
    /// Write here instead of to standard output
    #[arg(long, value_name = "OUT.csv")]
    output: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let network = model(&arguments.model)?;
    if !(arguments.end.is_finite() && arguments.end > 0.0) || !(2..=10_000_000).contains(&arguments.points) {
        return Err(Failure::Said("`--end` must be above 0 and `--points` at least 2".to_owned()));
    }
    let mut overrides = Vec::new();
    for setting in &arguments.set {
        let parsed = setting.split_once('=').and_then(|(id, value)| Some((id.trim(), value.trim().parse().ok()?)));
        let Some((id, value)) = parsed else {
            return Err(Failure::Said(format!("`--set {setting}`: expected ID=VALUE with a number")));
        };
        overrides.push((id.to_owned(), value));
    }
    let last = (arguments.points - 1) as f64;
    let times: Vec<f64> = (0..arguments.points).map(|index| arguments.end * index as f64 / last).collect();
    let settings = SolverSettings { rtol: arguments.rtol, atol: arguments.atol, most_steps: 1_000_000 };
    let trajectory =
        simulate(&network, &overrides, &times, settings).map_err(|error| Failure::Said(error.to_string()))?;
    let mut table = Table::new().number("time", times);
    for (column, id) in trajectory.ids.iter().enumerate() {
        table = table.number(id, trajectory.values.iter().map(|row| row[column]).collect());
    }
    match &arguments.output {
        Some(path) => {
            files::write(path, table.to_csv().as_bytes()).map_err(|error| Failure::Said(error.to_string()))?;
        }
        None => say(table.to_csv().trim_end()),
    }
    Ok(())
}
