//! Assignments in an order in which each uses only earlier ones.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Diagnostic, Span};
use crate::model::expression::Expression;
use crate::model::network::Rule;

use super::analysis::symbols;

/// Nodes that an initial value may have after assignments are written out in it.
const MOST_NODES: usize = 100_000;

/// Sorts assignments by what they use, keeping the written order where it is free; a circle is a finding.
pub(super) fn ordered(rules: Vec<(Rule, Span)>, findings: &mut Vec<Diagnostic>) -> Vec<Rule> {
    let index: BTreeMap<&str, usize> =
        rules.iter().enumerate().map(|(index, (rule, _))| (rule.variable.as_str(), index)).collect();
    let needs: Vec<BTreeSet<usize>> = rules
        .iter()
        .map(|(rule, _)| {
            let mut used = BTreeSet::new();
            symbols(&rule.expression, &mut used);
            used.iter().filter_map(|name| index.get(name).copied()).collect()
        })
        .collect();
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); rules.len()];
    let mut missing: Vec<usize> = needs.iter().map(BTreeSet::len).collect();
    for (user, needed) in needs.iter().enumerate() {
        for &needed in needed {
            users[needed].push(user);
        }
    }
    let mut ready: BTreeSet<usize> = (0..rules.len()).filter(|index| missing[*index] == 0).collect();
    let mut order = Vec::with_capacity(rules.len());
    while let Some(next) = ready.pop_first() {
        order.push(next);
        for user in &users[next] {
            missing[*user] -= 1;
            if missing[*user] == 0 {
                ready.insert(*user);
            }
        }
    }
    if let Some(start) = (0..rules.len()).find(|index| missing[*index] > 0) {
        findings.push(circle(start, &rules, &needs, &missing));
    }
    let mut slots: Vec<Option<Rule>> = rules.into_iter().map(|(rule, _)| Some(rule)).collect();
    order.into_iter().filter_map(|index| slots[index].take()).collect()
}

/// One circle among the assignments that are left.
fn circle(start: usize, rules: &[(Rule, Span)], needs: &[BTreeSet<usize>], missing: &[usize]) -> Diagnostic {
    let mut path = vec![start];
    loop {
        // Every assignment that is left needs another one that is left, so the walk must come back to itself.
        let last = path[path.len() - 1];
        let Some(next) = needs[last].iter().copied().find(|next| missing[*next] > 0) else { break };
        if let Some(at) = path.iter().position(|seen| *seen == next) {
            path.drain(..at);
            path.push(next);
            break;
        }
        path.push(next);
    }
    let names: Vec<_> = path.iter().map(|index| format!("`{}`", rules[*index].0.variable)).collect();
    let mut finding = Diagnostic::error("circular-definition", format!("defined by itself: {}", names.join(" -> ")));
    for (number, index) in path.iter().take(path.len().saturating_sub(1).clamp(1, 6)).enumerate() {
        finding = finding.at(rules[*index].1, if number == 0 { "uses itself" } else { "through this" });
    }
    finding
}

/// An expression with the assignments in it written out; `None` when it grows beyond all measure.
pub(super) fn inlined(expression: &Expression, known: &BTreeMap<String, Expression>) -> Option<Expression> {
    fits(expression, known).then(|| substitute(expression, known))
}

fn substitute(expression: &Expression, known: &BTreeMap<String, Expression>) -> Expression {
    match expression {
        Expression::Symbol(name) => known.get(name).cloned().unwrap_or_else(|| expression.clone()),
        Expression::Apply(function, arguments) => {
            Expression::Apply(*function, arguments.iter().map(|argument| substitute(argument, known)).collect())
        }
        Expression::Number(_) | Expression::Time => expression.clone(),
    }
}

/// Would the expression stay below [`MOST_NODES`], with assignments written out?
fn fits(expression: &Expression, known: &BTreeMap<String, Expression>) -> bool {
    let mut open = vec![expression];
    let mut count = 0;
    while let Some(expression) = open.pop() {
        count += 1;
        if count >= MOST_NODES {
            return false;
        }
        match expression {
            Expression::Apply(_, arguments) => open.extend(arguments),
            // What stands for the name holds no assignment any more.
            Expression::Symbol(name) => open.extend(known.get(name)),
            Expression::Number(_) | Expression::Time => {}
        }
    }
    true
}
