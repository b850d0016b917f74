//! Each local method, from the language to the artifacts.

use std::path::Path;

use kexp::plan::node::Plan;

use crate::support::{Place, SMALL, assert_same_tree, kexp, plan};

const METHODS: &[&str] =
    &["lbfgsb(iterations = 30)", "levenberg_marquardt(iterations = 30)", "nelder_mead(iterations = 20)"];

#[test]
fn every_local_method_gives_the_same_bytes_on_one_thread_and_two() {
    for method in METHODS {
        let (rows, made) = (format!("rows_a.descend={method}"), format!("made.refine={method}"));
        let set = ["--set", &rows, "--set", &made];
        let (one, two) = (Place::new(), Place::new());
        let (store, out) = (one.store(), one.out());
        let (store, out) = (store.to_str().unwrap(), out.to_str().unwrap());
        kexp(&[&["run", SMALL, "--quiet", "--store", store, "--out", out, "--jobs", "1"], &set[..]].concat()).ok();
        two.run(&set).ok();
        assert_same_tree(&one.store().join("artifacts"), &two.store().join("artifacts"));
    }
}

#[test]
fn a_plan_with_any_local_method_reads_back_and_has_keys_of_its_own() {
    let key = |plan: &Plan| plan.nodes[plan.find("descend.made.tuned").unwrap()].key.to_string();
    let mut keys = vec![key(&plan(Path::new(SMALL), &[]))];
    for method in METHODS {
        let written = plan(Path::new(SMALL), &[&format!("made.refine={method}")]);
        let read: Plan = ron::from_str(&kexp::run::store::pretty_ron(&written)).unwrap();
        assert_eq!(read, written);
        assert_eq!(
            read.material(&read.nodes[read.find("descend.made.tuned").unwrap()]).key().to_string(),
            key(&written)
        );
        keys.push(key(&written));
    }
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 1 + METHODS.len());
}
