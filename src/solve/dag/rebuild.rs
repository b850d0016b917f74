//! Rebuilding nodes with some of them replaced.

use super::{Dag, Id, Node};
use std::collections::BTreeMap;

/// `outputs` with every node in `replacements` replaced, simplified again on the way.
pub fn rebuild(dag: &mut Dag, outputs: &[Id], replacements: &BTreeMap<Id, Id>) -> Vec<Id> {
    let Some(&top) = outputs.iter().max() else { return Vec::new() };
    let needed = dag.reachable(outputs);
    let mut new: Vec<Id> = (0..=top).collect();
    for id in 0..=top {
        if !needed[id as usize] {
            continue;
        }
        if let Some(&replacement) = replacements.get(&id) {
            new[id as usize] = replacement;
            continue;
        }
        let at = |child: Id| new[child as usize];
        if dag.children(id).iter().flatten().all(|&child| at(child) == child) {
            continue;
        }
        new[id as usize] = match dag.node(id) {
            Node::Number(_) | Node::State(_) | Node::Parameter(_) | Node::Time => id,
            Node::Unary(f, a) => dag.unary(f, at(a)),
            Node::Binary(f, a, b) => dag.binary(f, at(a), at(b)),
            Node::Integer(a, n) => dag.integer_power(at(a), n),
            Node::Select(c, a, b) => dag.select(at(c), at(a), at(b)),
        };
    }
    outputs.iter().map(|&output| new[output as usize]).collect()
}

impl Dag {
    /// For each node up to the largest of `outputs`, whether `outputs` are computed from it.
    #[must_use]
    pub fn reachable(&self, outputs: &[Id]) -> Vec<bool> {
        let top = outputs.iter().max().map_or(0, |&top| top as usize + 1);
        let mut needed = vec![false; top];
        for &output in outputs {
            needed[output as usize] = true;
        }
        for id in (0..top).rev() {
            if needed[id] {
                #[allow(clippy::cast_possible_truncation, reason = "ids are 32 bits wide")]
                for child in self.children(id as Id).into_iter().flatten() {
                    needed[child as usize] = true;
                }
            }
        }
        needed
    }

    /// The states and the parameters that `outputs` depend on, ascending.
    #[must_use]
    pub fn leaves(&self, outputs: &[Id]) -> (Vec<usize>, Vec<usize>) {
        let mut states = Vec::new();
        let mut parameters = Vec::new();
        for (id, _) in self.reachable(outputs).iter().enumerate().filter(|(_, needed)| **needed) {
            #[allow(clippy::cast_possible_truncation, reason = "ids are 32 bits wide")]
            match self.node(id as Id) {
                Node::State(i) => states.push(i as usize),
                Node::Parameter(i) => parameters.push(i as usize),
                _ => {}
            }
        }
        states.sort_unstable();
        parameters.sort_unstable();
        (states, parameters)
    }
}
