//! Formulas: from syntax to the expressions of models, with names, functions and argument counts checked.

use crate::diagnostic::{Diagnostic, Span};
use crate::model::expression::{Expression, Function};
use crate::syntax::ast::{Argument, BinaryOperator, Expr, ExprKind, Name, UnaryOperator};

use super::words;

/// Operations that an expression may nest, so that no later pass can exhaust the stack.
pub(super) const DEEPEST: usize = 1000;

/// Functions by name, with the fewest and the most arguments.
const FUNCTIONS: &[(&str, Function, usize, usize)] = &[
    ("exp", Function::Exp, 1, 1),
    ("ln", Function::Ln, 1, 1),
    ("log", Function::Ln, 1, 1),
    ("log10", Function::Log10, 1, 1),
    ("sqrt", Function::Sqrt, 1, 1),
    ("abs", Function::Abs, 1, 1),
    ("floor", Function::Floor, 1, 1),
    ("ceil", Function::Ceil, 1, 1),
    ("sin", Function::Sin, 1, 1),
    ("cos", Function::Cos, 1, 1),
    ("tan", Function::Tan, 1, 1),
    ("asin", Function::Asin, 1, 1),
    ("acos", Function::Acos, 1, 1),
    ("atan", Function::Atan, 1, 1),
    ("sinh", Function::Sinh, 1, 1),
    ("cosh", Function::Cosh, 1, 1),
    ("tanh", Function::Tanh, 1, 1),
    ("min", Function::Min, 1, usize::MAX),
    ("max", Function::Max, 1, usize::MAX),
    ("pow", Function::Power, 2, 2),
    ("piecewise", Function::Piecewise, 3, usize::MAX),
];

/// The function of a name.
pub(super) fn function(name: &str) -> Option<Function> {
    FUNCTIONS.iter().find(|(known, ..)| *known == name).map(|(_, function, ..)| *function)
}

/// What a name in a formula stands for; the error says why it stands for nothing.
pub(super) type Lookup<'a> = dyn FnMut(&str, Span) -> Result<Expression, Diagnostic> + 'a;

/// The expression of a formula; `None` when something in it was wrong, which then stands in `findings`.
pub(super) fn convert(expr: &Expr, lookup: &mut Lookup<'_>, findings: &mut Vec<Diagnostic>) -> Option<Expression> {
    match &expr.kind {
        ExprKind::Number { value, .. } => Some(Expression::Number(*value)),
        ExprKind::Name(name) => match lookup(name, expr.span) {
            Ok(found) => Some(found),
            Err(wrong) => {
                findings.push(wrong);
                None
            }
        },
        ExprKind::Call { name, arguments } => call(name, arguments, lookup, findings),
        ExprKind::Unary { operator, operand } => {
            let operand = convert(operand, lookup, findings)?;
            Some(match (operator, operand) {
                (UnaryOperator::Negate, Expression::Number(value)) => Expression::Number(-value),
                (UnaryOperator::Negate, operand) => Expression::Apply(Function::Negate, vec![operand]),
                (UnaryOperator::Not, operand) => Expression::Apply(Function::Not, vec![operand]),
            })
        }
        ExprKind::Binary { .. } => binary(expr, lookup, findings),
        ExprKind::Text(_) | ExprKind::List(_) | ExprKind::Range { .. } => {
            let what = match &expr.kind {
                ExprKind::Text(_) => "a text",
                ExprKind::List(_) => "a list",
                _ => "a range",
            };
            findings.push(
                Diagnostic::error("wrong-type", format!("{what} has no place in a formula"))
                    .at(expr.span, "expected a number, a name or an operation on them"),
            );
            None
        }
    }
}

/// Operators of equal strength nest to the left; the chain is walked in a loop, and sums and products become flat.
fn binary(expr: &Expr, lookup: &mut Lookup<'_>, findings: &mut Vec<Diagnostic>) -> Option<Expression> {
    let mut chain = Vec::new();
    let mut first = expr;
    while let ExprKind::Binary { operator, left, right } = &first.kind {
        chain.push((*operator, right.as_ref(), first.span));
        first = left;
    }
    let mut all = convert(first, lookup, findings);
    for (operator, right, span) in chain.into_iter().rev() {
        let right = convert(right, lookup, findings);
        let Some(function) = operation(operator) else {
            findings.push(
                Diagnostic::error("wrong-type", "`over` has no place in a formula")
                    .at(span, "expected an operation on numbers"),
            );
            all = None;
            continue;
        };
        all = match (all, right) {
            (Some(Expression::Apply(same, mut arguments)), Some(right))
                if same == function && matches!(function, Function::Add | Function::Multiply) =>
            {
                arguments.push(right);
                Some(Expression::Apply(function, arguments))
            }
            (Some(left), Some(right)) => Some(Expression::Apply(function, vec![left, right])),
            _ => None,
        };
    }
    all
}

fn operation(operator: BinaryOperator) -> Option<Function> {
    Some(match operator {
        BinaryOperator::Over => return None,
        BinaryOperator::Or => Function::Or,
        BinaryOperator::And => Function::And,
        BinaryOperator::Equal => Function::Equal,
        BinaryOperator::NotEqual => Function::NotEqual,
        BinaryOperator::Less => Function::Less,
        BinaryOperator::LessOrEqual => Function::LessOrEqual,
        BinaryOperator::Greater => Function::Greater,
        BinaryOperator::GreaterOrEqual => Function::GreaterOrEqual,
        BinaryOperator::Add => Function::Add,
        BinaryOperator::Subtract => Function::Subtract,
        BinaryOperator::Multiply => Function::Multiply,
        BinaryOperator::Divide => Function::Divide,
        BinaryOperator::Power => Function::Power,
    })
}

fn call(
    name: &Name,
    arguments: &[Argument],
    lookup: &mut Lookup<'_>,
    findings: &mut Vec<Diagnostic>,
) -> Option<Expression> {
    let mut converted = Vec::with_capacity(arguments.len());
    let mut sound = true;
    for argument in arguments {
        if let Some(named) = &argument.name {
            findings.push(
                Diagnostic::error("unexpected-argument", format!("`{}` takes no named arguments", name.text))
                    .at(named.span, "write the value alone"),
            );
            sound = false;
        }
        match convert(&argument.value, lookup, findings) {
            Some(value) => converted.push(value),
            None => sound = false,
        }
    }
    let Some((_, function, fewest, most)) = FUNCTIONS.iter().find(|(known, ..)| *known == name.text) else {
        let names: Vec<_> = FUNCTIONS.iter().map(|(known, ..)| *known).collect();
        findings.push(words::with_help(
            Diagnostic::error("unknown-function", format!("there is no function `{}`", name.text))
                .at(name.span, "unknown"),
            &name.text,
            "functions",
            &names,
        ));
        return None;
    };
    let count = arguments.len();
    let wrong = if *function == Function::Piecewise && (count < 3 || count.is_multiple_of(2)) {
        Some("value, condition, ..., otherwise: an odd number of arguments, at least 3".to_owned())
    } else if count < *fewest || count > *most {
        Some(match (fewest, most) {
            (1, 1) => "1 argument".to_owned(),
            (fewest, most) if fewest == most => format!("{fewest} arguments"),
            (fewest, _) => format!("at least {fewest} argument"),
        })
    } else {
        None
    };
    if let Some(expected) = wrong {
        findings.push(
            Diagnostic::error("argument-count", format!("`{}` takes {expected}; here are {count}", name.text))
                .at(name.span, format!("expected {expected}")),
        );
        return None;
    }
    sound.then_some(Expression::Apply(*function, converted))
}

/// The value of a formula without names.
pub(super) fn constant(expr: &Expr, findings: &mut Vec<Diagnostic>) -> Option<f64> {
    constant_with(expr, &|_| None, findings)
}

/// The value of a formula whose names all have values.
pub(super) fn constant_with(
    expr: &Expr,
    known: &dyn Fn(&str) -> Option<f64>,
    findings: &mut Vec<Diagnostic>,
) -> Option<f64> {
    let mut lookup = |name: &str, span: Span| match known(name) {
        Some(value) => Ok(Expression::Number(value)),
        None => Err(Diagnostic::error("not-constant", format!("expected a constant, found the name `{name}`"))
            .at(span, "has no value here")),
    };
    let value = evaluate(&convert(expr, &mut lookup, findings)?);
    if value.is_nan() {
        findings.push(Diagnostic::error("not-a-number", "this has no value").at(expr.span, "works out to NaN"));
        return None;
    }
    Some(value)
}

/// The value of an expression of numbers; symbols and time have none (NaN).
pub(super) fn evaluate(expression: &Expression) -> f64 {
    let (function, arguments) = match expression {
        Expression::Number(value) => return *value,
        Expression::Symbol(_) | Expression::Time => return f64::NAN,
        Expression::Apply(function, arguments) => (*function, arguments),
    };
    let values: Vec<f64> = arguments.iter().map(evaluate).collect();
    let first = values.first().copied().unwrap_or(f64::NAN);
    let second = values.get(1).copied().unwrap_or(f64::NAN);
    let truth = |holds: bool| if holds { 1.0 } else { 0.0 };
    match function {
        Function::Add => values.iter().sum(),
        Function::Subtract => first - second,
        Function::Multiply => values.iter().product(),
        Function::Divide => first / second,
        Function::Power => first.powf(second),
        Function::Negate => -first,
        Function::Exp => first.exp(),
        Function::Ln => first.ln(),
        Function::Log10 => first.log10(),
        Function::Sqrt => first.sqrt(),
        Function::Abs => first.abs(),
        Function::Floor => first.floor(),
        Function::Ceil => first.ceil(),
        Function::Sin => first.sin(),
        Function::Cos => first.cos(),
        Function::Tan => first.tan(),
        Function::Asin => first.asin(),
        Function::Acos => first.acos(),
        Function::Atan => first.atan(),
        Function::Sinh => first.sinh(),
        Function::Cosh => first.cosh(),
        Function::Tanh => first.tanh(),
        Function::Min => values.iter().copied().reduce(f64::min).unwrap_or(f64::NAN),
        Function::Max => values.iter().copied().reduce(f64::max).unwrap_or(f64::NAN),
        Function::Equal => truth(first == second),
        Function::NotEqual => truth(first != second),
        Function::Less => truth(first < second),
        Function::LessOrEqual => truth(first <= second),
        Function::Greater => truth(first > second),
        Function::GreaterOrEqual => truth(first >= second),
        Function::And => truth(values.iter().all(|value| *value != 0.0)),
        Function::Or => truth(values.iter().any(|value| *value != 0.0)),
        Function::Not => truth(first == 0.0),
        Function::Piecewise => values
            .chunks(2)
            .find_map(|pair| match pair {
                [value, condition] => (*condition != 0.0).then_some(*value),
                [otherwise] => Some(*otherwise),
                _ => None,
            })
            .unwrap_or(f64::NAN),
        // Of a constant.
        Function::RateOf => 0.0,
        Function::Factorial => libm::tgamma(first + 1.0),
    }
}

/// The first expression in a tree that nests more operations than [`DEEPEST`].
pub(super) fn too_deep(expr: &Expr) -> bool {
    let mut open = vec![(expr, 0_usize)];
    while let Some((expr, depth)) = open.pop() {
        if depth > DEEPEST {
            return true;
        }
        let next = depth + 1;
        match &expr.kind {
            ExprKind::Number { .. } | ExprKind::Text(_) | ExprKind::Name(_) => {}
            ExprKind::List(items) => open.extend(items.iter().map(|item| (item, next))),
            ExprKind::Call { arguments, .. } => open.extend(arguments.iter().map(|argument| (&argument.value, next))),
            ExprKind::Unary { operand, .. } => open.push((operand, next)),
            ExprKind::Binary { left, right, .. } => open.extend([(left.as_ref(), next), (right.as_ref(), next)]),
            ExprKind::Range { start, end, step, .. } => {
                open.extend([(start.as_ref(), next), (end.as_ref(), next)]);
                open.extend(step.as_deref().map(|step| (step, next)));
            }
        }
    }
    false
}
