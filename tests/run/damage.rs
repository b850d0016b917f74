//! Damage in the store is found, told, and made good; what nobody needs is removed, and nothing else.

use std::fs;
use std::path::Path;

use crate::support::{Place, SMALL, artifact, assert_snapshot, entries, in_work, kexp, plan, reference, wait_until};

fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn cut(path: &Path) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
}

/// Text without keys, each line by itself, in order.
fn sorted_lines(text: &str) -> String {
    let is_key = |word: &str| word.len() == 33 && word.ends_with(':');
    let line =
        |line: &str| line.split(' ').map(|word| if is_key(word) { "KEY:" } else { word }).collect::<Vec<_>>().join(" ");
    let mut lines: Vec<String> = text.lines().map(line).collect();
    lines.sort();
    lines.join("\n")
}

#[test]
fn damaged_artifacts_are_told_and_computed_again() {
    let place = Place::after_a_run();
    let store = place.store();
    let of = |node: &str, file: &str| artifact(&store, node).join(file);
    flip(&of("descend.rows_a.stat5_fit", "iterates.parquet"));
    cut(&of("dataset.rows_a.stat5_fit", "rows.parquet"));
    fs::remove_file(of("tune.search", "choice.ron")).unwrap();
    fs::write(of("compare.made", "manifest.ron"), "what?").unwrap();
    fs::remove_file(of("problem.stat5_fit", "manifest.ron")).unwrap();
    flip(&of("train.search.trial_00", "summary.ron"));
    fs::remove_dir_all(artifact(&store, "conditions.made.tuned")).unwrap();
    // A figure that was drawn before.
    let small = plan(Path::new(SMALL), &[]);
    let figure = small.deliverables.iter().find(|known| known.name == "ends").unwrap();
    let key = kexp::report::assemble::figure_key(&small, figure).to_string();
    flip(&store.join("artifacts").join(&key).join("figure.svg"));

    let verified = kexp(&["store", "verify", store.to_str().unwrap()]).failed();
    assert_snapshot("damage_verified", &sorted_lines(&verified.out));
    let planned = place.kexp(&["plan", SMALL]).ok();
    assert!(planned.out.contains("bad   dataset.rows_a.stat5_fit"), "{}", planned.out);

    let said = place.run(&[]).ok();
    assert_snapshot("damage_told", &sorted_lines(&said.err));
    assert!(said.out.starts_with("7 nodes computed"), "{}", said.out);
    place.assert_as_uninterrupted();
    let verified = kexp(&["store", "verify", store.to_str().unwrap()]).ok();
    assert!(verified.out.ends_with(", 0 damaged\n"), "{}", verified.out);
}

#[test]
fn a_comparison_waits_for_the_work_that_it_charges() {
    let place = Place::after_a_run();
    let store = place.store();
    // All that lies between the two is whole.
    flip(&artifact(&store, "descend.rows_a.stat5_fit").join("summary.ron"));
    flip(&artifact(&store, "compare.made").join("target.ron"));
    let said = place.run(&[]).ok();
    assert!(said.out.starts_with("2 nodes computed"), "{}", said.out);
    place.assert_as_uninterrupted();

    for node in ["descend.rows_a.stat5_fit", "compare.made"] {
        fs::remove_dir_all(artifact(&store, node)).unwrap();
    }
    let said = place.run(&["--only", "compare.made"]).ok();
    assert!(said.out.starts_with("2 nodes computed"), "{}", said.out);
    place.assert_as_uninterrupted();
}

#[test]
fn garbage_in_journals_and_checkpoints_is_passed_over() {
    reference();
    let place = Place::new();
    let store = place.store();
    let work = |node: &str| {
        let key = artifact(&store, node).file_name().unwrap().to_owned();
        let folder = store.join("work").join(key);
        fs::create_dir_all(&folder).unwrap();
        folder
    };
    let garbage: Vec<u8> = (0..4000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    fs::write(work("descend.rows_a.stat5_fit").join("descents.journal"), &garbage).unwrap();
    // A whole record with a wrong meaning, and one with an index out of range.
    let mut journal = Vec::new();
    for record in ["(0, \"no descent\")", "(999, (path: [], stop: \"\", converged: false, cause: \"\"))"] {
        journal.extend((record.len() as u64).to_le_bytes());
        journal.extend(&blake3::hash(record.as_bytes()).as_bytes()[..16]);
        journal.extend(record.as_bytes());
    }
    fs::write(work("descend.made.latin_hypercube").join("descents.journal"), journal).unwrap();
    for trial in ["train.search.trial_00", "train.search.trial_01"] {
        fs::write(work(trial).join("checkpoint"), &garbage).unwrap();
    }
    fs::write(work("train.search.trial_02").join("checkpoint"), "").unwrap();
    place.run(&[]).ok();
    place.assert_as_uninterrupted();
}

#[test]
fn what_no_last_plan_needs_is_removed() {
    let place = Place::after_a_run();
    let store = place.store();
    let before = entries(&store.join("artifacts"));
    // Another profile-free plan of the same file replaces the last one; then the first one comes back.
    place.run(&["--set", "rows_a.validate=0.5", "--only", "dataset.rows_a.stat5_fit"]).ok();
    place.run(&[]).ok();
    assert_eq!(entries(&store.join("artifacts")).len(), before.len() + 1);

    let path = store.to_str().unwrap();
    let said = kexp(&["store", "gc", path, "--dry-run"]).ok();
    assert!(said.out.ends_with(&format!("1 artifacts to remove, {} kept\n", before.len())), "{}", said.out);
    assert_eq!(entries(&store.join("artifacts")).len(), before.len() + 1, "a dry run removed something");
    let said = kexp(&["store", "gc", path]).ok();
    assert_eq!(said.out, format!("1 artifacts removed, {} kept\n", before.len()));
    // The kept figures are among them.
    assert_eq!(entries(&store.join("artifacts")), before);
    let said = place.run(&[]).ok();
    assert!(said.out.starts_with("0 nodes computed"), "{}", said.out);
    place.assert_as_uninterrupted();
}

#[test]
fn a_run_that_was_killed_loses_nothing_by_a_clearing() {
    reference();
    let place = Place::new();
    let store = place.store();
    let mut child = place.start(&[]);
    let reached =
        wait_until(&mut child, || !entries(&store.join("artifacts")).is_empty() && in_work(&store, "descents.journal"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(reached);
    let before = entries(&store.join("artifacts"));
    kexp(&["store", "gc", store.to_str().unwrap()]).ok();
    assert_eq!(entries(&store.join("artifacts")), before, "finished nodes were removed");
    assert!(in_work(&store, "descents.journal"), "the journal was removed");
    place.run(&[]).ok();
    place.assert_as_uninterrupted();
}

#[test]
fn a_damaged_last_plan_stops_no_run_and_no_artifact_is_removed_for_it() {
    let place = Place::after_a_run();
    let store = place.store();
    let plans = entries(&store.join("plans"));
    assert_eq!(plans.len(), 1);
    let plan = store.join("plans").join(&plans[0]);
    cut(&plan);
    let said = kexp(&["store", "gc", store.to_str().unwrap()]).failed();
    assert!(said.err.contains("cannot be read, so what it needs is unknown"), "{}", said.err);
    let said = place.kexp(&["plan", SMALL, "--set", "net.latent=3"]).ok();
    assert!(said.err.contains("the last plan cannot be read"), "{}", said.err);
    let said = place.run(&[]).ok();
    assert!(said.out.starts_with("0 nodes computed"), "{}", said.out);
    place.assert_as_uninterrupted();
    kexp(&["store", "gc", store.to_str().unwrap()]).ok();
}

#[test]
fn no_store_is_made_by_looking_at_one() {
    let place = Place::new();
    let nowhere = place.path("nowhere");
    for action in ["verify", "gc"] {
        let said = kexp(&["store", action, nowhere.to_str().unwrap()]).failed();
        assert_eq!(place.hide(&said.err), "kexp: PLACE/nowhere is no store\n");
        assert!(!nowhere.exists());
    }
}
