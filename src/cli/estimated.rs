//! Vectors of a problem's estimated parameters from a CSV file.

use std::collections::BTreeMap;
use std::path::Path;

use super::common::Failure;
use super::vectors::{self, Vectors};
use crate::diagnostic::suggest;
use crate::model::problem::{Problem, Scale};
use crate::solve::ProblemSolver;

/// A file whose columns are estimated parameters: by their ids on the linear scale of the problem's tables, or as
/// `parameter.ID` on the estimation scale, as kexp's own tables have them.
pub(super) struct EstimatedVectors {
    vectors: Vectors,
    nominal: Vec<f64>,
    places: Vec<(usize, Scale)>,
}

impl EstimatedVectors {
    /// Looks the whole file through, and opens it.
    pub fn open(path: &Path, problem: &Problem, solver: &ProblemSolver) -> Result<Self, Failure> {
        let known = columns(problem, solver);
        let names = vectors::look(path, |names| unknown(&known, names))?;
        let places = names.iter().map(|name| known[name]).collect();
        Ok(Self { vectors: Vectors::open(path)?, nominal: solver.nominal().to_vec(), places })
    }

    /// The next vectors on the estimation scale, at most `most`; parameters without a column are at their nominal values.
    pub fn next(&mut self, most: usize) -> Result<Vec<Vec<f64>>, Failure> {
        let rows = self.vectors.next(most)?;
        Ok(rows.iter().map(|row| placed(&self.nominal, &self.places, row)).collect())
    }
}

/// What a column may be called, with the place in the vector and the scale that its numbers leave.
fn columns(problem: &Problem, solver: &ProblemSolver) -> BTreeMap<String, (usize, Scale)> {
    let mut known = BTreeMap::new();
    for (place, name) in solver.names().iter().enumerate() {
        let estimated = problem.parameters.iter().find(|parameter| parameter.id == *name);
        let scale = estimated.and_then(|parameter| parameter.estimate.as_ref()).map(|estimate| estimate.scale);
        known.insert(name.clone(), (place, scale.unwrap_or(Scale::Linear)));
        known.insert(format!("parameter.{name}"), (place, Scale::Linear));
    }
    known
}

fn unknown(known: &BTreeMap<String, (usize, Scale)>, names: &[String]) -> Vec<(usize, String, Option<String>)> {
    let mut taken = BTreeMap::new();
    let mut found = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let Some((place, _)) = known.get(name) else {
            let near = suggest(name, known.keys().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
            found.push((index, format!("the problem has no estimated parameter `{name}`"), near));
            continue;
        };
        if let Some(other) = taken.insert(place, name) {
            let help = "one of them is on the linear scale, the other on the estimation scale".to_owned();
            found.push((index, format!("`{other}` and `{name}` are one parameter"), Some(help)));
        }
    }
    found
}

/// A line's numbers at their places on the estimation scale.
fn placed(nominal: &[f64], places: &[(usize, Scale)], row: &[f64]) -> Vec<f64> {
    let mut vector = nominal.to_vec();
    for (&(place, scale), &value) in places.iter().zip(row) {
        vector[place] = match scale {
            Scale::Linear => value,
            Scale::Log => value.ln(),
            Scale::Log10 => value.log10(),
        };
    }
    vector
}
