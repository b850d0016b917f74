//! The names that one file may use: its own declarations and its imports.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Span;

/// Kinds and places of the visible names.
#[derive(Debug, Clone, Default)]
pub(in crate::plan) struct Scope {
    names: BTreeMap<String, (String, Span)>,
    /// Families whose members are not known, for a reason that has been told.
    unknown: BTreeSet<String>,
}

impl Scope {
    /// Adds a name; returns the place of an earlier one of the same name, which then stays.
    pub fn insert(&mut self, name: &str, kind: &str, span: Span) -> Option<Span> {
        if let Some((_, first)) = self.names.get(name) {
            return Some(*first);
        }
        self.names.insert(name.to_owned(), (kind.to_owned(), span));
        None
    }

    /// Notes that a family's members are not known.
    pub fn leave_open(&mut self, family: &str) {
        self.unknown.insert(family.to_owned());
    }

    /// Could the name be that of a member of a family whose members are not known?
    pub fn may_be_member(&self, name: &str) -> bool {
        name.split_once('.').is_some_and(|(family, _)| self.unknown.contains(family))
    }

    /// The kind of a name.
    pub fn kind(&self, name: &str) -> Option<&str> {
        self.names.get(name).map(|(kind, _)| kind.as_str())
    }

    /// The names of some kinds.
    pub fn of(&self, kinds: &[&str]) -> Vec<&str> {
        self.names
            .iter()
            .filter(|(_, (kind, _))| kinds.contains(&kind.as_str()))
            .map(|(name, _)| name.as_str())
            .collect()
    }
}
