//! Which constraint determines which variable.

use super::super::SolveError;
use crate::model::network::Network;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// One variable for each constraint, all different, by augmenting paths; of several, those that events leave
/// alone are taken, and of these the ones that stand first in the constraints' lists.
///
/// # Errors
/// When a constraint is left without a variable.
pub fn determined<'a>(network: &'a Network, may_be: &dyn Fn(&str) -> bool) -> Result<Vec<&'a str>, SolveError> {
    let constraints = &network.algebraic;
    let mut free: Vec<Vec<&str>> = Vec::with_capacity(constraints.len());
    let events = network.events.iter().flat_map(|event| &event.assignments);
    let changed: BTreeSet<&str> = events.map(|rule| rule.variable.as_str()).collect();
    for constraint in constraints {
        let mut ids: Vec<&str> = constraint.free.iter().map(String::as_str).filter(|id| may_be(id)).collect();
        ids.sort_by_key(|id| changed.contains(id));
        free.push(ids);
    }
    let mut owner: BTreeMap<&str, usize> = BTreeMap::new();
    for start in 0..constraints.len() {
        // Breadth first from the constraint to a variable that no other one has; `from` leads back.
        let mut from: BTreeMap<&str, usize> = BTreeMap::new();
        let mut open = VecDeque::from([start]);
        let mut end = None;
        'search: while let Some(constraint) = open.pop_front() {
            for &id in &free[constraint] {
                if from.contains_key(id) {
                    continue;
                }
                from.insert(id, constraint);
                match owner.get(id) {
                    Some(&other) => open.push_back(other),
                    None => {
                        end = Some(id);
                        break 'search;
                    }
                }
            }
        }
        let Some(mut id) = end else { return Err(SolveError::Overdetermined { constraint: start + 1 }) };
        loop {
            let constraint = from[id];
            let before = owner.iter().find(|(_, owner)| **owner == constraint).map(|(&id, _)| id);
            owner.insert(id, constraint);
            match before {
                Some(before) if constraint != start => {
                    id = before;
                }
                _ => break,
            }
        }
    }
    let mut determined = vec![""; constraints.len()];
    for (id, constraint) in owner {
        determined[constraint] = id;
    }
    Ok(determined)
}
