//! Rules of `benchmark`.

use crate::diagnostic::Diagnostic;
use crate::plan::resolve::Experiment;
use crate::plan::schema::show;
use crate::plan::trial::Method;
use crate::schema::Value;

use super::place;

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
