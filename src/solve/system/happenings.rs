//! The nodes of events.

use super::super::SolveError;
use super::super::dag::{Dag, Id};
use super::names::{Kind, Mode, Names, Resolver};
use super::roles::Roles;
use crate::model::network::Event;
use std::collections::BTreeMap;

/// The nodes of an event.
pub struct EventNodes {
    /// The condition.
    pub trigger: Id,
    /// The states that take new values.
    pub targets: Vec<usize>,
    /// The new values, as the variables' ids mean them.
    pub values: Vec<Id>,
    /// What the states become, where that is not the values: a function of the states and, behind them, the values.
    pub store: Option<Vec<Id>>,
    /// From trigger to execution.
    pub delay: Option<Id>,
    /// Which goes first.
    pub priority: Option<Id>,
}

/// Makes an event's nodes. `places` are the states of variables that constraints determine implicitly, and `states` is
/// the number of all states.
pub fn event<'a>(
    dag: &mut Dag,
    roles: &Roles<'a>,
    resolver: &mut Resolver<'a, '_>,
    event: &'a Event,
    places: &BTreeMap<&str, usize>,
    states: usize,
) -> Result<EventNodes, SolveError> {
    let place = format!("event `{}`", event.id);
    let none = Names::new();
    let trigger = resolver.formula(dag, &event.trigger, &none, &place)?;
    let optional = |dag: &mut Dag, resolver: &mut Resolver<'a, '_>, expression: &'a Option<_>| {
        expression.as_ref().map(|expression| resolver.formula(dag, expression, &none, &place)).transpose()
    };
    let delay = optional(dag, resolver, &event.delay)?;
    let priority = optional(dag, resolver, &event.priority)?;
    let (mut targets, mut values, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for rule in &event.assignments {
        let id = rule.variable.as_str();
        let value = resolver.formula(dag, &rule.expression, &none, &place)?;
        // What a constraint determines in closed form has that value whatever an event says.
        let Some(&target) = roles.state.get(id).or_else(|| places.get(id)) else { continue };
        targets.push(target);
        values.push(value);
        ids.push(id);
    }
    let store = match ids.iter().any(|id| roles.held_as_amount(id)) {
        true => Some(store(dag, roles, resolver, &ids, states)?),
        false => None,
    };
    Ok(EventNodes { trigger, targets, values, store, delay, priority })
}

/// What the states become: values, and amounts where values are concentrations in compartments that change. The size is
/// the one before the event, as for everything that an event's values use: where the event gives the compartment
/// another size at once, the amount stays and the concentration is another one than that given (case 01780 of the SBML
/// Test Suite).
fn store<'a>(
    dag: &mut Dag,
    roles: &Roles<'a>,
    resolver: &mut Resolver<'a, '_>,
    ids: &[&'a str],
    states: usize,
) -> Result<Vec<Id>, SolveError> {
    let mut nodes = Vec::with_capacity(ids.len());
    for (place, id) in ids.iter().enumerate() {
        let value = dag.state(states + place);
        nodes.push(match roles.held_as_amount(id) {
            true => {
                let compartment = roles.species[id].compartment.as_str();
                let size = resolver.resolve(dag, (Mode::Model, Kind::Value, compartment))?;
                dag.multiply(value, size)
            }
            false => value,
        });
    }
    Ok(nodes)
}
