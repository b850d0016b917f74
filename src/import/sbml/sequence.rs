//! The order of assignments, and what depends on itself.

use std::collections::{BTreeMap, BTreeSet};

use super::changes::Variables;
use super::declared::Declared;
use super::findings::Findings;
use super::order::{self, Loops};
use super::uses::symbols;
use crate::diagnostic::{Diagnostic, Span};
use crate::model::expression::Expression;
use crate::model::network::Network;

/// Puts the assignments into an order in which each uses only earlier ones, and checks that there is one, over time and
/// at the start.
pub(super) fn sort(network: &mut Network, declared: &Declared, variables: &Variables, findings: &mut Findings) {
    let graph = Graph::new(network, false);
    match graph.sorted() {
        Ok(order) => {
            let count = network.assignments.len();
            let places: Vec<usize> = order.into_iter().filter(|at| *at < count).collect();
            let mut rules: Vec<Option<_>> = std::mem::take(&mut network.assignments).into_iter().map(Some).collect();
            network.assignments = places.iter().filter_map(|at| rules[*at].take()).collect();
        }
        Err(loops) => {
            let ids = graph.ids.clone();
            report(
                &loops,
                &ids,
                "assignment rules and rates of reactions need each other",
                declared,
                variables,
                findings,
            );
            return;
        }
    }
    let graph = Graph::new(network, true);
    if let Err(loops) = graph.sorted() {
        let ids = graph.ids.clone();
        report(&loops, &ids, "values at the start need each other", declared, variables, findings);
    }
}

fn report(
    loops: &Loops,
    ids: &[&str],
    words: &str,
    declared: &Declared,
    variables: &Variables,
    findings: &mut Findings,
) {
    let mut places: BTreeMap<&str, Span> = BTreeMap::new();
    places.extend(variables.iter().map(|(id, variable)| (*id, variable.span)));
    places.extend(declared.reactions.iter().map(|reaction| (reaction.id.as_str(), reaction.span)));
    places.extend(declared.initial.iter().map(|(id, initial)| (id.as_str(), initial.span)));
    places.extend(declared.rules.iter().map(|rule| (rule.variable.as_str(), rule.span)));
    for members in &loops.loops {
        let path = order::path(members, |at| ids[at]);
        let mut finding = Diagnostic::error("circular-rules", format!("{words}: {path}"));
        for at in members.iter().take(3) {
            if let Some(span) = places.get(ids[*at]) {
                finding = finding.at(*span, format!("`{}` is part of the circle", ids[*at]));
            }
        }
        findings.push(finding);
    }
}

/// What each quantity needs to be computed: first the assignments, then the reactions, then, for the start, all others.
struct Graph<'a> {
    ids: Vec<&'a str>,
    needs: Vec<Vec<&'a str>>,
    /// What `rateOf` of a variable needs.
    rates: BTreeMap<&'a str, Vec<&'a Expression>>,
}

impl<'a> Graph<'a> {
    fn new(network: &'a Network, at_start: bool) -> Self {
        let mut graph = Self { ids: Vec::new(), needs: Vec::new(), rates: BTreeMap::new() };
        for rule in &network.rates {
            graph.rates.entry(&rule.variable).or_default().push(&rule.expression);
        }
        for reaction in &network.reactions {
            let plain = reaction.reactants.iter().chain(&reaction.products).map(|(id, _)| id);
            let computed = reaction.computed.iter().map(|(id, stoichiometry)| (id, Some(stoichiometry)));
            for (id, stoichiometry) in plain.map(|id| (id, None)).chain(computed) {
                let rates = graph.rates.entry(id).or_default();
                rates.push(&reaction.rate);
                rates.extend(stoichiometry);
            }
        }
        for rule in &network.assignments {
            graph.add(&rule.variable, &[&rule.expression]);
        }
        for reaction in &network.reactions {
            graph.add(&reaction.id, &[&reaction.rate]);
        }
        let assigned: BTreeSet<&str> = network.assignments.iter().map(|rule| rule.variable.as_str()).collect();
        for species in network.species.iter().filter(|species| !assigned.contains(species.id.as_str())) {
            match at_start {
                true => graph.add(&species.id, &[&species.initial]),
                false => graph.add(&species.id, &[]),
            }
            // A concentration is an amount in a volume, except where it is given as one at the start.
            let by_volume = if at_start { species.initial_amount } else { !species.amount };
            if by_volume && let Some(needs) = graph.needs.last_mut() {
                needs.push(&species.compartment);
            }
        }
        if at_start {
            let initial = network.parameters.iter().map(|one| (&one.id, &one.initial));
            let initial = initial.chain(network.compartments.iter().map(|one| (&one.id, &one.initial)));
            for (id, initial) in initial {
                if let Some(initial) = initial {
                    graph.add(id, &[initial]);
                }
            }
        }
        graph
    }

    fn add(&mut self, id: &'a str, expressions: &[&'a Expression]) {
        let mut needs = Vec::new();
        for expression in expressions {
            symbols(expression, &mut |id, rate| {
                if !rate {
                    needs.push(id);
                } else if let Some(rates) = self.rates.get(id) {
                    for rate in rates {
                        symbols(rate, &mut |id, _| needs.push(id));
                    }
                }
            });
        }
        needs.sort_unstable();
        needs.dedup();
        self.ids.push(id);
        self.needs.push(needs);
    }

    fn sorted(&self) -> Result<Vec<usize>, Loops> {
        let places: BTreeMap<&str, usize> = self.ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
        order::sort(self.ids.len(), |at| self.needs[at].iter().filter_map(|id| places.get(id).copied()).collect())
    }
}
