//! `PEtab`: broken problems give their findings; the public test suite and the problems of the public collection give
//! their published values; gradients agree with differences; the commands read and write tables.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "petab/broken.rs"]
mod broken;
#[path = "petab/collection.rs"]
mod collection;
#[path = "petab/commands.rs"]
mod commands;
#[path = "petab/problem.rs"]
mod problem;
#[path = "petab/suite.rs"]
mod suite;

use std::path::{Path, PathBuf};

use kexp::diagnostic::{Sources, render};
use kexp::import::petab::{Imported, read};
use kexp::model::problem::Problem;

/// A folder of the public data, where it is; says so where it is not.
fn data(folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("KEXP_DATA").map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from);
    let path = root.join(folder);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: there is no {} (KEXP_DATA names the folder of the public data)", path.display());
    None
}

/// What the importer says about a problem, beside what it read.
fn import(path: &Path) -> (Imported, String) {
    let mut sources = Sources::default();
    let imported = read(path, &mut sources);
    let shown = render(&sources, &imported.diagnostics, false);
    (imported, shown)
}

fn sound(path: &Path) -> Problem {
    let (imported, shown) = import(path);
    imported.problem.unwrap_or_else(|| panic!("{}:\n{shown}", path.display()))
}

/// Lines of a tab separated table by the names of its columns.
fn column(text: &str, name: &str) -> Vec<String> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let at = lines.next().unwrap().split('\t').position(|other| other.trim() == name).unwrap();
    lines.map(|line| line.split('\t').nth(at).unwrap_or_default().trim().to_owned()).collect()
}
