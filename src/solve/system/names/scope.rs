//! Symbols whose nodes are known.

use super::super::super::SolveError;
use super::super::super::dag::{BuildError, Dag, Id, Scope};
use super::{Key, Kind, Mode, Names};
use std::collections::BTreeMap;

/// A scope in which all that is used is known.
pub struct Known<'k, 'a> {
    /// The nodes.
    pub nodes: &'k BTreeMap<Key<'a>, Id>,
    /// Further meanings of symbols.
    pub further: &'k Names,
    /// Where they are used.
    pub mode: Mode,
}

impl Scope for Known<'_, '_> {
    fn resolve(&mut self, _: &mut Dag, symbol: &str) -> Option<Id> {
        self.further.get(symbol).or_else(|| self.nodes.get(&(self.mode, Kind::Value, symbol))).copied()
    }

    fn rate(&mut self, _: &mut Dag, symbol: &str) -> Option<Id> {
        self.nodes.get(&(self.mode, Kind::Rate, symbol)).copied()
    }

    fn time(&mut self, dag: &mut Dag) -> Id {
        if self.mode == Mode::Start { dag.number(0.0) } else { dag.time() }
    }
}

/// Says where an expression went wrong.
pub fn explain(error: BuildError, place: &str) -> SolveError {
    match error {
        BuildError::Unknown(symbol) => SolveError::UnknownSymbol { symbol, place: place.to_owned() },
        BuildError::Arguments(function, count) => SolveError::Arguments { function, count, place: place.to_owned() },
    }
}
