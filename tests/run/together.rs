//! Any number of threads and of processes gives the same bytes.

use crate::support::{
    Place, SMALL, Said, assert_same_tree, entries, in_work, kexp, reference, run_command, wait_until,
};

#[test]
fn one_thread_and_two_write_the_same_bytes() {
    reference();
    let place = Place::new();
    // The later option wins over `--jobs 2`, which every run of these tests has.
    let (store, out) = (place.store(), place.out());
    let (store, out) = (store.to_str().unwrap(), out.to_str().unwrap());
    kexp(&["run", SMALL, "--store", store, "--out", out, "--jobs", "1"]).ok();
    place.assert_as_uninterrupted();
}

#[test]
fn two_runs_on_one_store_write_the_same_bytes() {
    reference();
    for _ in 0..2 {
        let place = Place::new();
        let other = place.path("other");
        let first = place.start(&[]);
        let second = run_command(SMALL, &place.store(), &other, &[]).spawn().unwrap();
        let first = Said::of(first.wait_with_output().unwrap()).ok();
        let second = Said::of(second.wait_with_output().unwrap()).ok();
        place.assert_as_uninterrupted();
        assert_same_tree(&place.out(), &other);
        for said in [first, second] {
            assert!(said.out.contains("files written"), "{said:#?}");
        }
    }
}

#[test]
fn a_run_goes_on_where_another_one_was_killed_beside_it() {
    reference();
    let place = Place::new();
    let store = place.store();
    let mut first = place.start(&[]);
    let second = run_command(SMALL, &store, &place.path("other"), &[]).spawn().unwrap();
    wait_until(&mut first, || entries(&store.join("artifacts")).len() >= 2 && in_work(&store, "descents.journal"));
    first.kill().unwrap();
    first.wait().unwrap();
    Said::of(second.wait_with_output().unwrap()).ok();
    place.run(&[]).ok();
    place.assert_as_uninterrupted();
}

#[test]
fn nothing_is_removed_while_a_run_uses_the_store() {
    reference();
    let place = Place::new();
    let store = place.store();
    let mut child = place.start(&[]);
    assert!(wait_until(&mut child, || in_work(&store, "descents.journal")));
    let said = kexp(&["store", "gc", store.to_str().unwrap()]).failed();
    let expected = "kexp: the store `PLACE/store` is in use by another kexp; try again when that has finished\n";
    assert_eq!(place.hide(&said.err), expected);
    kexp(&["store", "gc", store.to_str().unwrap(), "--dry-run"]).ok();
    Said::of(child.wait_with_output().unwrap()).ok();
    place.assert_as_uninterrupted();
}
