//! `kexp objective PROBLEM`: the objective at given parameters.

use std::path::PathBuf;
use std::time::Instant;

use serde_json::json;

use super::common::{Failure, NetworkArguments, loaded, median, milliseconds, say};
use super::values::Values;
use crate::import::petab;
use crate::model::gradient::Method;
use crate::report::files;
use crate::solve::{ProblemSolver, Sensitivities};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The problem, such as `problem.yaml` or `paper.kexp:stat5_fit`
    #[arg(value_name = "PROBLEM.yaml|FILE.kexp:PROBLEM")]
    problem: String,
    #[command(flatten)]
    values: Values,
    /// Also the gradient, on the estimation scale
    #[arg(long)]
    gradient: bool,
    /// Where the gradient comes from, as far as a treatment allows it [default: a fixed rule, see `kexp explain`]
    #[arg(long, value_name = "METHOD", requires = "gradient")]
    method: Option<Way>,
    /// Hold the sensitivities' errors to the tolerances as well
    #[arg(long, requires = "gradient")]
    controlled: bool,
    /// Write the simulated values of all measurements as a `PEtab` table
    #[arg(long, value_name = "OUT.tsv")]
    simulations: Option<PathBuf>,
    /// Evaluate so often; the time is the median
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    repeat: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    network: NetworkArguments,
}

/// Where a gradient comes from.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Way {
    Forward,
    Adjoint,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let said = |error: &dyn std::error::Error| Failure::Said(error.to_string());
    let opened = Instant::now();
    let mut loaded = loaded(&arguments.problem, arguments.network)?;
    arguments.values.apply(&mut loaded.problem)?;
    let problem = &loaded.problem;
    let solver = ProblemSolver::new(problem).map_err(|error| said(&error))?;
    let ready_ms = milliseconds(opened);
    let solver = match arguments.method {
        None => solver,
        Some(Way::Forward) => solver.with_method(Method::Forward),
        Some(Way::Adjoint) => solver.with_method(Method::Adjoint),
    };
    let solver = if arguments.controlled { solver.with_sensitivities(Sensitivities::Controlled) } else { solver };
    let x = solver.nominal().to_vec();
    let evaluate = || match arguments.gradient {
        true => solver.slope(&x).map(|(evaluation, gradient)| (evaluation, Some(gradient))),
        false => Ok((solver.evaluate(&x), None)),
    };
    let mut taken = Vec::new();
    let mut timed = || {
        let started = Instant::now();
        let answer = evaluate();
        taken.push(milliseconds(started));
        answer
    };
    // Each evaluation does the same; the last one is what is printed.
    (1..arguments.repeat).try_for_each(|_| timed().map(drop)).map_err(|error| said(&error))?;
    let (evaluation, gradient) = timed().map_err(|error| said(&error))?;
    let time_ms = median(&mut taken);
    let cause = evaluation.cause();
    if let Some(path) = &arguments.simulations {
        let simulated = solver.observables(&x);
        let simulated = simulated
            .ok_or_else(|| Failure::Said(format!("no simulations are written: the solve failed ({cause})")))?;
        let texts: Vec<&str> = loaded.measurement_tables.iter().map(String::as_str).collect();
        let table = petab::simulation_table(problem, &texts, &simulated).map_err(|error| said(&error))?;
        files::write(path, table.as_bytes()).map_err(|error| said(&error))?;
    }
    if arguments.json {
        let mut object = json!({
            "nllh": number(evaluation.nllh),
            "prior": number(evaluation.prior),
            "chi2": number(evaluation.chi2),
            "fval": number(evaluation.fval),
            "measurements": problem.measurements.len(),
            "time_ms": time_ms,
            "ready_ms": ready_ms,
            "repeat": arguments.repeat,
            "steps": evaluation.steps,
            "failure": (!cause.is_empty()).then_some(cause),
        });
        if let Some(gradient) = gradient {
            let backwards =
                (0..problem.treatments.len()).filter(|&index| solver.method(index) == Method::Adjoint).count();
            object["treatments"] = json!({ "adjoint": backwards, "forward": problem.treatments.len() - backwards });
            let named = solver.names().iter().cloned().zip(gradient.into_iter().map(number));
            object["gradient"] = serde_json::Value::Object(named.collect());
        }
        say(&object.to_string());
    } else {
        say(&format!("nllh          {}", evaluation.nllh));
        say(&format!("prior         {}", evaluation.prior));
        say(&format!("chi2          {}", evaluation.chi2));
        say(&format!("fval          {}", evaluation.fval));
        say(&format!("measurements  {}", problem.measurements.len()));
        say(&format!("time          {time_ms:.3} ms"));
        if !cause.is_empty() {
            say(&format!("failure       {cause}"));
        }
        for (name, value) in solver.names().iter().zip(gradient.unwrap_or_default()) {
            say(&format!("d fval / d {name}  {value}"));
        }
    }
    Ok(())
}

/// JSON knows no infinity: a failed solve has the fval `"inf"`.
pub(super) fn number(value: f64) -> serde_json::Value {
    if value.is_finite() { json!(value) } else { json!(value.to_string()) }
}
