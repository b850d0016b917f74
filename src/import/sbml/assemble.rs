//! From what a model declares to a network.

use std::collections::{BTreeMap, BTreeSet};

use super::changes::{By, Variables};
use super::declared::{Declared, Participant, RuleKind, Species, Start};
use super::findings::Findings;
use super::uses::symbols;
use crate::diagnostic::{Diagnostic, Span};
use crate::model::expression::{Expression, Function};
use crate::model::network::Species as NetworkSpecies;
use crate::model::network::{Compartment, Constraint, Event, Network, Parameter, Reaction, Rule};

/// The network of a model whose changes are known. Assignments are in the document's order still.
pub(super) fn network(declared: &Declared, variables: &Variables, findings: &mut Findings) -> Network {
    let used = used(declared);
    let points = declared.compartments.iter().filter(|one| one.dimensions == Some(0.0));
    let points = points.map(|one| one.id.as_str()).collect();
    let mut assembly = Assembly { declared, variables, used, points, findings };
    let mut network = Network {
        id: if declared.id.is_empty() { "model".to_owned() } else { declared.id.clone() },
        title: if declared.name.is_empty() { "model".to_owned() } else { declared.name.clone() },
        compartments: assembly.compartments(),
        parameters: assembly.parameters(),
        ..Network::default()
    };
    network.species = declared.species.iter().map(|species| assembly.species(species)).collect();
    assembly.reactions(&mut network);
    for rule in &declared.rules {
        let target = match rule.kind {
            RuleKind::Assignment => &mut network.assignments,
            RuleKind::Rate => &mut network.rates,
        };
        target.push(Rule { variable: rule.variable.clone(), expression: rule.expression.clone() });
    }
    network.algebraic = assembly.algebraic();
    network.events = declared.events.iter().map(event).collect();
    network
}

/// The ids that formulas use. A species uses its compartment where amounts and concentrations are converted.
fn used(declared: &Declared) -> BTreeSet<&str> {
    let mut used = BTreeSet::new();
    {
        let mut add = |expression| symbols(expression, &mut |id, _| used.extend([id]));
        declared.initial.values().chain(&declared.algebraic).for_each(|one| add(&one.expression));
        declared.rules.iter().for_each(|rule| add(&rule.expression));
        for reaction in &declared.reactions {
            reaction.rate.iter().for_each(&mut add);
            reaction.participants.iter().filter_map(|participant| participant.math.as_ref()).for_each(&mut add);
        }
        for event in &declared.events {
            add(&event.trigger);
            event.delay.iter().chain(&event.priority).for_each(&mut add);
            event.assignments.iter().for_each(|assignment| add(&assignment.expression));
        }
    }
    used.extend(declared.conversion_factor.as_deref());
    used.extend(declared.species.iter().filter_map(|species| species.conversion_factor.as_deref()));
    used
}

struct Assembly<'a, 'f> {
    declared: &'a Declared,
    variables: &'f Variables<'a>,
    used: BTreeSet<&'a str>,
    /// Compartments without dimensions.
    points: BTreeSet<&'a str>,
    findings: &'f mut Findings,
}

impl<'a> Assembly<'a, '_> {
    fn by(&self, id: &str) -> Option<By> {
        self.variables.get(id).and_then(|variable| variable.by).map(|(by, _)| by)
    }

    /// Something gives it its value at the start: an assignment, or an algebraic rule.
    fn is_set(&self, id: &str) -> bool {
        self.declared.initial.contains_key(id)
            || self.by(id) == Some(By::Assignment)
            || (!self.declared.algebraic.is_empty() && self.is_free(id))
    }

    /// May an algebraic rule determine it?
    fn is_free(&self, id: &str) -> bool {
        self.variables.get(id).is_some_and(|variable| variable.by.is_none() && !variable.constant)
    }

    fn initial(&self, id: &str) -> Option<Expression> {
        self.declared.initial.get(id).map(|assigned| assigned.expression.clone())
    }

    fn unset(&mut self, what: &str, id: &str, help: &str) {
        let span = self.variables.get(id).map_or(self.declared.span, |variable| variable.span);
        self.findings.push(
            Diagnostic::error("unset-value", format!("{what} `{id}` has no value at the start"))
                .at(span, "neither a value here nor an assignment elsewhere")
                .help(help),
        );
    }

    fn compartments(&mut self) -> Vec<Compartment> {
        let mut compartments = Vec::new();
        let mut converted: BTreeSet<&str> = BTreeSet::new();
        for species in &self.declared.species {
            let mixed = match species.start {
                Start::Concentration(_) => true,
                _ => !species.only_substance && self.used.contains(species.id.as_str()),
            };
            if mixed {
                converted.insert(&species.compartment);
            }
        }
        for one in &self.declared.compartments {
            let id = one.id.as_str();
            if one.size.is_none() && !self.is_set(id) {
                let matters = self.used.contains(id) || converted.contains(id) || self.by(id).is_some();
                if matters && one.dimensions != Some(0.0) {
                    self.unset_size(id, one.span);
                }
            }
            compartments.push(Compartment {
                id: one.id.clone(),
                size: one.size.unwrap_or(1.0),
                initial: self.initial(id),
                variable: !one.constant,
            });
        }
        compartments
    }

    /// Before Level 3, tools agree on a size of one where none is written.
    fn unset_size(&mut self, id: &str, span: Span) {
        if self.declared.level.level > 2 {
            return self.unset("compartment", id, "give it a `size`");
        }
        let message = format!("compartment `{id}` has no size: it is taken as 1");
        let finding = Diagnostic::warning("unset-value", message).at(span, "no `size` here");
        self.findings.push(finding.help("give it a `size`"));
    }

    fn parameters(&mut self) -> Vec<Parameter> {
        let mut parameters = Vec::new();
        for one in &self.declared.parameters {
            let id = one.id.as_str();
            let matters = self.used.contains(id) || self.by(id).is_some();
            if one.value.is_none() && !self.is_set(id) && matters {
                match &one.local {
                    None => self.unset("parameter", id, "give it a `value` or an initial assignment"),
                    Some((local, reaction)) => {
                        self.unset(
                            &format!("`{local}` of reaction `{reaction}`, the parameter"),
                            id,
                            "give it a `value`",
                        );
                    }
                }
            }
            parameters.push(Parameter {
                id: one.id.clone(),
                value: one.value.unwrap_or(0.0),
                initial: self.initial(id),
                variable: !one.constant,
            });
        }
        parameters
    }

    fn species(&mut self, one: &Species) -> NetworkSpecies {
        let id = one.id.as_str();
        // A point has no volume in which there could be a concentration.
        let amount = one.only_substance || self.points.contains(one.compartment.as_str());
        let (initial, initial_amount) = match (self.initial(id), one.start) {
            (Some(initial), _) => (initial, false),
            (None, Start::Amount(value)) => (Expression::Number(value), !amount),
            (None, Start::Concentration(value)) if amount => {
                let size = Expression::Symbol(one.compartment.clone());
                (Expression::Apply(Function::Multiply, vec![Expression::Number(value), size]), false)
            }
            (None, Start::Concentration(value)) => (Expression::Number(value), false),
            (None, Start::Unset) => {
                let matters = self.used.contains(id) || self.by(id).is_some();
                if matters && !self.is_set(id) {
                    self.unset("species", id, "give it an `initialAmount` or an `initialConcentration`");
                }
                (Expression::Number(0.0), !amount)
            }
        };
        NetworkSpecies {
            id: one.id.clone(),
            compartment: one.compartment.clone(),
            initial,
            amount,
            initial_amount,
            boundary: one.boundary || one.constant,
        }
    }

    fn reactions(&mut self, network: &mut Network) {
        let species: BTreeMap<&str, &Species> =
            self.declared.species.iter().map(|species| (species.id.as_str(), species)).collect();
        for one in &self.declared.reactions {
            self.fast(one);
            let mut reaction = Reaction {
                id: one.id.clone(),
                reactants: Vec::new(),
                products: Vec::new(),
                computed: Vec::new(),
                reversible: one.reversible,
                rate: one.rate.clone().unwrap_or(Expression::Number(0.0)),
            };
            for participant in &one.participants {
                let changed = self.by(&participant.species) == Some(By::Reactions);
                let factor = species
                    .get(participant.species.as_str())
                    .and_then(|species| species.conversion_factor.as_ref())
                    .or(self.declared.conversion_factor.as_ref())
                    .filter(|_| changed);
                let symbol = self.stoichiometry(participant, one.rate.is_some() && changed, network);
                match (symbol, factor) {
                    (Err(value), None) => {
                        let side =
                            if participant.is_product { &mut reaction.products } else { &mut reaction.reactants };
                        side.push((participant.species.clone(), value));
                    }
                    (stoichiometry, factor) => {
                        let stoichiometry = stoichiometry.unwrap_or_else(Expression::Number);
                        let change = change(participant.is_product, stoichiometry, factor);
                        if changed {
                            reaction.computed.push((participant.species.clone(), change));
                        }
                    }
                }
            }
            network.reactions.push(reaction);
        }
    }

    /// A fast reaction is in equilibrium at all times, which is not simulated; one that changes nothing is harmless.
    fn fast(&mut self, one: &super::declared::Reaction) {
        let changes = one.participants.iter().any(|participant| self.by(&participant.species) == Some(By::Reactions));
        if let Some(span) = one.fast.filter(|_| changes && one.rate.is_some()) {
            let message = format!("reaction `{}` is fast: it is in equilibrium at all times", one.id);
            self.findings.push(
                Diagnostic::error("fast-reaction", message)
                    .at(span, "not simulated")
                    .help("a rapid reaction of finite speed, or an assignment rule for the equilibrium, says the same"),
            );
        }
    }

    /// A stoichiometry: an expression, or else a number. One that something sets or uses becomes a parameter.
    fn stoichiometry(&mut self, one: &Participant, matters: bool, network: &mut Network) -> Result<Expression, f64> {
        if let Some(id) = one.id.as_deref() {
            let changes = self.variables.get(id).is_some_and(|variable| variable.by.is_some() || variable.by_event);
            if !one.constant || changes || self.is_set(id) || self.used.contains(id) {
                if one.stoichiometry.is_none() && !self.is_set(id) && matters {
                    self.unset("species reference", id, "give it a `stoichiometry`");
                }
                network.parameters.push(Parameter {
                    id: id.to_owned(),
                    value: one.stoichiometry.unwrap_or(0.0),
                    initial: self.initial(id),
                    variable: !one.constant,
                });
                return Ok(one.math.clone().unwrap_or_else(|| Expression::Symbol(id.to_owned())));
            }
        }
        if let Some(math) = &one.math {
            return Ok(math.clone());
        }
        if one.stoichiometry.is_none() && matters {
            let message = format!("the stoichiometry of `{}` is not set", one.species);
            self.findings
                .push(Diagnostic::error("unset-value", message).at(one.span, "here").help("give it a `stoichiometry`"));
        }
        Err(one.stoichiometry.unwrap_or(1.0))
    }

    fn algebraic(&mut self) -> Vec<Constraint> {
        let declared = self.declared;
        let mut constraints = Vec::new();
        for rule in &declared.algebraic {
            let mut free: BTreeSet<&str> = BTreeSet::new();
            symbols(&rule.expression, &mut |id, rate| {
                if !rate && self.is_free(id) {
                    free.insert(id);
                }
            });
            if free.is_empty() {
                self.findings.push(
                    Diagnostic::error("overdetermined", "an algebraic rule determines nothing")
                        .at(rule.span, "all of its variables are constant or determined elsewhere")
                        .help("one of its variables needs constant=\"false\" and no other rule or reaction"),
                );
            }
            let free = free.into_iter().map(str::to_owned).collect();
            constraints.push(Constraint { expression: rule.expression.clone(), free });
        }
        constraints
    }
}

/// What one unit of a rate adds to a species' amount.
fn change(is_product: bool, stoichiometry: Expression, factor: Option<&String>) -> Expression {
    let signed = match (is_product, stoichiometry) {
        (true, stoichiometry) => stoichiometry,
        (false, Expression::Number(value)) => Expression::Number(-value),
        (false, stoichiometry) => Expression::Apply(Function::Negate, vec![stoichiometry]),
    };
    match factor {
        None => signed,
        Some(factor) => Expression::Apply(Function::Multiply, vec![signed, Expression::Symbol(factor.clone())]),
    }
}

fn event(event: &super::declared::Event) -> Event {
    let rule =
        |rule: &super::declared::Rule| Rule { variable: rule.variable.clone(), expression: rule.expression.clone() };
    Event {
        id: event.id.clone(),
        trigger: event.trigger.clone(),
        assignments: event.assignments.iter().map(rule).collect(),
        fires_at_start: event.fires_at_start,
        delay: event.delay.clone(),
        priority: event.priority.clone(),
        cancels: !event.persistent,
        late_values: !event.values_from_trigger_time,
    }
}
