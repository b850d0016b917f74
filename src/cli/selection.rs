//! The columns of a trajectory: `time,S1,amount(S2),concentration(S3),2*k`.

use std::collections::BTreeSet;

use crate::diagnostic::suggest;
use crate::model::expression::{Expression, Function};
use crate::model::network::{Network, Parameter, Rule};
use crate::plan::resolve;

/// A column: its header as written, and what it holds.
pub(super) type Selected = (String, Expression);

/// Time, then every species, then every parameter and compartment that can change, in the meaning of their ids.
pub(super) fn default(network: &Network) -> Vec<Selected> {
    let rules = network.assignments.iter().chain(&network.rates);
    let rules = rules.chain(network.events.iter().flat_map(|event| &event.assignments));
    let mut changing: BTreeSet<&str> = rules.map(|rule| rule.variable.as_str()).collect();
    changing.extend(network.algebraic.iter().flat_map(|constraint| constraint.free.iter().map(String::as_str)));
    let changes = |id: &str, variable: bool| variable || changing.contains(id);
    let species = network.species.iter().map(|species| &species.id);
    let parameters = network.parameters.iter().filter(|one| changes(&one.id, one.variable)).map(|one| &one.id);
    let compartments = network.compartments.iter().filter(|one| changes(&one.id, one.variable)).map(|one| &one.id);
    let ids = species.chain(parameters).chain(compartments);
    let columns = ids.map(|id| (id.clone(), Expression::Symbol(id.clone())));
    std::iter::once(("time".to_owned(), Expression::Time)).chain(columns).collect()
}

/// The network with an assigned variable for each column, which the trajectory then has by its header's number.
pub(super) fn with_columns(network: &Network, selected: &[Selected]) -> (Network, Vec<String>) {
    let mut network = network.clone();
    let mut names = Vec::with_capacity(selected.len());
    for (index, (_, expression)) in selected.iter().enumerate() {
        // No id has a blank in it.
        let name = format!("column {index}");
        network.parameters.push(Parameter { variable: true, ..Parameter::constant(&name, 0.0) });
        network.assignments.push(Rule { variable: name.clone(), expression: expression.clone() });
        names.push(name);
    }
    (network, names)
}

/// Reads a selection; the error says what is wrong with it.
pub(super) fn read(text: &str, network: &Network) -> Result<Vec<Selected>, String> {
    let ids = ids(network);
    let items = items(text);
    if items.iter().any(|item| item.is_empty()) {
        return Err(format!("`--select {text}`: a column is empty"));
    }
    items.into_iter().map(|item| Ok((item.to_owned(), column(item, network, &ids)?))).collect()
}

/// The items between commas, those in parentheses left alone.
fn items(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut items) = (0_usize, 0, Vec::new());
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                items.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(text[start..].trim());
    items
}

/// Everything that has a value.
fn ids(network: &Network) -> BTreeSet<&str> {
    let species = network.species.iter().map(|one| one.id.as_str());
    let parameters = network.parameters.iter().map(|one| one.id.as_str());
    let compartments = network.compartments.iter().map(|one| one.id.as_str());
    let reactions = network.reactions.iter().map(|one| one.id.as_str());
    let assigned = network.assignments.iter().map(|one| one.variable.as_str());
    species.chain(parameters).chain(compartments).chain(reactions).chain(assigned).collect()
}

fn column(item: &str, network: &Network, ids: &BTreeSet<&str>) -> Result<Expression, String> {
    if ids.contains(item) {
        return Ok(Expression::Symbol(item.to_owned()));
    }
    if item == "time" {
        return Ok(Expression::Time);
    }
    let called = item.split_once('(').and_then(|(name, rest)| Some((name.trim(), rest.strip_suffix(')')?.trim())));
    match called {
        Some((word @ ("amount" | "concentration"), id)) => quantity(word, id, network),
        Some(("rateOf", id)) if ids.contains(id) => {
            Ok(Expression::Apply(Function::RateOf, vec![Expression::Symbol(id.to_owned())]))
        }
        Some(("rateOf", id)) => Err(unknown(id, ids)),
        _ if item.chars().all(|letter| letter.is_alphanumeric() || letter == '_') => Err(unknown(item, ids)),
        _ => resolve::formula(item, ids).map_err(|wrong| format!("`--select {item}`: {wrong}")),
    }
}

/// The amount or the concentration of a species, whichever of them its id means.
fn quantity(word: &str, id: &str, network: &Network) -> Result<Expression, String> {
    let Some(species) = network.species.iter().find(|species| species.id == id) else {
        let near = suggest(id, network.species.iter().map(|species| species.id.as_str()));
        let help = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        return Err(format!("`--select {word}({id})`: there is no species `{id}`{help}"));
    };
    let symbol = Expression::Symbol(id.to_owned());
    let size = Expression::Symbol(species.compartment.clone());
    Ok(match (word, species.amount) {
        ("amount", false) => Expression::Apply(Function::Multiply, vec![symbol, size]),
        ("concentration", true) => Expression::Apply(Function::Divide, vec![symbol, size]),
        _ => symbol,
    })
}

fn unknown(id: &str, ids: &BTreeSet<&str>) -> String {
    let near = suggest(id, ids.iter().copied().chain(["time"]));
    let help = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    format!("`--select {id}`: the model has no `{id}`{help}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::network::{Compartment, Species};

    #[test]
    fn commas_in_parentheses_separate_nothing() {
        assert_eq!(items("time, S1 ,max(a, b),f((1),2)"), ["time", "S1", "max(a, b)", "f((1),2)"]);
        assert_eq!(items("a,,b"), ["a", "", "b"]);
    }

    #[test]
    fn amounts_and_concentrations_follow_the_meaning_of_the_id() {
        let mut network = Network { compartments: vec![Compartment::constant("c", 2.0)], ..Network::default() };
        network.species.push(Species::concentration("A", "c", Expression::Number(1.0)));
        network.species.push(Species { amount: true, ..Species::concentration("B", "c", Expression::Number(1.0)) });
        let read = |text: &str| read(text, &network);
        let plain = |id: &str| Expression::Symbol(id.to_owned());
        assert_eq!(
            read("concentration(A),amount(B)"),
            Ok(vec![("concentration(A)".to_owned(), plain("A")), ("amount(B)".to_owned(), plain("B")),])
        );
        assert!(matches!(&read("amount(A)").unwrap_or_default()[..], [(_, Expression::Apply(Function::Multiply, _))]));
        assert!(matches!(&read("2*A")  .unwrap_or_default()[..], [(name, _)] if name == "2*A"));
        for wrong in ["amount(X)", "Aa", "rateOf(x)", "2*x", "a,,b", "", "A)", "(A"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
