//! The syntax, tested by files: every file in `syntax/valid` is read without a word and printed without a loss; for every
//! file in `syntax/broken` the whole rendered error is kept beside it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "syntax/limits.rs"]
mod limits;
#[path = "syntax/properties.rs"]
mod properties;

use std::path::PathBuf;

use kexp::diagnostic::{Sources, render};
use kexp::syntax;

fn files(folder: &str) -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/syntax").join(folder);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "kexp"));
    paths.sort();
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn every_valid_file_is_read_without_a_word() {
    for (name, text) in files("valid") {
        let mut sources = Sources::default();
        let id = sources.add(&name, &text);
        let (file, diagnostics) = syntax::parse(&text, id);
        assert!(diagnostics.is_empty(), "{name}: {diagnostics:#?}");
        assert!(!file.declarations.is_empty(), "{name}");
    }
}

#[test]
fn every_broken_file_gives_its_errors() {
    for (name, text) in files("broken") {
        let mut sources = Sources::default();
        let id = sources.add(&name, &text);
        let (_, diagnostics) = syntax::parse(&text, id);
        assert!(!diagnostics.is_empty(), "{name} is read without a word");
        let shown = render(&sources, &diagnostics, false);
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("syntax/broken");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name.trim_end_matches(".kexp"), shown));
    }
}

#[test]
fn every_valid_file_is_printed_without_a_loss() {
    for (name, text) in files("valid") {
        let printed = properties::check_printed(&name, &text);
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("syntax/valid");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name.trim_end_matches(".kexp"), printed));
    }
}
