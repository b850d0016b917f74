//! Expressions with their size and depth, so that both can be bounded while they are built.

use crate::model::expression::{Expression, Function};

/// The deepest expression that is built. Everything that walks expressions recurses as deep.
pub(in crate::import::sbml) const DEEPEST: usize = 400;

/// The largest expression that is built, in nodes, with function definitions written out.
pub(in crate::import::sbml) const LARGEST: usize = 200_000;

/// An expression, how many nodes it has, and how deep it is.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::import::sbml) struct Formula {
    pub expression: Expression,
    pub size: usize,
    pub depth: usize,
}

impl Formula {
    /// A number.
    pub fn number(value: f64) -> Self {
        Self { expression: Expression::Number(value), size: 1, depth: 1 }
    }

    /// A symbol.
    pub fn symbol(id: &str) -> Self {
        Self { expression: Expression::Symbol(id.to_owned()), size: 1, depth: 1 }
    }

    /// The time of the simulation.
    pub fn time() -> Self {
        Self { expression: Expression::Time, size: 1, depth: 1 }
    }

    /// A function of its arguments. Sums of sums and products of products become one where that changes no order.
    pub fn apply(function: Function, arguments: Vec<Formula>) -> Self {
        let size = 1 + arguments.iter().map(|argument| argument.size).sum::<usize>();
        let depth = 1 + arguments.iter().map(|argument| argument.depth).max().unwrap_or_default();
        let mut expressions = Vec::with_capacity(arguments.len());
        let mut arguments = arguments.into_iter();
        let mut joined = None;
        if matches!(function, Function::Add | Function::Multiply)
            && let Some(first) = arguments.next()
        {
            match first.expression {
                Expression::Apply(inner, parts) if inner == function => {
                    expressions = parts;
                    joined = Some(first.depth);
                }
                other => expressions.push(other),
            }
        }
        let mut others = 0;
        expressions.extend(arguments.map(|argument| {
            others = others.max(argument.depth);
            argument.expression
        }));
        let depth = joined.map_or(depth, |first| first.max(others + 1));
        Self { expression: Expression::Apply(function, expressions), size, depth }
    }

    /// A function of one argument.
    pub fn of(self, function: Function) -> Self {
        Self::apply(function, vec![self])
    }

    /// A function of two arguments.
    pub fn with(self, function: Function, other: Formula) -> Self {
        Self::apply(function, vec![self, other])
    }

    /// The number that it is, if it is one.
    pub fn value(&self) -> Option<f64> {
        match self.expression {
            Expression::Number(value) => Some(value),
            _ => None,
        }
    }
}
