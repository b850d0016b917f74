//! What equations are made of.

use crate::model::expression::Expression;
use crate::model::network::Network;
use std::collections::BTreeMap;

/// What equations are made of.
pub struct Blueprint<'a> {
    /// The network.
    pub network: &'a Network,
    /// Ids of the estimated parameters, in the order of the vector.
    pub estimated: Vec<String>,
    /// Values of further parameters, which replace those of the network.
    pub fixed: BTreeMap<String, f64>,
    /// The overrides of each treatment.
    pub treatments: Vec<&'a [(String, Expression)]>,
    /// For each treatment, that whose steady state comes before it; treatments beyond the list have none.
    pub before: Vec<Option<usize>>,
    /// Observed quantities.
    pub outputs: Vec<Measured<'a>>,
    /// Quantities of which values alone are asked for, by name.
    pub selection: &'a [(String, Expression)],
}

impl<'a> Blueprint<'a> {
    /// A network alone in one treatment: nothing is estimated or observed.
    pub fn alone(
        network: &'a Network,
        overrides: &'a [(String, Expression)],
        selection: &'a [(String, Expression)],
    ) -> Self {
        Self {
            network,
            estimated: Vec::new(),
            fixed: BTreeMap::new(),
            treatments: vec![overrides],
            before: Vec::new(),
            outputs: Vec::new(),
            selection,
        }
    }
}

/// An observed quantity with its placeholders filled.
pub struct Measured<'a> {
    /// The observable's id.
    pub id: &'a str,
    /// Its formula.
    pub formula: &'a Expression,
    /// Its noise scale.
    pub scale: &'a Expression,
    /// Values of placeholders.
    pub placeholders: Vec<(String, &'a Expression)>,
}
