//! `model name { ... }`: from the lines of a model to a reaction network.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::model::expression::Expression;
use crate::model::network::{Compartment, Event, Network, Parameter, Reaction, Rule, Species, Units};
use crate::syntax::ast::{Entry, EntryKind, Expr, ExprKind, Name, Participant, Text};

use super::analysis;
use super::kinetics::{constant, convert};
use super::order;
use super::settings::misplaced;
use super::symbols::{SymbolKind, Symbols};
use super::words;

/// A network with the places of its symbols.
#[derive(Debug, Clone)]
pub(super) struct Model {
    pub network: Network,
    pub symbols: Symbols,
    /// It was written elsewhere: what it declares and does not use is not the author's concern.
    pub imported: bool,
    /// Its name in its declaration, or the start of the file that it was read from.
    pub place: Span,
}

/// Builds the network of an inline model; `None` when something in it is wrong.
pub(super) fn build(
    name: &Name,
    title: Option<&Text>,
    entries: &[Entry],
    findings: &mut Vec<Diagnostic>,
) -> Option<Model> {
    let mut found = Vec::new();
    let mut builder = Builder { symbols: Symbols::default(), findings: &mut found };
    builder.collect(entries);
    let mut network = Network {
        id: name.text.clone(),
        title: title.map_or_else(|| name.text.clone(), |title| title.value.clone()),
        ..Network::default()
    };
    builder.fill(&mut network, entries);
    builder.conflicts(&network);
    let symbols = builder.symbols;
    if network.reactions.is_empty() && network.rates.is_empty() && found.is_empty() {
        found.push(
            Diagnostic::error("empty-model", format!("model `{}` has neither reactions nor rate rules", name.text))
                .at(name.span, "nothing in it can change")
                .help("add a line such as `reaction decay: A -> 0; k * A`"),
        );
    }
    let sound = found.iter().all(|finding| finding.severity != Severity::Error);
    findings.append(&mut found);
    sound.then_some(Model { network, symbols, imported: false, place: name.span })
}

struct Builder<'a> {
    symbols: Symbols,
    findings: &'a mut Vec<Diagnostic>,
}

impl Builder<'_> {
    /// Declares every symbol, so that lines can stand in any order.
    fn collect(&mut self, entries: &[Entry]) {
        for entry in entries {
            let (name, kind) = match &entry.kind {
                EntryKind::Compartment { name, .. } => (name, SymbolKind::Compartment),
                EntryKind::Parameter { name, .. } => (name, SymbolKind::Parameter),
                EntryKind::Species { name, .. } => (name, SymbolKind::Species),
                EntryKind::Let { name, .. } => (name, SymbolKind::Assignment),
                EntryKind::Rule { variable, derivative: false, .. } => (variable, SymbolKind::Assignment),
                EntryKind::Reaction { name, .. } => (name, SymbolKind::Reaction),
                EntryKind::Event { name, .. } => (name, SymbolKind::Event),
                _ => continue,
            };
            self.symbols.declare(name, kind, self.findings);
        }
    }

    fn fill(&mut self, network: &mut Network, entries: &[Entry]) {
        let mut assignments = Vec::new();
        let mut species = Vec::new();
        for entry in entries {
            match &entry.kind {
                EntryKind::Compartment { name, size } => {
                    if let Some(size) = self.size(name, size) {
                        network.compartments.push(Compartment::constant(&name.text, size));
                    }
                }
                EntryKind::Parameter { name, value } => {
                    if let Some(value) = parameter(name, value, self.findings) {
                        network.parameters.push(Parameter::constant(&name.text, value));
                    }
                }
                EntryKind::Species { name, compartment, initial } => {
                    let Some(compartment) = compartment else {
                        self.homeless(name);
                        continue;
                    };
                    self.compartment(compartment);
                    if let Some(initial_value) = self.formula(initial) {
                        species.push((name, compartment, initial.span, initial_value));
                    }
                }
                EntryKind::Let { name, value } | EntryKind::Rule { variable: name, derivative: false, value } => {
                    if let Some(expression) = self.formula(value) {
                        assignments.push((Rule { variable: name.text.clone(), expression }, name.span));
                    }
                }
                EntryKind::Rule { variable, derivative: true, value } => self.rate_rule(network, variable, value),
                EntryKind::Reaction { name, reactants, products, reversible, rate } => {
                    let reactants = self.participants(reactants);
                    let products = self.participants(products);
                    if let Some(rate) = self.formula(rate) {
                        let id = name.text.clone();
                        network.reactions.push(Reaction {
                            id,
                            reactants,
                            products,
                            computed: Vec::new(),
                            reversible: *reversible,
                            rate,
                        });
                    }
                }
                EntryKind::Event { name, trigger, entries } => self.event(network, name, trigger, entries),
                EntryKind::Group { word, name: None, entries } if word.text == "units" => {
                    network.units = units(entries, self.findings);
                }
                other => self.findings.push(misplaced(other, entry.span, "model")),
            }
        }
        network.assignments = order::ordered(assignments, self.findings);
        self.initials(network, species);
    }

    fn formula(&mut self, expr: &Expr) -> Option<Expression> {
        let symbols = &self.symbols;
        let mut lookup = |name: &str, span: Span| match symbols.all.get(name) {
            _ if name == "time" => Ok(Expression::Time),
            Some((kind, _)) if kind.valued() => Ok(Expression::Symbol(name.to_owned())),
            _ => Err(symbols.unknown(name, span)),
        };
        convert(expr, &mut lookup, self.findings)
    }

    fn size(&mut self, name: &Name, size: &Expr) -> Option<f64> {
        let value = constant(size, self.findings)?;
        if value > 0.0 && value.is_finite() {
            return Some(value);
        }
        self.findings.push(
            Diagnostic::error("out-of-bounds", format!("compartment `{}` has no size", name.text))
                .at(size.span, "expected a number above 0"),
        );
        None
    }

    /// `species S = 1` changes a species of an imported model; one that is declared has a compartment.
    fn homeless(&mut self, name: &Name) {
        let known = self.symbols.of(|kind| kind == SymbolKind::Compartment);
        let compartment = known.first().copied().unwrap_or("cell");
        let finding = Diagnostic::error("missing-compartment", format!("species `{}` has no compartment", name.text))
            .at(name.span, "expected `in` and a compartment after it")
            .help(format!("say where it is: `species {} in {compartment} = ...`", name.text));
        self.findings.push(finding);
    }

    fn compartment(&mut self, name: &Name) {
        let wrong = match self.symbols.all.get(&name.text) {
            Some((SymbolKind::Compartment, _)) => return,
            Some((kind, _)) => {
                Diagnostic::error("wrong-kind", format!("`{}` is {}, not a compartment", name.text, kind.described()))
            }
            None => Diagnostic::error("unknown-symbol", format!("there is no compartment `{}`", name.text)),
        };
        let known = self.symbols.of(|kind| kind == SymbolKind::Compartment);
        let finding =
            words::with_help(wrong.at(name.span, "expected a compartment"), &name.text, "compartments", &known)
                .maybe_help(Some(format!("declare it: `compartment {} = 1`", name.text)));
        self.findings.push(finding);
    }

    fn participants(&mut self, side: &[Participant]) -> Vec<(String, f64)> {
        let mut found = Vec::with_capacity(side.len());
        for Participant { stoichiometry, species } in side {
            if !(*stoichiometry > 0.0 && stoichiometry.is_finite()) {
                self.findings.push(
                    Diagnostic::error("out-of-bounds", format!("`{}` takes part {stoichiometry} times", species.text))
                        .at(species.span, "expected a number above 0 before it"),
                );
            }
            let wrong = match self.symbols.all.get(&species.text) {
                Some((SymbolKind::Species, _)) => {
                    found.push((species.text.clone(), *stoichiometry));
                    continue;
                }
                Some((SymbolKind::Assignment, place)) => {
                    Diagnostic::error("rule-and-reaction", format!("`{}` has both a rule and a reaction", species.text))
                        .at(species.span, "a reaction would change it")
                        .at(*place, "its value is given here")
                }
                Some((kind, _)) => Diagnostic::error(
                    "wrong-kind",
                    format!("`{}` is {}, not a species", species.text, kind.described()),
                )
                .at(species.span, "expected a species"),
                None => Diagnostic::error("unknown-symbol", format!("there is no species `{}`", species.text))
                    .at(species.span, "unknown")
                    .maybe_help(words::near(&species.text, self.symbols.of(|kind| kind == SymbolKind::Species)))
                    .maybe_help(
                        self.symbols
                            .of(|kind| kind == SymbolKind::Compartment)
                            .first()
                            .map(|compartment| format!("declare it: `species {} in {compartment} = 0`", species.text)),
                    ),
            };
            self.findings.push(wrong);
        }
        found
    }

    fn rate_rule(&mut self, network: &mut Network, variable: &Name, value: &Expr) {
        let known = self.variable(variable, "a rate rule");
        let expression = self.formula(value);
        if !known {
            return;
        }
        if network.rates.iter().any(|rule| rule.variable == variable.text) {
            self.findings.push(
                Diagnostic::error("duplicate-name", format!("`{}` has two rate rules", variable.text))
                    .at(variable.span, "the second one"),
            );
        } else if let Some(expression) = expression {
            network.rates.push(Rule { variable: variable.text.clone(), expression });
        }
    }

    /// Can a rate rule or an event change this?
    fn variable(&mut self, name: &Name, by: &str) -> bool {
        let wrong = match self.symbols.all.get(&name.text) {
            Some((SymbolKind::Species | SymbolKind::Parameter, _)) => return true,
            Some((kind, place)) => Diagnostic::error(
                "wrong-kind",
                format!("`{}` is {}: {by} cannot change it", name.text, kind.described()),
            )
            .at(name.span, "expected a species or parameter")
            .at(*place, "declared here"),
            None => Diagnostic::error("unknown-symbol", format!("there is no variable `{}`", name.text))
                .at(name.span, "expected a species or parameter")
                .maybe_help(words::near(
                    &name.text,
                    self.symbols.of(|kind| matches!(kind, SymbolKind::Species | SymbolKind::Parameter)),
                ))
                .maybe_help(Some(format!("declare its initial value: `parameter {} = 0`", name.text))),
        };
        self.findings.push(wrong);
        // Formulas that use it are no errors of their own.
        self.symbols.all.entry(name.text.clone()).or_insert((SymbolKind::Parameter, name.span));
        false
    }

    fn event(&mut self, network: &mut Network, name: &Name, trigger: &Expr, entries: &[Entry]) {
        let trigger = self.formula(trigger);
        let mut assignments = Vec::new();
        for entry in entries {
            let EntryKind::Setting { key, value } = &entry.kind else {
                self.findings.push(misplaced(&entry.kind, entry.span, "event"));
                continue;
            };
            let expression = self.formula(value);
            if self.variable(key, "an event")
                && let Some(expression) = expression
            {
                assignments.push(Rule { variable: key.text.clone(), expression });
            }
        }
        if let Some(trigger) = trigger {
            network.events.push(Event::immediate(&name.text, trigger, assignments));
        }
    }

    /// Initial values stand over parameters and compartments; assignments in them are written out.
    fn initials(&mut self, network: &mut Network, species: Vec<(&Name, &Name, Span, Expression)>) {
        let mut known: BTreeMap<String, Expression> = BTreeMap::new();
        for rule in &network.assignments {
            if let Some(expression) = order::inlined(&rule.expression, &known) {
                known.insert(rule.variable.clone(), expression);
            }
        }
        for (name, compartment, span, initial) in species {
            let Some(initial) = order::inlined(&initial, &known) else {
                self.findings.push(
                    Diagnostic::error("too-deep", "this initial value grows too large when written out")
                        .at(span, "uses assignments that use each other many times"),
                );
                continue;
            };
            let mut used = BTreeSet::new();
            analysis::symbols(&initial, &mut used);
            let wrong = used.into_iter().find(|used| {
                *used == "time"
                    || !matches!(
                        self.symbols.all.get(*used),
                        Some((SymbolKind::Parameter | SymbolKind::Compartment, _))
                    )
            });
            if let Some(wrong) = wrong {
                let message = format!("the initial value of `{}` depends on `{wrong}`", name.text);
                self.findings.push(
                    Diagnostic::error("initial-value", message)
                        .at(span, "expected a formula over parameters and compartments"),
                );
            } else {
                network.species.push(Species::concentration(&name.text, &compartment.text, initial));
            }
        }
    }

    /// A symbol that a rate rule gives cannot be changed by reactions too.
    fn conflicts(&mut self, network: &Network) {
        for rule in &network.rates {
            let reacts = |reaction: &&Reaction| {
                reaction.reactants.iter().chain(&reaction.products).any(|(species, _)| *species == rule.variable)
            };
            if let Some(reaction) = network.reactions.iter().find(reacts)
                && let Some((_, place)) = self.symbols.all.get(&reaction.id)
            {
                let message = format!("`{}` has both a rule and a reaction", rule.variable);
                let mut finding =
                    Diagnostic::error("rule-and-reaction", message).at(*place, "this reaction changes it");
                if let Some((_, species)) = self.symbols.all.get(&rule.variable) {
                    finding = finding.at(*species, "a rate rule gives its derivative");
                }
                self.findings.push(finding);
            }
        }
    }
}

/// The labels of a `units { ... }` group.
pub(super) fn units(entries: &[Entry], findings: &mut Vec<Diagnostic>) -> Units {
    let mut units = Units::default();
    for entry in entries {
        let EntryKind::Setting { key, value } = &entry.kind else {
            findings.push(misplaced(&entry.kind, entry.span, "units"));
            continue;
        };
        let label = match &value.kind {
            ExprKind::Name(label) | ExprKind::Text(label) => Some(label.clone()),
            _ => {
                findings.push(
                    Diagnostic::error("wrong-type", "a unit is a label")
                        .at(value.span, "expected a word, or a text in quotes"),
                );
                None
            }
        };
        match key.text.as_str() {
            "time" => units.time = label,
            "concentration" => units.concentration = label,
            other => {
                let finding = Diagnostic::error("unknown-setting", format!("there is no unit of `{other}`"))
                    .at(key.span, "unknown");
                findings.push(words::with_help(finding, other, "units of", &["time", "concentration"]));
            }
        }
    }
    units
}

/// The nominal value of a parameter: a constant.
pub(super) fn parameter(name: &Name, value: &Expr, findings: &mut Vec<Diagnostic>) -> Option<f64> {
    let before = findings.len();
    let found = constant(value, findings);
    for finding in &mut findings[before..] {
        if finding.code == "not-constant" {
            finding.help = Some(format!("a parameter is a constant: for a formula, write `let {} = ...`", name.text));
        }
    }
    let found = found?;
    if found.is_finite() {
        return Some(found);
    }
    findings.push(
        Diagnostic::error("out-of-bounds", format!("the value of `{}` is infinite", name.text))
            .at(value.span, "expected a finite number"),
    );
    None
}
