//! `kexp export FILE NODE --out DIR`: starts and ends of a node, for programs that go on from them.

use std::path::PathBuf;

use super::common::{Failure, FileArguments, say};
use super::explain::find;
use crate::import::petab;
use crate::report::files;
use crate::run::stages::{Handover, HandoverError};
use crate::run::store::Store;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: FileArguments,
    /// A trial, descents or generated vectors, such as `descend.descents`, or the start of the node's key
    #[arg(value_name = "NODE")]
    node: String,
    /// Where `starts.csv`, `ends.csv` and `parameters.tsv` go
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Writes the starts and, where something descended from them, the ends, on the linear scale, and a `PEtab` parameter table
/// whose nominal values are the best converged end.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let said = |error: &dyn std::error::Error| Failure::Said(error.to_string());
    let (_, expanded, _) = arguments.file.plan()?;
    let plan = &expanded.plan;
    let store = Store::peek(&arguments.file.store_folder());
    let handed = Handover::of(plan, find(plan, &arguments.node)?, &store).map_err(|error| match &error {
        HandoverError::Missing(node) => Failure::Said(format!("{error}: `kexp run --only {node}` does it")),
        _ => said(&error),
    })?;
    let nominal = handed.best.as_ref().map(|(_, values)| values.clone()).unwrap_or_default();
    let parameters = petab::parameter_table(&handed.problem, &[], &nominal).map_err(|error| said(&error))?;
    let mut written = vec![("parameters.tsv", parameters)];
    written.extend(handed.ends.as_ref().map(|ends| ("ends.csv", ends.to_csv())));
    written.push(("starts.csv", handed.starts.to_csv()));
    for (name, text) in &written {
        files::write(&arguments.out.join(name), text.as_bytes()).map_err(|error| said(&error))?;
    }
    let names: Vec<&str> = written.iter().rev().map(|(name, _)| *name).collect();
    say(&format!("{}: {} of {} starts", arguments.out.display(), names.join(", "), handed.starts.rows()));
    let problem = plan.nodes[handed.of].name.trim_start_matches("problem.");
    say(&match &handed.best {
        Some((fval, _)) => format!("the nominal values are the best converged end, of fval {fval}, on `{problem}`"),
        None => {
            let why =
                if handed.ends.is_some() { "no end has converged" } else { "nothing has descended from there yet" };
            format!("the nominal values are those of `{problem}`, since {why}")
        }
    });
    Ok(())
}
