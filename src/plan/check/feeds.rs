//! A generator that no dataset feeds is never trained.

use std::collections::BTreeSet;

use crate::diagnostic::Diagnostic;
use crate::plan::resolve::Experiment;

use super::Places;

pub(super) fn run(experiment: &Experiment, places: &Places<'_>, findings: &mut Vec<Diagnostic>) {
    let fed = fed(experiment);
    for name in experiment.generators.keys() {
        if !fed.contains(name.as_str())
            && let Some(place) = places.get(&("generator", name.as_str()))
        {
            findings.push(
                Diagnostic::warning("unfed-generator", format!("no dataset feeds generator `{name}`"))
                    .at(*place, "never trained")
                    .help("name it in a `tune`, in the `from` of a `generate`, or in the `methods` of a `benchmark`"),
            );
        }
    }
}

/// Generators that something trains.
pub(super) fn fed(experiment: &Experiment) -> BTreeSet<&str> {
    let tuned = experiment.tunes.values().filter_map(|tune| tune.word("generator"));
    let generated = experiment.generates.values().flat_map(|generate| generate.words("from"));
    let compared = experiment.benchmarks.values().flat_map(|benchmark| benchmark.words("methods"));
    // What a tune chose was trained by the tune.
    let chosen =
        experiment.generators.iter().filter(|(_, one)| one.word("kind") == Some("best")).map(|(name, _)| name.as_str());
    tuned.chain(generated).chain(compared).chain(chosen).collect()
}
