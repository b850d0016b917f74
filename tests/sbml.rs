//! The SBML importer, tested by files: for every document in `import/sbml` all that is found is kept beside it, as it is
//! shown.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "sbml/limits.rs"]
mod limits;
#[path = "sbml/meaning.rs"]
mod meaning;
#[path = "sbml/properties.rs"]
mod properties;

use std::path::PathBuf;

use kexp::diagnostic::{FileId, Severity, Sources, render};
use kexp::import::sbml::{self, Document, External};

/// Reads a text that may take models from the other documents of its folder.
fn read(name: &str, text: &str) -> (Sources, Document) {
    let mut sources = Sources::default();
    let file = sources.add(name, text);
    let mut external = |_: FileId, source: &str| {
        let text = std::fs::read_to_string(folder().join(source)).map_err(|_| "there is no such file".to_owned())?;
        Ok(External { file: sources.add(source, &text), text })
    };
    let document = sbml::read(file, text, &mut external);
    (sources, document)
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/import/sbml")
}

/// The documents of the folder with their names.
fn files() -> Vec<(String, String)> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "xml"));
    paths.sort();
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn every_broken_document_gives_its_findings() {
    for (name, text) in files() {
        let (sources, document) = read(&name, &text);
        let errors = document.diagnostics.iter().filter(|finding| finding.severity == Severity::Error).count();
        assert_eq!(errors == 0, name.starts_with("warning"), "{name} has {errors} errors");
        assert_eq!(document.network.is_none(), errors > 0, "{name}");
        let shown = render(&sources, &document.diagnostics, false);
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("import/sbml");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name.trim_end_matches(".xml"), shown));
    }
}
