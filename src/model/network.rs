//! A kinetic reaction network: what every importer produces and what the solver compiles.

use super::expression::Expression;
use serde::{Deserialize, Serialize};

/// A kinetic model: compartments, species, parameters, reactions, rules and events. All ids share one name space.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// Its name in the experiment.
    pub id: String,
    /// A title for figures and the paper.
    pub title: String,
    /// Labels for axes and tables; never conversions.
    pub units: Units,
    /// Well-mixed volumes.
    pub compartments: Vec<Compartment>,
    /// Named constants.
    pub parameters: Vec<Parameter>,
    /// Chemical species.
    pub species: Vec<Species>,
    /// `variable := expression` at all times, in an order in which each uses only earlier ones, rates of reactions
    /// included.
    pub assignments: Vec<Rule>,
    /// `d variable / d time = expression`.
    pub rates: Vec<Rule>,
    /// `0 = expression` at all times.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub algebraic: Vec<Constraint>,
    /// Reactions.
    pub reactions: Vec<Reaction>,
    /// Discontinuities.
    pub events: Vec<Event>,
}

/// Labels of the axes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Units {
    /// Label of time, such as `min`.
    pub time: Option<String>,
    /// Label of concentrations, such as `nM`.
    pub concentration: Option<String>,
}

/// A well-mixed volume. Rules and events may change its size; amounts stay then, concentrations do not.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Compartment {
    /// Its id.
    pub id: String,
    /// Its size at the start, unless `initial` says otherwise.
    pub size: f64,
    /// Its size at the start as an expression, as an initial assignment says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial: Option<Expression>,
    /// Declared as one that may change, whether or not anything does.
    #[serde(default, skip_serializing_if = "is_false")]
    pub variable: bool,
}

/// A named number: a constant, unless a rule or an event changes it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its id.
    pub id: String,
    /// Its nominal value, at the start where it changes, unless `initial` says otherwise.
    pub value: f64,
    /// Its value at the start as an expression, as an initial assignment says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial: Option<Expression>,
    /// Declared as one that may change, whether or not anything does.
    #[serde(default, skip_serializing_if = "is_false")]
    pub variable: bool,
}

/// A chemical species. Its id means its concentration, or its amount where `amount` is set; `initial`, rules and events
/// give it in that meaning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Species {
    /// Its id.
    pub id: String,
    /// Its compartment's id.
    pub compartment: String,
    /// Its value at the start, over whatever the model declares.
    pub initial: Expression,
    /// The id means the amount (SBML's `hasOnlySubstanceUnits`).
    #[serde(default, skip_serializing_if = "is_false")]
    pub amount: bool,
    /// `initial` is an amount although the id means a concentration: it is divided by the compartment's initial size.
    #[serde(default, skip_serializing_if = "is_false")]
    pub initial_amount: bool,
    /// Reactions do not change it (SBML's `boundaryCondition`, or a constant species); rules and events may.
    #[serde(default, skip_serializing_if = "is_false")]
    pub boundary: bool,
}

/// A variable and the expression that rules it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// The id of a species, parameter or compartment.
    pub variable: String,
    /// Its value (assignment) or derivative in time (rate).
    pub expression: Expression,
}

/// An expression that is zero at all times; it determines a variable that nothing else does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Constraint {
    /// What is zero.
    pub expression: Expression,
    /// Ids that it may determine: variables of the expression that no rule or reaction determines.
    pub free: Vec<String>,
}

/// A reaction. Its rate is amount per time, as in SBML. In expressions its id means that rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reaction {
    /// Its id.
    pub id: String,
    /// Species id and stoichiometry on the left.
    pub reactants: Vec<(String, f64)>,
    /// Species id and stoichiometry on the right.
    pub products: Vec<(String, f64)>,
    /// Stoichiometries that are expressions: species id, and what one unit of the rate adds to its amount (negative on
    /// the left), conversion factors included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub computed: Vec<(String, Expression)>,
    /// Written with `<->`; the rate is the net rate.
    pub reversible: bool,
    /// Amount per time.
    pub rate: Expression,
}

/// A discontinuity: when the trigger turns true, the variables take new values, together and after a delay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its id.
    pub id: String,
    /// The condition.
    pub trigger: Expression,
    /// Variables and their new values.
    pub assignments: Vec<Rule>,
    /// The trigger counts as false before the start: where it is true at time 0, the event fires then.
    #[serde(default, skip_serializing_if = "is_false")]
    pub fires_at_start: bool,
    /// Between trigger and execution; evaluated when the trigger turns true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<Expression>,
    /// Of events at the same time, the one with the highest priority goes first. Evaluated when events are executed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Expression>,
    /// The event is called off when its trigger turns false before it is executed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cancels: bool,
    /// New values are computed when the event is executed; else when its trigger turns true.
    #[serde(default, skip_serializing_if = "is_false")]
    pub late_values: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Compartment {
    /// A compartment of constant size.
    #[must_use]
    pub fn constant(id: &str, size: f64) -> Self {
        Self { id: id.to_owned(), size, ..Self::default() }
    }
}

impl Parameter {
    /// A constant.
    #[must_use]
    pub fn constant(id: &str, value: f64) -> Self {
        Self { id: id.to_owned(), value, ..Self::default() }
    }
}

impl Species {
    /// A species whose id means its concentration and that reactions change.
    #[must_use]
    pub fn concentration(id: &str, compartment: &str, initial: Expression) -> Self {
        Self {
            id: id.to_owned(),
            compartment: compartment.to_owned(),
            initial,
            amount: false,
            initial_amount: false,
            boundary: false,
        }
    }
}

impl Event {
    /// An event without delay or priority, which does not fire at the start.
    #[must_use]
    pub fn immediate(id: &str, trigger: Expression, assignments: Vec<Rule>) -> Self {
        Self {
            id: id.to_owned(),
            trigger,
            assignments,
            fires_at_start: false,
            delay: None,
            priority: None,
            cancels: false,
            late_values: false,
        }
    }
}
