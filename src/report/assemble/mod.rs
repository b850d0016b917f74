//! From the artifacts of a run to what stands beside the draft: figures, tables, `results.ron`, `plan.ron`, the draft.

mod benchmarks;
mod drawn;
mod proposals;
mod tables;
mod uncertainty;
mod values;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::draft;
use super::files::{self, FileError};
use super::measured;
use super::results::{ResultFigure, ResultTable, Results};
use crate::diagnostic::{Diagnostic, Sources};
use crate::plan::node::Plan;
use crate::run::RunError;
use crate::run::store::{Store, pretty_ron};

pub use drawn::{Drawn, key as figure_key};

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// An artifact could not be read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A table lacks a column.
    #[error(transparent)]
    Table(#[from] crate::table::TableError),
    /// A figure could not be drawn.
    #[error("figure `{name}`: {error}")]
    Figure {
        /// Its name.
        name: String,
        /// What is wrong.
        error: super::figure::FigureError,
    },
    /// A file could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The results could not be written.
    #[error(transparent)]
    Results(#[from] super::results::ResultsError),
    /// The starter draft could not be made.
    #[error("the template of the draft: {0}")]
    Template(#[from] minijinja::Error),
    /// The draft has broken markers, or asks for what does not exist.
    #[error("the draft was not rendered")]
    Draft(Box<Sources>, Vec<Diagnostic>),
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Files that changed, relative to the folder.
    pub changed: Vec<String>,
    /// Files that were right already.
    pub same: usize,
}

/// The name of the draft in its folder.
pub const DRAFT: &str = "draft.md";
/// The name of the results in the folder of the draft.
pub const RESULTS: &str = "results.ron";
/// The name of the resolved plan in the folder of the draft.
pub const PLAN: &str = "plan.ron";

/// Writes figures, tables, results, plan and draft of a finished run into `folder`. Where the folder has no draft, the
/// text of `template` is taken, or a starter draft when there is none.
///
/// # Errors
/// When artifacts are missing, files cannot be written or the draft is broken; what was written before stays.
pub fn assemble(plan: &Plan, store: &Store, folder: &Path, template: Option<&Path>) -> Result<Written, AssembleError> {
    let (results, made) = collect(plan, store)?;
    for part in ["", "figures", "tables"] {
        files::clear_half_written(&folder.join(part));
    }
    let mut written = Written::default();
    let mut write = |name: &str, bytes: &[u8]| -> Result<(), AssembleError> {
        match files::write(&folder.join(name), bytes)? {
            true => written.changed.push(name.to_owned()),
            false => written.same += 1,
        }
        Ok(())
    };
    for (name, bytes) in &made {
        write(name, bytes)?;
    }
    write(RESULTS, results.to_ron()?.as_bytes())?;
    write(PLAN, pretty_ron(plan).as_bytes())?;

    let own = fs::read_to_string(folder.join(DRAFT)).ok();
    let text = match own.or_else(|| fs::read_to_string(template?).ok()) {
        Some(text) => text,
        None => {
            let figures: Vec<String> = results.figures.iter().map(|figure| figure.name.clone()).collect();
            draft::starter(&plan.title, &figures, &results.shown_tables)?
        }
    };
    let mut sources = Sources::default();
    let file = sources.add(folder.join(DRAFT).display().to_string(), text.as_str());
    let rendered = draft::render(&text, file, &results)
        .map_err(|diagnostics| AssembleError::Draft(Box::new(sources), diagnostics))?;
    write(DRAFT, rendered.as_bytes())?;
    Ok(written)
}

/// The files of figures and tables by their name in the folder of the draft.
type Files = BTreeMap<String, Vec<u8>>;

/// The results of a finished run, and the files of its figures and tables.
///
/// # Errors
/// When artifacts are missing or a figure cannot be drawn.
pub fn collect(plan: &Plan, store: &Store) -> Result<(Results, Files), AssembleError> {
    let mut results = Results::default();
    let mut files = Files::new();
    values::add(plan, store, &mut results)?;
    for deliverable in &plan.deliverables {
        let name = &deliverable.name;
        if deliverable.kind == "table" {
            let table = tables::declared(plan, deliverable, store)?;
            files.insert(format!("tables/{name}.csv"), table.to_csv().into_bytes());
            let shown = measured::without(&table);
            files.insert(format!("tables/{name}.md"), shown.to_markdown(4).into_bytes());
            results.tables.insert(name.clone(), ResultTable::from(&shown));
            results.shown_tables.push(name.clone());
            continue;
        }
        let drawn = drawn::draw(plan, deliverable, store)?;
        let caption = deliverable.caption.clone();
        let figure = ResultFigure {
            name: name.clone(),
            caption: if caption.is_empty() { drawn.caption.clone() } else { caption },
            path: format!("figures/{name}.svg"),
            table: drawn.summary.is_some().then(|| name.clone()),
            data: drawn.data.is_some().then(|| format!("tables/{name}.csv")),
        };
        if let Some(summary) = &drawn.summary {
            results.tables.insert(name.clone(), ResultTable::from(summary));
            files.insert(format!("tables/{name}.md"), summary.to_markdown(4).into_bytes());
        }
        if let Some(data) = drawn.data {
            files.insert(format!("tables/{name}.csv"), data);
        }
        files.insert(format!("figures/{name}.svg"), drawn.svg);
        files.insert(format!("figures/{name}.png"), drawn.png);
        results.figures.push(figure);
    }
    results.files = files.iter().map(|(name, bytes)| (name.clone(), measured::checksum(name, bytes))).collect();
    Ok((results, files))
}
