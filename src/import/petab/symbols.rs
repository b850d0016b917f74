//! What the ids of a model mean to the tables around it.

use std::collections::BTreeMap;

use crate::model::network::Network;

/// What an id of a model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbol {
    /// A compartment or parameter that may be set.
    Constant,
    /// A species or another variable whose start may be set.
    State,
    /// Computed by a rule at all times: it cannot be set.
    Assigned,
    /// The rate of a reaction: it cannot be set.
    Rate,
}

/// The ids of a model.
#[derive(Debug)]
pub struct Symbols {
    known: BTreeMap<String, Symbol>,
}

impl Symbols {
    /// The ids of `network`.
    pub fn of(network: &Network) -> Self {
        let mut known = BTreeMap::new();
        for reaction in &network.reactions {
            known.insert(reaction.id.clone(), Symbol::Rate);
        }
        for compartment in &network.compartments {
            known.insert(compartment.id.clone(), Symbol::Constant);
        }
        for parameter in &network.parameters {
            known.insert(parameter.id.clone(), Symbol::Constant);
        }
        for species in &network.species {
            known.insert(species.id.clone(), Symbol::State);
        }
        for rule in &network.assignments {
            known.insert(rule.variable.clone(), Symbol::Assigned);
        }
        Self { known }
    }

    /// What an id is, if the model has it.
    pub fn get(&self, id: &str) -> Option<Symbol> {
        self.known.get(id).copied()
    }

    /// All ids.
    pub fn ids(&self) -> impl Iterator<Item = &str> + Clone {
        self.known.keys().map(String::as_str)
    }
}
