//! What the ids of a problem mean, in the model, in a treatment and at its start.

use super::super::SolveError;
use super::super::dag::{BuildError, Dag, Id, build};
use crate::model::expression::Expression;
use crate::model::network::Network;
use std::collections::BTreeMap;

/// Nodes by id of a symbol.
pub type Names = BTreeMap<String, Id>;

/// Puts an expression into the graph, with names from `names`.
pub fn node(dag: &mut Dag, expression: &Expression, names: &Names, place: &str) -> Result<Id, SolveError> {
    build(dag, expression, &mut |_: &mut Dag, symbol: &str| names.get(symbol).copied())
        .map_err(|error| explain(error, place))
}

/// Says where an expression went wrong.
pub fn explain(error: BuildError, place: &str) -> SolveError {
    match error {
        BuildError::Unknown(symbol) => SolveError::UnknownSymbol { symbol, place: place.to_owned() },
        BuildError::Arguments(function, count) => SolveError::Arguments { function, count, place: place.to_owned() },
    }
}

/// The constants of a network, compartments and parameters, with their values.
pub fn constants(network: &Network) -> impl Iterator<Item = (&str, f64)> {
    let compartments = network.compartments.iter().map(|c| (c.id.as_str(), c.size));
    compartments.chain(network.parameters.iter().map(|p| (p.id.as_str(), p.value)))
}

/// Computes initial values in a treatment: those of species may use constants, assigned variables and each other.
pub struct Start<'a> {
    /// The network.
    pub network: &'a Network,
    /// The constants of this treatment.
    pub constants: &'a Names,
    /// Initial values that the treatment sets.
    pub overrides: &'a Names,
    /// What has been computed.
    pub known: Names,
    /// What is being computed.
    pub active: Vec<String>,
}

impl Start<'_> {
    /// The initial value of an id.
    pub fn value(&mut self, dag: &mut Dag, id: &str) -> Result<Id, SolveError> {
        if let Some(&node) = self.known.get(id).or_else(|| self.overrides.get(id)) {
            return Ok(node);
        }
        if self.active.iter().any(|active| active == id) {
            return Err(SolveError::CircularInitialValue(id.to_owned()));
        }
        let network = self.network;
        let assigned = network.assignments.iter().find(|rule| rule.variable == id).map(|rule| &rule.expression);
        let species = || network.species.iter().find(|species| species.id == id).map(|species| &species.initial);
        let node = if let Some(expression) = assigned.or_else(species) {
            self.active.push(id.to_owned());
            let node = self.expression(dag, expression, id)?;
            self.active.pop();
            node
        } else if let Some(&node) = self.constants.get(id) {
            node
        } else {
            let place =
                self.active.last().map_or_else(|| "a start value".to_owned(), |id| format!("the start of `{id}`"));
            return Err(SolveError::UnknownSymbol { symbol: id.to_owned(), place });
        };
        self.known.insert(id.to_owned(), node);
        Ok(node)
    }

    fn expression(&mut self, dag: &mut Dag, expression: &Expression, id: &str) -> Result<Id, SolveError> {
        let mut failure = None;
        let result = build(dag, expression, &mut |dag: &mut Dag, symbol: &str| match self.value(dag, symbol) {
            Ok(node) => Some(node),
            Err(error) => {
                failure = Some(error);
                None
            }
        });
        match (result, failure) {
            (_, Some(error)) => Err(error),
            (result, None) => result.map_err(|error| explain(error, &format!("the start of `{id}`"))),
        }
    }
}
