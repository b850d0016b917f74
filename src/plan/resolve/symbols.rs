//! The symbols of a model or problem: one name space, checked for doubles and reserved words.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Span};
use crate::syntax::ast::Name;

use super::words;

/// What a symbol is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SymbolKind {
    Compartment,
    Parameter,
    Species,
    /// `let` or `rule x :=`.
    Assignment,
    Reaction,
    Event,
    Observable,
    Treatment,
}

impl SymbolKind {
    /// With its article.
    pub fn described(self) -> &'static str {
        match self {
            SymbolKind::Compartment => "a compartment",
            SymbolKind::Parameter => "a parameter",
            SymbolKind::Species => "a species",
            SymbolKind::Assignment => "an assigned variable",
            SymbolKind::Reaction => "a reaction",
            SymbolKind::Event => "an event",
            SymbolKind::Observable => "an observable",
            SymbolKind::Treatment => "a treatment",
        }
    }

    /// May a formula use it?
    pub fn valued(self) -> bool {
        matches!(self, Self::Compartment | Self::Parameter | Self::Species | Self::Assignment)
    }
}

/// Symbols by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Symbols {
    pub all: BTreeMap<String, (SymbolKind, Span)>,
}

impl Symbols {
    /// Adds a symbol, unless its name is taken, reserved or no name at all.
    pub fn declare(&mut self, name: &Name, kind: SymbolKind, findings: &mut Vec<Diagnostic>) -> bool {
        if name.text.is_empty() || name.text.contains(['.', '*']) {
            findings.push(
                Diagnostic::error("bad-name", format!("`{}` cannot be the name of {}", name.text, kind.described()))
                    .at(name.span, "expected letters, digits and underscores"),
            );
            return false;
        }
        if words::reserved_symbol(&name.text) {
            findings.push(
                Diagnostic::error("reserved-name", format!("`{}` is built in", name.text))
                    .at(name.span, format!("cannot be the name of {}", kind.described()))
                    .help(format!("choose another name, such as `{}_`", name.text)),
            );
            return false;
        }
        if let Some((first, place)) = self.all.get(&name.text) {
            findings.push(
                Diagnostic::error("duplicate-name", format!("`{}` is declared twice", name.text))
                    .at(name.span, format!("declared again, as {}", kind.described()))
                    .at(*place, format!("first declared here, as {}", first.described())),
            );
            return false;
        }
        self.all.insert(name.text.clone(), (kind, name.span));
        true
    }

    /// The names of one of these kinds.
    pub fn of(&self, fits: impl Fn(SymbolKind) -> bool) -> Vec<&str> {
        self.all.iter().filter(|(_, (kind, _))| fits(*kind)).map(|(name, _)| name.as_str()).collect()
    }

    /// The refusal of a name that no formula can use.
    pub fn unknown(&self, name: &str, span: Span) -> Diagnostic {
        if let Some((kind, place)) = self.all.get(name) {
            return Diagnostic::error("wrong-kind", format!("`{name}` is {} and has no value", kind.described()))
                .at(span, "expected a species, parameter, compartment or assigned variable")
                .at(*place, "declared here");
        }
        let finding = Diagnostic::error("unknown-symbol", format!("there is no symbol `{name}`")).at(span, "unknown");
        if super::kinetics::function(name).is_some() {
            return finding.help(format!("`{name}` is a function: write `{name}(...)`"));
        }
        if name == "t" {
            return finding.help("the time of the simulation is called `time`");
        }
        if name == "e" || name == "pi" {
            return finding.help("write the number, or `exp(1)`");
        }
        finding.maybe_help(words::near(name, self.of(SymbolKind::valued).into_iter().chain(["time"])))
    }
}
