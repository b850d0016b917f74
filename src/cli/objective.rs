//! `kexp objective FILE:PROBLEM`: the objective at given parameters.

use serde_json::json;

use super::common::{Failure, problem, say};
use crate::diagnostic;
use crate::model::problem::Scale;
use crate::solve::ProblemSolver;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The problem, such as `paper.kexp:stat5_fit`
    #[arg(value_name = "FILE.kexp:PROBLEM")]
    problem: String,
    /// Override a parameter's nominal value, on the linear scale
    #[arg(long, value_name = "ID=VALUE")]
    set: Vec<String>,
    /// Also the gradient, on the estimation scale
    #[arg(long)]
    gradient: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut problem = problem(&arguments.problem)?;
    for setting in &arguments.set {
        let (id, value) = setting
            .split_once('=')
            .and_then(|(id, value)| Some((id.trim(), value.trim().parse::<f64>().ok()?)))
            .ok_or_else(|| Failure::Said(format!("`--set {setting}`: expected ID=VALUE with a number")))?;
        if let Some(parameter) = problem.parameters.iter_mut().find(|parameter| parameter.id == id) {
            parameter.nominal = value;
        } else if let Some(parameter) = problem.network.parameters.iter_mut().find(|known| known.id == id) {
            parameter.value = value;
        } else {
            let names = problem.parameters.iter().map(|parameter| parameter.id.as_str());
            let names = names.chain(problem.network.parameters.iter().map(|parameter| parameter.id.as_str()));
            let near = diagnostic::suggest(id, names);
            let help = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return Err(Failure::Said(format!("no parameter `{id}`{help}")));
        }
        let estimated =
            problem.parameters.iter().find(|parameter| parameter.id == id).and_then(|p| p.estimate.as_ref());
        if estimated.is_some_and(|estimate| estimate.scale != Scale::Linear) && value <= 0.0 {
            return Err(Failure::Said(format!("`{id}` is estimated on a logarithmic scale and must be above zero")));
        }
    }
    let solver = ProblemSolver::new(&problem).map_err(|error| Failure::Said(error.to_string()))?;
    let x = solver.nominal().to_vec();
    let (evaluation, gradient) = match arguments.gradient {
        true => {
            let answer = solver.gradient(&x).map_err(|error| Failure::Said(error.to_string()))?;
            (answer.evaluation, Some(answer.gradient))
        }
        false => (solver.evaluate(&x), None),
    };
    let cause = evaluation.cause();
    if arguments.json {
        let mut object = json!({
            "nllh": number(evaluation.nllh),
            "prior": number(evaluation.prior),
            "chi2": number(evaluation.chi2),
            "fval": number(evaluation.fval),
            "measurements": problem.measurements.len(),
            "failure": (!cause.is_empty()).then_some(cause),
        });
        if let Some(gradient) = gradient {
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
fn number(value: f64) -> serde_json::Value {
    if value.is_finite() { json!(value) } else { json!(value.to_string()) }
}
