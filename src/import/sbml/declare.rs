//! Collects the ids of a model, so that its elements can stand in any order.

use super::findings::Findings;
use super::level::Level;
use super::symbols::{Kind, Symbols};
use super::tree::{Node, Space};
use crate::diagnostic::{Diagnostic, suggest};

/// The lists of a model whose elements have ids that formulas share.
const LISTS: &[(&str, Kind)] = &[
    ("listOfFunctionDefinitions", Kind::Function),
    ("listOfCompartmentTypes", Kind::Other),
    ("listOfSpeciesTypes", Kind::Other),
    ("listOfCompartments", Kind::Compartment),
    ("listOfSpecies", Kind::Species),
    ("listOfParameters", Kind::Parameter),
    ("listOfReactions", Kind::Reaction),
    ("listOfEvents", Kind::Event),
];

/// Other lists of a model. What they say changes no trajectory, or is read by itself.
const OTHERS: &[&str] = &["listOfUnitDefinitions", "listOfInitialAssignments", "listOfRules", "listOfConstraints"];

/// Children of a `model` element that SBML does not have: what was meant is not read.
pub(super) fn unknown_lists(model: &Node, findings: &mut Findings) {
    let known = || LISTS.iter().map(|(list, _)| *list).chain(OTHERS.iter().copied());
    for child in model.children.iter().filter(|child| child.space == Space::Core) {
        if !known().any(|list| list == &*child.name) {
            let help = suggest(&child.name, known()).map(|list| format!("did you mean <{list}>?"));
            let message = format!("<{}> is no part of a model, and is left out", child.name);
            findings.push(Diagnostic::warning("unknown-element", message).at(child.span, "not known").maybe_help(help));
        }
    }
}

/// The ids of a `model` element.
pub(super) fn declare(model: &Node, level: Level, findings: &mut Findings) -> Symbols {
    let mut symbols = Symbols::default();
    for (list, kind) in LISTS {
        for node in model.list(list) {
            one(node, *kind, level, &mut symbols, findings);
            if *kind == Kind::Reaction && level.level > 1 {
                for list in ["listOfReactants", "listOfProducts"] {
                    node.list(list).for_each(|part| one(part, Kind::Participant, level, &mut symbols, findings));
                }
                node.list("listOfModifiers").for_each(|part| one(part, Kind::Other, level, &mut symbols, findings));
            }
        }
    }
    symbols
}

fn one(node: &Node, kind: Kind, level: Level, symbols: &mut Symbols, findings: &mut Findings) {
    let Some(id) = node.attribute(level.id()) else { return };
    let id = id.trim();
    let span = node.span_of(level.id());
    if id.is_empty() {
        return;
    }
    let starts = id.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    if !starts || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        let message = format!("`{id}` is not an id");
        let finding = Diagnostic::error("wrong-id", message).at(span, format!("of this <{}>", node.name));
        findings.push(finding.help("ids are letters, digits and underscores, and do not begin with a digit"));
    }
    symbols.declare(id, kind, span, findings);
}
