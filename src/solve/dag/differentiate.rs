//! Symbolic partial derivatives.

use super::{Binary, Dag, Id, Node, Unary};

/// What to differentiate with respect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variable {
    /// A state, by index.
    State(usize),
    /// A parameter, by index.
    Parameter(usize),
    /// The time.
    Time,
}

/// A partial derivative that is not always zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partial {
    /// The index of the output.
    pub output: usize,
    /// The index of the variable.
    pub variable: usize,
    /// The derivative.
    pub node: Id,
}

/// The partial derivatives of `outputs` with respect to `variables`, as far as they are not always zero, ordered by
/// variable, then output. The work for a variable is in proportion to the nodes that depend on it.
///
/// Branches are differentiated where they hold: of `piecewise`, `min`, `max` and `abs` the derivative is that of the
/// branch taken, and steps (`floor`, `ceil`, comparisons) have derivative 0. `x^p` with respect to `p` is 0 where x
/// is 0, its limit for p > 0.
pub fn differentiate(dag: &mut Dag, outputs: &[Id], variables: &[Variable]) -> Vec<Partial> {
    let leaves: Vec<Id> = variables
        .iter()
        .map(|variable| match *variable {
            Variable::State(i) => dag.state(i),
            Variable::Parameter(i) => dag.parameter(i),
            Variable::Time => dag.time(),
        })
        .collect();
    let needed = dag.reachable(outputs);
    let mut users: Vec<Vec<Id>> = vec![Vec::new(); needed.len()];
    let mut places: Vec<Vec<usize>> = vec![Vec::new(); needed.len()];
    for (id, _) in needed.iter().enumerate().filter(|(_, needed)| **needed) {
        #[allow(clippy::cast_possible_truncation, reason = "ids are 32 bits wide")]
        for child in dag.children(id as Id).into_iter().flatten() {
            users[child as usize].push(id as Id);
        }
    }
    for (place, &output) in outputs.iter().enumerate() {
        places[output as usize].push(place);
    }
    let (zero, one) = (dag.number(0.0), dag.number(1.0));
    let mut derivative = vec![zero; needed.len()];
    let mut partials = Vec::new();
    for (variable, &leaf) in leaves.iter().enumerate() {
        if !needed.get(leaf as usize).copied().unwrap_or(false) {
            continue;
        }
        // All that depends on the leaf, in the order of ids.
        let mut dependent = std::collections::BTreeSet::from([leaf]);
        let mut open = vec![leaf];
        while let Some(id) = open.pop() {
            for &user in &users[id as usize] {
                if dependent.insert(user) {
                    open.push(user);
                }
            }
        }
        let first = partials.len();
        for &id in &dependent {
            derivative[id as usize] = if id == leaf { one } else { rule(dag, id, &derivative) };
            let node = derivative[id as usize];
            if node != zero {
                partials.extend(places[id as usize].iter().map(|&output| Partial { output, variable, node }));
            }
        }
        partials[first..].sort_unstable_by_key(|partial| partial.output);
        for &id in &dependent {
            derivative[id as usize] = zero;
        }
    }
    partials
}

/// The total derivatives of `outputs` in time, given those of the states; parameters stand still.
pub fn total(dag: &mut Dag, outputs: &[Id], rate: &dyn Fn(usize) -> Id) -> Vec<Id> {
    let needed = dag.reachable(outputs);
    let (zero, one) = (dag.number(0.0), dag.number(1.0));
    let mut derivative = vec![zero; needed.len()];
    for (id, _) in needed.iter().enumerate().filter(|(_, needed)| **needed) {
        let node = id as Id;
        if dag.varies(node) {
            derivative[id] = match dag.node(node) {
                Node::State(i) => rate(i as usize),
                Node::Time => one,
                _ => rule(dag, node, &derivative),
            };
        }
    }
    outputs.iter().map(|&output| derivative[output as usize]).collect()
}

fn rule(dag: &mut Dag, id: Id, derivative: &[Id]) -> Id {
    let d = |child: Id| derivative[child as usize];
    match dag.node(id) {
        Node::Number(_) | Node::State(_) | Node::Parameter(_) | Node::Time => dag.number(0.0),
        Node::Unary(function, a) => {
            let outer = unary_rule(dag, function, a, id);
            scaled(dag, outer, d(a))
        }
        Node::Integer(a, n) => {
            let power = dag.integer_power(a, n - 1);
            let factor = dag.number(f64::from(n));
            let outer = dag.multiply(factor, power);
            scaled(dag, outer, d(a))
        }
        Node::Select(condition, a, b) => dag.select(condition, d(a), d(b)),
        Node::Binary(function, a, b) => binary_rule(dag, function, (a, d(a)), (b, d(b)), id),
    }
}

/// `outer * inner`, where a branch of `inner` that is always zero stays zero whatever `outer` is there: the derivative
/// of `sqrt` at 0 is infinite, that of a constant under the root is not.
fn scaled(dag: &mut Dag, outer: Id, inner: Id) -> Id {
    match dag.node(inner) {
        Node::Select(condition, a, b) => {
            let (a, b) = (scaled(dag, outer, a), scaled(dag, outer, b));
            dag.select(condition, a, b)
        }
        _ => dag.multiply(outer, inner),
    }
}

fn unary_rule(dag: &mut Dag, function: Unary, a: Id, id: Id) -> Id {
    let one = dag.number(1.0);
    match function {
        Unary::Negate => dag.number(-1.0),
        Unary::Exp => id,
        Unary::Ln => dag.divide(one, a),
        Unary::Log10 => {
            let scale = dag.number(std::f64::consts::LOG10_E);
            dag.divide(scale, a)
        }
        Unary::Sqrt => {
            let half = dag.number(0.5);
            dag.divide(half, id)
        }
        Unary::Abs => {
            let (zero, minus) = (dag.number(0.0), dag.number(-1.0));
            let negative = dag.binary(Binary::Less, a, zero);
            let positive = dag.binary(Binary::Less, zero, a);
            let other = dag.select(positive, one, zero);
            dag.select(negative, minus, other)
        }
        Unary::Floor | Unary::Ceil => dag.number(0.0),
        Unary::Sin => dag.unary(Unary::Cos, a),
        Unary::Cos => {
            let sine = dag.unary(Unary::Sin, a);
            dag.negate(sine)
        }
        Unary::Tan => {
            let square = dag.integer_power(id, 2);
            dag.add(one, square)
        }
        Unary::Asin | Unary::Acos => {
            let square = dag.integer_power(a, 2);
            let rest = dag.subtract(one, square);
            let root = dag.unary(Unary::Sqrt, rest);
            let inverse = dag.divide(one, root);
            if function == Unary::Asin { inverse } else { dag.negate(inverse) }
        }
        Unary::Atan => {
            let square = dag.integer_power(a, 2);
            let sum = dag.add(one, square);
            dag.divide(one, sum)
        }
        Unary::Sinh => dag.unary(Unary::Cosh, a),
        Unary::Cosh => dag.unary(Unary::Sinh, a),
        Unary::Tanh => {
            let square = dag.integer_power(id, 2);
            dag.subtract(one, square)
        }
        Unary::Factorial => {
            let (zero, next) = (dag.number(0.0), dag.add(one, a));
            let logarithmic = dag.binary(Binary::Polygamma, zero, next);
            dag.multiply(id, logarithmic)
        }
    }
}

fn binary_rule(dag: &mut Dag, function: Binary, (a, da): (Id, Id), (b, db): (Id, Id), id: Id) -> Id {
    match function {
        Binary::Add => dag.add(da, db),
        Binary::Subtract => dag.subtract(da, db),
        Binary::Multiply => {
            let left = scaled(dag, b, da);
            let right = scaled(dag, a, db);
            dag.add(left, right)
        }
        Binary::Divide => {
            // (da - (a / b) db) / b shares the quotient with the value.
            let right = scaled(dag, id, db);
            let top = dag.subtract(da, right);
            dag.divide(top, b)
        }
        Binary::Power => power_rule(dag, (a, da), (b, db), id),
        Binary::Min => {
            let first = dag.binary(Binary::Less, a, b);
            dag.select(first, da, db)
        }
        Binary::Max => {
            let first = dag.binary(Binary::Less, b, a);
            dag.select(first, da, db)
        }
        Binary::Equal | Binary::Less | Binary::LessOrEqual => dag.number(0.0),
        Binary::Polygamma => {
            let one = dag.number(1.0);
            let order = dag.add(one, a);
            let outer = dag.binary(Binary::Polygamma, order, b);
            scaled(dag, outer, db)
        }
    }
}

fn power_rule(dag: &mut Dag, (a, da): (Id, Id), (b, db): (Id, Id), id: Id) -> Id {
    let zero = dag.number(0.0);
    let mut sum = zero;
    if da != zero {
        let one = dag.number(1.0);
        let less = dag.subtract(b, one);
        let power = dag.power(a, less);
        let outer = dag.multiply(b, power);
        sum = scaled(dag, outer, da);
    }
    if db != zero {
        // x^p ln x tends to 0 with x; computed as it stands it is 0 times minus infinity.
        let logarithm = dag.unary(Unary::Ln, a);
        let product = dag.multiply(id, logarithm);
        let at_zero = dag.binary(Binary::Equal, a, zero);
        let outer = dag.select(at_zero, zero, product);
        let term = scaled(dag, outer, db);
        sum = dag.add(sum, term);
    }
    sum
}
