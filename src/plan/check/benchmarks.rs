//! Rules of `benchmark`.

use std::collections::BTreeSet;

use crate::diagnostic::Diagnostic;
use crate::plan::resolve::{Declaration, Experiment};
use crate::plan::schema::show;
use crate::plan::trial::Method;
use crate::schema::Value;

use super::place;

/// Lists of problems of a benchmark.
const LISTS: [&str; 2] = ["problems", "development"];

/// Puts the problems of families in place of their names.
pub(in crate::plan) fn fill(experiment: &mut Experiment, findings: &mut Vec<Diagnostic>) {
    let Experiment { families, benchmarks, problems, .. } = experiment;
    for benchmark in benchmarks.values_mut() {
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for list in LISTS {
            let mut meant: Vec<Value> = Vec::new();
            for (index, name) in benchmark.words(list).into_iter().enumerate() {
                let own = [name.to_owned()];
                let members = families.get(name).map_or(&own[..], |family| family.problems.as_slice());
                if let Some(twice) = members.iter().find(|member| !seen.insert((*member).clone())) {
                    findings.push(
                        Diagnostic::error("duplicate-value", format!("the problem `{twice}` is listed twice"))
                            .at(place(benchmark, &format!("{list}.{index}")), "listed again")
                            .help("a problem is a headline one or a development one, and the name of a family means each of its problems"),
                    );
                }
                // What could not be made has been told.
                meant.extend(members.iter().filter(|member| problems.contains_key(*member)).cloned().map(Value::Text));
            }
            if !meant.is_empty() {
                benchmark.settings.insert(list.to_owned(), Value::List(meant));
            }
        }
    }
}

pub(super) fn run(experiment: &Experiment, findings: &mut Vec<Diagnostic>) {
    for benchmark in experiment.benchmarks.values() {
        let Some(Value::List(methods)) = benchmark.value("methods") else { continue };
        for (index, method) in methods.iter().enumerate() {
            if methods[..index].contains(method) {
                findings.push(
                    Diagnostic::error("duplicate-value", format!("the method `{}` is listed twice", show(method)))
                        .at(place(benchmark, "methods"), "expected each method once"),
                );
            }
        }
        frozen(experiment, benchmark, methods, findings);
        let learner = methods.iter().find(|method| match method {
            Value::Text(_) => true,
            other => Method::of(other).is_ok_and(|method| method.learns()),
        });
        if let Some(learner) = learner
            && benchmark.value("training") == Some(&Value::Absent)
        {
            findings.push(
                Diagnostic::error(
                    "missing-setting",
                    format!("`{}` learns, and has nothing to learn from", show(learner)),
                )
                .at(place(benchmark, "methods"), "needs a training set")
                .help("add `training = NAME`, the name of a dataset"),
            );
        }
    }
}

/// Where some problems are for development, settings that a tune chose on a headline problem are not frozen for it.
fn frozen(experiment: &Experiment, benchmark: &Declaration, methods: &[Value], findings: &mut Vec<Diagnostic>) {
    if benchmark.words("development").is_empty() {
        return;
    }
    let headline = benchmark.words("problems");
    for method in methods {
        let Value::Text(name) = method else { continue };
        let tune = experiment.generators.get(name).and_then(|generator| generator.word("kind.tune"));
        let Some(tune) = tune.and_then(|tune| experiment.tunes.get(tune)) else { continue };
        let Some(problem) = tune.word("problem").filter(|problem| headline.contains(problem)) else { continue };
        findings.push(
            Diagnostic::warning(
                "tuned-on-headline",
                format!("`{name}` is tuned on `{problem}`, a headline problem of `{}`", benchmark.name),
            )
            .at(place(tune, "problem"), "expected a problem of `development`")
            .at(
                place(benchmark, "problems"),
                "run with settings that were not frozen before, and charged for the search",
            ),
        );
    }
}
