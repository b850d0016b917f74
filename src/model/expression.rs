//! Mathematical expressions over the symbols of a model, as the importers and the language write them.

use serde::{Deserialize, Serialize};

/// An expression tree. Truth values are numbers: 0 is false, everything else is true.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Expression {
    /// A constant.
    Number(f64),
    /// A compartment, species, parameter or assigned variable by id.
    Symbol(String),
    /// The time of the simulation.
    Time,
    /// A function of its arguments.
    Apply(Function, Vec<Expression>),
}

/// The functions of kinetic laws: the elementary part of SBML's `MathML` subset. `Add`, `Multiply`, `And`, `Or`, `Min`,
/// `Max` take any number of arguments; `Piecewise` takes value, condition, value, condition, ..., otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of mathematics")]
pub enum Function {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Negate,
    Exp,
    Ln,
    Log10,
    Sqrt,
    Abs,
    Floor,
    Ceil,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Tanh,
    Min,
    Max,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
    Not,
    Piecewise,
    /// The derivative in time of the one symbol that is its argument (SBML's `rateOf`).
    RateOf,
    /// The factorial, continued by the gamma function: `x!` is gamma(x + 1).
    Factorial,
}
