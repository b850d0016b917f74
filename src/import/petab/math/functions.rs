//! The functions of `PEtab` math.

use std::f64::consts::LN_2;

use crate::model::expression::{Expression, Function};

/// What can go wrong with a call.
pub enum CallError {
    /// There is no such function.
    Unknown,
    /// It takes another number of arguments.
    Count(&'static str),
}

/// Names of all functions, for suggestions.
pub const NAMES: [&str; 45] = [
    "abs",
    "acos",
    "acosh",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "ceil",
    "ceiling",
    "cos",
    "cosh",
    "cot",
    "coth",
    "csc",
    "csch",
    "exp",
    "factorial",
    "floor",
    "heaviside",
    "ln",
    "log",
    "log10",
    "log2",
    "max",
    "min",
    "piecewise",
    "pow",
    "power",
    "sec",
    "sech",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "and",
    "or",
    "not",
];

/// A call of a function by name. `log` is the natural logarithm, with a second argument that to its base. A piecewise
/// without a last part that holds otherwise is refused, since it would have no value there.
pub fn call(name: &str, arguments: Vec<Expression>) -> Result<Expression, CallError> {
    use Function::{
        Abs, Acos, And, Asin, Atan, Ceil, Cos, Cosh, Exp, Factorial, Floor, Ln, Log10, Max, Min, Not, Or, Piecewise,
        Power, Sin, Sinh, Sqrt, Tan, Tanh,
    };
    let unary = match name {
        "exp" => Some(Exp),
        "ln" => Some(Ln),
        "log10" => Some(Log10),
        "sqrt" => Some(Sqrt),
        "abs" => Some(Abs),
        "floor" => Some(Floor),
        "ceil" | "ceiling" => Some(Ceil),
        "sin" => Some(Sin),
        "cos" => Some(Cos),
        "tan" => Some(Tan),
        "asin" | "arcsin" => Some(Asin),
        "acos" | "arccos" => Some(Acos),
        "atan" | "arctan" => Some(Atan),
        "sinh" => Some(Sinh),
        "cosh" => Some(Cosh),
        "tanh" => Some(Tanh),
        "factorial" => Some(Factorial),
        "not" => Some(Not),
        _ => None,
    };
    if let Some(function) = unary {
        return one(arguments).map(|x| Expression::Apply(function, vec![x]));
    }
    match name {
        "log" if arguments.len() == 2 => {
            let [x, base] = pair(arguments)?;
            Ok(divide(apply(Ln, x), apply(Ln, base)))
        }
        "log" => one(arguments).map(|x| apply(Ln, x)).map_err(|_| CallError::Count("1 or 2 arguments")),
        "pow" | "power" => pair(arguments).map(|[x, y]| Expression::Apply(Power, vec![x, y])),
        "min" | "max" | "and" | "or" => {
            if arguments.is_empty() {
                return Err(CallError::Count("at least 1 argument"));
            }
            let function = match name {
                "min" => Min,
                "max" => Max,
                "and" => And,
                _ => Or,
            };
            Ok(Expression::Apply(function, arguments))
        }
        "piecewise" => match arguments.len() >= 3 && arguments.len() % 2 == 1 {
            true => Ok(Expression::Apply(Piecewise, arguments)),
            false => Err(CallError::Count("value, condition, ..., and last the value otherwise")),
        },
        "log2" => one(arguments).map(|x| divide(apply(Ln, x), Expression::Number(LN_2))),
        "sec" => one(arguments).map(|x| inverse(apply(Cos, x))),
        "csc" => one(arguments).map(|x| inverse(apply(Sin, x))),
        "cot" => one(arguments).map(|x| inverse(apply(Tan, x))),
        "sech" => one(arguments).map(|x| inverse(apply(Cosh, x))),
        "csch" => one(arguments).map(|x| inverse(apply(Sinh, x))),
        "coth" => one(arguments).map(|x| inverse(apply(Tanh, x))),
        "asinh" | "arcsinh" => one(arguments).map(|x| {
            let root = apply(Sqrt, sum(square(x.clone()), Expression::Number(1.0)));
            apply(Ln, sum(x, root))
        }),
        "acosh" | "arccosh" => one(arguments).map(|x| {
            let root = apply(Sqrt, sum(square(x.clone()), Expression::Number(-1.0)));
            apply(Ln, sum(x, root))
        }),
        "atanh" | "arctanh" => one(arguments).map(|x| {
            let above = sum(Expression::Number(1.0), x.clone());
            let below = Expression::Apply(Function::Subtract, vec![Expression::Number(1.0), x]);
            divide(apply(Ln, divide(above, below)), Expression::Number(2.0))
        }),
        "sign" => one(arguments).map(|x| {
            let zero = Expression::Number(0.0);
            Expression::Apply(
                Piecewise,
                vec![
                    Expression::Number(1.0),
                    Expression::Apply(Function::Greater, vec![x.clone(), zero.clone()]),
                    Expression::Number(-1.0),
                    Expression::Apply(Function::Less, vec![x, zero.clone()]),
                    zero,
                ],
            )
        }),
        "heaviside" | "Heaviside" => one(arguments).map(|x| {
            let condition = Expression::Apply(Function::GreaterOrEqual, vec![x, Expression::Number(0.0)]);
            Expression::Apply(Piecewise, vec![Expression::Number(1.0), condition, Expression::Number(0.0)])
        }),
        _ => Err(CallError::Unknown),
    }
}

/// A constant by name, for ids that the model does not have.
pub fn constant(name: &str) -> Option<f64> {
    Some(match name {
        "pi" => std::f64::consts::PI,
        "e" | "exponentiale" => std::f64::consts::E,
        "avogadro" => 6.02214076e23,
        "inf" | "infinity" => f64::INFINITY,
        "true" | "True" => 1.0,
        "false" | "False" => 0.0,
        _ => return None,
    })
}

fn one(arguments: Vec<Expression>) -> Result<Expression, CallError> {
    let [x] = <[Expression; 1]>::try_from(arguments).map_err(|_| CallError::Count("1 argument"))?;
    Ok(x)
}

fn pair(arguments: Vec<Expression>) -> Result<[Expression; 2], CallError> {
    arguments.try_into().map_err(|_| CallError::Count("2 arguments"))
}

fn apply(function: Function, x: Expression) -> Expression {
    Expression::Apply(function, vec![x])
}

fn sum(x: Expression, y: Expression) -> Expression {
    Expression::Apply(Function::Add, vec![x, y])
}

fn square(x: Expression) -> Expression {
    Expression::Apply(Function::Power, vec![x, Expression::Number(2.0)])
}

fn divide(x: Expression, y: Expression) -> Expression {
    Expression::Apply(Function::Divide, vec![x, y])
}

fn inverse(x: Expression) -> Expression {
    divide(Expression::Number(1.0), x)
}
