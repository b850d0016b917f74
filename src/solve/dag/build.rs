//! From expression trees to nodes.

use super::{Binary, Dag, Id, Unary};
use crate::model::expression::{Expression, Function};

/// What the symbols of an expression mean.
pub trait Scope {
    /// The node of a symbol, or nothing where the symbol is unknown.
    fn resolve(&mut self, dag: &mut Dag, symbol: &str) -> Option<Id>;

    /// The node of a symbol's derivative in time, or nothing where it has none.
    fn rate(&mut self, dag: &mut Dag, symbol: &str) -> Option<Id> {
        let _ = (dag, symbol);
        None
    }

    /// The node of the time.
    fn time(&mut self, dag: &mut Dag) -> Id {
        dag.time()
    }
}

impl<F: FnMut(&mut Dag, &str) -> Option<Id>> Scope for F {
    fn resolve(&mut self, dag: &mut Dag, symbol: &str) -> Option<Id> {
        self(dag, symbol)
    }
}

/// Puts an expression into the graph.
///
/// # Errors
/// The first symbol that the scope does not know, or a description of a function with the wrong number of arguments.
pub fn build(dag: &mut Dag, expression: &Expression, scope: &mut dyn Scope) -> Result<Id, BuildError> {
    match expression {
        Expression::Number(value) => Ok(dag.number(*value)),
        Expression::Time => Ok(scope.time(dag)),
        Expression::Symbol(name) => scope.resolve(dag, name).ok_or_else(|| BuildError::Unknown(name.clone())),
        Expression::Apply(Function::RateOf, arguments) => match arguments.as_slice() {
            [Expression::Symbol(name)] => scope.rate(dag, name).ok_or_else(|| BuildError::Unknown(name.clone())),
            _ => Err(BuildError::Arguments(Function::RateOf, arguments.len())),
        },
        Expression::Apply(function, arguments) => {
            let nodes = arguments.iter().map(|a| build(dag, a, scope)).collect::<Result<Vec<_>, _>>()?;
            apply(dag, *function, &nodes).ok_or(BuildError::Arguments(*function, nodes.len()))
        }
    }
}

/// Why an expression could not be put into the graph.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BuildError {
    /// No compartment, species, parameter or assigned variable has this id.
    #[error("`{0}` is not known here")]
    Unknown(String),
    /// A function got a number of arguments that it does not take.
    #[error("{0:?} does not take {1} arguments")]
    Arguments(Function, usize),
}

fn apply(dag: &mut Dag, function: Function, nodes: &[Id]) -> Option<Id> {
    let one = |dag: &mut Dag, f| match nodes {
        [a] => Some(dag.unary(f, *a)),
        _ => None,
    };
    let two = |dag: &mut Dag, f| match nodes {
        [a, b] => Some(dag.binary(f, *a, *b)),
        _ => None,
    };
    match function {
        Function::Add => {
            let zero = dag.number(0.0);
            Some(nodes.iter().fold(zero, |sum, &a| dag.add(sum, a)))
        }
        Function::Multiply => {
            let unit = dag.number(1.0);
            Some(nodes.iter().fold(unit, |product, &a| dag.multiply(product, a)))
        }
        Function::Subtract => match nodes {
            [a] => Some(dag.negate(*a)),
            _ => two(dag, Binary::Subtract),
        },
        Function::Divide => two(dag, Binary::Divide),
        Function::Power => two(dag, Binary::Power),
        Function::Negate => one(dag, Unary::Negate),
        Function::Exp => one(dag, Unary::Exp),
        Function::Ln => one(dag, Unary::Ln),
        Function::Log10 => one(dag, Unary::Log10),
        Function::Sqrt => one(dag, Unary::Sqrt),
        Function::Abs => one(dag, Unary::Abs),
        Function::Floor => one(dag, Unary::Floor),
        Function::Ceil => one(dag, Unary::Ceil),
        Function::Sin => one(dag, Unary::Sin),
        Function::Cos => one(dag, Unary::Cos),
        Function::Tan => one(dag, Unary::Tan),
        Function::Asin => one(dag, Unary::Asin),
        Function::Acos => one(dag, Unary::Acos),
        Function::Atan => one(dag, Unary::Atan),
        Function::Sinh => one(dag, Unary::Sinh),
        Function::Cosh => one(dag, Unary::Cosh),
        Function::Tanh => one(dag, Unary::Tanh),
        Function::Min => fold(dag, Binary::Min, nodes),
        Function::Max => fold(dag, Binary::Max, nodes),
        Function::Equal => two(dag, Binary::Equal),
        Function::NotEqual => {
            let equal = two(dag, Binary::Equal)?;
            Some(not(dag, equal))
        }
        Function::Less => two(dag, Binary::Less),
        Function::LessOrEqual => two(dag, Binary::LessOrEqual),
        Function::Greater => match nodes {
            [a, b] => Some(dag.binary(Binary::Less, *b, *a)),
            _ => None,
        },
        Function::GreaterOrEqual => match nodes {
            [a, b] => Some(dag.binary(Binary::LessOrEqual, *b, *a)),
            _ => None,
        },
        Function::And => {
            let (yes, no) = (dag.number(1.0), dag.number(0.0));
            Some(nodes.iter().fold(yes, |all, &a| {
                let truth = dag.select(a, yes, no);
                dag.select(all, truth, no)
            }))
        }
        Function::Or => {
            let (yes, no) = (dag.number(1.0), dag.number(0.0));
            Some(nodes.iter().fold(no, |any, &a| {
                let truth = dag.select(a, yes, no);
                dag.select(any, yes, truth)
            }))
        }
        Function::Not => match nodes {
            [a] => Some(not(dag, *a)),
            _ => None,
        },
        Function::Piecewise => piecewise(dag, nodes),
        Function::Factorial => one(dag, Unary::Factorial),
        // A rate belongs to a symbol, not to a value: `build` takes it from the scope.
        Function::RateOf => None,
    }
}

fn fold(dag: &mut Dag, function: Binary, nodes: &[Id]) -> Option<Id> {
    let (first, rest) = nodes.split_first()?;
    Some(rest.iter().fold(*first, |a, &b| dag.binary(function, a, b)))
}

fn not(dag: &mut Dag, a: Id) -> Id {
    let (yes, no) = (dag.number(1.0), dag.number(0.0));
    dag.select(a, no, yes)
}

/// Value, condition, value, condition, ..., otherwise. Where no condition holds and there is no otherwise, the value
/// is not a number, as in SBML.
fn piecewise(dag: &mut Dag, nodes: &[Id]) -> Option<Id> {
    if nodes.is_empty() {
        return None;
    }
    let mut result = if nodes.len() % 2 == 1 { nodes[nodes.len() - 1] } else { dag.number(f64::NAN) };
    for pair in nodes.chunks_exact(2).rev() {
        result = dag.select(pair[1], pair[0], result);
    }
    Some(result)
}
