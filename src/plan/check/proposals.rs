//! Rules of `generate`.

use crate::diagnostic::Diagnostic;
use crate::plan::resolve::{Declaration, Experiment, Origin};
use crate::plan::schema::plain;
use crate::schema::Value;

use super::place;

/// As many descents as replicates, where nothing else is said.
pub(super) fn fill(experiment: &mut Experiment) {
    for generate in experiment.generates.values_mut() {
        if generate.settings.get("starts") == Some(&Value::Absent)
            && let Some(replicates) = generate.settings.get("replicates").cloned()
        {
            generate.settings.insert("starts".to_owned(), replicates);
            generate.origins.insert("starts".to_owned(), Origin::Default);
        }
    }
}

pub(super) fn run(experiment: &Experiment, findings: &mut Vec<Diagnostic>) {
    for generate in experiment.generates.values() {
        judged_by_others(experiment, generate, findings);
        let conditions: Vec<f64> = match generate.value("conditions") {
            Some(Value::List(items)) => items
                .iter()
                .filter_map(|item| match item {
                    Value::Number(value) => Some(*value),
                    _ => None,
                })
                .collect(),
            _ => continue,
        };
        let mut sorted = conditions.clone();
        sorted.sort_by(f64::total_cmp);
        if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            findings.push(
                Diagnostic::error("duplicate-value", format!("the condition {} is listed twice", plain(twice[0])))
                    .at(place(generate, "conditions"), "expected each condition once"),
            );
        }
        if let Some(Value::Number(at)) = generate.value("refine_at")
            && generate.word("refine") != Some("none")
            && !conditions.contains(at)
        {
            let listed: Vec<_> = conditions.iter().map(|value| plain(*value)).collect();
            findings.push(
                Diagnostic::error("out-of-bounds", format!("`refine_at = {}` is none of the conditions", plain(*at)))
                    .at(place(generate, "refine_at"), "no proposals to descend from")
                    .help(format!("conditions: {}", listed.join(", "))),
            );
        }
    }
}

/// Rows that something learnt from cannot judge it.
fn judged_by_others(experiment: &Experiment, generate: &Declaration, findings: &mut Vec<Diagnostic>) {
    let (Some(learnt), Some(judges)) = (generate.word("dataset"), generate.word("held_out")) else { return };
    let (Some(one), Some(other)) = (experiment.datasets.get(learnt), experiment.datasets.get(judges)) else { return };
    let same = match (experiment.row_files.get(learnt), experiment.row_files.get(judges)) {
        (Some(one), Some(other)) => one.checksum == other.checksum,
        // Recipes that start alike and descend alike are made of the same descents.
        (None, None) => {
            ["start", "descend"].iter().all(|setting| one.settings.get(*setting) == other.settings.get(*setting))
        }
        _ => false,
    };
    if same {
        findings.push(
            Diagnostic::error("not-held-out", format!("the rows of `{judges}` are those that `{learnt}` is made of"))
                .at(place(generate, "held_out"), "cannot judge what learnt from them")
                .help("another number of starts, or another rule of descent, makes other descents"),
        );
    }
}
