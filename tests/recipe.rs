//! Measurements by recipe: what is left out, and spans after a steady state.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use kexp::model::problem::Problem;
use kexp::plan::resolve::{Options, load};
use kexp::random::Streams;
use kexp::run::synthetic::{SyntheticError, SyntheticSummary, measure};

const DECAY: &str = "
model m {
  compartment c = 1
  parameter k = 0.1
  species S in c = 1
  reaction decay: S -> 0; c * k * S
}
";

fn problem(text: &str) -> Problem {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.kexp");
    std::fs::write(&path, text).unwrap();
    let loaded = load(&path, &Options::default());
    let shown = kexp::diagnostic::render(&loaded.sources, &loaded.diagnostics, false);
    loaded.experiment.unwrap_or_else(|| panic!("{shown}")).problems.remove("p").unwrap().problem
}

fn measured(text: &str) -> Result<(Problem, SyntheticSummary), SyntheticError> {
    Ok(measure(&problem(text), &Streams::new(1, "test"))?.unwrap())
}

#[test]
fn an_observable_that_is_no_finite_number_is_left_out_and_named() {
    let text = format!(
        "{DECAY}problem p {{
  model        = m
  measurements = synthetic(observe = [S], times = 0 .. 10 by 1)
  observable logarithm = log(S - 0.5) noise normal(0.1)
  observable inverse = 1 / (S - 1) noise normal(0.1)
  observable twice = 2 * S noise normal(0.1)
  observable wide = 3 * S noise normal(0.1 / (S - 1))
  estimate k in 0.01 .. 1 log10
}}"
    );
    let (made, summary) = measured(&text).unwrap();
    let ids: Vec<&str> = made.observables.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["twice", "observed_S"]);
    assert_eq!(made.measurements.len(), 22);
    let left_out: Vec<&str> = summary.left_out.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(left_out, ["logarithm", "inverse", "wide"]);
    let lines = summary.lines().join("\n");
    assert!(lines.contains("`inverse` is left out: it or its noise is no finite number at some time"), "{lines}");

    // What is left has the same noise as alone.
    let alone: String = text
        .lines()
        .filter(|line| !line.contains("observable") || line.contains("twice"))
        .collect::<Vec<_>>()
        .join("\n");
    let (alone, _) = measured(&alone).unwrap();
    assert_eq!(alone.measurements, made.measurements);
}

#[test]
fn where_nothing_is_finite_the_recipe_says_so() {
    let text = format!(
        "{DECAY}problem p {{
  model        = m
  measurements = synthetic(observe = [bad], times = [0, 1])
  observable bad = log(S - 2) noise normal(0.1)
  estimate k in 0.01 .. 1 log10
}}"
    );
    let error = measured(&text).unwrap_err();
    assert_eq!(error, SyntheticError::NothingFinite(1));
    assert!(error.to_string().contains("none of the 1 observables is a finite number"), "{error}");
}

#[test]
fn a_limit_of_steps_that_the_truth_exceeds_is_told() {
    let text = |steps: usize| {
        format!(
            "{DECAY}problem p {{
  model        = m
  measurements = synthetic(times = 0 .. 10 by 1)
  estimate k in 0.01 .. 1 log10
  solver {{ steps = {steps} }}
}}"
        )
    };
    let (_, summary) = measured(&text(5)).unwrap();
    assert_eq!(summary.failure.as_deref(), Some("step_limit"));
    assert!(summary.lines().join("\n").contains("the objective fails at the nominal values (step_limit)"));
    assert_eq!(measured(&text(10_000)).unwrap().1.failure, None);
}

/// Logistic growth: at rest at 1, where the model starts, but slow to come back from the millionth part of it.
#[test]
fn an_automatic_span_begins_at_the_steady_state_before() {
    let span = |before: &str| {
        let text = format!(
            "
model m {{
  compartment c = 1
  parameter grow = 1
  parameter pull = 0
  species S in c = 1
  reaction growth: 0 -> S; c * grow * S * (1 - S)
  reaction fall: S -> 0; c * pull * (S - 1e-6)
}}
problem p {{
  model        = m
  measurements = synthetic(times = auto(10), noise = normal(0.1))
  treatment resting {{ grow = 0, pull = 10 }}
  treatment growing {{ grow = 1{before} }}
  estimate grow in 0.1 .. 10 log10
}}"
        );
        measured(&text).unwrap().1.span.1
    };
    let (alone, after) = (span(""), span(", before = steady_state(resting)"));
    // ln(100), and that after ln(1e6).
    assert!(alone < 6.0 && (17.0..20.0).contains(&after), "{alone}, {after}");
}
