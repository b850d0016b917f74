//! Killed and stopped at several moments, the same command ends with the bytes of an uninterrupted run.

use std::path::Path;
use std::process::{Child, Command};

use crate::support::{
    LONG, Place, Said, assert_same_tree, entries, in_work, long_reference, reference, tree, wait_until,
};

fn artifacts(store: &Path) -> usize {
    entries(&store.join("artifacts")).len()
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", child.id())).status().unwrap();
    assert!(sent.success());
}

/// Starts a run and kills it as soon as something is so; whether it came to that.
fn killed_when(place: &Place, more: &[&str], so: impl FnMut() -> bool) -> bool {
    let mut child = place.start(more);
    let reached = wait_until(&mut child, so);
    child.kill().unwrap();
    let said = Said::of(child.wait_with_output().unwrap());
    reached && said.code.is_none()
}

#[test]
fn killed_between_and_within_nodes() {
    reference();
    let place = Place::new();
    let store = place.store();
    assert!(killed_when(&place, &[], || in_work(&store, "descents.journal")), "never within the first descents");
    place.run(&[]).ok();
    place.assert_as_uninterrupted();
}

#[test]
fn killed_again_and_again_after_every_few_nodes() {
    let total = entries(&reference().join("store/artifacts")).len();
    let place = Place::new();
    let store = place.store();
    let mut kills = 0;
    for finished in (1..total).step_by(4) {
        let reached = killed_when(&place, &[], || artifacts(&store) >= finished);
        kills += usize::from(reached);
    }
    assert!(kills >= 3, "only {kills} kills came in time");
    place.run(&[]).ok();
    place.assert_as_uninterrupted();
}

#[test]
fn killed_while_the_figures_are_written() {
    reference();
    let place = Place::new();
    let out = place.out();
    // The first file in the draft's folder: all artifacts are there, but the rest of the files is not.
    let reached = killed_when(&place, &[], || out.join("figures").exists());
    assert!(reached, "the files were written before the kill");
    place.run(&[]).ok();
    place.assert_as_uninterrupted();
}

#[test]
fn killed_inside_a_training() {
    let expected = long_reference().join("store/artifacts");
    let place = Place::new();
    let store = place.store();
    assert!(killed_when(&place, LONG, || in_work(&store, "checkpoint")), "no training had a checkpoint");
    assert!(in_work(&store, "checkpoint"), "the checkpoint is gone");
    let said = place.run(LONG).ok();
    assert!(!said.out.contains("0 found in the store"), "{}", said.out);
    assert_same_tree(&expected, &store.join("artifacts"));
    assert_eq!(entries(&store.join("work")), Vec::<String>::new());
}

#[test]
fn stopped_by_the_user() {
    reference();
    let place = Place::new();
    let store = place.store();
    let mut child = place.start(&[]);
    assert!(wait_until(&mut child, || in_work(&store, "descents.journal")));
    signal(&child, "INT");
    let said = Said::of(child.wait_with_output().unwrap());
    assert_eq!(said.code, Some(130), "{said:#?}");
    assert_eq!(said.err, "kexp: stopped; the same command goes on from here\n");
    // They may have been the last ones: then the node ends before the signal is seen.
    let ended = entries(&store.join("artifacts"))
        .iter()
        .any(|key| store.join("artifacts").join(key).join("ends.parquet").is_file());
    assert!(in_work(&store, "descents.journal") || ended, "the finished descents are gone");
    let left = entries(&store.join("work"));
    assert!(left.iter().all(|name| !name.starts_with("draft-")), "{left:?}");
    place.run(&[]).ok();
    place.assert_as_uninterrupted();
}

#[test]
fn stopped_inside_a_training() {
    let expected = long_reference().join("store/artifacts");
    let place = Place::new();
    let store = place.store();
    let mut child = place.start(LONG);
    assert!(wait_until(&mut child, || in_work(&store, "checkpoint")));
    signal(&child, "INT");
    let said = Said::of(child.wait_with_output().unwrap());
    assert_eq!(said.code, Some(130), "{said:#?}");
    place.run(LONG).ok();
    assert_same_tree(&expected, &store.join("artifacts"));
}

#[test]
fn the_files_of_a_crashed_run_are_cleared_away() {
    let place = Place::after_a_run();
    let store = place.store();
    for name in ["work/draft-left", "work/removed-1-left"] {
        std::fs::create_dir(store.join(name)).unwrap();
        std::fs::write(store.join(name).join("ends.parquet"), "half").unwrap();
    }
    std::fs::write(store.join("plans/.tmpleft"), "half").unwrap();
    place.run(&[]).ok();
    place.assert_as_uninterrupted();
    assert!(tree(&store.join("plans")).keys().all(|name| name.ends_with(".ron")));
}
