//! Expressions: simplified against plain, compiled against interpreted, derived against differenced.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use kexp::model::expression::{Expression, Function};
use kexp::solve::compiled::CodeBuilder;
use kexp::solve::dag::{Binary, Dag, Id, Source, Tape, Variable, build, differentiate, share_powers};
use proptest::prelude::*;
use std::collections::BTreeMap;

const STATES: usize = 3;
const PARAMETERS: usize = 2;

fn resolve(dag: &mut Dag, symbol: &str) -> Option<Id> {
    let index = symbol[1..].parse().ok()?;
    Some(if symbol.starts_with('x') { dag.state(index) } else { dag.parameter(index) })
}

fn leaf() -> impl Strategy<Value = Expression> {
    prop_oneof![
        prop_oneof![Just(0.0), Just(1.0), Just(2.0), Just(-1.0), Just(0.5), Just(-1.5), Just(3.0), -4.0..4.0]
            .prop_map(Expression::Number),
        (0..STATES).prop_map(|i| Expression::Symbol(format!("x{i}"))),
        (0..PARAMETERS).prop_map(|i| Expression::Symbol(format!("p{i}"))),
        Just(Expression::Time),
    ]
}

/// Any expression; with `smooth` one without branches and steps.
fn any_expression(smooth: bool) -> impl Strategy<Value = Expression> {
    use Function::*;
    let unary = vec![Negate, Exp, Ln, Log10, Sqrt, Sin, Cos, Tan, Asin, Acos, Atan, Sinh, Cosh, Tanh];
    let binary = vec![Subtract, Divide, Power];
    let many = vec![Add, Multiply];
    let steps = vec![Abs, Floor, Ceil, Not];
    let comparisons = vec![Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual];
    let choices = vec![Min, Max, And, Or];
    leaf().prop_recursive(5, 40, 4, move |inner| {
        let apply = |functions: &Vec<Function>, count: std::ops::RangeInclusive<usize>| {
            let functions = proptest::sample::select(functions.clone());
            (functions, prop::collection::vec(inner.clone(), count)).prop_map(|(f, a)| Expression::Apply(f, a)).boxed()
        };
        let mut all = vec![apply(&unary, 1..=1), apply(&binary, 2..=2), apply(&many, 2..=4), apply(&many, 2..=4)];
        if !smooth {
            all.extend([apply(&steps, 1..=1), apply(&comparisons, 2..=2), apply(&choices, 2..=3)]);
            let (a, b, c) = (inner.clone(), apply(&comparisons, 2..=2), inner.clone());
            all.push((a, b, c).prop_map(|(a, b, c)| Expression::Apply(Piecewise, vec![a, b, c])).boxed());
        }
        proptest::strategy::Union::new(all)
    })
}

/// The expression as it stands, without simplification.
fn plain(e: &Expression, x: &[f64], p: &[f64], t: f64) -> f64 {
    use Function::*;
    let truth = |holds: bool| f64::from(u8::from(holds));
    let (function, a) = match e {
        Expression::Number(value) => return *value,
        Expression::Time => return t,
        Expression::Symbol(s) => {
            let index: usize = s[1..].parse().expect("an index");
            return if s.starts_with('x') { x[index] } else { p[index] };
        }
        Expression::Apply(function, arguments) => {
            (function, arguments.iter().map(|a| plain(a, x, p, t)).collect::<Vec<f64>>())
        }
    };
    let nan = a.iter().any(|a| a.is_nan());
    match function {
        Add => a.iter().sum(),
        Multiply => a.iter().product(),
        Subtract => a[0] - a[1],
        Divide => a[0] / a[1],
        Power => a[0].powf(a[1]),
        Negate => -a[0],
        Exp => a[0].exp(),
        Ln => a[0].ln(),
        Log10 => a[0].log10(),
        Sqrt => a[0].sqrt(),
        Abs => a[0].abs(),
        Floor => a[0].floor(),
        Ceil => a[0].ceil(),
        Sin => a[0].sin(),
        Cos => a[0].cos(),
        Tan => a[0].tan(),
        Asin => a[0].asin(),
        Acos => a[0].acos(),
        Atan => a[0].atan(),
        Sinh => a[0].sinh(),
        Cosh => a[0].cosh(),
        Tanh => a[0].tanh(),
        Min | Max if nan => f64::NAN,
        Min => a.iter().copied().fold(f64::INFINITY, f64::min),
        Max => a.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Equal => truth(a[0] == a[1]),
        NotEqual => truth(a[0] != a[1]),
        Less => truth(a[0] < a[1]),
        LessOrEqual => truth(a[0] <= a[1]),
        Greater => truth(a[0] > a[1]),
        GreaterOrEqual => truth(a[0] >= a[1]),
        And => truth(a.iter().all(|&a| a != 0.0)),
        Or => truth(a.iter().any(|&a| a != 0.0)),
        Not => truth(a[0] == 0.0),
        Piecewise => {
            if a[1] == 0.0 {
                a[2]
            } else {
                a[0]
            }
        }
        RateOf | Factorial => unreachable!("not among the functions drawn"),
    }
}

/// The largest magnitude met while computing, for judging cancellation; not finite where something on the way is not, or
/// stands where a function turns one rounding into many: the ends of arc sine and arc cosine, a root or power at zero.
fn magnitude(e: &Expression, x: &[f64], p: &[f64], t: f64) -> f64 {
    let own = plain(e, x, p, t).abs();
    match e {
        Expression::Apply(Function::Asin | Function::Acos, arguments)
            if (plain(&arguments[0], x, p, t).abs() - 1.0).abs() < 1e-6 =>
        {
            f64::NAN
        }
        Expression::Apply(Function::Sqrt | Function::Power, arguments)
            if plain(&arguments[0], x, p, t).abs() < 1e-6 =>
        {
            f64::NAN
        }
        // A negative base has powers at whole exponents alone: between them there is no derivative.
        Expression::Apply(Function::Power, arguments)
            if plain(&arguments[0], x, p, t) < 0.0 && !matches!(arguments[1], Expression::Number(_)) =>
        {
            f64::NAN
        }
        Expression::Apply(_, arguments) => arguments.iter().fold(own, |largest, a| {
            let inner = magnitude(a, x, p, t);
            if inner.is_finite() && largest.is_finite() { largest.max(inner) } else { f64::NAN }
        }),
        _ => own,
    }
}

fn tape(e: &Expression) -> (Dag, Id) {
    let mut dag = Dag::default();
    let id = build(&mut dag, e, &mut resolve).expect("known symbols");
    (dag, id)
}

fn value(dag: &Dag, id: Id, x: &[f64], p: &[f64], t: f64) -> f64 {
    Tape::new(dag, &[id], &BTreeMap::new()).evaluate(x, p, t)[0]
}

fn derivative(dag: &mut Dag, id: Id, variable: Variable) -> Id {
    match differentiate(dag, &[id], &[variable]).first() {
        Some(partial) => partial.node,
        None => dag.number(0.0),
    }
}

fn points() -> impl Strategy<Value = (Vec<f64>, Vec<f64>, f64)> {
    (prop::collection::vec(0.1..3.0, STATES), prop::collection::vec(0.1..3.0, PARAMETERS), 0.1..3.0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, max_global_rejects: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn simplified_equals_plain(e in any_expression(true), (x, p, t) in points()) {
        let scale = magnitude(&e, &x, &p, t);
        prop_assume!(scale < 1e6);
        // The value must not hang on the last bits of what it is computed from.
        let shifted = |h: f64| plain(&e, &x.iter().map(|x| x * (1.0 + h)).collect::<Vec<_>>(), &p, t);
        let sway = (shifted(1e-13) - shifted(-1e-13)).abs();
        prop_assume!(sway < 1e-9);
        let (dag, id) = tape(&e);
        let (simplified, expected) = (value(&dag, id, &x, &p, t), plain(&e, &x, &p, t));
        prop_assert!((simplified - expected).abs() <= 1e-9 * scale.max(1.0), "{simplified} {expected}");
    }

    #[test]
    fn compiled_equals_interpreted(e in any_expression(false), (x, p, t) in points()) {
        let (mut dag, id) = tape(&e);
        let mut outputs = vec![id];
        for i in 0..STATES {
            outputs.extend([derivative(&mut dag, id, Variable::State(i))]);
        }
        let tape = Tape::new(&dag, &outputs, &BTreeMap::new());
        let mut builder = CodeBuilder::new().expect("a backend");
        let function = builder.function(&tape).expect("code");
        let code = builder.finish().expect("code");
        let mut compiled = vec![0.0; outputs.len()];
        code.call(function, &x, &p, t, &mut compiled);
        for (compiled, interpreted) in compiled.iter().zip(tape.evaluate(&x, &p, t)) {
            // NaN has many bit patterns, and a zero that comes out of min or max has two signs.
            let same = compiled.to_bits() == interpreted.to_bits()
                || compiled.is_nan() && interpreted.is_nan()
                || *compiled == 0.0 && interpreted == 0.0;
            prop_assert!(same, "{compiled} {interpreted}");
        }
    }

    #[test]
    fn derived_equals_differenced(e in any_expression(false), (x, p, t) in points()) {
        // A whole that hides an undefined part, such as 1 to the power of NaN, has a value but no derivative.
        prop_assume!(magnitude(&e, &x, &p, t).is_finite());
        let (mut dag, id) = tape(&e);
        for i in 0..STATES + PARAMETERS {
            let variable = if i < STATES { Variable::State(i) } else { Variable::Parameter(i - STATES) };
            let derivative = derivative(&mut dag, id, variable);
            let analytic = value(&dag, derivative, &x, &p, t);
            let at = |h: f64| {
                let (mut x, mut p) = (x.clone(), p.clone());
                if i < STATES { x[i] += h } else { p[i - STATES] += h }
                value(&dag, id, &x, &p, t)
            };
            let difference = |h: f64| (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
            // Away from jumps and poles the difference does not care about its step.
            let (coarse, fine, odd) = (difference(2e-3), difference(1e-3), difference(0.77e-3));
            let one_sided = (at(1e-3) - at(0.0)) / 1e-3 - (at(0.0) - at(-1e-3)) / 1e-3;
            let scale = fine.abs().max(1.0);
            let agree = (coarse - fine).abs().max((odd - fine).abs()) < 1e-8 * scale;
            let settled = agree && one_sided.abs() < 0.1 * scale && at(0.0).abs() < 1e3;
            if settled {
                prop_assert!((analytic - fine).abs() < 1e-6 * scale, "{variable:?}: {analytic} {fine}");
            }
        }
    }
}

fn node(text: Expression) -> (Dag, Id) {
    tape(&text)
}

fn symbol(id: &str) -> Expression {
    Expression::Symbol(id.to_owned())
}

fn apply(function: Function, arguments: &[Expression]) -> Expression {
    Expression::Apply(function, arguments.to_vec())
}

#[test]
fn equal_expressions_are_one_node() {
    let product = |a: &str, b: &str| apply(Function::Multiply, &[symbol(a), symbol(b)]);
    let difference = apply(Function::Subtract, &[product("x0", "p1"), product("p1", "x0")]);
    let (dag, id) = node(difference);
    assert_eq!(dag.value(id), Some(0.0));
}

#[test]
fn parameters_gather_in_products() {
    // x0 * p0 * x1 * 2 * p1 = (2 p0 p1) (x0 x1): one multiplication in the step loop with the first factor hoisted.
    let factors = [symbol("x0"), symbol("p0"), symbol("x1"), Expression::Number(2.0), symbol("p1")];
    let (dag, id) = node(apply(Function::Multiply, &factors));
    let [Some(first), Some(second), None] = dag.children(id) else { panic!("a product") };
    assert!(!dag.varies(first) && dag.varies(second));
}

#[test]
fn powers_at_zero() {
    for exponent in [0.5, 1.0, 1.5, 2.0, 3.0, 2.5, 2.7] {
        let power = apply(Function::Power, &[symbol("x0"), Expression::Number(exponent)]);
        let (mut dag, id) = node(power);
        let derivative = derivative(&mut dag, id, Variable::State(0));
        assert_eq!(value(&dag, id, &[0.0], &[], 0.0), 0.0);
        let slope = value(&dag, derivative, &[0.0], &[], 0.0);
        let expected = if exponent < 1.0 {
            f64::INFINITY
        } else if exponent == 1.0 {
            1.0
        } else {
            0.0
        };
        assert_eq!(slope, expected, "exponent {exponent}");
    }
    let (mut dag, id) = node(apply(Function::Power, &[symbol("x0"), symbol("p0")]));
    let derivative = derivative(&mut dag, id, Variable::Parameter(0));
    assert_eq!(value(&dag, derivative, &[0.0], &[2.0], 0.0), 0.0);
    assert_eq!(value(&dag, derivative, &[2.0], &[3.0], 0.0), 8.0 * 2f64.ln());
}

#[test]
fn powers_whose_exponents_differ_by_one_share_a_call() {
    let (mut dag, power) = node(apply(Function::Power, &[symbol("x0"), symbol("p0")]));
    let slope = derivative(&mut dag, power, Variable::State(0));
    let shared = share_powers(&mut dag, &[power, slope]);
    let calls = |tape: &Tape| {
        let of_state = |index: usize| matches!(tape.steps[index], Source::State(_));
        let is_call = |step: &&Source| matches!(step, Source::Binary(Binary::Power, base, _) if of_state(*base));
        tape.steps.iter().filter(is_call).count()
    };
    let before = Tape::new(&dag, &[power, slope], &BTreeMap::new());
    let after = Tape::new(&dag, &shared, &BTreeMap::new());
    assert_eq!((calls(&before), calls(&after)), (2, 1));
    for exponent in [-1.5, 0.0, 0.3, 1.0, 1.7, 2.0, 3.0] {
        for x in [0.0, 1e-300, 1e-9, 0.4, 1.0, 3.0, 1e9, -1.0] {
            let (before, after) = (before.evaluate(&[x], &[exponent], 0.0), after.evaluate(&[x], &[exponent], 0.0));
            for (before, after) in before.iter().zip(&after) {
                let same = before == after || (before.is_nan() && after.is_nan());
                // x^b may be too large or small a number where x^(b - 1) is none.
                let beyond = x.abs() < 1e-200;
                // b - 1 is rounded, which its product with ln x makes larger.
                let rounding = (4.0 + x.abs().ln().abs()) * f64::EPSILON;
                let near = (before - after).abs() <= rounding * before.abs();
                assert!(same || near || beyond, "{x}^{exponent}: {before} and {after}");
            }
        }
    }
}
