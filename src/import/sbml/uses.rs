//! Which symbols expressions use.

use crate::model::expression::{Expression, Function};

/// Calls `each` with every symbol of an expression, and whether it is `rateOf` it that is used.
pub(super) fn symbols<'a>(expression: &'a Expression, each: &mut dyn FnMut(&'a str, bool)) {
    match expression {
        Expression::Symbol(id) => each(id, false),
        Expression::Apply(Function::RateOf, arguments) => {
            for argument in arguments {
                symbols(argument, &mut |id, _| each(id, true));
            }
        }
        Expression::Apply(_, arguments) => arguments.iter().for_each(|argument| symbols(argument, each)),
        Expression::Number(_) | Expression::Time => {}
    }
}
