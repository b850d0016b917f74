//! Derivatives in time, and the constraints.

use super::super::super::SolveError;
use super::super::super::dag::{Dag, Id, total};
use super::super::constraints;
use super::super::roles::Stoichiometry;
use super::{Key, Kind, Mode, Names, Resolver, Wait};

impl<'a> Resolver<'a, '_> {
    pub(super) fn rate(&mut self, dag: &mut Dag, mode: Mode, id: &'a str) -> Result<Id, Wait<'a>> {
        let roles = self.roles;
        if roles.state.contains_key(id) {
            if !roles.held_as_amount(id) {
                return self.one((mode, Kind::Flow, id));
            }
            if let Some(expression) = roles.rates.get(id) {
                return self.expression(dag, expression, mode, &Names::new(), &|| format!("the rate rule of `{id}`"));
            }
            let compartment = roles.species[id].compartment.as_str();
            let [value, flow, size, growth] = self.four([
                (mode, Kind::Value, id),
                (mode, Kind::Flow, id),
                (mode, Kind::Value, compartment),
                (mode, Kind::Rate, compartment),
            ])?;
            let dilution = dag.multiply(value, growth);
            let change = dag.subtract(flow, dilution);
            return Ok(dag.divide(change, size));
        }
        let node = self.one((mode, Kind::Value, id))?;
        self.total(dag, mode, node)
    }

    /// The total derivative of a node in time.
    pub(super) fn total(&mut self, dag: &mut Dag, mode: Mode, node: Id) -> Result<Id, Wait<'a>> {
        let places = dag.leaves(&[node]).0;
        let keys = places.iter().map(|&place| Ok((mode, Kind::Flow, self.held_in(mode, place)?)));
        let keys = keys.collect::<Result<Vec<Key>, SolveError>>()?;
        let flows = self.all(&keys)?;
        let flow = |state: usize| flows[places.binary_search(&state).unwrap_or_default()];
        Ok(total(dag, &[node], &flow)[0])
    }

    /// The id of the variable that is held in a state.
    pub(super) fn held_in(&self, mode: Mode, place: usize) -> Result<&'a str, SolveError> {
        let beyond = self.roles.states.len();
        let implicit = self.solved.as_ref().map(|solved| &solved.implicit);
        match (self.roles.states.get(place), mode) {
            (Some(&id), _) => Ok(id),
            (None, Mode::Draft) => Err(SolveError::NotYet(
                "a constraint that uses the rate of change of a variable that constraints determine".to_owned(),
            )),
            (None, _) => implicit
                .and_then(|implicit| implicit.get(place - beyond).copied())
                .ok_or_else(|| SolveError::Missing(format!("state {place}"))),
        }
    }

    pub(super) fn flow(&mut self, dag: &mut Dag, mode: Mode, id: &'a str) -> Result<Id, Wait<'a>> {
        let roles = self.roles;
        let held_as_amount = roles.held_as_amount(id);
        if let Some(expression) = roles.rates.get(id) {
            let place = || format!("the rate rule of `{id}`");
            let rate = self.expression(dag, expression, mode, &Names::new(), &place)?;
            if !held_as_amount {
                return Ok(rate);
            }
            let compartment = roles.species[id].compartment.as_str();
            let keys = [(mode, Kind::Value, id), (mode, Kind::Value, compartment), (mode, Kind::Rate, compartment)];
            let [value, size, growth] = self.three(keys)?;
            let (change, dilution) = (dag.multiply(rate, size), dag.multiply(value, growth));
            return Ok(dag.add(change, dilution));
        }
        if roles.determined_at.contains_key(id) {
            return self.implicit_flow(dag, id);
        }
        let mut sum = dag.number(0.0);
        let Some(changes) = roles.changes.get(id) else { return Ok(sum) };
        let reactions = &roles.network.reactions;
        let keys: Vec<Key> =
            changes.iter().map(|&(reaction, _)| (mode, Kind::Value, reactions[reaction].id.as_str())).collect();
        let rates = self.all(&keys)?;
        for (&(reaction, count), rate) in changes.iter().zip(rates) {
            let count = match count {
                Stoichiometry::Number(count) => dag.number(count),
                Stoichiometry::Computed(expression) => {
                    let place = || format!("the stoichiometry of `{id}` in reaction `{}`", reactions[reaction].id);
                    self.expression(dag, expression, mode, &Names::new(), &place)?
                }
            };
            let change = dag.multiply(count, rate);
            sum = dag.add(sum, change);
        }
        let species = roles.species[id];
        if species.amount || held_as_amount {
            return Ok(sum);
        }
        let size = self.one((mode, Kind::Value, &species.compartment))?;
        Ok(dag.divide(sum, size))
    }

    pub(super) fn implicit_flow(&mut self, dag: &mut Dag, id: &'a str) -> Result<Id, Wait<'a>> {
        let Some(solved) = self.solved.clone() else {
            return Err(Wait::Needs(vec![(Mode::Model, Kind::Constraints, "")]));
        };
        let first = self.roles.states.len();
        let places: Vec<usize> = dag.leaves(&solved.residuals).0.into_iter().filter(|&place| place < first).collect();
        let keys: Vec<Key> = places.iter().map(|&place| (Mode::Model, Kind::Flow, self.roles.states[place])).collect();
        let flows = self.all(&keys)?;
        let flow = |place: usize| places.binary_search(&place).ok().map(|at| flows[at]);
        let rates = constraints::flows(dag, &solved, first, &flow)?;
        for (&other, &node) in solved.implicit.iter().zip(&rates) {
            self.known.insert((Mode::Model, Kind::Flow, other), node);
        }
        self.one((Mode::Model, Kind::Flow, id))
    }

    pub(super) fn solve_constraints(&mut self, dag: &mut Dag) -> Result<Id, Wait<'a>> {
        let roles = self.roles;
        let mut residuals = Vec::with_capacity(roles.network.algebraic.len());
        let mut missing = Vec::new();
        for (index, constraint) in roles.network.algebraic.iter().enumerate() {
            let place = || format!("constraint {}", index + 1);
            match self.expression(dag, &constraint.expression, Mode::Draft, &Names::new(), &place) {
                Ok(node) => residuals.push(node),
                Err(Wait::Needs(keys)) => missing.extend(keys),
                Err(failed) => return Err(failed),
            }
        }
        if !missing.is_empty() {
            return Err(Wait::Needs(missing));
        }
        self.solved = Some(constraints::solve(dag, roles, residuals)?);
        Ok(dag.number(0.0))
    }
}
