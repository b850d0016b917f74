//! What depends on what in a network: which symbols a formula uses, which change in time, which are kinetic constants.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::expression::Expression;
use crate::model::network::Network;

/// Adds the symbols of an expression; time is the symbol `time`.
pub(in crate::plan) fn symbols<'a>(expression: &'a Expression, found: &mut BTreeSet<&'a str>) {
    match expression {
        Expression::Number(_) => {}
        Expression::Symbol(name) => {
            found.insert(name);
        }
        Expression::Time => {
            found.insert("time");
        }
        Expression::Apply(_, arguments) => arguments.iter().for_each(|argument| symbols(argument, found)),
    }
}

/// The symbols of an expression, and those of every assignment that it leads to.
pub(in crate::plan) fn reach<'a>(network: &'a Network, start: BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    let rules: BTreeMap<&str, &Expression> =
        network.assignments.iter().map(|rule| (rule.variable.as_str(), &rule.expression)).collect();
    let mut open: Vec<&str> = start.iter().copied().collect();
    let mut found = start;
    while let Some(name) = open.pop() {
        let Some(expression) = rules.get(name) else { continue };
        let mut inner = BTreeSet::new();
        symbols(expression, &mut inner);
        open.extend(inner.into_iter().filter(|name| found.insert(name)));
    }
    found
}

/// Species and parameters whose value changes in time by a reaction, a rate rule or an event.
pub(in crate::plan) fn dynamic(network: &Network) -> BTreeSet<&str> {
    let mut found: BTreeSet<&str> = network.rates.iter().map(|rule| rule.variable.as_str()).collect();
    for reaction in &network.reactions {
        let mut net: BTreeMap<&str, f64> = BTreeMap::new();
        for (species, count) in &reaction.reactants {
            *net.entry(species).or_default() -= count;
        }
        for (species, count) in &reaction.products {
            *net.entry(species).or_default() += count;
        }
        found.extend(net.into_iter().filter(|(_, change)| *change != 0.0).map(|(species, _)| species));
    }
    found.extend(network.events.iter().flat_map(|event| &event.assignments).map(|rule| rule.variable.as_str()));
    found
}

/// Constant parameters that rate laws use, directly or through assignments, in the order of their declaration.
pub(in crate::plan) fn kinetic(network: &Network) -> Vec<&str> {
    let mut used = BTreeSet::new();
    for reaction in &network.reactions {
        symbols(&reaction.rate, &mut used);
    }
    for rule in &network.rates {
        symbols(&rule.expression, &mut used);
    }
    let used = reach(network, used);
    let changing = dynamic(network);
    let names = network.parameters.iter().map(|parameter| parameter.id.as_str());
    names.filter(|name| used.contains(name) && !changing.contains(name)).collect()
}

/// Every symbol that something in the network uses.
pub(in crate::plan) fn used(network: &Network) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for species in &network.species {
        symbols(&species.initial, &mut found);
    }
    for rule in network.assignments.iter().chain(&network.rates) {
        symbols(&rule.expression, &mut found);
    }
    for reaction in &network.reactions {
        symbols(&reaction.rate, &mut found);
    }
    for event in &network.events {
        symbols(&event.trigger, &mut found);
        for rule in &event.assignments {
            symbols(&rule.expression, &mut found);
        }
    }
    found.extend(network.rates.iter().map(|rule| rule.variable.as_str()));
    found
}
