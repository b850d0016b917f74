//! `observable y = formula noise normal(sd)`

use crate::diagnostic::{Diagnostic, Span};
use crate::model::expression::Expression;
use crate::model::problem::{Noise, NoiseDistribution, Observable, Scale};
use crate::plan::check;
use crate::syntax::ast::{Entry, EntryKind, Expr, ExprKind, Name};

use super::super::{kinetics, words};
use super::Builder;

impl Builder<'_> {
    /// The observables, and whether all of them could be built.
    pub(super) fn observables(&mut self, entries: &[&Entry]) -> (Option<Vec<Observable>>, bool) {
        let mut found = Vec::new();
        let mut complete = true;
        for entry in entries {
            let EntryKind::Observable { name, formula, noise } = &entry.kind else { continue };
            let place = formula.span;
            let formula = self.formula(formula, None);
            let Some(noise) = noise else {
                self.findings.push(
                    Diagnostic::error("missing-noise", format!("observable `{}` has no noise", name.text))
                        .at(name.span, "expected `noise ...` after the formula")
                        .help("how far may a measurement lie from it? add `noise normal(sd)`, `lognormal(sd)` or `laplace(scale)`"),
                );
                complete = complete && formula.is_some();
                // The table can still be checked against its name.
                if let Some(formula) = formula {
                    found.push(Observable { id: name.text.clone(), formula, noise: placeholder_noise() });
                }
                continue;
            };
            let own = formula.as_ref().map(|formula| (name.text.as_str(), formula));
            let noise = self.noise(noise, own);
            match (formula, noise) {
                (Some(formula), noise) => {
                    self.fed(name, place, &formula);
                    let noise = noise.unwrap_or_else(placeholder_noise);
                    found.push(Observable { id: name.text.clone(), formula, noise });
                }
                _ => complete = false,
            }
        }
        (Some(found), complete)
    }

    /// Can the value of an observable change at all?
    fn fed(&mut self, name: &Name, place: Span, formula: &Expression) {
        if let Some(finding) = check::problem::unfed(&self.parts.model.network, &name.text, formula) {
            self.findings.push(finding.at(place, "uses no species that changes"));
        }
    }

    fn noise(&mut self, expr: &Expr, own: Option<(&str, &Expression)>) -> Option<Noise> {
        const KNOWN: [&str; 6] = ["normal", "lognormal", "log10_normal", "laplace", "log_laplace", "log10_laplace"];
        let expected = "expected normal(sd), lognormal(sd), log10_normal(sd) or laplace(scale)";
        let ExprKind::Call { name, arguments } = &expr.kind else {
            self.findings.push(Diagnostic::error("wrong-type", "noise is a distribution").at(expr.span, expected));
            return None;
        };
        let (distribution, transformation) = match name.text.as_str() {
            "normal" => (NoiseDistribution::Normal, Scale::Linear),
            "lognormal" => (NoiseDistribution::Normal, Scale::Log),
            "log10_normal" => (NoiseDistribution::Normal, Scale::Log10),
            "laplace" => (NoiseDistribution::Laplace, Scale::Linear),
            "log_laplace" => (NoiseDistribution::Laplace, Scale::Log),
            "log10_laplace" => (NoiseDistribution::Laplace, Scale::Log10),
            other => {
                let finding = Diagnostic::error("unknown-choice", format!("there is no noise `{other}`"));
                self.findings.push(finding.at(name.span, expected).maybe_help(words::near(other, KNOWN)));
                return None;
            }
        };
        let [argument] = arguments.as_slice() else {
            let message = format!("`{}` takes 1 argument; here are {}", name.text, arguments.len());
            self.findings.push(Diagnostic::error("argument-count", message).at(name.span, expected));
            return None;
        };
        let scale = self.formula(&argument.value, own)?;
        let constant = kinetics::evaluate(&scale);
        if constant <= 0.0 {
            self.findings.push(
                Diagnostic::error("out-of-bounds", "noise needs a width above 0")
                    .at(argument.value.span, "expected more than 0"),
            );
            return None;
        }
        Some(Noise { distribution, transformation, scale })
    }
}

/// Stands in for noise that is missing or wrong while the rest of a problem, which fails anyway, is checked.
fn placeholder_noise() -> Noise {
    Noise { distribution: NoiseDistribution::Normal, transformation: Scale::Linear, scale: Expression::Number(1.0) }
}
