//! What a model declares, element by element, before it is checked as a whole.

use std::collections::BTreeMap;

use super::level::Level;
use crate::diagnostic::Span;
use crate::model::expression::Expression;

/// A model without submodels.
#[derive(Debug)]
pub(super) struct Declared {
    pub level: Level,
    pub id: String,
    pub name: String,
    pub span: Span,
    pub compartments: Vec<Compartment>,
    pub species: Vec<Species>,
    /// Global ones, then those of kinetic laws by their new names.
    pub parameters: Vec<Parameter>,
    pub initial: BTreeMap<String, Assigned>,
    pub rules: Vec<Rule>,
    pub algebraic: Vec<Assigned>,
    pub reactions: Vec<Reaction>,
    pub events: Vec<Event>,
    /// Of the whole model: the id of a parameter.
    pub conversion_factor: Option<String>,
}

/// A formula and its place.
#[derive(Debug)]
pub(super) struct Assigned {
    pub expression: Expression,
    pub span: Span,
}

#[derive(Debug)]
pub(super) struct Compartment {
    pub id: String,
    pub span: Span,
    pub dimensions: Option<f64>,
    pub size: Option<f64>,
    pub constant: bool,
}

/// What a species starts with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Start {
    Unset,
    Amount(f64),
    Concentration(f64),
}

#[derive(Debug)]
pub(super) struct Species {
    pub id: String,
    pub span: Span,
    pub compartment: String,
    pub start: Start,
    pub only_substance: bool,
    pub boundary: bool,
    pub constant: bool,
    pub conversion_factor: Option<String>,
}

#[derive(Debug)]
pub(super) struct Parameter {
    pub id: String,
    pub span: Span,
    pub value: Option<f64>,
    pub constant: bool,
    /// Where it is one of a kinetic law: its id there and the reaction's.
    pub local: Option<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RuleKind {
    Assignment,
    Rate,
}

#[derive(Debug)]
pub(super) struct Rule {
    pub kind: RuleKind,
    pub variable: String,
    pub expression: Expression,
    pub span: Span,
}

#[derive(Debug)]
pub(super) struct Reaction {
    pub id: String,
    pub span: Span,
    pub reversible: bool,
    pub fast: Option<Span>,
    pub participants: Vec<Participant>,
    /// Nothing without kinetic law.
    pub rate: Option<Expression>,
}

#[derive(Debug)]
pub(super) struct Participant {
    pub id: Option<String>,
    pub span: Span,
    pub species: String,
    pub is_product: bool,
    pub stoichiometry: Option<f64>,
    /// Level 2's `stoichiometryMath`.
    pub math: Option<Expression>,
    pub constant: bool,
}

#[derive(Debug)]
pub(super) struct Event {
    pub id: String,
    pub trigger: Expression,
    pub fires_at_start: bool,
    pub persistent: bool,
    pub delay: Option<Expression>,
    pub priority: Option<Expression>,
    pub values_from_trigger_time: bool,
    pub assignments: Vec<Rule>,
}
