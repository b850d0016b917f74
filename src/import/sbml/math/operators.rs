//! The operators of SBML's `MathML` subset, by their names there, in terms of [`Function`].

use super::formula::Formula;
use crate::model::expression::Function;

/// Why an operator cannot be applied.
pub(super) enum Refusal {
    /// Nothing has this name.
    Unknown,
    /// It takes another number of arguments: the words say how many.
    Arguments(&'static str),
}

/// Operators of one argument that [`Function`] has.
const PLAIN: &[(&str, Function)] = &[
    ("exp", Function::Exp),
    ("ln", Function::Ln),
    ("abs", Function::Abs),
    ("floor", Function::Floor),
    ("ceiling", Function::Ceil),
    ("factorial", Function::Factorial),
    ("not", Function::Not),
    ("sin", Function::Sin),
    ("cos", Function::Cos),
    ("tan", Function::Tan),
    ("sinh", Function::Sinh),
    ("cosh", Function::Cosh),
    ("tanh", Function::Tanh),
    ("arcsin", Function::Asin),
    ("arccos", Function::Acos),
    ("arctan", Function::Atan),
];

/// Operators of one argument that are one over another one.
const RECIPROCAL: &[(&str, Function)] = &[
    ("sec", Function::Cos),
    ("csc", Function::Sin),
    ("cot", Function::Tan),
    ("sech", Function::Cosh),
    ("csch", Function::Sinh),
    ("coth", Function::Tanh),
];

/// Relations between neighbours.
const RELATIONS: &[(&str, Function)] = &[
    ("eq", Function::Equal),
    ("lt", Function::Less),
    ("leq", Function::LessOrEqual),
    ("gt", Function::Greater),
    ("geq", Function::GreaterOrEqual),
];

/// How often an operator copies its arguments, at most.
pub(super) fn copies(name: &str, arguments: usize) -> usize {
    match name {
        "xor" => 8,
        "rem" | "quotient" | "root" => 4,
        "eq" | "lt" | "leq" | "gt" | "geq" => usize::from(arguments > 2),
        _ if name.starts_with("arc") => 4,
        _ => 0,
    }
}

/// The operator applied to its arguments. `root` and `log` take degree and base as first argument.
pub(super) fn apply(name: &str, mut arguments: Vec<Formula>) -> Result<Formula, Refusal> {
    let find = |table: &[(&str, Function)]| table.iter().find(|(other, _)| *other == name).map(|(_, f)| *f);
    if let Some(function) = find(PLAIN) {
        return one(arguments).map(|argument| argument.of(function));
    }
    if let Some(function) = find(RECIPROCAL) {
        return one(arguments).map(|argument| reciprocal(argument.of(function)));
    }
    if let Some(function) = find(RELATIONS) {
        return Ok(chain(function, arguments));
    }
    if let Some(built) = inverse(name, &arguments) {
        return if arguments.len() == 1 { Ok(built) } else { Err(Refusal::Arguments("one argument")) };
    }
    match name {
        "plus" => Ok(any_number(Function::Add, 0.0, arguments)),
        "times" => Ok(any_number(Function::Multiply, 1.0, arguments)),
        "and" => Ok(logical(Function::And, 1.0, arguments)),
        "or" => Ok(logical(Function::Or, 0.0, arguments)),
        "xor" => Ok(xor(arguments)),
        "min" | "max" if arguments.is_empty() => Err(Refusal::Arguments("at least one argument")),
        "min" => Ok(Formula::apply(Function::Min, arguments)),
        "max" => Ok(Formula::apply(Function::Max, arguments)),
        "minus" if arguments.len() == 1 => Ok(negate(arguments.remove(0))),
        "minus" if arguments.len() != 2 => Err(Refusal::Arguments("one or two arguments")),
        "minus" => Ok(Formula::apply(Function::Subtract, arguments)),
        "divide" => two(arguments).map(|(a, b)| a.with(Function::Divide, b)),
        "power" => two(arguments).map(|(a, b)| a.with(Function::Power, b)),
        "neq" => two(arguments).map(|(a, b)| a.with(Function::NotEqual, b)),
        "implies" => two(arguments).map(|(a, b)| a.of(Function::Not).with(Function::Or, b)),
        "quotient" => two(arguments).map(|(a, b)| quotient(a, b)),
        "rem" => two(arguments).map(|(a, b)| remainder(a, b)),
        "root" => two(arguments).map(|(degree, x)| root(degree, x)),
        "log" => two(arguments).map(|(base, x)| logarithm(base, x)),
        _ => Err(Refusal::Unknown),
    }
}

fn one(mut arguments: Vec<Formula>) -> Result<Formula, Refusal> {
    match arguments.pop() {
        Some(argument) if arguments.is_empty() => Ok(argument),
        _ => Err(Refusal::Arguments("one argument")),
    }
}

fn two(arguments: Vec<Formula>) -> Result<(Formula, Formula), Refusal> {
    let pair: Result<[Formula; 2], _> = arguments.try_into();
    pair.map(|[a, b]| (a, b)).map_err(|_| Refusal::Arguments("two arguments"))
}

fn number(value: f64) -> Formula {
    Formula::number(value)
}

fn reciprocal(x: Formula) -> Formula {
    number(1.0).with(Function::Divide, x)
}

pub(super) fn negate(x: Formula) -> Formula {
    x.value().map_or_else(|| x.of(Function::Negate), |value| number(-value))
}

fn square(x: Formula) -> Formula {
    x.with(Function::Power, number(2.0))
}

fn any_number(function: Function, neutral: f64, mut arguments: Vec<Formula>) -> Formula {
    match arguments.len() {
        0 => number(neutral),
        1 => arguments.remove(0),
        _ => Formula::apply(function, arguments),
    }
}

/// Its value is 0 or 1 with one argument too.
fn logical(function: Function, neutral: f64, arguments: Vec<Formula>) -> Formula {
    if arguments.is_empty() { number(neutral) } else { Formula::apply(function, arguments) }
}

/// `a < b < c` says `a < b` and `b < c`; fewer than two arguments say nothing wrong.
fn chain(function: Function, arguments: Vec<Formula>) -> Formula {
    let mut relations: Vec<Formula> = Vec::with_capacity(arguments.len());
    let mut arguments = arguments.into_iter().peekable();
    while let Some(left) = arguments.next() {
        if let Some(right) = arguments.peek() {
            relations.push(left.with(function, right.clone()));
        }
    }
    match relations.len() {
        1 => relations.remove(0),
        _ => logical(Function::And, 1.0, relations),
    }
}

/// True when an odd number of arguments is. Few arguments are written with `and`, `or`, `not`, so that only the
/// relations in them are compared.
fn xor(mut arguments: Vec<Formula>) -> Formula {
    const FEW: usize = 8;
    let few = arguments.len() <= FEW;
    match arguments.len() {
        0 => number(0.0),
        1 => logical(Function::And, 1.0, arguments),
        count => {
            let right = xor(arguments.split_off(count / 2));
            let left = xor(arguments);
            if few {
                let both = left.clone().with(Function::And, right.clone());
                left.with(Function::Or, right).with(Function::And, both.of(Function::Not))
            } else {
                left.of(Function::Not).with(Function::NotEqual, right.of(Function::Not))
            }
        }
    }
}

/// Division rounded towards zero (`MathML` 2, 4.4.3.1).
fn quotient(a: Formula, b: Formula) -> Formula {
    let ratio = a.with(Function::Divide, b);
    let negative = ratio.clone().with(Function::Less, number(0.0));
    let (up, down) = (ratio.clone().of(Function::Ceil), ratio.of(Function::Floor));
    Formula::apply(Function::Piecewise, vec![up, negative, down])
}

/// What that division leaves over; it has the sign of `a`.
fn remainder(a: Formula, b: Formula) -> Formula {
    let whole = quotient(a.clone(), b.clone());
    a.with(Function::Subtract, b.with(Function::Multiply, whole))
}

/// The real root; of negative numbers where the degree is an odd number.
fn root(degree: Formula, x: Formula) -> Formula {
    let value = degree.value();
    if value == Some(2.0) {
        return x.of(Function::Sqrt);
    }
    let power = |x: Formula| {
        let exponent = value.map_or_else(|| reciprocal(degree.clone()), |value| number(1.0 / value));
        x.with(Function::Power, exponent)
    };
    if value.is_some_and(|value| value.rem_euclid(2.0) == 1.0) {
        let negative = x.clone().with(Function::Less, number(0.0));
        let below = power(x.clone().of(Function::Negate)).of(Function::Negate);
        return Formula::apply(Function::Piecewise, vec![below, negative, power(x)]);
    }
    power(x)
}

fn logarithm(base: Formula, x: Formula) -> Formula {
    match base.value() {
        Some(10.0) => x.of(Function::Log10),
        Some(base) => x.of(Function::Ln).with(Function::Divide, number(base.ln())),
        None => x.of(Function::Ln).with(Function::Divide, base.of(Function::Ln)),
    }
}

/// The inverse functions that [`Function`] lacks, by their definitions with logarithms (NIST Handbook, 4.37) and by the
/// inverses of reciprocals.
fn inverse(name: &str, arguments: &[Formula]) -> Option<Formula> {
    let x = || arguments.first().cloned().unwrap_or_else(|| number(f64::NAN));
    let built = match name {
        "arcsec" => reciprocal(x()).of(Function::Acos),
        "arccsc" => reciprocal(x()).of(Function::Asin),
        "arccot" => arc_cotangent(x()),
        "arcsinh" => inverse_sinh(x()),
        "arccosh" => inverse_cosh(x()),
        "arctanh" => inverse_tanh(x()),
        "arcsech" => inverse_cosh(reciprocal(x())),
        "arccsch" => inverse_sinh(reciprocal(x())),
        "arccoth" => inverse_tanh(reciprocal(x())),
        _ => return None,
    };
    Some(built)
}

/// Odd, with a jump at zero, as in NIST's Handbook; at zero it is half of pi.
fn arc_cotangent(x: Formula) -> Formula {
    let zero = x.clone().with(Function::Equal, number(0.0));
    let other = reciprocal(x).of(Function::Atan);
    Formula::apply(Function::Piecewise, vec![number(std::f64::consts::FRAC_PI_2), zero, other])
}

/// The logarithm's argument stays above one on either side of zero, where it would cancel otherwise.
fn inverse_sinh(x: Formula) -> Formula {
    let positive = |x: Formula| {
        let root = square(x.clone()).with(Function::Add, number(1.0)).of(Function::Sqrt);
        x.with(Function::Add, root).of(Function::Ln)
    };
    let negative = x.clone().with(Function::Less, number(0.0));
    let below = positive(x.clone().of(Function::Negate)).of(Function::Negate);
    Formula::apply(Function::Piecewise, vec![below, negative, positive(x)])
}

fn inverse_cosh(x: Formula) -> Formula {
    let root = |shift: f64| x.clone().with(Function::Add, number(shift)).of(Function::Sqrt);
    let product = root(1.0).with(Function::Multiply, root(-1.0));
    x.clone().with(Function::Add, product).of(Function::Ln)
}

fn inverse_tanh(x: Formula) -> Formula {
    let above = number(1.0).with(Function::Add, x.clone());
    let below = number(1.0).with(Function::Subtract, x);
    above.with(Function::Divide, below).of(Function::Ln).with(Function::Divide, number(2.0))
}
