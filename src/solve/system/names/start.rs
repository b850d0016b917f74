//! Values at the start of a treatment.

use super::super::super::SolveError;
use super::super::super::dag::{Dag, Id, rebuild};
use super::{Key, Kind, Mode, Names, Resolver, Wait};
use std::collections::BTreeMap;

impl<'a> Resolver<'a, '_> {
    pub(super) fn start(&mut self, dag: &mut Dag, id: &'a str) -> Result<Id, Wait<'a>> {
        let roles = self.roles;
        if let Some(&node) = self.overrides.get(id) {
            return Ok(node);
        }
        let place = || format!("the start of `{id}`");
        if let Some(expression) = roles.assigned.get(id).or_else(|| roles.reactions.get(id)) {
            return self.expression(dag, expression, Mode::Start, &Names::new(), &place);
        }
        if roles.determined_at.contains_key(id) {
            let Some(solved) = &self.solved else {
                return Err(Wait::Needs(vec![(Mode::Model, Kind::Constraints, "")]));
            };
            if !solved.implicit.contains(&id) {
                let node = solved.values[id];
                return self.at_start(dag, node);
            }
        }
        if let Some(species) = roles.species.get(id) {
            let initial = self.expression(dag, &species.initial, Mode::Start, &Names::new(), &place)?;
            if species.amount || !species.initial_amount {
                return Ok(initial);
            }
            let size = self.one((Mode::Start, Kind::Value, &species.compartment))?;
            return Ok(dag.divide(initial, size));
        }
        if let Some(&node) = self.problem.get(id) {
            return Ok(node);
        }
        match roles.declared.get(id) {
            Some((_, Some(expression))) => self.expression(dag, expression, Mode::Start, &Names::new(), &place),
            Some(&(value, None)) => Ok(dag.number(value)),
            None => Err(SolveError::UnknownSymbol { symbol: id.to_owned(), place: "a start value".to_owned() }.into()),
        }
    }

    pub(super) fn held_at_start(&mut self, dag: &mut Dag, id: &'a str) -> Result<Id, Wait<'a>> {
        let roles = self.roles;
        if !roles.held_as_amount(id) {
            return self.one((Mode::Start, Kind::Value, id));
        }
        let species = roles.species[id];
        if species.initial_amount && !self.overrides.contains_key(id) {
            let place = || format!("the start of `{id}`");
            return self.expression(dag, &species.initial, Mode::Start, &Names::new(), &place);
        }
        let keys = [(Mode::Start, Kind::Value, id), (Mode::Start, Kind::Value, species.compartment.as_str())];
        let nodes = self.all(&keys)?;
        Ok(dag.multiply(nodes[0], nodes[1]))
    }

    /// A node of the model with the states' start values in their places.
    pub(super) fn at_start(&mut self, dag: &mut Dag, node: Id) -> Result<Id, Wait<'a>> {
        let places = dag.leaves(&[node]).0;
        let keys = places.iter().map(|&place| Ok((Mode::Start, Kind::Held, self.held_in(Mode::Model, place)?)));
        let keys = keys.collect::<Result<Vec<Key>, SolveError>>()?;
        let values = self.all(&keys)?;
        let mut replacements: BTreeMap<Id, Id> =
            places.iter().zip(values).map(|(&place, value)| (dag.state(place), value)).collect();
        replacements.insert(dag.time(), dag.number(0.0));
        Ok(rebuild(dag, &[node], &replacements)[0])
    }
}
