//! What changes each variable of a model, and whether it may.

use std::collections::{BTreeMap, BTreeSet};

use super::declared::{Declared, RuleKind};
use super::findings::Findings;
use crate::diagnostic::{Diagnostic, Span};

/// What determines a variable over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// An assignment rule.
    Assignment,
    /// A rate rule.
    Rate,
    /// Reactions.
    Reactions,
}

/// A compartment, species, parameter or stoichiometry.
#[derive(Debug)]
pub(super) struct Variable {
    pub span: Span,
    pub constant: bool,
    pub by: Option<(By, Span)>,
    /// An event sets it.
    pub by_event: bool,
}

/// All variables by id.
pub(super) type Variables<'a> = BTreeMap<&'a str, Variable>;

/// Finds what changes each variable; changes that cannot be are findings.
pub(super) fn find<'a>(declared: &'a Declared, findings: &mut Findings) -> Variables<'a> {
    let mut variables = Variables::new();
    let mut add = |id: &'a str, span: Span, constant: bool| {
        variables.insert(id, Variable { span, constant, by: None, by_event: false });
    };
    declared.compartments.iter().for_each(|one| add(&one.id, one.span, one.constant));
    declared.species.iter().for_each(|one| add(&one.id, one.span, one.constant));
    declared.parameters.iter().for_each(|one| add(&one.id, one.span, one.constant));
    for participant in declared.reactions.iter().flat_map(|reaction| &reaction.participants) {
        if let Some(id) = &participant.id {
            add(id, participant.span, participant.constant);
        }
    }
    by_reactions(declared, &mut variables, findings);
    for rule in &declared.rules {
        let Some(variable) = variables.get_mut(rule.variable.as_str()) else { continue };
        let (by, word) = match rule.kind {
            RuleKind::Assignment => (By::Assignment, "an assignment rule"),
            RuleKind::Rate => (By::Rate, "a rate rule"),
        };
        if variable.constant {
            findings.push(of_constant(&rule.variable, word, rule.span, variable.span));
        } else if let Some((before, span)) = variable.by {
            let (code, message, label) = match before {
                By::Reactions => ("rule-and-reaction", "is changed by a reaction and by a rule", "changed here"),
                _ => ("two-rules", "has two rules", "the first rule"),
            };
            findings.push(
                Diagnostic::error(code, format!("`{}` {message}", rule.variable)).at(rule.span, word).at(span, label),
            );
        } else {
            variable.by = Some((by, rule.span));
        }
    }
    for (id, initial) in &declared.initial {
        if let Some(Variable { by: Some((By::Assignment, span)), .. }) = variables.get(id.as_str()) {
            findings.push(
                Diagnostic::error("two-values", format!("`{id}` has an initial assignment and an assignment rule"))
                    .at(initial.span, "the initial assignment")
                    .at(*span, "the rule, which holds at the start too"),
            );
        }
    }
    by_events(declared, &mut variables, findings);
    variables
}

fn by_reactions(declared: &Declared, variables: &mut Variables, findings: &mut Findings) {
    let boundary: BTreeSet<&str> =
        declared.species.iter().filter(|species| species.boundary).map(|species| species.id.as_str()).collect();
    for reaction in &declared.reactions {
        for participant in &reaction.participants {
            let id = participant.species.as_str();
            let Some(variable) = variables.get_mut(id).filter(|_| !boundary.contains(id)) else { continue };
            if variable.constant {
                let word = format!("reaction `{}`", reaction.id);
                let finding = of_constant(id, &word, participant.span, variable.span);
                findings.push(finding.help("boundaryCondition=\"true\" says that reactions leave it alone"));
            } else {
                variable.by = Some((By::Reactions, participant.span));
            }
        }
    }
}

fn by_events(declared: &Declared, variables: &mut Variables, findings: &mut Findings) {
    for event in &declared.events {
        for assignment in &event.assignments {
            let Some(variable) = variables.get_mut(assignment.variable.as_str()) else { continue };
            let word = format!("event `{}`", event.id);
            if variable.constant {
                findings.push(of_constant(&assignment.variable, &word, assignment.span, variable.span));
            } else if let Some((By::Assignment, span)) = variable.by {
                let message =
                    format!("{word} sets `{}`, which an assignment rule determines at all times", assignment.variable);
                findings
                    .push(Diagnostic::error("two-rules", message).at(assignment.span, "set here").at(span, "the rule"));
            }
            variable.by_event = true;
        }
    }
}

fn of_constant(id: &str, word: &str, at: Span, declared: Span) -> Diagnostic {
    Diagnostic::error("constant-changed", format!("`{id}` is constant, and {word} changes it"))
        .at(at, "changed here")
        .at(declared, "declared constant here")
        .help("a constant quantity has to be declared with constant=\"false\" to be changed")
}
