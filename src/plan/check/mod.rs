//! What only the whole experiment can show: one rule a file.

pub(in crate::plan) mod benchmarks;
mod feeds;
mod figures;
mod loss;
pub(in crate::plan) mod problem;
mod proposals;
mod tables;
pub(in crate::plan) mod treatments;
mod tunes;
mod uncertainty;
pub(in crate::plan) mod vary;

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Span};

use super::resolve::{Declaration, Experiment};

/// Where names stand in their declarations, by kind and name.
pub(super) type Places<'a> = BTreeMap<(&'a str, &'a str), Span>;

/// Applies every rule, and fills in what one setting takes from another.
pub(super) fn run(experiment: &mut Experiment, places: &Places<'_>, findings: &mut Vec<Diagnostic>) {
    proposals::fill(experiment);
    feeds::run(experiment, places, findings);
    loss::run(experiment, places, findings);
    tunes::run(experiment, findings);
    proposals::run(experiment, findings);
    benchmarks::run(experiment, findings);
    uncertainty::run(experiment, findings);
    figures::run(experiment, findings);
}

/// The place of a setting, or of its declaration.
fn place(declaration: &Declaration, path: &str) -> Span {
    declaration.origin(path).span().unwrap_or(declaration.span)
}
