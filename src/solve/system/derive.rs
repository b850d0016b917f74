//! Derivatives of the system's functions, and the terms that are computed once for each parameter vector.

use super::super::SolveError;
use super::super::compiled::{CodeBuilder, FunctionIndex};
use super::super::dag::{Dag, Id, Node, Tape, Variable, differentiate, share_powers};
use super::{Derived, Entry};
use std::collections::{BTreeMap, BTreeSet};

/// Functions whose tapes read hoisted terms: they are compiled once all of them are known.
#[derive(Default)]
pub struct Pending {
    tapes: Vec<Vec<Id>>,
}

/// A function with its derivatives, not yet compiled.
pub struct Draft {
    value: usize,
    derivative: usize,
    /// Outputs and states.
    pub by_state: Vec<Entry>,
    /// Outputs and places of the cache.
    pub by_parameter: Vec<Entry>,
}

/// Pending functions, compiled.
pub struct Compiled {
    indices: Vec<FunctionIndex>,
    /// The hoisted terms and their places.
    pub hoisted: BTreeMap<Id, usize>,
    /// The hoisted terms in the order of their places.
    pub order: Vec<Id>,
}

impl Pending {
    /// Adds a function; the number is its place.
    pub fn add(&mut self, outputs: Vec<Id>) -> usize {
        self.tapes.push(outputs);
        self.tapes.len() - 1
    }

    /// Adds a function with its derivatives by states and by the places of the cache below `limit`.
    pub fn derived(&mut self, dag: &mut Dag, outputs: &[Id], limit: usize) -> Draft {
        let columns = dag.leaves(outputs).0;
        let variables: Vec<Variable> = columns.iter().map(|&column| Variable::State(column)).collect();
        let mut by_state = Vec::new();
        let mut nodes = Vec::new();
        for partial in differentiate(dag, outputs, &variables) {
            by_state.push(Entry { row: partial.output, column: columns[partial.variable] });
            nodes.push(partial.node);
        }
        let mut by_parameter = Vec::new();
        derive(dag, outputs, limit, &mut by_parameter, &mut nodes);
        Draft { value: self.add(outputs.to_vec()), derivative: self.add(nodes), by_state, by_parameter }
    }

    /// The outputs of the function at a place.
    pub fn outputs(&self, place: usize) -> &[Id] {
        &self.tapes[place]
    }

    /// Compiles all functions. Hoisted terms lie in the cache from `first` on.
    pub fn compile(&mut self, dag: &mut Dag, code: &mut CodeBuilder, first: usize) -> Result<Compiled, SolveError> {
        for outputs in &mut self.tapes {
            *outputs = share_powers(dag, outputs);
        }
        let (hoisted, order) = hoist(dag, &self.tapes, first);
        let mut indices = Vec::with_capacity(self.tapes.len());
        for outputs in &self.tapes {
            indices.push(code.function(&Tape::new(dag, outputs, &hoisted))?);
        }
        Ok(Compiled { indices, hoisted, order })
    }
}

impl Compiled {
    /// The function at a place.
    pub fn function(&self, place: usize) -> FunctionIndex {
        self.indices[place]
    }

    /// A function with its derivatives.
    pub fn derived(&self, draft: Draft) -> Derived {
        Derived {
            value: self.indices[draft.value],
            derivative: self.indices[draft.derivative],
            by_state: draft.by_state,
            by_parameter: draft.by_parameter,
        }
    }
}

/// The Jacobian's pattern by column, with the whole diagonal, and its nodes.
pub fn jacobian(dag: &mut Dag, rhs: &[Id]) -> (Vec<(usize, usize)>, Vec<Id>) {
    let states = rhs.len();
    let zero = dag.number(0.0);
    let variables: Vec<Variable> = (0..states).map(Variable::State).collect();
    let mut values: BTreeMap<(usize, usize), Id> = (0..states).map(|state| ((state, state), zero)).collect();
    values.extend(differentiate(dag, rhs, &variables).iter().map(|p| ((p.variable, p.output), p.node)));
    values.into_iter().map(|((column, row), node)| ((row, column), node)).unzip()
}

/// The derivatives of `outputs` by the cache places below `limit`, as far as they are not always zero.
pub fn derive(dag: &mut Dag, outputs: &[Id], limit: usize, entries: &mut Vec<Entry>, nodes: &mut Vec<Id>) {
    let columns: Vec<usize> = dag.leaves(outputs).1.into_iter().filter(|&column| column < limit).collect();
    let variables: Vec<Variable> = columns.iter().map(|&column| Variable::Parameter(column)).collect();
    for partial in differentiate(dag, outputs, &variables) {
        entries.push(Entry { row: partial.output, column: columns[partial.variable] });
        nodes.push(partial.node);
    }
}

/// The largest terms of parameters only that varying terms use, and their places in the cache from `first` on.
fn hoist(dag: &Dag, tapes: &[Vec<Id>], first: usize) -> (BTreeMap<Id, usize>, Vec<Id>) {
    let worth = |id: Id| !dag.varies(id) && !matches!(dag.node(id), Node::Number(_) | Node::Parameter(_));
    let mut found = BTreeSet::new();
    for outputs in tapes {
        found.extend(outputs.iter().copied().filter(|&id| worth(id)));
        for (id, _) in dag.reachable(outputs).iter().enumerate().filter(|(_, needed)| **needed) {
            #[allow(clippy::cast_possible_truncation, reason = "ids are 32 bits wide")]
            let id = id as Id;
            if dag.varies(id) {
                found.extend(dag.children(id).into_iter().flatten().filter(|&child| worth(child)));
            }
        }
    }
    let order: Vec<Id> = found.into_iter().collect();
    let places = order.iter().enumerate().map(|(place, &id)| (id, first + place)).collect();
    (places, order)
}
