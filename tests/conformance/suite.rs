//! The SBML Test Suite's semantic cases.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::case::{self, Case};
use super::{counts, data, model};

/// Which figure a case counts for.
fn group(case: &Case) -> &'static str {
    let has = |tag: &str| case.tags.iter().any(|other| other == tag);
    let refused = ["CSymbolDelay", "FastReaction", "FluxBalanceSteadyState"].iter().any(|tag| has(tag));
    if refused || case.tags.iter().any(|tag| tag.starts_with("fbc:")) {
        "refused"
    } else if case.tags.iter().any(|tag| tag.starts_with("comp:")) {
        "comp"
    } else if has("AlgebraicRule") {
        "algebraic"
    } else if has("RandomEventExecution") {
        "random events"
    } else {
        "plain"
    }
}

/// Why a case fails; nothing when it passes.
fn failure(case: &Case) -> Option<String> {
    let network = match model::load(&case.document) {
        Ok(network) => network,
        Err(errors) if group(case) == "refused" && !errors.is_empty() => return None,
        Err(errors) => {
            let first = errors.first().map_or_else(String::new, |error| format!("{}: {}", error.code, error.message));
            return Some(format!("refused: {first}"));
        }
    };
    if group(case) == "refused" && case.expected.len() < 2 {
        return Some("is not refused".to_owned());
    }
    let selection: Vec<_> = case
        .variables
        .iter()
        .map(|one| (one.id.clone(), model::quantity(&network, &one.id, one.amount, one.concentration)))
        .collect();
    // Tighter than what is compared, also where amounts are small.
    let smallest = case.expected.iter().flatten().map(|value| value.abs()).filter(|value| *value > 0.0);
    let smallest = smallest.fold(1.0, f64::min);
    let tolerances =
        ((case.relative * 1e-4).clamp(1e-11, 1e-8), (case.absolute * 1e-4).min(smallest * 1e-6).max(1e-20));
    let values = match model::simulate(&network, &case.times, &selection, tolerances) {
        Ok(values) => values,
        Err(error) => return Some(format!("not solved: {error}")),
    };
    compare(case, &values)
}

fn compare(case: &Case, values: &[Vec<f64>]) -> Option<String> {
    let mut worst: Option<(f64, String)> = None;
    for (at, (row, expected)) in values.iter().zip(&case.expected).enumerate() {
        for (column, (value, expected)) in row.iter().zip(expected).enumerate() {
            let same = value == expected || value.is_nan() && expected.is_nan();
            let excess = (value - expected).abs() / (case.absolute + case.relative * expected.abs());
            let excess = if excess.is_nan() { f64::INFINITY } else { excess };
            if !same && excess > 1.0 && worst.as_ref().is_none_or(|(most, _)| excess > *most) {
                let (id, time) = (&case.variables[column].id, case.times[at]);
                worst = Some((excess, format!("{id} at {time}: {value}, not {expected}")));
            }
        }
    }
    worst.map(|(_, words)| words)
}

#[test]
fn the_test_suite() {
    let Some(folder) = data("sbml-suite") else { return };
    let cases = case::all(&folder);
    let failures: Vec<Option<String>> = cases
        .par_iter()
        .map(|case| std::panic::catch_unwind(|| failure(case)).unwrap_or_else(|_| Some("a panic".to_owned())))
        .collect();
    let mut groups: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut tags: BTreeMap<&str, (usize, Vec<&str>)> = BTreeMap::new();
    for (case, failure) in cases.iter().zip(&failures) {
        let (passed, all) = groups.entry(group(case)).or_default();
        *passed += usize::from(failure.is_none());
        *all += 1;
        for tag in &case.tags {
            let (all, failed) = tags.entry(tag).or_default();
            *all += 1;
            failed.extend(failure.as_ref().map(|_| case.id.as_str()));
        }
    }
    println!("\n{:34}{:>7}{:>7}  failing", "tag", "passed", "of");
    for (tag, (all, failed)) in &tags {
        println!("{tag:34}{:>7}{all:>7}  {}", all - failed.len(), failed.join(" "));
    }
    println!();
    for (case, failure) in cases.iter().zip(&failures) {
        if let Some(failure) = failure {
            println!("{} ({}): {failure}", case.id, group(case));
        }
    }
    println!("\n{:34}{:>7}{:>7}", "group", "passed", "of");
    for (group, (passed, all)) in &groups {
        println!("{group:34}{passed:>7}{all:>7}");
    }
    let passed = groups.iter().map(|(group, (passed, _))| (format!("suite {group}"), *passed));
    counts::check(&passed.collect());
}
