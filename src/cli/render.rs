//! `kexp render FILE [--check]`: figures, tables and the draft from the store; or a check of what is committed.

use std::path::{Path, PathBuf};

use super::common::{Failure, FileArguments, folder_of, print, say};
use crate::diagnostic::{Diagnostic, Sources};
use crate::plan::node::Plan;
use crate::plan::resolve::Experiment;
use crate::report::assemble::{AssembleError, DRAFT, RESULTS, assemble};
use crate::report::draft;
use crate::report::results::Results;
use crate::run::executor::survey;
use crate::run::store::{Presence, Store};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: FileArguments,
    /// Where the draft, figures and tables are [default: the draft's folder; for a profile, a folder in the store]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write nothing; fail when a block is stale or edited by hand, when a figure or table is not shown or not declared,
    /// or when a committed file is not the one that the run wrote. Needs only what is committed
    #[arg(long)]
    check: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (experiment, expanded, _) = arguments.file.plan()?;
    let out = arguments.file.out_folder(&experiment, arguments.out.as_deref());
    if arguments.check {
        return check(&expanded.plan, &out);
    }
    let store = arguments.file.open_store()?;
    let written = render(&experiment, &expanded.plan, &store, &out)?;
    say(&written);
    Ok(())
}

/// Writes everything that a finished run shows, and says what changed.
pub(super) fn render(experiment: &Experiment, plan: &Plan, store: &Store, out: &Path) -> Result<String, Failure> {
    let wanted: Vec<usize> = (0..plan.nodes.len()).collect();
    let missing = survey(plan, store, &wanted).into_iter().find(|(_, presence)| *presence != Presence::Whole);
    if let Some((at, _)) = missing {
        return Err(Failure::Said(format!("{} has not been computed yet: `kexp run` does it", plan.nodes[at].name)));
    }
    let template = experiment.draft.as_deref().filter(|draft| folder_of(draft) != out);
    match assemble(plan, store, out, template) {
        Ok(written) if written.changed.is_empty() => Ok(format!("{}: up to date", out.join(DRAFT).display())),
        Ok(written) => Ok(format!("{}: {} files written", out.join(DRAFT).display(), written.changed.len())),
        Err(AssembleError::Draft(sources, diagnostics)) => {
            print(&sources, &diagnostics);
            Err(Failure::Reported)
        }
        Err(error) => Err(Failure::Said(error.to_string())),
    }
}

/// Checks the committed draft, results and files against each other and against what the experiment declares.
fn check(plan: &Plan, out: &Path) -> Result<(), Failure> {
    let read = |name: &str| {
        let path = out.join(name);
        std::fs::read_to_string(&path).map_err(|error| Failure::Said(format!("{}: {error}", path.display())))
    };
    let text = read(DRAFT)?;
    let results = Results::from_ron(&read(RESULTS)?)
        .map_err(|error| Failure::Said(format!("{}: {error}", out.join(RESULTS).display())))?;
    let mut sources = Sources::default();
    let file = sources.add(out.join(DRAFT).display().to_string(), text.as_str());
    let mut found = draft::check(&text, file, &results);
    found.extend(results.check_files(out));
    found.extend(declared(plan, &results));
    print(&sources, &found);
    if super::common::has_errors(&found) {
        return Err(Failure::Reported);
    }
    say(&format!("{}: every number, table and figure is what the results say", out.join(DRAFT).display()));
    Ok(())
}

/// What the experiment declares and the committed results lack, and the other way round.
fn declared(plan: &Plan, results: &Results) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let has = |name: &str| {
        results.figures.iter().any(|figure| figure.name == name)
            || results.shown_tables.iter().any(|table| table == name)
    };
    for declared in plan.deliverables.iter().filter(|declared| !has(&declared.name)) {
        let message =
            format!("the {} `{}` is declared, but the committed results lack it", declared.kind, declared.name);
        found.push(Diagnostic::error("not-run", message).help("`kexp run` computes and writes it"));
    }
    let names = results.figures.iter().map(|figure| &figure.name).chain(&results.shown_tables);
    for name in names.filter(|name| !plan.deliverables.iter().any(|declared| declared.name == **name)) {
        let message = format!("the committed results hold `{name}`, which the experiment no longer declares");
        found.push(Diagnostic::error("not-declared", message).help("`kexp render` writes the results anew"));
    }
    found
}
