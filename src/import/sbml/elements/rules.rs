//! Initial assignments and rules.

use std::collections::BTreeMap;

use super::super::declared::{Assigned, Declared, Rule, RuleKind};
use super::super::symbols::Kind;
use super::super::tree::Node;
use super::{Elements, Locals, described};
use crate::diagnostic::Diagnostic;

impl Elements<'_> {
    pub(super) fn initial_assignments(&mut self, model: &Node) -> BTreeMap<String, Assigned> {
        let mut assigned: BTreeMap<String, Assigned> = BTreeMap::new();
        for node in model.list("listOfInitialAssignments") {
            let Some(id) = self.variable(node, "symbol") else { continue };
            let place = format!("the initial assignment of `{id}`");
            let Some(expression) = self.formula(node, &place, &Locals::new()) else { continue };
            if let Some(before) = assigned.get(&id) {
                let message = format!("`{id}` has two initial assignments");
                self.findings.push(
                    Diagnostic::error("two-values", message)
                        .at(node.span, "the second one")
                        .at(before.span, "the first"),
                );
                continue;
            }
            assigned.insert(id, Assigned { expression, span: node.span });
        }
        assigned
    }

    pub(super) fn rules(&mut self, model: &Node, declared: &mut Declared) {
        for node in model.list("listOfRules") {
            if &*node.name == "algebraicRule" {
                if let Some(expression) = self.formula(node, "an algebraic rule", &Locals::new()) {
                    declared.algebraic.push(Assigned { expression, span: node.span });
                }
                continue;
            }
            let (attribute, kind) = match &*node.name {
                "assignmentRule" => ("variable", RuleKind::Assignment),
                "rateRule" => ("variable", RuleKind::Rate),
                "compartmentVolumeRule" => ("compartment", level_1(node)),
                "parameterRule" => ("name", level_1(node)),
                "speciesConcentrationRule" => ("species", level_1(node)),
                "specieConcentrationRule" => ("specie", level_1(node)),
                other => {
                    let message = format!("<{other}> is not a rule");
                    self.findings.push(Diagnostic::error("unknown-element", message).at(node.span, "not known"));
                    continue;
                }
            };
            let Some(variable) = self.variable(node, attribute) else { continue };
            let word = if kind == RuleKind::Rate { "rate" } else { "assignment" };
            let place = format!("the {word} rule of `{variable}`");
            if let Some(expression) = self.formula(node, &place, &Locals::new()) {
                declared.rules.push(Rule { kind, variable, expression, span: node.span });
            }
        }
    }

    /// The variable that an attribute names.
    pub(super) fn variable(&mut self, node: &Node, attribute: &str) -> Option<String> {
        let Some(id) = node.attribute(attribute).map(str::trim) else {
            let message = format!("{} has no `{attribute}`", described(node, self.level));
            self.findings.push(Diagnostic::error("missing-attribute", message).at(node.span, "this element"));
            return None;
        };
        let span = node.span_of(attribute);
        match self.symbols.kind(id) {
            Some(kind) if kind.is_variable() => Some(id.to_owned()),
            Some(kind) => {
                let message = format!("<{}> sets `{id}`, which is {}", node.name, kind.word());
                let label = "expected a compartment, species, parameter or species reference";
                self.findings.push(Diagnostic::error("wrong-reference", message).at(span, label));
                None
            }
            None => {
                let help = self.symbols.suggestion(id, Kind::is_variable, self.findings);
                let message = format!("<{}> sets `{id}`, which is not defined", node.name);
                let finding = Diagnostic::error("unknown-symbol", message).at(span, "nothing has this id");
                self.findings.push(finding.maybe_help(help));
                None
            }
        }
    }
}

/// Level 1 has one element for rules of either kind.
fn level_1(node: &Node) -> RuleKind {
    if node.attribute("type").map(str::trim) == Some("rate") { RuleKind::Rate } else { RuleKind::Assignment }
}
