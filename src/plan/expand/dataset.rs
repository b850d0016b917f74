//! Datasets: descents or a table, and the rows made of them.

use super::super::node::{DatasetRecipe, Descend, Labels, Stage, Starts, TableRows};
use super::super::resolve::Declaration;
use super::super::rows::RowFile;
use super::read::{blind_within, count, defect, descent, number, sources};
use super::{Builder, HIT};
use crate::diagnostic::Diagnostic;
use crate::optimise::{DescentSettings, Design};

/// A table's rows all become rows, however many belong to one descent.
const ALL_ROWS: usize = usize::MAX;

/// Which rows something learns from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Feed<'a> {
    /// The dataset.
    pub(super) dataset: &'a str,
    /// The problem that it is made for.
    pub(super) problem: &'a str,
    /// How close to the best end the basin is that is taken out; overrides what the recipe says.
    pub(super) blind: Option<f64>,
    /// Which repeat it is: each has descents of its own.
    pub(super) repeat: usize,
}

impl Feed<'_> {
    /// What the names of nodes end with.
    pub(super) fn suffix(&self) -> String {
        let blind = if self.blind.is_some() { ".blind" } else { "" };
        match self.repeat {
            0 => blind.to_owned(),
            repeat => format!("{blind}.repeat_{repeat:02}"),
        }
    }
}

/// The share of descents that a dataset holds out.
pub(super) fn held_out(declaration: &Declaration) -> f64 {
    let validate = declaration.word("validate").unwrap_or("descents");
    number(declaration, &format!("validate.{validate}"))
        .or_else(|| number(declaration, "validate.fraction"))
        .unwrap_or(0.2)
}

impl Builder<'_> {
    /// The descents and the rows of a dataset for a problem.
    pub(super) fn dataset(&mut self, feed: Feed<'_>) -> Result<usize, Diagnostic> {
        let Feed { dataset: name, problem, blind, repeat } = feed;
        let declaration = &self.experiment.datasets[name];
        let problem_node = self.problem(problem);
        let descents = self.rows_of(declaration, problem_node, problem, repeat)?;
        let is_table = self.experiment.row_files.contains_key(name);
        let rows = if is_table { vec!["endpoints", "iterates"] } else { declaration.words("rows") };
        let blind = blind.or_else(|| blind_within(declaration));
        let validate = declaration.word("validate").unwrap_or("descents");
        let held_out = held_out(declaration);
        let recipe = DatasetRecipe {
            most_iterates: match rows.contains(&"iterates") {
                true if is_table => ALL_ROWS,
                true => count(declaration, "rows.iterates.most", 20),
                false => 0,
            },
            endpoints: rows.contains(&"endpoints"),
            validate: held_out,
            validate_basins: validate == "basins",
            condition: declaration.settings["condition"].clone(),
            blind: blind.is_some(),
            within: blind.unwrap_or(HIT),
            labels: match declaration.word("labels") {
                Some("shuffled") => Labels::Shuffled,
                Some("none") => Labels::None,
                _ => Labels::Condition,
            },
            failed_as_worst: declaration.word("failed") == Some("worst"),
        };
        let suffix = Feed { blind, ..feed }.suffix();
        Ok(self.node(
            format!("dataset.{name}.{problem}{suffix}"),
            Stage::Dataset(recipe),
            vec![problem_node, descents],
            sources(
                declaration,
                &[
                    ("most_iterates", "rows"),
                    ("endpoints", "rows"),
                    ("validate", "validate"),
                    ("validate_basins", "validate"),
                    ("condition", "condition"),
                    ("blind", "blind"),
                    ("within", "blind"),
                    ("labels", "labels"),
                    ("failed_as_worst", "failed"),
                ],
            ),
        ))
    }

    /// What a dataset takes its rows from: descents, or a table.
    pub(super) fn rows_of(
        &mut self,
        declaration: &Declaration,
        problem_node: usize,
        problem: &str,
        repeat: usize,
    ) -> Result<usize, Diagnostic> {
        let name = &declaration.name;
        if let Some(RowFile { path, format, checksum }) = self.experiment.row_files.get(name).cloned() {
            return Ok(self.node(
                format!("rows.{name}.{problem}"),
                Stage::Rows(TableRows { path, format, checksum }),
                vec![problem_node],
                sources(declaration, &[("path", "from"), ("format", "from"), ("checksum", "from")]),
            ));
        }
        let design: Design = declaration.settings["start"].to().map_err(defect(declaration))?;
        let dimensions =
            self.experiment.problems[problem].problem.parameters.iter().filter(|one| one.estimate.is_some());
        design.check(dimensions.count()).map_err(|error| {
            let span = declaration.origin("start").span().unwrap_or(declaration.span);
            Diagnostic::error("impossible-design", format!("`{problem}` cannot be sampled so: {error}")).at(span, "")
        })?;
        let starts = match design {
            Design::LatinHypercube { criterion: None, .. } => Starts::LatinHypercube,
            Design::Random { .. } => Starts::Random,
            other => Starts::Design(other),
        };
        let suffix = Feed { dataset: name, problem, blind: None, repeat }.suffix();
        let descend = Descend {
            starts,
            count: design.count(),
            descent: descent(declaration, "descend")?
                .unwrap_or_else(|| DescentSettings { iterations: 0, ..DescentSettings::default() }.into()),
            keep_iterates: true,
            repeat,
        };
        Ok(self.node(
            format!("descend.{name}.{problem}{suffix}"),
            Stage::Descend(descend),
            vec![problem_node],
            sources(declaration, &[("count", "start.count"), ("starts", "start"), ("descent", "descend")]),
        ))
    }
}
