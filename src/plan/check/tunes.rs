//! A tune varies a generator that has settings of its own, and has no more rungs than trials and epochs allow.

use crate::diagnostic::Diagnostic;
use crate::learn::halving::{TooManyRungs, bracket, most_rungs};
use crate::plan::resolve::{Declaration, Experiment, Vary};
use crate::schema::Value;

use super::place;

pub(super) fn run(experiment: &Experiment, findings: &mut Vec<Diagnostic>) {
    for tune in experiment.tunes.values() {
        let Some(name) = tune.word("generator") else { continue };
        let generator = experiment.generators.get(name);
        if generator.is_some_and(|generator| generator.word("kind") == Some("best")) {
            findings.push(
                Diagnostic::error("wrong-kind", format!("`{name}` is what a tune chose, and has no settings to vary"))
                    .at(place(tune, "generator"), "expected a generator with a block of its own"),
            );
            continue;
        }
        if tune.vary.is_empty() && generator.is_some() {
            findings.push(
                Diagnostic::warning("nothing-varied", format!("tune `{}` varies nothing", tune.name))
                    .at(place(tune, "generator"), "every trial has the same settings")
                    .help("add a line such as `vary train.lr in 1e-5 .. 1e-2 log10`"),
            );
        }
        if let Some(generator) = generator.filter(|_| tune.word("trials") == Some("halving")) {
            halving(tune, generator, findings);
        }
    }
}

/// Rungs share out the epochs of the generator, which all trials must have, and as many.
fn halving(tune: &Declaration, generator: &Declaration, findings: &mut Vec<Diagnostic>) {
    let whole = |declaration: &Declaration, path: &str| match declaration.value(path) {
        Some(Value::Integer(value)) => usize::try_from(*value).ok(),
        _ => None,
    };
    let Some(epochs) = whole(generator, "train.epochs") else {
        findings.push(
            Diagnostic::error("wrong-kind", format!("`{}` has no epochs that rungs could share out", generator.name))
                .at(place(tune, "trials"), "expected a generator with `train.epochs`")
                .help("write `trials = random(...)`"),
        );
        return;
    };
    for vary in tune.vary.iter().filter(|vary| varies_epochs(vary, epochs)) {
        findings.push(
            Diagnostic::error("varied-epochs", "halving shares out the epochs, which cannot be varied as well")
                .at(vary.span, "gives trials other epochs")
                .at(place(tune, "trials"), "compares trials after as many epochs each")
                .help("leave `train.epochs` out of `vary`, or write `trials = random(...)`"),
        );
    }
    let (Some(trials), Some(eta)) = (whole(tune, "trials.count"), whole(tune, "trials.eta")) else { return };
    let Some(rungs) = whole(tune, "trials.rungs") else { return };
    if let Err(error) = bracket(trials, eta, rungs, epochs) {
        let most = most_rungs(trials, eta, epochs);
        let finding = Diagnostic::error("too-many-rungs", error.to_string())
            .at(place(tune, "trials.rungs"), format!("expected at most {most}"));
        findings.push(match error {
            TooManyRungs::Trials { .. } => finding,
            TooManyRungs::Epochs { .. } => {
                finding.at(place(generator, "train.epochs"), "the epochs that the rungs share out")
            }
        });
    }
}

/// Do the values differ in their epochs from those of the generator?
fn varies_epochs(vary: &Vary, epochs: usize) -> bool {
    let same = |value: &Value| match value {
        Value::Choice(_, fields) => fields.get("epochs") == i64::try_from(epochs).ok().map(Value::Integer).as_ref(),
        _ => false,
    };
    match vary.path.as_str() {
        "train" => !matches!(&vary.values, Value::List(items) if items.iter().all(same)),
        path => path.ends_with(".epochs") && path.starts_with("train."),
    }
}
