//! What depends on what in a network: which symbols a formula uses, which change in time, which are kinetic constants.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::expression::Expression;
use crate::model::network::{Network, Parameter};

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

/// The symbols of an expression, and those of everything that it leads to: assignments, rates of reactions, and what
/// parameters are computed from at the start.
pub(in crate::plan) fn reach<'a>(network: &'a Network, start: BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    let rules = network.assignments.iter().map(|rule| (rule.variable.as_str(), &rule.expression));
    let rates = network.reactions.iter().map(|reaction| (reaction.id.as_str(), &reaction.rate));
    let initials = network.parameters.iter().filter_map(|one| Some((one.id.as_str(), one.initial.as_ref()?)));
    // An assignment is the value at the start too, so it goes before what is said for the start alone.
    let rules: BTreeMap<&str, &Expression> = initials.chain(rates).chain(rules).collect();
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

/// Species, parameters and compartments whose value changes in time by a reaction, a rate rule, an algebraic rule or an
/// event.
pub(in crate::plan) fn dynamic(network: &Network) -> BTreeSet<&str> {
    let mut found: BTreeSet<&str> = network.rates.iter().map(|rule| rule.variable.as_str()).collect();
    found.extend(network.algebraic.iter().flat_map(|constraint| &constraint.free).map(String::as_str));
    let boundary: BTreeSet<&str> =
        network.species.iter().filter(|species| species.boundary).map(|species| species.id.as_str()).collect();
    for reaction in &network.reactions {
        let mut net: BTreeMap<&str, f64> = BTreeMap::new();
        for (species, count) in &reaction.reactants {
            *net.entry(species).or_default() -= count;
        }
        for (species, count) in &reaction.products {
            *net.entry(species).or_default() += count;
        }
        let changed = net.into_iter().filter(|(_, change)| *change != 0.0).map(|(species, _)| species);
        let computed = reaction.computed.iter().map(|(species, _)| species.as_str());
        found.extend(changed.chain(computed).filter(|species| !boundary.contains(species)));
    }
    found.extend(network.events.iter().flat_map(|event| &event.assignments).map(|rule| rule.variable.as_str()));
    found
}

/// Parameters whose one value can be chosen: no rule, event or reaction changes them, and nothing computes them.
pub(in crate::plan) fn constants(network: &Network) -> Vec<&Parameter> {
    let mut taken = dynamic(network);
    taken.extend(network.assignments.iter().map(|rule| rule.variable.as_str()));
    let free = |one: &&Parameter| one.initial.is_none() && !taken.contains(one.id.as_str());
    network.parameters.iter().filter(free).collect()
}

/// Constant parameters that rate laws use, directly or through assignments, in the order of their declaration: those of
/// single reactions too, but neither compartments nor what only stoichiometries use.
pub(in crate::plan) fn kinetic(network: &Network) -> Vec<&str> {
    let mut used = BTreeSet::new();
    for reaction in &network.reactions {
        symbols(&reaction.rate, &mut used);
    }
    for rule in &network.rates {
        symbols(&rule.expression, &mut used);
    }
    let used = reach(network, used);
    constants(network).into_iter().map(|one| one.id.as_str()).filter(|name| used.contains(name)).collect()
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
        reaction.computed.iter().for_each(|(_, stoichiometry)| symbols(stoichiometry, &mut found));
    }
    network.algebraic.iter().for_each(|constraint| symbols(&constraint.expression, &mut found));
    let sizes = network.compartments.iter().filter_map(|one| one.initial.as_ref());
    let values = network.parameters.iter().filter_map(|one| one.initial.as_ref());
    sizes.chain(values).for_each(|initial| symbols(initial, &mut found));
    for event in &network.events {
        symbols(&event.trigger, &mut found);
        event.delay.iter().chain(&event.priority).for_each(|part| symbols(part, &mut found));
        for rule in &event.assignments {
            symbols(&rule.expression, &mut found);
        }
    }
    found.extend(network.rates.iter().map(|rule| rule.variable.as_str()));
    found
}
