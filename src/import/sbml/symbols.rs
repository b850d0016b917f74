//! The ids of a model: one name space of all that formulas and rules may name.

use std::collections::BTreeMap;

use super::findings::Findings;
use crate::diagnostic::{Diagnostic, Span, suggest};

/// What an id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A function definition.
    Function,
    /// A compartment.
    Compartment,
    /// A species.
    Species,
    /// A global parameter.
    Parameter,
    /// A reaction; in formulas its rate.
    Reaction,
    /// A participant of a reaction; in formulas of Level 3 its stoichiometry.
    Participant,
    /// An event.
    Event,
    /// Something that formulas cannot name.
    Other,
}

impl Kind {
    /// Its word in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Function => "a function",
            Self::Compartment => "a compartment",
            Self::Species => "a species",
            Self::Parameter => "a parameter",
            Self::Reaction => "a reaction",
            Self::Participant => "a species reference",
            Self::Event => "an event",
            Self::Other => "no quantity",
        }
    }

    /// May formulas name it as a number?
    pub fn is_quantity(self) -> bool {
        matches!(self, Self::Compartment | Self::Species | Self::Parameter | Self::Reaction | Self::Participant)
    }

    /// May rules, initial assignments and events give it a value?
    pub fn is_variable(self) -> bool {
        self.is_quantity() && self != Self::Reaction
    }
}

/// All ids with what they name and where they are declared.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    declared: BTreeMap<String, (Kind, Span)>,
}

impl Symbols {
    /// Adds an id; one that is there already is a finding.
    pub fn declare(&mut self, id: &str, kind: Kind, span: Span, findings: &mut Findings) {
        if let Some((_, before)) = self.declared.get(id) {
            findings.push(
                Diagnostic::error("duplicate-id", format!("the id `{id}` is declared twice"))
                    .at(span, "here again")
                    .at(*before, "first here")
                    .help("all ids of a model but those of units and local parameters share one name space"),
            );
        } else {
            self.declared.insert(id.to_owned(), (kind, span));
        }
    }

    /// What an id names.
    pub fn kind(&self, id: &str) -> Option<Kind> {
        self.declared.get(id).map(|(kind, _)| *kind)
    }

    /// An id that is declared and may have been meant.
    pub fn suggestion(&self, id: &str, fits: fn(Kind) -> bool, findings: &Findings) -> Option<String> {
        /// In larger models looking at all ids for each finding would take long.
        const MOST_COMPARED: usize = 20_000;
        if !findings.may_suggest() {
            return None;
        }
        let candidates = self.declared.iter().filter(|(_, (kind, _))| fits(*kind)).map(|(id, _)| id.as_str());
        suggest(id, candidates.take(MOST_COMPARED)).map(|id| format!("did you mean `{id}`?"))
    }

    /// A name like this one that nothing has.
    pub fn unused(&self, name: &str) -> String {
        let mut name = name.to_owned();
        while self.declared.contains_key(&name) {
            name.push('_');
        }
        name
    }
}
