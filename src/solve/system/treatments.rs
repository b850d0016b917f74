//! What treatments set, and which constants they make different.

use super::super::SolveError;
use super::super::dag::{BuildError, Dag, Id, build};
use super::blueprint::Blueprint;
use super::names::{Kind, Mode, Names, Resolver, explain};
use super::roles::Roles;
use crate::model::expression::Expression;
use std::collections::{BTreeMap, BTreeSet};

/// What treatments set.
pub struct Treatments {
    /// Estimated and fixed parameters, whether the network has them or not.
    pub problem: Names,
    /// The start values and constants that each treatment sets.
    pub overrides: Vec<Names>,
    none: Names,
}

impl Treatments {
    /// Reads the treatments of a blueprint.
    pub fn new(dag: &mut Dag, blueprint: &Blueprint, roles: &Roles) -> Result<Self, SolveError> {
        let mut problem = Names::new();
        for (id, &value) in &blueprint.fixed {
            problem.insert(id.clone(), dag.number(value));
        }
        for (index, id) in blueprint.estimated.iter().enumerate() {
            problem.insert(id.clone(), dag.parameter(index));
        }
        let mut treatments = Self { problem, overrides: Vec::new(), none: Names::new() };
        for treatment in &blueprint.treatments {
            let mut names = Names::new();
            for (id, expression) in *treatment {
                if roles.assigned.contains_key(id.as_str()) {
                    let text = format!("`{id}` has an assignment rule, so that no other value can be given to it");
                    return Err(SolveError::Value(text));
                }
                let variable = roles.species.contains_key(id.as_str()) || roles.declared.contains_key(id.as_str());
                if !variable && !treatments.problem.contains_key(id) {
                    return Err(SolveError::UnknownSymbol { symbol: id.clone(), place: "a treatment".to_owned() });
                }
                names.insert(id.clone(), treatments.value(dag, roles, expression, id)?);
            }
            treatments.overrides.push(names);
        }
        Ok(treatments)
    }

    /// One resolver of start values a treatment.
    pub fn starts<'a, 'r>(&'r self, roles: &'r Roles<'a>) -> Vec<Resolver<'a, 'r>> {
        let starts = self.overrides.iter();
        starts.map(|overrides| Resolver::new(roles, &self.none, overrides, &self.problem)).collect()
    }

    /// The value that a treatment gives to an id: over the problem's parameters and the network's nominal constants.
    fn value(&self, dag: &mut Dag, roles: &Roles, expression: &Expression, id: &str) -> Result<Id, SolveError> {
        let built = build(dag, expression, &mut |dag: &mut Dag, symbol: &str| {
            let known = self.problem.get(symbol).copied();
            known.or_else(|| roles.declared.get(symbol).map(|&(value, _)| dag.number(value)))
        });
        built.map_err(|error: BuildError| explain(error, &format!("a treatment's value of `{id}`")))
    }
}

/// Each constant's node in the model; where treatments differ it is a setting, of which the second result holds the
/// node in each treatment.
pub fn settings<'a>(
    dag: &mut Dag,
    blueprint: &Blueprint,
    roles: &Roles<'a>,
    treatments: &Treatments,
    starts: &mut [Resolver<'a, '_>],
) -> Result<(Names, Vec<Vec<Id>>), SolveError> {
    let mut all: BTreeMap<String, Vec<Id>> = BTreeMap::new();
    for id in roles.constants() {
        let nodes = starts.iter_mut().map(|start| start.resolve(dag, (Mode::Start, Kind::Value, id)));
        all.insert(id.to_owned(), nodes.collect::<Result<_, _>>()?);
    }
    let variables: BTreeSet<&str> = roles.species.keys().chain(roles.declared.keys()).copied().collect();
    for (id, &node) in treatments.problem.iter().filter(|(id, _)| !variables.contains(id.as_str())) {
        let nodes = treatments.overrides.iter().map(|names| names.get(id).copied().unwrap_or(node));
        all.insert(id.clone(), nodes.collect());
    }
    let mut names = Names::new();
    let mut settings: Vec<Vec<Id>> = Vec::new();
    let mut places: BTreeMap<Vec<Id>, usize> = BTreeMap::new();
    for (id, values) in all {
        let first = values.first().copied().unwrap_or_else(|| dag.number(f64::NAN));
        let node = if values.iter().all(|&value| value == first) {
            first
        } else {
            let place = *places.entry(values).or_insert_with_key(|values| {
                settings.push(values.clone());
                settings.len() - 1
            });
            dag.parameter(blueprint.estimated.len() + place)
        };
        names.insert(id, node);
    }
    Ok((names, settings))
}
