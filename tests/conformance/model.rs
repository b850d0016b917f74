//! A model from a file, and its trajectories.

use std::path::Path;

use kexp::diagnostic::{Diagnostic, FileId, Severity, Sources};
use kexp::import::sbml::{self, External};
use kexp::model::expression::{Expression, Function};
use kexp::model::network::Network;
use kexp::model::problem::SolverSettings;
use kexp::solve;

/// The network of a document, or its errors.
pub fn load(path: &Path) -> Result<Network, Vec<Diagnostic>> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let folder = path.parent().unwrap();
    let mut sources = Sources::default();
    let file = sources.add("model.xml", &text);
    let mut external = |_: FileId, source: &str| {
        let text = std::fs::read_to_string(folder.join(source)).map_err(|error| error.to_string())?;
        Ok(External { file: sources.add(source, &text), text })
    };
    let document = sbml::read(file, &text, &mut external);
    let errors = document.diagnostics.into_iter().filter(|finding| finding.severity == Severity::Error).collect();
    document.network.ok_or(errors)
}

/// A quantity of a network in the asked meaning.
pub fn quantity(network: &Network, id: &str, amount: bool, concentration: bool) -> Expression {
    let symbol = Expression::Symbol(id.to_owned());
    let Some(species) = network.species.iter().find(|species| species.id == id) else { return symbol };
    let compartment = Expression::Symbol(species.compartment.clone());
    match (species.amount, amount, concentration) {
        (false, true, _) => Expression::Apply(Function::Multiply, vec![symbol, compartment]),
        (true, _, true) => Expression::Apply(Function::Divide, vec![symbol, compartment]),
        _ => symbol,
    }
}

/// The values of quantities at times, one row a time.
pub fn simulate(
    network: &Network,
    times: &[f64],
    selection: &[(String, Expression)],
    (rtol, atol): (f64, f64),
) -> Result<Vec<Vec<f64>>, String> {
    let settings = SolverSettings { rtol, atol, most_steps: 2_000_000 };
    let course = solve::simulate_selection(network, &[], times, settings, selection);
    course.map(|course| course.values).map_err(|error| error.to_string())
}
