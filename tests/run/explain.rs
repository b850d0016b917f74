//! What a plan and a node say of themselves.

use std::fs;
use std::path::Path;

use kexp::plan::node::Plan;

use crate::support::{Place, SMALL, assert_snapshot, plan, reference, without_keys};

#[test]
fn the_written_plan_reads_back_equal() {
    let text = fs::read_to_string(reference().join("out/plan.ron")).unwrap();
    let written: Plan = ron::from_str(&text).unwrap();
    assert_eq!(written, plan(Path::new(SMALL), &[]));
    let paper = plan(Path::new("experiments/paper.kexp"), &[]);
    let read: Plan = ron::from_str(&kexp::run::store::pretty_ron(&paper)).unwrap();
    assert_eq!(read, paper);
}

#[test]
fn the_keys_of_a_written_plan_are_those_of_its_nodes() {
    let text = fs::read_to_string(reference().join("out/plan.ron")).unwrap();
    let written: Plan = ron::from_str(&text).unwrap();
    for node in &written.nodes {
        assert_eq!(written.material(node).key(), node.key, "{}", node.name);
    }
}

#[test]
fn the_plan_is_drawn() {
    let place = Place::new();
    let said = place.kexp(&["plan", SMALL, "--dot"]).ok();
    assert_snapshot("plan_dot", &said.out);
    let drawing = place.path("plan.svg");
    place.kexp(&["plan", SMALL, "--svg", drawing.to_str().unwrap()]).ok();
    assert!(fs::read_to_string(drawing).unwrap().contains("</svg>"));
    let said = place.kexp(&["plan", SMALL, "--ron"]).ok();
    let read: Plan = ron::from_str(&said.out).unwrap();
    assert_eq!(read, plan(Path::new(SMALL), &[]));
}

#[test]
fn a_node_is_explained_in_full() {
    let place = Place::after_a_run();
    let mut told = String::new();
    for node in ["descend.rows_a.stat5_fit", "train.search.trial_00", "generate.made.tuned", "compare.made"] {
        let said = place.kexp(&["explain", SMALL, node]).ok();
        told.push_str(&format!("{}\n\n", without_keys(&said.out)));
    }
    let said = place.kexp(&["explain", SMALL, "dataset.rows_a.stat5_fit", "--key"]).ok();
    told.push_str(&without_keys(&said.out));
    assert_snapshot("explain", &told);

    // By the start of its key, as `kexp plan` prints it.
    let small = plan(Path::new(SMALL), &[]);
    let node = &small.nodes[small.find("tune.search").unwrap()];
    let said = place.kexp(&["explain", SMALL, node.key.short()]).ok();
    assert!(said.out.starts_with("tune.search\n"), "{}", said.out);
    let said = place.kexp(&["explain", SMALL, "tune.serach"]).failed();
    assert_eq!(said.err, "kexp: no node `tune.serach`; did you mean `tune.search`?\n");
}
