//! Where equations and conditions jump: comparisons and steps (`floor`, `ceil`) of time or of states.
//!
//! In the right-hand side each is replaced by a place of the cache, which the driver holds still while it integrates, so
//! that the solver sees smooth equations only. There are three kinds. The time of a *switch*, a comparison of time itself
//! with something that stands still, is known. Other functions of time alone, *clocks*, are searched for their jumps
//! before a trajectory starts. What depends on states is *watched* step by step. In conditions of events the same three
//! kinds say when to look at the condition again.

use super::super::dag::{Binary, Dag, Id, Node, Unary, rebuild};
use std::collections::{BTreeMap, BTreeSet};

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// Thresholds of comparisons of time in the right-hand side, and whether they hold before them.
    pub switches: Vec<(Id, bool)>,
    /// Functions of time alone that jump: those of the right-hand side, then those of conditions.
    pub clocks: Vec<Id>,
    /// How many of them the right-hand side has.
    pub clocks_held: usize,
    /// Functions of states that jump: those of the right-hand side, then those of conditions.
    pub watches: Vec<Id>,
    /// How many of them the right-hand side has.
    pub watches_held: usize,
    /// Thresholds of comparisons of time in conditions.
    pub moments: Vec<Moment>,
}

/// A time at which a condition may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The threshold.
    pub threshold: Id,
    /// The condition is another one at the threshold than before.
    pub at: bool,
    /// The condition is another one right after the threshold than at it.
    pub after: bool,
}

impl Found {
    /// Places of the cache that hold discontinuities of the right-hand side: one each for switches and clocks, and for
    /// watches two: the value held, and whether it is free, that is not held at all.
    pub fn places(&self) -> usize {
        self.switches.len() + self.clocks_held + 2 * self.watches_held
    }
}

/// Finds the discontinuities of a right-hand side and of conditions, and takes those of the right-hand side out of it.
/// `first` is the place of the cache where theirs start.
pub fn take(dag: &mut Dag, rhs: &[Id], conditions: &[Id], first: usize) -> (Vec<Id>, Found) {
    let mut found = Found::default();
    let mut switched = Vec::new();
    for id in steps(dag, rhs) {
        if let Some((threshold, before)) = threshold(dag, id) {
            let place = found.switches.iter().position(|&other| other == (threshold, before)).unwrap_or_else(|| {
                found.switches.push((threshold, before));
                found.switches.len() - 1
            });
            switched.push((id, place));
        } else if !matches!(dag.node(id), Node::Binary(Binary::Equal, ..)) {
            // That two things are equal holds for no time in the right-hand side.
            if dag.leaves(&[id]).0.is_empty() { found.clocks.push(id) } else { found.watches.push(id) }
        }
    }
    found.clocks_held = found.clocks.len();
    found.watches_held = found.watches.len();
    let mut replacements = BTreeMap::new();
    for (id, place) in switched {
        replacements.insert(id, dag.parameter(first + place));
    }
    let clocks = first + found.switches.len();
    for (place, &id) in found.clocks.iter().enumerate() {
        replacements.insert(id, dag.parameter(clocks + place));
    }
    let held = clocks + found.clocks_held;
    for (place, &id) in found.watches.iter().enumerate() {
        let free = dag.parameter(held + found.watches_held + place);
        let value = dag.parameter(held + place);
        replacements.insert(id, dag.select(free, id, value));
    }
    let rhs = rebuild(dag, rhs, &replacements);
    conditions_of(dag, conditions, &mut found);
    (rhs, found)
}

fn conditions_of(dag: &mut Dag, conditions: &[Id], found: &mut Found) {
    let (mut clocks, mut watches) = (Vec::new(), Vec::new());
    for id in steps(dag, conditions) {
        let states = !dag.leaves(&[id]).0.is_empty();
        if let Some(moment) = moment(dag, id) {
            if !found.moments.contains(&moment) {
                found.moments.push(moment);
            }
            continue;
        }
        let list = if states { &mut watches } else { &mut clocks };
        match dag.node(id) {
            // Two things that become equal for an instant: where the one stops being below the other.
            Node::Binary(Binary::Equal, a, b) => {
                list.push(dag.binary(Binary::Less, a, b));
                list.push(dag.binary(Binary::Less, b, a));
            }
            _ => list.push(id),
        }
    }
    let known: BTreeSet<Id> = found.clocks.iter().chain(&found.watches).copied().collect();
    found.clocks.extend(clocks.into_iter().filter(|id| !known.contains(id)));
    found.watches.extend(watches.into_iter().filter(|id| !known.contains(id)));
}

/// The gaps of a condition, in the order of [`Crossings`](super::Crossings).
pub fn gaps_of(dag: &mut Dag, condition: Id, found: &Found) -> Vec<usize> {
    let moments = found.switches.len();
    let clocks = moments + found.moments.len();
    let watches = clocks + found.clocks.len();
    let mut gaps = Vec::new();
    for id in steps(dag, &[condition]) {
        if let Some(moment) = moment(dag, id) {
            gaps.extend(found.moments.iter().position(|other| *other == moment).map(|place| moments + place));
            continue;
        }
        let parts = match dag.node(id) {
            Node::Binary(Binary::Equal, a, b) => [dag.binary(Binary::Less, a, b), dag.binary(Binary::Less, b, a)],
            _ => [id, id],
        };
        for part in parts {
            gaps.extend(found.clocks.iter().position(|&other| other == part).map(|place| clocks + place));
            gaps.extend(found.watches.iter().position(|&other| other == part).map(|place| watches + place));
        }
    }
    gaps
}

/// What is continuous behind a jump and tells how near it is: the difference of what is compared, or what is rounded.
pub fn gap(dag: &mut Dag, step: Id) -> Id {
    match dag.node(step) {
        Node::Binary(_, a, b) => dag.subtract(a, b),
        Node::Unary(_, a) => a,
        _ => step,
    }
}

/// The varying comparisons and steps that outputs are computed from, inner ones first.
fn steps(dag: &Dag, outputs: &[Id]) -> Vec<Id> {
    let needed = dag.reachable(outputs);
    let ids = needed.iter().enumerate().filter(|(_, needed)| **needed).map(|(id, _)| id as Id);
    ids.filter(|&id| {
        let jumps = matches!(
            dag.node(id),
            Node::Binary(Binary::Less | Binary::LessOrEqual | Binary::Equal, ..)
                | Node::Unary(Unary::Floor | Unary::Ceil, _)
        );
        jumps && dag.varies(id)
    })
    .collect()
}

/// The threshold of a comparison of time with something that time and states do not move, and whether the comparison
/// holds below it.
fn threshold(dag: &Dag, id: Id) -> Option<(Id, bool)> {
    let Node::Binary(Binary::Less | Binary::LessOrEqual, a, b) = dag.node(id) else { return None };
    match (dag.node(a), dag.node(b)) {
        (Node::Time, _) if !dag.varies(b) => Some((b, true)),
        (_, Node::Time) if !dag.varies(a) => Some((a, false)),
        _ => None,
    }
}

fn moment(dag: &Dag, id: Id) -> Option<Moment> {
    let Node::Binary(function, a, b) = dag.node(id) else { return None };
    let (threshold, before) = match (dag.node(a), dag.node(b)) {
        (Node::Time, _) if !dag.varies(b) => (b, true),
        (_, Node::Time) if !dag.varies(a) => (a, false),
        _ => return None,
    };
    match function {
        // `t < c` and `c <= t` are different at c already, `t <= c` and `c < t` right after it.
        Binary::Less => Some(Moment { threshold, at: before, after: !before }),
        Binary::LessOrEqual => Some(Moment { threshold, at: !before, after: before }),
        Binary::Equal => Some(Moment { threshold, at: true, after: true }),
        _ => None,
    }
}
