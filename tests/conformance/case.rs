//! A case of the SBML Test Suite: its settings, its tags, and what is expected.

use std::path::{Path, PathBuf};

/// A case.
pub struct Case {
    pub id: String,
    pub document: PathBuf,
    pub tags: Vec<String>,
    pub start: f64,
    pub duration: f64,
    pub steps: usize,
    pub variables: Vec<Variable>,
    pub absolute: f64,
    pub relative: f64,
    /// One row a time, one value a variable.
    pub expected: Vec<Vec<f64>>,
    pub times: Vec<f64>,
}

/// A column of the results.
pub struct Variable {
    pub id: String,
    pub amount: bool,
    pub concentration: bool,
}

/// All cases of a folder, in the order of their numbers.
pub fn all(folder: &Path) -> Vec<Case> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders.iter().filter_map(|folder| read(folder)).collect()
}

fn read(folder: &Path) -> Option<Case> {
    let id = folder.file_name()?.to_str()?.to_owned();
    let text = |end: &str| std::fs::read_to_string(folder.join(format!("{id}-{end}"))).ok();
    let settings = text("settings.txt")?;
    let setting = |name: &str| {
        let lines = settings.lines().filter_map(|line| line.split_once(':'));
        lines.filter(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned()).next().unwrap_or_default()
    };
    let list = |name: &str| split(&setting(name));
    let number = |name: &str| setting(name).parse::<f64>().unwrap_or(0.0);
    let model = text("model.m")?;
    let mut tags = Vec::new();
    for line in model.lines().filter_map(|line| line.split_once(':')) {
        if matches!(line.0.trim(), "componentTags" | "testTags") {
            tags.extend(split(line.1));
        }
    }
    if model.contains("FluxBalanceSteadyState") {
        tags.push("FluxBalanceSteadyState".to_owned());
    }
    let results = text("results.csv")?;
    let mut rows = results.lines().filter(|line| !line.trim().is_empty());
    let header = split(rows.next()?);
    let (amounts, concentrations) = (list("amount"), list("concentration"));
    let variables: Vec<Variable> = header
        .iter()
        .filter(|name| !name.eq_ignore_ascii_case("time"))
        .map(|name| Variable {
            id: name.clone(),
            amount: amounts.contains(name),
            concentration: concentrations.contains(name),
        })
        .collect();
    let timed = header.len() > variables.len();
    let (mut times, mut expected) = (Vec::new(), Vec::new());
    for row in rows {
        let values: Vec<f64> = row.split(',').map(|value| number_of(value.trim())).collect();
        times.extend(values.first().filter(|_| timed));
        expected.push(values[usize::from(timed)..].to_vec());
    }
    Some(Case {
        document: newest(folder, &id)?,
        id,
        tags,
        start: number("start"),
        duration: number("duration"),
        steps: setting("steps").parse().unwrap_or(0),
        variables,
        absolute: number("absolute"),
        relative: number("relative"),
        expected,
        times,
    })
}

/// The document of the highest level and version.
fn newest(folder: &Path, id: &str) -> Option<PathBuf> {
    let start = format!("{id}-sbml-l");
    let mut documents: Vec<PathBuf> = std::fs::read_dir(folder).ok()?.map(|entry| entry.unwrap().path()).collect();
    documents.retain(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // Only documents of the case itself: others are parts that it needs.
        name.strip_prefix(&start).is_some_and(|rest| rest.len() == "3v2.xml".len())
    });
    documents.sort();
    documents.pop()
}

fn split(text: &str) -> Vec<String> {
    text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

pub fn number_of(text: &str) -> f64 {
    match text.to_ascii_uppercase().as_str() {
        "INF" | "INFINITY" => f64::INFINITY,
        "-INF" | "-INFINITY" => f64::NEG_INFINITY,
        other => other.parse().unwrap_or(f64::NAN),
    }
}
