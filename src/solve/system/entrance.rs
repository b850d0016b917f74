//! The compiled part of a treatment.

use super::super::SolveError;
use super::super::compiled::{CodeBuilder, FunctionIndex};
use super::super::dag::{Dag, Id, Tape};
use super::derive::derive;
use super::{Derived, Entrance, Entry, Term};
use std::collections::{BTreeMap, BTreeSet};

/// Compiles a treatment's `values`: settings, then start values of the states. `shaping` are the parameters and settings
/// that shape the trajectory, `by_parameter` the derivatives of the right-hand side by them.
pub fn entrance(
    dag: &mut Dag,
    code: &mut CodeBuilder,
    values: &[Id],
    (parameters, settings): (usize, usize),
    shaping: &BTreeSet<usize>,
    by_parameter: &[Entry],
) -> Result<Entrance, SolveError> {
    let plain = BTreeMap::new();
    let mut entries = Vec::new();
    let mut nodes = Vec::new();
    derive(dag, values, parameters, &mut entries, &mut nodes);
    let value: FunctionIndex = code.function(&Tape::new(dag, values, &plain))?;
    let derivative = code.function(&Tape::new(dag, &nodes, &plain))?;
    let mut lanes: BTreeSet<usize> = shaping.iter().copied().filter(|&place| place < parameters).collect();
    for entry in &entries {
        if entry.row >= settings || shaping.contains(&(parameters + entry.row)) {
            lanes.insert(entry.column);
        }
    }
    let lanes: Vec<usize> = lanes.into_iter().collect();
    let (pattern, terms) = terms(&lanes, &entries, parameters, by_parameter);
    let function = Derived { value, derivative, by_state: Vec::new(), by_parameter: entries };
    Ok(Entrance { function, before: None, kept: Vec::new(), lanes, pattern, terms })
}

impl Entrance {
    /// Lets the treatment start from the steady state of another one, whose lanes are `handed` on. `kept` says of each
    /// state whether it keeps its value of that steady state.
    pub fn follow(
        &mut self,
        before: usize,
        kept: Vec<bool>,
        handed: &[usize],
        parameters: usize,
        by_parameter: &[Entry],
    ) {
        self.before = Some(before);
        self.kept = kept;
        let lanes: BTreeSet<usize> = self.lanes.iter().chain(handed).copied().collect();
        self.lanes = lanes.into_iter().collect();
        (self.pattern, self.terms) = terms(&self.lanes, &self.function.by_parameter, parameters, by_parameter);
    }
}

/// Every product of a compiled derivative with a derivative of the entrance that lands in a lane, and the places of a
/// states x lanes matrix where they land.
fn terms(
    lanes: &[usize],
    entries: &[Entry],
    parameters: usize,
    by_parameter: &[Entry],
) -> (Vec<(usize, usize)>, Vec<Term>) {
    let lane = |parameter: usize| lanes.binary_search(&parameter).ok();
    let mut inner_of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, inner) in entries.iter().enumerate() {
        inner_of.entry(inner.row + parameters).or_default().push(place);
    }
    let mut raw = Vec::new();
    for (index, entry) in by_parameter.iter().enumerate() {
        if entry.column < parameters {
            if let Some(lane) = lane(entry.column) {
                raw.push((lane, entry.row, index, entry.column, None));
            }
            continue;
        }
        for &place in inner_of.get(&entry.column).into_iter().flatten() {
            if let Some(lane) = lane(entries[place].column) {
                raw.push((lane, entry.row, index, entries[place].column, Some(place)));
            }
        }
    }
    raw.sort_unstable();
    let mut pattern: Vec<(usize, usize)> = Vec::new();
    let mut terms = Vec::new();
    for (lane, row, entry, parameter, setting) in raw {
        if pattern.last() != Some(&(row, lane)) {
            pattern.push((row, lane));
        }
        terms.push(Term { entry, place: pattern.len() - 1, parameter, setting });
    }
    (pattern, terms)
}
