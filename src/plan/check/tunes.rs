//! A tune varies a generator that has settings of its own.

use crate::diagnostic::Diagnostic;
use crate::plan::resolve::Experiment;

use super::place;

pub(super) fn run(experiment: &Experiment, findings: &mut Vec<Diagnostic>) {
    for tune in experiment.tunes.values() {
        let Some(name) = tune.word("generator") else { continue };
        let chosen = experiment.generators.get(name).is_some_and(|generator| generator.word("kind") == Some("best"));
        if chosen {
            findings.push(
                Diagnostic::error("wrong-kind", format!("`{name}` is what a tune chose, and has no settings to vary"))
                    .at(place(tune, "generator"), "expected a generator with a block of its own"),
            );
        } else if tune.vary.is_empty() && experiment.generators.contains_key(name) {
            findings.push(
                Diagnostic::warning("nothing-varied", format!("tune `{}` varies nothing", tune.name))
                    .at(place(tune, "generator"), "every trial has the same settings")
                    .help("add a line such as `vary train.lr in 1e-5 .. 1e-2 log10`"),
            );
        }
    }
}
