//! Terms of time and parameters alone, such as an input that is a formula of time: Newton's iteration evaluates the
//! equations several times at one time, and these terms need not be computed again.

use super::super::SolveError;
use super::super::compiled::{CodeBuilder, FunctionIndex};
use super::super::dag::{Binary, Dag, Id, Node, Tape, Unary};
use super::Functions;
use std::collections::{BTreeMap, BTreeSet};

/// The functions of a step that read terms of time from the cache, behind what [`super::System::cache`] counts. The
/// others stay beside them for those who look at a single time: events, steady states, horizons.
#[derive(Debug)]
pub struct Timed {
    /// Computes the terms.
    pub terms: FunctionIndex,
    /// How many there are.
    pub count: usize,
    /// The functions.
    pub functions: Functions,
}

impl Timed {
    /// The functions with these outputs, in the order of [`Functions`]; nothing where no term is worth its place. Terms of
    /// parameters are in the cache already.
    pub fn new(
        dag: &Dag,
        code: &mut CodeBuilder,
        outputs: [&[Id]; 3],
        hoisted: &BTreeMap<Id, usize>,
        first: usize,
    ) -> Result<Option<Self>, SolveError> {
        let terms: Vec<Id> = terms(dag, &outputs.concat()).into_iter().collect();
        if terms.is_empty() {
            return Ok(None);
        }
        let mut places = hoisted.clone();
        places.extend(terms.iter().enumerate().map(|(place, &id)| (id, first + place)));
        let count = terms.len();
        let terms = code.function(&Tape::new(dag, &terms, hoisted))?;
        let [rhs, jacobian, by_parameter] = outputs.map(|outputs| code.function(&Tape::new(dag, outputs, &places)));
        Ok(Some(Self { terms, count, functions: Functions::of([rhs?, jacobian?, by_parameter?]) }))
    }
}

/// The largest terms of time that terms of states use and that call a function: what is a few instructions is as well
/// computed again. Calls within terms of parameters were made before.
#[allow(clippy::cast_possible_truncation, reason = "ids are 32 bits wide")]
fn terms(dag: &Dag, outputs: &[Id]) -> BTreeSet<Id> {
    let needed = dag.reachable(outputs);
    let (mut by_state, mut calls) = (vec![false; needed.len()], vec![false; needed.len()]);
    let mut used: Vec<Id> = outputs.to_vec();
    for id in (0..needed.len()).filter(|&id| needed[id] && dag.varies(id as Id)) {
        let node = dag.node(id as Id);
        let children = || dag.children(id as Id).into_iter().flatten();
        by_state[id] = matches!(node, Node::State(_)) || children().any(|child| by_state[child as usize]);
        calls[id] = is_call(node) || children().any(|child| calls[child as usize]);
        if by_state[id] {
            used.extend(children());
        }
    }
    used.into_iter().filter(|&id| calls[id as usize] && !by_state[id as usize]).collect()
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
