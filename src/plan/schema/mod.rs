//! The registry of settings: one function for each kind of declaration. Checks, `--set`, `vary`, and the reference page
//! are derived from it.

mod benchmark;
mod dataset;
mod descent;
mod experiment;
mod family;
mod figure;
mod generate;
mod generator;
mod imported;
mod problem;
mod procedure;
mod reference;
mod tune;
mod uncertainty;

use crate::schema::{Choice, Field, Schema, Type, Value};

pub use benchmark::BENCHMARK_COLUMNS;
pub use family::model_families;
pub use figure::{GENERATE_COLUMNS, JUDGEMENT_COLUMNS, NAME_COLUMNS, SHARED_COLUMNS, TUNE_COLUMNS};
pub use imported::{imported_problem, model_sources, problem_sources};
pub(in crate::plan) use procedure::OF_USE;
pub use reference::{describe, plain, reference, show, with_article};
pub use uncertainty::{INTERVAL_COLUMNS, POSTERIOR_COLUMNS};

/// Every registered schema, in the order of the reference page.
#[must_use]
pub fn schemas() -> Vec<Schema> {
    let [model, imported] = imported::pages();
    let mut all = vec![
        experiment::schema(),
        model,
        problem::schema(),
        imported,
        family::page(),
        dataset::schema(),
        dataset::table(),
    ];
    all.extend(generator::schemas());
    all.extend([tune::schema(), generate::schema(), benchmark::schema()]);
    all.extend([uncertainty::posterior(), uncertainty::profile_likelihood()]);
    all.extend(figure::schemas());
    all.push(figure::table());
    all
}

/// The schema of a kind of declaration that has one schema.
#[must_use]
pub fn schema(kind: &str) -> Option<Schema> {
    match kind {
        "experiment" => Some(experiment::schema()),
        "problem" => Some(problem::schema()),
        "dataset" => Some(dataset::schema()),
        "tune" => Some(tune::schema()),
        "generate" => Some(generate::schema()),
        "benchmark" => Some(benchmark::schema()),
        "posterior" => Some(uncertainty::posterior()),
        "profile_likelihood" => Some(uncertainty::profile_likelihood()),
        "table" => Some(figure::table()),
        _ => None,
    }
}

/// A kind of declaration whose settings depend on one of them: `generator` on `kind`, `figure` on `draw`.
#[derive(Debug, Clone)]
pub struct Variants {
    /// The setting that decides.
    pub key: &'static str,
    /// The schemas, by the value of that setting.
    pub known: Vec<(&'static str, Schema)>,
    /// Values that a later stage brings, with what they mean.
    pub not_yet: Vec<(&'static str, &'static str)>,
}

/// The variants of `generator` and `figure`; `None` for other kinds.
#[must_use]
pub fn variants(kind: &str) -> Option<Variants> {
    let (key, schemas, not_yet) = match kind {
        "generator" => ("kind", generator::schemas(), generator::not_yet()),
        "figure" => ("draw", figure::schemas(), figure::NOT_YET.to_vec()),
        _ => return None,
    };
    let known = schemas
        .into_iter()
        .map(|schema| (schema.kind.split_once(' ').map_or(schema.kind, |(_, variant)| variant), schema))
        .collect();
    Some(Variants { key, known, not_yet })
}

/// The generator that a tune chooses: `generator tuned = best(cvae_search)`.
#[must_use]
pub fn best() -> Choice {
    Choice::new(
        "best",
        "the generator with the settings of the trial that a tune chose",
        vec![Field::required("tune", Type::Reference(&["tune"]), "the tune")],
    )
}

/// The settings of a dataset whose rows are in a table.
#[must_use]
pub fn dataset_table() -> Schema {
    dataset::table()
}

/// The value of a choice whose settings all have their defaults.
#[must_use]
pub fn filled(choice: &Choice) -> Value {
    let settings = choice
        .fields
        .iter()
        .map(|field| (field.name.to_owned(), field.default.clone().unwrap_or(Value::Absent)))
        .collect();
    Value::Choice(choice.name.to_owned(), settings)
}

/// A setting that holds one of several choices; the first one with its defaults is the default.
fn one_of(name: &'static str, choices: Vec<Choice>, doc: &'static str) -> Field {
    let default = choices.first().map_or(Value::Absent, filled);
    Field::new(name, Type::Choice(choices), default, doc)
}

/// A choice without settings.
fn word(name: &'static str, doc: &'static str) -> Choice {
    Choice::new(name, doc, Vec::new())
}

/// A whole number with bounds and a default.
fn integer(name: &'static str, least: i64, most: i64, default: i64, doc: &'static str) -> Field {
    Field::new(name, Type::Integer { least, most }, Value::Integer(default), doc)
}

/// A real number with bounds and a default.
fn number(name: &'static str, least: f64, most: f64, default: f64, doc: &'static str) -> Field {
    Field::new(name, Type::Number { least, most }, Value::Number(default), doc)
}

#[cfg(test)]
mod tests;
