//! Benchmarks: a trial for each problem, method and repeat, and the verdict over all of them.

use super::super::key::Key;
use super::super::node::Stage;
use super::super::resolve::Declaration;
use super::super::schema::show;
use super::super::trial::{Benchmark, Method, Place, Trial};
use super::dataset::Feed;
use super::read::{blind_within, count, defect, descent, number, sources, word};
use super::rounds::Asked;
use super::{Builder, HIT};
use crate::diagnostic::Diagnostic;
use crate::schema::Value;

impl Builder<'_> {
    /// The node of a benchmark's verdict.
    pub(super) fn benchmark(&mut self, declaration: &Declaration) -> Result<usize, Diagnostic> {
        let name = &declaration.name;
        let development = declaration.words("development");
        let problems: Vec<String> =
            declaration.words("problems").into_iter().chain(development.iter().copied()).map(str::to_owned).collect();
        let petab_names = self.petab_names(&problems);
        let written = match declaration.value("methods") {
            Some(Value::List(items)) => items.clone(),
            _ => Vec::new(),
        };
        let labels = labels(&written);
        let budget = count(declaration, "budget.count", 20_000) as f64;
        let repeats = count(declaration, "repeats", 20);
        let blind = blind_within(declaration);
        let mut inputs: Vec<usize> = problems.iter().map(|problem| self.problem(problem)).collect();
        let mut trials = Vec::new();
        for (problem_at, problem) in problems.iter().enumerate() {
            for (method_at, value) in written.iter().enumerate() {
                let (method, generator) = method(declaration, value)?;
                for blind in std::iter::once(None).chain(blind.map(Some)) {
                    // Only what learns from the training set changes when the set is blind.
                    if blind.is_some() && !method.learns() {
                        continue;
                    }
                    for repeat in 0..repeats {
                        let feed = Feed { dataset: word(declaration, "training"), problem, blind, repeat };
                        let mut needs = vec![inputs[problem_at]];
                        let mut charged = Vec::new();
                        let (mut filter, mut rounds_before) = (None, 0);
                        let of_problem = self.experiment.problems[problem].outside.as_deref();
                        let outside = generator.as_ref().and(declaration.word("outside").or(of_problem));
                        let outside = outside.map(str::to_owned);
                        if let Some(generator) = &generator {
                            let procedure = self.procedure(None, generator)?;
                            let asked = Asked {
                                owner: &format!("{name}.{problem}"),
                                feed,
                                conditions: procedure.conditions.clone(),
                                replicates: procedure.replicates,
                                outside: outside.clone().unwrap_or_else(|| "reflect".to_owned()),
                                places: sources(declaration, &[("outside", "outside")]),
                            };
                            let used = self.in_rounds(generator, &asked, &procedure)?;
                            needs.extend([self.plan.nodes[used.first].inputs[1], used.rows, used.trained]);
                            needs.extend(used.classifier);
                            rounds_before = used.before.len();
                            needs.extend(used.before);
                            filter = procedure.filter.map(|(filter, _)| filter);
                            charged = self.searched(generator, problem, used.first)?;
                        } else if method.learns() {
                            let rows = self.dataset(feed)?;
                            needs.extend([self.plan.nodes[rows].inputs[1], rows]);
                        }
                        let stage = Stage::Trial(Trial {
                            method: method.clone(),
                            then: descent(declaration, "then")?.unwrap_or_default(),
                            budget,
                            gradient_cost: number(declaration, "gradient_cost").unwrap_or(4.0),
                            repeat,
                            charged,
                            outside,
                            filter,
                            rounds_before,
                        });
                        let suffix = if blind.is_some() { ".blind" } else { "" };
                        let label = &labels[method_at];
                        let places = sources(
                            declaration,
                            &[
                                ("method", "methods"),
                                ("then", "then"),
                                ("budget", "budget"),
                                ("gradient_cost", "gradient_cost"),
                                ("repeat", "repeats"),
                                ("outside", "outside"),
                            ],
                        );
                        inputs.push(self.node(
                            format!("trial.{name}.{problem}.{label}{suffix}.repeat_{repeat:02}"),
                            stage,
                            needs,
                            places,
                        ));
                        let place = Place { problem: problem_at, method: method_at, blind: blind.is_some(), repeat };
                        trials.push(place);
                    }
                }
            }
        }
        let stage = Stage::Benchmark(Benchmark {
            problems,
            methods: labels,
            trials,
            budget,
            tolerance: HIT,
            resamples: 2_000,
            development: development.len(),
            petab_names,
        });
        Ok(self.node(format!("benchmark.{name}"), stage, inputs, sources(declaration, &[("budget", "budget")])))
    }

    /// What problems are called in the `PEtab` collection; nothing where none of them has such a name.
    fn petab_names(&self, problems: &[String]) -> Vec<String> {
        let names = problems.iter().map(|name| self.experiment.problems[name].petab_name.clone().unwrap_or_default());
        let names: Vec<String> = names.collect();
        if names.iter().all(String::is_empty) { Vec::new() } else { names }
    }

    /// The descents that a search over a generator's settings learnt from on the same problem, unless they are those of
    /// its training set.
    fn searched(&mut self, generator: &str, problem: &str, rows: usize) -> Result<Vec<Key>, Diagnostic> {
        let experiment = self.experiment;
        let tune = experiment.generators[generator].word("kind.tune").and_then(|tune| experiment.tunes.get(tune));
        let Some(tune) = tune.filter(|tune| word(tune, "problem") == problem) else { return Ok(Vec::new()) };
        let searched = self.dataset(Feed { dataset: word(tune, "dataset"), problem, blind: None, repeat: 0 })?;
        let descents = |rows: usize| self.plan.nodes[self.plan.nodes[rows].inputs[1]].key.clone();
        Ok(if descents(searched) == descents(rows) { Vec::new() } else { vec![descents(searched)] })
    }
}

/// The typed form of a method, and the generator that it names.
fn method(declaration: &Declaration, value: &Value) -> Result<(Method, Option<String>), Diagnostic> {
    match value {
        Value::Text(generator) => {
            let condition = number(declaration, "condition").unwrap_or(0.0);
            Ok((Method::Generator { condition }, Some(generator.clone())))
        }
        other => Ok((Method::of(other).map_err(defect(declaration))?, None)),
    }
}

/// What each method is called: its word, with its settings where several have the same word.
fn labels(methods: &[Value]) -> Vec<String> {
    let name = |value: &Value| match value {
        Value::Text(name) | Value::Choice(name, _) => name.clone(),
        _ => String::new(),
    };
    let names: Vec<String> = methods.iter().map(name).collect();
    methods
        .iter()
        .zip(&names)
        .map(|(value, one)| match names.iter().filter(|other| *other == one).count() {
            1 => one.clone(),
            _ => show(value),
        })
        .collect()
}
