//! A benchmark over a family of problems, some of them for development: what tables and figures show of each, and what was
//! measured by the clock.

use std::fs;
use std::path::Path;

use kexp::plan::node::Stage;

use crate::support::{Place, assert_same_tree, kexp, node, plan, ran};

const FILE: &str = "tests/run/roles.kexp";

fn lines(place: &Place, table: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(place.out().join(table)).unwrap();
    text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn families_roles_names_and_seconds_stand_in_tables() {
    let (one, two) = (ran(FILE, "1"), ran(FILE, "2"));
    let hits: Vec<String> = lines(&one, "tables/hits.csv").iter().map(|line| line[..3].join(" ")).collect();
    assert_eq!(
        hits,
        [
            "problem role method",
            "many.slow headline latin_hypercube",
            "many.slow headline sobol",
            "many.fast headline latin_hypercube",
            "many.fast headline sobol",
            "named headline latin_hypercube",
            "named headline sobol",
            "valley development latin_hypercube",
            "valley development sobol",
        ]
    );
    let lowest = lines(&one, "tables/lowest.csv");
    assert_eq!(lowest[0], ["problem", "method", "lowest", "evaluations", "seconds"]);
    let problems: Vec<&str> = lowest[1..].iter().map(|line| line[0].as_str()).collect();
    let named = "Decay_Example2020";
    assert_eq!(problems, ["many.slow", "many.slow", "many.fast", "many.fast", named, named]);
    assert!(lowest[1..].iter().all(|line| line[4].parse::<f64>().unwrap() >= 0.0), "{lowest:?}");

    // Nothing but the seconds differs between runs, and they stand nowhere else.
    let cut = |place: &Place| -> Vec<Vec<String>> {
        lines(place, "tables/lowest.csv").into_iter().map(|line| line[..4].to_vec()).collect()
    };
    assert_eq!(cut(&one), cut(&two));
    assert!(!fs::read_to_string(one.out().join("tables/lowest.md")).unwrap().contains("seconds"));
    let draft = fs::read_to_string(one.out().join("draft.md")).unwrap();
    assert!(draft.contains(named) && !draft.contains("seconds"));
    let table = one.out().join("tables/lowest.csv");
    fs::copy(&table, two.out().join("tables/lowest.csv")).unwrap();
    assert_same_tree(&one.out(), &two.out());

    // What is committed is checked but for the seconds, which nobody measures again.
    let check = || kexp(&["render", FILE, "--check", "--out", one.out().to_str().unwrap()]);
    check().ok();
    let text = fs::read_to_string(&table).unwrap();
    let changed = |at: usize| {
        let mut changed: Vec<Vec<String>> = lines(&two, "tables/lowest.csv");
        changed[1][at] = "77".to_owned();
        changed.iter().map(|line| line.join(",") + "\n").collect::<String>()
    };
    fs::write(&table, changed(4)).unwrap();
    check().ok();
    fs::write(&table, changed(3)).unwrap();
    assert!(check().failed().err.contains("lowest.csv"));
    fs::write(&table, text).unwrap();

    // Figures of one role show its problems alone, a profile the headline ones.
    let figure = |name: &str| fs::read_to_string(one.out().join(format!("figures/{name}.svg"))).unwrap();
    assert!(figure("success").contains("valley (development)") && figure("success").contains("many.fast"));
    assert!(figure("developed").contains("valley") && !figure("developed").contains("many.fast"));
    let profile = lines(&one, "tables/profile.csv");
    let role = profile[0].iter().position(|name| name == "role").unwrap();
    assert!(profile.len() > 1 && profile[1..].iter().all(|line| line[role] == "headline"), "{profile:?}");
}

#[test]
fn roles_and_names_are_in_keys_as_they_should() {
    let verdict = |set: &[&str]| {
        let plan = plan(Path::new(FILE), set);
        let node = node(&plan, "benchmark.methods").clone();
        let trials = plan.nodes.iter().filter(|node| matches!(node.stage, Stage::Trial(_)));
        (node.key.clone(), trials.map(|node| node.key.clone()).collect::<Vec<_>>(), node.stage)
    };
    let before = verdict(&[]);
    // A name in the collection is no part of the key.
    let renamed = verdict(&["named.petab_name=\"Other_Example2021\""]);
    assert_eq!(before.0, renamed.0);
    assert_ne!(before.2, renamed.2);
    // What a problem is for changes no trial, but tests and profiles.
    let moved = verdict(&["methods.problems=[many]", "methods.development=[named, valley]"]);
    assert_eq!(before.1, moved.1);
    assert_ne!(before.0, moved.0);
}
