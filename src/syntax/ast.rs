//! The syntax tree of one `.kexp` file: what was written and where, with no meaning attached.

use crate::diagnostic::Span;

/// A whole file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct File {
    /// The declarations in the order of the text.
    pub declarations: Vec<Declaration>,
}

/// A name and its place. A path such as `train.lr`, `sd_*` or `generator.*.train` is one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name as written, dots and asterisks included.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// A string literal and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The text with its escapes resolved.
    pub value: String,
    /// Where, quotes included.
    pub span: Span,
}

/// One declaration at the top level of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    /// The whole declaration.
    pub span: Span,
    /// What is declared.
    pub kind: DeclarationKind,
}

/// The three shapes of a declaration.
#[derive(Debug, Clone, PartialEq)]
pub enum DeclarationKind {
    /// `experiment "title" { ... }`
    Experiment {
        /// The title of the paper.
        title: Text,
        /// Settings such as `seed` and `draft`.
        entries: Vec<Entry>,
    },
    /// `import a, b from "path"`
    Import {
        /// What is imported.
        names: Vec<Name>,
        /// From where, relative to the importing file.
        path: Text,
    },
    /// `kind name "title" { ... }`, `kind name = value`, `kind name = value { ... }`, `problem pattern name { ... }`.
    Named {
        /// `model`, `problem`, `dataset`, `generator`, `tune`, `generate`, `benchmark`, `posterior`,
        /// `profile_likelihood`, `figure`, `table` or `profile`.
        kind: Name,
        /// `pattern` was written between kind and name.
        pattern: bool,
        /// The name that other declarations use.
        name: Name,
        /// A title in quotes after the name.
        title: Option<Text>,
        /// What stands after `=`.
        value: Option<Expr>,
        /// What stands in braces; empty without braces.
        entries: Vec<Entry>,
    },
}

/// One line of a block.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The whole entry.
    pub span: Span,
    /// What it says.
    pub kind: EntryKind,
}

/// Everything that can stand in a block. Which kind of block allows which is for the checks to say, not the grammar.
#[derive(Debug, Clone, PartialEq)]
pub enum EntryKind {
    /// `key = value`; in profiles the key is a path.
    Setting {
        /// The key or path.
        key: Name,
        /// The value.
        value: Expr,
    },
    /// `units { ... }`, `solver { ... }`, `treatment high { ... }`.
    Group {
        /// The word in front.
        word: Name,
        /// The name, where the group has one.
        name: Option<Name>,
        /// The lines in braces.
        entries: Vec<Entry>,
    },
    /// `vary train.lr in 1e-5 .. 1e-2 log10`
    Vary {
        /// The varied setting.
        path: Name,
        /// A list, range or interval.
        values: Expr,
    },
    /// `compartment cyt = 1.4`
    Compartment {
        /// Its id.
        name: Name,
        /// Its size.
        size: Expr,
    },
    /// `parameter k = 0.1`
    Parameter {
        /// Its id.
        name: Name,
        /// Its nominal value.
        value: Expr,
    },
    /// `species S in cyt = 1`, and for an imported model `species S = 1`
    Species {
        /// Its id.
        name: Name,
        /// Its compartment.
        compartment: Option<Name>,
        /// Its initial value.
        initial: Expr,
    },
    /// `let flux = k * S`
    Let {
        /// The name of the expression.
        name: Name,
        /// The expression.
        value: Expr,
    },
    /// `reaction bind: A + 2 B <-> C; rate`
    Reaction {
        /// Its id.
        name: Name,
        /// Left side.
        reactants: Vec<Participant>,
        /// Right side.
        products: Vec<Participant>,
        /// `<->` instead of `->`.
        reversible: bool,
        /// Amount per time.
        rate: Expr,
    },
    /// `rule total := A + B` or `rule drug' = -k * drug`
    Rule {
        /// The variable.
        variable: Name,
        /// `'` was written: the expression is the variable's derivative in time.
        derivative: bool,
        /// The expression.
        value: Expr,
    },
    /// `event dose at time >= 24 { drug = drug + 10 }`
    Event {
        /// Its id.
        name: Name,
        /// When this turns true, the event fires.
        trigger: Expr,
        /// Settings: variable = new value.
        entries: Vec<Entry>,
    },
    /// `observable y = formula noise normal(sd)`
    Observable {
        /// Its id.
        name: Name,
        /// The formula over the model's symbols.
        formula: Expr,
        /// `normal(sd)`, `lognormal(sd)`, `laplace(scale)`; absence is an error of the checks.
        noise: Option<Expr>,
    },
    /// `estimate a, b_* in 1e-5 .. 1e5 log10`
    Estimate {
        /// Names, wildcards or `kinetic`.
        names: Vec<Name>,
        /// The interval.
        bounds: Expr,
    },
    /// `prior k ~ normal(4, 1)`
    Prior {
        /// The parameter.
        name: Name,
        /// The distribution, on the estimation scale.
        distribution: Expr,
    },
}

/// One term of one side of a reaction: `2 A`.
#[derive(Debug, Clone, PartialEq)]
pub struct Participant {
    /// How many; 1 where nothing is written.
    pub stoichiometry: f64,
    /// The species.
    pub species: Name,
}

/// An expression and its place. One grammar serves settings and kinetics.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// Where.
    pub span: Span,
    /// What.
    pub kind: ExprKind,
}

/// The shapes of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `1e-3`; the text is kept so that the formatter writes what the author wrote.
    Number {
        /// The value.
        value: f64,
        /// As written.
        text: String,
    },
    /// `"text"`
    Text(String),
    /// `name`, `validation.loss`, `sd_*`
    Name(String),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `adam(lr = 1e-3)`, `exp(-k * time)`
    Call {
        /// The function.
        name: Name,
        /// Positional and named arguments.
        arguments: Vec<Argument>,
    },
    /// `-x`, `not x`
    Unary {
        /// The operator.
        operator: UnaryOperator,
        /// What it applies to.
        operand: Box<Expr>,
    },
    /// `a + b`
    Binary {
        /// The operator.
        operator: BinaryOperator,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// `0 .. 1 by 0.25` and `1e-5 .. 1e5 log10`
    Range {
        /// First value or lower bound.
        start: Box<Expr>,
        /// Last value or upper bound.
        end: Box<Expr>,
        /// The step after `by`.
        step: Option<Box<Expr>>,
        /// The scale word at the end: `log10`, `log` or `lin`.
        scale: Option<Name>,
    },
}

/// One argument of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// `lr` in `lr = 1e-3`.
    pub name: Option<Name>,
    /// The value.
    pub value: Expr,
}

/// Operators with one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOperator {
    /// `-`
    Negate,
    /// `not`
    Not,
}

/// Operators with two operands, from loosest to tightest: `over`, `or`, `and`, comparisons, sums, products, powers.
/// `^` is right associative and binds tighter than a sign before it: `-x^2` is `-(x^2)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum BinaryOperator {
    Over,
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}
