//! Preequilibration leads from treatment to treatment, and must end.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Span};
use crate::model::problem::Treatment;
use crate::plan::resolve::{listed, near};

/// `places`: where each treatment names the one before it.
pub(in crate::plan) fn run(treatments: &[Treatment], places: &BTreeMap<String, Span>, findings: &mut Vec<Diagnostic>) {
    let before: BTreeMap<&str, &str> = treatments
        .iter()
        .filter_map(|treatment| Some((treatment.id.as_str(), treatment.before.as_ref()?.treatment.as_str())))
        .collect();
    let names = || treatments.iter().map(|treatment| treatment.id.as_str());
    for (treatment, other) in &before {
        let Some(place) = places.get(*treatment) else { continue };
        if !names().any(|name| name == *other) {
            let help = near(other, names()).or_else(|| listed("treatments", names()));
            findings.push(
                Diagnostic::error("unknown-symbol", format!("there is no treatment `{other}`"))
                    .at(*place, "expected a treatment of this problem")
                    .maybe_help(help),
            );
            continue;
        }
        let mut path = vec![*treatment];
        let mut last = *other;
        while !path.contains(&last) {
            path.push(last);
            match before.get(last) {
                Some(next) => last = next,
                None => break,
            }
        }
        // Each circle is reported once, at its first treatment.
        let closed = path.len() > 1 || last == *treatment;
        if closed && last == *treatment && path.iter().min() == Some(treatment) {
            path.push(last);
            findings.push(
                Diagnostic::error(
                    "circular-definition",
                    format!("treatments before themselves: {}", path.join(" -> ")),
                )
                .at(*place, "leads back to itself"),
            );
        }
    }
}
