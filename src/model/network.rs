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
    /// `variable := expression` at all times, in an order in which each uses only earlier ones.
    pub assignments: Vec<Rule>,
    /// `d variable / d time = expression`.
    pub rates: Vec<Rule>,
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

/// A well-mixed volume of constant size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compartment {
    /// Its id.
    pub id: String,
    /// Its size.
    pub size: f64,
}

/// A named constant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its id.
    pub id: String,
    /// Its nominal value.
    pub value: f64,
}

/// A chemical species, held as a concentration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Species {
    /// Its id.
    pub id: String,
    /// Its compartment's id.
    pub compartment: String,
    /// Its concentration at the start, over parameters and compartments.
    pub initial: Expression,
}

/// A variable and the expression that rules it. The variable of a rate rule is a species or a parameter, whose
/// value is then the initial one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// The variable's id.
    pub variable: String,
    /// Its value (assignment) or derivative in time (rate).
    pub expression: Expression,
}

/// A reaction. Its rate is amount per time, as in SBML.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reaction {
    /// Its id.
    pub id: String,
    /// Species id and stoichiometry on the left.
    pub reactants: Vec<(String, f64)>,
    /// Species id and stoichiometry on the right.
    pub products: Vec<(String, f64)>,
    /// Written with `<->`; the rate is the net rate.
    pub reversible: bool,
    /// Amount per time.
    pub rate: Expression,
}

/// A discontinuity: when the trigger turns true, the variables take new values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its id.
    pub id: String,
    /// The condition.
    pub trigger: Expression,
    /// Variables and their new values.
    pub assignments: Vec<Rule>,
}
