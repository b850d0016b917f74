//! Storage that is full, read-only or no folder: a clear error, and nothing lost.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Place, SMALL, Said, assert_same_tree, assert_snapshot, kexp, reference, run_command};

/// A small file system in memory; only root may make one.
struct Disk(PathBuf);

impl Disk {
    fn new(folder: &Path, size: &str) -> Option<Disk> {
        fs::create_dir_all(folder).unwrap();
        let options = format!("size={size}");
        let made = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder).output();
        if made.is_ok_and(|made| made.status.success()) {
            return Some(Disk(folder.to_owned()));
        }
        println!("skipped: this test needs the right to mount a file system in memory");
        None
    }

    fn change(&self, options: &str) {
        let options = format!("remount,{options}");
        let done = Command::new("mount").args(["-o", &options]).arg(&self.0).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn run(store: &Path, out: &Path) -> Said {
    Said::of(run_command(SMALL, store, out, &[]).output().unwrap())
}

#[test]
fn a_store_and_a_draft_below_a_file() {
    let place = Place::new();
    fs::write(place.path("file"), "no folder").unwrap();
    let below = place.path("file/store");
    let said = run(&below, &place.out()).failed();
    let mut told = place.hide(&said.err);
    assert!(!place.out().exists(), "something was written before the store was opened");

    let place = Place::after_a_run();
    fs::write(place.path("file"), "no folder").unwrap();
    let said = run(&place.store(), &place.path("file/out")).failed();
    told.push_str(&place.hide(&said.err));
    // The computed part is kept: another place for the draft is all that is missing.
    let said = run(&place.store(), &place.out()).ok();
    assert!(said.out.starts_with("0 nodes computed"), "{}", said.out);
    assert_snapshot("below_a_file", &told);
}

#[test]
fn a_full_disk_for_the_store() {
    reference();
    let place = Place::new();
    let store = place.store();
    let Some(disk) = Disk::new(&store, "16k") else { return };
    for size in ["16k", "64k", "160k", "320k", "640k"] {
        disk.change(&format!("size={size}"));
        let said = run(&store, &place.out());
        if said.code == Some(0) {
            break;
        }
        let said = said.failed();
        let told = place.hide(&said.err);
        let last = told.lines().last().unwrap_or_default();
        assert!(last.contains("`PLACE/store") && last.contains("make room"), "at {size}: {told}");
        assert!(!place.out().join("draft.md").exists(), "a draft without its results");
    }
    disk.change("size=64m");
    run(&store, &place.out()).ok();
    place.assert_as_uninterrupted();
    kexp(&["store", "verify", store.to_str().unwrap()]).ok();
}

#[test]
fn a_full_disk_for_the_draft() {
    let place = Place::after_a_run();
    let out = place.path("small");
    let Some(disk) = Disk::new(&out, "200k") else { return };
    let said = run(&place.store(), &out).failed();
    let told = place.hide(&said.err);
    assert!(told.contains("cannot write `PLACE/small/") && told.contains("make room"), "{told}");
    disk.change("size=64m");
    run(&place.store(), &out).ok();
    assert_same_tree(&reference().join("out"), &out);
}

#[test]
fn a_read_only_disk() {
    let place = Place::new();
    let store = place.store();
    let Some(disk) = Disk::new(&store, "64m") else { return };
    disk.change("ro");
    let said = run(&store, &place.out()).failed();
    assert_snapshot("read_only_store", &place.hide(&said.err));
    disk.change("rw");
    run(&store, &place.out()).ok();
    // What is stored can still be looked at on a disk that became read-only.
    disk.change("ro");
    place.kexp(&["plan", SMALL]).ok();
    kexp(&["store", "verify", store.to_str().unwrap()]).ok();
    kexp(&["store", "gc", store.to_str().unwrap(), "--dry-run"]).ok();
    kexp(&["store", "gc", store.to_str().unwrap()]).failed();
    disk.change("rw");
    place.assert_as_uninterrupted();
}

#[test]
fn experiments_beside_each_other_have_folders_of_their_own() {
    let place = Place::new();
    for name in ["one", "two"] {
        let text = format!(
            r#"experiment "Beside each other" {{ seed = 1 }}
problem valley = test_function(rosenbrock, dimensions = 2)
benchmark methods {{
  problems = [valley]
  methods  = [latin_hypercube]
  then     = gradient(stop = converged)
  budget   = evaluations(300)
  repeats  = 2
}}
table hits_{name} {{ from = methods, columns = [method, hits], caption = "Hits." }}
profile quick {{ methods.repeats = 1 }}
"#
        );
        let file = place.path(&format!("{name}.kexp"));
        fs::write(&file, text).unwrap();
        let (file, store) = (file.to_str().unwrap(), place.store());
        let store = ["--store", store.to_str().unwrap()];
        kexp(&[&["run", file, "--quiet"], &store[..]].concat()).ok();
        kexp(&[&["run", file, "--quiet", "--profile", "quick"], &store[..]].concat()).ok();
        assert!(place.path(&format!("out/{name}/tables/hits_{name}.csv")).is_file());
        assert!(place.store().join(format!("out/{name}/quick/tables/hits_{name}.csv")).is_file());
    }
}
