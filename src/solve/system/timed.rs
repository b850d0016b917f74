//! Terms of time and parameters alone, such as a measured input as a formula of time: Newton's iteration evaluates the equations several
//! times at one time, and these terms need not be computed again.

use super::super::SolveError;
use super::super::compiled::{CodeBuilder, FunctionIndex};
use super::super::dag::{Binary, Dag, Id, Node, Tape, Unary};
use std::collections::{BTreeMap, BTreeSet};

/// The system's functions that read terms of time from the cache, behind what [`super::System::cache`] counts.
#[derive(Debug)]
pub struct Timed {
    /// Computes the terms.
    pub terms: FunctionIndex,
    /// How many there are.
    pub count: usize,
    /// The right-hand side.
    pub rhs: FunctionIndex,
    /// See [`super::System::jacobian`].
    pub jacobian: FunctionIndex,
    /// See [`super::System::by_parameter`].
    pub by_parameter: FunctionIndex,
}

impl Timed {
    /// The functions with these outputs; nothing where no term is worth its place. Terms of parameters are in the cache already.
    pub fn new(
        dag: &Dag,
        code: &mut CodeBuilder,
        [rhs, jacobian, by_parameter]: [&[Id]; 3],
        hoisted: &BTreeMap<Id, usize>,
        first: usize,
    ) -> Result<Option<Self>, SolveError> {
        let all: Vec<Id> = [rhs, jacobian, by_parameter].concat();
        let terms: Vec<Id> = terms(dag, &all).into_iter().collect();
        if terms.is_empty() {
            return Ok(None);
        }
        let mut places = hoisted.clone();
        places.extend(terms.iter().enumerate().map(|(place, &id)| (id, first + place)));
        Ok(Some(Self {
            terms: code.function(&Tape::new(dag, &terms, hoisted))?,
            count: terms.len(),
            rhs: code.function(&Tape::new(dag, rhs, &places))?,
            jacobian: code.function(&Tape::new(dag, jacobian, &places))?,
            by_parameter: code.function(&Tape::new(dag, by_parameter, &places))?,
        }))
    }
}

/// The largest terms of time that terms of states use and that call a function: what is a few instructions is as well computed again.
#[allow(clippy::cast_possible_truncation, reason = "ids are 32 bits wide")]
fn terms(dag: &Dag, outputs: &[Id]) -> BTreeSet<Id> {
    let needed = dag.reachable(outputs);
    let (mut by_state, mut calls) = (vec![false; needed.len()], vec![false; needed.len()]);
    let mut found = BTreeSet::new();
    for id in (0..needed.len()).filter(|&id| needed[id]) {
        let node = dag.node(id as Id);
        let children = || dag.children(id as Id).into_iter().flatten();
        by_state[id] = matches!(node, Node::State(_)) || children().any(|child| by_state[child as usize]);
        calls[id] = is_call(node) || children().any(|child| calls[child as usize]);
        let worth = |id: &Id| dag.varies(*id) && !by_state[*id as usize] && calls[*id as usize];
        if by_state[id] {
            found.extend(children().filter(worth));
        }
    }
    found.extend(outputs.iter().copied().filter(|&id| dag.varies(id) && !by_state[id as usize] && calls[id as usize]));
    found
}

fn is_call(node: Node) -> bool {
    match node {
        Node::Unary(function, _) => {
            !matches!(function, Unary::Negate | Unary::Sqrt | Unary::Abs | Unary::Floor | Unary::Ceil)
        }
        Node::Binary(function, ..) => matches!(function, Binary::Power | Binary::Polygamma),
        _ => false,
    }
}
