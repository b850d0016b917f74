//! Curated models of `BioModels`: each is read or refused for a reason that is written down, and simulated as another
//! simulator does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kexp::model::expression::Expression;
use rayon::prelude::*;

use super::case::number_of;
use super::{counts, data, model};

/// Models that are refused, by the code of the first error.
const REFUSED: &str = include_str!("refused.txt");

/// Trajectories that differ for a reason.
const EXPLAINED: &str = include_str!("explained.txt");

fn lines(text: &'static str) -> BTreeMap<&'static str, &'static str> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(' ')).map(|(id, words)| (id, words.trim())).collect()
}

/// The files of the collection with their ids.
fn files(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let Ok(inner) = std::fs::read_dir(&entry) else { continue };
        let mut documents: Vec<PathBuf> = inner.map(|file| file.unwrap().path()).collect();
        documents.retain(|path| path.extension().is_some_and(|extension| extension == "xml"));
        documents.sort();
        let id = entry.file_name().unwrap().to_str().unwrap().to_owned();
        files.extend(documents.into_iter().map(|document| (id.clone(), document)));
    }
    files.sort();
    files
}

#[test]
fn every_model_is_read_or_refused_for_a_known_reason() {
    let Some(folder) = data("biomodels") else { return };
    let refused = lines(REFUSED);
    let (mut read, mut wrong) = (0, Vec::new());
    for (id, document) in files(&folder) {
        let expected = refused.get(id.as_str());
        match (model::load(&document), expected) {
            (Ok(_), None) => read += 1,
            (Err(errors), Some(code)) if errors.first().is_some_and(|error| error.code == *code) => {}
            (Ok(_), Some(code)) => wrong.push(format!("{id} is read, and {code} was expected")),
            (Err(errors), _) => {
                let words =
                    errors.first().map_or_else(String::new, |error| format!("{}: {}", error.code, error.message));
                wrong.push(format!("{id} is refused: {words}"));
            }
        }
    }
    println!("{read} models are read, {} are refused", refused.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    counts::check(&BTreeMap::from([("biomodels read".to_owned(), read)]));
}

/// Why a trajectory is not the recorded one; nothing when it is.
fn failure(document: &Path, reference: &Path) -> Option<String> {
    let network = match model::load(document) {
        Ok(network) => network,
        Err(errors) => return Some(format!("refused: {}", errors.first().map_or("", |error| &error.message))),
    };
    let text = std::fs::read_to_string(reference).unwrap();
    let mut rows = text.lines();
    let header: Vec<&str> = rows.next()?.split(',').map(str::trim).collect();
    let expected: Vec<Vec<f64>> =
        rows.map(|row| row.split(',').map(|value| number_of(value.trim())).collect()).collect();
    let times: Vec<f64> = expected.iter().map(|row| row[0]).collect();
    let selection: Vec<_> =
        header[1..].iter().map(|id| ((*id).to_owned(), Expression::Symbol((*id).to_owned()))).collect();
    let values = match model::simulate(&network, &times, &selection, (1e-10, 1e-18)) {
        Ok(values) => values,
        Err(error) => return Some(format!("not solved: {error}")),
    };
    let mut worst: Option<(f64, String)> = None;
    for (column, id) in header.iter().enumerate().skip(1) {
        let largest = expected.iter().map(|row| row[column].abs()).fold(0.0, f64::max);
        for (row, expected) in values.iter().zip(&expected) {
            let (value, expected, time) = (row[column - 1], expected[column], expected[0]);
            let excess = (value - expected).abs() / (1e-4 * expected.abs() + 1e-6 * largest);
            let excess = if excess.is_nan() { f64::INFINITY } else { excess };
            if value != expected && excess > 1.0 && worst.as_ref().is_none_or(|(most, _)| excess > *most) {
                worst = Some((excess, format!("{id} at {time}: {value}, not {expected}")));
            }
        }
    }
    worst.map(|(_, words)| words)
}

#[test]
fn trajectories_of_biomodels() {
    let (Some(folder), Some(references)) = (data("biomodels"), data("biomodels-reference")) else { return };
    let cases: Vec<(String, PathBuf, PathBuf)> = files(&folder)
        .into_iter()
        .map(|(id, document)| (references.join(format!("{id}.csv")), id, document))
        .filter(|(reference, _, _)| reference.is_file())
        .map(|(reference, id, document)| (id, document, reference))
        .collect();
    let failures: Vec<Option<String>> = cases
        .par_iter()
        .map(|(_, document, reference)| {
            std::panic::catch_unwind(|| failure(document, reference)).unwrap_or_else(|_| Some("a panic".to_owned()))
        })
        .collect();
    let explained = lines(EXPLAINED);
    for ((id, _, _), failure) in cases.iter().zip(&failures) {
        if let Some(failure) = failure {
            println!("{id}: {failure}");
            println!("    {}", explained.get(id.as_str()).unwrap_or(&"not explained"));
        }
    }
    let passed = failures.iter().filter(|failure| failure.is_none()).count();
    println!("{passed} of {} trajectories are as recorded", cases.len());
    counts::check(&BTreeMap::from([("biomodels trajectories".to_owned(), passed)]));
}
