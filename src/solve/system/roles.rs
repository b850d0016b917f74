//! What each id of a network is: a constant, a state, an assigned variable, a variable that a constraint determines, or
//! a reaction.

use super::super::SolveError;
use crate::model::expression::Expression;
use crate::model::network::{Network, Species};
use std::collections::{BTreeMap, BTreeSet};

/// How one unit of a reaction's rate changes a species' amount.
#[derive(Debug, Clone, Copy)]
pub enum Stoichiometry<'a> {
    /// A number, negative on the left.
    Number(f64),
    /// An expression.
    Computed(&'a Expression),
}

/// The roles of all ids.
pub struct Roles<'a> {
    /// The network.
    pub network: &'a Network,
    /// Species by id.
    pub species: BTreeMap<&'a str, &'a Species>,
    /// Declared values of compartments and parameters by id: number, and expression where there is one.
    pub declared: BTreeMap<&'a str, (f64, Option<&'a Expression>)>,
    /// Rates of reactions by id.
    pub reactions: BTreeMap<&'a str, &'a Expression>,
    /// Rules that assign.
    pub assigned: BTreeMap<&'a str, &'a Expression>,
    /// Rules that give a rate.
    pub rates: BTreeMap<&'a str, &'a Expression>,
    /// Ids of the states, in order: species, then what rate rules change, then what events change.
    pub states: Vec<&'a str>,
    /// The place of each state.
    pub state: BTreeMap<&'a str, usize>,
    /// The variables that constraints determine, in the constraints' order.
    pub determined: Vec<&'a str>,
    /// The places of those.
    pub determined_at: BTreeMap<&'a str, usize>,
    /// For each species that reactions change: indices of reactions and stoichiometries, in the reactions' order.
    pub changes: BTreeMap<&'a str, Vec<(usize, Stoichiometry<'a>)>>,
    /// Variables that something changes: rules, events or constraints.
    changing: BTreeSet<&'a str>,
}

impl<'a> Roles<'a> {
    /// Finds the roles.
    ///
    /// # Errors
    /// Where something changes what cannot change, twice, or not at all.
    pub fn new(network: &'a Network) -> Result<Self, SolveError> {
        let compartments = network.compartments.iter().map(|c| (c.id.as_str(), (c.size, c.initial.as_ref())));
        let parameters = network.parameters.iter().map(|p| (p.id.as_str(), (p.value, p.initial.as_ref())));
        let mut roles = Self {
            network,
            species: network.species.iter().map(|species| (species.id.as_str(), species)).collect(),
            declared: compartments.chain(parameters).collect(),
            reactions: network.reactions.iter().map(|reaction| (reaction.id.as_str(), &reaction.rate)).collect(),
            assigned: BTreeMap::new(),
            rates: BTreeMap::new(),
            states: Vec::new(),
            state: BTreeMap::new(),
            determined: Vec::new(),
            determined_at: BTreeMap::new(),
            changes: BTreeMap::new(),
            changing: BTreeSet::new(),
        };
        roles.rules()?;
        roles.determined = super::matching::determined(network, &|id| roles.may_be_determined(id))?;
        roles.determined_at = roles.determined.iter().enumerate().map(|(place, &id)| (id, place)).collect();
        let determined = roles.determined.clone();
        roles.changing.extend(determined);
        roles.stoichiometries()?;
        roles.find_states()?;
        Ok(roles)
    }

    /// Whether a rule, an event or a constraint changes a variable.
    pub fn varies(&self, id: &str) -> bool {
        self.changing.contains(id)
    }

    /// Whether a species is held as an amount although its id means a concentration: where its compartment changes.
    pub fn held_as_amount(&self, id: &str) -> bool {
        self.species
            .get(id)
            .is_some_and(|species| !species.amount && self.varies(&species.compartment) && self.state.contains_key(id))
    }

    /// Whether an id belongs to the network.
    pub fn knows(&self, id: &str) -> bool {
        self.species.contains_key(id)
            || self.declared.contains_key(id)
            || self.reactions.contains_key(id)
            || self.assigned.contains_key(id)
    }

    /// The ids that nothing changes: compartments, parameters and species.
    pub fn constants(&self) -> impl Iterator<Item = &'a str> {
        let fixed = |id: &&str| {
            !self.state.contains_key(id) && !self.assigned.contains_key(id) && !self.determined_at.contains_key(id)
        };
        self.declared.keys().chain(self.species.keys()).copied().filter(fixed).collect::<Vec<_>>().into_iter()
    }

    fn may_be_determined(&self, id: &str) -> bool {
        (self.species.contains_key(id) || self.declared.contains_key(id))
            && !self.assigned.contains_key(id)
            && !self.rates.contains_key(id)
    }

    fn rules(&mut self) -> Result<(), SolveError> {
        let network = self.network;
        for (rules, assigns) in [(&network.assignments, true), (&network.rates, false)] {
            for rule in rules {
                let id = rule.variable.as_str();
                // What is assigned need not be declared: it is its rule.
                if !assigns && !self.species.contains_key(id) && !self.declared.contains_key(id) {
                    return Err(SolveError::NotAVariable { variable: id.to_owned(), place: "a rate rule".to_owned() });
                }
                if !self.changing.insert(id) {
                    return Err(SolveError::TwoRules(id.to_owned()));
                }
                let map = if assigns { &mut self.assigned } else { &mut self.rates };
                map.insert(id, &rule.expression);
            }
        }
        for event in &network.events {
            for rule in &event.assignments {
                let id = rule.variable.as_str();
                let known = self.species.contains_key(id) || self.declared.contains_key(id);
                if !known || self.assigned.contains_key(id) {
                    let place = format!("event `{}`", event.id);
                    return Err(SolveError::NotAVariable { variable: id.to_owned(), place });
                }
                self.changing.insert(id);
            }
        }
        Ok(())
    }

    fn stoichiometries(&mut self) -> Result<(), SolveError> {
        let network = self.network;
        for (index, reaction) in network.reactions.iter().enumerate() {
            let numbers = |side: &'a [(String, f64)], sign: f64| {
                side.iter().map(move |(id, count)| (id, Stoichiometry::Number(sign * count)))
            };
            let computed = reaction.computed.iter().map(|(id, count)| (id, Stoichiometry::Computed(count)));
            for (id, count) in
                numbers(&reaction.reactants, -1.0).chain(numbers(&reaction.products, 1.0)).chain(computed)
            {
                let Some(species) = self.species.get(id.as_str()) else {
                    let place = format!("reaction `{}`", reaction.id);
                    return Err(SolveError::NotAVariable { variable: id.clone(), place });
                };
                if !species.boundary {
                    self.changes.entry(id.as_str()).or_default().push((index, count));
                }
            }
        }
        Ok(())
    }

    fn find_states(&mut self) -> Result<(), SolveError> {
        let network = self.network;
        let mut states: Vec<&str> = Vec::new();
        for species in &network.species {
            let id = species.id.as_str();
            if !species.amount && !self.declared.contains_key(species.compartment.as_str()) {
                let text = format!("compartment `{}` of `{id}`", species.compartment);
                return Err(SolveError::Missing(text));
            }
            let moves = self.changes.contains_key(id)
                || self.varies(id)
                || !species.amount && self.varies(&species.compartment);
            if moves && !self.assigned.contains_key(id) && !self.determined_at.contains_key(id) {
                states.push(id);
            }
        }
        let events = network.events.iter().flat_map(|event| &event.assignments);
        let mut seen: BTreeSet<&str> = states.iter().copied().collect();
        for rule in network.rates.iter().chain(events) {
            let id = rule.variable.as_str();
            if !self.determined_at.contains_key(id) && seen.insert(id) {
                states.push(id);
            }
        }
        self.state = states.iter().enumerate().map(|(place, &id)| (id, place)).collect();
        self.states = states;
        Ok(())
    }
}
