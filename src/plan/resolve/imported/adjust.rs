//! What an experiment changes in an imported model: values of parameters, sizes of compartments, initial values of
//! species, labels of units.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Span};
use crate::model::expression::Expression;
use crate::model::network::Network;
use crate::syntax::ast::{Entry, EntryKind, Expr, Name};

use super::super::analysis::symbols;
use super::super::kinetics::{constant, evaluate};
use super::super::network::{Model, units};
use super::super::symbols::SymbolKind;
use super::super::words;

/// Values at the start that are computed from numbers alone become the nominal values.
pub(super) fn fold(network: &mut Network) {
    let number = |initial: &Expression| {
        let mut used = std::collections::BTreeSet::new();
        symbols(initial, &mut used);
        used.is_empty().then(|| evaluate(initial)).filter(|value| value.is_finite())
    };
    for parameter in &mut network.parameters {
        if let Some(value) = parameter.initial.as_ref().and_then(number) {
            parameter.value = value;
            parameter.initial = None;
        }
    }
    for compartment in &mut network.compartments {
        if let Some(size) = compartment.initial.as_ref().and_then(number) {
            compartment.size = size;
            compartment.initial = None;
        }
    }
}

/// Applies the lines in braces.
pub(super) fn adjust(model: &mut Model, entries: &[Entry], findings: &mut Vec<Diagnostic>) {
    let mut first: BTreeMap<&str, Span> = BTreeMap::new();
    for entry in entries {
        let (name, value, kind) = match &entry.kind {
            EntryKind::Parameter { name, value } => (name, value, SymbolKind::Parameter),
            EntryKind::Compartment { name, size } => (name, size, SymbolKind::Compartment),
            EntryKind::Species { name, compartment, initial } => {
                if let Some(compartment) = compartment {
                    housed(model, name, compartment, findings);
                }
                (name, initial, SymbolKind::Species)
            }
            EntryKind::Group { word, name: None, entries } if word.text == "units" => {
                let said = units(entries, findings);
                model.network.units.time = said.time.or(model.network.units.time.take());
                model.network.units.concentration = said.concentration.or(model.network.units.concentration.take());
                continue;
            }
            _ => {
                findings.push(
                    Diagnostic::error("unexpected-entry", "an imported model takes new values only")
                        .at(entry.span, "has no place here")
                        .help("expected lines such as `parameter k = 3`, `compartment c = 1`, `species S = 0` or `units { time = min }`"),
                );
                continue;
            }
        };
        if let Some(first) = first.insert(&name.text, name.span) {
            findings.push(
                Diagnostic::error("duplicate-setting", format!("`{}` is changed twice", name.text))
                    .at(name.span, "said again")
                    .at(first, "first said here"),
            );
            continue;
        }
        if let (true, Some(value)) = (known(model, name, kind, findings), number(name, value, kind, findings)) {
            put(&mut model.network, &name.text, kind, value);
            model.symbols.all.insert(name.text.clone(), (kind, entry.span));
        }
    }
}

/// Gives what has this id another value; the error says in words why it cannot have it.
pub(in super::super) fn overridden(network: &mut Network, id: &str, value: f64) -> Result<(), String> {
    if network.assignments.iter().any(|rule| rule.variable == id) {
        return Err(format!("a rule gives the value of `{id}` at all times"));
    }
    let kind = if network.parameters.iter().any(|one| one.id == id) {
        SymbolKind::Parameter
    } else if network.compartments.iter().any(|one| one.id == id) {
        SymbolKind::Compartment
    } else if network.species.iter().any(|one| one.id == id) {
        SymbolKind::Species
    } else {
        let parameters = network.parameters.iter().map(|one| one.id.as_str());
        let compartments = network.compartments.iter().map(|one| one.id.as_str());
        let species = network.species.iter().map(|one| one.id.as_str());
        let near = crate::diagnostic::suggest(id, parameters.chain(compartments).chain(species));
        let help = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        return Err(format!("the model has no parameter, compartment or species `{id}`{help}"));
    };
    if !value.is_finite() {
        return Err("expected a finite number".to_owned());
    }
    if kind == SymbolKind::Compartment && value <= 0.0 {
        return Err("the size of a compartment is above 0".to_owned());
    }
    put(network, id, kind, value);
    Ok(())
}

/// Does the model have such a thing, and can its value be chosen?
fn known(model: &Model, name: &Name, kind: SymbolKind, findings: &mut Vec<Diagnostic>) -> bool {
    let wanted = kind.described();
    let wrong = match model.symbols.all.get(&name.text) {
        Some((found, _)) if *found == kind => return true,
        Some((SymbolKind::Assignment, place)) => {
            Diagnostic::error("assigned", format!("a rule gives the value of `{}` at all times", name.text))
                .at(name.span, "another value would change nothing")
                .at(*place, "declared here")
        }
        Some((found, place)) => {
            Diagnostic::error("wrong-kind", format!("`{}` is {}, not {wanted}", name.text, found.described()))
                .at(name.span, format!("expected {wanted}"))
                .at(*place, "declared here")
        }
        None => {
            let candidates = model.symbols.of(|found| found == kind);
            let what = wanted.split_once(' ').map_or(wanted, |(_, word)| word);
            let finding = Diagnostic::error(
                "unknown-symbol",
                format!("model `{}` has no {what} `{}`", model.network.id, name.text),
            )
            .at(name.span, "unknown");
            words::with_help(finding, &name.text, "it has", &candidates)
        }
    };
    findings.push(wrong);
    false
}

/// A new value: finite, and for a compartment above 0.
fn number(name: &Name, value: &Expr, kind: SymbolKind, findings: &mut Vec<Diagnostic>) -> Option<f64> {
    let found = constant(value, findings)?;
    if found.is_finite() && (kind != SymbolKind::Compartment || found > 0.0) {
        return Some(found);
    }
    let expected =
        if kind == SymbolKind::Compartment { "expected a number above 0" } else { "expected a finite number" };
    let message = format!("{} cannot be the value of `{}`", crate::plan::schema::plain(found), name.text);
    findings.push(Diagnostic::error("out-of-bounds", message).at(value.span, expected));
    None
}

/// `species S in c = 1` may name the compartment, but not move the species.
fn housed(model: &Model, name: &Name, compartment: &Name, findings: &mut Vec<Diagnostic>) {
    let Some(species) = model.network.species.iter().find(|species| species.id == name.text) else { return };
    if species.compartment != compartment.text {
        findings.push(
            Diagnostic::error("wrong-compartment", format!("`{}` is in `{}`", name.text, species.compartment))
                .at(compartment.span, "an imported species stays where it is")
                .help(format!("write `species {} = ...`", name.text)),
        );
    }
}

fn put(network: &mut Network, id: &str, kind: SymbolKind, value: f64) {
    match kind {
        SymbolKind::Compartment => {
            for compartment in network.compartments.iter_mut().filter(|one| one.id == id) {
                compartment.size = value;
                compartment.initial = None;
            }
        }
        SymbolKind::Parameter => {
            for parameter in network.parameters.iter_mut().filter(|one| one.id == id) {
                parameter.value = value;
                parameter.initial = None;
            }
        }
        _ => {
            for species in network.species.iter_mut().filter(|one| one.id == id) {
                species.initial = Expression::Number(value);
                species.initial_amount = false;
            }
        }
    }
}
