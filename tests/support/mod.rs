//! Models for tests, written as text.

#![allow(dead_code, reason = "not every test uses everything")]

pub mod parse;
pub mod problem;
pub mod stat5;

use kexp::model::network::{Compartment, Event, Network, Parameter, Reaction, Rule, Species};
use kexp::model::problem::SolverSettings;
use parse::expression;

/// A network in one compartment `c` of size 1.
pub struct Builder(pub Network);

impl Builder {
    pub fn new() -> Self {
        let compartments = vec![Compartment::constant("c", 1.0)];
        Self(Network { id: "test".to_owned(), compartments, ..Network::default() })
    }

    pub fn species(mut self, id: &str, initial: &str) -> Self {
        self.0.species.push(Species::concentration(id, "c", expression(initial)));
        self
    }

    pub fn parameter(mut self, id: &str, value: f64) -> Self {
        self.0.parameters.push(Parameter::constant(id, value));
        self
    }

    /// `A + 2 B -> C`, with `0` for nothing.
    pub fn reaction(mut self, equation: &str, rate: &str) -> Self {
        let (left, right) = equation.split_once("->").expect("an arrow");
        let id = format!("r{}", self.0.reactions.len());
        let (reactants, products) = (side(left), side(right));
        let rate = expression(rate);
        self.0.reactions.push(Reaction { id, reactants, products, computed: Vec::new(), reversible: false, rate });
        self
    }

    pub fn assign(mut self, variable: &str, value: &str) -> Self {
        self.0.assignments.push(rule(variable, value));
        self
    }

    pub fn rate(mut self, variable: &str, value: &str) -> Self {
        self.0.rates.push(rule(variable, value));
        self
    }

    pub fn event(mut self, trigger: &str, assignments: &[(&str, &str)]) -> Self {
        let id = format!("e{}", self.0.events.len());
        let assignments = assignments.iter().map(|(variable, value)| rule(variable, value)).collect();
        self.0.events.push(Event::immediate(&id, expression(trigger), assignments));
        self
    }
}

pub fn rule(variable: &str, value: &str) -> Rule {
    Rule { variable: variable.to_owned(), expression: expression(value) }
}

fn side(text: &str) -> Vec<(String, f64)> {
    let terms = text.split('+').map(str::trim).filter(|term| *term != "0");
    terms
        .map(|term| match term.split_once(' ') {
            Some((count, id)) => (id.to_owned(), count.parse().expect("a count")),
            None => (term.to_owned(), 1.0),
        })
        .collect()
}

pub fn settings(tolerance: f64) -> SolverSettings {
    SolverSettings { rtol: tolerance, atol: tolerance, most_steps: 100_000 }
}
