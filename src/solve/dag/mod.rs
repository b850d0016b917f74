//! A hash-consed directed acyclic graph of expressions.
//!
//! Equal expressions are one node, so that common terms are computed once and a symbolic derivative stays about as
//! large as what it derives. Constructors simplify on the way in: constants are folded, 0 and 1 vanish, and a product
//! is kept as `number * (terms of parameters only) * (the rest)`, so that what depends on parameters only can be
//! computed once for each parameter vector instead of in every step of the solver.
//!
//! A node's children always have smaller ids than the node: walking ids upwards is a topological order, and nothing
//! here recurses on the depth of an expression once it is in the graph.

#![allow(clippy::float_cmp, reason = "simplification asks for exactly 0 and 1")]

mod build;
mod differentiate;
mod gamma;
mod powers;
mod rebuild;
mod tape;

pub use build::{BuildError, Scope, build};
pub use differentiate::{Partial, Variable, differentiate, total};
pub(crate) use gamma::{factorial, polygamma};
pub use powers::share_powers;
pub use rebuild::rebuild;
pub use tape::{Source, Tape};

use std::collections::HashMap;

/// A node's id: its place in the arena.
pub type Id = u32;

/// Functions of one argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are those of mathematics")]
pub enum Unary {
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
    /// `x!`, continued by the gamma function: gamma(x + 1).
    Factorial,
}

/// Functions of two arguments. Comparisons give 1 for true and 0 for false.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are those of mathematics")]
pub enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Min,
    Max,
    Equal,
    Less,
    LessOrEqual,
    /// The polygamma function: the derivative of the logarithm of the gamma function of the second argument, once
    /// more than the first one says.
    Polygamma,
}

/// An expression over nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Node {
    /// A constant, by its bits.
    Number(u64),
    /// A state of the equations, by index.
    State(u32),
    /// A parameter of the equations, by index.
    Parameter(u32),
    /// The time.
    Time,
    /// A function of one node.
    Unary(Unary, Id),
    /// A function of two nodes.
    Binary(Binary, Id, Id),
    /// An integer power other than 0 and 1; computed by multiplication.
    Integer(Id, i32),
    /// `Select(condition, a, b)`: `a` where the condition is not 0, else `b`; the other one's value does not matter.
    Select(Id, Id, Id),
}

/// The arena.
#[derive(Debug, Default)]
pub struct Dag {
    nodes: Vec<Node>,
    index: HashMap<Node, Id>,
    /// Whether the node depends on states or time.
    varying: Vec<bool>,
}

/// Powers up to this size are computed by multiplication; their rounding error is that of a few products.
pub(crate) const LARGEST_INTEGER_POWER: f64 = 16.0;

impl Dag {
    /// The node of `id`.
    #[must_use]
    pub fn node(&self, id: Id) -> Node {
        self.nodes[id as usize]
    }

    /// The number of nodes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no node yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Whether the node's value changes while the parameters stay: it depends on a state or on time.
    #[must_use]
    pub fn varies(&self, id: Id) -> bool {
        self.varying[id as usize]
    }

    /// The nodes that a node is computed from.
    #[must_use]
    pub fn children(&self, id: Id) -> [Option<Id>; 3] {
        match self.node(id) {
            Node::Number(_) | Node::State(_) | Node::Parameter(_) | Node::Time => [None; 3],
            Node::Unary(_, a) | Node::Integer(a, _) => [Some(a), None, None],
            Node::Binary(_, a, b) => [Some(a), Some(b), None],
            Node::Select(a, b, c) => [Some(a), Some(b), Some(c)],
        }
    }

    fn intern(&mut self, node: Node) -> Id {
        if let Some(&id) = self.index.get(&node) {
            return id;
        }
        let id =
            Id::try_from(self.nodes.len()).expect("an arena of four thousand million nodes does not fit in memory");
        let varying = match node {
            Node::Number(_) | Node::Parameter(_) => false,
            Node::State(_) | Node::Time => true,
            Node::Unary(_, a) | Node::Integer(a, _) => self.varies(a),
            Node::Binary(_, a, b) => self.varies(a) || self.varies(b),
            Node::Select(a, b, c) => self.varies(a) || self.varies(b) || self.varies(c),
        };
        self.nodes.push(node);
        self.varying.push(varying);
        self.index.insert(node, id);
        id
    }

    /// A constant.
    pub fn number(&mut self, value: f64) -> Id {
        // One zero and one NaN, so that equal means equal.
        let value = if value == 0.0 {
            0.0
        } else if value.is_nan() {
            f64::NAN
        } else {
            value
        };
        self.intern(Node::Number(value.to_bits()))
    }

    /// The state of an index.
    ///
    /// # Panics
    /// Beyond four thousand million states.
    pub fn state(&mut self, index: usize) -> Id {
        self.intern(Node::State(u32::try_from(index).expect("fewer states than nodes")))
    }

    /// The parameter of an index.
    ///
    /// # Panics
    /// Beyond four thousand million parameters.
    pub fn parameter(&mut self, index: usize) -> Id {
        self.intern(Node::Parameter(u32::try_from(index).expect("fewer parameters than nodes")))
    }

    /// The time.
    pub fn time(&mut self) -> Id {
        self.intern(Node::Time)
    }

    /// The value of a constant node.
    #[must_use]
    pub fn value(&self, id: Id) -> Option<f64> {
        match self.node(id) {
            Node::Number(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    fn is(&self, id: Id, value: f64) -> bool {
        self.value(id) == Some(value)
    }

    /// `a + b`.
    pub fn add(&mut self, a: Id, b: Id) -> Id {
        match (self.value(a), self.value(b)) {
            (Some(x), Some(y)) => return self.number(x + y),
            (Some(0.0), None) => return b,
            (None, Some(0.0)) => return a,
            _ => {}
        }
        if a == b {
            let two = self.number(2.0);
            return self.multiply(two, a);
        }
        if let Node::Unary(Unary::Negate, c) = self.node(b) {
            return self.subtract(a, c);
        }
        if let Node::Unary(Unary::Negate, c) = self.node(a) {
            return self.subtract(b, c);
        }
        // Constants to the front: c + (d + x) = (c + d) + x.
        let (a, b) = if self.value(b).is_some() { (b, a) } else { (a, b) };
        if let (Some(x), Node::Binary(Binary::Add, c, d)) = (self.value(a), self.node(b))
            && let Some(y) = self.value(c)
        {
            let sum = self.number(x + y);
            return self.add(sum, d);
        }
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        self.intern(Node::Binary(Binary::Add, a, b))
    }

    /// `a - b`.
    pub fn subtract(&mut self, a: Id, b: Id) -> Id {
        match (self.value(a), self.value(b)) {
            (Some(x), Some(y)) => return self.number(x - y),
            (Some(0.0), None) => return self.negate(b),
            (None, Some(0.0)) => return a,
            _ => {}
        }
        if a == b {
            return self.number(0.0);
        }
        if let Node::Unary(Unary::Negate, c) = self.node(b) {
            return self.add(a, c);
        }
        self.intern(Node::Binary(Binary::Subtract, a, b))
    }

    /// `-a`.
    pub fn negate(&mut self, a: Id) -> Id {
        match self.node(a) {
            Node::Number(bits) => self.number(-f64::from_bits(bits)),
            Node::Unary(Unary::Negate, b) => b,
            Node::Binary(Binary::Subtract, b, c) => self.subtract(c, b),
            Node::Binary(Binary::Multiply, b, c) if self.value(b).is_some() => {
                let b = self.negate(b);
                self.multiply(b, c)
            }
            _ => self.intern(Node::Unary(Unary::Negate, a)),
        }
    }

    /// The parts of a product: a constant factor, the factor of parameters only, and the rest.
    fn factors(&self, id: Id) -> (f64, Option<Id>, Option<Id>) {
        let mut number = 1.0;
        let mut rest = id;
        loop {
            match self.node(rest) {
                Node::Unary(Unary::Negate, a) => {
                    number = -number;
                    rest = a;
                }
                Node::Number(bits) => return (number * f64::from_bits(bits), None, None),
                Node::Binary(Binary::Multiply, a, b) => {
                    if let Some(value) = self.value(a) {
                        number *= value;
                        rest = b;
                    } else if !self.varies(a) && self.varies(b) {
                        return (number, Some(a), Some(b));
                    } else {
                        break;
                    }
                }
                _ => break,
            }
        }
        if self.varies(rest) { (number, None, Some(rest)) } else { (number, Some(rest), None) }
    }

    /// `a * b`.
    pub fn multiply(&mut self, a: Id, b: Id) -> Id {
        if self.is(a, 0.0) || self.is(b, 0.0) {
            return self.number(0.0);
        }
        let (number_a, fixed_a, varying_a) = self.factors(a);
        let (number_b, fixed_b, varying_b) = self.factors(b);
        let number = number_a * number_b;
        let fixed = self.product(fixed_a, fixed_b);
        let varying = self.product(varying_a, varying_b);
        let body = match (fixed, varying) {
            (Some(p), Some(x)) => Some(self.intern(Node::Binary(Binary::Multiply, p, x))),
            (one, other) => one.or(other),
        };
        match body {
            None => self.number(number),
            Some(body) if number == 1.0 => body,
            Some(body) if number == -1.0 => self.intern(Node::Unary(Unary::Negate, body)),
            Some(body) => {
                // The constant joins the parameters' factor, where it costs nothing in the step loop.
                let constant = self.number(number);
                match (fixed, varying) {
                    (Some(p), Some(x)) => {
                        let p = self.intern(Node::Binary(Binary::Multiply, constant, p));
                        self.intern(Node::Binary(Binary::Multiply, p, x))
                    }
                    _ => self.intern(Node::Binary(Binary::Multiply, constant, body)),
                }
            }
        }
    }

    fn product(&mut self, a: Option<Id>, b: Option<Id>) -> Option<Id> {
        let (Some(a), Some(b)) = (a, b) else { return a.or(b) };
        let power = |node: Node, id: Id| match node {
            Node::Integer(base, n) => (base, n),
            _ => (id, 1),
        };
        let (base_a, n) = power(self.node(a), a);
        let (base_b, m) = power(self.node(b), b);
        // Opposite signs stay apart: x * x^-1 is not 1 where x is 0.
        if base_a == base_b && (n > 0) == (m > 0) {
            return Some(self.integer_power(base_a, n + m));
        }
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        Some(self.intern(Node::Binary(Binary::Multiply, a, b)))
    }

    /// `a / b`. A divisor without states becomes a factor that is inverted once.
    pub fn divide(&mut self, a: Id, b: Id) -> Id {
        if let Some(y) = self.value(b) {
            if let Some(x) = self.value(a) {
                return self.number(x / y);
            }
            if y == 1.0 {
                return a;
            }
            // A power of two inverts exactly; others within half a unit in the last place.
            if y != 0.0 && (1.0 / y).is_normal() {
                let inverse = self.number(1.0 / y);
                return self.multiply(inverse, a);
            }
        }
        if self.is(a, 0.0) {
            return a;
        }
        if !self.varies(b) && !self.is(a, 1.0) {
            let one = self.number(1.0);
            let inverse = self.intern(Node::Binary(Binary::Divide, one, b));
            return self.multiply(a, inverse);
        }
        // Factors of numbers and parameters move out of a quotient of states.
        if let (true, (number, fixed, Some(inner))) = (self.varies(b), self.factors(a))
            && inner != a
        {
            let quotient = self.intern(Node::Binary(Binary::Divide, inner, b));
            let constant = self.number(number);
            let scale = fixed.map_or(constant, |p| self.multiply(constant, p));
            return self.multiply(scale, quotient);
        }
        self.intern(Node::Binary(Binary::Divide, a, b))
    }

    /// `base ^ exponent` for an integer exponent.
    pub fn integer_power(&mut self, base: Id, exponent: i32) -> Id {
        match (exponent, self.node(base)) {
            (0, _) => self.number(1.0),
            (1, _) => base,
            (-1, _) => {
                let one = self.number(1.0);
                self.divide(one, base)
            }
            (n, Node::Number(bits)) => self.number(f64::from_bits(bits).powi(n)),
            (n, Node::Integer(inner, m)) if (m > 0) == (n > 0) && n.saturating_mul(m).abs() <= 64 => {
                self.integer_power(inner, n * m)
            }
            (n, _) => self.intern(Node::Integer(base, n)),
        }
    }

    /// `base ^ exponent`. Integer and half-integer constant exponents need no call of `pow`.
    pub fn power(&mut self, base: Id, exponent: Id) -> Id {
        if let Some(e) = self.value(exponent) {
            if let Some(b) = self.value(base) {
                return self.number(b.powf(e));
            }
            if e.fract() == 0.0 && e.abs() <= LARGEST_INTEGER_POWER {
                #[allow(clippy::cast_possible_truncation, reason = "a whole number below 17")]
                return self.integer_power(base, e as i32);
            }
            // Other half-integer powers stay powers here, for the sake of their derivatives at 0, and lose their call
            // of `pow` when they become a program.
            if e.abs() == 0.5 {
                let root = self.unary(Unary::Sqrt, base);
                #[allow(clippy::cast_possible_truncation, reason = "1 or -1")]
                return self.integer_power(root, (2.0 * e) as i32);
            }
        }
        if self.is(base, 1.0) {
            return base;
        }
        // A power of a number is an exponential, which takes half the time of a power.
        if let Some(b) = self.value(base).filter(|b| *b > 0.0 && b.is_finite()) {
            let logarithm = self.number(b.ln());
            let scaled = self.multiply(exponent, logarithm);
            return self.unary(Unary::Exp, scaled);
        }
        self.intern(Node::Binary(Binary::Power, base, exponent))
    }

    /// A function of one argument.
    pub fn unary(&mut self, function: Unary, a: Id) -> Id {
        if function == Unary::Negate {
            return self.negate(a);
        }
        if let Some(x) = self.value(a) {
            return self.number(tape::unary(function, x));
        }
        match (function, self.node(a)) {
            (Unary::Ln, Node::Unary(Unary::Exp, b)) => b,
            (Unary::Abs, Node::Unary(Unary::Abs, _)) => a,
            _ => self.intern(Node::Unary(function, a)),
        }
    }

    /// A function of two arguments.
    pub fn binary(&mut self, function: Binary, a: Id, b: Id) -> Id {
        match function {
            Binary::Add => self.add(a, b),
            Binary::Subtract => self.subtract(a, b),
            Binary::Multiply => self.multiply(a, b),
            Binary::Divide => self.divide(a, b),
            Binary::Power => self.power(a, b),
            _ => {
                if let (Some(x), Some(y)) = (self.value(a), self.value(b)) {
                    return self.number(tape::binary(function, x, y));
                }
                if a == b && matches!(function, Binary::Min | Binary::Max) {
                    return a;
                }
                self.intern(Node::Binary(function, a, b))
            }
        }
    }

    /// `a` where the condition is not 0, else `b`.
    pub fn select(&mut self, condition: Id, a: Id, b: Id) -> Id {
        match self.value(condition) {
            Some(value) => {
                if value == 0.0 {
                    b
                } else {
                    a
                }
            }
            None if a == b => a,
            None => self.intern(Node::Select(condition, a, b)),
        }
    }
}
