//! `treatment high { Epo = 10, before = steady_state(resting) }`

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Span};
use crate::model::problem::{Preequilibration, Treatment};
use crate::plan::check;
use crate::syntax::ast::{Entry, EntryKind, Expr, ExprKind, Name};

use super::super::settings::misplaced;
use super::super::symbols::SymbolKind;
use super::super::words;
use super::Builder;

impl Builder<'_> {
    pub(super) fn treatments(&mut self, entries: &[&Entry]) -> Option<Vec<Treatment>> {
        let mut found = Vec::new();
        let mut places = BTreeMap::new();
        for entry in entries {
            let EntryKind::Group { name: Some(name), entries, .. } = &entry.kind else { continue };
            let mut treatment = Treatment { id: name.text.clone(), overrides: Vec::new(), before: None };
            let mut first: BTreeMap<&str, Span> = BTreeMap::new();
            for inner in entries {
                let EntryKind::Setting { key, value } = &inner.kind else {
                    self.findings.push(misplaced(&inner.kind, inner.span, "treatment"));
                    continue;
                };
                if let Some(first) = first.insert(&key.text, key.span) {
                    self.findings.push(
                        Diagnostic::error("duplicate-setting", format!("`{}` is said twice", key.text))
                            .at(key.span, "said again")
                            .at(first, "first said here"),
                    );
                } else if key.text == "before" {
                    if let Some((before, span)) = self.before(value) {
                        places.insert(name.text.clone(), span);
                        treatment.before = Some(Preequilibration { treatment: before });
                    }
                } else if let Some(expression) = self.formula(value, None)
                    && self.overridable(key)
                {
                    treatment.overrides.push((key.text.clone(), expression));
                }
            }
            if found.iter().all(|known: &Treatment| known.id != treatment.id) {
                found.push(treatment);
            }
        }
        if found.is_empty() {
            found.push(Treatment { id: "default".to_owned(), overrides: Vec::new(), before: None });
        }
        check::treatments::run(&found, &places, self.findings);
        Some(found)
    }

    fn overridable(&mut self, key: &Name) -> bool {
        let fits = |kind| matches!(kind, SymbolKind::Parameter | SymbolKind::Compartment | SymbolKind::Species);
        let wrong = match self.symbols.all.get(&key.text) {
            Some((kind, _)) if fits(*kind) => return true,
            Some((kind, place)) => Diagnostic::error(
                "wrong-kind",
                format!("`{}` is {}: a treatment cannot set it", key.text, kind.described()),
            )
            .at(key.span, "expected a parameter, a compartment or the initial value of a species")
            .at(*place, "declared here"),
            None => Diagnostic::error("unknown-symbol", format!("there is no parameter `{}`", key.text))
                .at(key.span, "expected a parameter, a compartment or a species")
                .maybe_help(words::near(&key.text, self.symbols.of(fits).into_iter().chain(["before"]))),
        };
        self.findings.push(wrong);
        false
    }

    /// The treatment in `steady_state(treatment)`.
    fn before(&mut self, value: &Expr) -> Option<(String, Span)> {
        if let ExprKind::Call { name, arguments } = &value.kind
            && name.text == "steady_state"
            && let [argument] = arguments.as_slice()
            && let ExprKind::Name(treatment) = &argument.value.kind
        {
            return Some((treatment.clone(), argument.value.span));
        }
        self.findings.push(
            Diagnostic::error("wrong-type", "`before` holds a steady state")
                .at(value.span, "expected `steady_state(treatment)`"),
        );
        None
    }
}
