//! `--parameters FILE.tsv` and `--set ID=VALUE`: other values for the parameters of a problem.

use std::path::PathBuf;

use super::common::{Failure, print};
use crate::diagnostic::{self, Diagnostic, Sources};
use crate::import::petab;
use crate::model::problem::{Problem, Scale};

#[derive(Debug, clap::Args)]
pub(super) struct Values {
    /// A `PEtab` parameter table whose nominalValue column replaces the parameters' values
    #[arg(long, value_name = "FILE.tsv")]
    parameters: Option<PathBuf>,
    /// Override a parameter's nominal value, on the linear scale
    #[arg(long, value_name = "ID=VALUE")]
    set: Vec<String>,
}

impl Values {
    /// Sets the values of the table, then the single ones.
    pub(super) fn apply(&self, problem: &mut Problem) -> Result<(), Failure> {
        if let Some(path) = &self.parameters {
            let mut sources = Sources::default();
            let values = petab::read_values(path, &mut sources).map_err(|findings| {
                print(&sources, &findings);
                Failure::Reported
            })?;
            let findings: Vec<Diagnostic> = values
                .iter()
                .filter_map(|(id, value, span)| {
                    let wrong = set(problem, id, *value).err()?;
                    Some(Diagnostic::error("bad-value", wrong).at(*span, "this value"))
                })
                .collect();
            if !findings.is_empty() {
                print(&sources, &findings);
                return Err(Failure::Reported);
            }
        }
        for setting in &self.set {
            let (id, value) = setting
                .split_once('=')
                .and_then(|(id, value)| Some((id.trim(), value.trim().parse::<f64>().ok()?)))
                .ok_or_else(|| Failure::Said(format!("`--set {setting}`: expected ID=VALUE with a number")))?;
            set(problem, id, value).map_err(Failure::Said)?;
        }
        Ok(())
    }
}

/// Sets a parameter of the problem, or a constant of its model; says why it cannot.
fn set(problem: &mut Problem, id: &str, value: f64) -> Result<(), String> {
    if let Some(parameter) = problem.parameters.iter_mut().find(|parameter| parameter.id == id) {
        if parameter.estimate.as_ref().is_some_and(|estimate| estimate.scale != Scale::Linear) && value <= 0.0 {
            return Err(format!("`{id}` is estimated on a logarithmic scale and must be above zero"));
        }
        parameter.nominal = value;
    } else if let Some(parameter) = problem.network.parameters.iter_mut().find(|known| known.id == id) {
        (parameter.value, parameter.initial) = (value, None);
    } else if let Some(compartment) = problem.network.compartments.iter_mut().find(|known| known.id == id) {
        (compartment.size, compartment.initial) = (value, None);
    } else {
        let names = problem.parameters.iter().map(|parameter| parameter.id.as_str());
        let names = names.chain(problem.network.parameters.iter().map(|parameter| parameter.id.as_str()));
        let near = diagnostic::suggest(id, names);
        let help = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        return Err(format!("no parameter `{id}`{help}"));
    }
    Ok(())
}
