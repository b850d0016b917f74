//! Measurements by recipe: what a run keeps is what every other command computes, and the plan says what came of it.

use std::fs;
use std::path::Path;

use kexp::model::problem::Problem;

use crate::support::{Place, Said, kexp, plan, run_command};

const FILE: &str = "tests/run/imported.kexp";

#[test]
fn a_recipe_gives_the_same_measurements_everywhere() {
    let place = Place::new();
    let planned = |store: &Path| kexp(&["plan", FILE, "--store", store.to_str().unwrap()]).ok().out;
    let before = planned(&place.store());
    assert!(before.contains("at 12 times from 0 to an end that is found when this is computed"), "{before}");
    let said = Said::of(run_command(FILE, &place.store(), &place.out(), &[]).output().unwrap()).ok();
    let after = planned(&place.store());
    assert!(after.contains("simulated from 0 to ") && after.contains("24 measurements of 2 observables"), "{after}");

    let key = plan(Path::new(FILE), &[]).nodes[0].key.to_string();
    let text = fs::read_to_string(place.store().join("artifacts").join(key).join("problem.ron")).unwrap();
    let kept: Problem = ron::from_str(&text).unwrap();
    assert_eq!((kept.measurements.len(), kept.synthetic), (24, None), "{said:?}");
    let solver = kexp::solve::ProblemSolver::new(&ron::from_str(&text).unwrap()).unwrap();
    let fval = solver.evaluate(solver.nominal()).fval;
    let told = kexp(&["objective", "tests/run/imported.kexp:decay_fit", "--json"]).ok();
    let json: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    // The reader of JSON may be off by the last bit.
    assert!((json["fval"].as_f64().unwrap() / fval - 1.0).abs() < 1e-15, "{told:?}");
    assert_eq!(json["measurements"], 24);
}

#[test]
fn the_seed_draws_the_noise() {
    let key = |seed: &str| plan(Path::new(FILE), &[seed]).nodes[0].key.clone();
    assert_ne!(key("seed=7"), key("seed=8"));
}
