//! `PEtab` math: the infix formulas of observables and noise.
//!
//! The grammar is that of the `PEtab` specification, from weakest to strongest: `||`, `&&`, one comparison, sums,
//! products, signs and `!`, powers (from the right), then numbers, ids, calls and parentheses. Sums and products of any
//! length become one node, so that the depth of a tree is that of what the author nested.

pub use functions::constant;

mod functions;
mod parser;
mod token;

use std::ops::Range;

use crate::model::expression::Expression;

/// A formula, with the ids that it uses.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    /// The tree. Ids are symbols, `time` too; [`Formula::names`] says where they stand.
    pub expression: Expression,
    /// Each id with its place in the text, in order.
    pub names: Vec<(String, Range<usize>)>,
}

/// Why a text is no formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MathError {
    /// What is wrong, in one line.
    pub message: String,
    /// A few words on the place.
    pub label: &'static str,
    /// The bytes of the text that are to blame.
    pub place: Range<usize>,
    /// How to mend it, where that is known.
    pub help: Option<String>,
}

/// Reads a formula.
///
/// # Errors
/// When the text is no formula, or is nested deeper than [`MOST_DEPTH`].
pub fn parse(text: &str) -> Result<Formula, MathError> {
    parser::parse(text)
}

/// The deepest tree that is read. All that walks over trees does so by recursion.
pub const MOST_DEPTH: usize = 200;

/// The largest tree that is read, in nodes.
pub const MOST_NODES: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::expression::Function;

    /// The value of a formula over the numbers alone.
    fn value(expression: &Expression) -> f64 {
        let Expression::Apply(function, arguments) = expression else {
            let Expression::Number(value) = expression else { panic!("{expression:?}") };
            return *value;
        };
        let x: Vec<f64> = arguments.iter().map(value).collect();
        match function {
            Function::Add => x.iter().sum(),
            Function::Subtract => x[0] - x[1],
            Function::Multiply => x.iter().product(),
            Function::Divide => x[0] / x[1],
            Function::Power => x[0].powf(x[1]),
            Function::Negate => -x[0],
            Function::Less => f64::from(x[0] < x[1]),
            Function::Greater => f64::from(x[0] > x[1]),
            Function::GreaterOrEqual => f64::from(x[0] >= x[1]),
            Function::And => f64::from(x.iter().all(|x| *x != 0.0)),
            Function::Or => f64::from(x.iter().any(|x| *x != 0.0)),
            Function::Not => f64::from(x[0] == 0.0),
            Function::Ln => x[0].ln(),
            Function::Sqrt => x[0].sqrt(),
            Function::Piecewise => match x.chunks_exact(2).find(|part| part[1] != 0.0) {
                Some(part) => part[0],
                None => x[x.len() - 1],
            },
            _ => panic!("{function:?}"),
        }
    }

    #[test]
    fn precedence_is_that_of_mathematics() {
        for (text, expected) in [
            ("1 + 2 * 3 ^ 2", 19.0),
            ("-2^2", -4.0),
            ("2^-1", 0.5),
            ("2^3^2", 512.0),
            ("2**3", 8.0),
            ("10 - 3 - 2", 5.0),
            ("10 - 3 + 2 - 1", 8.0),
            ("-(1 - 2)", 1.0),
            ("24 / 4 / 3 * 2", 4.0),
            ("1.5e2 - .5E-0", 149.5),
            ("log(100, 10)", 2.0),
            ("piecewise(1, 2 < 1, 3, 4 > 2 && !(1 > 2), 5)", 3.0),
            ("1 < 2 || 1 < 0", 1.0),
            ("asinh(0) + acosh(1) + atanh(0) + sign(-3) + heaviside(0)", 0.0),
        ] {
            let formula = parse(text).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"));
            assert!((value(&formula.expression) - expected).abs() < 1e-12, "{text}: {:?}", formula.expression);
        }
    }

    #[test]
    fn names_are_known_with_their_places() {
        let formula = parse("a_1 * exp(B) + a_1").expect("a formula");
        let names: Vec<_> = formula.names.iter().map(|(name, place)| (name.as_str(), place.start)).collect();
        assert_eq!(names, [("a_1", 0), ("B", 10), ("a_1", 15)]);
    }

    #[test]
    fn what_is_no_formula_is_pointed_at() {
        for (text, place) in [
            ("", 0..0),
            ("1 +", 3..3),
            ("(1 + 2", 0..1),
            ("1 2", 2..3),
            ("sine(1)", 0..4),
            ("exp(1, 2)", 0..3),
            ("a ? b", 2..3),
            ("1 < 2 < 3", 6..7),
            ("f(1", 1..2),
            ("1e999", 0..5),
            ("piecewise(1, 2 < 3)", 0..9),
        ] {
            assert_eq!(parse(text).expect_err(text).place, place, "{text}");
        }
    }

    #[test]
    fn depth_is_bounded_and_length_is_not() {
        for deep in ["(".repeat(100_000), "-".repeat(100_000), "2^".repeat(100_000), "abs(".repeat(100_000)] {
            assert!(parse(&format!("{deep}1")).is_err());
        }
        assert!(parse(&format!("1{}", "/1".repeat(100_000))).is_err());
        // Each of these doubles its argument.
        assert!(parse(&format!("{}1{}", "sign(".repeat(35), ")".repeat(35))).is_err());
        let long = parse(&format!("1{}", "+ 1 * 1 - 1".repeat(10_000))).expect("a long sum");
        assert_eq!(value(&long.expression), 1.0);
    }
}
