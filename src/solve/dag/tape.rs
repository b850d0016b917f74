//! Straight-line programs cut out of the graph, and their interpreter: the reference that compiled code must equal.

use super::{Binary, Dag, Id, Node, Unary};
use std::collections::BTreeMap;

/// Where a step of a tape takes its value from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Source {
    /// A constant.
    Number(f64),
    /// A state.
    State(usize),
    /// A place in the vector of parameters and hoisted terms.
    Cache(usize),
    /// The time.
    Time,
    /// A function of an earlier step.
    Unary(Unary, usize),
    /// A function of two earlier steps.
    Binary(Binary, usize, usize),
    /// An integer power of an earlier step.
    Integer(usize, i32),
    /// `x^(n + 1/2)` for n from 0 on, or its inverse for `n` below 0: `x^-(|n| - 1/2)`.
    Half(usize, i32),
    /// The second step where the first is not 0, else the third.
    Select(usize, usize, usize),
}

/// A straight-line program: each step uses earlier steps only.
#[derive(Debug, Clone, Default)]
pub struct Tape {
    /// The steps.
    pub steps: Vec<Source>,
    /// The steps whose values are the results.
    pub outputs: Vec<usize>,
}

impl Tape {
    /// The program that computes `outputs`. Nodes in `hoisted` are not computed but read from the place given there.
    #[must_use]
    pub fn new(dag: &Dag, outputs: &[Id], hoisted: &BTreeMap<Id, usize>) -> Self {
        // Depth first, so that values are used soon after they are computed and machine code can keep them in registers.
        let top = outputs.iter().max().map_or(0, |&top| top as usize + 1);
        let mut place = vec![usize::MAX; top];
        let mut steps = Vec::new();
        let mut open: Vec<(Id, bool)> = Vec::new();
        for &output in outputs {
            open.push((output, false));
            while let Some((id, ready)) = open.pop() {
                if place[id as usize] != usize::MAX {
                    continue;
                }
                let slot = hoisted.get(&id);
                if !ready && slot.is_none() {
                    open.push((id, true));
                    open.extend(dag.children(id).into_iter().flatten().map(|child| (child, false)));
                    continue;
                }
                let at = |child: Id| place[child as usize];
                let source = match (slot, dag.node(id)) {
                    (Some(&slot), _) => Source::Cache(slot),
                    (None, Node::Number(bits)) => Source::Number(f64::from_bits(bits)),
                    (None, Node::State(i)) => Source::State(i as usize),
                    (None, Node::Parameter(i)) => Source::Cache(i as usize),
                    (None, Node::Time) => Source::Time,
                    (None, Node::Unary(f, a)) => Source::Unary(f, at(a)),
                    (None, Node::Binary(f, a, b)) => match half(dag, f, b) {
                        Some(n) => Source::Half(at(a), n),
                        None => Source::Binary(f, at(a), at(b)),
                    },
                    (None, Node::Integer(a, n)) => Source::Integer(at(a), n),
                    (None, Node::Select(a, b, c)) => Source::Select(at(a), at(b), at(c)),
                };
                place[id as usize] = steps.len();
                steps.push(source);
            }
        }
        Self { steps, outputs: outputs.iter().map(|&output| place[output as usize]).collect() }
    }

    /// Runs the program. Places outside the given vectors read as not-a-number.
    #[must_use]
    pub fn evaluate(&self, states: &[f64], cache: &[f64], time: f64) -> Vec<f64> {
        let mut outputs = vec![0.0; self.outputs.len()];
        self.run(states, cache, time, &mut Vec::new(), &mut outputs);
        outputs
    }

    /// Runs the program as [`Self::evaluate`] does and writes its results to `outputs`. `values` is space for the steps,
    /// which a caller keeps for the next time.
    pub fn run(&self, states: &[f64], cache: &[f64], time: f64, values: &mut Vec<f64>, outputs: &mut [f64]) {
        values.clear();
        values.reserve(self.steps.len());
        for step in &self.steps {
            let value = match *step {
                Source::Number(value) => value,
                Source::State(i) => states.get(i).copied().unwrap_or(f64::NAN),
                Source::Cache(i) => cache.get(i).copied().unwrap_or(f64::NAN),
                Source::Time => time,
                Source::Unary(f, a) => unary(f, values[a]),
                Source::Binary(f, a, b) => binary(f, values[a], values[b]),
                Source::Integer(a, n) => integer(values[a], n),
                Source::Half(a, n) => {
                    let root = values[a].sqrt();
                    if n >= 0 { integer(values[a], n) * root } else { 1.0 / (integer(values[a], -n - 1) * root) }
                }
                Source::Select(c, a, b) => {
                    if values[c] == 0.0 {
                        values[b]
                    } else {
                        values[a]
                    }
                }
            };
            values.push(value);
        }
        for (output, &step) in outputs.iter_mut().zip(&self.outputs) {
            *output = values[step];
        }
    }
}

/// For a power with a half-integer constant exponent e other than a root: e - 1/2, the `n` of [`Source::Half`].
#[allow(clippy::cast_possible_truncation, reason = "small numbers")]
fn half(dag: &Dag, function: Binary, exponent: Id) -> Option<i32> {
    let e = dag.value(exponent).filter(|_| function == Binary::Power)?;
    let is_half = (2.0 * e).fract() == 0.0 && e.fract() != 0.0 && e.abs() <= super::LARGEST_INTEGER_POWER;
    is_half.then_some((e - 0.5) as i32)
}

/// The value of a function of one argument.
pub(crate) fn unary(function: Unary, a: f64) -> f64 {
    match function {
        Unary::Negate => -a,
        Unary::Exp => a.exp(),
        Unary::Ln => a.ln(),
        Unary::Log10 => a.log10(),
        Unary::Sqrt => a.sqrt(),
        Unary::Abs => a.abs(),
        Unary::Floor => a.floor(),
        Unary::Ceil => a.ceil(),
        Unary::Sin => a.sin(),
        Unary::Cos => a.cos(),
        Unary::Tan => a.tan(),
        Unary::Asin => a.asin(),
        Unary::Acos => a.acos(),
        Unary::Atan => a.atan(),
        Unary::Sinh => a.sinh(),
        Unary::Cosh => a.cosh(),
        Unary::Tanh => a.tanh(),
        Unary::Factorial => super::factorial(a),
    }
}

/// The value of a function of two arguments.
pub(crate) fn binary(function: Binary, a: f64, b: f64) -> f64 {
    let truth = |holds: bool| if holds { 1.0 } else { 0.0 };
    match function {
        Binary::Add => a + b,
        Binary::Subtract => a - b,
        Binary::Multiply => a * b,
        Binary::Divide => a / b,
        Binary::Power => a.powf(b),
        Binary::Min | Binary::Max if a.is_nan() || b.is_nan() => f64::NAN,
        Binary::Min => a.min(b),
        Binary::Max => a.max(b),
        Binary::Equal => truth(a == b),
        Binary::Less => truth(a < b),
        Binary::LessOrEqual => truth(a <= b),
        Binary::Polygamma => super::polygamma(a, b),
    }
}

/// An integer power by repeated squaring, in the order in which the compiled code multiplies.
pub(crate) fn integer(a: f64, n: i32) -> f64 {
    let mut remaining = n.unsigned_abs();
    let mut square = a;
    let mut result: Option<f64> = None;
    while remaining > 0 {
        if remaining & 1 == 1 {
            result = Some(result.map_or(square, |r| r * square));
        }
        remaining >>= 1;
        if remaining > 0 {
            square *= square;
        }
    }
    let result = result.unwrap_or(1.0);
    if n < 0 { 1.0 / result } else { result }
}
