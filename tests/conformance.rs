//! Conformance: the importer and the solver against public collections of models with reference results.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use kexp::diagnostic::{FileId, Severity};
use kexp::import::sbml;

fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("KEXP_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    folder.is_dir().then_some(folder)
}

#[test]
fn load() {
    let Some(data) = data() else { return };
    for folder in ["sbml-suite", "biomodels"] {
        let mut counts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(data.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for entry in entries {
            for file in std::fs::read_dir(&entry).unwrap().map(|file| file.unwrap().path()) {
                if file.extension().is_none_or(|extension| extension != "xml") {
                    continue;
                }
                let text = std::fs::read_to_string(&file).unwrap();
                let document = sbml::read(FileId(0), &text, &mut sbml::alone);
                let name = entry.file_name().unwrap().to_string_lossy().into_owned();
                for finding in document.diagnostics {
                    let severity = if finding.severity == Severity::Error { "E" } else { "W" };
                    counts
                        .entry(format!("{severity} {}", finding.code))
                        .or_default()
                        .push(format!("{name}: {}", finding.message));
                }
            }
        }
        for (code, list) in counts {
            println!("{folder} {code} {}: {:#?}", list.len(), &list[..list.len().min(8)]);
        }
    }
}
